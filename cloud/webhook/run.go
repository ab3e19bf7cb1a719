package webhook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/hook"
	"cardea/internal/platform/queue"
)

const (
	atOnce   = 32 // all of them time out within the lease
	ofOne    = 4  // of these of one endpoint
	ofTenant = 8  // and of one tenant: whose receivers hang keeps no other tenant's waiting

	late = 10 * time.Minute // what was made so long before it was sent says that more waits: that is counted
)

// Run sends until ctx ends. Several processes may run it.
func (w *Webhooks) Run(ctx context.Context) error { return w.queue.Run(ctx) }

func (w *Webhooks) tidy(ctx context.Context) error {
	return w.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM webhook_delivery WHERE made < ?`, w.o.Now().Add(-Keep).UnixMilli())
		return err
	})
}

// job is a delivery with what its endpoint is now.
type job struct {
	tenant, endpoint, id, url string
	secret, was               string
	until, made, due, tries   int64
	failing                   int64
	body                      []byte
}

// take takes what is due, for a while.
func (w *Webhooks) take(ctx context.Context) (took []job, more bool, err error) {
	now := w.o.Now().UnixMilli()
	err = w.db.Tx(ctx, func(tx *db.Tx) error {
		took = nil
		all, err := due(tx, now)
		if err != nil {
			return err
		}
		for _, j := range all {
			n, err := tx.Exec(`UPDATE webhook_delivery SET due = ?, tries = tries + 1 WHERE tenant = ? AND endpoint = ? AND id = ? AND due = ?`,
				now+queue.Lease.Milliseconds(), j.tenant, j.endpoint, j.id, j.due)
			if err != nil {
				return err
			}
			if n == 1 {
				j.tries++
				took = append(took, j)
			}
		}
		return nil
	})
	if err != nil {
		return nil, false, fmt.Errorf("webhooks: %w", err)
	}
	// Who works goes first: what hangs then keeps senders only until the round is over.
	slices.SortStableFunc(took, func(a, b job) int { return cmp.Compare(min(a.failing, 1), min(b.failing, 1)) })
	return took, len(took) > 0, nil // what was taken is not due any more
}

// due are deliveries whose time has come: a few of each endpoint, one of an endpoint that fails, some of each tenant, those of paused
// endpoints not. The oldest of an endpoint goes first.
func due(tx *db.Tx, now int64) (all []job, err error) {
	rows, err := tx.Query(`SELECT d.tenant, d.endpoint, d.id, e.url, e.secret, e.was, e.until, d.made, d.due, d.tries, e.failing, d.body FROM
		(SELECT tenant, endpoint, id, due, ROW_NUMBER() OVER (PARTITION BY tenant ORDER BY failing, due, id) AS share FROM
			(SELECT q.tenant, q.endpoint, q.id, q.due, CASE WHEN p.failing > 0 THEN 1 ELSE 0 END AS failing,
				ROW_NUMBER() OVER (PARTITION BY q.tenant, q.endpoint ORDER BY q.due, q.id) AS place
				FROM webhook_delivery q JOIN webhook_endpoint p ON p.tenant = q.tenant AND p.id = q.endpoint WHERE q.due > 0 AND q.due <= ? AND p.paused = 0) f
			WHERE place <= CASE WHEN failing > 0 THEN 1 ELSE ? END) n
		JOIN webhook_endpoint e ON e.tenant = n.tenant AND e.id = n.endpoint
		JOIN webhook_delivery d ON d.tenant = n.tenant AND d.endpoint = n.endpoint AND d.id = n.id
		WHERE n.share <= ? ORDER BY n.due, n.id LIMIT ?`, now, ofOne, ofTenant, atOnce)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var j job
		if err := rows.Scan(&j.tenant, &j.endpoint, &j.id, &j.url, &j.secret, &j.was, &j.until, &j.made, &j.due, &j.tries, &j.failing, &j.body); err != nil {
			return nil, err
		}
		all = append(all, j)
	}
	return all, rows.Err()
}

// send sends one and notes what came of it, also when ctx has ended meanwhile: what is not noted is sent again.
func (w *Webhooks) send(ctx context.Context, j job) error {
	now := w.o.Now()
	secrets, err := w.secrets(j, now)
	code := 0
	if err == nil {
		code, err = hook.Post(ctx, w.client, j.url, secrets, hook.Message{ID: j.id, At: now, ContentType: ContentType, Body: j.body})
	}
	if err != nil && ctx.Err() != nil { // it is due again after the lease
		return nil //nolint:nilerr // nothing is known of the delivery, and the database did nothing wrong
	}
	if err == nil {
		w.count.sent.Add(1)
	} else {
		w.count.failed.Add(1)
	}
	state, why, next, sent := "sent", "", int64(0), now.UnixMilli()
	if err != nil {
		state, why, sent = "failed", cut(reason(err)), 0
		if o, again := queue.Judge(err, when(j.made), now, j.tries, giveUp); o == queue.Waits {
			state, next = "waiting", again.UnixMilli()
		}
	}
	return w.db.Tx(db.Patient(context.WithoutCancel(ctx)), func(tx *db.Tx) error {
		if _, err := tx.Exec(`UPDATE webhook_delivery SET state = ?, code = ?, why = ?, due = ?, tries = ?, sent = ? WHERE tenant = ? AND endpoint = ? AND id = ?`,
			state, code, why, next, j.tries, sent, j.tenant, j.endpoint, j.id); err != nil {
			return err
		}
		return w.health(tx, j, err == nil, now)
	})
}

// health notes since when an endpoint fails, and pauses one that has failed for days: its log says why.
func (w *Webhooks) health(tx *db.Tx, j job, works bool, now time.Time) error {
	if works {
		_, err := tx.Exec(`UPDATE webhook_endpoint SET failing = 0 WHERE tenant = ? AND id = ? AND failing <> 0`, j.tenant, j.endpoint)
		if err != nil || now.Sub(when(j.made)) < late {
			return err
		}
		return w.pause(tx, j, now) // it works, and does not keep up
	}
	if _, err := tx.Exec(`UPDATE webhook_endpoint SET failing = ? WHERE tenant = ? AND id = ? AND failing = 0`, now.UnixMilli(), j.tenant, j.endpoint); err != nil {
		return err
	}
	return w.pause(tx, j, now)
}

// pause has an endpoint get nothing any more that has failed for days, or for which too much waits. Its provider is told: in the audit
// and by its other webhooks.
func (w *Webhooks) pause(tx *db.Tx, j job, now time.Time) error {
	why := "failing"
	n, err := tx.Exec(`UPDATE webhook_endpoint SET paused = 1 WHERE tenant = ? AND id = ? AND paused = 0 AND failing > 0 AND failing < ?`,
		j.tenant, j.endpoint, now.Add(-tooLong).UnixMilli())
	if err == nil && n == 0 {
		why = "full"
		n, err = tx.Exec(`UPDATE webhook_endpoint SET paused = 1 WHERE tenant = ? AND id = ? AND paused = 0 AND
			(SELECT COUNT(*) FROM (SELECT 1 FROM webhook_delivery WHERE tenant = ? AND endpoint = ? AND due > 0 LIMIT ?) w) >= ?`, j.tenant, j.endpoint, j.tenant, j.endpoint, w.most, w.most)
	}
	if err != nil || n == 0 {
		return err
	}
	w.count.paused.Add(1)
	w.log.Warn("a webhook is paused", "tenant", j.tenant, "webhook", j.endpoint, "why", why)
	if w.o.Paused != nil {
		if err := w.o.Paused(tx, j.tenant, j.endpoint, why); err != nil {
			return err
		}
	}
	return w.Emit(tx, Event{Kind: "webhook.paused", Place: home.Place{Tenant: j.tenant}, Subject: "webhooks/" + j.endpoint, Data: Paused{j.endpoint, why}})
}

// secrets are what a delivery is signed with: the newest first.
func (w *Webhooks) secrets(j job, now time.Time) (out [][]byte, err error) {
	all := []string{j.secret}
	if j.was != "" && now.UnixMilli() < j.until {
		all = append(all, j.was)
	}
	for _, s := range all {
		text, err := w.open(j.tenant, j.endpoint, s)
		if err != nil {
			return nil, err // not for ever: whoever has another key may be put right
		}
		key, err := hook.ParseSecret(text)
		if err != nil {
			return nil, hook.Permanent{Err: fmt.Errorf("secret: %w", err)}
		}
		out = append(out, key)
	}
	return out, nil
}

// reason is what whoever keeps the webhook is told of a failure: nothing of the network that the cloud is in, as to which address a name leads
// there and who says so.
func reason(err error) string {
	var name *net.DNSError
	switch {
	case errors.Is(err, hook.ErrPrivate):
		return hook.ErrPrivate.Error()
	case errors.As(err, &name):
		return "the server's name cannot be resolved"
	}
	return err.Error()
}

func cut(s string) string {
	r := []rune(s)
	return string(r[:min(len(r), 300)])
}
