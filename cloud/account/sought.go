package account

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"cardea/internal/platform/db"
)

// MaxSought bounds how many homes are found by a text at once. Where there are more, they are looked for among those that are in
// question: Among.
const MaxSought = 4000

// small is how a name or an account is kept to be found by how it begins.
func small(s string) []byte { return []byte(strings.ToLower(strings.TrimSpace(s))) }

// soughtIn are the ways to find homes by a text, each by an index of its own: by how the account begins and the name, by the plan's id
// or its name, and by the gateway's id, the number of its certificate or what stands on its label.
var soughtIn = []string{
	`SELECT home FROM account_home WHERE tenant = ? AND sought >= ? AND sought < ?`,
	`SELECT home FROM account_home WHERE tenant = ? AND named >= ? AND named < ?`,
	`SELECT h.home FROM account_plan p JOIN account_home h ON h.tenant = p.tenant AND h.plan IN (p.plan, CASE WHEN p.standard = 1 THEN '' ELSE p.plan END) WHERE p.tenant = ? AND (p.plan = ? OR LOWER(p.name) = ?)`,
	`SELECT home FROM account_gateway WHERE tenant = ? AND gateway = ? AND gateway <> ?`,
	`SELECT home FROM account_gateway WHERE tenant = ? AND serial = ? AND serial <> ?`,
	`SELECT home FROM account_label WHERE tenant = ? AND id = ? AND id <> ?`,
}

// firstGateway is where the ways by a gateway begin.
const firstGateway = 3

// soughtBy are the two values of each way.
func soughtBy(text string) [][2]any {
	from := small(text)
	s := string(from)
	label := strings.ToUpper(strings.ReplaceAll(s, "-", ""))
	return [][2]any{{from, afterAll(from)}, {from, afterAll(from)}, {s, s}, {s, ""}, {s, ""}, {label[:min(len(label), 8)], ""}}
}

// Sought are the ids of homes that a text finds, in no order; more says that there are others, and then none is told. The text "" finds
// nothing.
func (a *Accounts) Sought(ctx context.Context, tenant, text string) (homes []string, more bool, err error) {
	by := soughtBy(text)
	if len(small(text)) == 0 {
		return nil, false, nil
	}
	seen := map[string]bool{}
	err = a.db.View(ctx, func(tx *db.Tx) error {
		for n, q := range soughtIn {
			ids, err := homesIn(tx, q+` LIMIT ?`, tenant, by[n][0], by[n][1], MaxSought+1)
			if err != nil {
				return err
			}
			for _, id := range ids {
				if !seen[id] {
					seen[id], homes = true, append(homes, id)
				}
			}
			if more = len(homes) > MaxSought; more {
				homes = nil
				return nil
			}
		}
		return nil
	})
	return homes, more, doing("homes by a text", err)
}

// nowhere is the condition of a text that finds nothing.
const nowhere = " AND 1 = 0"

// soughtWhere is a condition for a page of homes that a text finds, in their own order.
func (a *Accounts) soughtWhere(ctx context.Context, tenant, text string, q Query) (where string, args []any, err error) {
	if len(small(text)) == 0 {
		return "", nil, nil
	}
	ids, more, err := a.Sought(ctx, tenant, text)
	if err != nil {
		return "", nil, err
	}
	if more { // so many that they are met soon in the order of all
		by := soughtBy(text)
		return ` AND (sought >= ? AND sought < ? OR named >= ? AND named < ? OR home IN (` + soughtIn[2] + `))`,
			[]any{by[0][0], by[0][1], by[1][0], by[1][1], tenant, by[2][0], by[2][1]}, nil
	}
	slices.Sort(ids)
	n, there := slices.BinarySearch(ids, q.After)
	if there {
		n++
	}
	ids = ids[n:min(len(ids), n+limit(q.Limit))]
	if len(ids) == 0 {
		return nowhere, nil, nil
	}
	for _, id := range ids {
		args = append(args, id)
	}
	return ` AND home IN (?` + strings.Repeat(",?", len(ids)-1) + `)`, args, nil
}

// Among says which of some homes a text finds.
func (a *Accounts) Among(ctx context.Context, tenant, text string, ids []string) (map[string]bool, error) {
	out := make(map[string]bool, len(ids))
	if len(ids) == 0 || len(small(text)) == 0 {
		return out, nil
	}
	by, asked := soughtBy(text), make(map[string]bool, len(ids))
	for _, id := range ids {
		asked[id] = true
	}
	err := a.db.View(ctx, func(tx *db.Tx) error {
		clear(out)
		for n := firstGateway; n < len(soughtIn); n++ { // these find one home or none
			found, err := homesIn(tx, soughtIn[n], tenant, by[n][0], by[n][1])
			if err != nil {
				return err
			}
			for _, id := range found {
				if asked[id] {
					out[id] = true
				}
			}
		}
		of := `FROM account_plan WHERE tenant = ? AND (plan = ? OR LOWER(name) = ?)`
		args := []any{tenant, by[2][0], by[2][1]}
		plans, err := homesIn(tx, `SELECT plan `+of+` UNION SELECT '' `+of+` AND standard = 1`, append(args, args...)...)
		if err != nil {
			return err
		}
		return beginAmong(tx, tenant, ids, small(text), plans, out)
	})
	return out, doing("homes by a text", err)
}

// beginAmong adds those of some homes whose account or name begins with a text, or that have one of some plans. Each home is read once.
func beginAmong(tx *db.Tx, tenant string, ids []string, text []byte, plans []string, out map[string]bool) error {
	args := []any{tenant}
	for _, id := range ids {
		args = append(args, id)
	}
	rows, err := tx.Query(`SELECT home, sought, named, plan FROM account_home WHERE tenant = ? AND home IN (?`+strings.Repeat(",?", len(ids)-1)+`)`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, plan string
		var account, name []byte
		if err := rows.Scan(&id, &account, &name, &plan); err != nil {
			return err
		}
		if bytes.HasPrefix(account, text) || bytes.HasPrefix(name, text) || slices.Contains(plans, plan) {
			out[id] = true
		}
	}
	return rows.Err()
}

func homesIn(tx *db.Tx, q string, args ...any) (out []string, err error) {
	rows, err := tx.Query(q, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}
