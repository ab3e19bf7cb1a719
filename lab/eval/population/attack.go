package population

import (
	"time"

	"cardea/home"
)

// patient tries the real detectors with C2s that are called more or less often, regularly and in vain: no profile, packets only.
func patient(seed uint64) (out []Calls) {
	const trials = 8
	for _, c := range c2s(seed) {
		for _, gap := range []time.Duration{time.Minute, 10 * time.Minute, time.Hour} {
			for _, jitter := range []float64{0, 0.3, 0.9} {
				for _, alive := range []bool{true, false} {
					row := Calls{C2: c.what, Hours: gap.Hours(), Jitter: jitter, From: "packets, server answers", Of: trials}
					if !alive {
						row.From = "packets, server is dead"
					}
					var hours []float64
					for i := range trials {
						r := seeded(seed, 'p', uint64(gap), uint64(jitter*10), uint64(i))
						if took, ok := callsOnce(r, c.end, gap, jitter, alive); ok {
							hours = append(hours, took/3600)
						}
					}
					row.Found, row.Median = float64(len(hours))/trials, median(hours)
					out = append(out, row)
				}
			}
		}
	}
	return out
}

type c2 struct {
	what string
	end  *end
}

// c2s are places where a C2 may be.
func c2s(seed uint64) []c2 {
	r := seeded(seed, 'C')
	odd, web := lone(&r, 4917, "tcp"), lone(&r, 443, "tcp")
	port := end{Endpoint: named("gate.qwzxkvhj.example", "qwzxkvhj.example", 4917, 64510)}
	host := end{Endpoint: named("gate.qwzxkvhj.example", "qwzxkvhj.example", 443, 64510)}
	cloud := end{Endpoint: named("qwzxkvhjlm.cloudfront.net", "cloudfront.net", 443, 64505)}
	wide := end{Endpoint: named("script.googleapis.com", "googleapis.com", 443, 64506)}
	var out []c2
	for _, c := range []struct {
		what string
		end  end
	}{{"bare address, odd port", odd}, {"bare address, 443", web}, {"its own domain, odd port", port}, {"its own domain, 443", host}, {"rented name in a cloud, 443", cloud}, {"a platform all use, 443", wide}} {
		e := c.end.chained()
		out = append(out, c2{c.what, &e})
	}
	return out
}

// clever tries the finished fleet's gateways with C2s on healthy things, for a week: what their profiles and thresholds find.
func (s *sim) clever() (out []Calls) {
	const trials = 200
	var who []*house
	for h := range s.homes {
		if !h.calibrates && !h.league && h.joined == 0 && len(who) < trials {
			who = append(who, h)
		}
	}
	for _, c := range c2s(s.o.Seed) {
		for _, gap := range []float64{0.25, 6, 24} {
			row := Calls{C2: c.what, Hours: gap, From: "profile, one new endpoint"}
			var hours []float64
			for _, h := range who {
				i := -1
				for j := range h.devices {
					if d := &h.devices[j]; !d.level.Class.Personal() && !d.unknown && d.plague == nil && d.role == ordinary && (i < 0 || (int(h.id)+j)%3 == 0) {
						i = j
					}
				}
				if i < 0 {
					continue
				}
				row.Of++
				if at, ok := s.try(h, i, c.end, gap); ok {
					hours = append(hours, at)
				}
			}
			if row.Of > 0 {
				row.Found = float64(len(hours)) / float64(row.Of)
			}
			row.Median = median(hours)
			out = append(out, row)
		}
	}
	return out
}

// try plays a week of a copy of a device with a C2, and says when a finding was about that.
func (s *sim) try(h *house, index int, c *end, gap float64) (hours float64, found bool) {
	g, sh := newGateway(&house{id: h.id, network: h.network}, s.cloud), &shard{}
	d := h.devices[index]
	d.watched.usual.Device = &d.watched.Device
	d.plague = &plague{onset: 1}
	for day := range 7 {
		g.begin(sh, s.o.Days+day)
		acts := s.w.day(h, index, s.o.Days+day, &s.o, nil)
		n := 0
		for at := gap * 3600 / 2; at < 86400 && n < 24; at += max(gap, 1) * 3600 {
			acts, n = append(acts, act{at: int32(at), own: -1, ill: true, flows: uint16(max(1, 1/gap)), up: 800, end: c}), n+1
		}
		sortActs(acts)
		for i := range acts {
			g.contact(&d, index, &acts[i])
		}
		g.end(&d)
		for _, t := range sh.told {
			if t.ill || t.detector == home.DetectUsual {
				return float64(t.at-dayTime(s.o.Days, 0).UnixNano()) / float64(time.Hour), true
			}
		}
		sh.told = sh.told[:0]
	}
	return 0, false
}
