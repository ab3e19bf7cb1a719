package notify

import (
	"context"
	"time"

	"cardea/internal/platform/db"
)

const (
	giveUp = 24 * time.Hour
	keep   = 30 * 24 * time.Hour
	// keepCases is longer: what comes of a case after months must not look like a new one.
	keepCases = 400 * 24 * time.Hour
	atOnce    = 64
)

// Run sends until ctx ends. Several processes may run it.
func (n *Notify) Run(ctx context.Context) error { return n.queue.Run(ctx) }

// due makes deliveries of what there is to tell and takes those that are due; more says that there are more at once.
func (n *Notify) due(ctx context.Context) (todo []delivery, more bool, err error) {
	made, err := n.expand(ctx)
	if err != nil {
		return nil, false, err
	}
	todo, err = n.take(ctx)
	return todo, made == atOnce || len(todo) == atOnce, err
}

func (n *Notify) trim(ctx context.Context, before time.Time) error {
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		for _, q := range []string{`DELETE FROM notify_delivery WHERE made < ? AND due = 0`, `DELETE FROM notify_known WHERE at < ? AND subject <> ''`,
			`DELETE FROM notify_asked WHERE at < ?`, `DELETE FROM notify_phone WHERE verified = 0 AND expires < ?`,
			`DELETE FROM notify_message WHERE changed < ? AND due = 0 AND topic NOT LIKE 'cause:%'`} {
			if _, err := tx.Exec(q, before.UnixMilli()); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`DELETE FROM notify_message WHERE changed < ? AND due = 0`, before.Add(keep-keepCases).UnixMilli()); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM notify_case WHERE NOT EXISTS (SELECT 1 FROM notify_message m WHERE m.tenant = notify_case.tenant
			AND m.home = notify_case.home AND m.message = notify_case.message)`)
		return err
	})
}
