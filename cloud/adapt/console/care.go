package console

import (
	"context"
	"slices"
	"strings"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api/view"
	"cardea/cloud/audit"
	"cardea/cloud/desired"
	"cardea/cloud/incident"
	"cardea/cloud/rooms"
	"cardea/cloud/rooms/faults"
	"cardea/home"
	"cardea/wire/pb"
)

type caringPart struct{ *base.Adapter }

// timelineLong is how many lines a home's timeline has at most.
const timelineLong = 100

const (
	auditLong = 500 // lines of the audit that it is made from: most are what somebody read
	notesLong = 50
)

func (a caringPart) Care(ctx context.Context, p home.Place) (v view.Care, err error) {
	p = p.OfHome()
	state, err := a.History.State(ctx, p)
	if err != nil {
		return v, faults.Tell(err)
	}
	v.LastContact = base.At(state.Seen)
	if !state.Seen.IsZero() {
		v.Health = healthOf(state.Beat)
	}
	if v.Consented, err = a.consented(ctx, p); err != nil {
		return v, faults.Tell(err)
	}
	h, err := a.History.Home(ctx, p)
	if err != nil {
		return v, faults.Tell(err)
	}
	v.Lost = h.Dropped
	devices, err := a.History.DeviceList(ctx, p)
	if err != nil {
		return v, faults.Tell(err)
	}
	var last time.Time
	for _, d := range devices {
		if d.Updated.After(last) {
			last = d.Updated
		}
	}
	v.LastDevices = base.At(last)
	day, err := a.History.LastDay(ctx, p)
	if err != nil {
		return v, faults.Tell(err)
	}
	v.LastDay = base.At(day)
	return v, faults.Tell(a.happened(ctx, p, &v))
}

func (a caringPart) consented(ctx context.Context, p home.Place) (bool, error) {
	all, err := a.Accounts.Consents(ctx, p)
	if err != nil {
		return false, err
	}
	now := a.Now().UnixMilli()
	for _, c := range all {
		if c.Revoked.IsZero() && c.GetFrom() <= now && now < c.GetUntil() {
			return true, nil
		}
	}
	return false, nil
}

func healthOf(b *pb.Heartbeat) *view.CareHealth {
	h := b.GetHealth()
	out := &view.CareHealth{Started: rooms.TimeOf(b.GetStarted()), Armed: b.GetArmed(), Degraded: b.GetDegraded(), Platform: b.GetSoftware().GetPlatform(), Software: b.GetSoftware().GetState(),
		Crashes: int(h.GetCrashes()), Asked: h.GetAsked(), Unanswered: h.GetUnanswered(), Broken: int(h.GetBroken()), Findings: int(h.GetFindings()), Memory: h.GetMemory(),
		Throughput: h.GetThroughput(), Spool: b.GetSpoolItems(), Dropped: b.GetDropped()}
	for _, v := range b.GetBundles() {
		out.Bundles = append(out.Bundles, view.Bundled{Name: v.GetName(), Version: v.GetVersion()})
	}
	return out
}

// happened is the home's timeline, the latest first, and the notes in it.
func (a caringPart) happened(ctx context.Context, p home.Place, v *view.Care) error {
	cases, err := a.Incidents.List(ctx, p, incident.All, "", 50)
	if err != nil {
		return err
	}
	for _, c := range cases {
		v.Timeline = append(v.Timeline, view.Happened{Time: rooms.TimeOf(c.GetOpened()), Kind: "case", What: "opened", Who: "gateway", Why: c.GetSymptom().GetDetector(), Case: c.GetId()})
		if home.State(c.GetState()) == home.StateClosed {
			v.Timeline = append(v.Timeline, view.Happened{Time: rooms.TimeOf(c.GetChanged()), Kind: "case", What: "closed", Why: c.GetOutcome(), Case: c.GetId()})
		}
	}
	orders, err := a.Desired.List(ctx, p, "")
	if err != nil {
		return err
	}
	who := a.Callers(ctx, p.Tenant)
	for _, o := range orders { // why is not told: who asked may have named whom a device talks to
		v.Timeline = append(v.Timeline, orderHappened(o, who))
	}
	entries, err := a.Rooms.Audit.List(ctx, p.Tenant, p.Home, "", auditLong)
	if err != nil {
		return err
	}
	v.Timeline = append(v.Timeline, actsHappened(entries, who)...)
	notes, err := a.Rooms.Audit.Find(ctx, p.Tenant, audit.Filter{Home: p.Home, Act: "note"}, "", notesLong)
	if err != nil {
		return err
	}
	for _, e := range notes {
		v.Notes = append(v.Notes, view.Note{Time: base.UTC(e.At), Who: who(e.Who), Text: e.What})
	}
	slices.SortStableFunc(v.Timeline, func(x, y view.Happened) int { return y.Time.Compare(x.Time) })
	v.Timeline = v.Timeline[:min(len(v.Timeline), timelineLong)]
	return nil
}

// orderHappened tells an order with what became of it. Who of a home asked is theirs; who of staff did is told.
func orderHappened(o desired.Order, who func(string) string) view.Happened {
	h := view.Happened{Time: base.UTC(o.Asked), Kind: "order", What: o.Verb, Who: o.By, Device: o.Device, Status: string(o.Status), Done: base.At(o.Done), Result: o.Reason, Case: o.Incident}
	if o.By == "support" && o.Who != "" {
		h.Who = who(o.Who)
	}
	return h
}

// actsHappened are the lines of the audit, the newest first. What one person read one after the other for one reason is one line.
func actsHappened(entries []audit.Entry, who func(string) string) (out []view.Happened) {
	read := -1 // the line that further reads go into
	var last audit.Entry
	for _, e := range entries {
		about := partOf(e)
		if e.Act == "post" && about == "notes" { // the note itself is a line
			continue
		}
		if e.Act == "get" && read >= 0 && last.Who == e.Who && last.Reason == e.Reason {
			if h := &out[read]; about != "" && !slices.Contains(h.About, about) {
				h.About = append(h.About, about)
			}
			continue
		}
		h := view.Happened{Time: base.UTC(e.At), Kind: "staff", What: e.Act, Who: who(e.Who), Why: said(e)}
		if about != "" {
			h.About = []string{about}
		}
		out, read, last = append(out, h), -1, e
		if e.Act == "get" {
			read = len(out) - 1
		}
	}
	return out
}

// partOf is of which part of the home a request was, by its path without ids, as devices or devices/exposures; "" for the home itself and
// for acts that are no request. What else stands in the audit may be whom a device talks to.
func partOf(e audit.Entry) string {
	if !slices.Contains([]string{"get", "post", "put", "patch", "delete"}, e.Act) {
		return ""
	}
	var parts []string
	for part := range strings.SplitSeq(strings.Trim(e.What, "/"), "/") {
		if part != "" && strings.Trim(part, "abcdefghijklmnopqrstuvwxyz-") == "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "/")
}

func said(e audit.Entry) string {
	if e.Act == "note" {
		return e.What
	}
	return e.Reason
}
