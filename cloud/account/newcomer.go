package account

import (
	"context"

	"cardea/internal/platform/db"
)

// newcomer makes a resident who has no home yet, lets in have them in, and signs them in: all of it or nothing.
func (a *Accounts) newcomer(ctx context.Context, tenant string, n Newcomer, in func(tx *db.Tx, person string) error) (s Session, token string, err error) {
	p := Person{Tenant: tenant, Kind: Resident}
	if p.Email, err = cleanEmail(n.Email); err != nil {
		return Session{}, "", err
	}
	if p.Name, err = cleanText("name", n.Name, 1); err != nil {
		return Session{}, "", err
	}
	hash := ""
	if n.Password != "" || n.Passkey == nil {
		if err := checkPassword(n.Password, p.Email, p.Name); err != nil {
			return Session{}, "", err
		}
		if hash, err = a.hasher.hash(ctx, n.Password); err != nil {
			return Session{}, "", doing("hash password", err)
		}
	}
	if p.ID, err = newID(); err != nil {
		return Session{}, "", err
	}
	var key *newKey
	if n.Passkey != nil {
		if key, err = a.register(ctx, tenant, "", *n.Passkey); err != nil {
			return Session{}, "", err
		}
		p.ID = key.person // the authenticator knows them by it
	}
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`INSERT INTO account_person (tenant, person, kind, email, name, password, created) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			p.Tenant, p.ID, string(p.Kind), p.Email, p.Name, hash, a.now()); err != nil {
			return err
		}
		if key != nil {
			if _, err := a.addPasskey(tx, key); err != nil {
				return err
			}
		}
		if err := in(tx, p.ID); err != nil {
			return err
		}
		s, token, err = a.begin(tx, Resident, tenant, p.ID)
		return err
	})
	return s, token, err
}
