package line

import (
	"testing"
	"time"
)

// A remedy helped when the line is much quicker after it, and nothing was lost for that.
func TestWhetherARemedyHelped(t *testing.T) {
	slow := day{first: 90 * time.Millisecond, beyond: 200 * time.Millisecond, dns: 300 * time.Millisecond, farLost: 1}
	for name, c := range map[string]struct {
		kind          Remedy
		before, after day
		want          bool
	}{
		"quicker":                 {Fair, slow, quiet, true},
		"the same":                {Fair, slow, slow, false},
		"a little quicker":        {Fair, quiet, day{first: 7 * time.Millisecond, beyond: 12 * time.Millisecond, dns: quiet.dns}, false},
		"quicker, but it loses":   {Fair, day{beyond: 200 * time.Millisecond}, day{beyond: 20 * time.Millisecond, farLost: 2}, false},
		"it loses no more":        {Fair, day{beyond: 20 * time.Millisecond, farLost: 3}, day{beyond: 20 * time.Millisecond}, true},
		"less than anybody feels": {Upstream, day{dns: 900 * time.Microsecond}, day{dns: 300 * time.Microsecond}, false},
		"it loses no more, and takes a little longer than anybody feels": {Upstream, day{dns: 300 * time.Microsecond, noDNS: 3}, day{dns: 900 * time.Microsecond}, true},
		"nothing comes back after it":                                    {Fair, slow, day{firstLost: 6, farLost: 6}, false},
		"names are quicker":                                              {Upstream, slow, day{first: slow.first, beyond: slow.beyond, dns: 20 * time.Millisecond}, true},
		"names are as slow":                                              {Upstream, slow, day{first: 8 * time.Millisecond, beyond: 14 * time.Millisecond, dns: 300 * time.Millisecond}, false},
		"names are answered again":                                       {Upstream, day{dns: 20 * time.Millisecond, noDNS: 3}, day{dns: 20 * time.Millisecond}, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := New()
			at := c.before.play(b, noon, 3)
			b.Tick(at)
			trial, ok := b.Begin("order", c.kind, at.Add(5*time.Second))
			if !ok || trial.Before.Minutes != 2 {
				t.Fatalf("%+v", trial)
			}
			for !trial.Over(at) {
				at = c.after.play(b, at, 1)
			}
			b.Tick(at)
			if after, helped := b.End(&trial); helped != c.want || after.Minutes != 2 {
				t.Errorf("helped %v\nbefore %+v\nafter  %+v", helped, trial.Before, after)
			}
		})
	}
}

// Without measurements nothing is tried; without any after it, it did not help.
func TestNothingIsTriedUnmeasured(t *testing.T) {
	b := New()
	if _, ok := b.Begin("order", Fair, noon); ok {
		t.Error("begun")
	}
	at := quiet.play(b, noon, 4)
	b.Tick(at)
	if _, ok := b.Begin("order", Fair, at.Add(time.Hour)); ok {
		t.Error("begun an hour after the last measurement")
	}
	trial, ok := b.Begin("order", Fair, at)
	if !ok {
		t.Fatal("not begun")
	}
	b.Tick(at.Add(10 * time.Minute))
	if after, helped := b.End(&trial); helped || after.Minutes == 2 && after.Beyond > 0 {
		t.Errorf("%+v helped %v", after, helped)
	}
	if down, up := b.Carries(); down != quiet.down/60 || up != 0 {
		t.Errorf("carries %d, %d", down, up)
	}
}

// That nobody uses the line any more is no remedy's doing.
func TestACalmLineProvesNothing(t *testing.T) {
	busy := day{first: 90 * time.Millisecond, beyond: 200 * time.Millisecond, dns: 30 * time.Millisecond, down: 60 * 2_000_000, by: "tv"}
	for down, want := range map[uint64]bool{60 * 1_900_000: true, 60 * 900_000: false} {
		b := New()
		at := busy.play(b, noon, 3)
		b.Tick(at)
		trial, ok := b.Begin("order", Fair, at)
		if !ok {
			t.Fatal("not begun")
		}
		after := quiet
		after.down = down
		at = after.play(b, at, 3)
		b.Tick(at)
		if f, helped := b.End(&trial); helped != want || trial.Calm(f) == want {
			t.Errorf("%d: helped %v, %+v", down/60, helped, f)
		}
	}
}
