package behavior_test

import (
	"net/netip"
	"testing"
	"time"

	"cardea/behavior"
	"cardea/home"
)

// scan sends first contacts at a pace until something is found or n were sent, and says how long it took.
func (s *stage) scan(dev byte, n int, every time.Duration, contact func(i int) *home.Observation) (sent int, took time.Duration) {
	start := s.now
	for i := range n {
		if s.see(contact(i)); len(s.found) > 0 {
			return i + 1, s.now.Sub(start)
		}
		s.wait(every)
	}
	s.wait(4 * time.Second)
	return n, s.now.Sub(start)
}

func TestScans(t *testing.T) {
	for _, v := range []struct {
		name  string
		det   home.Detector
		every time.Duration
		most  time.Duration // the longest it may take
		to    func(s *stage, i int) *home.Observation
	}{
		{"telnet at a bot's pace", home.DetectScanWAN, 6 * time.Millisecond, 100 * time.Millisecond,
			func(s *stage, i int) *home.Observation { return s.flow(5, 6, wan(i), 23) }},
		{"telnet, one a second", home.DetectScanWAN, time.Second, 5 * time.Second,
			func(s *stage, i int) *home.Observation { return s.flow(5, 6, wan(i), 23) }},
		{"telnet at 10,000 a second", home.DetectScanWAN, 100 * time.Microsecond, 100 * time.Millisecond,
			func(s *stage, i int) *home.Observation { return s.flow(5, 6, wan(i), 2323) }},
		{"a web port", home.DetectScanWAN, 5 * time.Millisecond, time.Second,
			func(s *stage, i int) *home.Observation { return s.flow(5, 6, wan(i), 80) }},
		{"a high port", home.DetectScanWAN, 5 * time.Millisecond, time.Second,
			func(s *stage, i int) *home.Observation { return s.flow(5, 6, wan(i), 48101) }},
		{"many ports of routers", home.DetectScanWAN, 10 * time.Millisecond, 500 * time.Millisecond,
			func(s *stage, i int) *home.Observation {
				return s.flow(5, 6, wan(i), []uint16{8080, 81, 8443, 8081, 88}[i%5])
			}},
		{"ping", home.DetectScanWAN, 10 * time.Millisecond, 1500 * time.Millisecond,
			func(s *stage, i int) *home.Observation { return s.flow(5, 1, wan(i), 0) }},
		{"the home by ARP", home.DetectScanLAN, 10 * time.Millisecond, 2 * time.Second,
			func(s *stage, i int) *home.Observation {
				return &home.Observation{Event: &home.Event{Kind: home.EventNeighbor, Source: macOf(5), Neighbor: &home.Neighbor{
					Op: home.NeighborRequest, SenderMAC: macOf(5), SenderAddr: lan(5), TargetAddr: lan(byte(20 + i))}},
					Device: device(5), Proven: true, Direction: home.Local}
			}},
		{"the home by ping", home.DetectScanLAN, 100 * time.Millisecond, 2 * time.Second,
			func(s *stage, i int) *home.Observation { return s.flow(5, 1, lan(byte(6+i)), 0) }},
		{"the home's telnet", home.DetectScanLAN, 20 * time.Millisecond, 2 * time.Second,
			func(s *stage, i int) *home.Observation { return s.flow(5, 6, lan(byte(6+i)), 23) }},
		{"ports of a host", home.DetectScanPorts, 5 * time.Millisecond, 2 * time.Second,
			func(s *stage, i int) *home.Observation {
				o := s.flow(5, 6, lan(7), uint16(20+i))
				o.Fresh = i == 0
				return o
			}},
		{"high ports of a host", home.DetectScanPorts, 5 * time.Millisecond, 2 * time.Second,
			func(s *stage, i int) *home.Observation {
				o := s.flow(5, 6, wan(7), uint16(5000+i*37))
				o.Fresh = i == 0
				return o
			}},
	} {
		t.Run(v.name, func(t *testing.T) {
			s := newStage(t, behavior.Config{})
			s.online()
			n, took := s.scan(5, 200, v.every, func(i int) *home.Observation {
				if i%10 == 3 && v.every < time.Second {
					s.online() // life goes on
				}
				return v.to(s, i)
			})
			f := s.want(v.det, home.Hard)
			if took > v.most {
				t.Errorf("took %v and %d contacts, want at most %v", took, n, v.most)
			}
			if f.Device != "device-5" || f.Port != "lan5" || f.Frame == 0 {
				t.Errorf("names %s on %q, frame %d", f.Device, f.Port, f.Frame)
			}
			t.Logf("%d contacts, %v: %s", n, took, f.Sentence)
		})
	}
}

