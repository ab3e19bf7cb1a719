// Package usual judges what a device does by what is normal for it: by its own days and by what was learnt of its model in other
// homes. It finds new endpoints (novelty), more sent than ever (volume), activity at an hour at which it never is busy (hours),
// and several of these together (unusual); and it says of each contact whether it is usual. It is pure: no I/O, the time of what
// happens is the clock. It may import home and behavior's shared parts: evidence, endpoint, calibrate and profile.
//
// What is learnt of a device is its State, of fixed size; it belongs to the Device and so to the Detectors value of behavior that
// made it, and is used by its one goroutine. Thresholds come with the profiles: without calibration all of this is silent, but
// for the first contact with what no device of a well-known model ever used (first.go).
package usual

import (
	"net/netip"
	"time"

	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
	"cardea/behavior/evidence"
	"cardea/behavior/profile"
	"cardea/home"
)

// Config says what the detector cannot see for itself. The zero value works: nothing is known of any model.
type Config struct {
	Profiles func() *profile.Set                 // in force now; nil, or a nil set: none
	Level    func(*home.Device) profile.Level    // nil: what the device's identity says
	Class    func(*home.Device) home.DeviceClass // the strictest of its recent classes; nil: what its identity says
	Domain   func(name string) string            // the registrable domain of a name, "" for none; nil: evidence for people knows names whole only
	Network  func(netip.Addr) uint32             // number of the network that an address is in, 0: not known; nil: of none
	Zone     *time.Location                      // whose hours of the day count; nil: UTC
	Devices  int                                 // in the home, for the alert budget; 0: the home that the budget is stated for
	Salt     func() uint64                       // of a device's memory, so that nobody can make endpoints that it takes for others; nil: none
	// Sensitive is by how much the alert budget of one device is larger, as on probation: 1 to 10; nil: 1.
	Sensitive func(home.DeviceID) float64
	Beside    func() *profile.Set // that are only tried: see tried.go; nil, or a nil set: none
	// Differs takes a contact of which what is tried says something else than what is in force: more, that it is to be found, or less.
	Differs func(device home.DeviceID, more bool, at time.Time)
	Maximum bool // for evaluations with few units: what exceeds all of the calibration is found, too
}

// Detector finds what is not usual. Use New.
type Detector struct {
	tell *evidence.Teller
	net  *evidence.Internet
	cfg  Config
	due  int64 // when contacts that wait for a name are to be looked at; 0: none does

	chain endpoint.Chain // of the contact that is judged; here and not on the stack, as it is handed to an interface
	far   home.Endpoint  // likewise
	found found          // likewise
}

// New makes a detector.
func New(tell *evidence.Teller, net *evidence.Internet, c Config) *Detector {
	if c.Profiles == nil {
		c.Profiles = func() *profile.Set { return nil }
	}
	if c.Level == nil {
		c.Level = func(d *home.Device) profile.Level { return profile.LevelOf(d.Identity) }
	}
	if c.Class == nil {
		c.Class = func(d *home.Device) home.DeviceClass { return d.Class }
	}
	if c.Domain == nil {
		c.Domain = func(string) string { return "" }
	}
	if c.Network == nil {
		c.Network = func(netip.Addr) uint32 { return 0 }
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	if c.Devices <= 0 {
		c.Devices = calibrate.Devices
	}
	return &Detector{tell: tell, net: net, cfg: c}
}

// Device is what is remembered of one device. State outlives the program, the rest does not.
type Device struct {
	*evidence.Device
	State
	level profile.Level    // as of its latest contact
	class home.DeviceClass // the strictest, likewise
	since int64            // when it was first seen since the program began, in Unix nanoseconds; 0: not yet
	names uint16           // answers of DNS with addresses that it got while it was watched, at most 65,535
	*scratch

	set     *profile.Set     // by which profile and all were looked up
	profile *profile.Profile // nil: to be looked up
	all     *profile.Profile
}

// scratch is allocated when it is first needed.
type scratch struct {
	waiting [waits]waiting
	against [calibrate.Families]calibrate.Evidence // the latest of each kind

	volumeTold uint32 // the day on which its volume was told
	tried      tried  // its sums by profiles that are only tried
}

func (dev *Device) need() {
	if dev.scratch == nil {
		dev.scratch = new(scratch)
	}
}

// who is what is known of the device that is judged.
type who struct {
	profile *profile.Profile
	all     *profile.Profile // of all devices
	version uint64
	class   home.DeviceClass
}

func (d *Detector) who(dev *Device) who {
	set := d.cfg.Profiles()
	if dev.profile == nil || dev.set != set {
		dev.set, dev.profile, dev.all = set, set.For(dev.level), set.For(profile.Level{})
	}
	return who{dev.profile, dev.all, set.Version(), dev.class}
}

// norm is nil where nothing is known of the device's model, vendor or class.
func (w *who) norm() Norm {
	if w.profile.Homes() == 0 || w.profile.Level() == (profile.Level{}) {
		return nil
	}
	return w.profile
}

func (d *Detector) hour(t time.Time) int {
	if d.cfg.Zone == time.UTC {
		return int(t.Unix() % 86400 / 3600)
	}
	return t.In(d.cfg.Zone).Hour()
}

// chainOf names the far end of a contact at all grains.
func (d *Detector) chainOf(e *home.Endpoint, local, inbound bool) endpoint.Chain {
	if !local && e.ASN == 0 && e.IP.IsValid() {
		e.ASN = d.cfg.Network(e.IP)
	}
	return endpoint.Of(e, local, inbound)
}
