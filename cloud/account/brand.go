package account

import (
	"context"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Brand is how a CSP shows itself to its customers. The zero one shows the CSP's name only.
type Brand = home.Brand

// shownName is a CSP's name for its customers, of account_tenant t and account_brand b.
const shownName = `COALESCE(NULLIF(b.name, ''), t.name)`

// SaveBrand changes how a CSP shows itself.
func (a *Accounts) SaveBrand(ctx context.Context, tenant string, b Brand, by string) (Brand, error) {
	b, faults := b.Clean()
	if len(faults) > 0 {
		return Brand{}, &InputError{faults[0].Field, faults[0].Why}
	}
	err := a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := tenantExists(tx, tenant); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO account_brand (tenant, name, accent, phone, support, hint_en, hint_de, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (tenant) DO UPDATE SET name = excluded.name, accent = excluded.accent, phone = excluded.phone, support = excluded.support,
			hint_en = excluded.hint_en, hint_de = excluded.hint_de, changed = excluded.changed`,
			tenant, b.Name, b.Accent, b.Phone, b.Support, b.HintEN, b.HintDE, a.now()); err != nil {
			return err
		}
		return a.opts.Note(tx, Note{Place: home.Place{Tenant: tenant}, By: by, Act: "brand-save", What: b.Name})
	})
	return b, doing("save brand", err)
}

// Brand is a CSP's; the zero one when none was saved.
func (a *Accounts) Brand(ctx context.Context, tenant string) (b Brand, err error) {
	err = a.db.View(ctx, func(tx *db.Tx) error {
		err := tx.Row(`SELECT name, accent, phone, support, hint_en, hint_de FROM account_brand WHERE tenant = ?`, tenant).
			Scan(&b.Name, &b.Accent, &b.Phone, &b.Support, &b.HintEN, &b.HintDE)
		if db.NoRows(err) {
			b, err = Brand{}, nil
		}
		return err
	})
	return b, doing("brand", err)
}
