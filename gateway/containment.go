package gateway

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"cardea/gateway/control"
	"cardea/gateway/enforce"
	"cardea/home"
)

// enforced is what is known to be in force.
type enforced struct {
	mu      sync.Mutex
	version uint64
	done    uint64 // the latest version that is in force
	grades  map[home.DeviceID]home.Grade
	modes   map[home.DeviceID]home.Mode // of the cases, for which grades were found
	told    map[home.DeviceID]string    // mode and grade, as told last
	shut    map[home.DeviceID]bool      // who is in quarantine by what is kept for the next boot
	alone   map[home.DeviceID]string    // the port by which a device was shut in; used by desired only
	err     error
}

// wake asks for enforcing soon; it never blocks.
func (g *Gateway) wake() {
	select {
	case g.changed <- struct{}{}:
	default:
	}
}

// later runs a job outside of the pipeline; it never blocks. False: there was no room for it.
func (g *Gateway) later(job func(context.Context) error) bool {
	select {
	case g.jobs <- job:
		return true
	default:
		g.count("jobs_dropped", 1)
		return false
	}
}

// aside runs a job that takes seconds, one at a time. False: another one runs, or there was no room.
func (g *Gateway) aside(job func(context.Context) error) bool {
	if !g.busy.CompareAndSwap(false, true) {
		return false
	}
	queued := g.later(func(ctx context.Context) error {
		g.background.Go(func() {
			defer g.busy.Store(false)
			if err := job(ctx); err != nil && ctx.Err() == nil {
				g.log.Warn("job", "err", err)
			}
		})
		return nil
	})
	if !queued {
		g.busy.Store(false)
	}
	return queued
}

func (g *Gateway) work(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			g.background.Wait()
			return nil
		case job := <-g.jobs:
			if err := job(ctx); err != nil && ctx.Err() == nil {
				g.count("jobs_failed", 1)
				g.log.Warn("job", "err", err)
			}
		}
	}
}

// keepEnforced brings the kernel to the desired state whenever it changes, and again each second until it is there.
func (g *Gateway) keepEnforced(ctx context.Context) error {
	retry := time.NewTimer(time.Hour)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-g.changed:
		case <-retry.C:
		}
		if err := g.enforce(ctx); err != nil {
			g.log.Error("enforcement", "err", err)
			retry.Reset(time.Second)
			continue
		}
		retry.Reset(time.Minute) // devices get new addresses
		if err := g.remember(); err != nil {
			g.log.Error("state", "err", err)
		}
	}
}

// shutIn reads who was shut in before a restart, and by which ports: who invented neighbours on its port meanwhile must not get a shared
// port by it.
func shutIn(path string) (alone map[home.DeviceID]string, shut map[home.DeviceID]bool, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("what was enforced: %w", err)
	}
	d, err := enforce.ParseState(b)
	if err != nil {
		return nil, nil, fmt.Errorf("what was enforced: %w", err)
	}
	alone = map[home.DeviceID]string{}
	for _, r := range d.Devices {
		if r.Alone && r.Port != "" && r.Mode == home.ModeQuarantine {
			alone[r.Device] = r.Port
		}
	}
	return alone, quarantined(&d), nil
}

// keeps says whether a device must not be forgotten for a new one: it has an open incident, or its owner said something
// about it. The lock is held.
func (g *Gateway) keeps(id home.DeviceID) bool {
	if g.said.about(id) {
		return true
	}
	if _, open := g.responder.SymptomOf(id); open {
		return true
	}
	return g.rules.has(id)
}

// desired is what is to be in force now, and the modes of the cases that it follows from.
func (g *Gateway) desired() (d home.Desired, modes map[home.DeviceID]home.Mode) {
	g.state.mu.Lock()
	g.state.version++ // before the modes are read: who asks for something after that waits for the next one
	d = home.Desired{Version: g.state.version, Dormant: g.disarmed()}
	before, alone := g.state.alone, map[home.DeviceID]string{}
	g.state.alone = alone
	g.state.mu.Unlock()
	modes, ports, now := g.responder.Modes(), g.kernel.Ports(), g.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, dev := range g.observer.Devices() {
		mode, contained := modes[dev.ID]
		if !contained {
			mode = home.ModeOff
		}
		if dev.Gateway || len(dev.MACs) == 0 {
			continue // (a device that is known by an address only cannot be told apart on the link)
		}
		wished, acts, blocked := g.wishes(&dev, now), g.actsOf(dev.ID), g.blockedFor(dev.ID)
		mode, closed := g.modeOf(&dev, mode, wished)
		closed = append(closed, acts.Closed...)
		if mode == home.ModeOff && wished.paused.IsZero() && len(blocked)+len(closed)+len(acts.Shut) == 0 {
			continue
		}
		rule := home.DeviceRule{Device: dev.ID, Mode: mode, New: wished.held, Paused: !wished.paused.IsZero(), MACs: dev.MACs, Addresses: dev.Addresses, Blocked: blocked,
			Closed: closed, Shut: acts.Shut}
		if n := g.anchors[dev.ID]; n != nil {
			rule.Port = n.port
		} else if port, _, ok := ports.PortOf(dev.MAC); ok {
			rule.Port = port
		} else {
			rule.Port = before[dev.ID] // not heard from since the start: it is where it was shut in
		}
		// Once shut in by its port a device stays so: it must not get a shared port by inventing neighbours.
		rule.Alone = rule.Port != "" && (before[dev.ID] == rule.Port || g.aloneOn(rule.Port, dev.ID, ports.MACsOn(rule.Port)))
		if rule.Alone && mode == home.ModeQuarantine {
			alone[dev.ID] = rule.Port
		}
		d.Devices = append(d.Devices, rule)
	}
	return d, modes
}

