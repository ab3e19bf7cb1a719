// Package same knows a device again: it gathers what each hardware address shows of the device behind it, proposes which
// addresses are one device, remembers what the residents decided about that, and tells when an address shows several devices
// or suddenly another one.
//
// It is pure and may import home only. A Linker owns its state and is used by one goroutine; its clock is the events' time.
// It changes no device: it proposes, and is told by Merge and Split what was done.
//
// What is visible to neighbours can be copied by them: a link is automatic only if something nearly unique agrees, something
// that neighbours do not see agrees as well, nothing disagrees, one of the addresses is random, and both were never here at
// once. All else is for a resident to say.
package same

import (
	"slices"
	"time"

	"cardea/home"
)

// Config sets a Linker up. The zero value of every field has a default.
type Config struct {
	Faces    int                          // most hardware addresses remembered; default 1,024
	Settle   time.Duration                // for how long a new address must be here alone before it is merged by itself; default 2 minutes
	Standing func(home.DeviceID) Standing // what is in force for a device; nil: nothing
	Find     func(*home.Finding)          // takes findings, which are the receiver's; nil: nobody. Not to call the Linker
}

// Standing is what is in force for a device and must survive a merge.
type Standing struct {
	Contained bool // shut in: the merged device stays shut in
	Protected bool // never shut in by itself: nobody comes to that by looking alike
}

// Linker is what is known of the home's hardware addresses.
type Linker struct {
	cfg    Config
	now    time.Time
	faces  map[home.MAC]*face
	index  map[key][]*face // who shows a clue that can lead to somebody; at most crowd of each
	apart  map[pair]Apart
	common map[uint64]bool // values that two devices showed at once: they tell nobody apart
	told   map[toldKey]int64
	checks int64 // unix time of the latest look for pairs that are here at once
	heard  bool  // somebody was, since then
	// doubted: a face may have a change; ripen knows.
	doubted bool
	spare   int // pairs that this look may still put in the place of others
}

const (
	crowd      = 24   // of one value, more tell nothing
	maxApart   = 2048 // pairs
	maxSpare   = 32   // of them, replaced by one look: who brings more addresses than that wants to be costly
	maxPairs   = 4096 // compared for one list of proposals
	maxCommon  = 1024
	maxTold    = 512
	settle     = 2 * time.Minute
	lookEvery  = 10 // seconds
	maxDefault = 1024
	tellAgain  = int64(24 * time.Hour / time.Second)
	leastFaces = 8
)

// New makes a Linker.
func New(c Config) *Linker {
	if c.Faces <= 0 {
		c.Faces = maxDefault
	}
	c.Faces = max(c.Faces, leastFaces)
	if c.Settle <= 0 {
		c.Settle = settle
	}
	if c.Standing == nil {
		c.Standing = func(home.DeviceID) Standing { return Standing{} }
	}
	if c.Find == nil {
		c.Find = func(*home.Finding) {}
	}
	return &Linker{cfg: c, faces: map[home.MAC]*face{}, index: map[key][]*face{}, apart: map[pair]Apart{}, common: map[uint64]bool{},
		told: map[toldKey]int64{}}
}

// Observe takes an observation after it was made sure whose doing it is, with who the device is taken for.
func (l *Linker) Observe(o *home.Observation, who home.Identity) {
	if !o.Time.IsZero() {
		l.now = o.Time
	}
	if t := l.now.Unix(); t >= l.checks+lookEvery || t < l.checks-lookEvery {
		l.checks = t
		if l.heard { // else nobody was here who was not at the last look
			l.heard = false
			l.lookApart()
		}
		if l.doubted {
			l.ripen()
		}
	}
	l.answered(o)
	if !sends(o) {
		return
	}
	if !slices.Contains(o.Device.MACs, o.Source) {
		l.stranger(o)
		return
	}
	if o.Device.Gateway {
		return
	}
	f := l.face(o)
	if f == nil {
		return
	}
	if o.Proven {
		l.heard = true
		f.last = max(f.last, l.now.Unix())
		f.fine.mark(l.now.Unix() / fineSlot)
		f.coarse.mark(l.now.Unix() / coarseSlot)
		f.class, f.personal = who.Class, who.Class.Personal()
		l.read(f, o)
		if f.strange.device != "" && o.Port != "" {
			f.strange.back = true
			l.strangers(f, o)
		}
	}
	l.lodge(f, o, who)
}

