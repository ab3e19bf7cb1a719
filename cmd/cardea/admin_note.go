package main

import (
	"fmt"
	"maps"
	"os"
	"os/user"
	"slices"
	"strings"

	"cardea/cloud/audit"
	"cardea/cloud/rollout"
	"cardea/internal/platform/db"
)

// signedWhy is the reason of what is signed or held back.
type signedWhy struct {
	Why string `help:"A reason, for the audit." default:"by command"`
}

// typedBy is who types: admin, and the user of this machine, before sudo where that says so.
func typedBy() string {
	name := os.Getenv("SUDO_USER")
	if u, err := user.Current(); err == nil && (name == "" || u.Uid != "0") {
		name = u.Username
	}
	name = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, name)
	if name == "" {
		return "admin"
	}
	return "admin (" + name[:min(len(name), 64)] + ")"
}

// noteAll writes an act that concerns the homes of every tenant into each tenant's audit, in the transaction of the act.
func (a *admin) noteAll(act, why string) (func(tx *db.Tx, what string) error, error) {
	list, err := a.rooms.Accounts.Tenants(a.ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(list))
	for _, t := range list {
		ids = append(ids, t.ID)
	}
	slices.Sort(ids) // whoever else writes into several does it in the same order
	who := typedBy()
	return func(tx *db.Tx, what string) error {
		for _, id := range ids {
			if err := a.rooms.Audit.Add(tx, audit.Entry{Tenant: id, Who: who, Role: "admin", Act: act, What: what, Reason: why}); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// ofPlan notes an act on a rollout, by its id, as the console does.
func ofPlan(note func(tx *db.Tx, what string) error) rollout.Also {
	return func(tx *db.Tx, p rollout.Plan) error { return note(tx, p.ID) }
}

// publisher is where this command publishes what is no list: each version that it makes is written into each tenant's audit.
func (a *admin) publisher(act, why string) (*rollout.Rollout, error) {
	note, err := a.noteAll(act, why)
	if err != nil {
		return nil, err
	}
	return a.rooms.Rollout.By(rollout.Hand{Note: note}), nil
}

// hand is how this command publishes lists.
func (a *admin) hand(act, why string, agreed bool) (h rollout.Hand, err error) {
	if h.Guard, err = a.rooms.Intel.Check(a.ctx); err != nil {
		return h, err
	}
	h.Agreed = agreed
	h.Note, err = a.noteAll(act, why)
	return h, err
}

// reaches says whom a version of a bundle that was just published reaches.
func (a *admin) reaches(name string, version uint64) (string, error) {
	all, err := a.rooms.Rollout.Standings(a.ctx)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(all, func(s rollout.Standing) bool { return s.Name == name })
	switch {
	case i >= 0 && all[i].Good >= version && all[i].Offered:
		return fmt.Sprintf("Version %d is offered to all gateways.", version), nil
	case i >= 0 && all[i].Held:
		return fmt.Sprintf("Version %d waits: %s are held back until somebody starts a rollout.", version, name), nil
	}
	return fmt.Sprintf("Version %d goes to gateways by a rollout, ring by ring: see cardea rollout status.", version), nil
}

// leftText says what was left out of lists, and what goes with them.
func leftText(r *rollout.Report) (out []string) {
	n := 0
	for _, why := range slices.Sorted(maps.Keys(r.Refused)) {
		out = append(out, fmt.Sprintf("  %d left out: %s", r.Refused[why], why))
		n += r.Refused[why]
	}
	for _, line := range r.Left {
		out = append(out, "    "+line)
	}
	if len(r.Left) > 0 && n > len(r.Left) {
		out = append(out, fmt.Sprintf("    and %d more", n-len(r.Left)))
	}
	if r.Exceptions > 0 {
		out = append(out, fmt.Sprintf("  With them go exceptions from all lists: %d.", r.Exceptions))
	}
	return out
}
