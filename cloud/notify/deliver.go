package notify

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
)

// delivery is one message to one person by one way.
type delivery struct {
	message
	person, way, target string
	made                time.Time
	due, tries          int64
}

// take takes what is due, for a while.
func (n *Notify) take(ctx context.Context) (took []delivery, err error) {
	now := n.opts.Now()
	err = n.db.Tx(ctx, func(tx *db.Tx) error {
		took = nil
		all, err := dueDeliveries(tx, now)
		if err != nil {
			return err
		}
		for _, d := range all {
			rows, err := tx.Exec(`UPDATE notify_deliveries SET due = ?, tries = tries + 1 WHERE tenant = ? AND home = ? AND incident = ? AND state = ?
				AND person = ? AND way = ? AND target = ? AND due = ?`, now.Add(lease).UnixMilli(),
				d.Tenant, d.Home, d.Incident, d.State, d.person, d.way, d.target, d.due)
			if err != nil {
				return err
			}
			if rows == 1 {
				d.tries++
				took = append(took, d)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("deliveries: %w", err)
	}
	return took, nil
}

func dueDeliveries(tx *db.Tx, now time.Time) (all []delivery, err error) {
	rows, err := tx.Query(`SELECT d.tenant, d.home, d.incident, d.state, d.person, d.way, d.target, d.made, d.due, d.tries, o.code, o.device, o.sentence
		FROM notify_deliveries d JOIN notify_outbox o ON o.tenant = d.tenant AND o.home = d.home AND o.incident = d.incident AND o.state = d.state
		WHERE d.due > 0 AND d.due <= ? ORDER BY d.due LIMIT ?`, now.UnixMilli(), atOnce)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var d delivery
		var made int64
		if err := rows.Scan(&d.Tenant, &d.Home, &d.Incident, &d.State, &d.person, &d.way, &d.target, &made, &d.due, &d.tries, &d.Code, &d.Device, &d.Sentence); err != nil {
			return nil, err
		}
		d.made = time.UnixMilli(made)
		all = append(all, d)
	}
	return all, rows.Err()
}

// deliver sends one and notes what came of it. Its error is the database's.
func (n *Notify) deliver(ctx context.Context, d delivery) error {
	err := n.send(ctx, d)
	if ctx.Err() != nil { // it is due again after the lease
		return nil //nolint:nilerr // nothing is known of the delivery, and the database did nothing wrong
	}
	now := n.opts.Now()
	status, why, due := "sent", "", int64(0)
	var perm permanent
	var wait later
	switch {
	case err == nil:
	case errors.Is(err, errGone), errors.Is(err, errNobody):
		status, why = "dropped", err.Error()
	case errors.As(err, &perm), now.Sub(d.made) > giveUp:
		status, why = "failed", err.Error()
		n.log.Warn("a notification could not be delivered", "way", d.way, "incident", d.Incident, "tries", d.tries, "err", err)
	default:
		status, why = "waiting", err.Error()
		next := backoff(d.tries)
		if errors.As(err, &wait) {
			next = max(next, wait.after)
		}
		due = now.Add(next).UnixMilli()
	}
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		if errors.Is(err, errGone) {
			if err := forget(tx, d.Tenant, d.person, d.target); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`UPDATE notify_deliveries SET status = ?, why = ?, due = ? WHERE tenant = ? AND home = ? AND incident = ? AND state = ?
			AND person = ? AND way = ? AND target = ?`, status, clean(why, 300), due, d.Tenant, d.Home, d.Incident, d.State, d.person, d.way, d.target)
		return err
	})
}

// backoff is 30 s, then twice as long each time up to an hour.
func backoff(tries int64) time.Duration {
	return min(30*time.Second<<min(max(tries-1, 0), 10), time.Hour)
}

var errNobody = errors.New("there is nobody to tell any more")

func (n *Notify) send(ctx context.Context, d delivery) error {
	if d.way == "email" {
		return n.sendMail(ctx, d)
	}
	var s Subscription
	err := n.db.View(ctx, func(tx *db.Tx) error {
		return tx.Row(`SELECT endpoint, p256dh, auth FROM notify_subscriptions WHERE tenant = ? AND person = ? AND id = ?`,
			d.Tenant, d.person, d.target).Scan(&s.Endpoint, &s.P256dh, &s.Auth)
	})
	if db.NoRows(err) {
		return errNobody
	}
	if err != nil {
		return err
	}
	return n.push.send(ctx, s, d.message)
}

// sendMail asks again who lives there: a person may have left since, or changed the address.
func (n *Notify) sendMail(ctx context.Context, d delivery) error {
	people, err := n.opts.People(ctx, home.Place{Tenant: d.Tenant, Home: d.Home})
	if err != nil {
		return err
	}
	for _, p := range people {
		if p.ID != d.person || p.Email == "" {
			continue
		}
		host := "localhost"
		if u, err := url.Parse(n.opts.Public); err == nil && u.Hostname() != "" {
			host = u.Hostname()
		}
		id := d.Incident + "." + d.State + "." + d.person + "@" + host
		return n.opts.SMTP.send(ctx, p.Email, d.title(), id, d.mail(n.opts.Public), n.opts.Now())
	}
	return errNobody
}
