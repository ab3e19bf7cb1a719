package account

import (
	"context"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Tenant is one CSP.
type Tenant struct {
	ID, Slug, Name string
	Simulated      bool // its homes are made up: Seed
	Sharing        Sharing
}

// Home is one subscriber's premises. Account is what the CSP calls it.
type Home struct {
	Tenant, ID, Name, Account string
	Created                   time.Time
}

// Place of the home, without a gateway.
func (h Home) Place() home.Place { return home.Place{Tenant: h.Tenant, Home: h.ID} }

// Query selects homes: those after a cursor (an id), at most Limit, that a text finds: Sought.
type Query struct {
	After string
	Limit int
	Text  string
}

const maxList = 500 // rows of one answer

func limit(n int) int {
	if n <= 0 || n > maxList {
		return maxList
	}
	return n
}

// CreateTenant adds a CSP. Its slug is what its staff and residents may type to say whose they are.
func (a *Accounts) CreateTenant(ctx context.Context, slug, name string) (Tenant, error) {
	slug, err := cleanSlug(slug)
	if err != nil {
		return Tenant{}, err
	}
	if name, err = cleanText("name", name, 1); err != nil {
		return Tenant{}, err
	}
	id, err := newID()
	if err != nil {
		return Tenant{}, err
	}
	t := Tenant{ID: id, Slug: slug, Name: name, Sharing: Sharing{Helping: HelpingAsk}}
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO account_tenant (tenant, slug, name, created) VALUES (?, ?, ?, ?)`, t.ID, t.Slug, t.Name, a.now())
		return err
	})
	return t, doing("create tenant", err)
}

// Tenants lists all CSPs.
func (a *Accounts) Tenants(ctx context.Context) ([]Tenant, error) {
	var out []Tenant
	err := a.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT tenant, slug, name, simulated, share, helping FROM account_tenant ORDER BY tenant`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var t Tenant
			if err := rows.Scan(&t.ID, &t.Slug, &t.Name, &t.Simulated, &t.Sharing.Share, &t.Sharing.Helping); err != nil {
				return err
			}
			out = append(out, t)
		}
		return rows.Err()
	})
	return out, doing("list tenants", err)
}

// Tenant is one CSP by its id.
func (a *Accounts) Tenant(ctx context.Context, id string) (Tenant, error) {
	t := Tenant{ID: id}
	err := a.db.View(ctx, func(tx *db.Tx) error {
		return tx.Row(`SELECT slug, name, simulated, share, helping FROM account_tenant WHERE tenant = ?`, id).
			Scan(&t.Slug, &t.Name, &t.Simulated, &t.Sharing.Share, &t.Sharing.Helping)
	})
	if err != nil {
		return Tenant{}, doing("tenant", err)
	}
	return t, nil
}

// CreateHome adds a home of a CSP. account is the CSP's own number for it; it may be "".
func (a *Accounts) CreateHome(ctx context.Context, tenant, name, account string) (Home, error) {
	name, err := cleanText("name", name, 1)
	if err != nil {
		return Home{}, err
	}
	if account, err = cleanText("account", account, 0); err != nil {
		return Home{}, err
	}
	id, err := newID()
	if err != nil {
		return Home{}, err
	}
	h := Home{Tenant: tenant, ID: id, Name: name, Account: account, Created: when(a.now())}
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := tenantExists(tx, tenant); err != nil {
			return err
		}
		return insertHome(tx, h)
	})
	if err != nil {
		return Home{}, doing("create home", err)
	}
	return h, nil
}

func insertHome(tx *db.Tx, h Home) error {
	_, err := tx.Exec(`INSERT INTO account_home (tenant, home, name, account, search, created, gateway, taken, sought, named) VALUES (?, ?, ?, ?, ?, ?, '', 0, ?, ?)`,
		h.Tenant, h.ID, h.Name, h.Account, searchText(h.Name, h.Account), h.Created.UnixMilli(), small(h.Account), small(h.Name))
	return err
}

func tenantExists(tx *db.Tx, tenant string) error {
	var one int64
	return tx.Row(`SELECT 1 FROM account_tenant WHERE tenant = ?`, tenant).Scan(&one)
}

// homeExists is asked before anything is added to a home: the answer is "not found" then, whoever's the home is.
func homeExists(tx *db.Tx, p home.Place) error {
	var one int64
	return tx.Row(`SELECT 1 FROM account_home WHERE tenant = ? AND home = ?`, p.Tenant, p.Home).Scan(&one)
}

// Home is one home.
func (a *Accounts) Home(ctx context.Context, p home.Place) (Home, error) {
	var out Home
	err := a.db.View(ctx, func(tx *db.Tx) (err error) {
		out, err = scanHome(tx.Row(`SELECT tenant, home, name, account, created FROM account_home WHERE tenant = ? AND home = ?`, p.Tenant, p.Home))
		return err
	})
	return out, doing("home", err)
}

// Homes lists a CSP's homes, the oldest first.
func (a *Accounts) Homes(ctx context.Context, tenant string, q Query) ([]Home, error) {
	text, err := cleanText("text", q.Text, 0)
	if err != nil {
		return nil, err
	}
	where, args, err := a.soughtWhere(ctx, tenant, text, q)
	if err != nil || where == nowhere {
		return nil, doing("list homes", err)
	}
	args = append([]any{tenant, q.After}, args...)
	var out []Home
	err = a.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT tenant, home, name, account, created FROM account_home WHERE tenant = ? AND home > ?`+where+` ORDER BY home LIMIT ?`, append(args, limit(q.Limit))...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			h, err := scanHome(rows)
			if err != nil {
				return err
			}
			out = append(out, h)
		}
		return rows.Err()
	})
	return out, doing("list homes", err)
}

func scanHome(row interface{ Scan(...any) error }) (h Home, err error) {
	var created int64
	err = row.Scan(&h.Tenant, &h.ID, &h.Name, &h.Account, &created)
	h.Created = when(created)
	return h, err
}
