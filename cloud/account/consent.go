package account

import (
	"context"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"
)

// ScopeContacts is what a consent can be for: what devices talk to.
const ScopeContacts = "contacts"

// maxConsents bounds how many consents of a home are kept that have not run out.
const maxConsents = 50

// Consent is what a resident signed, and what became of it.
type Consent struct {
	*pb.Consent
	By      string    // who handed it in: a resident's id
	Revoked time.Time // zero: it was not
}

// AddConsent takes a consent that a resident of the home has signed with one of the home's keys, for the gateway that the
// home has. The gateway checks it again before it answers.
func (a *Accounts) AddConsent(ctx context.Context, c *pb.Consent, by string) error {
	p := home.Place{Tenant: c.GetTenant(), Home: c.GetHome(), Gateway: c.GetGateway()}
	now := a.opts.Now()
	switch {
	case p.Check() != nil || !home.IsUUID(c.GetId()):
		return &InputError{"consent", "want ids that are UUIDs"}
	case c.GetScope() != ScopeContacts:
		return &InputError{"scope", "want " + ScopeContacts}
	case c.GetFrom() <= 0 || c.GetFrom() >= c.GetUntil() || c.GetUntil()-c.GetFrom() > wire.MaxConsent.Milliseconds():
		return &InputError{"until", "want a time after from, by at most a day"}
	case c.GetUntil() <= now.UnixMilli() || c.GetFrom() > now.Add(wire.MaxConsent).UnixMilli():
		return &InputError{"from", "want a time about now"}
	}
	return doing("add consent", a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := isResident(tx, p, by); err != nil {
			return err
		}
		if err := a.checkConsent(tx, p, c); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO account_consent (tenant, home, id, gateway, scope, since, until, signer, signature, giver, created, revoked)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`, p.Tenant, p.Home, c.GetId(), p.Gateway, c.GetScope(), c.GetFrom(), c.GetUntil(),
			c.GetKey(), notNil(c.GetSignature()), by, now.UnixMilli()); err != nil {
			return err
		}
		return a.opts.Note(tx, Note{Place: p, By: by, Act: "consent", What: c.GetId()})
	}))
}

func (a *Accounts) checkConsent(tx *db.Tx, p home.Place, c *pb.Consent) error {
	var active string
	var running int64
	if err := tx.Row(`SELECT gateway FROM account_home WHERE tenant = ? AND home = ?`, p.Tenant, p.Home).Scan(&active); err != nil {
		return err
	}
	if active != p.Gateway {
		return ErrNotFound
	}
	if err := tx.Row(`SELECT COUNT(*) FROM account_consent WHERE tenant = ? AND home = ? AND until > ?`, p.Tenant, p.Home, a.now()).Scan(&running); err != nil {
		return err
	}
	if running >= maxConsents {
		return &InputError{"consent", "too many are running: wait until some have run out"}
	}
	var point []byte
	err := tx.Row(`SELECT point FROM account_key WHERE tenant = ? AND home = ? AND id = ?`, p.Tenant, p.Home, c.GetKey()).Scan(&point)
	if db.NoRows(err) {
		return ErrSignature
	}
	if err != nil {
		return err
	}
	if wire.Verify(point, wire.ConsentText(c), c.GetSignature()) != nil {
		return ErrSignature
	}
	return nil
}

// Consents lists a home's consents, the newest first.
func (a *Accounts) Consents(ctx context.Context, p home.Place) ([]Consent, error) {
	var out []Consent
	err := a.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT id, gateway, scope, since, until, signer, signature, giver, revoked FROM account_consent
			WHERE tenant = ? AND home = ? ORDER BY created DESC, id LIMIT ?`, p.Tenant, p.Home, maxList)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			c := Consent{Consent: &pb.Consent{Tenant: p.Tenant, Home: p.Home}}
			var revoked int64
			if err := rows.Scan(&c.Id, &c.Gateway, &c.Scope, &c.From, &c.Until, &c.Key, &c.Signature, &c.By, &revoked); err != nil {
				return err
			}
			c.Revoked = when(revoked)
			out = append(out, c)
		}
		return rows.Err()
	})
	return out, doing("consents", err)
}

// Consent is one that holds now for the home's gateway, the longest; nil when there is none.
func (a *Accounts) Consent(ctx context.Context, p home.Place) (*pb.Consent, error) {
	c := &pb.Consent{Tenant: p.Tenant, Home: p.Home}
	now := a.now()
	err := a.db.View(ctx, func(tx *db.Tx) error {
		return tx.Row(`SELECT c.id, c.gateway, c.scope, c.since, c.until, c.signer, c.signature FROM account_consent c
			JOIN account_home h ON h.tenant = c.tenant AND h.home = c.home AND h.gateway = c.gateway
			WHERE c.tenant = ? AND c.home = ? AND c.revoked = 0 AND c.since <= ? AND c.until > ? ORDER BY c.until DESC LIMIT 1`,
			p.Tenant, p.Home, now, now).Scan(&c.Id, &c.Gateway, &c.Scope, &c.From, &c.Until, &c.Key, &c.Signature)
	})
	if db.NoRows(err) {
		return nil, nil
	}
	if err != nil {
		return nil, doing("consent", err)
	}
	return c, nil
}

// RevokedConsents lists the ids of consents that were revoked and have not run out: what the gateway has to know.
func (a *Accounts) RevokedConsents(ctx context.Context, p home.Place) ([]string, error) {
	var out []string
	err := a.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT id FROM account_consent WHERE tenant = ? AND home = ? AND revoked > 0 AND until > ? ORDER BY id LIMIT ?`,
			p.Tenant, p.Home, a.now(), maxList)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			out = append(out, id)
		}
		return rows.Err()
	})
	return out, doing("revoked consents", err)
}

// RevokeConsent takes a consent back. by is a resident of the home; any of them may.
func (a *Accounts) RevokeConsent(ctx context.Context, p home.Place, id, by string) error {
	return doing("revoke consent", a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := isResident(tx, p, by); err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE account_consent SET revoked = CASE WHEN revoked = 0 THEN ? ELSE revoked END WHERE tenant = ? AND home = ? AND id = ?`,
			a.now(), p.Tenant, p.Home, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		if err := a.opts.Note(tx, Note{Place: p.OfHome(), By: by, Act: "consent-revoked", What: id}); err != nil {
			return err
		}
		return a.opts.Changed(tx, p.OfHome())
	}))
}
