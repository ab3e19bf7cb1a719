// Package household does what a home's people decided: who is without internet now and until when, what may be done without asking,
// which new devices wait for a yes. It is pure: no I/O, no clock of its own. It may import home and wire, and owns the household that
// is in force; whoever wires it keeps what Marshal gives in a file.
package household

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"cardea/home"
)

// ByPause is who paused a device when no schedule did.
const ByPause = "pause"

// Household is what is in force. Its zero value is that nobody decided anything. All methods may be called by many goroutines.
type Household struct {
	now       atomic.Pointer[state]
	changing  sync.Mutex // who changes it; readers take what is there
	visitors  atomic.Pointer[map[home.DeviceID]bool]
	rests     atomic.Bool // nobody is paused
	unleveled atomic.Bool // levels rest
}

// state is immutable.
type state struct {
	home.Household
	since    time.Time // when new devices began to be held; zero: they are not
	is       aliases   // devices that were merged
	policies map[home.DeviceID]home.Policy
	admitted map[home.DeviceID]bool
	guests   map[home.DeviceID]bool
	own      map[home.DeviceID][]int // schedules that name a device
	others   map[home.DeviceID][]int // schedules that name somebody whose device it is
	all      []int                   // schedules for everybody
	pauses   map[home.DeviceID]int64 // that name a device: until when, in seconds since 1970
	shared   map[home.DeviceID]int64 // that name somebody whose device it is
	pauseAll int64
	family   map[home.DeviceID]bool // of somebody, or a group, whose level that is
	zone     zone
}

// New makes one in which nobody decided anything.
func New() *Household { return &Household{} }

// aliases say which device one is now that was merged into it.
type aliases map[home.DeviceID]home.DeviceID

// of is what a device is now.
func (a aliases) of(id home.DeviceID) home.DeviceID {
	for range maxChain {
		into, ok := a[id]
		if !ok {
			break
		}
		id = into
	}
	return id
}

// maxChain bounds how often one device was merged into the next.
const maxChain = 8

var nothing = build(home.Household{}, time.Time{}, nil)

func (h *Household) state() *state {
	if s := h.now.Load(); s != nil {
		return s
	}
	return nothing
}

// Set puts a household into force from now on. It keeps no reference to h. New devices are held from the moment on at which a
// household first says so: who is at home by then is no newcomer.
func (h *Household) Set(to home.Household, now time.Time) {
	h.changing.Lock()
	defer h.changing.Unlock()
	since := h.state().since
	switch {
	case to.Approve != home.ApproveHold:
		since = time.Time{}
	case since.IsZero():
		since = now
	}
	h.now.Store(build(to, since, h.state().is))
}

// Met says that who is first seen before a time is no newcomer, whatever was known before: the gateway lost its memory, and meets all
// of its devices anew. False: new devices are not held.
func (h *Household) Met(before time.Time) bool {
	h.changing.Lock()
	defer h.changing.Unlock()
	s := h.state()
	if s.since.IsZero() {
		return false
	}
	h.now.Store(build(s.Household, before, s.is))
	return true
}

// Follow says which devices were merged, from and into: what people said of either holds for what it is now. What is kept and told of the
// household stays as they said it, so that it holds for each again when they are split.
func (h *Household) Follow(merged map[home.DeviceID]home.DeviceID) {
	h.changing.Lock()
	defer h.changing.Unlock()
	if s := h.state(); !maps.Equal(s.is, merged) {
		h.now.Store(build(s.Household, s.since, maps.Clone(merged)))
	}
}

