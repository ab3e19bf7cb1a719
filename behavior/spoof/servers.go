package spoof

import (
	"net/netip"
	"slices"
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
	"cardea/say"
)

// Rogue DHCP servers and IPv6 routers. On a gateway the only right answer is its own (own, as New was told). In a capture the
// router's answer is right; failing that the first server that completed a lease is taken for the home's, and another
// one is told softly: it may be the first that is wrong.
//
// One offer is told softly, too: devices that are set up through an access point of their own (seen: D-Link sensors)
// leak an offer to the home when they leave that mode. An acknowledgement, or offers to go on, are hard.
type servers struct {
	dhcp   [2]home.MAC   // v4, v6: the home's
	id     [2]netip.Addr // its server identifier
	ra     home.MAC
	router netip.Addr // what the home's DHCP server calls the router
}

// Server messages (RFC 2132 section 9.6; RFC 8415 section 7.3).
const (
	dhcpOffer, dhcpACK       = 2, 5
	dhcp6Advertise, dhcp6Rep = 2, 7
)

// Lease takes a DHCP message.
func (d *Detector) Lease(dev *Device, o *home.Observation, now int64) {
	l := o.Lease
	if !l.Server {
		return
	}
	v := 0
	give, offer := uint8(dhcpACK), uint8(dhcpOffer)
	if l.V6 {
		v, give, offer = 1, dhcp6Rep, dhcp6Advertise
	}
	if l.Op != give && l.Op != offer {
		return
	}
	sv := &d.servers
	known := !sv.dhcp[v].IsZero()
	configured := len(d.own) > 0
	switch {
	case d.isGateway(o.Source), dev.Gateway, o.Source.IsZero(), !configured && (!known || sv.dhcp[v] == o.Source):
		if l.Op == give {
			sv.dhcp[v], sv.id[v] = o.Source, l.ServerID
			if !l.V6 && l.Router.IsValid() {
				sv.router = l.Router
			}
		}
	case !configured && l.ServerID.IsValid() && l.ServerID == sv.id[v]:
		// The same server by another of its interfaces, as macOS sends its internet sharing's broadcasts.
	default:
		dev.offers++
		sure := configured || d.isGateway(sv.dhcp[v])
		d.tellServer(dev, o, home.DetectRogueDHCP, sure && (l.Op == give || dev.offers > 1), sv.dhcp[v])
		return
	}
	if l.Op == give && l.Addr.IsValid() && sv.dhcp[v] == o.Source {
		d.granted(l.Client, l.Addr.Unmap(), now)
	}
}

// granted notes that the home's server gave an address to a station: it may claim it from now on.
func (d *Detector) granted(m home.MAC, a netip.Addr, now int64) {
	for dev := range d.devices {
		if dev.MAC == m {
			dev.claims.lease = a
		} else if dev.claims.lease == a {
			dev.claims.lease = netip.Addr{}
		}
	}
	if m.IsZero() || d.isGateway(m) {
		return
	}
	w := d.link.owners[a]
	switch {
	case w == nil:
		w = d.link.add(a, m, false, now)
	case w.mac != m && !d.isGateway(w.mac):
		*w = owner{mac: m, heard: now}
	}
	w.leased = w.mac == m
}

// Router takes a router advertisement.
func (d *Detector) Router(dev *Device, o *home.Observation, now int64) {
	r := o.Router
	// Thread border routers and the like advertise a prefix or a route with a lifetime of 0: not a default router (RFC
	// 4861 section 4.2), and no harm without DNS servers.
	if r.Lifetime == 0 && len(r.DNS) == 0 || virtual(o.Source) || o.Source.IsZero() {
		return
	}
	if d.isGateway(o.Source) || dev.Gateway || len(d.own) == 0 && (d.servers.ra.IsZero() || d.servers.ra == o.Source) {
		d.servers.ra = o.Source
		d.link.own(r.Addr.WithZone(""), o.Source, true, now)
		return
	}
	d.tellServer(dev, o, home.DetectRogueRouter, len(d.own) > 0 || d.isGateway(d.servers.ra), d.servers.ra)
}

func (d *Detector) tellServer(dev *Device, o *home.Observation, det home.Detector, hard bool, right home.MAC) {
	m := evidence.MomentOf(o)
	strength := dev.Strength(m, hard)
	if !d.tell.May(dev.Device, det, 1, strength == home.Hard, o.Time.UnixNano()) {
		return
	}
	f := home.Finding{Detector: det, Strength: strength, Score: 1, Facts: map[string]any{"unit": "messages"}}
	var router, owner home.Words
	if det == home.DetectRogueRouter {
		f.Facts["lifetime_s"] = o.Router.Lifetime / time.Second
		f.Facts["dns"] = texts(o.Router.DNS)
	} else {
		f.Facts["dns"] = texts(o.Lease.DNS)
		if o.Lease.Router.IsValid() {
			f.Facts["router"] = o.Lease.Router.String()
			router = say.New(" and names {0} as the router", say.Text(o.Lease.Router.String()))
		}
	}
	if !right.IsZero() {
		f.Facts["home_mac"] = right.String()
		owner = say.New("; that is {0}", say.Text(right.String()))
	}
	f.Said = say.New("answers DHCP though it is not the home's server{0}{1}", say.Said(router), say.Said(owner))
	if det == home.DetectRogueRouter {
		f.Said = say.New("announces itself as an IPv6 router though it is not the home's{0}", say.Said(owner))
	}
	d.tell.Find(dev.Device, m, f)
}

func texts(addrs []netip.Addr) []string {
	out := make([]string, 0, len(addrs))
	for _, a := range addrs[:min(len(addrs), 8)] {
		out = append(out, a.String())
	}
	return slices.Clip(out)
}
