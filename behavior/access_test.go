package behavior_test

import (
	"testing"
	"time"

	"cardea/behavior"
	"cardea/home"
)

// Passwords sent in the clear: guessers are found by their pace, programs that log in for each request are not.
func TestClearPasswords(t *testing.T) {
	for _, v := range []struct {
		name     string
		protocol string
		every    time.Duration
		found    bool
	}{
		{"a web page's log-in, ten a second", "http", 100 * time.Millisecond, true},
		{"a camera's stream, three a second", "rtsp", 300 * time.Millisecond, true},
		{"FTP, one in five seconds", "ftp", 5 * time.Second, true},
		{"a plug's state, each second", "http", time.Second, false},
		{"mail, each 20 seconds", "pop3", 20 * time.Second, false},
		{"a camera's still picture, one a second", "http", time.Second, false},
	} {
		t.Run(v.name, func(t *testing.T) {
			s := newStage(t, behavior.Config{})
			n := 0
			for ; len(s.found) == 0 && n < 100; n++ {
				o := s.flow(5, 6, lan(7), 80)
				o.Event = &home.Event{Kind: home.EventName, Source: macOf(5), Name: &home.Name{Flow: *o.Flow, Cleartext: v.protocol}}
				s.see(o)
				s.after(v.every)
			}
			if !v.found {
				s.wantNothing()
				return
			}
			if f := s.want(home.DetectBruteForce, home.Soft); n > 20 {
				t.Errorf("after %d attempts: %s", n, f.Sentence)
			}
		})
	}
}

func TestMapping(t *testing.T) {
	for _, v := range []struct {
		name  string
		class home.DeviceClass
		port  uint16
		to    byte
		more  func(*home.Mapping)
		found bool
	}{
		{"a plug opens itself", home.ClassPlug, 9999, 5, nil, true},
		{"a camera opens itself", home.ClassCamera, 554, 5, nil, false},
		{"a camera opens telnet", home.ClassCamera, 23, 5, nil, true},
		{"a camera opens another device", home.ClassCamera, 80, 7, nil, true},
		{"a computer opens itself", home.ClassComputer, 6881, 5, nil, false},
		{"a console", home.ClassConsole, 3074, 5, nil, false},
		{"who is not known", "", 23, 5, nil, false},
		{"a plug ends one", home.ClassPlug, 9999, 5, func(m *home.Mapping) { m.Delete = true }, false},
		{"the router's answer", home.ClassPlug, 9999, 5, func(m *home.Mapping) { m.Answer = true }, false},
		{"NAT-PMP with lifetime 0 ends one", home.ClassPlug, 9999, 5, func(m *home.Mapping) { m.Protocol = "nat-pmp" }, false},
	} {
		t.Run(v.name, func(t *testing.T) {
			s := newStage(t, behavior.Config{})
			m := &home.Mapping{Protocol: "upnp", Proto: home.ProtoTCP, External: v.port, Internal: v.port, Addr: lan(v.to)}
			if v.more != nil {
				v.more(m)
			}
			d := device(5)
			d.Class = v.class
			s.see(&home.Observation{Event: &home.Event{Kind: home.EventMapping, Source: macOf(5), Mapping: m}, Device: d, Proven: true, Direction: home.Local})
			if !v.found {
				s.wantNothing()
				return
			}
			t.Log(s.want(home.DetectMapping, home.Soft).Sentence)
		})
	}
}
