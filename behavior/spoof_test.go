package behavior_test

import (
	"net/netip"
	"testing"
	"time"

	"cardea/behavior"
	"cardea/home"
)

func TestSpoof(t *testing.T) {
	own := behavior.Config{Own: []home.MAC{gwMAC}, OwnAddrs: []netip.Addr{lan(1)}}
	for _, v := range []struct {
		name string
		cfg  behavior.Config
		det  home.Detector // "" for nothing
		run  func(s *stage)
	}{
		{"the gateway's own address, on the gateway", own, home.DetectARPSpoof, func(s *stage) {
			s.arp(5, home.NeighborReply, lan(1), lan(7))
		}},
		{"the gateway's address after a routed and a local frame", behavior.Config{}, home.DetectARPSpoof, func(s *stage) {
			s.online()
			s.see(s.flow(7, 17, lan(1), 53)) // sent to the gateway's MAC
			s.arp(5, home.NeighborReply, lan(1), lan(7))
		}},
		{"the gateway's address after routed frames only", behavior.Config{}, home.DetectARPSpoof, func(s *stage) {
			s.online()
			s.see(s.flow(5, 6, wan(1), 443)) // the spoofer has an address of its own
			s.arp(5, home.NeighborReply, lan(1), lan(7))
		}},
		{"the gateway's address by an answer that nobody asked for, of who says nothing else", behavior.Config{}, home.DetectARPSpoof, func(s *stage) {
			s.online()
			s.arp(5, home.NeighborReply, lan(1), lan(7))
		}},
		{"a station answers for its address, which happens to be the first", behavior.Config{}, "", func(s *stage) {
			s.online()
			s.arp(7, home.NeighborRequest, lan(7), lan(1))
			s.arp(5, home.NeighborReply, lan(1), lan(7))
		}},
		{"a station announces its address, which happens to be the first", behavior.Config{}, "", func(s *stage) {
			s.online()
			s.arp(5, home.NeighborReply, lan(1), lan(1))
			s.arp(5, home.NeighborRequest, lan(1), lan(1))
		}},
		{"the victim keeps speaking", own, home.DetectARPSpoof, func(s *stage) {
			for range 4 {
				s.see(s.flow(7, 6, wan(1), 443))
				s.after(time.Second).arp(5, home.NeighborReply, lan(7), lan(1))
				s.after(time.Second)
			}
		}},
		{"the victim of a lease keeps speaking", own, home.DetectARPSpoof, func(s *stage) {
			s.grant(7)
			for range 4 {
				s.see(s.flow(7, 6, wan(1), 443))
				s.after(time.Second).arp(5, home.NeighborReply, lan(7), lan(1))
				s.after(time.Second)
			}
			s.want(home.DetectARPSpoof, home.Hard)
		}},
		{"who speaks first cannot frame the owner of a lease", own, "", func(s *stage) {
			o := s.flow(7, 6, wan(1), 443)
			o.Source, o.Device = macOf(5), device(5) // 5 forges 7's address
			s.see(o)
			s.grant(7)
			for range 5 {
				s.after(time.Second).see(o)
				s.arp(7, home.NeighborRequest, lan(7), lan(1))
			}
		}},
		{"nor by words about another", own, "", func(s *stage) {
			for range 5 { // 5 says that 7's address is at 8, 7 speaks itself
				s.see(&home.Observation{Event: &home.Event{Kind: home.EventNeighbor, Source: macOf(5), Neighbor: &home.Neighbor{
					Op: home.NeighborReply, SenderMAC: macOf(7), SenderAddr: lan(8), TargetAddr: lan(1)}}, Device: device(5), Proven: true})
				s.after(time.Second).arp(8, home.NeighborReply, lan(8), lan(1))
				s.see(s.flow(8, 6, wan(1), 443))
			}
			for _, f := range s.found {
				if f.Device != "device-5" {
					s.t.Errorf("blames %s: %s", f.Device, f.Sentence)
				}
			}
			s.found = nil
		}},
		{"a lease used again", own, "", func(s *stage) {
			s.see(s.flow(7, 6, wan(1), 443))
			s.wait(20 * time.Minute)
			for range 5 {
				s.arp(5, home.NeighborRequest, lan(7), lan(1))
				s.wait(10 * time.Second)
			}
		}},
		{"a lease given away at once", own, "", func(s *stage) {
			s.see(s.flow(7, 6, wan(1), 443))
			s.grant(5, 7)
			for range 5 {
				s.after(time.Second).arp(5, home.NeighborRequest, lan(7), lan(1))
			}
		}},
		{"a sleep proxy and its sleeper", own, "", func(s *stage) {
			for range 20 {
				s.see(s.flow(7, 6, wan(1), 443))
				s.wait(3 * time.Minute) // awake
				s.arp(5, home.NeighborReply, lan(7), lan(7))
				s.wait(10 * time.Second)
				s.arp(5, home.NeighborReply, lan(7), lan(1))
				s.wait(time.Hour) // asleep
			}
		}},
		{"a router of a redundancy group", own, "", func(s *stage) {
			s.see(s.flow(7, 6, wan(1), 443))
			for i := range 6 {
				o := &home.Observation{Event: &home.Event{Kind: home.EventNeighbor, Source: macOf(5), Neighbor: &home.Neighbor{
					Op: home.NeighborReply, SenderMAC: home.MAC{0, 0, 0x5e, 0, 1, byte(1 + i)}, SenderAddr: lan(7), TargetAddr: lan(7)}},
					Device: device(5), Proven: true}
				s.after(time.Second).see(o)
				s.see(s.flow(7, 6, wan(1), 443))
			}
		}},
		{"one host with two interfaces", own, "", func(s *stage) {
			for range 5 { // Linux answers for all its addresses on each
				s.after(time.Second).arp(5, home.NeighborReply, lan(5), lan(8))
				s.arp(6, home.NeighborReply, lan(5), lan(8))
				s.after(time.Second).arp(6, home.NeighborReply, lan(6), lan(8))
				s.arp(5, home.NeighborReply, lan(6), lan(8))
			}
		}},
		{"a device that changed its own MAC", own, "", func(s *stage) {
			for i := range 6 {
				o := s.flow(5, 6, wan(1), 443)
				m := macOf(byte(50 + i%2))
				o.Source, o.Device.MAC, o.Device.MACs = m, m, []home.MAC{macOf(50), macOf(51)}
				s.after(time.Second).see(o)
				s.see(&home.Observation{Event: &home.Event{Kind: home.EventNeighbor, Source: m, Neighbor: &home.Neighbor{
					Op: home.NeighborReply, SenderMAC: m, SenderAddr: lan(5), TargetAddr: lan(1)}}, Device: o.Device, Proven: true})
			}
		}},
		{"probes before taking an address", own, "", func(s *stage) {
			s.see(s.flow(7, 6, wan(1), 443))
			for range 5 {
				s.after(time.Second).arp(5, home.NeighborRequest, netip.Addr{}, lan(7))
			}
		}},
		{"the gateway's IPv6 address", behavior.Config{}, home.DetectNDSpoof, func(s *stage) {
			s.online()
			ll := netip.MustParseAddr("fe80::1")
			s.see(&home.Observation{Event: &home.Event{Kind: home.EventRouter, Source: gwMAC, Router: &home.Router{
				Addr: ll, MAC: gwMAC, Lifetime: time.Hour}}, Device: device(1), Proven: true})
			s.arp(5, home.NeighborReply, ll, netip.MustParseAddr("fe80::7"))
		}},
	} {
		t.Run(v.name, func(t *testing.T) {
			s := newStage(t, v.cfg)
			v.run(s)
			if v.det == "" {
				s.wantNothing()
				return
			}
			for _, f := range s.found {
				if f.Detector == v.det {
					if f.Device != "device-5" {
						t.Errorf("blames %s", f.Device)
					}
					t.Log(f.Strength, f.Sentence)
					return
				}
			}
			t.Errorf("no %s; found %v", v.det, s.sentences())
		})
	}
}

