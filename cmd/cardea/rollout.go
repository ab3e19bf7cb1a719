package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"cardea/cloud/audit"
	"cardea/cloud/intel"
	"cardea/cloud/rollout"
	"cardea/cloud/rollout/ring"
	"cardea/home"
	"cardea/internal/platform/db"
)

// rolloutCmd brings versions of bundles out. It opens a cloud's data as admin does; a running cloud notices within seconds.
type rolloutCmd struct {
	Data   string        `help:"The cloud's data folder." default:"/var/lib/cardea-cloud" type:"path"`
	DB     string        `help:"Its database; default: cardea.db in the data folder."`
	JSON   bool          `help:"Print JSON."`
	Start  rolloutStart  `cmd:"" help:"Bring a version out, ring by ring: lab, 1 %, 5 %, 25 %, all."`
	Status rolloutStatus `cmd:"" help:"Tell how rollouts stand, or one with its gates and history."`
	Pause  rolloutPause  `cmd:"" help:"Let no further home have it; those that have it keep it."`
	Resume rolloutResume `cmd:"" help:"Go on after a pause, a halt or the time in shadow."`
	Halt   rolloutHalt   `cmd:"" help:"Stop it as bad; undo takes it back."`
	Undo   rolloutUndo   `cmd:"" help:"Return to what the good version says, as a new version; also after it is done, while nothing newer followed."`
	Pin    rolloutPin    `cmd:"" help:"Put a home into a ring, or hold it at a version; without either that pin is taken back."`
	Hold   rolloutHold   `cmd:"" help:"Keep back what is published of a bundle until a rollout is started, as of lists that are to be tried in shadow."`
}

func (c *rolloutCmd) with(ctx context.Context, f func(*admin, *rollout.Rollout) error) error {
	door := adminCmd{Data: c.Data, DB: c.DB, JSON: c.JSON, typed: "rollout"}
	return door.with(ctx, func(a *admin) error { return f(a, a.rooms.Rollout) })
}

// who is told in the history of what was done by command.
const byCommand = "command"

type rolloutStart struct {
	Name    string        `arg:"" enum:"lists,models,exposures,profiles,playbooks,agent" help:"Of the bundle: lists, models, exposures, profiles, playbooks or agent."`
	Version uint64        `name:"bundle-version" help:"Which; default: the newest."`
	Shadow  time.Duration `help:"For how long homes judge by it without acting first, and tell what it would have done. Of lists, profiles and models only."`
	Pace    time.Duration `help:"How long each ring lasts at least; default: as is usual for the bundle. With less than 15m nobody notices in time that homes fell silent."`
	Why     string        `help:"A reason, for the history." default:"started by command"`
}

// Validate is called by kong: what can never be started is a wrong command.
func (c rolloutStart) Validate() error {
	if c.Shadow > 0 && !rollout.Shadowed(c.Name) {
		return rollout.ErrShadow
	}
	return nil
}

// Run is called by kong.
func (c rolloutStart) Run(ctx context.Context, top *cli) error {
	return top.Rollout.with(ctx, func(a *admin, r *rollout.Rollout) error {
		note, err := a.noteAll("rollout-start", c.Why)
		if err != nil {
			return err
		}
		p, err := r.Start(a.ctx, rollout.Start{Name: c.Name, Version: c.Version, Shadow: c.Shadow, Pace: c.Pace, By: byCommand, Why: c.Why}, ofPlan(note))
		if err != nil {
			return err
		}
		return a.print(planJSON(p), planText(p))
	})
}

type rolloutStatus struct {
	ID string `arg:"" optional:"" help:"Of a rollout."`
}

