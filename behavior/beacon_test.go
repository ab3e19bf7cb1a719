package behavior_test

import (
	"testing"
	"time"

	"cardea/behavior"
	"cardea/home"
)

// tcp makes a new connection of device 5 that DNS did not name.
func (s *stage) bare(host int, port uint16) *home.Observation {
	s.online()
	return s.see(s.flow(5, home.ProtoTCP, wan(host), port))
}

// asks lets device 5 ask DNS for something that exists, as what a live home shows.
func (s *stage) asks() {
	s.lookup(5, "time.example.net", 0)
}

func (s *stage) lookup(dev byte, name string, rcode uint8) {
	for _, answer := range []bool{false, true} {
		o := &home.Observation{
			Event:  &home.Event{Kind: home.EventLookup, Lookup: &home.Lookup{Question: name, Type: 1, Answer: answer, Rcode: rcode}},
			Device: device(dev), Direction: home.Outbound, Far: home.Endpoint{Name: name},
		}
		s.see(o)
	}
}

// What calls home, with the time that it may take and the calls it needs at most.
func TestBeacon(t *testing.T) {
	hangUp := func(s *stage, o *home.Observation) {
		s.after(30*time.Millisecond).then(o, home.FlowAnswered)
		s.after(time.Second)
		o.Flow.UpBytes, o.Flow.DownBytes = 440, 550
		s.then(o, home.FlowEnd)
	}
	for _, v := range []struct {
		name string
		most time.Duration
		run  func(s *stage)
	}{
		{"a dead server on an odd port, each 25 s", time.Minute, func(s *stage) {
			s.bare(7, 1177)
			s.wait(25 * time.Second)
		}},
		{"one that refuses, each 10 s", 21 * time.Second, func(s *stage) {
			o := s.bare(7, 48101)
			s.after(30*time.Millisecond).then(o, home.FlowRefused)
			s.wait(10 * time.Second)
		}},
		{"telnet's port of one dead host, each 30 s", 65 * time.Second, func(s *stage) {
			s.bare(7, 23)
			s.wait(30 * time.Second)
		}},
		{"one that answers and hangs up, each 3 s", 20 * time.Second, func(s *stage) {
			hangUp(s, s.bare(7, 4975))
			s.wait(2 * time.Second)
		}},
		{"telnet's port of one host, kept open", 65 * time.Second, func(s *stage) {
			s.online()
			s.answered(s.flow(5, 6, wan(7), 23))
			s.wait(time.Minute)
		}},
		{"a chat server that hangs up and is dead in turn", 30 * time.Second, func(s *stage) {
			hangUp(s, s.bare(7, 6667))
			s.bare(7, 6667)
			s.wait(8 * time.Second)
		}},
		{"a dead web server by its bare address, each 40 s, of a device that asks DNS for all else", 2 * time.Minute, func(s *stage) {
			s.bare(7, 443)
			s.wait(40 * time.Second)
		}},
	} {
		t.Run(v.name, func(t *testing.T) {
			s := newStage(t, behavior.Config{})
			s.asks()
			s.wait(6 * time.Minute)
			s.asks()
			start := s.now
			for i := 0; i < 10 && len(s.found) == 0; i++ {
				v.run(s)
			}
			f := s.want(home.DetectBeacon, home.Soft)
			if took := f.Time.Sub(start); took > v.most {
				t.Errorf("took %v, want at most %v", took, v.most)
			}
			if f.Card == nil || len(f.Card.Numbers) == 0 || len(f.Symptom.Addrs) != 1 || len(f.Symptom.Ports) == 0 {
				t.Errorf("incomplete: %+v", f)
			}
			t.Logf("%v: %s", f.Time.Sub(start), f.Sentence)
		})
	}
}

// A bridge calls more web hosts by name than a device without a browser should: its class says that it has none, so that its silent
// bare server is followed all the same. Of a device that may be anything it is not.
func TestBeaconOfABusyBridge(t *testing.T) {
	for _, v := range []struct {
		class home.DeviceClass
		told  bool
	}{{home.ClassHub, true}, {home.ClassTV, false}, {"", false}, {home.ClassComputer, false}} {
		s := newStage(t, behavior.Config{})
		s.asks()
		s.wait(6 * time.Minute)
		as := func(o *home.Observation) *home.Observation {
			o.Device.Class = v.class
			return o
		}
		for i := range 14 {
			s.asks()
			o := as(s.flow(5, 6, wan(100+i), 443))
			o.Far.Name, o.Resolved = "www.example.com", true
			s.answered(o)
		}
		for range 6 {
			s.online()
			s.see(as(s.flow(5, 6, wan(7), 443)))
			s.wait(40 * time.Second)
		}
		if got := len(s.found) > 0; got != v.told {
			t.Errorf("%q: told %v", v.class, got)
		}
	}
}