// aloneOn says whether a port is one device's only: nobody else belongs there, and whoever else the bridge learned there
// belongs to another port (so its address was forged here). The lock is held.
func (g *Gateway) aloneOn(port string, id home.DeviceID, there []home.MAC) bool {
	for other, n := range g.anchors {
		if other != id && n.port == port {
			return false
		}
	}
	for _, m := range there {
		other := g.observer.Known(m)
		if n := g.anchors[other]; other != id && (n == nil || n.port == port) {
			return false
		}
	}
	return true
}

// quarantined are the devices that are in quarantine for a case.
func quarantined(d *home.Desired) map[home.DeviceID]bool {
	out := map[home.DeviceID]bool{}
	for _, r := range d.Devices {
		if r.Mode == home.ModeQuarantine && !r.New {
			out[r.Device] = true
		}
	}
	return out
}

func (g *Gateway) enforce(ctx context.Context) error {
	d, modes := g.desired()
	err := g.enforcer.Apply(ctx, d)
	grades, told := map[home.DeviceID]home.Grade{}, map[home.DeviceID]string{}
	for _, r := range d.Devices {
		if r.Mode == home.ModeOff && !r.Paused && len(r.Shut) == 0 {
			continue // only some addresses are blocked
		}
		if grades[r.Device] = home.GradeNone; err == nil && !d.Dormant {
			grades[r.Device] = g.enforcer.Grade(r.Device)
		}
		if r.Mode != home.ModeOff { // a pause and a shut port are no containment
			told[r.Device] = fmt.Sprintf("%s, %s", r.Mode, grades[r.Device])
		}
	}
	g.state.mu.Lock()
	before := g.state.told
	shut := quarantined(&d)
	if err != nil {
		maps.Copy(shut, g.state.shut) // either may be what is kept
	}
	g.state.shut = shut
	g.state.grades, g.state.modes, g.state.err = grades, modes, err
	if err == nil {
		g.state.told, g.state.done = told, d.Version
	}
	g.state.mu.Unlock()
	if err != nil {
		return err
	}
	now := g.now()
	var changed []home.DeviceID
	for _, r := range d.Devices {
		if before[r.Device] != told[r.Device] {
			changed = append(changed, r.Device)
			g.control.Publish(control.Event{Time: now, Event: "enforced", Device: r.Device, Detail: told[r.Device]})
		}
	}
	for id := range before {
		if _, still := told[id]; !still {
			changed = append(changed, id)
			g.control.Publish(control.Event{Time: now, Event: "enforced", Device: id, Detail: string(home.ModeOff)})
		}
	}
	g.cloud.enforced(changed)
	return nil
}

// grade says how far a case's mode is in force. What was found of a milder one is nothing: the stricter follows in a moment.
func (g *Gateway) grade(id home.DeviceID, mode home.Mode) home.Grade {
	g.state.mu.Lock()
	defer g.state.mu.Unlock()
	if v, ok := g.state.grades[id]; ok && max(g.state.modes[id].Rank(), 0) >= mode.Rank() {
		return v
	}
	return home.GradeNone
}

func (g *Gateway) disarmed() bool { return g.disarmedFor() > 0 }

// disarmedFor is how long nothing will be enforced yet; 0 when armed.
func (g *Gateway) disarmedFor() time.Duration {
	until := g.disarm.Load()
	if until == 0 {
		return 0
	}
	return max(time.Duration(until)-time.Since(g.started), 0)
}

// listedAddrs are the addresses that the kernel itself refuses: malware only, for everybody in the home.
func (g *Gateway) listedAddrs() iter.Seq[netip.Prefix] {
	return func(yield func(netip.Prefix) bool) {
		set := g.intel.Load()
		if set == nil {
			return
		}
		for p := range blocked(set) {
			if !g.excepted(p) && !yield(p) {
				return
			}
		}
	}
}