// grant lets the home's server give a device its address, or another one.
func (s *stage) grant(dev byte, addr ...byte) {
	addr = append(addr, dev)
	s.see(&home.Observation{Event: &home.Event{Kind: home.EventLease, Source: gwMAC, Lease: &home.Lease{
		Op: 5, Server: true, Client: macOf(dev), Addr: lan(addr[0]), ServerID: lan(1)}}, Device: device(1), Proven: true})
}

func (s *stage) lease(dev byte, op uint8, server, router netip.Addr) {
	s.see(&home.Observation{Event: &home.Event{Kind: home.EventLease, Source: macOf(dev), Lease: &home.Lease{
		Op: op, Server: true, Client: macOf(77), Addr: lan(77), ServerID: server, Router: router}}, Device: device(dev), Proven: true})
}

func TestRogueServers(t *testing.T) {
	own := behavior.Config{Own: []home.MAC{gwMAC}}
	t.Run("an acknowledgement that is not ours", func(t *testing.T) {
		s := newStage(t, own)
		s.lease(1, 2, lan(1), lan(1))
		s.lease(5, 5, lan(5), lan(5))
		s.want(home.DetectRogueDHCP, home.Hard)
	})
	t.Run("one offer, then more", func(t *testing.T) {
		s := newStage(t, own)
		s.lease(5, 2, lan(5), lan(5))
		s.want(home.DetectRogueDHCP, home.Soft)
		s.lease(5, 2, lan(5), lan(5))
		if len(s.found) != 2 || s.found[1].Strength != home.Hard {
			t.Errorf("found %v", s.sentences())
		}
	})
	t.Run("learned: the second server", func(t *testing.T) {
		s := newStage(t, behavior.Config{})
		s.lease(8, 5, lan(8), lan(1))
		s.lease(5, 2, lan(5), lan(5))
		s.want(home.DetectRogueDHCP, home.Soft)
	})
	t.Run("learned: an offer leaked in set-up, the same server twice", func(t *testing.T) {
		s := newStage(t, behavior.Config{})
		s.lease(5, 2, lan(60), lan(60))
		s.lease(8, 2, lan(8), lan(1))
		s.lease(8, 5, lan(8), lan(1))
		s.lease(6, 5, lan(8), lan(1))
		s.wantNothing()
	})
	ra := func(s *stage, dev byte, life time.Duration) {
		s.see(&home.Observation{Event: &home.Event{Kind: home.EventRouter, Source: macOf(dev), Router: &home.Router{
			Addr: netip.MustParseAddr("fe80::5"), MAC: macOf(dev), Lifetime: life}}, Device: device(dev), Proven: true})
	}
	t.Run("router advertisements", func(t *testing.T) {
		s := newStage(t, own)
		ra(s, 1, time.Hour)
		ra(s, 6, 0) // a Thread border router
		s.wantNothing()
		ra(s, 5, time.Hour)
		s.want(home.DetectRogueRouter, home.Hard)
	})
}

