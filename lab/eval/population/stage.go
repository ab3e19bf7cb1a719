package population

import (
	"net/netip"
	"time"

	"cardea/behavior"
	"cardea/home"
)

// stage is one home made of observations, for attackers whose every packet matters.
type stage struct {
	d     *behavior.Detectors
	now   time.Time
	found []home.Finding
	port  uint16
	r     random
	frame uint64
	next  time.Time // of the rest of the home's life
	good  *home.Device
	bad   *home.Device
}

func newStage(seed random) *stage {
	s := &stage{now: begin, port: 40000, r: seed}
	s.good, s.bad = stageDevice(9, home.ClassPhone), stageDevice(5, home.ClassCamera)
	s.d = behavior.New(behavior.Config{}, s)
	return s
}

func stageDevice(n byte, c home.DeviceClass) *home.Device {
	mac := home.MAC{2, 0, 0, 0, 0, n}
	d := &home.Device{ID: home.DeviceIDOf(mac.String()), MAC: mac, MACs: []home.MAC{mac}, Port: "lan1", Addresses: []netip.Addr{netip.AddrFrom4([4]byte{192, 168, 1, n})}}
	d.Class = c
	return d
}

// Find takes the attacker's findings; those of the other device are nobody's fault but ours, and are counted as well.
func (s *stage) Find(f *home.Finding) { s.found = append(s.found, *f) }

func (s *stage) see(o *home.Observation) {
	s.frame++
	o.Time, o.Frame = s.now, s.frame
	s.d.Observe(o)
}

// wait lets time pass with a tick a second, and the internet answering another device now and then.
func (s *stage) wait(d time.Duration) {
	end := s.now.Add(d)
	for s.now.Before(end) && len(s.found) == 0 {
		s.now = s.now.Add(min(time.Second, end.Sub(s.now)))
		s.see(&home.Observation{Event: &home.Event{Kind: home.EventTick}})
		if !s.now.Before(s.next) {
			s.next = s.now.Add(30 * time.Second)
			o := s.flow(s.good, netip.MustParseAddr("198.51.100.1"), 443)
			o.Resolved, o.Fresh = true, false
			s.see(o)
			s.end(o, true)
		}
	}
}

func (s *stage) flow(dev *home.Device, to netip.Addr, port uint16) *home.Observation {
	if s.port++; s.port < 40000 {
		s.port = 40000
	}
	src, dst := netip.AddrPortFrom(dev.Addresses[0], s.port), netip.AddrPortFrom(to, port)
	return &home.Observation{
		Event: &home.Event{Kind: home.EventFlow, Source: dev.MAC, Dest: home.MAC{2, 0, 0, 0, 0, 1}, Port: dev.Port,
			Flow: &home.Flow{ID: home.FlowID(home.ProtoTCP, src, dst), State: home.FlowNew, Proto: home.ProtoTCP, Src: src, Dst: dst, Start: s.now}},
		Device: dev, Proven: true, Direction: home.Outbound, Fresh: true,
		Far: home.Endpoint{IP: to, Port: port, Proto: "tcp"},
	}
}

// end tells how a flow went: answered and closed, or nothing ever came back.
func (s *stage) end(o *home.Observation, answered bool) {
	if answered {
		s.now = s.now.Add(20 * time.Millisecond)
		o.Flow.State, o.Flow.Answered = home.FlowAnswered, true
		s.see(o)
	}
}

// Scan is a row of the scanners' table.
type Scan struct {
	Port    uint16  `json:"port"`
	Hourly  float64 `json:"hosts_per_hour"`
	Success float64 `json:"answered"`
	Found   float64 `json:"found"`
	Seconds float64 `json:"median_seconds"` // of those found; 0: none
	Hosts   float64 `json:"median_hosts"`   // tried until then
	Of      int     `json:"of"`
}

const scanTrials = 8

// scanners tries the real detectors with scans of all paces and shares of luck, for a day each at most.
func scanners(seed uint64) (out []Scan) {
	for _, port := range []uint16{23, 443, 48101} {
		for _, hourly := range []float64{36000, 3600, 600, 60, 20, 6, 2} {
			for _, success := range []float64{0, 0.05, 0.2, 0.5} {
				row := Scan{Port: port, Hourly: hourly, Success: success, Of: scanTrials}
				var seconds, hosts []float64
				for i := range scanTrials {
					r := seeded(seed, 's', uint64(port), uint64(hourly), uint64(success*100), uint64(i))
					if took, n, ok := scanOnce(r, port, hourly, success); ok {
						seconds, hosts = append(seconds, took), append(hosts, float64(n))
					}
				}
				row.Found, row.Seconds, row.Hosts = float64(len(seconds))/scanTrials, median(seconds), median(hosts)
				out = append(out, row)
			}
		}
	}
	return out
}

func scanOnce(r random, port uint16, hourly, success float64) (seconds float64, hosts int, found bool) {
	s := newStage(r)
	s.wait(time.Minute)
	start, gap := s.now, time.Duration(float64(time.Hour)/hourly)
	for s.now.Sub(start) < 24*time.Hour && hosts < 20_000 {
		x := s.r.next()
		o := s.flow(s.bad, netip.AddrFrom4([4]byte{198, 18 | byte(x>>16&1), byte(x >> 8), byte(x)}), port)
		s.see(o)
		s.end(o, s.r.chance(success))
		hosts++
		if s.wait(gap/2 + time.Duration(s.r.float()*float64(gap))); len(s.found) > 0 {
			return s.now.Sub(start).Seconds(), hosts, true
		}
	}
	return 0, hosts, false
}

// callsOnce is a device that calls its server for six hours: found or not, after how many seconds.
func callsOnce(r random, e *end, gap time.Duration, jitter float64, alive bool) (seconds float64, found bool) {
	s := newStage(r)
	s.wait(time.Minute)
	start := s.now
	far := e.Endpoint
	if far.IP.Is6() { // the stage's internet is an old one
		x := far.IP.As16()
		far.IP = netip.AddrFrom4([4]byte{198, 18, x[5], x[6] | 1})
	}
	for first := true; s.now.Sub(start) < 6*time.Hour; first = false {
		if e.Name != "" && first {
			s.see(&home.Observation{Event: &home.Event{Kind: home.EventLookup, Source: s.bad.MAC, Lookup: &home.Lookup{
				Server: netip.MustParseAddrPort("192.168.1.1:53"), Question: e.Name, Type: 28, Answer: true, Addrs: []netip.Addr{far.IP}, TTL: time.Hour}},
				Device: s.bad, Proven: true, Far: far})
		}
		o := s.flow(s.bad, far.IP, far.Port)
		o.Far, o.Fresh, o.Resolved = far, first, e.Name != "" || alive && !first
		s.see(o)
		s.end(o, alive)
		if alive {
			s.now = s.now.Add(2 * time.Second)
			o.Flow.UpBytes, o.Flow.DownBytes, o.Flow.UpPackets, o.Flow.DownPackets = 400, 300, 6, 5
		} else {
			s.now = s.now.Add(21 * time.Second)
			o.Flow.UpPackets, o.Flow.UpBytes = 4, 240
		}
		o.Flow.State = home.FlowEnd
		s.see(o)
		if s.wait(time.Duration(float64(gap) * (1 + jitter*(2*s.r.float()-1)))); len(s.found) > 0 {
			return s.now.Sub(start).Seconds(), true
		}
	}
	return 0, false
}
