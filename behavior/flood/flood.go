// Package flood finds devices that deny service to somebody. It is pure and may import home and behavior/evidence only.
// The state belongs to the Detectors value of behavior that made it, has a fixed size for each device, and is used by its
// one goroutine.
package flood

import (
	"net/netip"
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
	"cardea/say"
)

// Floods: what only serves to deny service to somebody. Three signs, each per target: new flows at a rate no client
// reaches while hardly any is answered (SYN floods, UDP floods over many ports); packets of one flow at a rate while
// nothing at all comes back from the target; and many sender addresses behind one MAC (forged sources).
const (
	// floodFlows new flows to one host within floodSpan, at most a tenth of them answered. Clients that retry in a tight
	// loop reach some tens a second, a botnet's flooder thousands.
	floodFlows = 200
	floodSpan  = 2 * time.Second
	// Packets a second of one flow with nothing back. Streams of up to 20 Mbit/s send 2,000 packets a second, but their
	// receiver reports back (RTCP, TCP control); within the home a receiver may report on a way that is not seen.
	floodWAN = 500
	floodLAN = 5000
	floodTCP = 100 // unanswered SYNs, or data to who never answered
	// floodMin packets before a rate is believed.
	floodMin = 500
	minTCP   = 200
	// forged sender addresses that are not the home's, within forgedSpan. A device has one or two.
	forgedMin  = 20
	forgedSpan = 5 * time.Second

	floodTargets = 4
	floodHeavy   = 4
)

// Ports says whether a device scans ports of an address now: a fast port scan is told as such.
type Ports interface {
	PortScanning(netip.Addr) bool
}

// Detector finds floods. Use New.
type Detector struct {
	tell *evidence.Teller
	net  *evidence.Internet
}

// New makes a flood detector.
func New(tell *evidence.Teller, net *evidence.Internet) *Detector { return &Detector{tell, net} }

// Device is what is remembered of one device.
type Device struct {
	*evidence.Device
	flood *flood // nil until its first flow
}

type flood struct {
	targets [floodTargets]floodTarget
	heavy   [floodHeavy]heavyFlow
	sources *evidence.Seen // forged sender addresses; nil until the first
	forged  int
	since   int64
}

type floodTarget struct {
	addr     netip.Addr
	since    int64
	used     int64
	flows    uint32
	answered uint32
	ever     bool // it has answered this device
}

// heavyFlow is the last count of a flow, for its rate since.
type heavyFlow struct {
	flow    uint64
	packets uint64
	at      int64
}

// Flow takes an event of a flow that a device began.
func (d *Detector) Flow(dev *Device, ports Ports, o *home.Observation, now int64) {
	far := o.Flow.Dst.Addr()
	if !evidence.Unicast(far) {
		return
	}
	if dev.flood == nil {
		dev.flood = new(flood)
	}
	t := dev.flood.target(far, now)
	switch o.Flow.State {
	case home.FlowNew:
		d.floodNew(dev, ports, o, t, now)
	case home.FlowAnswered:
		t.answered++
		t.ever = true
	}
	if o.Flow.Answered || o.Flow.DownPackets > 0 || o.Resolved && o.Flow.Proto != home.ProtoTCP {
		t.ever = true
		return
	}
	if o.Flow.UpPackets >= minTCP && !t.ever {
		d.floodRate(dev, o, now)
	}
}

func (d *Detector) floodNew(dev *Device, ports Ports, o *home.Observation, t *floodTarget, now int64) {
	if now-t.since > int64(floodSpan) {
		t.since, t.flows, t.answered = now, 0, 0
	}
	if t.flows++; t.flows < floodFlows || t.answered*10 > t.flows {
		return
	}
	if ports.PortScanning(t.addr) {
		return
	}
	if o.Direction == home.Outbound && o.Resolved && !d.net.Up(now) {
		return // its own server, unreachable: some programs try again at once
	}
	if !d.mayFlood(dev, o) {
		return
	}
	took := time.Duration(now - t.since)
	d.tellFlood(dev, o, float64(t.flows)/max(took.Seconds(), .001), say.New("sent {0} new {1} connections to {2} in {3}; {4} were answered",
		say.Count(t.flows), say.Text(home.ProtoName(o.Flow.Proto)), say.Text(evidence.AddrText(t.addr)), say.Span(took), say.Count(t.answered)),
		map[string]any{"flows": t.flows, "answered": t.answered, "seconds": took.Seconds(), "unit": "flows a second"})
}

