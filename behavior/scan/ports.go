package scan

import (
	"net/netip"
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
	"cardea/say"
)

// Vertical scans: many ports of one host. One walk per target over the first contact with each port. Low ports and high
// ones differ: UPnP control points and peer-to-peer programs walk up a few high ports (49152, 49153 …), mail and messenger
// programs try five or six alternatives; nobody but a scanner tries six low ports that are all closed.
var (
	stepLowPort  = newOdds(.95, .1) // 6 closed ports
	stepHighPort = newOdds(.8, .1)  // 11 closed ports
)

const (
	portTargets = 3
	portRing    = 16
	usualPort   = 60 * time.Millisecond
	leakPorts   = 10 * time.Minute
)

type portContact struct {
	flow    uint64
	start   int64
	port    uint16
	low     bool
	state   state
	settled float32
}

type portTarget struct {
	addr    netip.Addr
	used    int64
	walk    walk
	ring    [portRing]portContact
	next    int
	ports   [16]uint64 // ports tried in this excursion, modulo 1,024: a collision only misses one port
	proto   uint8
	outside bool
}

// portScanner is allocated with a device's first TCP contact.
type portScanner struct {
	targets [portTargets]*portTarget
	open    int
	proven  bool
}

// Ports takes a flow's event for the ports of its far end.
func (d *Detector) Ports(dev *Device, o *home.Observation, now int64) {
	fl := o.Flow
	far := fl.Dst.Addr()
	if fl.State != home.FlowNew {
		if dev.ports != nil {
			d.portOutcome(dev, o)
		}
		return
	}
	port := fl.Dst.Port()
	if fl.Proto != home.ProtoTCP && !(fl.Proto == home.ProtoUDP && port < 1024 && port != 53) ||
		!evidence.Unicast(far) || evidence.ReplyLike(fl) || dev.Gateway {
		return
	}
	if dev.ports == nil {
		dev.ports = &portScanner{proven: true}
	}
	s := dev.ports
	t := s.target(far, now)
	if t.walk.score == 0 && now-t.walk.latest > int64(idle) {
		t.ports, s.proven = [16]uint64{}, true
	}
	word, bit := &t.ports[port>>6&15], uint64(1)<<(port&63)
	if *word&bit != 0 {
		return
	}
	*word |= bit
	t.proto, t.outside = fl.Proto, o.Direction == home.Outbound
	t.walk.contact(now)
	s.proven = s.proven && o.Proven
	e := &t.ring[t.next]
	if e.state == waiting {
		s.charge(t, e, e.step().waiting(time.Duration(now-e.start), usualPort))
	}
	low := port < 1024 && port != 80 && port != 443
	*e = portContact{flow: fl.ID, start: now, port: port, low: low, state: waiting}
	t.next = (t.next + 1) % portRing
	s.open++
	if fl.Answered {
		s.outcome(t, e, true)
	}
	d.wakeAt(now)
	d.weighPorts(dev, evidence.MomentOf(o))
}

func (e *portContact) step() *odds {
	if e.low {
		return &stepLowPort
	}
	return &stepHighPort
}

func (s *portScanner) target(a netip.Addr, now int64) *portTarget {
	at := 0
	for i, t := range s.targets {
		if t == nil {
			at = i
			break
		}
		if t.addr == a {
			t.used = now
			return t
		}
		if t.used < s.targets[at].used {
			at = i
		}
	}
	t := s.targets[at]
	if t == nil {
		t = new(portTarget)
		s.targets[at] = t
	}
	for i := range t.ring {
		if t.ring[i].state == waiting {
			s.open--
		}
	}
	*t = portTarget{addr: a, used: now, walk: walk{at: now}}
	return t
}

func (s *portScanner) charge(t *portTarget, e *portContact, step float64) {
	if e.state == waiting {
		s.open--
	}
	e.state, e.settled = failed, float32(step)
	t.walk.add(step)
}

func (s *portScanner) outcome(t *portTarget, e *portContact, ok bool) {
	switch {
	case !ok && e.state == waiting:
		s.charge(t, e, e.step().fail)
	case ok && e.state != answered:
		if e.state == failed {
			t.walk.add(-float64(e.settled))
		} else {
			s.open--
		}
		e.state = answered
		t.walk.answered++
		t.walk.add(e.step().ok)
	}
}

func (d *Detector) portOutcome(dev *Device, o *home.Observation) {
	fl, s := o.Flow, dev.ports
	for _, t := range s.targets {
		if t == nil || t.addr != fl.Dst.Addr() {
			continue
		}
		for i := range t.ring {
			e := &t.ring[i]
			if e.state == empty || e.flow != fl.ID {
				continue
			}
			ok := fl.State == home.FlowAnswered || fl.Answered
			if ok || fl.State == home.FlowRefused || fl.State == home.FlowEnd {
				s.outcome(t, e, ok)
				d.weighPorts(dev, evidence.MomentOf(o))
			}
			return
		}
	}
}

func (d *Detector) weighPorts(dev *Device, m evidence.Moment) {
	now := m.Time.UnixNano()
	s := dev.ports
	for _, t := range s.targets {
		if t == nil || t.walk.hosts == 0 {
			continue
		}
		t.walk.leak(now, leakPorts)
		sum := 0.0
		for i := range t.ring {
			e := &t.ring[i]
			if e.state != waiting {
				continue
			}
			if age := time.Duration(now - e.start); age >= settleAfter {
				s.charge(t, e, e.step().fail)
			} else {
				sum += e.step().waiting(age, usualPort)
			}
		}
		if score := t.walk.score + sum; score >= threshold && (!t.outside || d.net.Up(now)) {
			d.tellPorts(dev, t, score, m)
		}
	}
	if s.open > 0 {
		d.wakeAt(now)
	}
}

func (d *Detector) tellPorts(dev *Device, t *portTarget, score float64, m evidence.Moment) {
	strength := dev.Strength(m, true)
	if !d.tell.May(dev.Device, home.DetectScanPorts, evidence.Hash(t.addr), strength == home.Hard, m.Time.UnixNano()) {
		return
	}
	took := time.Duration(m.Time.UnixNano() - t.walk.first)
	d.tell.Find(dev.Device, m, home.Finding{
		Detector: home.DetectScanPorts, Strength: strength, Score: score,
		Said: say.New("tried {0} ports of {1} in {2}; {3}", say.Count(t.walk.hosts), say.Text(evidence.AddrText(t.addr)), say.Span(took),
			saidAnswers(t.walk.answered)),
		Facts: map[string]any{
			"ports": t.walk.hosts, "answered": t.walk.answered, "address": evidence.AddrText(t.addr), "seconds": took.Seconds(),
			"unit": "nats", "threshold": threshold,
		},
		Symptom: home.Symptom{Proto: t.proto, Addrs: []netip.Addr{t.addr.Unmap()}},
	})
}

// PortScanning says whether an address is being scanned now: many ports of it were tried, not one of them often.
func (dev *Device) PortScanning(a netip.Addr) bool {
	if dev.ports == nil {
		return false
	}
	for _, t := range dev.ports.targets {
		if t != nil && t.addr == a {
			return t.walk.score >= threshold
		}
	}
	return false
}
