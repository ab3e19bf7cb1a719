package scan

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
	"cardea/say"
)

// tally is what is told of a scan.
type tally struct {
	hosts, answered uint32
	first           int64
}

func (d *Detector) tellScan(dev *Device, s *scanner, slot int, score float64, lan bool, w tally, m evidence.Moment) {
	det, cause := home.DetectScanWAN, uint64(slot)
	if lan {
		det = home.DetectScanLAN
	} else if slot > 0 {
		cause = uint64(s.protos[slot])<<16 | uint64(s.ports[slot])
	}
	strength := dev.Strength(m, !dev.Gateway)
	if !d.tell.May(dev.Device, det, cause, strength == home.Hard, m.Time.UnixNano()) {
		return
	}
	ports, proto := s.tried(slot)
	took := time.Duration(m.Time.UnixNano() - w.first)
	f := home.Finding{
		Detector: det, Strength: strength, Score: score,
		Facts: map[string]any{
			"hosts": w.hosts, "answered": w.answered, "ports": ports, "seconds": took.Seconds(),
			"unit": "nats", "threshold": threshold, "asked_by": "flows",
		},
		Symptom: home.Symptom{Proto: proto, Ports: ports},
	}
	how := saidPorts(ports)
	if proto == home.ProtoICMP || proto == home.ProtoICMPv6 {
		f.Symptom.Ports, how = nil, say.Word(" by ping")
	}
	f.Said = say.New("tried {0} internet addresses{1} in {2}; {3}", say.Count(w.hosts), how, say.Span(took), saidAnswers(w.answered))
	if lan {
		f.Said = say.New("tried {0} addresses of the home{1} in {2}; {3}", say.Count(w.hosts), how, say.Span(took), saidAnswers(w.answered))
		if proto == 0 {
			f.Facts["asked_by"] = "neighbour requests"
		}
	}
	d.tell.Find(dev.Device, m, f)
}

// tried lists the ports of a walk's latest contacts, at most 16 and the most frequent protocol.
func (s *scanner) tried(slot int) (ports []uint16, proto uint8) {
	var n [256]int
	for i := range s.ring.entries {
		e := &s.ring.entries[i]
		if e.state == empty || int(e.slot) != slot {
			continue
		}
		if n[e.proto]++; n[e.proto] > n[proto] || proto == 0 && e.proto != 0 && n[e.proto] == n[proto] {
			proto = e.proto
		}
		if e.port != 0 && len(ports) < 16 && !slices.Contains(ports, e.port) {
			ports = append(ports, e.port)
		}
	}
	slices.Sort(ports)
	return ports, proto
}

func saidAnswers(n uint32) say.Arg {
	if n == 0 {
		return say.Word("none answered")
	}
	return say.Said(say.New("{0} answered", say.Count(n)))
}

// saidPorts names five of them, or four and how many more.
func saidPorts(ports []uint16) say.Arg {
	switch len(ports) {
	case 0:
		return say.Word("")
	case 1:
		return say.Said(say.New(" on port {0}", say.Port(ports[0])))
	}
	named := len(ports)
	if named > 5 {
		named = 4
	}
	list := make([]string, named)
	for i, p := range ports[:named] {
		list[i] = strconv.Itoa(int(p))
	}
	all := say.Text(strings.Join(list, ", "))
	if named < len(ports) {
		return say.Said(say.New(" on ports {0} and {1} more", all, say.Count(len(ports)-named)))
	}
	return say.Said(say.New(" on ports {0}", all))
}
