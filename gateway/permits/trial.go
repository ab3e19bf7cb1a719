package permits

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"cardea/home"
)

// Bounds of a trial.
const (
	MaxStopped   = 32   // endpoints that are named
	maxEndpoints = 2048 // that are told apart; of more only the bytes count
)

// Trial is what a mode would do to a device, without being in force.
type Trial struct {
	Mode    home.Mode `json:"mode"`
	Since   time.Time `json:"since"`
	Kept    uint32    `json:"kept"`    // endpoints that it would have left alone
	Stops   uint32    `json:"stops"`   // endpoints that it would have stopped
	Stopped []string  `json:"stopped"` // of these, those of the most bytes first; at most MaxStopped
	Share   float64   `json:"share"`   // of the device's bytes that would have been stopped, 0 to 1
}

// trial counts. Bytes of an endpoint are kept only to name the heaviest first.
type trial struct {
	mode       home.Mode
	who        Subject
	since      time.Time
	ends       map[end]*load
	all, stops uint64 // bytes
}

type end struct {
	name  string // "" for a bare address
	addr  string
	port  uint16
	proto string
	local bool
}

type load struct {
	bytes uint64
	stop  bool
}

func newTrial(mode home.Mode, s Subject, since time.Time) *trial {
	return &trial{mode: mode, who: s, since: since, ends: map[end]*load{}}
}

// Preview says what a mode would have stopped of contacts of the past.
func (b *Book) Preview(s Subject, mode home.Mode, contacts iter.Seq[*home.Contact]) Trial {
	t := newTrial(mode, s, time.Time{})
	for c := range contacts {
		if t.since.IsZero() || c.First.Before(t.since) {
			t.since = c.First
		}
		b.count(t, c)
	}
	return t.result()
}

// Try begins to count what a mode would stop of a device, from now on. A trial of another mode ends. It says false when there are
// too many already.
func (b *Book) Try(id home.DeviceID, mode home.Mode, s Subject, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := b.trials[id]; t != nil && t.mode == mode {
		return true
	}
	if b.trials[id] == nil && len(b.trials) >= MaxTrials {
		return false
	}
	b.trials[id] = newTrial(mode, s, now)
	return true
}

// Stop ends a device's trial.
func (b *Book) Stop(id home.DeviceID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.trials, id)
}

// Tried takes a contact whose window closed; of devices that nothing is tried on it costs a look.
func (b *Book) Tried(c *home.Contact) {
	b.mu.RLock()
	t := b.trials[c.Device]
	b.mu.RUnlock()
	if t == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count(t, c)
}

// Trial is what a device's trial has counted, with the contacts of the window that is open (nil: none); false: there is none.
func (b *Book) Trial(id home.DeviceID, open iter.Seq[*home.Contact]) (Trial, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.trials[id]
	if t == nil {
		return Trial{}, false
	}
	if open == nil {
		return t.result(), true
	}
	now := *t
	now.ends = make(map[end]*load, len(t.ends))
	for e, l := range t.ends {
		copied := *l
		now.ends[e] = &copied
	}
	for c := range open {
		b.count(&now, c)
	}
	return now.result(), true
}

// Trials are the devices that something is tried on.
func (b *Book) Trials() []home.DeviceID {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Sorted(maps.Keys(b.trials))
}

// count takes one contact into a trial. Questions alone reach nobody.
func (b *Book) count(t *trial, c *home.Contact) {
	if c.Lookup || c.Flows == 0 && c.Packets == 0 && c.Up+c.Down == 0 || c.Last.Before(t.since) {
		return
	}
	stop := !b.Leaves(t.who, t.mode, c)
	bytes := c.Up + c.Down
	t.all += bytes
	if stop {
		t.stops += bytes
	}
	e := end{name: c.Endpoint.Name, port: c.Endpoint.Port, proto: c.Endpoint.Proto, local: c.Local}
	if e.name != "" {
		e.port, e.proto = 0, "" // a name is one endpoint for people
	} else if c.Endpoint.IP.IsValid() {
		e.addr = c.Endpoint.IP.Unmap().String()
	}
	l := t.ends[e]
	if l == nil {
		if len(t.ends) >= maxEndpoints {
			return
		}
		l = &load{}
		t.ends[e] = l
	}
	l.bytes, l.stop = l.bytes+bytes, l.stop || stop
}

// services of the gateway that every mode leaves: names, addresses, the time.
func served(port uint16) bool { return port == 53 || port == 67 || port == 547 || port == 123 }

// Leaves says whether a mode would leave a subject's contact alone.
func (b *Book) Leaves(s Subject, mode home.Mode, c *home.Contact) bool {
	switch mode {
	case home.ModeOff, home.ModeEndpointBlock, "":
		return c.Action != home.Block
	}
	if c.Local {
		own := b.cfg.Own != nil && b.cfg.Own(c.Endpoint.IP.Unmap())
		return own && (mode == home.ModeNoLAN || served(c.Endpoint.Port) && (mode != home.ModeQuarantine || c.Endpoint.Port != 123))
	}
	if !mode.Listing() {
		return mode == home.ModeNoLAN
	}
	if c.Inbound {
		return false
	}
	if c.Endpoint.Name != "" {
		return b.Permits(s, mode, c.Endpoint.Name)
	}
	return b.PermitsAddr(s, mode, c.Endpoint.IP, c.Endpoint.Port, c.Endpoint.Proto)
}

func (t *trial) result() Trial {
	out := Trial{Mode: t.mode, Since: t.since, Stopped: []string{}}
	var stopped []end
	for e, l := range t.ends {
		if !l.stop {
			out.Kept++
			continue
		}
		out.Stops++
		stopped = append(stopped, e)
	}
	slices.SortFunc(stopped, func(x, y end) int {
		return cmp.Or(cmp.Compare(t.ends[y].bytes, t.ends[x].bytes), cmp.Compare(x.String(), y.String()))
	})
	for _, e := range stopped[:min(len(stopped), MaxStopped)] {
		out.Stopped = append(out.Stopped, e.String())
	}
	if t.all > 0 {
		out.Share = float64(t.stops) / float64(t.all)
	}
	return out
}

func (e end) String() string {
	switch {
	case e.name != "":
		return e.name
	case e.addr == "":
		return fmt.Sprintf("%d/%s", e.port, e.proto)
	}
	return fmt.Sprintf("%s %d/%s", e.addr, e.port, e.proto)
}
