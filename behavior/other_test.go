package behavior_test

import (
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cardea/behavior"
	"cardea/home"
)

func TestFlood(t *testing.T) {
	count := func(s *stage, o *home.Observation, up, down uint64, answered bool) {
		o.Flow.State, o.Flow.Answered, o.Flow.UpPackets, o.Flow.DownPackets = home.FlowCount, answered, up, down
		s.see(o)
	}
	for _, v := range []struct {
		name  string
		found bool
		run   func(s *stage)
	}{
		{"SYNs from many ports", true, func(s *stage) {
			for i := range 500 {
				o := s.flow(5, 6, wan(7), 80)
				o.Fresh = i == 0
				s.see(o)
				s.after(2 * time.Millisecond)
			}
		}},
		{"SYNs from one port", true, func(s *stage) {
			o := s.see(s.flow(5, 6, wan(7), 63798))
			s.after(2 * time.Second)
			count(s, o, 2200, 0, false)
		}},
		{"UDP to one port", true, func(s *stage) {
			o := s.see(s.flow(5, 17, wan(7), 4444))
			s.after(2 * time.Second)
			count(s, o, 20000, 0, false)
		}},
		{"forged sender addresses", true, func(s *stage) {
			for i := range 100 {
				o := s.flow(5, 17, wan(7), uint16(1000+i))
				o.Fresh = i == 0
				o.Flow.Src = netip.AddrPortFrom(wan(100000+i*31), 5000)
				s.see(o)
				s.after(10 * time.Millisecond)
			}
		}},
		{"an upload that is acknowledged", false, func(s *stage) {
			o := s.see(s.flow(5, 17, wan(7), 443))
			s.after(2 * time.Second)
			count(s, o, 40000, 900, true)
		}},
		{"a camera streams to a phone", false, func(s *stage) {
			o := s.see(s.flow(5, 17, lan(7), 50000))
			for i := range uint64(20) {
				s.after(time.Second)
				count(s, o, 1500*(i+1), 0, false)
			}
		}},
		{"multicast", false, func(s *stage) {
			o := s.see(s.flow(5, 17, netip.MustParseAddr("239.1.1.1"), 5004))
			s.after(time.Second)
			count(s, o, 20000, 0, false)
		}},
		{"its dead cloud, in a tight loop", false, func(s *stage) {
			for i := range 3000 {
				o := s.flow(5, 6, wan(7), 8883)
				o.Fresh, o.Resolved = i == 0, true
				s.see(o)
				s.after(20*time.Millisecond).then(o, home.FlowRefused)
			}
		}},
		{"a page with many connections that are answered", false, func(s *stage) {
			for i := range 600 {
				o := s.flow(5, 6, wan(7), 443)
				o.Fresh = i == 0
				s.see(o)
				s.after(time.Millisecond).then(o, home.FlowAnswered)
			}
		}},
	} {
		t.Run(v.name, func(t *testing.T) {
			s := newStage(t, behavior.Config{})
			s.online()
			v.run(s)
			if !v.found {
				s.wantNothing()
				return
			}
			t.Log(s.want(home.DetectFlood, home.Hard).Sentence)
		})
	}
}