// floodRate judges a flow's counters.
func (d *Detector) floodRate(dev *Device, o *home.Observation, now int64) {
	fl := o.Flow
	h := dev.flood.count(fl.ID)
	packets, since := fl.UpPackets, fl.Start.UnixNano()
	if h.flow == fl.ID && h.packets <= packets {
		packets, since = packets-h.packets, h.at
	}
	*h = heavyFlow{fl.ID, fl.UpPackets, now}
	need, least := float64(floodWAN), uint64(floodMin)
	switch {
	case fl.Proto == home.ProtoTCP:
		need, least = floodTCP, minTCP
	case o.Direction == home.Local:
		need = floodLAN
	}
	took := time.Duration(now - since)
	rate := float64(packets) / max(took.Seconds(), .1)
	if fl.UpPackets < least || rate < need || !d.mayFlood(dev, o) {
		return
	}
	d.tellFlood(dev, o, rate, say.New("sent {0} {1} packets to {2} in {3}; nothing came back",
		say.Count(fl.UpPackets), say.Text(home.ProtoName(fl.Proto)), say.Text(evidence.AddrText(fl.Dst.Addr())), say.Span(time.Duration(now-fl.Start.UnixNano()))),
		map[string]any{"packets": fl.UpPackets, "seconds": time.Duration(now - fl.Start.UnixNano()).Seconds(), "unit": "packets a second"})
}

// mayFlood says whether a flood is to be told; it is asked before the sentence is made, since a flood goes on.
func (d *Detector) mayFlood(dev *Device, o *home.Observation) bool {
	strength := dev.Strength(evidence.MomentOf(o), !dev.Gateway)
	return d.tell.May(dev.Device, home.DetectFlood, evidence.Hash(o.Flow.Dst.Addr()), strength == home.Hard, o.Time.UnixNano())
}

func (d *Detector) tellFlood(dev *Device, o *home.Observation, rate float64, said home.Words, facts map[string]any) {
	m := evidence.MomentOf(o)
	far := o.Flow.Dst.Addr().Unmap()
	strength := dev.Strength(m, !dev.Gateway)
	facts["address"], facts["port"], facts["proto"] = far.String(), o.Flow.Dst.Port(), home.ProtoName(o.Flow.Proto)
	d.tell.Find(dev.Device, m, home.Finding{
		Detector: home.DetectFlood, Strength: strength, Score: rate, Said: said, Facts: facts,
		Symptom: home.Symptom{Proto: o.Flow.Proto, Addrs: []netip.Addr{far}},
	})
}

// Answered: the target sends something, if on a flow of its own.
func (d *Detector) Answered(dev *Device, o *home.Observation) {
	if dev.flood == nil {
		return
	}
	far := o.Flow.Src.Addr()
	for i := range dev.flood.targets {
		if t := &dev.flood.targets[i]; t.addr == far {
			t.ever = true
		}
	}
}

func (f *flood) target(a netip.Addr, now int64) *floodTarget {
	at := 0
	for i := range f.targets {
		t := &f.targets[i]
		if t.addr == a {
			t.used = now
			return t
		}
		if t.used < f.targets[at].used {
			at = i
		}
	}
	f.targets[at] = floodTarget{addr: a, since: now, used: now}
	return &f.targets[at]
}

func (f *flood) count(flow uint64) *heavyFlow {
	at := 0
	for i := range f.heavy {
		if f.heavy[i].flow == flow {
			return &f.heavy[i]
		}
		if f.heavy[i].at < f.heavy[at].at {
			at = i
		}
	}
	return &f.heavy[at]
}
