package behavior_test

import (
	"net/netip"
	"testing"
	"time"

	"cardea/behavior"
	"cardea/home"
)

// dns makes a message about example.com between device 7 and a server; from and to are the stations of the frame.
func (s *stage) dns(from, to byte, server netip.Addr, answer bool, says ...netip.Addr) {
	o := &home.Observation{
		Event: &home.Event{Kind: home.EventLookup, Source: macOf(from), Dest: macOf(to), Lookup: &home.Lookup{
			Client: netip.AddrPortFrom(lan(7), 40000), Server: netip.AddrPortFrom(server, 53), Question: "example.com", Type: 1, Answer: answer, Addrs: says,
		}},
		Device: device(7), Proven: true, Direction: home.Outbound, Far: home.Endpoint{Name: "example.com"},
	}
	s.after(5 * time.Millisecond).see(o)
}

func TestDNSSpoof(t *testing.T) {
	const victim, router, liar = 7, 1, 5
	resolver := netip.MustParseAddr("9.9.9.9")
	for _, v := range []struct {
		name     string
		strength home.Strength // 0: nothing
		run      func(s *stage)
	}{
		{"a lie before the router's answer", home.Hard, func(s *stage) {
			s.dns(victim, router, lan(1), false)
			s.dns(liar, victim, lan(1), true, lan(5))
			s.dns(router, victim, lan(1), true, wan(1))
		}},
		{"a lie after it", home.Hard, func(s *stage) {
			s.dns(victim, router, lan(1), false)
			s.dns(router, victim, lan(1), true, wan(1))
			s.dns(liar, victim, lan(1), true, lan(5))
		}},
		{"a lie in the name of a resolver on the internet", home.Hard, func(s *stage) {
			s.dns(victim, router, resolver, false)
			s.dns(liar, victim, resolver, true, lan(5))
			s.dns(router, victim, resolver, true, wan(1))
		}},
		{"a lie alone: the right answer was not seen", home.Soft, func(s *stage) {
			s.dns(victim, router, lan(1), false)
			s.dns(liar, victim, lan(1), true, lan(5))
		}},
		{"the router answers", 0, func(s *stage) {
			for range 20 {
				s.dns(victim, router, lan(1), false)
				s.dns(router, victim, lan(1), true, wan(1))
			}
		}},
		{"a resolver of the home's own, on another station", 0, func(s *stage) {
			s.dns(victim, 8, lan(8), false)
			s.dns(8, victim, lan(8), true, wan(1))
		}},
		{"both sides of a router are seen", 0, func(s *stage) {
			s.dns(victim, router, resolver, false)
			s.dns(router, 8, resolver, false)
			s.dns(8, router, resolver, true, wan(1))
			s.dns(router, victim, resolver, true, wan(1))
		}},
		{"questions go out by one router and answers come in by another", 0, func(s *stage) {
			o := s.flow(9, 6, wan(3), 443)
			o.Dest = macOf(8)
			s.see(o) // 8 is the router that frames are sent to
			s.dns(victim, router, resolver, false)
			s.dns(8, victim, resolver, true, wan(1))
		}},
		{"an answer to what was not asked", 0, func(s *stage) { s.dns(liar, victim, lan(1), true, lan(5)) }},
	} {
		t.Run(v.name, func(t *testing.T) {
			s := newStage(t, behavior.Config{})
			s.see(s.flow(liar, 17, lan(7), 5353)) // it is a device
			v.run(s)
			if v.strength == 0 {
				s.wantNothing()
				return
			}
			var last *home.Finding
			for _, f := range s.found {
				if f.Detector != home.DetectDNSSpoof || f.Device != "device-5" {
					t.Errorf("%s of %s: %s", f.Detector, f.Device, f.Sentence)
				}
				last = f
			}
			if last == nil || last.Strength != v.strength {
				t.Fatalf("found %v, want %s", s.sentences(), v.strength)
			}
			t.Log(last.Sentence)
		})
	}
}

// A liar that was never heard otherwise is told when it is.
func TestDNSSpoofByAStranger(t *testing.T) {
	s := newStage(t, behavior.Config{})
	s.dns(7, 1, lan(1), false)
	s.dns(5, 7, lan(1), true, lan(5))
	s.wantNothing()
	s.arp(5, home.NeighborRequest, lan(5), lan(1))
	s.want(home.DetectDNSSpoof, home.Soft)
}
