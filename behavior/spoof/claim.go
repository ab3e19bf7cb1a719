package spoof

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
	"cardea/say"
)

// ARP and ND spoofing: a station claims an address that another station has.
//
// The gateway's address is told at the first frame: nobody else has a reason to claim it. For any other address one claim
// is not enough, because addresses do change hands: a lease is used again, a laptop moves from cable to Wi-Fi, a sleep
// proxy answers for a sleeper. In all these the old owner is silent afterwards; only a spoofer keeps claiming while the
// owner keeps speaking.

const (
	// silentOwner: an owner not heard for so long has given the address up.
	silentOwner = 5 * time.Minute
	// flipsNeeded claims, each after the owner was heard again, within flipSpan. A sleep proxy changes place with its
	// sleeper once per sleep, not twice in two minutes; ARP caches make spoofers repeat every 1–30 s.
	flipsNeeded = 2
	flipSpan    = 2 * time.Minute
)

// claims is what a device claimed of others' addresses.
type claims struct {
	sleepProxy bool       // announces itself as a Bonjour sleep proxy
	lease      netip.Addr // given to it by DHCP
}

// Announce takes what a device announces of its services.
func (d *Detector) Announce(dev *Device, o *home.Observation) {
	if o.Announce.Query { // who looks for a service does not offer it
		return
	}
	for _, s := range o.Announce.Services {
		if strings.HasPrefix(s, "_sleep-proxy._udp") {
			dev.claims.sleepProxy = true
		}
	}
}

// Claim takes an ARP or neighbour discovery message.
func (d *Detector) Claim(dev *Device, o *home.Observation, now int64) {
	n := o.Neighbor
	a, m := n.SenderAddr.Unmap().WithZone(""), n.SenderMAC
	if !evidence.Unicast(a) || m.IsZero() || m.IsGroup() || virtual(m) {
		return
	}
	if slices.Contains(d.ownAddrs, a) && len(d.own) > 0 && !slices.Contains(d.own, m) {
		d.tellSpoof(dev, o, a, d.own[0], true, say.Word("the home's gateway"))
		return
	}
	if n.Op == home.NeighborRequest {
		d.link.ask(n.TargetAddr.Unmap(), now)
	}
	w := d.link.owners[a]
	if w == nil {
		if d.falseGateway(dev, a, m) {
			d.tellSpoof(dev, o, a, d.link.gateway, false, say.Word("the home's gateway, as routed frames show"))
			return
		}
		if n.Op == home.NeighborReply && n.TargetAddr.Unmap() != a && !d.link.asked(a, now) && d.gatewayLike(dev, a, m) {
			d.tellSpoof(dev, o, a, d.link.gateway, false, say.Word("likely the home's gateway, as routed frames show; nobody had asked"))
			return
		}
		d.link.add(a, m, m == o.Source || o.Source.IsZero(), now)
		return
	}
	switch {
	case w.mac == m:
		d.link.own(a, m, m == o.Source || o.Source.IsZero(), now)
	case virtual(w.mac):
	case slices.Contains(o.Device.MACs, w.mac), d.link.areTwins(w.mac, m):
		*w = owner{mac: m, spoken: true, heard: now}
	case d.isGateway(m), dev.Gateway, !w.spoken && !w.leased && m == o.Source && !d.isGateway(w.mac):
		*w = owner{mac: m, spoken: true, heard: now} // only others' word was against it
	case d.isGateway(w.mac):
		if d.link.gateway != w.mac || now-w.heard < int64(silentOwner) || !w.spoken {
			d.tellSpoof(dev, o, a, w.mac, true, say.Word("the home's gateway"))
		}
	case dev.claims.lease == a, now-w.heard > int64(silentOwner):
		*w = owner{mac: m, spoken: true, heard: now}
	case o.Source.IsZero():
		d.rival(dev, o, w, a, m, now)
	default: // by who sent it: what it says of others must not count against them
		d.rival(dev, o, w, a, o.Source, now)
	}
}

// rival takes a claim of an address whose owner is around.
func (d *Detector) rival(dev *Device, o *home.Observation, w *owner, a netip.Addr, m home.MAC, now int64) {
	if d.link.mutual(w.mac, m) {
		*w = owner{mac: m, spoken: true, heard: now}
		return
	}
	if w.rival != m || now-w.claimed > int64(flipSpan) {
		w.rival, w.claimed, w.back, w.flips, w.since = m, now, false, 0, now
		return
	}
	w.claimed = now
	if !w.back {
		return
	}
	w.back = false
	if now-w.since > int64(flipSpan) {
		w.flips, w.since = 0, now
	}
	if w.flips++; w.flips >= flipsNeeded && !dev.claims.sleepProxy {
		// Hard only where the home's DHCP server says whose address it is: who speaks first is no proof of ownership.
		d.tellSpoof(dev, o, a, w.mac, w.leased, say.Word("another device that is still using it"))
	}
}

// falseGateway: nobody was heard with this address yet, and it is likely the gateway's. The claimer has an address of its own,
// or DHCP said that the address is the router's.
func (d *Detector) falseGateway(dev *Device, a netip.Addr, m home.MAC) bool {
	return d.gatewayLike(dev, a, m) && (d.link.hasOther(m, a) || a == d.servers.router)
}

// gatewayLike: routed frames show a gateway of which no address is known, another station claims the address, and the address is
// one that gateways have: the first or the last of a /24, or what DHCP called the router.
func (d *Detector) gatewayLike(dev *Device, a netip.Addr, m home.MAC) bool {
	g := d.link.gateway
	if g.IsZero() || m == g || dev.Gateway || !a.Is4() {
		return false
	}
	b := a.As4()
	return (a == d.servers.router || b[3] == 1 || b[3] == 254) && !d.link.hasOther(g, a)
}

func (d *Detector) tellSpoof(dev *Device, o *home.Observation, a netip.Addr, owner home.MAC, hard bool, whose say.Arg) {
	det, proto := home.DetectARPSpoof, say.Text("ARP")
	if a.Is6() {
		det, proto = home.DetectNDSpoof, say.Word("neighbour discovery")
	}
	m := evidence.MomentOf(o)
	strength := dev.Strength(m, hard)
	if !d.tell.May(dev.Device, det, evidence.Hash(a), strength == home.Hard, o.Time.UnixNano()) {
		return
	}
	claims := o.Neighbor.SenderMAC
	d.tell.Find(dev.Device, m, home.Finding{
		Detector: det, Strength: strength, Score: 1,
		Said: say.New("claims by {0} that {1} is its own address; it belongs to {2} ({3})", proto, say.Text(a.String()), whose, say.Text(owner.String())),
		Facts: map[string]any{
			"address": a.String(), "claimed_mac": claims.String(), "owner_mac": owner.String(),
			"reply": o.Neighbor.Op == home.NeighborReply, "unit": "claims",
		},
		Symptom: home.Symptom{Addrs: []netip.Addr{a}},
	})
}
