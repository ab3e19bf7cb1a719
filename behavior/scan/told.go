package scan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
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
	where, how := "internet addresses", portsText(ports)
	if lan {
		where = "addresses of the home"
		if proto == 0 {
			f.Facts["asked_by"] = "neighbour requests"
		}
	}
	answer := "none answered"
	if w.answered > 0 {
		answer = fmt.Sprintf("%d answered", w.answered)
	}
	if proto == home.ProtoICMP || proto == home.ProtoICMPv6 {
		f.Symptom.Ports, how = nil, " by ping"
	}
	f.Sentence = fmt.Sprintf("tried %d %s%s in %s; %s", w.hosts, where, how, evidence.Span(took), answer)
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

func portsText(ports []uint16) string {
	switch {
	case len(ports) == 0:
		return ""
	case len(ports) == 1:
		return fmt.Sprintf(" on port %d", ports[0])
	}
	var b strings.Builder
	b.WriteString(" on ports ")
	for i, p := range ports {
		if i == 4 && len(ports) > 5 {
			fmt.Fprintf(&b, " and %d more", len(ports)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, p)
	}
	return b.String()
}