// Names says of which devices people said anything.
func (h *Household) Names() (out []home.DeviceID) {
	s := h.state()
	out = slices.Concat(s.Admitted, s.Guests, slices.Collect(maps.Keys(s.Devices)))
	for _, p := range s.People {
		out = append(out, p.Devices...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// policiesOf are the policies of devices. Of one that was merged its own word comes first; it is essential when either is.
func policiesOf(devices map[home.DeviceID]home.Policy, is aliases) map[home.DeviceID]home.Policy {
	out := maps.Clone(devices)
	for _, id := range slices.Sorted(maps.Keys(devices)) {
		into := is.of(id)
		if into == id {
			continue
		}
		p, add := out[into], devices[id]
		out[into] = home.Policy{Block: cmp.Or(p.Block, add.Block), Contain: cmp.Or(p.Contain, add.Contain), Tidy: cmp.Or(p.Tidy, add.Tidy), Essential: cmp.Or(p.Essential, add.Essential)}
	}
	return out
}

func build(h home.Household, since time.Time, is aliases) *state {
	s := &state{Household: clone(h), since: since, is: is, admitted: set(h.Admitted, is), guests: set(h.Guests, is), own: map[home.DeviceID][]int{}, others: map[home.DeviceID][]int{},
		pauses: map[home.DeviceID]int64{}, shared: map[home.DeviceID]int64{}, zone: zoneOf(h.Zone), family: map[home.DeviceID]bool{}}
	s.policies = policiesOf(s.Devices, is)
	people := make(map[string][]home.DeviceID, len(h.People))
	for _, p := range s.People {
		for _, d := range p.Devices {
			if p.Level == home.LevelFamily {
				s.family[d], s.family[is.of(d)] = true, true
			}
			if d = is.of(d); !slices.Contains(people[p.ID], d) {
				people[p.ID] = append(people[p.ID], d)
			}
		}
	}
	for i, sch := range s.Schedules {
		if sch.Off {
			continue
		}
		for _, w := range sch.Whose {
			if w == "" {
				s.all = append(s.all, i)
				continue
			}
			own := is.of(home.DeviceID(w))
			s.own[own] = append(s.own[own], i)
			for _, d := range people[w] {
				s.others[d] = append(s.others[d], i)
			}
		}
	}
	for _, p := range s.Pauses {
		until := whole(p.Until)
		if p.Whose == "" {
			s.pauseAll = max(s.pauseAll, until)
			continue
		}
		own := is.of(home.DeviceID(p.Whose))
		s.pauses[own] = max(s.pauses[own], until)
		for _, d := range people[p.Whose] {
			s.shared[d] = max(s.shared[d], until)
		}
	}
	return s
}

func set(ids []home.DeviceID, is aliases) map[home.DeviceID]bool {
	out := make(map[home.DeviceID]bool, len(ids))
	for _, id := range ids {
		out[id], out[is.of(id)] = true, true
	}
	return out
}

// clone is deep, so that nobody changes what is in force.
func clone(h home.Household) home.Household {
	h.Zone.Offsets = slices.Clone(h.Zone.Offsets)
	devices := make(map[home.DeviceID]home.Policy, len(h.Devices))
	for id, p := range h.Devices {
		devices[id] = p
	}
	h.Devices = devices
	h.People, h.Schedules, h.Pauses = slices.Clone(h.People), slices.Clone(h.Schedules), slices.Clone(h.Pauses)
	for i := range h.People {
		h.People[i].Devices = slices.Clone(h.People[i].Devices)
	}
	for i := range h.Schedules {
		h.Schedules[i].Whose = slices.Clone(h.Schedules[i].Whose)
	}
	h.Admitted, h.Guests = slices.Clone(h.Admitted), slices.Clone(h.Guests)
	return h
}

// Rest has bedtimes and pauses rest, or go on: what people decided stays as it is, and whose the devices are. It is not kept.
func (h *Household) Rest(rests bool) { h.rests.Store(rests) }

// RestLevels has levels rest, or go on, as Rest does bedtimes.
func (h *Household) RestLevels(rests bool) { h.unleveled.Store(rests) }

// Level is what a device may look up: the strictest of its person's and its groups'.
func (h *Household) Level(device home.DeviceID) home.Level {
	if h.state().family[device] && !h.unleveled.Load() {
		return home.LevelFamily
	}
	return ""
}

// Version is of the household in force; 0 when there is none.
func (h *Household) Version() uint64 { return h.state().Version }

// Policy is what may be done to a device without asking: its own word over the home's. An essential device is never cut off
// without asking.
func (h *Household) Policy(device home.DeviceID) home.Policy {
	s := h.state()
	own := s.policies[device]
	p := home.Policy{Block: first(own.Block, s.Policy.Block), Contain: first(own.Contain, s.Policy.Contain), Tidy: first(own.Tidy, s.Policy.Tidy), Essential: own.Essential}
	if p.Essential != "" && p.Contain == home.PermitAuto {
		p.Contain = home.PermitAsk
	}
	return p
}

func first(own, whole home.Permission) home.Permission {
	switch {
	case own != "":
		return own
	case whole != "":
		return whole
	}
	return home.PermitAuto
}

// Approve is what happens to a device that was never here.
func (h *Household) Approve() home.Approval {
	if a := h.state().Household.Approve; a != "" {
		return a
	}
	return home.ApproveOff
}

// Held says whether a device that was first seen at a time waits for somebody's yes.
func (h *Household) Held(device home.DeviceID, firstSeen time.Time) bool {
	s := h.state()
	return s.Household.Approve == home.ApproveHold && !s.since.IsZero() && !firstSeen.Before(s.since) && !s.admitted[device]
}

// Guest says whether it is not kept by name whom a device talks to: because people said so, or because it is taken for a guest's.
func (h *Household) Guest(device home.DeviceID) bool {
	return h.state().guests[device] || h.visits(device)
}

// Time is a time as clocks in the home show it; false: nobody said where the home is.
func (h *Household) Time(t time.Time) (time.Time, bool) {
	z := h.state().Household.Zone
	if z.Name == "" || len(z.Offsets) == 0 {
		return t, false
	}
	return t.In(time.FixedZone(z.Name, int(z.At(t)/time.Second))), true
}

// Private says whether names of contacts must not leave the gateway.
func (h *Household) Private() bool { return h.state().Household.Private }