// What real homes do that looks like a scan to simple rules.
func TestNoScan(t *testing.T) {
	for _, v := range []struct {
		name string
		run  func(s *stage)
	}{
		{"its own dead cloud, for days", func(s *stage) {
			for i := range 2000 {
				o := s.flow(5, 6, wan(i%2), 8883)
				o.Fresh, o.Resolved = i < 2, true
				s.see(o)
				s.wait(90 * time.Second)
				s.then(o, home.FlowEnd)
			}
		}},
		{"hosts that DNS gave are all dead", func(s *stage) {
			for i := range 100 {
				o := s.flow(5, 6, wan(i), 8080)
				o.Resolved = true
				s.see(o)
				s.wait(time.Second)
				s.online()
			}
		}},
		{"a swarm where every second peer is gone", func(s *stage) {
			for i := range 3000 {
				port := uint16(10000 + i*7919%50000)
				switch {
				case i%3 == 0:
					port = 6881 // a customary port
				case i > 30 && i%20 == 1:
					port = []uint16{8080, 8000, 443, 80, 88, 8888, 993, 5555, 22}[i/20%9] // people's choices
				}
				o := s.flow(5, 17, wan(i), port)
				s.see(o)
				s.after(30 * time.Millisecond)
				if i%2 == 0 {
					s.then(o, home.FlowAnswered)
				}
			}
			s.wait(10 * time.Second)
		}},
		{"a node of a currency, told of peers of which most are gone", func(s *stage) {
			for i := range 3000 {
				o := s.see(s.flow(5, 6, wan(i), 8333))
				s.after(100 * time.Millisecond)
				if i%7 == 0 {
					s.then(o, home.FlowAnswered)
				}
			}
		}},
		{"IPv6 is broken and the browser has its own DNS", func(s *stage) {
			for i := range byte(200) {
				o := s.flow(5, 6, netip.AddrFrom16([16]byte{0x2a, 0, 15: i}), 443)
				s.see(o)
				s.wait(100 * time.Millisecond)
				s.answered(s.flow(5, 6, wan(int(i)), 443))
			}
		}},
		{"QUIC is blocked", func(s *stage) {
			for i := range 200 {
				s.see(s.flow(5, 17, wan(i), 443))
				s.wait(100 * time.Millisecond)
				s.answered(s.flow(5, 6, wan(i), 443))
			}
		}},
		{"a swarm that is gone altogether", func(s *stage) {
			for i := range 500 {
				s.see(s.flow(5, 6, wan(i), uint16(10000+i*7919%50000)))
				s.wait(200 * time.Millisecond)
				s.online()
			}
		}},
		{"a whole-WAN outage under a browser with its own DNS", func(s *stage) {
			for i := range 200 { // every device loses what it knows, and one meets strangers
				known := s.flow(byte(6+i%8), 6, wan(100000+i%8), 443)
				known.Fresh, known.Resolved = false, true
				s.see(known)
				s.see(s.flow(5, 6, wan(i), 443))
				s.wait(300 * time.Millisecond)
			}
		}},
		{"the probe says that there is no internet", func(s *stage) {
			s.d.Internet(false, s.now)
			for i := range 200 {
				s.see(s.flow(5, 6, wan(i), 8080))
				s.wait(100 * time.Millisecond)
			}
		}},
		{"one dead host an hour", func(s *stage) {
			for i := range 100 {
				s.see(s.flow(5, 6, wan(i), 22))
				s.wait(time.Minute)
				s.online()
				s.wait(59 * time.Minute)
			}
		}},
		{"time servers that fell silent", func(s *stage) {
			for i := range 100 {
				s.see(s.flow(5, 17, wan(i), 123))
				s.wait(10 * time.Second)
				s.online()
			}
		}},
		{"a phone looks for hosts that went offline", func(s *stage) {
			for i := range 600 {
				s.arp(5, home.NeighborRequest, lan(5), lan(byte(40+i%5)))
				s.wait(time.Second)
			}
		}},
		{"asks for hosts that exist", func(s *stage) {
			for i := range byte(14) {
				s.arp(5, home.NeighborRequest, lan(5), lan(6+i))
				s.after(time.Millisecond)
			}
			s.wait(5 * time.Second)
		}},
		{"new hosts that answer ARP", func(s *stage) {
			for i := range byte(100) {
				s.arp(5, home.NeighborRequest, lan(5), lan(100+i))
				s.after(5 * time.Millisecond)
				o := s.arp(100+i, home.NeighborReply, lan(100+i), lan(5))
				o.Peer = device(5)
				s.after(5 * time.Millisecond)
			}
			s.wait(5 * time.Second)
		}},
		{"answers to broadcasts and streams to phones", func(s *stage) {
			for i := range 400 {
				o := s.flow(5, 17, lan(byte(6+i%12)), uint16(33000+i*13%20000))
				o.Flow.Src = s.flow(5, 17, lan(6), 1).Flow.Src
				o.Fresh = i < 12
				s.see(o)
				s.after(50 * time.Millisecond)
			}
			s.wait(5 * time.Second)
		}},
		{"a UPnP control point walks up four ports", func(s *stage) {
			for i := range 4 {
				o := s.flow(5, 6, lan(7), uint16(49152+i))
				o.Fresh = i == 0
				s.see(o)
				s.after(5*time.Millisecond).then(o, home.FlowRefused)
			}
			s.wait(5 * time.Second)
		}},
		{"a messenger tries its alternatives", func(s *stage) {
			for i, p := range []uint16{443, 80, 5222, 5223, 5242, 4244, 993} {
				o := s.flow(5, 6, wan(7), p)
				o.Fresh = i == 0
				s.see(o)
				s.wait(3 * time.Second)
				s.online()
			}
		}},
		{"a control program starts and finds its plugs", func(s *stage) {
			for i := range byte(14) {
				s.answered(s.flow(5, 6, lan(6+i), 80))
			}
			s.wait(5 * time.Second)
		}},
		{"the middle of connections begun before", func(s *stage) {
			for i := range 100 {
				o := s.flow(5, 6, lan(7), uint16(40000+i))
				o.Flow.Src = s.flow(5, 6, lan(7), 1).Flow.Src
				b := o.Flow.Src
				o.Flow.Src = netipPort(b.Addr(), 80)
				s.see(o)
			}
			s.wait(5 * time.Second)
		}},
	} {
		t.Run(v.name, func(t *testing.T) {
			s := newStage(t, behavior.Config{})
			s.online()
			v.run(s)
			s.wantNothing()
		})
	}
}

