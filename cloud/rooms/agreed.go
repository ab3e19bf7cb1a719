package rooms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/audit"
	intelligence "cardea/cloud/intel"
	"cardea/cloud/rollout"
	"cardea/cloud/rooms/faults"
	"cardea/cloud/staff"
	"cardea/home"
	"cardea/internal/platform/db"
)

// NoteRollout writes an act of staff down, in the transaction of the act.
func (r *Rooms) NoteRollout(e audit.Entry) rollout.Also {
	return func(tx *db.Tx, p rollout.Plan) error {
		e := e // the transaction may be tried again
		e.Role, e.What = string(api.Staff), p.ID
		return r.Audit.Add(tx, e)
	}
}

// actions are what is done when two persons agreed, by the kind of the proposal.
func (r *Rooms) actions() map[string]staff.Action {
	return map[string]staff.Action{
		"home.erase": {Preview: r.aboutHome, Do: r.eraseAgreed}, "home.export": {Preview: r.aboutHome, Do: r.exportAgreed},
		"hunt":          {Preview: r.previewHunt, Do: r.startHunt},
		"rollout.start": {Preview: r.previewRollout, Do: r.startAgreed}, "rollout.undo": {Preview: r.previewUndo, Do: r.undoAgreed},
		"intel.list": {Preview: r.previewList, Do: r.listAgreed}, "bulk.block": {Preview: r.previewBulk, Do: r.bulkAgreed},
	}
}

// NotDone is all that people are told of a failure that they cannot mend.
const NotDone = "It could not be done. Propose it again later, or ask the administrator of the server."

// InWords is why something was not done, in the words of whichever room it comes from.
func InWords(err error) string {
	var p *problem.Problem
	if errors.As(TellAgreed(err), &p) && p.Detail != "" {
		return p.Detail
	}
	return NotDone
}

// TellAgreed are errors of what is proposed, as problems.
func TellAgreed(err error) error {
	var p *problem.Problem
	for _, tell := range []func(error) error{faults.Intel, faults.Rollout, faults.Staff} {
		if told := tell(err); errors.As(told, &p) {
			return told
		}
	}
	return err
}

// readWhat reads what a proposal is about.
func readWhat(what []byte, into any, want string) error {
	d := json.NewDecoder(bytes.NewReader(what))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w: want %s", staff.ErrInput, want)
	}
	return nil
}

type startWhat struct {
	Bundle  string `json:"bundle"`
	Version uint64 `json:"version"`
	Shadow  int64  `json:"shadow"`
	Pace    int64  `json:"pace"`
}

func (r *Rooms) previewRollout(ctx context.Context, tenant string, what []byte) (string, error) {
	var in startWhat
	if err := readWhat(what, &in, `{"bundle": its name, "version": its number}`); err != nil {
		return "", err
	}
	if err := r.MustSteer(ctx, tenant); err != nil {
		return "", err
	}
	if !slices.Contains([]string{"lists", "models", "exposures", "profiles", "playbooks", "agent"}, in.Bundle) || in.Shadow < 0 || in.Pace < 0 {
		return "", fmt.Errorf("%w: want one of lists, models, exposures, profiles, playbooks and agent", staff.ErrInput)
	}
	if in.Shadow > 0 && !rollout.Shadowed(in.Bundle) {
		return "", fmt.Errorf("%w: %w", staff.ErrInput, rollout.ErrShadow)
	}
	version := "The newest version"
	if in.Version > 0 {
		version = fmt.Sprintf("Version %d", in.Version)
	}
	return version + " of " + in.Bundle + " goes to all homes, ring by ring, and stops by itself where it does harm.", nil
}

func (r *Rooms) startAgreed(ctx context.Context, a staff.Approval) (string, error) {
	var in startWhat
	if err := errors.Join(readWhat(a.What, &in, "a rollout"), r.MustSteer(ctx, a.Tenant)); err != nil {
		return "", err
	}
	p, err := r.Rollout.Start(ctx, rollout.Start{Name: in.Bundle, Version: in.Version, Shadow: time.Duration(in.Shadow) * time.Second,
		Pace: time.Duration(in.Pace) * time.Second, By: a.By, Why: a.Reason, Seen: a.Proposed},
		r.NoteRollout(audit.Entry{Tenant: a.Tenant, Who: a.Decider, Act: "rollout-start", Reason: a.Reason}))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("Started: version %d of %s.", p.Version, p.Name), nil
}

func rolloutOf(what []byte) (string, error) {
	var in struct {
		Rollout string `json:"rollout"`
	}
	return in.Rollout, readWhat(what, &in, `{"rollout": its id}`)
}

func (r *Rooms) previewUndo(ctx context.Context, tenant string, what []byte) (string, error) {
	id, err := rolloutOf(what)
	if err == nil {
		err = r.MustSteer(ctx, tenant)
	}
	if err != nil {
		return "", err
	}
	p, _, err := r.Rollout.Plan(ctx, id)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("Version %d of %s is taken back: all homes return to what version %d says.", p.Version, p.Name, p.Before), nil
}

