package account

import (
	"context"

	"cardea/home"
	"cardea/internal/platform/db"
)

// What holds for homes whose people did not say whether they help other homes.
const (
	HelpingAsk = "ask" // they do not help until they say so
	HelpingOn  = "on"  // they help until they say no: the CSP's terms have it
)

// Sharing is what a CSP agreed to about what is learned from its homes. A new CSP shares nothing and asks.
type Sharing struct {
	Share   bool   // homes of other CSPs of the installation get what is learned from this one's
	Helping string // HelpingAsk, HelpingOn
}

// SaveSharing changes what a CSP agreed to.
func (a *Accounts) SaveSharing(ctx context.Context, tenant string, s Sharing, by string) error {
	if s.Helping != HelpingAsk && s.Helping != HelpingOn {
		return &InputError{"helping", "want ask or on"}
	}
	share, what := 0, "does not share"
	if s.Share {
		share, what = 1, "shares"
	}
	return doing("save sharing", a.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE account_tenant SET share = ?, helping = ? WHERE tenant = ?`, share, s.Helping, tenant)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		return a.opts.Note(tx, Note{Place: home.Place{Tenant: tenant}, By: by, Act: "sharing", What: what + ", homes that said nothing: " + s.Helping})
	}))
}

// Teaching says of each CSP what is learned from its homes: Share is true of the only CSP that has homes, too, since there is nobody
// else then whom it could reach.
func (a *Accounts) Teaching(ctx context.Context) (out map[string]Sharing, err error) {
	err = a.db.View(ctx, func(tx *db.Tx) error {
		out, err = TeachingIn(tx)
		return err
	})
	return out, doing("sharing", err)
}

// TeachingIn is Teaching inside of a transaction.
func TeachingIn(tx *db.Tx) (map[string]Sharing, error) {
	rows, err := tx.Query(`SELECT tenant, share, helping, CASE WHEN EXISTS (SELECT 1 FROM account_home h WHERE h.tenant = t.tenant) THEN 1 ELSE 0 END FROM account_tenant t`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]Sharing{}
	var with []string // homes
	for rows.Next() {
		var id string
		var s Sharing
		var share, homes int64
		if err := rows.Scan(&id, &share, &s.Helping, &homes); err != nil {
			return nil, err
		}
		if s.Share = share != 0; homes != 0 {
			with = append(with, id)
		}
		out[id] = s
	}
	if len(with) == 1 {
		out[with[0]] = Sharing{Share: true, Helping: out[with[0]].Helping}
	}
	return out, rows.Err()
}
