package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"cardea/gateway/report"
	"cardea/gateway/uplink"
	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"github.com/google/renameio/v2"
	"google.golang.org/protobuf/proto"
)

// Bounds and times of telling.
const (
	maxPending  = 4096 // items that wait; further ones are dropped and counted
	maxChecks   = 256
	rollEvery   = 3 * time.Second
	stopsEvery  = time.Minute
	hoursEvery  = 10 * time.Second
	openEvery   = 30 * time.Second
	sightsEvery = time.Minute
	daysEvery   = 10 * time.Minute
	saveEvery   = 5 * time.Minute
	nameSettles = 10 * time.Second // after its first packet a flow has its name
	retryEvery  = time.Second
)

func (m cloudMemory) clone() cloudMemory {
	m.Orders, m.Contained, m.Keys = slices.Clone(m.Orders), slices.Clone(m.Contained), slices.Clone(m.Keys)
	m.Revoked, m.Bundles, m.Pending, m.Sought = slices.Clone(m.Revoked), maps.Clone(m.Bundles), nil, slices.Clone(m.Sought)
	return m
}

// queue has an item told after the state that it tells of is on disk. It never blocks.
func (c *cloud) queue(item *pb.Item) {
	if item.GetTime() == 0 {
		item.Time = report.Millis(c.g.now())
	}
	if item = c.fit(item); item == nil {
		return
	}
	c.mu.Lock()
	full := len(c.pending) >= maxPending
	if !full {
		c.pending = append(c.pending, item)
	}
	c.mu.Unlock()
	if full {
		c.g.count("cloud_items_dropped", 1)
	}
	c.ask(c.wake)
}

// found tells of a finding; inc is nil when it belongs to no case.
func (c *cloud) found(f *home.Finding, incident string) {
	if c.active.Load() {
		c.queue(&pb.Item{Time: report.Millis(f.Time), Body: &pb.Item_Finding{Finding: report.Finding(f, incident)}})
	}
}

// incident tells of a case, whole.
func (c *cloud) incident(i *home.Incident) {
	if !c.active.Load() {
		return
	}
	grade := home.GradeNone
	if i.Mode != home.ModeOff {
		grade = c.g.grade(i.Device, i.Mode)
	}
	c.mu.Lock()
	var check *home.Check
	if k, ok := c.checks[i.ID]; ok {
		check = &k
	}
	m := report.Incident(i, grade, check)
	same := proto.Equal(c.lastTold[i.ID], m)
	if c.lastTold[i.ID] = m; i.State == home.StateClosed {
		delete(c.checks, i.ID)
		delete(c.lastTold, i.ID)
	}
	c.mu.Unlock()
	if !same { // a step and what follows from it are often one
		c.queue(&pb.Item{Body: &pb.Item_Incident{Incident: m}})
	}
}

// checked notes the last answer to "is it clean?".
func (c *cloud) checked(incident string, k home.Check) {
	if !c.active.Load() {
		return
	}
	for _, i := range c.g.responder.Incidents() {
		if i.ID != incident && i.Code != incident {
			continue
		}
		c.mu.Lock()
		if len(c.checks) < maxChecks {
			c.checks[i.ID] = k
		}
		c.mu.Unlock()
		c.incident(&i)
		return
	}
}

// enforced tells a case again whose enforcement has changed.
func (c *cloud) enforced(ids []home.DeviceID) {
	c.ask(c.proofs)
	for _, id := range ids {
		if i, open := c.g.responder.Of(id); open {
			c.incident(&i)
		}
	}
}

// contact takes a contact whose window closed.
func (c *cloud) contact(k *home.Contact) {
	if !c.active.Load() {
		return
	}
	c.tried(k)
	c.triedBy(k)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hours.Add(k)
	c.used(k)
}

// used notes an endpoint that was used, unless it says more about people than about a model. mu is held.
func (c *cloud) used(k *home.Contact) {
	if c.g.private(k.Device, k.Last) {
		return
	}
	if f := c.announced.Used(k, k.Last); f != nil {
		c.first = append(c.first, f)
	}
}

// stopped notes what was refused. g.mu is held; the judge, which is asked for the evidence where something is refused anew, takes no lock.
func (c *cloud) stopped(o *home.Observation, endpoint string, v *home.Verdict) {
	d := o.Device
	if d == nil || !c.active.Load() {
		return
	}
	card := func() *home.Card { return c.g.judge.Refused(o) }
	if c.g.household.Guest(d.ID) { // that it was refused, and not whom
		guests := *v
		guests.Reason = report.GuestsHome
		endpoint, v, card = "", &guests, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stops.Add(d.ID, endpoint, v, o.Time, card)
}

// tell brings what waits into the spool until ctx ends.
func (c *cloud) tell(ctx context.Context) error {
	retry := time.NewTimer(time.Hour)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.wake:
		case <-retry.C:
		}
		if err := c.flush(); err != nil {
			c.g.count("cloud_spool_failed", 1)
			c.g.log.Error("what goes to the cloud cannot be kept; it is tried again", "err", err)
			retry.Reset(retryEvery)
		}
	}
}

