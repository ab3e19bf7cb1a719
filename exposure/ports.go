package exposure

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"cardea/home"
)

// port is a service of a device that somebody reached.
type port struct {
	proto    uint8
	flags    uint8
	number   uint16
	external uint16 // by which port the internet reached it; 0 when by its own
	reached  uint16 // the day since 1970 on which the internet reached it last; 0: never
	first    uint32
	last     uint32
}

// What is known of a port.
const (
	byHome   = 1 << iota // somebody in the home reached it
	byV6                 // the internet reached it over IPv6
	isTelnet             // it said so
	isFTP
	isLogin // took a login without encryption
	isTLS10 // chose TLS 1.0 or older
	isTLS11 // chose TLS 1.1
	isSure  // though the client offered better
)

const isOldTLS = isTLS10 | isTLS11

// port gives the record of a port, made when it is missing. In a full device the one makes room that matters least, and of
// these the one that was not seen for the longest time.
func (d *device) port(proto uint8, number uint16, at uint32) *port {
	for i := range d.ports {
		if p := &d.ports[i]; p.proto == proto && p.number == number {
			p.last = max(p.last, at)
			return p
		}
	}
	fresh := port{proto: proto, number: number, first: at, last: at}
	if len(d.ports) < maxPorts {
		d.ports = append(grow(d.ports), fresh)
		return &d.ports[len(d.ports)-1]
	}
	least := 0
	for i := range d.ports {
		if p, q := &d.ports[i], &d.ports[least]; p.matters() < q.matters() || p.matters() == q.matters() && p.last < q.last {
			least = i
		}
	}
	d.ports[least] = fresh
	return &d.ports[least]
}

func (p *port) matters() int {
	switch {
	case p.reached != 0:
		return 2
	case p.flags&^byHome != 0:
		return 1
	}
	return 0
}

// grow makes room for a few more, not for twice as many: most devices have few.
func grow[T any](s []T) []T {
	if len(s) < cap(s) {
		return s
	}
	out := make([]T, len(s), len(s)+2+len(s)/4)
	copy(out, s)
	return out
}

// serving is the device that answers a flow, and its own port; "" when it is nobody in the home.
func (b *Book) serving(o *home.Observation, fl *home.Flow) (home.DeviceID, uint16) {
	to := fl.Dst
	if fl.ReplySrc.IsValid() {
		to = fl.ReplySrc
	}
	if o.Direction == home.Local && o.Peer != nil {
		return o.Peer.ID, to.Port()
	}
	if o.Device != nil && (o.Direction == home.Inbound && o.Kind == home.EventFlow || b.has(o.Device, to.Addr())) {
		return o.Device.ID, to.Port()
	}
	return b.owner(to.Addr()), to.Port()
}

// flow: who answers has a port open. A flow that was seen from its middle may be the wrong way round.
func (b *Book) flow(o *home.Observation) {
	fl := o.Flow
	if o.Device != nil && o.Proven && fl.State == home.FlowNew {
		if o.Direction != home.Inbound {
			b.own(fl.Src.Addr(), o.Device.ID)
		} else if !fl.ReplySrc.IsValid() {
			b.own(fl.Dst.Addr(), o.Device.ID)
		}
	}
	if fl.State == home.FlowNew && fl.SYN != nil && o.Direction == home.Inbound {
		b.began[fl.ID%uint64(len(b.began))] = fl.ID
	}
	if fl.State != home.FlowAnswered || (fl.Proto != home.ProtoTCP && fl.Proto != home.ProtoUDP) || backwards(fl) {
		return
	}
	at := seconds(o.Time)
	switch o.Direction {
	case home.Local:
		if id, number := b.serving(o, fl); id != "" && (o.Device == nil || id != o.Device.ID) && lasting(fl.Proto, number) {
			b.of(id, at).port(fl.Proto, number, at).flags |= byHome
		}
	case home.Inbound:
		// a host that the device itself contacted may only be answering, where no router leads it in
		if o.Device == nil || o.Resolved && !fl.ReplySrc.IsValid() || !b.entered(o) || !fl.Src.Addr().Unmap().IsGlobalUnicast() || fl.Src.Addr().Unmap().IsPrivate() {
			return
		}
		b.reached(o.Device.ID, fl, at)
	}
}

// entered says whether the internet surely began a flow. One that a capture file has from its middle may be the wrong way
// round, unless the router led it in or its port is that of a service. A live gateway's kernel knows.
func (b *Book) entered(o *home.Observation) bool {
	fl := o.Flow
	number := fl.Dst.Port()
	switch {
	case fl.ReplySrc.IsValid():
		return true
	case o.Frame == 0 && fl.Src.Port() >= 1024 && lasting(fl.Proto, number):
		return true
	case fl.Proto == home.ProtoTCP && b.began[fl.ID%uint64(len(b.began))] == fl.ID:
		return true
	case fl.Src.Port() < 1024:
		return false
	}
	return number < 1024 || serviceOf(home.ProtoName(fl.Proto), number) != ""
}

func (b *Book) reached(id home.DeviceID, fl *home.Flow, at uint32) {
	number, external := fl.Dst.Port(), uint16(0)
	if fl.ReplySrc.IsValid() {
		number, external = fl.ReplySrc.Port(), fl.Dst.Port()
	}
	if !portly(fl.Proto, number) {
		return
	}
	d := b.of(id, at)
	p := d.port(fl.Proto, number, at)
	p.reached = max(p.reached, day(at))
	if external != 0 {
		p.external = external
		d.used(fl.Proto, external, number, at)
	}
	if dst := fl.Dst.Addr().Unmap(); dst.Is6() {
		p.flags |= byV6
	}
}

