package fleet

import (
	"time"

	"cardea/wire/pb"
)

// How often lines are told of, and are slow.
const (
	lineHours = 0.04 // of homes tell of the hours of the past day; those that are slow now do as well
	lineSlow  = 0.012
)

// line makes up how well the home's line works: now, and in some homes in the hours before.
func (f Filling) line(r *random, m *Made, devices []*pb.Device) {
	near := uint32(2_000 + r.under(9_000)) // microseconds
	l := &pb.Line{Time: f.Now.UnixMilli(), Latency: near, Beyond: near + uint32(4_000+r.under(12_000)), Lost: uint32(r.under(3)), Dns: near + uint32(r.under(15_000)),
		Down: uint64(r.under(4_000_000)), Up: uint64(r.under(400_000))}
	slow := r.chance(lineSlow)
	since := f.Now.Add(-time.Duration(10+r.under(300)) * time.Minute)
	if slow {
		l.Slow, l.Since = []string{"provider", "provider", "line", "home", "dns"}[r.under(5)], since.UnixMilli()
		slower(l)
	}
	m.Beat.Line = l
	if !slow && !r.chance(lineHours) {
		return
	}
	for ago := 1; ago <= 24; ago++ {
		at := f.Now.Add(-time.Duration(ago) * time.Hour).Truncate(time.Hour)
		if at.Before(m.Created) || at.Add(time.Hour).After(m.Seen) {
			continue
		}
		h := &pb.LineHour{Hour: at.UnixMilli(), LatencyP50: near, LatencyP95: 2 * near, BeyondP50: near + 9_000, BeyondP95: 3 * (near + 9_000), Lost: uint32(r.under(3)),
			DnsP50: near + 8_000, DnsP95: 4 * (near + 8_000), DownPeak: uint64(1_000_000 + r.under(9_000_000)), UpPeak: uint64(100_000 + r.under(900_000)), Probes: 360}
		if until := at.Add(time.Hour); slow && until.After(since) {
			h.Slow, h.Where = uint32(min(until.Sub(since), time.Hour).Seconds()), l.GetSlow()
			h.LatencyP50, h.LatencyP95, h.BeyondP50, h.BeyondP95 = l.GetLatency(), 2*l.GetLatency(), l.GetBeyond(), 2*l.GetBeyond()
			h.DnsP50, h.DnsP95, h.Lost = l.GetDns(), 2*l.GetDns(), l.GetLost()
		}
		for _, d := range devices[:min(len(devices), 3)] {
			h.Busiest = append(h.Busiest, &pb.Busy{Device: d.GetId(), Down: uint64(r.under(900_000_000)), Up: uint64(r.under(90_000_000))})
		}
		m.Told = append(m.Told, Told{at.Add(time.Hour), &pb.Item{Body: &pb.Item_LineHour{LineHour: h}}})
	}
}

// slower makes a line as slow as it is said to be where it is.
func slower(l *pb.Line) {
	switch l.GetSlow() {
	case "dns":
		l.Dns += 400_000
	case "provider":
		l.Beyond, l.Lost = l.GetBeyond()+180_000, 20
	default: // from the home on all is
		l.Latency, l.Beyond, l.Dns, l.Lost = l.GetLatency()+90_000, l.GetBeyond()+90_000, l.GetDns()+90_000, 35
	}
}
