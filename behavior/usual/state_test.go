package usual

import (
	"bytes"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
	"cardea/home"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// norm says of every endpoint the same, but of some.
type norm struct {
	pi    float64
	some  map[uint64]float64
	hours func(int) float64
	quant map[float64]float64
}

func (n norm) Bits(c *endpoint.Chain) float64 {
	if pi, ok := n.some[c.Keys[endpoint.Host]]; ok {
		return Bits(pi)
	}
	return Bits(n.pi)
}

func (n norm) Hour(h int) float64 {
	if n.hours == nil {
		return 1. / 24
	}
	return n.hours(h)
}

func (n norm) Volume(q float64) float64 { return n.quant[q] }

// play lives a device's days at random.
func play(t *rapid.T, s *State) time.Time {
	now := start
	for range rapid.IntRange(0, 150).Draw(t, "contacts") {
		now = now.Add(time.Duration(rapid.Int64Range(0, int64(40*time.Hour)).Draw(t, "pause")) >> rapid.UintRange(0, 20).Draw(t, "shift"))
		e := home.Endpoint{Name: "a.example.com", Domain: "example.com", Port: uint16(rapid.IntRange(1, 60).Draw(t, "port")), Proto: "tcp"}
		c := endpoint.Of(&e, rapid.Bool().Draw(t, "local"), rapid.Bool().Draw(t, "inbound"))
		s.Meet(&c, s.Address(&e), norm{pi: rapid.Float64Range(0, 1).Draw(t, "pi")}, now.Hour(), now.UnixNano())
		s.Sent(rapid.Uint64().Draw(t, "bytes"), nil, now.UnixNano())
		s.Busy(now.Hour(), nil, now.UnixNano())
	}
	return now
}

func TestStateComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s, back State
		play(t, &s)
		b, err := s.MarshalBinary()
		if err != nil || len(b) != stateSize {
			t.Fatalf("%d bytes, %v", len(b), err)
		}
		if err := back.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
		if back != s {
			t.Fatalf("got %+v\nwant %+v", back, s)
		}
	})
}

func TestStateStaysInItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s State
		play(t, &s)
		for i, x := range s.Sums() {
			if !(x >= 0 && x <= most) {
				t.Fatalf("sum %d is %v", i, x)
			}
		}
		if s.today.Fresh > s.today.Endpoints {
			t.Fatalf("%d new of %d", s.today.Fresh, s.today.Endpoints)
		}
		for stat, x := range s.today.Max {
			if !(x >= 0) || math.IsInf(float64(x), 0) {
				t.Fatalf("%v is %v", calibrate.Stat(stat), x)
			}
		}
	})
}

// After a restart it goes on as if there had been none.
func TestARestartChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s, back State
		now := play(t, &s)
		b, _ := s.MarshalBinary()
		if err := back.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			c := bare(i)
			at := now.Add(time.Duration(i) * time.Hour).UnixNano()
			if got, want := back.Meet(&c, 0, norm{pi: .01}, 3, at), s.Meet(&c, 0, norm{pi: .01}, 3, at); got != want {
				t.Fatalf("%+v, without a restart %+v", got, want)
			}
		}
	})
}