func TestBruteForce(t *testing.T) {
	try := func(s *stage, to netip.Addr, port uint16, bytes uint64, lasts time.Duration) {
		o := s.flow(5, 6, to, port)
		o.Fresh = false
		s.answered(o)
		s.after(lasts)
		o.Flow.UpBytes, o.Flow.DownBytes = bytes, bytes
		s.then(o, home.FlowEnd)
	}
	for _, v := range []struct {
		name     string
		attempts int // 0: must not be found
		strength home.Strength
		n        int
		run      func(s *stage, i int)
	}{
		{"SSH at one host", 20, home.Hard, 40, func(s *stage, i int) { try(s, lan(7), 22, 3000, 2*time.Second) }},
		{"telnet at many", 20, home.Hard, 40, func(s *stage, i int) { try(s, wan(i/3), 23, 400, time.Second) }},
		{"SSH on another port, told by its banner", 20, home.Soft, 40, func(s *stage, i int) {
			o := s.flow(5, 6, lan(7), 902)
			o.Fresh = false
			s.answered(o)
			n := *o
			n.Event = &home.Event{Kind: home.EventName, Source: macOf(5), Name: &home.Name{Flow: *o.Flow, Login: "ssh"}}
			s.see(&n)
			s.see(&n) // both ends
			s.after(time.Second).then(o, home.FlowEnd)
		}},
		{"SSH within the home, of which a live bridge counts nothing", 20, home.Soft, 40, func(s *stage, i int) {
			o := s.flow(5, 6, lan(7), 22)
			o.Fresh = false
			s.answered(o)
			s.after(time.Second)
		}},
		{"a person mistypes three times, then works", 0, 0, 30, func(s *stage, i int) {
			if i%4 == 3 {
				try(s, lan(7), 22, 200000, 10*time.Minute)
			} else {
				try(s, lan(7), 22, 3000, 5*time.Second)
			}
		}},
		{"backups each minute", 0, 0, 60, func(s *stage, i int) {
			try(s, lan(7), 22, 9000, 3*time.Second)
			s.wait(57 * time.Second)
		}},
		{"one login at each of many hosts", 0, 0, 15, func(s *stage, i int) {
			o := s.flow(5, 6, lan(byte(6+i%13)), 22)
			o.Fresh, o.Resolved = false, true
			s.answered(o)
		}},
	} {
		t.Run(v.name, func(t *testing.T) {
			s := newStage(t, behavior.Config{})
			for i := range v.n {
				if v.run(s, i); len(s.found) > 0 {
					if v.attempts == 0 || i+1 > v.attempts {
						t.Errorf("after %d attempts: %v", i+1, s.sentences())
					} else {
						f := s.found[0]
						if f.Detector != home.DetectBruteForce || f.Strength != v.strength {
							t.Errorf("%s %s, want %s", f.Detector, f.Strength, v.strength)
						}
						t.Log(f.Sentence)
					}
					return
				}
			}
			if v.attempts > 0 {
				t.Error("not found")
			}
		})
	}
}

func TestInbound(t *testing.T) {
	in := func(s *stage, from int, port uint16, fresh bool) {
		o := s.flow(5, 6, wan(from), 1)
		o.Flow.Dst = netip.AddrPortFrom(lan(5), port)
		o.Flow.Src = netip.AddrPortFrom(wan(from), 50000)
		o.Direction, o.Fresh = home.Inbound, fresh
		s.after(time.Second).see(o)
	}
	s := newStage(t, behavior.Config{})
	for i := range 200 { // peers of a swarm
		in(s, i, 51413, true)
	}
	in(s, 1000, 80, false) // a host the device talked to before
	in(s, 1000, 80, false)
	in(s, 1000, 80, false)
	s.wantNothing()
	for i := range 3 {
		in(s, 2000+i, 23, true)
	}
	if f := s.want(home.DetectInbound, home.Soft); f.Facts["tries"] != uint32(3) {
		t.Errorf("facts %v", f.Facts)
	}
}

// storm makes any observation from a seed.
func (s *stage) storm(r *rand.Rand) *home.Observation {
	dev := byte(2 + r.IntN(200))
	switch r.IntN(8) {
	case 0:
		return &home.Observation{Event: &home.Event{Kind: home.EventNeighbor, Source: macOf(dev), Neighbor: &home.Neighbor{
			Op: home.NeighborOp(1 + r.IntN(2)), SenderMAC: macOf(byte(r.IntN(256))), SenderAddr: lan(byte(r.IntN(256))), TargetAddr: wan(r.IntN(1 << 20))}},
			Device: device(dev), Proven: true}
	case 1:
		return &home.Observation{Event: &home.Event{Kind: home.EventLease, Source: macOf(dev), Lease: &home.Lease{
			Op: uint8(r.IntN(8)), V6: r.IntN(2) == 0, Server: true, Client: macOf(byte(r.IntN(256))), Addr: wan(r.IntN(1 << 20)), Router: wan(r.IntN(99))}},
			Device: device(dev), Proven: true}
	case 2:
		return &home.Observation{Event: &home.Event{Kind: home.EventRouter, Source: macOf(dev), Router: &home.Router{Lifetime: time.Hour}}, Device: device(dev)}
	}
	to := wan(r.IntN(1 << 22))
	if r.IntN(3) == 0 {
		to = lan(byte(r.IntN(256)))
	}
	o := s.flow(dev, []uint8{1, 6, 17, 58, 47}[r.IntN(5)], to, uint16(r.IntN(65536)))
	o.Fresh, o.Resolved, o.Proven = r.IntN(2) == 0, r.IntN(4) == 0, r.IntN(2) == 0
	o.Port = []string{"", "a", "b"}[r.IntN(3)]
	o.Flow.State = home.FlowState(1 + r.IntN(5))
	o.Flow.UpPackets, o.Flow.DownPackets = uint64(r.IntN(100000)), uint64(r.IntN(3))
	if r.IntN(5) == 0 {
		o.Direction = home.Inbound
		o.Flow.Src, o.Flow.Dst = o.Flow.Dst, o.Flow.Src
	}
	return o
}

