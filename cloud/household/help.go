package household

import (
	"slices"
	"strings"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Help is whether people want other homes to learn from theirs; "" is that nobody said.
type Help string

// What people say.
const (
	HelpOn  Help = "on"
	HelpOff Help = "off"
)

// helps is what holds: what keeps its names to itself teaches nobody.
func (k Kept) helps() Help {
	if k.Private {
		return HelpOff
	}
	return k.Help
}

// Helps says whether others learn from the home. unsaid is what holds while its people said nothing.
func (k Kept) Helps(unsaid bool) bool {
	h := k.helps()
	return h == HelpOn || h == "" && unsaid
}

// withdraw has what is learned from a home forgotten when its people say so.
func (h *Households) withdraw(tx *db.Tx, p home.Place, before, after Kept) error {
	if after.helps() != HelpOff || before.helps() == HelpOff {
		return nil
	}
	return h.o.Withdraw(tx, p.OfHome())
}

const helpAtOnce = 256 // homes of one statement; fewer are filled up, so that there is one text

// HelpIn tells of homes whether other homes learn from them. Those whose people said nothing are not in it.
func HelpIn(tx *db.Tx, homes []home.Place) (map[home.Place]Help, error) {
	byTenant := map[string][]any{}
	for _, p := range homes {
		byTenant[p.Tenant] = append(byTenant[p.Tenant], p.Home)
	}
	out := map[home.Place]Help{}
	for tenant, ids := range byTenant {
		for some := range slices.Chunk(ids, helpAtOnce) {
			if err := readHelp(tx, tenant, some, out); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func readHelp(tx *db.Tx, tenant string, homes []any, out map[home.Place]Help) error {
	args := append(append(make([]any, 0, helpAtOnce+1), tenant), homes...)
	for len(args) < helpAtOnce+1 {
		args = append(args, homes[0])
	}
	rows, err := tx.Query("SELECT home, help FROM household_home WHERE tenant = ? AND home IN (?"+strings.Repeat(",?", helpAtOnce-1)+") AND help <> ''", args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		p := home.Place{Tenant: tenant}
		var said string
		if err := rows.Scan(&p.Home, &said); err != nil {
			return err
		}
		out[p] = Help(said)
	}
	return rows.Err()
}
