package main

import (
	"context"
	"fmt"
	"os"

	"cardea/gateway/judge"
	"cardea/gateway/lists"
	"cardea/internal/show"
	"cardea/lab/eval/infected"
	"cardea/lab/eval/units"
)

// refusedUnit is a home that teaches nothing, and why.
type refusedUnit struct {
	Name     string              `json:"name"`
	Evidence []infected.Evidence `json:"evidence"`
}

// healthy leaves out the units in which a device surely misbehaves.
func (c learnCmd) healthy(ctx context.Context, list []*units.Unit) (healthy []*units.Unit, refused []refusedUnit, err error) {
	refused = []refusedUnit{}
	if c.All {
		return list, refused, nil
	}
	var intel judge.Intel
	if c.Intel != "" {
		set, _, err := lists.Load(c.Intel)
		if err != nil {
			return nil, nil, fmt.Errorf("--intel: %w", err)
		}
		intel = set
	}
	for _, u := range list {
		found, err := infected.Look(ctx, u, intel)
		switch {
		case err != nil:
			return nil, nil, err
		case len(found) > 0:
			refused = append(refused, refusedUnit{u.Name, found})
		default:
			healthy = append(healthy, u)
		}
	}
	return healthy, refused, nil
}

// tellRefused says who teaches nothing, and how to teach it all the same.
func tellRefused(list []refusedUnit) {
	for _, u := range list {
		for i := range u.Evidence {
			fmt.Fprintf(os.Stderr, "cardea: not learned from %s: %s\n", show.Text(u.Name), show.Text(u.Evidence[i].String()))
		}
	}
	if len(list) > 0 {
		fmt.Fprintln(os.Stderr, "cardea: --despite-findings learns from them all the same")
	}
}
