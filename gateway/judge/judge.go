// Package judge composes threat intelligence, policy and the behaviour detectors into verdicts and findings. It does
// no I/O. It may import home and behavior; what it needs of other rooms it declares as interfaces here. Observe, Contact
// and Matches belong to one goroutine, the pipeline's; Name, Answer, SetIntel and SetPolicy may be called from any.
package judge

import (
	"net/netip"
	"sync/atomic"
	"time"

	"cardea/behavior"
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
}

// Judge gives verdicts and raises findings.
type Judge struct {
	services Services
	headless func(home.DeviceID) bool
	sink     Sink
	detect   *behavior.Detectors
	listed   *listed
	intel    atomic.Pointer[Intel]
	policy   atomic.Pointer[policy]
}

// New makes a Judge that tells its findings to sink.
func New(c Config, sink Sink) *Judge {
	j := &Judge{services: c.Services, headless: c.Headless, sink: sink}
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

// Forget drops what is remembered of a device, so that it may raise the same findings anew, as after a release.
func (j *Judge) Forget(id home.DeviceID) {
	j.detect.Forget(id)
	delete(j.listed.devices, id)
}

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

func (j *Judge) addrListed(far netip.AddrPort) (home.Indicator, bool) {
	i := j.intel.Load()
	if i == nil || !far.Addr().IsValid() {
		return home.Indicator{}, false
	}
	a := far.Addr().Unmap()
	if e, ok := (*i).(endpoints); ok {
		return e.Endpoint(netip.AddrPortFrom(a, far.Port()))
	}
	return (*i).Addr(a)
}
