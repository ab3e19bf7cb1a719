package gateway

import (
	"time"

	homeline "cardea/gateway/line"
	"cardea/gateway/report"
	"cardea/wire/pb"
)

// micros is a time as it is told; what took longer than an hour is told as an hour.
func micros(d time.Duration) uint32 {
	return uint32(min(max(d, 0), time.Hour) / time.Microsecond)
}

func lineNow(n homeline.Now, remedy homeline.Remedy) *pb.Line {
	out := &pb.Line{
		Time: report.Millis(n.Time), Latency: micros(n.First), Beyond: micros(n.Beyond), Lost: uint32(n.Lost), Dns: micros(n.DNS), Down: n.Down, Up: n.Up,
		Slow: string(n.Slow), Remedy: string(remedy),
	}
	if n.Slow != homeline.Nowhere {
		out.Since = report.Millis(n.Since)
	}
	return out
}

func lineFigures(f homeline.Figures, at time.Time) *pb.Line {
	return &pb.Line{
		Time: report.Millis(at), Latency: micros(f.First), Beyond: micros(f.Beyond), Lost: uint32(f.Lost), Dns: micros(f.DNS), Down: f.Down, Up: f.Up,
	}
}

func lineHour(h *homeline.Hour) *pb.LineHour {
	out := &pb.LineHour{
		Hour: report.Millis(h.Begin), LatencyP50: micros(h.First50), LatencyP95: micros(h.First95), BeyondP50: micros(h.Beyond50), BeyondP95: micros(h.Beyond95),
		DnsP50: micros(h.DNS50), DnsP95: micros(h.DNS95), DownPeak: h.DownPeak, UpPeak: h.UpPeak, Slow: uint32(h.Slow / time.Second), Where: string(h.Where),
		Probes: h.Probes,
	}
	if h.Probes > 0 {
		out.Lost = uint32(uint64(h.Lost) * 1000 / uint64(h.Probes))
	}
	for _, b := range h.Busiest {
		out.Busiest = append(out.Busiest, &pb.Busy{Device: string(b.Device), Down: b.Down, Up: b.Up})
	}
	return out
}