// excepted says whether the owner allowed somebody something of this against a list: the kernel refuses to all or to none,
// so cutListed does it for the others.
func (g *Gateway) excepted(p netip.Prefix) bool {
	e := g.exceptions.Load()
	return e != nil && slices.ContainsFunc(e.allowed, p.Overlaps)
}

// clock does what happens once a second.
func (g *Gateway) clock(ctx context.Context) error {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	save, known := time.NewTicker(time.Minute), time.NewTicker(saveWhoEvery)
	defer save.Stop()
	defer known.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-save.C:
			if err := g.remember(); err != nil {
				g.log.Error("state", "err", err)
			}
		case <-known.C:
			if err := errors.Join(g.rememberWho(), g.rememberNormal()); err != nil {
				g.log.Error("state", "err", err)
			}
		case <-t.C:
			g.second()
		}
	}
}

// exposedEvery is how often the roster takes anew how devices are exposed.
const exposedEvery = 10 * time.Second

func (g *Gateway) second() {
	now := g.now()
	if g.roster.Load() != nil { // before, it is not known to which lists devices could be held
		g.responder.Tick(now)
	}
	g.watchShedding(now)
	g.forced(now)
	if until := g.disarm.Load(); until != 0 && !g.disarmed() && g.disarm.CompareAndSwap(until, 0) {
		g.log.Info("armed again")
		g.wake()
	}
	list := roster{addrs: map[netip.Addr]*home.Device{}, macs: map[home.MAC]*home.Device{}, ids: map[home.DeviceID]*home.Device{},
		exposed: map[home.DeviceID][]home.Exposure{}}
	look := due(&g.nextExposed, now, exposedEvery)
	if before := g.roster.Load(); !look && before != nil {
		list.exposed = before.exposed
	}
	g.mu.Lock()
	g.observer.SetHome(homePrefixes(g.kernel.Ports().Prefixes()))
	if own := g.kernel.Ports().GatewayMACs(); len(own) > 0 {
		g.observer.SetGateway(own)
	}
	devices := g.observer.Devices()
	known := map[home.DeviceID]bool{}
	modes, held := g.responder.Modes(), 0
	for i := range devices {
		known[devices[i].ID], list.ids[devices[i].ID] = true, &devices[i]
		if look {
			if open := g.who.exposed.List(devices[i].ID, devices[i].Identity, now); len(open) > 0 {
				list.exposed[devices[i].ID] = open
			}
		}
		for _, a := range devices[i].Addresses {
			list.addrs[a] = &devices[i]
		}
		for _, m := range devices[i].MACs {
			list.macs[m] = &devices[i]
		}
		if _, contained := modes[devices[i].ID]; contained {
			held = held*31 + len(devices[i].MACs)*7 + g.observer.Claims(devices[i].ID)
		}
	}
	g.anchors.keep(func(id home.DeviceID) bool { return known[id] })
	g.book.Keep(func(id home.DeviceID) bool { return known[id] })
	g.meetAgain(now)
	g.forget.Range(func(id, _ any) bool {
		g.forget.Delete(id)
		g.judge.Forget(id.(home.DeviceID))
		return true
	})
	g.mu.Unlock()
	g.visit(devices, now)
	g.roster.Store(&list)
	wished := g.wishing(devices, now)
	if held != g.held || wished != g.wished { // a contained device has a new lease, and may use no other address; a pause began or ended
		g.held, g.wished = held, wished
		g.wake()
	}
}

func (g *Gateway) remember() error {
	g.saving.Lock() // an older copy must not replace a newer one
	defer g.saving.Unlock()
	g.mu.Lock()
	devices, ports, aliases := g.observer.Devices(), g.anchors.ports(), g.observer.Aliases()
	known := map[home.DeviceID]bool{}
	for i := range devices {
		known[devices[i].ID] = true
	}
	for i := range aliases { // it comes back with a split
		known[aliases[i].From] = true
	}
	g.said.keep(known)
	g.hunted.keep(known)
	maps.DeleteFunc(g.scored, func(d home.DeviceID, _ scored) bool { return !known[d] })
	told, scored := maps.Clone(g.hunted), maps.Clone(g.scored)
	cases, tells := g.responder.Snapshot(), g.cloud.memory() // together: what is found is put into its case and told of while the lock is held
	g.mu.Unlock()
	g.rules.mu.Lock()
	rules := maps.Clone(g.rules.added)
	g.rules.mu.Unlock()
	return saveMemory(g.cfg.State, memory{
		Devices: devices, Ports: ports, Cases: cases, Rules: rules, Said: g.said.memory(), Aliases: aliases, Cloud: tells, Hunted: told, Scored: scored,
		Out: g.out(), Held: g.book.Snapshot(), Harm: g.harm.Snapshot(), Lifted: g.hits.memory(known),
	})
}