// backwards: the side that should have begun it has a port of a service, the other one has not.
func backwards(fl *home.Flow) bool {
	return fl.Src.Port() < 1024 && fl.Dst.Port() >= 32768
}

// portly: a protocol with ports, and one of them.
func portly(proto uint8, number uint16) bool {
	return (proto == home.ProtoTCP || proto == home.ProtoUDP) && number != 0
}

// lasting: not a UDP port that a program took for a while, nor one on which each device answers the home's own protocols.
func lasting(proto uint8, number uint16) bool {
	if number == 0 {
		return false
	}
	if proto != home.ProtoUDP {
		return true
	}
	return number < 32768 && number != 68 && number != 546
}

// name: what a client of a flow tells.
func (b *Book) name(o *home.Observation) {
	n, at := o.Name, seconds(o.Time)
	if n.TLS != 0 {
		b.offers[b.next] = offer{n.Flow.ID, n.TLS}
		b.next = (b.next + 1) % len(b.offers)
	}
	client := b.client(o, &n.Flow)
	if client != nil {
		switch {
		case n.TLS >= tls12:
			client.modern = max(client.modern, day(at))
		case n.TLS != 0:
			client.does(usesOldTLS, n.TLS, at)
		}
		if n.Cleartext != "" {
			client.does(usesLogin, protocolOf(n.Cleartext), at)
		}
		if n.Agent != "" {
			client.tell(textAgent, system(n.Agent), at)
		}
	}
	if n.Cleartext == "" && n.Login != "telnet" {
		return
	}
	id, number := b.serving(o, &n.Flow)
	if id == "" || !portly(n.Flow.Proto, number) {
		return
	}
	p := b.of(id, at).port(n.Flow.Proto, number, at)
	if n.Login == "telnet" {
		p.flags |= isTelnet
	}
	if n.Cleartext != "" {
		p.flags |= isLogin
	}
}

// client is the record of who began a flow, when that is a device of the home.
func (b *Book) client(o *home.Observation, fl *home.Flow) *device {
	if o.Device == nil || o.Direction == home.Inbound {
		return nil
	}
	if fl.Src.IsValid() && !b.has(o.Device, fl.Src.Addr()) && o.Source != o.Device.MAC {
		return nil
	}
	if to := fl.Dst.Addr(); o.Direction == 0 && b.has(o.Device, to) && !b.has(o.Device, fl.Src.Addr()) {
		return nil // its frame, but it answers
	}
	return b.of(o.Device.ID, seconds(o.Time))
}

func (d *device) does(i int, what uint16, at uint32) {
	u := &d.uses[i]
	if u.last == 0 {
		u.first = at
	}
	u.last, u.what = max(u.last, at), what
}

// served: what the answering side tells. Servers on the internet are nobody's exposure.
func (b *Book) served(o *home.Observation) {
	s, at := o.Served, seconds(o.Time)
	to := s.Flow.Dst
	if s.Flow.ReplySrc.IsValid() {
		to = s.Flow.ReplySrc
	}
	id := b.owner(to.Addr())
	if o.Device != nil && (b.has(o.Device, to.Addr()) || !o.Device.Gateway && (o.Direction == home.Local || o.Direction == home.Inbound || id == "" && inHome(to.Addr()))) {
		id = o.Device.ID
	}
	if id == "" || !portly(s.Flow.Proto, to.Port()) {
		return
	}
	d := b.of(id, at)
	p := d.port(s.Flow.Proto, to.Port(), at)
	switch s.Protocol {
	case "telnet":
		p.flags |= isTelnet
	case "ftp":
		p.flags |= isFTP
	}
	if s.TLS != 0 {
		p.chose(s.TLS, b.offered(s.Flow.ID))
	}
	if s.Software != "" {
		d.tell(textSoftware, strings.TrimPrefix(s.Software, "SSH-2.0-"), at)
	}
	for _, x := range s.Details {
		d.detail(x, at)
	}
}

// chose: which version the server chose of what the client offered (0: not seen). A client that offers old versions only is
// no proof; a better choice later takes back what was not sure.
func (p *port) chose(version, offered uint16) {
	if version >= tls12 {
		if p.flags&isSure == 0 {
			p.flags &^= isOldTLS
		}
		return
	}
	if offered != 0 && offered < tls12 || offered == 0 && p.flags&isSure != 0 {
		return
	}
	p.flags &^= isOldTLS
	if version == tls12-1 {
		p.flags |= isTLS11
	} else {
		p.flags |= isTLS10
	}
	if offered >= tls12 {
		p.flags |= isSure
	}
}

func (b *Book) offered(flow uint64) uint16 {
	for i := range b.offers {
		if b.offers[i].flow == flow && b.offers[i].tls != 0 {
			return b.offers[i].tls
		}
	}
	return 0
}

// inHome says whether an address is one that only homes use.
func inHome(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsPrivate() || a.IsLinkLocalUnicast()
}

// tls12 is the oldest version that is not deprecated (RFC 8996).
const tls12 = 0x0303

// logins are the protocols of a cleartext login, by their number here.
var logins = []string{"", "ftp", "telnet", "http", "pop3", "imap", "smtp", "rtsp", "mqtt"}

func protocolOf(name string) uint16 { return uint16(max(slices.Index(logins, name), 0)) }

// old says whether something that was seen last then is no longer believed.
func old(last uint32, now time.Time, after time.Duration) bool { return now.Sub(clock(last)) > after }

func day(s uint32) uint16 { return uint16(s / 86400) }