// A cause is told once an hour, and the next detector is not silenced by it.
func TestToldOnce(t *testing.T) {
	s := newStage(t, behavior.Config{})
	for i := range 20000 {
		s.see(s.flow(5, 6, wan(i), 23))
		s.after(20 * time.Millisecond)
		if i%50 == 0 {
			s.online()
		}
	}
	if len(s.found) != 1 {
		t.Errorf("%d findings in 7 minutes: %v", len(s.found), s.sentences())
	}
	s.wait(time.Hour)
	for i := range 100 {
		s.see(s.flow(5, 6, wan(100000+i), 23))
		s.after(20 * time.Millisecond)
	}
	if len(s.found) != 2 {
		t.Errorf("%d findings after an hour more", len(s.found))
	}
	if st := s.d.Stats(); st.Suppressed == 0 || st.Findings != 2 {
		t.Errorf("%+v", st)
	}
}

// A gateway that booted with a wrong clock is not blind until that time has come.
func TestClockIsSetBack(t *testing.T) {
	s := newStage(t, behavior.Config{})
	scan := func() {
		for i := range 20 {
			s.see(s.flow(5, 6, wan(i), 23))
			s.after(10 * time.Millisecond)
		}
	}
	scan()
	s.after(-10 * 365 * 24 * time.Hour)
	scan()
	if len(s.found) != 2 {
		t.Errorf("found %v", s.sentences())
	}
}

// What is not proven by the frame is soft and says so.
func TestUnprovenIsSoft(t *testing.T) {
	s := newStage(t, behavior.Config{})
	s.online()
	s.scan(5, 100, 10*time.Millisecond, func(i int) *home.Observation {
		o := s.flow(5, 6, wan(i), 23)
		o.Proven = false
		return o
	})
	if f := s.want(home.DetectScanWAN, home.Soft); f.Port != "" {
		t.Errorf("names port %s", f.Port)
	}
}

func netipPort(a netip.Addr, p uint16) netip.AddrPort { return netip.AddrPortFrom(a, p) }
