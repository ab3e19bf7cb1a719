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

// Forged answers from DNS: a station of the home answers with the resolver's address as its own. A question goes to one station,
// the resolver itself or the router on the way to it, and the answer comes back from there. Another sender is told softly; hard
// when the right answer is seen, too, and says something else: that cannot be two ways to one server (RFC 5452 section 3 lists
// what a forger has to guess; in the same home he need not guess, he sees the question).
const (
	exchanges    = 16
	answerWithin = 5 * time.Second
)

// exchange is a question to DNS and who answered it.
type exchange struct {
	client, server netip.AddrPort
	question       uint64
	kind           uint16
	at             int64
	to             [2]home.MAC // stations that the question was sent to: two where both sides of a router are seen
	right          uint64      // what the right answer says; 0: not seen
	forger         home.MAC    // who else answered
	forged         uint64      // what that said
}

// resolving is what is known of questions that are open, and of a forger who is not known as a device yet.
type resolving struct {
	open [exchanges]exchange
	next int
	lie  lie
}

// lie is a forged answer.
type lie struct {
	mac    home.MAC
	at     int64
	hard   bool
	server netip.Addr
	client netip.Addr
	name   string
	right  home.MAC
	moment evidence.Moment
}

// hearDNS takes a message of DNS.
func (d *Detector) hearDNS(o *home.Observation, now int64) {
	l := o.Lookup
	if o.Source.IsZero() || o.Source.IsGroup() || o.Dest.IsGroup() || o.Dest.IsZero() || !l.Server.Addr().IsValid() || l.Question == "" {
		return
	}
	if c := l.Client.Addr().Unmap(); c.Is4() && evidence.Outside(c) {
		return // a provider's network, where paths are not a home's
	}
	q := nameHash(l.Question)
	x := d.dns.find(l, q, now)
	if !l.Answer {
		if x == nil {
			x = &d.dns.open[d.dns.next]
			d.dns.next = (d.dns.next + 1) % exchanges
			*x = exchange{client: l.Client, server: l.Server, question: q, kind: l.Type}
		}
		if x.at = now; x.to[0] != o.Dest {
			x.to[0], x.to[1] = o.Dest, x.to[0]
		}
		return
	}
	if x == nil {
		return
	}
	says := answerHash(l)
	if slices.Contains(x.to[:], o.Source) || d.mayAnswer(o.Source, x) {
		if x.right = says; !x.forger.IsZero() && x.forged != says {
			d.lied(x, x.forger, l, true, evidence.MomentOf(o))
		}
		return
	}
	x.forger, x.forged = o.Source, says
	d.lied(x, o.Source, l, x.right != 0 && x.right != says, evidence.MomentOf(o))
}

// mayAnswer says whether a station may answer for a server though the question was sent to another: the router, the owner of the
// server's address, another interface of the one that was asked.
func (d *Detector) mayAnswer(m home.MAC, x *exchange) bool {
	if virtual(m) || virtual(x.to[0]) || d.isGateway(m) || slices.Contains(d.own, m) || d.link.areTwins(m, x.to[0]) {
		return true
	}
	if w := d.link.owners[x.server.Addr().Unmap()]; w != nil && w.mac == m {
		return true
	}
	for dev := range d.devices {
		if dev.MAC == m && dev.Gateway {
			return true
		}
	}
	return false
}

func (d *Detector) lied(x *exchange, by home.MAC, l *home.Lookup, hard bool, m evidence.Moment) {
	if d.dns.lie.mac == by && (d.dns.lie.hard || !hard) && m.Time.UnixNano()-d.dns.lie.at < int64(time.Hour) {
		return
	}
	d.dns.lie = lie{mac: by, at: m.Time.UnixNano(), hard: hard, server: x.server.Addr().Unmap(), client: x.client.Addr().Unmap(),
		name: strings.Clone(l.Question), right: x.to[0], moment: m}
	for dev := range d.devices {
		if dev.MAC == by {
			d.tellLie(dev)
			return
		}
	}
}

// tellLie tells of a forged answer when its sender is known as a device.
func (d *Detector) tellLie(dev *Device) {
	l := &d.dns.lie
	if l.mac.IsZero() || l.mac != dev.MAC || l.server == (netip.Addr{}) {
		return
	}
	said := *l
	*l = lie{mac: said.mac, at: said.at, hard: said.hard} // told
	strength := dev.Strength(said.moment, said.hard)
	if !d.tell.May(dev.Device, home.DetectDNSSpoof, evidence.Hash(said.server), strength == home.Hard, said.moment.Time.UnixNano()) {
		return
	}
	contradicted := say.Word("")
	if said.hard {
		contradicted = say.Word("; the right answer says something else")
	}
	d.tell.Find(dev.Device, said.moment, home.Finding{
		Detector: home.DetectDNSSpoof, Strength: strength, Score: 1,
		Said: say.New("answers DNS in the name of {0}, which is not its address: it told {1} where {2} is, though {3} was asked{4}",
			say.Text(said.server.String()), say.Text(said.client.String()), say.Text(said.name), say.Text(said.right.String()), contradicted),
		Facts: map[string]any{
			"server": said.server.String(), "client": said.client.String(), "name": said.name, "asked_mac": said.right.String(),
			"contradicted": said.hard, "unit": "answers",
		},
		Symptom: home.Symptom{Proto: home.ProtoUDP, Names: []string{said.name}},
		Card:    &home.Card{Numbers: []home.Number{{Name: "forged answers", Value: 1, Unit: "answers"}}, Blocks: []string{"*"}},
	})
}

func (r *resolving) find(l *home.Lookup, q uint64, now int64) *exchange {
	for i := range r.open {
		x := &r.open[i]
		if x.question == q && x.kind == l.Type && x.client == l.Client && x.server == l.Server && now-x.at < int64(answerWithin) && x.at != 0 {
			return x
		}
	}
	return nil
}

// answerHash is what an answer says, whatever the order; never 0.
func answerHash(l *home.Lookup) uint64 {
	h := uint64(l.Rcode) + 1
	for _, a := range l.Addrs {
		h += evidence.Hash(a.Unmap())
	}
	for _, n := range l.Names {
		h += nameHash(n)
	}
	return h | 1
}

func nameHash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
