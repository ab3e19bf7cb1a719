package rooms

import (
	"context"
	"encoding/json"
	"fmt"

	"cardea/cloud/audit"
	intelligence "cardea/cloud/intel"
	"cardea/cloud/staff"
	"cardea/internal/platform/db"
)

func (r *Rooms) previewHunt(ctx context.Context, _ string, what []byte) (string, error) {
	var h intelligence.Hunt
	if err := json.Unmarshal(what, &h); err != nil {
		return "", fmt.Errorf("%w: that is no search", staff.ErrInput)
	}
	h.Asker, h.Second = "one person", "another" // who they are is known when it is decided
	return "All homes of the provider look into what they remember.", r.Intel.CheckHunt(ctx, &h)
}

func (r *Rooms) startHunt(ctx context.Context, a staff.Approval) (string, error) {
	id, err := r.StartHunt(ctx, a.Tenant, a.What, a.By, a.Decider)
	if err != nil {
		return "", err
	}
	return "Started as " + id + ".", nil
}

// CheckHunt says whether a search in homes' pasts may be proposed. what is a search as JSON.
func (r *Rooms) CheckHunt(ctx context.Context, what []byte) error {
	var h intelligence.Hunt
	if err := json.Unmarshal(what, &h); err != nil {
		return fmt.Errorf("%w: not a search", intelligence.ErrWrong)
	}
	return r.Intel.CheckHunt(ctx, &h)
}

// StartHunt begins a search that two persons agreed on, and has gateways told of it. It returns the search's id.
func (r *Rooms) StartHunt(ctx context.Context, tenant string, what []byte, asker, second string) (string, error) {
	var h intelligence.Hunt
	if err := json.Unmarshal(what, &h); err != nil {
		return "", fmt.Errorf("%w: not a search", intelligence.ErrWrong)
	}
	h.Asker, h.Second = asker, second
	h, err := r.Intel.StartHunt(ctx, tenant, h, func(tx *db.Tx) error {
		return r.Audit.Add(tx, audit.Entry{Tenant: tenant, Who: second, Role: "staff", Act: "begin a search in homes' pasts", What: fmt.Sprintf("%d indicators, asked for by %s", len(h.Of), asker), Reason: h.Why})
	})
	if err == nil && r.signals.Rollout != nil {
		r.signals.Rollout() // gateways look what there is for them
	}
	return h.ID, err
}
