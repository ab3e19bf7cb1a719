package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cardea/internal/platform/db"
)

// ErrTwice is returned for an account number that more than one home has: such homes were made by hand.
var ErrTwice = errors.New("several homes have this account number: give all but one another first")

// Subscriber is what a CSP's own systems say of a home. A nil field stays as it is; of a new home Plan is the standard one then.
type Subscriber struct {
	Tenant, Account string
	Name            string
	Plan            *string // "" is the standard one
}

// Provisioned is a home as a CSP's own systems see it.
type Provisioned struct {
	Home
	Plan string // "": it was given none, and has the standard one
}

func cleanAccount(s string) (string, error) { return cleanText("account", s, 1) }

// Provision makes sure that there is a home with a CSP's own number, called and with the plan as it says. Asked twice it makes one. A
// home that was made by hand with the same number becomes it.
func (a *Accounts) Provision(ctx context.Context, s Subscriber, by string) (out Provisioned, created bool, err error) {
	if s.Account, err = cleanAccount(s.Account); err != nil {
		return out, false, err
	}
	if s.Name, err = cleanText("name", s.Name, 1); err != nil {
		return out, false, err
	}
	id, err := newID()
	if err != nil {
		return out, false, err
	}
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := lockTenant(tx, s.Tenant); err != nil {
			return err
		}
		out, err = numbered(tx, s.Tenant, s.Account)
		if created = errors.Is(err, ErrNotFound); created {
			out, err = a.makeHome(tx, Home{Tenant: s.Tenant, ID: id, Name: s.Name, Account: s.Account, Created: when(a.now())}, by)
		}
		if err != nil {
			return err
		}
		return a.describeHome(tx, &out, s, by, created)
	})
	if err != nil {
		return Provisioned{}, false, doing("provision home", err)
	}
	return out, created, nil
}

// numbered finds the home of a number, and keeps that it is.
func numbered(tx *db.Tx, tenant, account string) (Provisioned, error) {
	out, err := byNumber(tx, tenant, account)
	if !db.NoRows(err) {
		return out, err
	}
	list, err := byHand(tx, tenant, account)
	switch {
	case err != nil:
		return Provisioned{}, err
	case len(list) == 0:
		return Provisioned{}, ErrNotFound
	case len(list) > 1:
		return Provisioned{}, ErrTwice
	}
	return list[0], keepNumber(tx, list[0].Home)
}

// byHand finds up to two homes that were given a number when they were made.
func byHand(tx *db.Tx, tenant, account string) (out []Provisioned, err error) {
	rows, err := tx.Query(`SELECT tenant, home, name, account, created, plan FROM account_home WHERE tenant = ? AND sought = ? AND account = ? LIMIT 2`,
		tenant, []byte(strings.ToLower(account)), account)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		p, err := scanProvisioned(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

func byNumber(tx *db.Tx, tenant, account string) (Provisioned, error) {
	return scanProvisioned(tx.Row(`SELECT h.tenant, h.home, h.name, h.account, h.created, h.plan FROM account_number n
		JOIN account_home h ON h.tenant = n.tenant AND h.home = n.home WHERE n.tenant = ? AND n.account = ?`, tenant, account))
}

func scanProvisioned(row interface{ Scan(...any) error }) (p Provisioned, err error) {
	var created int64
	err = row.Scan(&p.Tenant, &p.ID, &p.Name, &p.Account, &created, &p.Plan)
	p.Created = when(created)
	return p, err
}

func keepNumber(tx *db.Tx, h Home) error {
	_, err := tx.Exec(`INSERT INTO account_number (tenant, account, home) VALUES (?, ?, ?)`, h.Tenant, h.Account, h.ID)
	return err
}

func (a *Accounts) makeHome(tx *db.Tx, h Home, by string) (Provisioned, error) {
	if err := insertHome(tx, h); err != nil {
		return Provisioned{}, err
	}
	if err := keepNumber(tx, h); err != nil {
		return Provisioned{}, err
	}
	return Provisioned{Home: h}, a.opts.Note(tx, Note{Place: h.Place(), By: by, Act: "home-created"})
}

// describeHome gives a home its name and plan.
func (a *Accounts) describeHome(tx *db.Tx, p *Provisioned, s Subscriber, by string, created bool) error {
	plan := p.Plan
	if s.Plan != nil {
		plan = *s.Plan
	}
	if plan != "" {
		var one int64
		err := tx.Row(`SELECT 1 FROM account_plan WHERE tenant = ? AND plan = ?`, p.Tenant, plan).Scan(&one)
		if db.NoRows(err) {
			err = &InputError{"plan", "there is no such plan"}
		}
		if err != nil {
			return err
		}
	}
	if plan == p.Plan && s.Name == p.Name {
		return nil
	}
	p.Name, p.Plan = s.Name, plan
	if _, err := tx.Exec(`UPDATE account_home SET name = ?, plan = ?, search = ?, named = ? WHERE tenant = ? AND home = ?`, p.Name, p.Plan,
		searchText(p.Name, p.Account), small(p.Name), p.Tenant, p.ID); err != nil {
		return err
	}
	if !created {
		if err := a.opts.Note(tx, Note{Place: p.Place(), By: by, Act: "home-changed", What: fmt.Sprintf("plan %q", p.Plan)}); err != nil {
			return err
		}
	}
	return a.opts.Changed(tx, p.Place())
}

// ByNumber is the home of a CSP's own number, whole.
func (a *Accounts) ByNumber(ctx context.Context, tenant, account string) (out Provisioned, err error) {
	if account, err = cleanAccount(account); err != nil {
		return out, err
	}
	err = a.db.Tx(ctx, func(tx *db.Tx) error { // it may have been made by hand, and is kept to be this number's then
		out, err = numbered(tx, tenant, account)
		return err
	})
	return out, doing("home by number", err)
}