// Run is called by kong.
func (c rolloutStatus) Run(ctx context.Context, top *cli) error {
	return top.Rollout.with(ctx, func(a *admin, r *rollout.Rollout) error {
		if c.ID == "" {
			list, err := r.Plans(a.ctx)
			if err != nil {
				return err
			}
			stand, err := r.Standings(a.ctx)
			if err != nil {
				return err
			}
			out, text := make([]any, 0, len(list)), []string{}
			for _, s := range stand {
				text = append(text, standingText(s))
			}
			for _, p := range list {
				out, text = append(out, planJSON(p)), append(text, planText(p))
			}
			return a.print(map[string]any{"rollouts": out, "bundles": stand}, text...)
		}
		p, history, err := r.Plan(a.ctx, c.ID)
		if err != nil {
			return err
		}
		is, control, err := r.Figures(a.ctx, p)
		if err != nil {
			return err
		}
		out, text := planJSON(p), []string{planText(p), p.Verdict.Why}
		steps := []any{}
		for _, e := range history {
			steps = append(steps, map[string]any{"time": e.At, "who": e.Who, "what": e.What, "ring": e.Ring.String(), "why": e.Why})
			text = append(text, fmt.Sprintf("  %s %s at ring %s: %s", e.At.Format(time.RFC3339), e.What, e.Ring, e.Why))
		}
		for _, g := range p.Verdict.Gates {
			text = append(text, fmt.Sprintf("  %s: %.4g with it, %.4g without, p %.2g", g.Name, g.Ring, g.Control, g.P))
		}
		tried, err := a.rooms.Intel.Tried(a.ctx, intel.Everywhere, p.Name, p.Version)
		if err != nil {
			return err
		}
		for _, t := range tried {
			text = append(text, triedText(t))
		}
		out["history"], out["homes"], out["control"], out["tried"] = steps, is, control, tried
		return a.print(out, text...)
	})
}

// triedText says what a version that homes only tried would have done to a model.
func triedText(t intel.Tried) string {
	model, of := t.Model, "contacts"
	if model == "" {
		model = "devices of no known model"
	}
	if home.Difference(t.What).Of() == "models" {
		model, of = takenText(t), "devices"
	}
	if t.Homes.Few {
		return fmt.Sprintf("  tried: %s %s: in few homes", t.What, model)
	}
	return fmt.Sprintf("  tried: %s %s: in %d homes, %d %s", t.What, model, t.Homes.N, t.Count, of)
}

// takenText says what devices are taken for, and what models that homes only tried would take them for.
func takenText(t intel.Tried) string {
	if home.Difference(t.What) == home.WouldKeep {
		return "as they are"
	}
	of := func(model, class string) string {
		text := cmp.Or(model, "no known model")
		if class != "" && class != model {
			text += " (" + class + ")"
		}
		return text
	}
	text := of(t.Model, t.Class) + " → " + of(t.To, t.ToClass)
	if t.Protection != "" {
		text += ", protected " + t.Protection
	}
	return text
}

func planJSON(p rollout.Plan) map[string]any {
	return map[string]any{"id": p.ID, "name": p.Name, "version": p.Version, "before": p.Before, "back": p.Back, "state": p.State, "ring": p.Ring.String(),
		"began": p.Began, "since": p.Since, "watched_seconds": p.Watched.Seconds(), "shadow_seconds": p.Shadow.Seconds(), "pace_seconds": p.Pace.Seconds(), "by": p.By, "why": p.Why, "verdict": p.Verdict}
}

func standingText(s rollout.Standing) string {
	text := fmt.Sprintf("%s: newest version %d, good is %d", s.Name, s.Newest, s.Good)
	if !s.Offered {
		text += " (homes are told of none without a rollout)"
	}
	if s.Held {
		text += ", held back by hand"
	}
	return text
}

func planText(p rollout.Plan) string {
	return fmt.Sprintf("%s  %s version %d (before: %d)  %s at ring %s since %s", p.ID, p.Name, p.Version, p.Before, p.State, p.Ring, p.Since.Format(time.RFC3339))
}

// rolloutAct is what is done to a rollout.
type rolloutAct struct {
	ID  string `arg:"" help:"Of the rollout."`
	Why string `help:"A reason, for the history." default:"by command"`
}

func (c rolloutAct) run(ctx context.Context, top *cli, act string, do func(*rollout.Rollout) steer) error {
	return top.Rollout.with(ctx, func(a *admin, r *rollout.Rollout) error {
		note, err := a.noteAll(act, c.Why)
		if err != nil {
			return err
		}
		p, err := do(r)(a.ctx, c.ID, byCommand, c.Why, ofPlan(note))
		if err != nil {
			return err
		}
		return a.print(planJSON(p), planText(p))
	})
}

