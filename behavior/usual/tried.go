package usual

import (
	"math"
	"time"

	"cardea/behavior/profile"
)

// Profiles that are only tried judge each contact beside those in force: by the same memory of the device, and sums of their own, which
// begin with what was summed up before. Nothing is told or remembered for their sake but whether the two differ.

// tried are a device's sums by such profiles.
type tried struct {
	set     *profile.Set // by which the rest was made
	profile *profile.Profile
	all     *profile.Profile
	level   profile.Level
	sums    [3]float32
	at      int64
}

// beside prepares to judge a contact by what is tried; nil: nothing is. Call it before the contact is met.
func (d *Detector) beside(dev *Device) *tried {
	if d.cfg.Beside == nil || d.cfg.Differs == nil {
		return nil
	}
	set := d.cfg.Beside()
	if set == nil {
		if dev.scratch != nil && dev.tried.set != nil {
			dev.tried = tried{} // it keeps the set in memory
		}
		return nil
	}
	dev.need()
	t := &dev.tried
	if t.set != set {
		if t.set.Version() != set.Version() { // else it was read again, for more devices
			t.sums, t.at = dev.sums, dev.State.at
		}
		t.set, t.profile = set, nil
	}
	if t.profile == nil || t.level != dev.level {
		t.level, t.profile, t.all = dev.level, set.For(dev.level), set.For(profile.Level{})
	}
	return t
}

// compare judges a contact that was met by what is tried, and says where that differs. first is what is in force says of a first contact.
func (d *Detector) compare(f *found, t *tried, first bool) {
	g := *f
	g.who = who{t.profile, t.all, t.set.Version(), f.who.class}
	now := f.moment.Time.UnixNano()
	g.met.Bits, g.met.Scored = 0, false
	if norm := g.who.norm(); norm != nil || f.dev.Learnt(now) {
		model := strangers
		if norm != nil {
			model = math.Exp2(-norm.Bits(f.chain))
		}
		g.met.Bits, g.met.Scored = Bits(Pi(float64(f.met.Days), float64(max(f.dev.active, 1)-1), model)), true
		seconds := float64(now-t.at) / float64(time.Second)
		for i, horizon := range Horizons {
			t.sums[i] = float32(Cusum(float64(t.sums[i]), g.met.Bits, seconds, horizon))
		}
		t.at = max(t.at, now)
	}
	_, then := d.first(&g)
	then = then || d.would(&g, t.sums)
	if is := first || d.would(f, f.dev.Sums()); is != then {
		d.cfg.Differs(f.dev.ID, then, f.moment.Time)
	}
}

// would says whether a contact's sums are told by themselves.
func (d *Detector) would(f *found, sums [3]float32) bool {
	if f.met.Bits < telling {
		return false
	}
	best, _, ok := chance(f.who.profile.Calibration(), sums)
	return ok && d.novel(f, best)
}