// What real homes do that looks like calling home.
func TestNoBeacon(t *testing.T) {
	for _, v := range []struct {
		name string
		run  func(s *stage)
	}{
		{"its own dead cloud by name, on an odd port, for a day", func(s *stage) {
			for range 1440 {
				o := s.flow(5, 6, wan(7), 50001)
				o.Far.Name, o.Resolved = "cloud.example.com", true
				s.online()
				s.see(o)
				s.wait(time.Minute)
			}
		}},
		{"an address that answered before, and is dead now", func(s *stage) {
			for range 100 {
				o := s.flow(5, 6, wan(7), 443)
				o.Fresh, o.Resolved = false, true
				s.online()
				s.see(o)
				s.wait(time.Minute)
			}
		}},
		{"a cloud's whole list of addresses is dead, of which DNS showed but a part", func(s *stage) {
			for i := range 40 {
				s.bare(i%5, 443)
				s.wait(30 * time.Second)
			}
		}},
		{"a swarm of dead peers", func(s *stage) {
			for i := range 400 {
				s.bare(i%40, uint16(10000+i%40*997))
				s.wait(2 * time.Second)
			}
		}},
		{"a browser with its own DNS meets a dead site, and its user tries again", func(s *stage) {
			for i := range 30 {
				s.answered(s.flow(5, 6, wan(100+i), 443))
			}
			for range 10 {
				s.bare(7, 443)
				s.wait(15 * time.Second)
			}
		}},
		{"a session on an odd port that lasts and is opened again each half hour", func(s *stage) {
			for range 50 {
				s.answered(s.flow(5, 6, wan(7), 50001))
				s.wait(30 * time.Minute)
			}
		}},
		{"a mail server that is gone", func(s *stage) {
			for range 200 {
				s.bare(7, 993)
				s.wait(20 * time.Second)
			}
		}},
		{"a call to a dead host once in twenty minutes", func(s *stage) {
			for range 200 {
				s.bare(7, 50001)
				s.wait(40 * time.Minute)
			}
		}},
		{"a whole-WAN outage", func(s *stage) {
			s.online()
			s.d.Internet(false, s.now)
			for range 100 {
				s.see(s.flow(5, 6, wan(7), 50001))
				s.wait(20 * time.Second)
			}
		}},
		{"a program opens twenty connections at once to a port that is closed", func(s *stage) {
			for range 20 {
				s.bare(7, 50001)
			}
			s.wait(time.Minute)
		}},
		{"people's own web server by dynamic DNS, which is not reached from home", func(s *stage) {
			for range 100 {
				s.online()
				o := s.flow(5, 6, wan(7), 443)
				o.Far.Name, o.Resolved = "ours.duckdns.org", true
				s.see(o)
				s.wait(30 * time.Second)
			}
		}},
		{"a session to telnet of a person", func(s *stage) {
			o := s.flow(5, 6, wan(7), 23)
			o.Device.Class = home.ClassComputer
			s.online()
			s.answered(o)
			s.wait(10 * time.Minute)
		}},
		{"a maker's cloud on an odd port by a bare address, each half minute", func(s *stage) { // an Edimax plug does
			for range 100 {
				o := s.bare(7, 8767)
				s.after(30*time.Millisecond).then(o, home.FlowAnswered)
				s.after(time.Second).then(o, home.FlowEnd)
				s.wait(30 * time.Second)
			}
		}},
		{"time servers", func(s *stage) {
			for i := range 200 {
				s.online()
				s.see(s.flow(5, 17, wan(i%3), 123))
				s.wait(time.Minute)
			}
		}},
		{"a camera keeps its peer-to-peer alive by UDP", func(s *stage) {
			for range 300 {
				s.online()
				s.see(s.flow(5, 17, wan(7), 32100))
				s.wait(30 * time.Second)
			}
		}},
	} {
		t.Run(v.name, func(t *testing.T) {
			s := newStage(t, behavior.Config{})
			s.asks()
			s.wait(6 * time.Minute)
			v.run(s)
			s.wantNothing()
		})
	}
}

// Names of dynamic DNS say no more than an address.
func TestBeaconByDynamicName(t *testing.T) {
	s := newStage(t, behavior.Config{})
	for range 4 {
		s.online()
		o := s.flow(5, 6, wan(7), 1177)
		o.Far.Name, o.Resolved = "bot.duckdns.org", true
		s.see(o)
		s.wait(20 * time.Second)
	}
	s.want(home.DetectBeacon, home.Soft)
}

// A person's own machine needs twice the evidence.
func TestBeaconOfAPerson(t *testing.T) {
	calls := func(class home.DeviceClass) (n int) {
		s := newStage(t, behavior.Config{})
		for len(s.found) == 0 && n < 50 {
			s.online()
			o := s.flow(5, 6, wan(7), 38241)
			o.Device.Class = class
			s.see(o)
			s.wait(20 * time.Second)
			n++
		}
		return n
	}
	bulb, laptop := calls(home.ClassLight), calls(home.ClassComputer)
	if bulb != 3 || laptop < 5 || laptop == 50 {
		t.Errorf("a bulb is found after %d calls, a laptop after %d", bulb, laptop)
	}
}

// What a device may have been told before it was watched weighs half: a cloud's dead server by an address that it keeps.
func TestBeaconOfTheUnwatched(t *testing.T) {
	calls := func(watched time.Duration) (n int) {
		s := newStage(t, behavior.Config{})
		s.asks()
		s.wait(watched)
		for len(s.found) == 0 && n < 50 {
			s.bare(7, 38241)
			s.wait(20 * time.Second)
			n++
		}
		return n
	}
	if soon, later := calls(time.Second), calls(6*time.Minute); later != 3 || soon < 5 || soon == 50 {
		t.Errorf("found after %d calls, and %d of a device that is watched", soon, later)
	}
}

func TestBeaconDoesNotAllocate(t *testing.T) {
	s := newStage(t, behavior.Config{})
	var list []*home.Observation
	for i := range 500 {
		o := s.flow(byte(2+i%5), 6, wan(i%50), []uint16{443, 1177, 8767, 80, 50001}[i%5])
		list = append(list, o)
	}
	i := 0
	step := func() {
		s.after(700 * time.Millisecond).see(list[i%len(list)])
		s.tick()
		i++
	}
	for range 5000 {
		step()
	}
	if n := testing.AllocsPerRun(2000, step); n > .1 { // a finding an hour
		t.Errorf("%v allocations for a call", n)
	}
}
