package access

import (
	"net/netip"
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
	"cardea/say"
)

// Unsolicited contact from the internet: somebody outside, whom the device never contacted, tries a service of a device
// that an IPv6 address, a port mapping or a DMZ exposes. Always soft: the device is the target. Peer-to-peer programs,
// games and calls are reached on high ports of their own; only services count there if one host keeps coming back.
const (
	inboundTries = 3 // attempts on a service's port, from anywhere
	inboundAgain = 10
	inboundSpan  = 10 * time.Minute
	inboundSlots = 8
)

// service says whether a port is one that people expose by mistake and attackers try.
func service(proto uint8, port uint16) bool {
	switch proto {
	case home.ProtoTCP:
		return port < 1024 || evidence.Remote(port) || evidence.WebLike(port) || port == 3306 || port == 5432 || port == 5900 || port == 9100 || port == 1883
	case home.ProtoUDP:
		return port == 69 || port == 161 || port == 1900 || port == 11211 || port == 5060
	}
	return false
}

type inbound struct {
	slots [inboundSlots]inboundSlot
}

// inboundSlot counts tries on one local port; for high ports from one host.
type inboundSlot struct {
	port    uint16
	proto   uint8
	host    uint64
	since   int64
	last    int64
	tries   uint32
	distant netip.Addr
	hosts   uint32
}

// Inbound takes an event of a flow that somebody outside began.
func (d *Detector) Inbound(dev *Device, o *home.Observation, now int64) {
	fl := o.Flow
	if fl.State != home.FlowNew || o.Resolved || evidence.ReplyLike(fl) || !evidence.Outside(fl.Src.Addr()) {
		return
	}
	port := fl.Dst.Port()
	if fl.ReplySrc.IsValid() { // forwarded: the device's port, not the router's
		port = fl.ReplySrc.Port()
	}
	own := service(fl.Proto, port)
	if !own && fl.Proto != home.ProtoTCP {
		return
	}
	from := evidence.Hash(fl.Src.Addr())
	key := uint64(0)
	if !own {
		key = from
	}
	if dev.inbound == nil {
		dev.inbound = new(inbound)
	}
	s := dev.inbound.slot(port, fl.Proto, key, now)
	if s.tries == 0 && !o.Fresh { // the device contacted this host before
		return
	}
	s.last, s.distant = now, fl.Src.Addr().Unmap()
	if s.tries++; o.Fresh {
		s.hosts++
	}
	need := uint32(inboundTries)
	if !own {
		need = inboundAgain
	}
	if s.tries < need {
		return
	}
	m := evidence.MomentOf(o)
	if !d.tell.May(dev.Device, home.DetectInbound, uint64(port)<<8|uint64(fl.Proto), false, now) {
		return
	}
	d.tell.Find(dev.Device, m, home.Finding{
		Detector: home.DetectInbound, Strength: home.Soft, Score: float64(s.tries),
		Said: say.New("was tried from the internet on port {0} {1} {1?time|times} in {2} by {3} {3?host|hosts}, without having contacted them",
			say.Port(port), say.Count(s.tries), say.Span(time.Duration(now-s.since)), say.Count(max(s.hosts, 1))),
		Facts: map[string]any{
			"port": port, "tries": s.tries, "hosts": max(s.hosts, 1), "address": s.distant.String(), "unit": "attempts",
			"proto": home.ProtoName(fl.Proto),
		},
		Symptom: home.Symptom{Proto: fl.Proto, Ports: []uint16{port}},
	})
}

func (i *inbound) slot(port uint16, proto uint8, host uint64, now int64) *inboundSlot {
	at := 0
	for k := range i.slots {
		s := &i.slots[k]
		if s.last != 0 && s.port == port && s.proto == proto && s.host == host {
			if now-s.since > int64(inboundSpan) {
				*s = inboundSlot{port: port, proto: proto, host: host, since: now}
			}
			return s
		}
		if s.last < i.slots[at].last {
			at = k
		}
	}
	i.slots[at] = inboundSlot{port: port, proto: proto, host: host, since: now}
	return &i.slots[at]
}