// The same input gives the same findings; no input makes a panic, and devices stay within the bound.
func TestDeterministicAndBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		run := func() *stage {
			r := rand.New(rand.NewPCG(seed, 1))
			s := newStage(nil, behavior.Config{MaxDevices: 32})
			for range 1500 {
				s.see(s.storm(r))
				s.after(time.Duration(r.IntN(50)) * time.Millisecond)
				if r.IntN(500) == 0 {
					s.after(-time.Second) // clocks of captures jump
				}
			}
			return s
		}
		a, b := run(), run()
		if !reflect.DeepEqual(a.found, b.found) {
			t.Fatalf("two runs of seed %d differ", seed)
		}
		if st := a.d.Stats(); st.Observations != 1500 || st.Forgotten == 0 {
			t.Fatalf("%+v", st)
		}
	})
}

// What two devices do does not depend on each other, nor on who comes first.
func TestDevicesAreIndependent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		every := time.Duration(rapid.IntRange(1, 50).Draw(t, "ms")) * time.Millisecond
		first := rapid.Bool().Draw(t, "first")
		run := func(both bool) int {
			s := newStage(nil, behavior.Config{})
			for i := range 60 {
				scanner := s.flow(5, 6, wan(i), 23)
				other := s.flow(6, 6, wan(1000+i), 443)
				if first && both {
					s.see(other)
				}
				s.see(scanner)
				if !first && both {
					s.see(other)
				}
				s.after(every)
			}
			n := 0
			for _, f := range s.found {
				if f.Device == "device-5" {
					n++
				}
			}
			return n
		}
		if a, b := run(true), run(false); a != 1 || b != 1 {
			t.Fatalf("with a neighbour %d findings, alone %d", a, b)
		}
	})
}

// steady is an ordinary evening of twenty devices, made once.
func steady(s *stage) []*home.Observation {
	var list []*home.Observation
	for i := range 2000 {
		dev := byte(2 + i%18)
		o := s.flow(dev, 6, wan(i%200), 443)
		o.Fresh, o.Resolved = false, true
		switch i % 5 {
		case 1:
			o.Flow.State, o.Flow.Answered = home.FlowAnswered, true
		case 2:
			o.Flow.State, o.Flow.Answered, o.Flow.UpPackets, o.Flow.DownPackets = home.FlowEnd, true, 900, 900
		case 3:
			o = s.flow(dev, 17, lan(byte(2+i%17)), 5353)
			o.Fresh = false
		}
		list = append(list, o)
	}
	return list
}

func TestNoAllocation(t *testing.T) {
	s := newStage(t, behavior.Config{})
	list := steady(s)
	scan := make([]*home.Observation, 4000)
	for i := range scan { // a bot that was told goes on
		scan[i] = s.flow(5, 6, wan(i), 23)
	}
	i := 0
	step := func() {
		s.after(time.Millisecond)
		s.see(list[i%len(list)])
		s.see(scan[i%len(scan)])
		i++
	}
	for range 4000 {
		step()
	}
	if n := testing.AllocsPerRun(2000, step); n != 0 {
		t.Errorf("%v allocations for two observations", n)
	}
}

func BenchmarkObserveOrdinary(b *testing.B) {
	s := newStage(b, behavior.Config{})
	list := steady(s)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.after(time.Millisecond)
		s.see(list[i%len(list)])
	}
}

func BenchmarkObserveScan(b *testing.B) {
	s := newStage(b, behavior.Config{})
	scan := make([]*home.Observation, 65536)
	for i := range scan {
		scan[i] = s.flow(5, 6, wan(i), 23)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.after(time.Millisecond)
		s.see(scan[i%len(scan)])
	}
}