// flush puts what is pending into the spool, after the state that it tells of is on disk: the cloud must not know of what
// the gateway forgets in a crash. What is put twice after a crash has the same ids.
func (c *cloud) flush() error {
	c.flushing.Lock()
	defer c.flushing.Unlock()
	c.mu.Lock()
	l, items := c.line, slices.Clone(c.pending)
	c.mu.Unlock()
	if l == nil || len(items) == 0 {
		return nil
	}
	if err := c.g.remember(); err != nil {
		return err
	}
	var err error
	put := 0
	for _, item := range items {
		err = l.spool.Put(proto.CloneOf(item)) // it sets the sequence
		if errors.Is(err, uplink.ErrTooBig) {  // it always will be: what comes after it must not wait for ever
			c.g.count("cloud_items_dropped", 1)
			err = nil
		}
		if err != nil {
			break
		}
		put++
	}
	c.mu.Lock()
	c.pending = slices.Clone(c.pending[put:]) // others were added behind them only
	c.mu.Unlock()
	return err
}

// fit is an item as it may leave the home; nil: it may not. It is asked before an item is kept, and again before it is sent: people
// may have decided so in between.
func (c *cloud) fit(item *pb.Item) *pb.Item {
	if c.g.household.Private() {
		return report.Private(item)
	}
	return report.WithoutGuests(item, c.g.household.Guest)
}

// put hands over what may be lost in a crash.
func (c *cloud) put(item *pb.Item) {
	c.mu.Lock()
	l := c.line
	c.mu.Unlock()
	if l == nil {
		return
	}
	item.Time = report.Millis(c.g.now())
	if item = c.fit(item); item == nil {
		return
	}
	if err := l.spool.Put(item); err != nil {
		c.g.count("cloud_spool_failed", 1)
	}
}

// ticks does what happens every so often.
func (c *cloud) ticks(ctx context.Context) error {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			c.second(c.g.now())
		}
	}
}

// due says whether something that happens every so often is to happen now, also after the clock was set back.
func due(next *time.Time, now time.Time, every time.Duration) bool {
	if now.Before(*next) && next.Sub(now) <= every {
		return false
	}
	*next = now.Add(every)
	return true
}

func (c *cloud) second(now time.Time) {
	if due(&c.nextRoll, now, rollEvery) {
		c.tellDevices()
	}
	if due(&c.nextLook, now, openEvery) {
		c.lookAtOpen(now)
	}
	if due(&c.nextSights, now, sightsEvery) {
		c.tellSights(now)
	}
	if due(&c.nextDays, now, daysEvery) {
		c.tellDays(now)
	}
	if due(&c.nextHours, now, hoursEvery) {
		c.tellHours()
	}
	c.mu.Lock()
	stops := c.stops.Waiting()
	c.mu.Unlock()
	if stops && due(&c.nextStops, now, stopsEvery) {
		c.tellStops()
	}
	if due(&c.nextBeside, now, besideEvery) {
		c.tellBeside()
		c.tellProfiles()
	}
	if due(&c.nextSave, now, saveEvery) {
		if err := c.saveAnnounced(); err != nil {
			c.g.log.Error("state", "err", err)
		}
	}
}

// tellAll is the last word.
func (c *cloud) tellAll(now time.Time) {
	c.tellDevices()
	c.lookAtOpen(now)
	c.tellSights(now)
	c.tellHours()
	c.tellStops()
	c.tellBeside()
	c.tellProfiles()
}

// tellDevices tells which devices are new or have changed.
func (c *cloud) tellDevices() {
	list, home := c.g.wireDevices("")
	if c.anew.Swap(false) {
		c.roll = report.Roll{}
	}
	for _, d := range c.roll.Changes(list, home.Block, home.Allow) {
		c.put(&pb.Item{Body: &pb.Item_Devices{Devices: d}})
	}
}