func (r *Rooms) undoAgreed(ctx context.Context, a staff.Approval) (string, error) {
	id, err := rolloutOf(a.What)
	if err == nil {
		err = r.MustSteer(ctx, a.Tenant)
	}
	if err != nil {
		return "", err
	}
	p, err := r.Rollout.Undo(ctx, id, a.By, a.Reason, r.NoteRollout(audit.Entry{Tenant: a.Tenant, Who: a.Decider, Act: "rollout-undo", Reason: a.Reason}))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("Taken back: homes get version %d, which says what version %d said.", p.Back, p.Before), nil
}

// listWhat is a source whose held list is agreed to, or one that is put.
type listWhat struct {
	Agree string               `json:"agree,omitempty"`
	Put   *view.NewIntelSource `json:"put,omitempty"`
}

func readList(what []byte) (in listWhat, err error) {
	const want = `{"agree": a source's name} or {"put": a source}`
	if err = readWhat(what, &in, want); err == nil && (in.Agree == "") == (in.Put == nil) {
		err = fmt.Errorf("%w: want %s", staff.ErrInput, want)
	}
	return in, err
}

func (r *Rooms) previewList(ctx context.Context, tenant string, what []byte) (string, error) {
	in, err := readList(what)
	if err == nil {
		err = r.MustSteer(ctx, tenant)
	}
	if err != nil {
		return "", err
	}
	if in.Put != nil {
		return fmt.Sprintf("Lists are taken from %s, with a trust of %d.", in.Put.URL, in.Put.Trust), r.SourceFree(ctx, in.Put.Name)
	}
	d, err := r.Intel.DryRunOf(ctx, tenant, in.Agree)
	return fmt.Sprintf("A list of %d entries comes into force. %s", d.Entries, touchedWords(d)), err
}

// touchedWords says what a list would have done in the past days.
func touchedWords(d intelligence.Dry) string {
	s := "In the past days no home dealt with any of it."
	switch {
	case d.Homes.Few:
		s = fmt.Sprintf("In the past days fewer than %d homes dealt with it.", intelligence.MinHomes)
	case d.Homes.N > 0:
		s = fmt.Sprintf("In the past days %d homes with %d devices dealt with it.", d.Homes.N, d.Devices)
	}
	for _, u := range d.Uses[:min(len(d.Uses), 5)] {
		s += fmt.Sprintf(" Healthy devices use %s: %s.", u.Value, u.Model)
	}
	return s
}

var errServers = problem.New(problem.Forbidden, "That source is the server's own: its administrator changes it.")

// SourceFree fails for a source that is the server's own.
func (r *Rooms) SourceFree(ctx context.Context, name string) error {
	was, err := r.Intel.Source(ctx, name)
	switch {
	case errors.Is(err, intelligence.ErrUnknown):
		return nil
	case err == nil && (was.Kind == intelligence.KindFolder || was.Inside):
		return errServers
	}
	return err
}

// SourceOf is a source as staff put it.
func SourceOf(n *view.NewIntelSource, who string) intelligence.Source {
	return intelligence.Source{Name: n.Name, Kind: n.Kind, Place: n.URL, Format: n.Format, Class: home.Class(n.Class), Family: n.Family, Trust: n.Trust,
		Every: time.Duration(n.Every) * time.Minute, Life: time.Duration(n.Life) * time.Hour, Exact: n.Exact, Secret: n.Secret, Why: n.Reason, Who: who, ByStaff: true}
}

func (r *Rooms) listAgreed(ctx context.Context, a staff.Approval) (string, error) {
	in, err := readList(a.What)
	if err == nil {
		err = r.MustSteer(ctx, a.Tenant)
	}
	if err != nil {
		return "", err
	}
	act, what := "agree a source of intelligence", in.Agree
	if in.Put != nil {
		act, what = "set a source of intelligence", in.Put.Name+" "+in.Put.URL
	}
	note := func(tx *db.Tx) error {
		return r.Audit.Add(tx, audit.Entry{Tenant: a.Tenant, Who: a.Decider, Role: "staff", Act: act, What: what, Reason: a.Reason})
	}
	if in.Put == nil { // what came since it was proposed is what nobody has looked at
		if err := r.Intel.AgreeSeen(ctx, in.Agree, a.Proposed, note); err != nil {
			return "", err
		}
		return "The list comes into force within a minute.", nil
	}
	if err := r.SourceFree(ctx, in.Put.Name); err != nil {
		return "", err
	}
	s := SourceOf(in.Put, a.By)
	if strings.TrimSpace(s.Why) == "" {
		s.Why = a.Reason
	}
	if s.Kind == intelligence.KindFolder {
		return "", errServers
	}
	if err := r.Intel.SetSource(ctx, s, note); err != nil {
		return "", err
	}
	return "The source is asked within a minute.", nil
}