// sends says whether an observation is of a frame that its device sent itself.
func sends(o *home.Observation) bool {
	if o.Device == nil || o.Source.IsZero() || o.Source.IsGroup() {
		return false
	}
	switch o.Kind {
	case home.EventFlow:
		return o.Direction != home.Inbound && o.Flow.State == home.FlowNew
	case home.EventName:
		return o.Direction != home.Inbound
	case home.EventLookup:
		return !o.Lookup.Answer
	case home.EventLease:
		return !o.Lease.Server
	case home.EventNeighbor, home.EventAnnounce, home.EventGroup, home.EventDropped, home.EventServed:
		return true
	}
	return false
}

// answered notes that a device is here since it answered.
func (l *Linker) answered(o *home.Observation) {
	if o.Kind != home.EventFlow || o.Flow.State != home.FlowAnswered {
		return
	}
	d := o.Peer
	if o.Direction == home.Inbound {
		d = o.Device
	}
	if d == nil {
		return
	}
	if f := l.faces[d.MAC]; f != nil && f.id == d.ID {
		t := l.now.Unix()
		l.heard = true
		f.last = max(f.last, t)
		f.fine.mark(t / fineSlot)
		f.coarse.mark(t / coarseSlot)
	}
}

// face finds or makes what is known of an observation's sender; nil when there is no room.
func (l *Linker) face(o *home.Observation) *face {
	f := l.faces[o.Source]
	if f == nil {
		if len(l.faces) >= l.cfg.Faces {
			l.forgetOne(o.Port)
		}
		f = &face{mac: o.Source, id: o.Device.ID, own: o.Device.ID, first: l.now.Unix(), last: l.now.Unix()}
		l.faces[o.Source] = f
	}
	if f.id != o.Device.ID { // the observer forgot it in between
		f.id, f.own, f.by = o.Device.ID, o.Device.ID, 0
	}
	if o.Proven && o.Port != "" {
		f.port = o.Port
	}
	return f
}

// forgetOne makes room: of the newcomer's port if that brought a quarter of all, the one silent longest that nobody decided about.
// What is in force is asked for few: somebody who invents addresses comes here with each frame.
func (l *Linker) forgetOne(port string) {
	many := 0
	for _, f := range l.faces {
		if f.port == port {
			many++
		}
	}
	crowded := many > l.cfg.Faces/4
	worth := func(f *face) int {
		switch {
		case f.by != 0:
			return 2
		case crowded && f.port == port:
			return 0
		}
		return 1
	}
	var gone *face
	least := 0
	before := func(f *face, n int) bool {
		return gone == nil || n < least || n == least && (f.last < gone.last || f.last == gone.last && less(f.mac, gone.mac))
	}
	for _, f := range l.faces {
		n := worth(f)
		if !before(f, n) {
			continue
		}
		if n < 2 && l.cfg.Standing(f.id).Contained {
			if n = 2; !before(f, n) {
				continue
			}
		}
		gone, least = f, n
	}
	l.drop(gone)
}

func (l *Linker) drop(f *face) {
	for _, m := range f.marks {
		l.unindex(f, m.key())
	}
	delete(l.faces, f.mac)
	for p := range l.apart {
		if p.a == f.mac || p.b == f.mac {
			delete(l.apart, p)
		}
	}
}

// Forget drops what is known of a device.
func (l *Linker) Forget(id home.DeviceID) {
	for _, f := range l.faces {
		if f.id == id {
			l.drop(f)
		}
	}
}
