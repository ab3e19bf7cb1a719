// Package spoof finds lies on the link: addresses of others claimed by ARP or neighbour discovery, false DHCP servers and
// routers, answers from DNS in the resolver's name, one MAC on two ports. It is pure and may import home and behavior/evidence only. The state belongs to the
// Detectors value of behavior that made it, is bounded, and is used by its one goroutine.
package spoof

import (
	"iter"
	"net/netip"
	"slices"
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
)

// Detector finds lies on the link. Use New.
type Detector struct {
	tell     *evidence.Teller
	own      []home.MAC // the gateway's own, when it is we
	ownAddrs []netip.Addr
	devices  iter.Seq[*Device]
	link     link
	servers  servers
	dns      resolving
}

// New makes a detector for a home whose gateway has these MACs and addresses; without them both are learned. devices are
// all that are remembered, to note who was given a lease.
func New(tell *evidence.Teller, own []home.MAC, ownAddrs []netip.Addr, devices iter.Seq[*Device]) *Detector {
	d := &Detector{tell: tell, own: slices.Clone(own), ownAddrs: slices.Clone(ownAddrs), devices: devices}
	d.link.init()
	return d
}

// Device is what is remembered of one device.
type Device struct {
	*evidence.Device
	twoPorts twoPorts
	claims   claims
	offers   int // DHCP answers though it is not the server
}

// Anew forgets what is known of the home: the clock was set back.
func (d *Detector) Anew() {
	d.link, d.servers, d.dns = link{}, servers{}, resolving{}
	d.link.init()
}

// Own says whether a MAC is one that the gateway was configured to have.
func (d *Detector) Own(m home.MAC) bool { return slices.Contains(d.own, m) }

// Hear learns from an observation who has which address, and judges who answers DNS. Claims (ARP, ND) are judged by Claim.
func (d *Detector) Hear(o *home.Observation, now int64) {
	if o.Kind == home.EventLookup {
		d.hearDNS(o, now)
		return
	}
	d.link.hear(o, now)
}

// Alive says whether an address, by its evidence.Hash, was heard from within a time.
func (d *Detector) Alive(host uint64, now int64, within time.Duration) bool {
	return d.link.alive(host, now, within)
}

// AliveSince says whether it was heard from since then.
func (d *Detector) AliveSince(host uint64, start int64) bool { return d.link.aliveSince(host, start) }
