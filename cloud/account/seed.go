package account

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
)

// SeedHome is a made-up home with its gateway.
type SeedHome struct {
	ID, Name, Account string
	Gateway           string // "": none came yet
	Serial, Version   string
	Created           time.Time
	From              netip.Addr // by which the gateway came in
}

// Seed adds made-up homes to a CSP and says of the CSP that they are. Each has an active gateway without a certificate: nobody can speak
// for one. It is for large stores to try screens on, and refuses a CSP that has homes which are not made up.
func (a *Accounts) Seed(ctx context.Context, tenant string, homes []SeedHome) error {
	return doing("simulated homes", a.db.Tx(ctx, func(tx *db.Tx) error { return a.SeedIn(tx, tenant, homes) }))
}

// SeedIn is Seed in a transaction with whatever else is made up of them.
func (a *Accounts) SeedIn(tx *db.Tx, tenant string, homes []SeedHome) error {
	if err := markSimulated(tx, tenant); err != nil {
		return err
	}
	var list, gateways, came []any
	for _, h := range homes {
		at := h.Created.UnixMilli()
		list = append(list, tenant, h.ID, h.Name, h.Account, searchText(h.Name, h.Account), at, h.Gateway, 0, small(h.Account), int64(a.network(h.From)), small(h.Name))
		if h.Gateway == "" {
			continue
		}
		gateways = append(gateways, tenant, h.ID, h.Gateway, stateActive, h.Version, at, at, 0, h.Serial, "", "")
		came = append(came, tenant, h.ID, at, 0, int64(a.address(h.From)))
	}
	if err := many(tx, `INSERT INTO account_home (tenant, home, name, account, search, created, gateway, taken, sought, network, named) VALUES `, 11, list); err != nil {
		return err
	}
	if err := many(tx, `INSERT INTO account_gateway (tenant, home, gateway, state, version, enrolled, changed, expires, serial, request, why) VALUES `, 11, gateways); err != nil {
		return err
	}
	return many(tx, `INSERT INTO account_came (tenant, home, since, until, address) VALUES `, 5, came)
}

// markSimulated says that a CSP's homes are made up; it must not have had others.
func markSimulated(tx *db.Tx, tenant string) error {
	var simulated, homes int64
	if err := tx.Row(`SELECT simulated FROM account_tenant WHERE tenant = ?`, tenant).Scan(&simulated); err != nil || simulated != 0 {
		return err
	}
	if err := tx.Row(`SELECT COUNT(*) FROM (SELECT 1 FROM account_home WHERE tenant = ? LIMIT 1) h`, tenant).Scan(&homes); err != nil {
		return err
	}
	if homes > 0 {
		return &InputError{"tenant", "has homes that are not simulated"}
	}
	_, err := tx.Exec(`UPDATE account_tenant SET simulated = 1, share = 1, helping = 'on' WHERE tenant = ?`, tenant)
	return err
}

// many inserts rows, as few statements as there are chunks.
func many(tx *db.Tx, head string, width int, args []any) error {
	tuple := "(?" + strings.Repeat(",?", width-1) + ")"
	for _, n := range []int{100, 1} {
		for len(args) >= n*width {
			if _, err := tx.Exec(head+strings.Repeat(tuple+",", n-1)+tuple, args[:n*width]...); err != nil {
				return err
			}
			args = args[n*width:]
		}
	}
	return nil
}

// Place is where a made-up home's gateway is.
func (h SeedHome) Place(tenant string) home.Place {
	return home.Place{Tenant: tenant, Home: h.ID, Gateway: h.Gateway}
}
