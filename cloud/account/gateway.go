package account

import (
	"context"
	"time"

	"cardea/cloud/account/pki"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

// States of a gateway. A home has at most one that is active.
const (
	stateWaiting = "waiting" // for a resident to confirm it
	stateActive  = "active"
	stateRevoked = "revoked"
)

// Gateway is a gateway as the cloud takes it.
type Gateway struct {
	Place    home.Place
	State    string // waiting, active, revoked
	Version  string // of the agent, when it enrolled
	Enrolled time.Time
	Expires  time.Time // of its last certificate; zero when it has none
	Why      string    // it was revoked
}

// activate makes a waiting gateway the home's own, instead of the active one, if any. Nothing of what is kept for the old one
// is the new one's: all of it is kept by gateway. The home's row changes with it, so that two cannot become active at once.
func (a *Accounts) activate(tx *db.Tx, p home.Place, active, by string) error {
	if active != "" {
		if err := a.setState(tx, home.Place{Tenant: p.Tenant, Home: p.Home, Gateway: active}, stateRevoked, "another gateway took its place"); err != nil {
			return err
		}
		if err := a.opts.Note(tx, Note{Place: home.Place{Tenant: p.Tenant, Home: p.Home, Gateway: active}, By: by, Act: "revoke", What: "replaced"}); err != nil {
			return err
		}
	}
	if err := a.setState(tx, p, stateActive, ""); err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE account_home SET gateway = ? WHERE tenant = ? AND home = ?`, p.Gateway, p.Tenant, p.Home); err != nil {
		return err
	}
	return a.opts.Changed(tx, p.OfHome())
}

func (a *Accounts) setState(tx *db.Tx, p home.Place, state, why string) error {
	n, err := tx.Exec(`UPDATE account_gateway SET state = ?, why = ?, changed = ? WHERE tenant = ? AND home = ? AND gateway = ?`,
		state, why, a.now(), p.Tenant, p.Home, p.Gateway)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// ConfirmGateway lets a waiting gateway take the place of the home's. by is a resident of the home.
func (a *Accounts) ConfirmGateway(ctx context.Context, p home.Place, gateway, by string) error {
	p.Gateway = gateway
	return doing("confirm gateway", a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := isResident(tx, p, by); err != nil {
			return err
		}
		var state, active string
		if err := tx.Row(`SELECT g.state, h.gateway FROM account_gateway g JOIN account_home h ON h.tenant = g.tenant AND h.home = g.home
			WHERE g.tenant = ? AND g.home = ? AND g.gateway = ?`, p.Tenant, p.Home, p.Gateway).Scan(&state, &active); err != nil {
			return err
		}
		switch state {
		case stateActive:
			return nil // twice is once
		case stateRevoked:
			return ErrRevoked
		}
		if err := a.opts.Note(tx, Note{Place: p, By: by, Act: "confirm"}); err != nil {
			return err
		}
		return a.activate(tx, p, active, by)
	}))
}

// Renew gives an active gateway a new certificate for the place that it has.
func (a *Accounts) Renew(ctx context.Context, p home.Place, csr []byte) (*pb.RenewReply, error) {
	r, err := pki.ParseRequest(csr)
	if err != nil {
		return nil, &InputError{"csr", err.Error()}
	}
	out := &pb.RenewReply{Roots: a.ca.Roots()}
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		var active string
		if err := tx.Row(`SELECT gateway FROM account_home WHERE tenant = ? AND home = ?`, p.Tenant, p.Home).Scan(&active); err != nil {
			return err
		}
		if active != p.Gateway || active == "" {
			return ErrRevoked
		}
		out.Chain, err = a.certify(tx, p, r)
		return err
	})
	if err != nil {
		return nil, doing("renew certificate", err)
	}
	return out, nil
}

// Revoke ends what a gateway may do: it gets no new certificate, and brokers turn it out (Revoked). A gateway that was
// stolen is revoked so; the home has none until another one enrols.
func (a *Accounts) Revoke(ctx context.Context, p home.Place, why, by string) error {
	why, err := checkReason("why", why)
	if err != nil {
		return err
	}
	return doing("revoke gateway", a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := a.setState(tx, p, stateRevoked, why); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE account_home SET gateway = '' WHERE tenant = ? AND home = ? AND gateway = ?`, p.Tenant, p.Home, p.Gateway); err != nil {
			return err
		}
		if err := a.opts.Note(tx, Note{Place: p, By: by, Act: "revoke", What: why}); err != nil {
			return err
		}
		return a.opts.Changed(tx, p.OfHome())
	}))
}

// Gateways lists a home's gateways, the newest first.
func (a *Accounts) Gateways(ctx context.Context, p home.Place) ([]Gateway, error) {
	var out []Gateway
	err := a.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT tenant, home, gateway, state, version, enrolled, expires, why FROM account_gateway
			WHERE tenant = ? AND home = ? ORDER BY gateway DESC LIMIT ?`, p.Tenant, p.Home, maxList)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var g Gateway
			var enrolled, expires int64
			if err := rows.Scan(&g.Place.Tenant, &g.Place.Home, &g.Place.Gateway, &g.State, &g.Version, &enrolled, &expires, &g.Why); err != nil {
				return err
			}
			g.Enrolled, g.Expires = when(enrolled), when(expires)
			out = append(out, g)
		}
		return rows.Err()
	})
	return out, doing("gateways", err)
}

// Active says which gateway speaks for a home; "" when none does.
func (a *Accounts) Active(ctx context.Context, p home.Place) (gateway string, err error) {
	err = a.db.View(ctx, func(tx *db.Tx) error {
		return tx.Row(`SELECT gateway FROM account_home WHERE tenant = ? AND home = ?`, p.Tenant, p.Home).Scan(&gateway)
	})
	if db.NoRows(err) {
		return "", nil
	}
	return gateway, doing("active gateway", err)
}

// ActiveAfter pages through the gateways that speak for homes, of all tenants, by tenant and home: those after a place; the zero
// place begins.
func (a *Accounts) ActiveAfter(ctx context.Context, after home.Place, limit int) (out []home.Place, err error) {
	err = a.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query(`SELECT tenant, home, gateway FROM account_home WHERE (tenant > ? OR tenant = ? AND home > ?) AND gateway <> ''
			ORDER BY tenant, home LIMIT ?`, after.Tenant, after.Tenant, after.Home, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var p home.Place
			if err := rows.Scan(&p.Tenant, &p.Home, &p.Gateway); err != nil {
				return err
			}
			out = append(out, p)
		}
		return rows.Err()
	})
	return out, doing("active gateways", err)
}

// Revoked lists the gateways that must be turned out although their certificate is still good: what brokers keep in memory.
func (a *Accounts) Revoked(ctx context.Context) ([]home.Place, error) {
	var out []home.Place
	err := a.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT tenant, home, gateway FROM account_gateway WHERE state = ? AND expires > ? ORDER BY tenant, home, gateway`,
			stateRevoked, a.now())
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var p home.Place
			if err := rows.Scan(&p.Tenant, &p.Home, &p.Gateway); err != nil {
				return err
			}
			out = append(out, p)
		}
		return rows.Err()
	})
	return out, doing("revoked gateways", err)
}
