package line

import (
	"slices"
	"testing"
	"time"

	"cardea/home"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// day is what a minute of a test is like.
type day struct {
	first, beyond, dns        time.Duration
	firstLost, farLost, noDNS int // of six
	down                      uint64
	by                        home.DeviceID
}

var quiet = day{first: 8 * time.Millisecond, beyond: 14 * time.Millisecond, dns: 20 * time.Millisecond, down: 60 * 10_000, by: "camera"}

func (d day) play(b *Book, from time.Time, minutes int) time.Time {
	for range minutes {
		for i := range 6 {
			at := from.Add(time.Duration(i) * 10 * time.Second)
			b.Probed(at, OnLine, d.first, i < d.firstLost)
			b.Probed(at, Provider, d.beyond, i < d.farLost)
			b.Asked(at, d.dns, i < d.noDNS)
			b.Moved(at, d.by, d.down/6, 0)
		}
		from = from.Add(time.Minute)
	}
	return from
}

// A home that is well for some hours, has been fast once, and then what a test says.
func book(t *testing.T) (*Book, time.Time) {
	t.Helper()
	b := New()
	at := quiet.play(b, noon, 150)
	fast := quiet
	fast.down = 60 * 4_000_000
	at = fast.play(b, at, 2)
	at = quiet.play(b, at, 28)
	b.Tick(at)
	if n := b.Now(); n.Slow != Nowhere || n.UsualFirst == 0 || n.First != quiet.first || n.Down != 10_000 {
		t.Fatalf("%+v", n)
	}
	return b, at
}

func TestWhereItIsSlow(t *testing.T) {
	for name, c := range map[string]struct {
		day  day
		want Place
	}{
		"as ever":                        {quiet, Nowhere},
		"a little slower":                {day{first: 20 * time.Millisecond, beyond: 40 * time.Millisecond, dns: 50 * time.Millisecond}, Nowhere},
		"the line":                       {day{first: 90 * time.Millisecond, beyond: 99 * time.Millisecond, dns: 100 * time.Millisecond}, OnLine},
		"the home fills its line":        {day{first: 300 * time.Millisecond, beyond: 320 * time.Millisecond, dns: 300 * time.Millisecond, down: 60 * 3_900_000, by: "console"}, AtHome},
		"the provider":                   {day{first: 8 * time.Millisecond, beyond: 150 * time.Millisecond, dns: 160 * time.Millisecond}, Provider},
		"the provider loses":             {day{first: 8 * time.Millisecond, beyond: 14 * time.Millisecond, dns: 20 * time.Millisecond, farLost: 2}, Provider},
		"the line loses":                 {day{first: 8 * time.Millisecond, beyond: 14 * time.Millisecond, dns: 20 * time.Millisecond, firstLost: 3, farLost: 3}, OnLine},
		"names":                          {day{first: 8 * time.Millisecond, beyond: 14 * time.Millisecond, dns: 400 * time.Millisecond}, DNS},
		"no names":                       {day{first: 8 * time.Millisecond, beyond: 14 * time.Millisecond, dns: 20 * time.Millisecond, noDNS: 6}, DNS},
		"nothing comes back":             {day{firstLost: 6, farLost: 6, noDNS: 6}, OnLine},
		"much moves, and nobody suffers": {day{first: 9 * time.Millisecond, beyond: 15 * time.Millisecond, dns: 20 * time.Millisecond, down: 60 * 4_000_000, by: "console"}, Nowhere},
	} {
		t.Run(name, func(t *testing.T) {
			b, at := book(t)
			c.day.by = home.DeviceID("console")
			begin := at
			at = c.day.play(b, at, 2)
			b.Tick(at)
			if n := b.Now(); n.Slow != Nowhere {
				t.Errorf("after two minutes: %+v", n)
			}
			at = c.day.play(b, at, 2)
			b.Tick(at)
			n := b.Now()
			if n.Slow != c.want || c.want != Nowhere && !n.Since.Equal(begin) {
				t.Errorf("%+v, want %q since %v", n, c.want, begin)
			}
			if c.want == AtHome && (n.BusiestNow != "console" || n.BusiestShare < .99) {
				t.Errorf("%+v", n)
			}
			b.Tick(quiet.play(b, at, 3))
			if n := b.Now(); n.Slow != Nowhere || !n.Since.IsZero() {
				t.Errorf("it is well again: %+v", n)
			}
		})
	}
}

func TestHours(t *testing.T) {
	b, at := book(t)
	b.Take()
	slow := quiet
	slow.beyond = 200 * time.Millisecond
	at = slow.play(b, at, 20)
	at = quiet.play(b, at, 40)
	b.Tick(at)
	hours := b.Take()
	if len(hours) != 1 || len(b.Take()) != 0 {
		t.Fatalf("%d hours", len(hours))
	}
	h := hours[0]
	if h.Probes != 720 || h.Lost != 0 || h.Where != Provider || h.Slow < 17*time.Minute || h.Slow > 21*time.Minute || !about(h.First50, quiet.first) || !about(h.Beyond95, slow.beyond) ||
		h.DownPeak != 10_000 || len(h.Busiest) != 1 || h.Busiest[0].Down != 60*60*10_000 {
		t.Errorf("%+v", h)
	}
}

func about(got, want time.Duration) bool { return got > want*14/15 && got < want*16/15 }

// Without a few hours nothing is known as usual: only losses count. A first router that never answers is not a bad line.
func TestLittleIsKnown(t *testing.T) {
	b := New()
	d := quiet
	d.first, d.beyond = time.Second, time.Second
	b.Tick(d.play(b, noon, 20))
	if n := b.Now(); n.Slow != Nowhere || n.UsualFirst != 0 {
		t.Errorf("%+v", n)
	}
	b = New()
	at := noon
	for range 200 {
		for i := range 6 {
			b.Probed(at.Add(time.Duration(i)*10*time.Second), Provider, 14*time.Millisecond, false)
		}
		at = at.Add(time.Minute)
	}
	for range 5 {
		for i := range 6 {
			b.Probed(at.Add(time.Duration(i)*10*time.Second), Provider, 300*time.Millisecond, false)
		}
		at = at.Add(time.Minute)
	}
	b.Tick(at)
	if n := b.Now(); n.Slow != Provider || n.First != 0 {
		t.Errorf("%+v", n)
	}
}

// Whatever comes, in whatever order of time: bounded, and no minute counts twice.
func TestAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := New()
		at, probes := noon, uint32(0)
		var hours []Hour
		for range rapid.IntRange(1, 300).Draw(t, "n") {
			at = at.Add(time.Duration(rapid.Int64Range(-int64(time.Hour), int64(3*time.Hour)).Draw(t, "step")))
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				b.Probed(at, rapid.SampledFrom([]Place{OnLine, Provider}).Draw(t, "where"), time.Duration(rapid.Int64().Draw(t, "took")), rapid.Bool().Draw(t, "lost"))
				probes++
			case 1:
				b.Asked(at, time.Duration(rapid.Int64().Draw(t, "took")), rapid.Bool().Draw(t, "lost"))
			case 2:
				b.Moved(at, home.DeviceID(rapid.StringN(0, 2, 2).Draw(t, "device")), rapid.Uint64Max(1<<40).Draw(t, "down"), rapid.Uint64Max(1<<40).Draw(t, "up"))
			case 3:
				hours = append(hours, b.Take()...)
			}
			if len(b.last) > window || len(b.done) > 48 || len(b.usual[0].hours) > keepHours {
				t.Fatal("it grows")
			}
		}
		hours = append(hours, b.Take()...)
		if !slices.IsSortedFunc(hours, func(x, y Hour) int { return x.Begin.Compare(y.Begin) }) {
			t.Fatal("hours are out of order")
		}
		var sum uint32
		for _, h := range hours {
			sum += h.Probes
			if h.Slow > time.Hour || len(h.Busiest) > busiest || h.Lost > h.Probes {
				t.Fatalf("%+v", h)
			}
		}
		if sum > probes {
			t.Fatalf("%d probes in hours, %d were sent", sum, probes)
		}
	})
}

func TestHistogram(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h histogram
		list := rapid.SliceOfN(rapid.Int64Range(100_000, 4_000_000_000), 1, 300).Draw(t, "ns")
		for _, ns := range list {
			h.add(time.Duration(ns))
		}
		slices.Sort(list)
		for _, q := range []float64{0, .5, .95, 1} {
			want := time.Duration(list[int(q*float64(len(list)-1))])
			if got := h.quantile(q); got < want*15/16-time.Microsecond || got > want*17/16+time.Microsecond {
				t.Fatalf("%v: %v, want %v", q, got, want)
			}
		}
	})
}
