package notify

import (
	"context"
	"fmt"

	"cardea/home"
	"cardea/internal/platform/db"
)

// OfCase names a case of a home.
type OfCase struct {
	Place    home.Place
	Incident string
}

// Notices counts the messages that were sent about some cases of a tenant, over all ways.
func (n *Notify) Notices(ctx context.Context, cases []OfCase) (map[OfCase]int, error) {
	out := make(map[OfCase]int, len(cases))
	err := n.db.View(ctx, func(tx *db.Tx) error {
		for _, c := range cases {
			var sent int
			err := tx.Row(`SELECT COUNT(*) FROM notify_case c JOIN notify_delivery d ON d.tenant = c.tenant AND d.home = c.home AND d.message = c.message
				WHERE c.tenant = ? AND c.home = ? AND c.incident = ? AND d.status = 'sent'`, c.Place.Tenant, c.Place.Home, c.Incident).Scan(&sent)
			if err != nil {
				return err
			}
			out[c] = sent
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("notices of cases: %w", err)
	}
	return out, nil
}
