package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Extra is something that not every plan has.
type Extra string

// The extras there are. What protects a home is none of them, so that no plan can leave it out: protection, containment, cleaning, being
// told and one's own data are never asked for here.
const (
	ExtraPeople  Extra = "people"  // the people of a home, bedtimes and pauses
	ExtraContent Extra = "content" // what may be seen, by person
	ExtraReports Extra = "reports" // each week
	ExtraSupport Extra = "support" // of a higher level; the CSP's own service sees to it
)

// Extras are all of them.
var Extras = []Extra{ExtraPeople, ExtraContent, ExtraReports, ExtraSupport}

// InEvery is what each plan has, whatever its extras.
var InEvery = []string{"protection", "containment", "cleaning", "telling", "data"}

// ErrPlan is returned for a plan that is still needed.
var ErrPlan = errors.New("homes have this plan, or it is the standard one: give them another first")

// maxPlans bounds a CSP's plans.
const maxPlans = 50

// Plan is what a CSP sells. The zero one is of a CSP that has made none: its homes have all extras.
type Plan struct {
	Tenant, ID, Name string
	Extras           []Extra
	Standard         bool // of homes that were given none
}

// Has says whether the plan has an extra.
func (p Plan) Has(e Extra) bool { return p.ID == "" || slices.Contains(p.Extras, e) }

// clean checks a plan, and sorts its extras.
func (p *Plan) clean() (err error) {
	if p.ID, err = cleanSlug(p.ID); err != nil {
		return &InputError{"id", fmt.Sprintf("want 1 to %d of a to z, 0 to 9 and hyphens", maxSlug)}
	}
	if p.Name, err = cleanText("name", p.Name, 1); err != nil {
		return err
	}
	var list []Extra
	for _, e := range Extras {
		if slices.Contains(p.Extras, e) {
			list = append(list, e)
		}
	}
	for _, e := range p.Extras {
		if !slices.Contains(Extras, e) {
			return &InputError{"extras", "want people, content, reports or support"}
		}
	}
	p.Extras = list
	return nil
}

// SavePlan makes a plan of a CSP or changes it. The first one is the standard one; another that is saved as standard takes its place.
func (a *Accounts) SavePlan(ctx context.Context, p Plan, by string) (Plan, error) {
	if err := p.clean(); err != nil {
		return Plan{}, err
	}
	words := make([]string, len(p.Extras))
	for i, e := range p.Extras {
		words[i] = string(e)
	}
	err := a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := lockTenant(tx, p.Tenant); err != nil {
			return err
		}
		there, err := plansOf(tx, p.Tenant)
		if err != nil {
			return err
		}
		was := slices.IndexFunc(there, func(o Plan) bool { return o.ID == p.ID })
		if was < 0 && len(there) >= maxPlans {
			return &InputError{"id", fmt.Sprintf("there are %d plans: take one away first", maxPlans)}
		}
		p.Standard = p.Standard || len(there) == 0 || was >= 0 && there[was].Standard
		if p.Standard {
			if _, err := tx.Exec(`UPDATE account_plan SET standard = 0 WHERE tenant = ?`, p.Tenant); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`INSERT INTO account_plan (tenant, plan, name, extras, standard, changed) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (tenant, plan) DO UPDATE SET name = excluded.name, extras = excluded.extras, standard = excluded.standard, changed = excluded.changed`,
			p.Tenant, p.ID, p.Name, strings.Join(words, " "), flag(p.Standard), a.now()); err != nil {
			return err
		}
		return a.opts.Note(tx, Note{Place: home.Place{Tenant: p.Tenant}, By: by, Act: "plan-save", What: p.ID + ": " + strings.Join(words, " ")})
	})
	return p, doing("save plan", err)
}

// RemovePlan takes a plan away that no home has. The standard one goes last: then all homes have everything again.
func (a *Accounts) RemovePlan(ctx context.Context, tenant, id, by string) error {
	return doing("remove plan", a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := lockTenant(tx, tenant); err != nil {
			return err
		}
		there, err := plansOf(tx, tenant)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(there, func(o Plan) bool { return o.ID == id })
		if at < 0 {
			return ErrNotFound
		}
		var homes int64
		if err := tx.Row(`SELECT COUNT(*) FROM account_home WHERE tenant = ? AND plan = ?`, tenant, id).Scan(&homes); err != nil {
			return err
		}
		if homes > 0 || there[at].Standard && len(there) > 1 {
			return ErrPlan
		}
		if _, err := tx.Exec(`DELETE FROM account_plan WHERE tenant = ? AND plan = ?`, tenant, id); err != nil {
			return err
		}
		return a.opts.Note(tx, Note{Place: home.Place{Tenant: tenant}, By: by, Act: "plan-remove", What: id})
	}))
}

// Plans lists a CSP's, by id.
func (a *Accounts) Plans(ctx context.Context, tenant string) (out []Plan, err error) {
	err = a.db.View(ctx, func(tx *db.Tx) error {
		out, err = plansOf(tx, tenant)
		return err
	})
	return out, doing("plans", err)
}

// PlanOf is a home's plan: its own, else the CSP's standard one, else the zero one.
func (a *Accounts) PlanOf(ctx context.Context, p home.Place) (out Plan, err error) {
	err = a.db.View(ctx, func(tx *db.Tx) error {
		out, err = PlanIn(tx, p)
		return err
	})
	return out, doing("plan", err)
}

// PlanIn is PlanOf inside of a transaction.
func PlanIn(tx *db.Tx, p home.Place) (Plan, error) {
	out, err := scanPlan(tx.Row(`SELECT p.tenant, p.plan, p.name, p.extras, p.standard FROM account_home h JOIN account_plan p ON p.tenant = h.tenant
		AND (p.plan = h.plan OR h.plan = '' AND p.standard = 1) WHERE h.tenant = ? AND h.home = ?`, p.Tenant, p.Home))
	if db.NoRows(err) {
		return Plan{}, nil
	}
	return out, err
}

func plansOf(tx *db.Tx, tenant string) (out []Plan, err error) {
	rows, err := tx.Query(`SELECT tenant, plan, name, extras, standard FROM account_plan WHERE tenant = ? ORDER BY plan`, tenant)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		p, err := scanPlan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

func scanPlan(row interface{ Scan(...any) error }) (p Plan, err error) {
	var extras string
	var standard int64
	err = row.Scan(&p.Tenant, &p.ID, &p.Name, &extras, &standard)
	for e := range strings.FieldsSeq(extras) {
		p.Extras = append(p.Extras, Extra(e))
	}
	p.Standard = standard != 0
	return p, err
}

// lockTenant has transactions that change a CSP's plans, and which home has which, come one after the other.
func lockTenant(tx *db.Tx, tenant string) error {
	n, err := tx.Exec(`UPDATE account_tenant SET name = name WHERE tenant = ?`, tenant)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}
