// Package judge composes threat intelligence, policy and the behaviour detectors into verdicts and findings. It does
// no I/O. It may import home and behavior; what it needs of other rooms it declares as interfaces here. Observe, Contact
// and Matches belong to one goroutine, the pipeline's; Name, Answer, SetIntel and SetPolicy may be called from any.
package judge

import (
	"net/netip"
	"sync/atomic"
	"time"

	"cardea/behavior"
	"cardea/behavior/profile"
	"cardea/behavior/usual"
	"cardea/home"
)

// Intel answers whether a name or an address is listed. It is immutable: a new list is a new Intel.
type Intel interface {
	Name(name string) (home.Indicator, bool)
	Addr(addr netip.Addr) (home.Indicator, bool)
}

// Services knows the service behind an endpoint.
type Services interface {
	Service(e *home.Endpoint) (home.Service, bool)
}

// Sink takes findings; each is the receiver's to keep.
type Sink interface {
	Find(*home.Finding)
}

// Config is what a Judge is made of; every field may be left empty.
type Config struct {
	Behavior behavior.Config
	Intel    Intel
	Services Services
	Policy   Policy
	// Headless says whether a device is of a class that has no browser, so that contact with a listed endpoint is its
	// own doing and not a web page's. Nil: not known for any device.
	Headless func(home.DeviceID) bool
	// Level says what a device may look up; any goroutine asks. Nil: everything.
	Level func(home.DeviceID) home.Level
}

// Judge gives verdicts and raises findings.
type Judge struct {
	services Services
	headless func(home.DeviceID) bool
	level    func(home.DeviceID) home.Level
	sink     Sink
	detect   *behavior.Detectors
	listed   *listed
	intel    atomic.Pointer[Intel]
	policy   atomic.Pointer[policy]
}

// New makes a Judge that tells its findings to sink.
func New(c Config, sink Sink) *Judge {
	j := &Judge{services: c.Services, headless: c.Headless, level: c.Level, sink: sink}
	j.detect = behavior.New(c.Behavior, sink)
	j.listed = newListed(c.Behavior.Again, c.Behavior.MaxDevices)
	j.SetIntel(c.Intel)
	j.SetPolicy(c.Policy)
	return j
}

// SetIntel puts a new list in force at once; nil means none.
func (j *Judge) SetIntel(i Intel) {
	if i == nil {
		j.intel.Store(nil)
		return
	}
	j.intel.Store(&i)
}

// SetPolicy puts a new policy in force at once.
func (j *Judge) SetPolicy(p Policy) { j.policy.Store(p.compile()) }

// Internet tells whether the gateway's own probe reached the internet: while it does not, silence is no evidence.
func (j *Judge) Internet(up bool, now time.Time) { j.detect.Internet(up, now) }

// Forget drops what is held against a device, so that it may raise the same findings anew, as after a release.
func (j *Judge) Forget(id home.DeviceID) {
	j.detect.Forget(id)
	delete(j.listed.devices, id)
}

// Drop drops all that is remembered of a device that is no more.
func (j *Judge) Drop(id home.DeviceID) {
	j.detect.Drop(id)
	delete(j.listed.devices, id)
}

// Normal is what is normal for a device as far as it was watched, to be kept; false for one that is not known.
func (j *Judge) Normal(id home.DeviceID) (usual.State, bool) { return j.detect.Normal(id) }

// Restore gives back what was kept.
func (j *Judge) Restore(id home.DeviceID, s usual.State) { j.detect.Restore(id, s) }

// Accept takes what soft findings were about for usual of their device: its owner said that it is fine. Hard rules stay as they are.
func (j *Judge) Accept(list []home.Finding) {
	for i := range list {
		f := &list[i]
		if f.Strength == home.Hard || f.Card == nil {
			continue
		}
		for k := range f.Card.Seen {
			j.detect.Accept(f.Device, &f.Card.Seen[k].Endpoint)
		}
	}
}

// Past is for a hunt by what has been learnt of models; see behavior.Detectors.Past.
func (j *Judge) Past(devices []home.Device, now time.Time, better func(home.DeviceID, profile.Level, uint32) bool) *usual.Past {
	return j.detect.Past(devices, now, better)
}

// Doubt takes what a finding of the past was about for unusual of its device, until its owner says that it is fine.
func (j *Judge) Doubt(f *home.Finding) {
	for k := range f.Card.Seen {
		j.detect.Doubt(f.Device, &f.Card.Seen[k].Endpoint)
	}
}

// Days tells of every device how unusual its last whole day was, once.
func (j *Judge) Days(now time.Time, yield func(home.DeviceID, usual.Day)) { j.detect.Days(now, yield) }

// Stats are the detectors' counters.
func (j *Judge) Stats() behavior.Stats { return j.detect.Stats() }

// Observe judges one observation and raises what it shows.
func (j *Judge) Observe(o *home.Observation) {
	j.detect.Observe(o)
	j.observeListed(o)
}

func (j *Judge) nameListed(name string) (home.Indicator, bool) {
	i := j.intel.Load()
	if i == nil || name == "" {
		return home.Indicator{}, false
	}
	return (*i).Name(name)
}

// endpoints is what an Intel may know besides: indicators that name an address and a port.
type endpoints interface {
	Endpoint(netip.AddrPort) (home.Indicator, bool)
}

// bare is what an Intel may know of contacts without a name: indicators that say nothing of the names that lead to an address.
type bare interface {
	Bare(netip.AddrPort) (home.Indicator, bool)
}

// addrListed asks for an address; name is by what it was reached, if by any.
func (j *Judge) addrListed(name string, far netip.AddrPort) (found home.Indicator, ok bool) {
	i := j.intel.Load()
	if i == nil || !far.Addr().IsValid() {
		return home.Indicator{}, false
	}
	far = netip.AddrPortFrom(far.Addr().Unmap(), far.Port())
	if e, is := (*i).(endpoints); is {
		found, ok = e.Endpoint(far)
	} else {
		found, ok = (*i).Addr(far.Addr())
	}
	if b, is := (*i).(bare); is && !ok && name == "" {
		return b.Bare(far)
	}
	return found, ok
}
