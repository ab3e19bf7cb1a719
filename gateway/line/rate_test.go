package line

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// moves has a day's rounds move so much a second, the last n of them so much.
func moves(b *Book, day time.Time, usual uint64, n int, rate uint64) {
	for i := range 60 {
		now := usual
		if i >= 60-n {
			now = rate
		}
		b.Moved(day.Add(time.Duration(i)*10*time.Second), "tv", now*10, now)
	}
}

func TestWhatALineCarries(t *testing.T) {
	b := New()
	if down, up := b.Carries(); down != 0 || up != 0 {
		t.Error(down, up)
	}
	moves(b, noon, 1000, 4, 9_000_000) // a burst of 40 s is no rate
	b.Moved(noon.Add(10*time.Minute), "tv", 0, 0)
	if down, up := b.Carries(); down != 1000 || up != 100 {
		t.Errorf("a burst: %d %d", down, up)
	}
	for d := 1; d <= 5; d++ {
		moves(b, noon.Add(time.Duration(d)*24*time.Hour), 1000, 20, 2_000_000)
	}
	moves(b, noon.Add(6*24*time.Hour), 1000, 20, 8_000_000) // a day like no other
	moves(b, noon.Add(7*24*time.Hour), 1000, 0, 0)
	if down, up := b.Carries(); down != 2_000_000 || up != 200_000 {
		t.Errorf("one day unlike the others: %d %d", down, up)
	}
	for d := 8; d <= 30; d++ { // it became slower
		moves(b, noon.Add(time.Duration(d)*24*time.Hour), 1000, 20, 500_000)
	}
	if down, _ := b.Carries(); down != 500_000 || len(b.rates.days) > rateDays {
		t.Errorf("two weeks later: %d, %d days", down, len(b.rates.days))
	}
}

func TestALineIsRememberedAcrossARestart(t *testing.T) {
	b, at := book(t)
	slow := day{first: 300 * time.Millisecond, beyond: 320 * time.Millisecond, dns: 300 * time.Millisecond, down: 60 * 3_900_000, by: "console"}
	data, err := b.Save()
	if err != nil || len(data) > 16<<10 {
		t.Fatal(err, len(data))
	}
	next := New()
	if err := next.Load(data); err != nil {
		t.Fatal(err)
	}
	d1, u1 := b.Carries()
	if d2, u2 := next.Carries(); d1 != d2 || u1 != u2 || d1 != 4_000_000 {
		t.Errorf("%d %d, was %d %d", d2, u2, d1, u1)
	}
	at = slow.play(next, at.Add(time.Minute), 4) // it knows at once what is usual, and whose doing it is
	next.Tick(at)
	if n := next.Now(); n.Slow != AtHome {
		t.Errorf("%+v", n)
	}
	full := New()
	for i := range full.usual {
		for range keepHours {
			full.usual[i].add(99 * time.Millisecond)
		}
	}
	for d := range 30 {
		moves(full, noon.Add(time.Duration(d)*24*time.Hour), 1e9, 20, 1e9)
	}
	if data, err := full.Save(); err != nil || len(data) > 16<<10 || New().Load(data) != nil {
		t.Errorf("the most: %d bytes, %v", len(data), err)
	}
	for _, bad := range []string{"", "{", "{}", `{"scheme":2}`, `{"scheme":1,"usual":[[-1],[],[]]}`, `{"scheme":1,"days":[{"day":5},{"day":4}]}`, `{"scheme":1,"days":[{"day":5,"down":[1,2,3]}]}`} {
		if err := New().Load([]byte(bad)); err == nil {
			t.Errorf("believed: %s", bad)
		}
	}
}

// A home that sends as much as its line carries fills it, however little that is beside what it can receive.
func TestWhoSendsFillsTheLine(t *testing.T) {
	b := New()
	at := quiet.play(b, noon, 150)
	for i := range 12 {
		b.Moved(at.Add(time.Duration(i)*10*time.Second), "tv", 40_000_000, 2_000_000)
	}
	at = quiet.play(b, at.Add(2*time.Minute), 10)
	for range 4 {
		for i := range 6 {
			now := at.Add(time.Duration(i) * 10 * time.Second)
			b.Probed(now, OnLine, 300*time.Millisecond, false)
			b.Probed(now, Provider, 320*time.Millisecond, false)
			b.Moved(now, "camera", 0, 1_900_000)
		}
		at = at.Add(time.Minute)
	}
	b.Tick(at)
	if n := b.Now(); n.Slow != AtHome || n.BusiestNow != "camera" {
		t.Errorf("%+v", n)
	}
}

// Whatever moves and whenever: what is kept can be read again, and no rate is higher than any that was measured.
func TestAnyRates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, at, most := New(), noon, uint64(0)
		for range rapid.IntRange(0, 200).Draw(t, "n") {
			at = at.Add(time.Duration(rapid.Int64Range(-3600, 86400).Draw(t, "s")) * time.Second)
			n := rapid.Uint64Max(1<<32).Draw(t, "bytes")
			most = max(most, n)
			b.Moved(at, "tv", n, n)
		}
		data, err := b.Save()
		if err != nil {
			t.Fatal(err)
		}
		if err := New().Load(data); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		if down, _ := b.Carries(); down > uint64(math.Ceil(float64(most)/5)) {
			t.Fatalf("%d of %d", down, most)
		}
	})
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"scheme":1,"usual":[[1],[],[]],"days":[{"day":5,"down":[3,2,1],"up":[]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b := New()
		if b.Load(data) != nil {
			return
		}
		again, err := b.Save()
		if err != nil || New().Load(again) != nil {
			t.Fatalf("%v: %s", err, again)
		}
	})
}
