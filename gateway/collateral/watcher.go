package collateral

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"cardea/home"
	"cardea/say"
)

// MaxWatched bounds the devices that are watched at once.
const MaxWatched = 128

// Config says when a device counts as broken. Zero fields have the defaults in brackets.
type Config struct {
	Missing float64       // share of its endpoints that are due and not reached [0.5]
	After   time.Duration // it has to have been on so long [1h]
	Tries   float64       // tries in vain an hour, beyond Times of those before [30]
	Times   float64       // [5]
	Reboots int           // within a day, and more than three times as many as before [3]
}

// gap is how long a device may be silent and still count as on.
const gap = 90 * time.Minute

// burst is the time in which several signs of a restart are one.
const burst = 2 * time.Minute

// maxReboots is how many restarts are remembered.
const maxReboots = 8

// State is what was seen of a device since something was blocked for it: to be kept over a restart.
type State struct {
	Since   time.Time             `json:"since"`
	Base    Baseline              `json:"base"`
	On      time.Duration         `json:"on"`
	Last    time.Time             `json:"last"`    // sign of life
	Reached uint64                `json:"reached"` // a bit for each of Base.Ends
	Failed  uint64                `json:"failed"`
	Reboots [maxReboots]time.Time `json:"reboots"` // a ring
	Booted  int                   `json:"booted"`  // all of them
}

// Watcher watches devices that something is blocked for. It is safe for several goroutines.
type Watcher struct {
	cfg     Config
	mu      sync.Mutex
	devices map[home.DeviceID]*State
}

// New makes a watcher that watches nobody.
func New(c Config) *Watcher {
	c.Missing, c.After = cmp.Or(c.Missing, 0.5), cmp.Or(c.After, time.Hour)
	c.Tries, c.Times, c.Reboots = cmp.Or(c.Tries, 30), cmp.Or(c.Times, 5), min(cmp.Or(c.Reboots, 3), maxReboots)
	return &Watcher{cfg: c, devices: map[home.DeviceID]*State{}}
}

// Watch begins to watch a device; one that is watched since that time goes on. False: too many are watched, or nothing is known of
// its days before.
func (w *Watcher) Watch(id home.DeviceID, since time.Time, b Baseline) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.devices[id]; s != nil && s.Since.Equal(since) {
		return true
	}
	if !b.Enough() || w.devices[id] == nil && len(w.devices) >= MaxWatched {
		delete(w.devices, id)
		return false
	}
	w.devices[id] = &State{Since: since, Base: b, Last: since}
	return true
}

// Watched says since when a device is watched; false: it is not.
func (w *Watcher) Watched(id home.DeviceID) (since time.Time, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.devices[id]; s != nil {
		return s.Since, true
	}
	return time.Time{}, false
}

// Forget ends watching a device.
func (w *Watcher) Forget(id home.DeviceID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.devices, id)
}

// Contact takes a contact whose window closed. What began before the device was watched is left out.
func (w *Watcher) Contact(c *home.Contact) { w.contact(c, c.Failed) }

// Open takes a contact of the window that is open, as often as one likes: it says what is reached, and counts nothing.
func (w *Watcher) Open(c *home.Contact) { w.contact(c, 0) }

func (w *Watcher) contact(c *home.Contact, failed uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.devices[c.Device]
	if s == nil || c.First.Before(s.Since) {
		return
	}
	if !c.Inbound || c.Down > 0 {
		s.alive(c.First)
		s.alive(c.Last)
	}
	i, ok := slices.BinarySearchFunc(s.Base.Ends, keyOf(c), func(e End, key uint64) int { return cmp.Compare(e.Key, key) })
	if !ok {
		return
	}
	if s.Failed += failed; reached(c) {
		s.Reached |= 1 << i
	}
}

// Failed takes tries in vain that no contact tells of, to endpoints that the device usually reaches.
func (w *Watcher) Failed(id home.DeviceID, tries uint64, t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.devices[id]; s != nil && !t.Before(s.Since) {
		s.alive(t)
		s.Failed += tries
	}
}

// Alive takes any sign that a device is on.
func (w *Watcher) Alive(id home.DeviceID, t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.devices[id]; s != nil && !t.Before(s.Since) {
		s.alive(t)
	}
}

