package account

import (
	"context"

	"cardea/home"
	"cardea/internal/platform/db"
)

// erased stands in the place of a home's name.
const erased = "erased"

// Erase takes away what is kept of a home's people: its name and account number, keys, consents, claims, and residents who
// live in no other home, with their sessions. Its gateways are revoked; of them only ids, states and times stay, which
// brokers need for as long as a certificate is good. counts says how many rows of what went.
func (a *Accounts) Erase(ctx context.Context, p home.Place, by string) (counts map[string]int64, err error) {
	counts, err = a.erase(ctx, p, by, "erase")
	return counts, doing("erase home", err)
}

func (a *Accounts) erase(ctx context.Context, p home.Place, by, act string) (counts map[string]int64, err error) {
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		counts = map[string]int64{}
		if err := homeExists(tx, p); err != nil {
			return err
		}
		if err := a.erasePeople(tx, p, counts); err != nil {
			return err
		}
		for _, table := range []string{"key", "consent", "claim", "invitation", "label", "came"} {
			n, err := tx.Exec(`DELETE FROM account_`+table+` WHERE tenant = ? AND home = ?`, p.Tenant, p.Home)
			if err != nil {
				return err
			}
			counts[table+"s"] = n
		}
		if counts["gateways"], err = tx.Exec(`UPDATE account_gateway SET state = ?, why = ?, version = '', serial = '', request = '', changed = ?
			WHERE tenant = ? AND home = ?`, stateRevoked, erased, a.now(), p.Tenant, p.Home); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE account_home SET name = ?, account = '', search = '', sought = NULL, named = NULL, gateway = '', network = 0, plan = '' WHERE tenant = ? AND home = ?`, erased, p.Tenant, p.Home); err != nil {
			return err
		}
		if err := forgetNumber(tx, p); err != nil {
			return err
		}
		if err := a.opts.Note(tx, Note{Place: p.OfHome(), By: by, Act: act}); err != nil {
			return err
		}
		return a.opts.Changed(tx, p.OfHome())
	})
	return counts, err
}

func (a *Accounts) erasePeople(tx *db.Tx, p home.Place, counts map[string]int64) error {
	only, err := onlyHere(tx, p)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM account_resident WHERE tenant = ? AND home = ?`, p.Tenant, p.Home); err != nil {
		return err
	}
	for _, person := range only {
		if err := a.removePerson(tx, p.Tenant, person); err != nil {
			return err
		}
	}
	counts["residents"] = int64(len(only))
	return nil
}

// onlyHere lists residents who live in no other home.
func onlyHere(tx *db.Tx, p home.Place) ([]string, error) {
	rows, err := tx.Query(`SELECT r.person FROM account_resident r WHERE r.tenant = ? AND r.home = ? AND NOT EXISTS (
		SELECT 1 FROM account_resident o WHERE o.tenant = r.tenant AND o.person = r.person AND o.home <> r.home)`, p.Tenant, p.Home)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var person string
		if err := rows.Scan(&person); err != nil {
			return nil, err
		}
		out = append(out, person)
	}
	return out, rows.Err()
}