type (
	rolloutPause  struct{ rolloutAct }
	rolloutResume struct{ rolloutAct }
	rolloutHalt   struct{ rolloutAct }
	rolloutUndo   struct{ rolloutAct }
)

type steer = func(context.Context, string, string, string, ...rollout.Also) (rollout.Plan, error)

// Run is called by kong.
func (c rolloutPause) Run(ctx context.Context, top *cli) error {
	return c.run(ctx, top, "rollout-pause", func(r *rollout.Rollout) steer { return r.Pause })
}

// Run is called by kong.
func (c rolloutResume) Run(ctx context.Context, top *cli) error {
	return c.run(ctx, top, "rollout-resume", func(r *rollout.Rollout) steer { return r.Resume })
}

// Run is called by kong.
func (c rolloutHalt) Run(ctx context.Context, top *cli) error {
	return c.run(ctx, top, "rollout-halt", func(r *rollout.Rollout) steer { return r.Halt })
}

// Run is called by kong.
func (c rolloutUndo) Run(ctx context.Context, top *cli) error {
	return c.run(ctx, top, "rollout-undo", func(r *rollout.Rollout) steer { return r.Undo })
}

type rolloutPin struct {
	Tenant  string `required:"" help:"The tenant."`
	Home    string `required:"" help:"The home's id."`
	Name    string `help:"Of the bundle that the pin is for; default: one for all, beside which those of single bundles stay."`
	Ring    string `help:"lab, 1, 5, 25 or all." enum:"none,lab,1,5,25,all" default:"none"`
	Version uint64 `name:"bundle-version" help:"The version that it is to have."`
	Why     string `help:"A reason." default:"by command"`
}

// Run is called by kong.
func (c rolloutPin) Run(ctx context.Context, top *cli) error {
	at, err := ring.Parse(c.Ring)
	if err != nil {
		return err
	}
	return top.Rollout.with(ctx, func(a *admin, r *rollout.Rollout) error {
		t, err := a.tenant(c.Tenant)
		if err != nil {
			return err
		}
		place, words := home.Place{Tenant: t.ID, Home: c.Home}, "The pin for all bundles is taken back; one for a single bundle stays."
		if c.Name != "" {
			words = fmt.Sprintf("The pin for %s is taken back.", c.Name)
		}
		if at != ring.None || c.Version > 0 { // a pin of a home that is gone may be taken back
			words = "The home is pinned."
			if _, err := a.rooms.Accounts.Home(a.ctx, place); err != nil {
				return fmt.Errorf("home %.40s: %w", c.Home, err)
			}
		}
		note := func(tx *db.Tx) error {
			return a.rooms.Audit.Add(tx, audit.Entry{Tenant: t.ID, Home: c.Home, Who: typedBy(), Role: "admin", Act: "rollout-pin", What: c.Home, Reason: c.Why})
		}
		p := rollout.Pinned{Place: place, Name: c.Name, Pin: ring.Pin{Ring: at, Version: c.Version}, By: byCommand, Why: c.Why}
		if err := r.Pin(a.ctx, p, note); err != nil {
			return err
		}
		return a.print(map[string]any{"home": c.Home, "bundle": c.Name, "ring": at.String(), "version": c.Version}, words)
	})
}

type rolloutHold struct {
	Name string `arg:"" enum:"lists,models,exposures,profiles,herd,playbooks,agent" help:"Of the bundle: lists, models, exposures, profiles, herd, playbooks or agent."`
	Off  bool   `help:"Hold it back no more."`
	signedWhy
}

// Run is called by kong.
func (c rolloutHold) Run(ctx context.Context, top *cli) error {
	return top.Rollout.with(ctx, func(a *admin, r *rollout.Rollout) error {
		act := "rollout-hold"
		if c.Off {
			act = "rollout-hold-end"
		}
		note, err := a.noteAll(act, c.Why)
		if err != nil {
			return err
		}
		if err := r.Hold(a.ctx, c.Name, !c.Off, func(tx *db.Tx) error { return note(tx, c.Name) }); err != nil {
			return err
		}
		return a.print(map[string]any{"bundle": c.Name, "held": !c.Off}, "Done.")
	})
}