func TestDuplicateMAC(t *testing.T) {
	s := newStage(t, behavior.Config{})
	on := func(port string) {
		o := s.flow(5, 6, wan(1), 443)
		o.Port, o.Fresh = port, false
		s.after(100 * time.Millisecond).see(o)
	}
	on("lan5")
	on("wlan0") // it roams
	on("wlan0")
	s.wantNothing()
	for range 3 {
		on("lan5")
		on("wlan0")
	}
	s.want(home.DetectDuplicate, home.Soft)
	s.found = nil
	s.scan(5, 100, 10*time.Millisecond, func(i int) *home.Observation { return s.flow(5, 6, wan(i), 23) })
	s.want(home.DetectScanWAN, home.Soft) // who of the two scans cannot be known
}

// A neighbour that forges a device's MAC from its own port can neither have it contained nor move the evidence.
func TestNobodyIsFramed(t *testing.T) {
	s := newStage(t, behavior.Config{})
	honest := s.flow(7, 6, wan(1), 443)
	honest.Port = "lan7"
	honest.Resolved = true
	s.see(honest)
	for i := range 100 {
		o := s.flow(7, 6, wan(i), 23) // the gateway knows that this port is not 7's, so it is not proven
		o.Port, o.Proven = "lan5", false
		s.see(o)
		s.after(10 * time.Millisecond)
	}
	if f := s.want(home.DetectScanWAN, home.Soft); f.Port != "" {
		t.Errorf("names port %s", f.Port)
	}
}