func FuzzState(f *testing.F) {
	var s State
	b, _ := s.MarshalBinary()
	f.Add(b)
	for i := range 30 {
		c := bare(i)
		s.Meet(&c, 0, norm{pi: .001}, 1, start.Add(time.Duration(i)*5*time.Hour).UnixNano())
	}
	b, _ = s.MarshalBinary()
	f.Add(b)
	f.Add([]byte{codec})
	f.Fuzz(func(t *testing.T, b []byte) {
		var s State
		if s.UnmarshalBinary(b) != nil {
			return
		}
		again, _ := s.MarshalBinary()
		if !bytes.Equal(b, again) {
			t.Fatalf("two forms of one state:\n%x\n%x", b, again)
		}
		c := bare(1)
		for i := range 3 {
			s.Meet(&c, 1, norm{pi: .1}, i, start.Add(time.Duration(i)*26*time.Hour).UnixNano())
			s.Sent(1, nil, start.UnixNano())
		}
		if _, err := s.MarshalBinary(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestWhatIsNoStateIsRefused(t *testing.T) {
	var s State
	c := bare(1)
	s.Meet(&c, 0, norm{pi: .1}, 1, start.UnixNano())
	good, _ := s.MarshalBinary()
	for name, b := range map[string][]byte{
		"empty": nil, "short": good[:len(good)-1], "long": append(bytes.Clone(good), 0), "version": append([]byte{9}, good[1:]...),
		"sum": func() []byte { b := bytes.Clone(good); copy(b[21:], []byte{0, 0, 0xc0, 0x7f}); return b }(), // not a number
	} {
		keep := s
		if err := s.UnmarshalBinary(b); err == nil {
			t.Errorf("%s: taken", name)
		}
		if s != keep {
			t.Errorf("%s: the state was changed", name)
		}
	}
}

// bare is the n-th address of the internet on an odd port.
func bare(n int) endpoint.Chain {
	e := address(n)
	return endpoint.Of(&e, false, false)
}

func TestTheClockIsSetBack(t *testing.T) {
	var s State
	for day := range 5 {
		c := bare(1)
		s.Meet(&c, 0, norm{pi: .1}, 9, start.Add(time.Duration(day)*24*time.Hour).UnixNano())
	}
	c := bare(1)
	back := start.Add(-30 * 24 * time.Hour)
	if m := s.Meet(&c, 0, norm{pi: .1}, 9, back.UnixNano()); m.New || !m.Again {
		t.Errorf("what it knows is %+v a month ago", m)
	}
	if m := s.Meet(&c, 0, norm{pi: .1}, 9, back.Add(24*time.Hour).UnixNano()); m.Days != 5 || m.New || m.Again {
		t.Errorf("the next day: %+v", m)
	}
	if d, ok := s.Day(); !ok || d.Of != uint32(back.Unix()/86400) {
		t.Errorf("the day that is over: %+v %v", d, ok)
	}
	if _, ok := s.Day(); ok {
		t.Error("told twice")
	}
}

// An hour that closes after midnight belongs to no clock that was set back.
func TestAnHourThatClosesLate(t *testing.T) {
	var s State
	c := bare(1)
	midnight := start.Truncate(24 * time.Hour).Add(24 * time.Hour)
	s.Meet(&c, 0, norm{pi: .1}, 9, midnight.Add(-time.Minute).UnixNano())
	s.Meet(&c, 0, norm{pi: .1}, 9, midnight.Add(time.Second).UnixNano())
	s.Sent(7, nil, midnight.Add(-time.Second).UnixNano())
	if d := s.Today(); d.Of != uint32(midnight.Unix()/86400) || d.Up != 7 {
		t.Errorf("the open day is %+v", d)
	}
	if d, ok := s.Day(); !ok || d.Of != uint32(midnight.Unix()/86400)-1 {
		t.Errorf("the day that is over is %+v %v", d, ok)
	}
}

// Another machine of a cloud that the device uses is no new endpoint by its domain, and as surprising as its model says.
func TestSharedDomains(t *testing.T) {
	var s State
	host := func(name string) endpoint.Chain {
		return endpoint.Of(&home.Endpoint{Name: name, Domain: "amazonaws.com", Port: 443, Proto: "tcp"}, false, false)
	}
	a, b := host("a.s3.amazonaws.com"), host("b.s3.amazonaws.com")
	s.Meet(&a, 1<<32|3, norm{pi: .5}, 9, start.UnixNano())
	later := start.Add(48 * time.Hour).UnixNano()
	if m := s.Meet(&b, 5<<32|7, norm{pi: 1. / 256}, 9, later); m.New || m.Days != 0 || m.Bits < 8 {
		t.Errorf("%+v", m)
	}
}

// More endpoints than there are places: those used on most days stay known by their days, the others are known at least.
func TestMoreEndpointsThanPlaces(t *testing.T) {
	var s State
	for day := range 10 {
		for i := range 10 {
			c := bare(i)
			s.Meet(&c, 0, norm{pi: .1}, 9, start.Add(time.Duration(day)*24*time.Hour).UnixNano())
		}
	}
	for i := range 40 {
		c := bare(100 + i)
		s.Meet(&c, 0, norm{pi: .1}, 9, start.Add(240*time.Hour).UnixNano())
	}
	next := start.Add(264 * time.Hour).UnixNano()
	for i := range 10 {
		c := bare(i)
		if m := s.Meet(&c, 0, norm{pi: .1}, 9, next); m.Days < 10 || m.New {
			t.Errorf("endpoint %d of every day: %+v", i, m)
		}
	}
	for i := range 40 {
		c := bare(100 + i)
		if m := s.Meet(&c, 0, norm{pi: .1}, 9, next); m.New {
			t.Errorf("endpoint %d of yesterday is new", i)
		}
	}
}
