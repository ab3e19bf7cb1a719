package main

import (
	"context"
	"fmt"
	"strings"

	"cardea/cloud/audit"
	"cardea/internal/platform/db"
)

type adminIntelRefuse struct {
	Tenant string `required:"" help:"Whose audit it is written in."`
	Why    string `required:"" help:"Why, in one line: staff read it beside the indicator."`
	Value  string `arg:"" help:"The endpoint as the list of indicators has it (\"api.example.com 443 tcp\"), or a host or an address alone: on any port."`
}

// Run is called by kong.
func (c adminIntelRefuse) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		note, err := a.noteRefusal(c.Tenant, "refuse an indicator", c.Value, c.Why)
		if err != nil {
			return err
		}
		r, err := a.rooms.Normal.Refuse(a.ctx, c.Value, c.Why, "admin", note)
		if err != nil {
			return err
		}
		return a.print(map[string]any{"endpoint": r.Endpoint, "why": r.Why, "at": r.At},
			fmt.Sprintf("%s is no indicator of herd protection from the next minute on, for as long as this is not taken back.", r.Endpoint))
	})
}

type adminIntelUnrefuse struct {
	Tenant string `required:"" help:"Whose audit it is written in."`
	Value  string `arg:"" help:"The endpoint as the list of what is refused has it."`
}

// Run is called by kong.
func (c adminIntelUnrefuse) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		note, err := a.noteRefusal(c.Tenant, "take a refusal back", c.Value, "")
		if err != nil {
			return err
		}
		was, err := a.rooms.Normal.Unrefuse(a.ctx, c.Value, note)
		if err != nil {
			return err
		}
		if !was {
			return fmt.Errorf("%q was not refused: see cardea admin intel refused", c.Value)
		}
		return a.print(map[string]any{"endpoint": strings.ToLower(c.Value)}, "Taken back: where homes agree on it, it is an indicator again from the next minute on.")
	})
}

type adminIntelRefused struct{}

// Run is called by kong.
func (c adminIntelRefused) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		list, err := a.rooms.Normal.Refused(a.ctx)
		if err != nil {
			return err
		}
		out, text := []map[string]any{}, []string{"Nothing is refused."}
		if len(list) > 0 {
			text = nil
		}
		for _, r := range list {
			out = append(out, map[string]any{"endpoint": r.Endpoint, "why": r.Why, "who": r.Who, "at": r.At})
			text = append(text, fmt.Sprintf("%s: %s (%s, %s)", r.Endpoint, r.Why, r.Who, r.At.Format("2006-01-02")))
		}
		return a.print(out, text...)
	})
}

// noteRefusal writes an act into a tenant's audit, in the transaction of the act.
func (a *admin) noteRefusal(tenant, act, what, why string) (func(*db.Tx) error, error) {
	t, err := a.tenant(tenant)
	if err != nil {
		return nil, err
	}
	return func(tx *db.Tx) error {
		return a.rooms.Audit.Add(tx, audit.Entry{Tenant: t.ID, Who: typedBy(), Role: "admin", Act: act, What: what, Reason: why})
	}, nil
}
