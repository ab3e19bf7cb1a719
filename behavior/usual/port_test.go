package usual

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"cardea/behavior/endpoint"
	"cardea/behavior/evidence"
	"cardea/behavior/profile"
	"cardea/home"
)

// reached is a connection to the scene's device, and what became of it.
func (s *scene) reached(port uint16, state home.FlowState, dir home.Direction) {
	s.now = s.now.Add(time.Second)
	who := &home.Device{ID: "lamp", Identity: s.who}
	o := &home.Observation{Event: &home.Event{Kind: home.EventFlow, Time: s.now}, Device: &home.Device{ID: "phone"}, Peer: who, Proven: true, Direction: dir}
	o.Flow = &home.Flow{ID: 4, State: state, Proto: home.ProtoTCP, Src: netip.MustParseAddrPort("192.168.1.9:40000"), Dst: netip.AddrPortFrom(netip.MustParseAddr("192.168.1.7"), port)}
	s.d.Answers(s.dev, who, o, s.now.UnixNano())
}

func TestNewOpenPort(t *testing.T) {
	open := func(port uint16) func(*scene) {
		return func(s *scene) { s.reached(port, home.FlowAnswered, home.Local) }
	}
	shut := func(port uint16) func(*scene) {
		return func(s *scene) { s.reached(port, home.FlowRefused, home.Local) }
	}
	day := func(s *scene) { s.waits(25 * time.Hour) }
	both := func(f ...func(*scene)) func(*scene) {
		return func(s *scene) {
			for _, one := range f {
				one(s)
			}
		}
	}
	nas, phone := lamp, lamp
	nas.Class, phone.Class = home.ClassNAS, home.ClassPhone
	for _, v := range []struct {
		name string
		who  home.Identity
		do   func(*scene)
		told string // a part of the sentence; "": nothing
	}{
		{"telnet of a lamp, never before", lamp, both(day, open(23)), "port 23"},
		{"closed, and open a day later", lamp, both(shut(80), day, open(80)), "closed before"},
		{"its page, which nobody had asked for", lamp, both(day, open(80)), ""},
		{"open from the beginning", lamp, both(open(23), day, open(23)), ""},
		{"while it is learnt", lamp, both(shut(23), open(23)), ""},
		{"told once", lamp, both(shut(8080), day, open(8080), day, open(8080)), "port 8080"},
		{"a port that changes with each restart", lamp, both(shut(49152), day, open(49152)), ""},
		{"a store of files whose owner turns on SSH: nobody knew that it was closed", nas, both(day, open(22)), ""},
		{"where it was seen closed", nas, both(shut(22), day, open(22)), "port 22"},
		{"a phone", phone, both(shut(22), day, open(22)), ""},
		{"nobody knows what", home.Identity{}, both(shut(22), day, open(22)), ""},
		{"refused", lamp, both(day, shut(23)), ""},
		{"from the internet", lamp, both(day, func(s *scene) { s.reached(23, home.FlowAnswered, home.Inbound) }), "from the internet"},
	} {
		s := newScene(t, v.who)
		s.lives()
		v.do(s)
		if v.told == "" {
			if len(s.found) > 0 {
				t.Errorf("%s: %s", v.name, s.found[0].Sentence)
			}
			continue
		}
		if len(s.found) != 1 {
			t.Errorf("%s: %d findings", v.name, len(s.found))
			continue
		}
		f := s.found[0]
		if f.Detector != home.DetectPort || f.Strength != home.Soft || !strings.Contains(f.Sentence, v.told) || f.Card == nil || f.Card.Of < 30 ||
			len(f.Card.Numbers) == 0 || f.Facts["port"] == nil || len(f.Symptom.Ports) != 1 || strings.ContainsAny(f.Sentence, "<>!") {
			t.Errorf("%s: %+v %+v", v.name, f, f.Card)
		}
	}
}

// Where homes' devices of the model are reached on the port, it is nothing.
func TestNewOpenPortOfAModelThatHasIt(t *testing.T) {
	counts := profile.NewCounts()
	for h := range 30 {
		u := profile.Use{Level: profile.LevelOf(lamp), Week: 100, Home: uint64(h), Network: uint32(h % 5), Active: 7}
		e := home.Endpoint{Port: 23, Proto: "tcp"}
		u.Ends = []profile.End{{Chain: endpoint.Of(&e, true, true), Days: 7}}
		counts.Add(&u)
	}
	s := newScene(t, lamp)
	s.lives()
	s.set = counts.Build(profile.Options{Now: 100, Version: 4})
	s.waits(25 * time.Hour)
	s.reached(23, home.FlowAnswered, home.Local)
	if len(s.found) != 0 {
		t.Error(s.found[0].Sentence)
	}
}

// The switch turns it off.
func TestNewOpenPortOff(t *testing.T) {
	s := newScene(t, lamp)
	s.d = New(evidence.NewTeller(s, time.Hour, map[home.Detector]bool{home.DetectPort: true}), s.net, Config{})
	s.lives()
	s.waits(25 * time.Hour)
	s.reached(23, home.FlowAnswered, home.Local)
	if len(s.found) != 0 {
		t.Error(s.found[0].Sentence)
	}
}

// Two states with different salts keep different keys of the same endpoints, and what they answer is the same.
func TestSalt(t *testing.T) {
	var plain, salted State
	salted.Salt(0x1234567890abcdef)
	now := start
	for day := range 5 {
		for i := range 12 {
			e := endpointOf(i)
			c := endpoint.Of(&e, false, false)
			now = now.Add(time.Minute)
			a := plain.Meet(&c, plain.Address(&e), norm{pi: .01}, 3, now.UnixNano())
			b := salted.Meet(&c, salted.Address(&e), norm{pi: .01}, 3, now.UnixNano())
			if a != b {
				t.Fatalf("day %d: %+v, salted %+v", day, a, b)
			}
		}
		now = now.Add(24 * time.Hour)
	}
	keys := map[uint32]bool{}
	for i := range plain.entries {
		keys[plain.entries[i].key] = true
	}
	for i := range salted.entries {
		if k := salted.entries[i].key; k != 0 && keys[k] {
			t.Errorf("the same key %x", k)
		}
	}
	salted.Salt(7)
	if salted.salt != 0x1234567890abcdef {
		t.Error("a salt changed after something was remembered")
	}
}

// States that were written before there were salts are read, and stay as they were.
func TestStateOfTheVersionBefore(t *testing.T) {
	var s, back State
	for i := range 30 {
		c := bare(i)
		s.Meet(&c, 0, norm{pi: .001}, 1, start.Add(time.Duration(i)*5*time.Hour).UnixNano())
	}
	b, err := s.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	old := append([]byte(nil), b[:len(b)-added]...)
	old[0] = codec - 1
	if err := back.UnmarshalBinary(old); err != nil || back != s {
		t.Errorf("%v: got %+v\nwant %+v", err, back, s)
	}
	for _, bad := range [][]byte{old[:len(old)-1], b[:len(b)-1], append(old, 0)} {
		if back.UnmarshalBinary(bad) == nil {
			t.Errorf("%d bytes were read", len(bad))
		}
	}
}
