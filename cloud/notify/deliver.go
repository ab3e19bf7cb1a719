package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"cardea/cloud/notify/words"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/hook"
	"cardea/internal/platform/queue"
)

// delivery is one message to one person by one way.
type delivery struct {
	place                        home.Place
	message, person, way, target string
	id, code                     string
	kind                         words.Kind
	level                        Level
	silent                       bool
	made                         time.Time
	due, tries                   int64
	until                        int64 // from then on somebody else may have it
}

// takeDelivery finds a delivery by its message: due + 0 keeps SQLite from the index of times, at one of which very many may be due.
const takeDelivery = `UPDATE notify_delivery SET due = ?, taken = ?, tries = tries + 1 WHERE tenant = ? AND home = ? AND message = ? AND id = ? AND due + 0 = ?`

// take takes what is due, for a while.
func (n *Notify) take(ctx context.Context) (took []delivery, err error) {
	now := n.opts.Now()
	until := now.Add(queue.Lease).UnixMilli()
	err = n.db.Tx(ctx, func(tx *db.Tx) error {
		took = nil
		all, err := dueDeliveries(tx, now)
		if err != nil {
			return err
		}
		for _, d := range all {
			rows, err := tx.Exec(takeDelivery,
				until, until, d.place.Tenant, d.place.Home, d.message, d.id, d.due)
			if err != nil {
				return err
			}
			if rows == 1 {
				d.tries, d.until = d.tries+1, until
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
	rows, err := tx.Query(`SELECT tenant, home, message, person, way, target, id, code, kind, level, silent, made, due, tries FROM notify_delivery
		WHERE due > 0 AND due <= ? ORDER BY due LIMIT ?`, now.UnixMilli(), atOnce)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var d delivery
		var made, silent int64
		if err := rows.Scan(&d.place.Tenant, &d.place.Home, &d.message, &d.person, &d.way, &d.target, &d.id, &d.code, &d.kind, &d.level, &silent, &made, &d.due, &d.tries); err != nil {
			return nil, err
		}
		d.made, d.silent = time.UnixMilli(made), silent != 0
		all = append(all, d)
	}
	return all, rows.Err()
}

// Errors of a delivery.
var errNobody = errors.New("there is nobody to tell any more")

// quietUntil is no failure: the person wants to hear of it later.
type quietUntil struct{ time.Time }

func (quietUntil) Error() string { return "it is their quiet time" }

// longest is how long one try may take: a mail server's name and answer.
const longest = mailDial + mailTime

// deliver sends one and notes what came of it. Its error is the database's. What was sent is noted even when ctx has ended
// meanwhile: a delivery that is not noted is sent again. One that waited so long behind servers that hang that its try would outlast
// the lease is not tried: it is due again then, and two that try would tell it twice.
func (n *Notify) deliver(ctx context.Context, d delivery) error {
	if n.opts.Now().Add(longest).UnixMilli() > d.until {
		return nil
	}
	err := n.send(ctx, d)
	if err != nil && ctx.Err() != nil { // it is due again after the lease
		return nil //nolint:nilerr // nothing is known of the delivery, and the database did nothing wrong
	}
	now := n.opts.Now()
	status, why, due, tries := "sent", "", int64(0), d.tries
	var quiet quietUntil
	switch outcome, next := queue.Judge(err, d.made, now, d.tries, giveUp); {
	case outcome == queue.Sent:
	case errors.Is(err, errGone), errors.Is(err, errNobody):
		status, why = "dropped", "gone"
	case errors.As(err, &quiet):
		status, why, due, tries = "waiting", "quiet-hours", quiet.UnixMilli(), d.tries-1
	case outcome == queue.Refused:
		status, why = "failed", "refused"
	case outcome == queue.GivenUp:
		status, why = "failed", "given-up"
	default:
		status, why, due = "waiting", "unreachable", next.UnixMilli()
	}
	if status == "failed" {
		n.log.Warn("a notification could not be delivered", "way", d.way, "delivery", d.id, "tries", d.tries, "err", err)
	}
	var sent int64
	if status == "sent" {
		sent = now.UnixMilli()
	}
	return n.db.Tx(db.Patient(context.WithoutCancel(ctx)), func(tx *db.Tx) error {
		if errors.Is(err, errGone) {
			if err := forget(tx, d.place.Tenant, d.person, d.target); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`UPDATE notify_delivery SET status = ?, why = ?, due = ?, taken = 0, tries = ?, sent = ? WHERE tenant = ? AND home = ? AND message = ? AND id = ? AND taken = ?`,
			status, why, due, tries, sent, d.place.Tenant, d.place.Home, d.message, d.id, d.until)
		return err
	})
}

// sheet is what one delivery needs, as it is now: the newest of the message, the person, their choice.
type sheet struct {
	delivery
	m        *message
	f        words.Facts
	who      Person
	settings Settings
	how      words.How
	channel  Channel
	number   string
	sub      Subscription
}

func (n *Notify) sheet(ctx context.Context, d delivery) (*sheet, error) {
	a, err := n.audience(ctx, d.place)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(a.people, func(p Person) bool { return p.ID == d.person })
	if at < 0 { // somebody who has left hears no more of the home
		return nil, errNobody
	}
	s := &sheet{delivery: d, who: a.people[at]}
	provider, slug, err := n.opts.Provider(ctx, d.place.Tenant)
	if err != nil {
		return nil, err
	}
	err = n.db.View(ctx, func(tx *db.Tx) error {
		if s.m, err = scanMessage(tx.Row(selectMessage+` WHERE tenant = ? AND home = ? AND message = ?`, d.place.Tenant, d.place.Home, d.message)); err != nil {
			return err
		}
		if s.settings, err = settings(tx, d.place.Tenant, d.person); err != nil {
			return err
		}
		if s.number, err = verified(tx, d.place.Tenant, d.person); err != nil || d.way != string(Push) {
			return err
		}
		return tx.Row(`SELECT endpoint, p256dh, auth FROM notify_subscriptions WHERE tenant = ? AND person = ? AND id = ?`,
			d.place.Tenant, d.person, d.target).Scan(&s.sub.Endpoint, &s.sub.P256dh, &s.sub.Auth)
	})
	if db.NoRows(err) {
		return nil, errNobody
	}
	if err != nil {
		return nil, err
	}
	s.f, s.channel = s.m.body.facts(), n.opts.Channels.of(d.place.Tenant, slug)
	provider.Phone = cmp.Or(provider.Phone, s.channel.Phone)
	if s.f.Contact != "" || s.f.Domain != "" {
		if err := n.hide(ctx, s); err != nil {
			return nil, err
		}
	}
	now := n.opts.Now()
	s.how = words.How{Language: s.language(), Provider: provider, Zone: a.household.Zone.At(s.f.Time), Noon: words.Noon(a.household.Zone.Name), Names: d.way == string(Push)}
	if at := s.settings.after(now, a.household.Zone, d.level, s.f.Kind); at.After(now) && !d.silent {
		return nil, quietUntil{at}
	}
	return s, nil
}

// hide takes out of a message where a device went when that is not this person's to see.
func (n *Notify) hide(ctx context.Context, s *sheet) error {
	hidden, err := n.opts.Hidden(ctx, s.place, s.person)
	if err != nil {
		return err
	}
	for _, id := range s.m.body.devices() {
		if hidden[home.DeviceID(id)] {
			s.f.Contact, s.f.Domain = "", ""
		}
	}
	return nil
}

func (s *sheet) language() string {
	if s.settings.Language != "" {
		return s.settings.Language
	}
	if s.channel.Language != "" {
		return s.channel.Language
	}
	return words.Languages[0]
}

func (n *Notify) send(ctx context.Context, d delivery) error {
	s, err := n.sheet(ctx, d)
	if err != nil {
		return err
	}
	text := words.Write(s.how, s.f)
	switch Way(d.way) {
	case Push:
		body, err := json.Marshal(s.pushed(text, n.opts.Public))
		if err != nil {
			return hook.Permanent{Err: err}
		}
		return n.hung.try("push "+hostIn(s.sub.Endpoint), n.opts.Now, func() error {
			return n.push.send(ctx, s.sub, d.message, body, d.level == Critical && !d.silent)
		})
	case Email:
		host := hostOf(n.opts.Public)
		return n.hung.try("mail", n.opts.Now, func() error {
			return n.opts.SMTP.send(ctx, s.how.Provider.Name, s.who.Email, text.Subject, d.id+"@"+host, d.message+"."+d.person+"@"+host, s.mail(text, n.opts.Public), n.opts.Now())
		})
	case SMS:
		if s.number == "" || s.channel.SMS == nil {
			return errNobody
		}
		return n.hooked(ctx, d, s.channel.SMS, event{Type: "sms.send", Timestamp: n.opts.Now().UTC(), Data: smsData{To: s.number, Text: s.sms(text)}})
	case Webhook:
		if s.channel.Webhook == nil {
			return errNobody
		}
		return n.hooked(ctx, d, s.channel.Webhook, event{Type: "notification.send", Timestamp: n.opts.Now().UTC(), Data: s.note(text)})
	}
	return hook.Permanent{Err: fmt.Errorf("%q is no way to tell somebody", d.way)}
}

// hooked hands a message to a provider's own receiver.
func (n *Notify) hooked(ctx context.Context, d delivery, to *Hook, e event) error {
	return n.hung.try(to.URL, n.opts.Now, func() error { return n.hook.send(ctx, to, d.id, e) })
}

func hostOf(public string) string {
	if u, err := url.Parse(public); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "localhost"
}
