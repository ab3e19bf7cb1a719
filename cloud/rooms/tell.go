package rooms

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cardea/cloud/audit"
	intelligence "cardea/cloud/intel"
	"cardea/cloud/rollout"
	"cardea/cloud/staff"
	"cardea/cloud/webhook"
	"cardea/home"
	"cardea/internal/platform/db"
)

// rolloutEvents are what providers' systems hear of a rollout, by what its history says.
var rolloutEvents = map[string]string{"started": "rollout.started", "ring": "rollout.advanced", "paused": "rollout.paused", "resumed": "rollout.resumed",
	"halted": "rollout.halted", "undone": "rollout.undone", "done": "rollout.finished"}

// tellRollout tells all providers' systems: a version reaches the homes of all.
func (r *Rooms) tellRollout(tx *db.Tx, p rollout.Plan, what string) error {
	kind := rolloutEvents[what]
	if kind == "" {
		return nil
	}
	return r.Webhooks.EmitAll(tx, webhook.Event{Kind: kind, Subject: "rollouts/" + p.ID,
		Data: webhook.Rollout{Rollout: p.ID, Bundle: p.Name, Version: p.Version, Before: p.Before, State: string(p.State), Ring: p.Ring.String()}})
}

// tellProposed tells a provider's systems that something waits for a second person.
func (r *Rooms) tellProposed(tx *db.Tx, n staff.Note) error {
	kind, id, ok := strings.Cut(n.What, " ")
	if n.Act != "propose" || !ok {
		return nil
	}
	return r.Webhooks.Emit(tx, webhook.Event{Kind: "approval.waiting", Place: home.Place{Tenant: n.Tenant}, Subject: "approvals/" + id,
		Data: webhook.Approval{Approval: id, Kind: kind}})
}

func (r *Rooms) tellSealed(tx *db.Tx, c audit.Checkpoint) error {
	return r.Webhooks.Emit(tx, webhook.Event{Kind: "audit.sealed", Place: home.Place{Tenant: c.Tenant}, Data: webhook.Checkpoint{Number: c.Number, At: c.At.UTC(),
		Hash: hex.EncodeToString(c.Hash), Key: c.Key, Signature: base64.StdEncoding.EncodeToString(c.Signature)}})
}

// webhookPaused writes into a provider's audit that the cloud itself paused a webhook.
func (r *Rooms) webhookPaused(tx *db.Tx, tenant, id, why string) error {
	return r.Audit.Add(tx, audit.Entry{Tenant: tenant, Who: "cardea", Role: "cloud", Act: "webhook-paused", What: id, Reason: why})
}

// huntsTold is for how long the end of a search is told to who has not heard of it, as after a time in which the cloud was down.
const huntsTold = 24 * time.Hour

// TellIntel tells providers' systems of lists that went out, and of searches that began or ended. It is asked again and again, and each
// is told once: the events have keys.
func (r *Rooms) TellIntel(ctx context.Context, t intelligence.Turned, hunts bool) error {
	var errs []error
	if t.Changed {
		version := strconv.FormatUint(t.Version, 10)
		errs = append(errs, r.DB.Tx(ctx, func(tx *db.Tx) error {
			return r.Webhooks.EmitAll(tx, webhook.Event{Kind: "list.published", Key: version, At: time.Now(), Data: webhook.List{Version: t.Version, Entries: int64(t.Entries)}})
		}))
	}
	if t.Fetched > 0 || hunts {
		errs = append(errs, r.tellSources(ctx))
	}
	if !hunts {
		return errors.Join(errs...)
	}
	tenants, err := r.Accounts.Tenants(ctx)
	errs = append(errs, err)
	for _, one := range tenants {
		errs = append(errs, r.tellHunts(ctx, one.ID, time.Now()))
	}
	return errors.Join(errs...)
}

// failsTold is after how many failures in a row a source is told to fail: one alone is often over with the next.
const failsTold = 3

// tellSources tells all providers' systems of sources whose lists were held back or could not be read, each time that this began once.
func (r *Rooms) tellSources(ctx context.Context) error {
	sources, err := r.Intel.Sources(ctx)
	if err != nil {
		return err
	}
	var events []webhook.Event
	for i := range sources {
		if e, ok := sourceEvent(&sources[i]); ok {
			events = append(events, e)
		}
	}
	if len(events) == 0 {
		return nil
	}
	return r.DB.Tx(ctx, func(tx *db.Tx) error {
		for _, e := range events {
			if err := r.Webhooks.EmitAll(tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// sourceEvent is what there is to tell of a source, if there is. It is of the time at which the source was last as it should be, which
// stays while it is not; so it is one event, however often it is looked at, until other content is held.
func sourceEvent(s *intelligence.State) (webhook.Event, bool) {
	e := webhook.Event{At: time.UnixMilli(0)}
	if !s.Good.IsZero() {
		e.At = s.Good
	}
	told := webhook.Source{Source: s.Name, Entries: int64(s.Entries), Held: int64(s.Held)}
	switch {
	case s.State == intelligence.StateHeld && s.Held == 0:
		e.Kind, told.Why = "list.held", "empty"
	case s.State == intelligence.StateHeld && s.Held < s.Entries:
		e.Kind, told.Why = "list.held", "shrank"
	case s.State == intelligence.StateHeld:
		e.Kind, told.Why = "list.held", "grew"
	case s.State == intelligence.StateFailed && s.Fails >= failsTold:
		e.Kind, told.Why, told.Held = "list.refused", "failing", 0
	default:
		return e, false
	}
	e.Key, e.Data = fmt.Sprintf("%s %d %d", s.Name, e.At.UnixMilli(), s.Held), told
	return e, true
}

func (r *Rooms) tellHunts(ctx context.Context, tenant string, now time.Time) error {
	if any, err := r.Webhooks.Any(ctx, tenant); err != nil || !any {
		return err
	}
	hunts, err := r.Intel.Hunts(ctx, tenant)
	if err != nil {
		return err
	}
	return r.DB.Tx(ctx, func(tx *db.Tx) error {
		for _, h := range hunts {
			e := webhook.Event{Kind: "hunt.started", Place: home.Place{Tenant: tenant}, Subject: "hunts/" + h.ID, Key: h.ID, At: h.Begun,
				Data: webhook.Hunt{Hunt: h.ID, Indicators: len(h.Of), Ends: h.Ends}}
			if now.Sub(h.Begun) < huntsTold {
				if err := r.Webhooks.Emit(tx, e); err != nil {
					return err
				}
			}
			if h.Ends.After(now) || now.Sub(h.Ends) > huntsTold {
				continue
			}
			e.Kind, e.At = "hunt.finished", h.Ends
			told := webhook.Hunt{Hunt: h.ID, Indicators: len(h.Of), Ends: h.Ends, Homes: h.Homes.N, Few: h.Homes.Few}
			if h.Homes.N > 0 { // cases of a few homes would tell how many these are
				told.Cases = h.Cases
			}
			e.Data = told
			if err := r.Webhooks.Emit(tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}
