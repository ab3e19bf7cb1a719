package beacon

import (
	"net/netip"
	"slices"
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
	"cardea/say"
)

const (
	portsMost = 3 // who tries more ports of a host looks for something there
	denseMost = 1 // so many connections for each that counts are a flood or a burst, and told as such
)

// judge tells of a host that is called as malware calls home.
func (d *Detector) judge(dev *Device, c *caller, m evidence.Moment) {
	if c.score < threshold || c.others >= portsMost || c.dense > denseMost*c.tries {
		return
	}
	now := m.Time.UnixNano()
	if dev.explained(c, now) {
		return
	}
	if !d.net.Up(now) || !d.tell.May(dev.Device, home.DetectBeacon, c.host, false, now) {
		return
	}
	took := time.Duration(now - c.first)
	ports := c.portList()
	where := c.addr.String()
	how := say.Word(", an address that no name is known for")
	if c.named {
		how = say.Word("")
	}
	f := home.Finding{
		Detector: home.DetectBeacon, Strength: home.Soft, Score: c.score,
		Said: say.New("calls {0}{1}{2}{3}", say.Text(where), saidPorts(ports), how, outcome(c, took)),
		Facts: map[string]any{
			"address": where, "port": ports[0], "ports": ports, "proto": "tcp", "calls": c.tries, "unanswered": c.silent, "answered": c.answered,
			"seconds": took.Seconds(), "every": took.Seconds() / float64(max(c.tries-1, 1)), "named": c.named, "unit": "nats", "threshold": threshold,
		},
		Symptom: home.Symptom{Proto: home.ProtoTCP, Ports: ports, Addrs: []netip.Addr{c.addr}},
		Card: &home.Card{
			Numbers: []home.Number{
				{Name: "calls", Value: float64(c.tries), Unit: "calls"},
				{Name: "unanswered", Value: float64(c.silent), Unit: "calls"},
				{Name: "time between calls", Value: took.Seconds() / float64(max(c.tries-1, 1)), Unit: "seconds"},
				{Name: "evidence", Value: c.score, Unit: "nats"},
				{Name: "evidence needed", Value: threshold, Unit: "nats"},
			},
			Seen: []home.Seen{{
				Endpoint: home.Endpoint{IP: c.addr, Port: ports[0], Proto: "tcp"}, Flows: uint64(c.tries), Failed: uint64(c.silent),
				First: time.Unix(0, c.first).UTC(), Last: time.Unix(0, c.last).UTC(),
			}},
			Blocks: []string{where},
		},
	}
	d.tell.Find(dev.Device, m, f)
}

// explained says whether what else a device calls explains its calls to a host: a browser's many, a cloud's list, a swarm.
func (dev *Device) explained(c *caller, now int64) bool {
	if c.kinds == 1<<web {
		return c.answered > 0 || dev.pool.size(now, poolSpan) > poolMost || !c.headless && dev.web.size(now, quietSpan) > quietMost
	}
	return c.kinds&(1<<odd|1<<known) != 0 && dev.odd.size(now, swarmSpan) > swarmMost
}

// portList is what was called, the odd ports first.
func (c *caller) portList() []uint16 {
	var out []uint16
	for _, p := range c.ports {
		if p != 0 {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b uint16) int { return int(kindOf(home.ProtoTCP, b)) - int(kindOf(home.ProtoTCP, a)) })
	return out
}

func saidPorts(ports []uint16) say.Arg {
	if len(ports) == 1 {
		return say.Said(say.New(" on port {0}", say.Port(ports[0])))
	}
	return say.Said(say.New(" on ports {0} and {1}", say.Port(ports[0]), say.Port(ports[1])))
}

func outcome(c *caller, took time.Duration) say.Arg {
	tries, span := say.Count(c.tries), say.Span(took)
	switch {
	case c.held && c.silent == 0:
		return say.Word(", and keeps the connection open")
	case c.tries == 1: // one call is told only of those that are kept open
		return say.Word(", once")
	case c.answered == 0:
		return say.Said(say.New(" again and again: {0} times in {1}, none answered", tries, span))
	case c.silent == 0:
		return say.Said(say.New(" again and again: {0} times in {1}, each answered and given up at once", tries, span))
	}
	return say.Said(say.New(" again and again: {0} times in {1}, {2} not answered", tries, span, say.Count(c.silent)))
}