// Reboot takes a sign of a restart: a DHCP DISCOVER of a device that has a lease. A burst of them is one.
func (w *Watcher) Reboot(id home.DeviceID, t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.devices[id]
	if s == nil || t.Before(s.Since) {
		return
	}
	s.alive(t)
	if s.Booted > 0 && t.Sub(s.Reboots[(s.Booted-1)%maxReboots]) < burst {
		return
	}
	s.Reboots[s.Booted%maxReboots] = t
	s.Booted++
}

// alive counts the time that the device is on: it was, between two signs of life that are not far apart.
func (s *State) alive(t time.Time) {
	if d := t.Sub(s.Last); d > 0 {
		if d <= gap {
			s.On += d
		}
		s.Last = t
	}
}

// Verdict is what was seen of a device; true: it no longer does its normal work.
func (w *Watcher) Verdict(id home.DeviceID, now time.Time) (home.Harm, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.devices[id]
	if s == nil {
		return home.Harm{}, false
	}
	due, got := s.due()
	h := home.Harm{Since: s.Since, Before: s.Base.Share, Now: s.Base.Share, Reboots: s.reboots(now)}
	if due > 0 {
		h.Now = float64(got) / float64(due)
	}
	if s.On > 0 {
		h.Retries = float64(s.Failed) / max(s.On.Hours(), 1) / max(s.Base.Failed, 1)
	}
	tries := float64(s.Failed) / max(s.On.Hours(), 1)
	long := s.On >= w.cfg.After
	switch {
	case long && due > 0 && 1-h.Now >= w.cfg.Missing && h.Now < h.Before:
		h.Said = say.New("Since then it has reached {0} of the {1} services that it normally uses.", say.Count(got), say.Count(due))
	case int(h.Reboots) >= w.cfg.Reboots && float64(h.Reboots) > 3*s.Base.Reboots:
		h.Said = say.New("It restarted {0} times within a day, which it normally does not.", say.Count(h.Reboots))
	case long && tries > w.cfg.Tries && tries > w.cfg.Times*s.Base.Failed:
		h.Said = say.New("It tries {0} times an hour in vain to reach what it normally uses; before it was {1}.", say.Real(tries, 0), say.Real(s.Base.Failed, 0))
	default:
		h.Said = say.New("It does its normal work.")
		h.Sentence = say.English(h.Said)
		return h, false
	}
	h.Sentence = say.English(h.Said)
	return h, true
}

// windows is the time that contacts may be late: they are told when their window of an hour closes.
const windows = 2 * time.Hour

// due counts the endpoints that the device should have reached by now, and those of them that it did: it has been on for twice as long
// as it ever was without that endpoint. That goes by no model of when devices do what: of n silences that are alike, the next is the longest
// with a chance of 1/(n+1), and this is twice as long.
func (s *State) due() (due, got int) {
	for i, e := range s.Base.Ends {
		there := s.Reached&(1<<i) != 0
		if there || s.On > 2*e.Silent+windows {
			due++
		}
		if there {
			got++
		}
	}
	return due, got
}

// reboots are those of the last day.
func (s *State) reboots(now time.Time) (n uint32) {
	for _, t := range s.Reboots {
		if !t.IsZero() && now.Sub(t) < 24*time.Hour {
			n++
		}
	}
	return n
}

// Snapshot is all that is watched.
func (w *Watcher) Snapshot() map[home.DeviceID]State {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make(map[home.DeviceID]State, len(w.devices))
	for id, s := range w.devices {
		out[id] = *s // the endpoints of a baseline never change
	}
	return out
}

// Restore takes what Snapshot gave. What makes no sense is left out.
func (w *Watcher) Restore(all map[home.DeviceID]State) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.devices = map[home.DeviceID]*State{}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		s := all[id]
		ordered := slices.IsSortedFunc(s.Base.Ends, func(x, y End) int { return cmp.Compare(x.Key, y.Key) })
		if !s.Base.Enough() || len(s.Base.Ends) > maxEnds || !ordered || s.On < 0 || s.Booted < 0 || len(w.devices) >= MaxWatched {
			continue
		}
		s.Reached &= 1<<len(s.Base.Ends) - 1
		w.devices[id] = &s
	}
}