// lookAtOpen finds endpoints that are used for the first time without waiting for the end of the hour.
func (c *cloud) lookAtOpen(now time.Time) {
	var used []home.Contact
	known := map[home.DeviceID]bool{}
	c.g.mu.Lock()
	for _, d := range c.g.observer.Devices() {
		known[d.ID] = true
	}
	c.g.observer.Contacts("", func(k home.Contact) bool {
		if k.Flows > 0 && now.Sub(k.First) >= nameSettles {
			used = append(used, k)
		}
		return true
	})
	c.g.mu.Unlock()
	c.mu.Lock()
	for i := range used {
		c.used(&used[i])
	}
	c.announced.Keep(func(id home.DeviceID) bool { return known[id] })
	first := c.first
	c.first = nil
	c.mu.Unlock()
	for _, m := range report.FirstTimes(first) {
		c.put(&pb.Item{Body: &pb.Item_FirstTimes{FirstTimes: m}})
	}
}

func (c *cloud) tellHours() {
	c.mu.Lock()
	list := c.hours.Take()
	c.mu.Unlock()
	for _, m := range list {
		c.put(&pb.Item{Body: &pb.Item_RollUp{RollUp: m}})
	}
}

// tellDays tells how unusual the days that are over were.
func (c *cloud) tellDays(now time.Time) {
	const each = 256
	c.g.mu.Lock()
	list := c.g.dayScores(now)
	c.g.mu.Unlock()
	for part := range slices.Chunk(list, each) {
		c.put(&pb.Item{Body: &pb.Item_DayScores{DayScores: &pb.DayScores{Days: part}}})
	}
}

func (c *cloud) tellStops() {
	c.mu.Lock()
	list := c.stops.Take()
	c.mu.Unlock()
	for _, m := range list {
		c.put(&pb.Item{Body: &pb.Item_Stopped{Stopped: m}})
	}
}

func (c *cloud) saveAnnounced() error {
	c.mu.Lock()
	b, changed := c.announced.Marshal()
	c.mu.Unlock()
	if !changed {
		return nil
	}
	if err := renameio.WriteFile(c.path(announcedFile), b, 0o600); err != nil {
		return fmt.Errorf("save what was told: %w", err)
	}
	return nil
}

// wireDevices lists one device (all, if id is "") as the cloud is told of it, and the rules of the home.
func (g *Gateway) wireDevices(id home.DeviceID) (out []*pb.Device, whole Rules) {
	modes, now := g.responder.Modes(), g.now()
	g.mu.Lock()
	list := g.observer.Devices()
	who, trials, firmware := make([]report.Who, len(list)), make([]*report.Trial, len(list)), make([]string, len(list))
	for i := range list {
		if id == "" || list[i].ID == id {
			who[i], trials[i] = g.whoIs(&list[i], now), g.trialOf(list[i].ID)
			firmware[i], _, _ = g.who.exposed.Firmware(list[i].ID, now)
		}
	}
	g.mu.Unlock()
	for i := range list {
		d := &list[i]
		if id != "" && d.ID != id {
			continue
		}
		h := report.Held{Mode: home.ModeOff, Grade: home.GradeNone, Protected: g.spared(d.ID), Who: who[i]}
		if m, ok := modes[d.ID]; ok {
			h.Mode, h.Grade = m, g.grade(d.ID, m)
		}
		w := g.wishes(d, now)
		h.New, h.Paused, h.PausedBy, h.Trial, h.Firmware, h.Essential = w.held, w.paused, w.pausedBy, trials[i], firmware[i], g.household.Policy(d.ID).Essential
		r := g.rules.get(d.ID)
		h.Blocked, h.Allowed = r.Block, r.Allow
		told := report.Device(d, h)
		if told.Guest = g.household.Guest(d.ID); told.Guest {
			wire.NamelessDevice(told)
		}
		out = append(out, told)
	}
	return out, g.rules.get("")
}

// Beat says how the gateway is.
func (c *cloud) Beat() *pb.Heartbeat {
	s := c.g.Status()
	b := &pb.Heartbeat{
		Version: report.Text(s.Version, 64), Started: report.Millis(s.Started), Armed: s.Armed, Devices: uint32(s.Devices),
		Contained: uint32(s.Contained), Incidents: uint32(s.Incidents), Indicators: uint32(s.Indicators), Household: c.g.household.Version(),
		Health: c.g.health(), Software: c.g.software(), Line: c.g.care.wire(),
	}
	for _, d := range s.Degraded[:min(len(s.Degraded), 16)] {
		b.Degraded = append(b.Degraded, report.Text(d, maxWhy))
	}
	b.Bundles = c.bundles()
	return b
}

// bundles are those in force, as a heartbeat tells them.
func (c *cloud) bundles() (out []*pb.BundleVersion) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, v := range c.mem.Bundles {
		out = append(out, &pb.BundleVersion{Name: name, Version: v})
	}
	return out
}
