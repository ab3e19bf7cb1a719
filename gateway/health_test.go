package gateway

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestAStartWithoutAStopIsACrash(t *testing.T) {
	dir, now := t.TempDir(), time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for i, stop := range []bool{true, false, false, true, true} {
		var v vitals
		if err := v.start(dir, "boot-1", now); err != nil {
			t.Fatal(err)
		}
		want := map[int]int{2: 1, 3: 2, 4: 2}[i]
		if n := v.crashed(now); n != want {
			t.Errorf("start %d: %d crashes, want %d", i, n, want)
		}
		if n := v.crashed(now.Add(day)); n != 0 {
			t.Errorf("start %d: %d crashes a day later", i, n)
		}
		if stop {
			if err := v.stop(dir); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A power cut is no crash of the agent: the machine started anew. A crash is one also on a machine that was started anew before.
func TestAPowerCutIsNoCrash(t *testing.T) {
	dir, now, want := t.TempDir(), time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), 0
	for i, c := range []struct {
		boot  string
		crash bool
	}{{"boot-1", false}, {"boot-2", false}, {"boot-2", true}, {"boot-3", false}, {"", true}, {"boot-3", true}, {"boot-3", true}, {"boot-4", true}, {"boot-5", true}} {
		if c.crash { // the last ones: the machine restarts again and again
			want++
		}
		var v vitals
		if err := v.start(dir, c.boot, now); err != nil {
			t.Fatal(err)
		}
		if n := v.crashed(now); n != want {
			t.Errorf("start %d at %q: %d crashes, want %d", i, c.boot, n, want)
		}
	}
	// Cut while the file was written, or written by the agent before: nothing is known of the machine.
	if err := os.WriteFile(filepath.Join(dir, runningFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var v vitals
	if err := v.start(dir, "boot-6", now); err != nil || v.crashed(now) != want+1 {
		t.Errorf("%d crashes, want %d, %v", v.crashed(now), want+1, err)
	}
	if err := v.start(dir, "boot-7", now.Add(2*day)); err != nil || v.crashed(now.Add(2*day)) != 0 {
		t.Errorf("two days later: %d crashes, %v", v.crashed(now.Add(2*day)), err)
	}
	if a := bootOf(bootFile); len(a) != 36 || a != bootOf(bootFile) {
		t.Errorf("this machine's start is %q", a)
	}
	if a := bootOf(filepath.Join(dir, "none")); a != "" {
		t.Errorf("%q", a)
	}
}

func TestFiguresAreOfTheLastDay(t *testing.T) {
	var v vitals
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	var out vital
	for i := range uint64(60) { // an hour in which there is one finding, two stops and 60,000 bytes a minute
		out = v.sample(now.Add(time.Duration(i)*time.Minute), i+1, 2*(i+1), 60_000*i)
	}
	if out.findings != 60 || out.stops != 120 || out.peak != 1000 {
		t.Errorf("%+v", out)
	}
	if out = v.sample(now.Add(20*time.Hour), 60, 120, 60_000*59); out.findings != 60 || out.peak != 1000 {
		t.Errorf("the same day: %+v", out)
	}
	if out = v.sample(now.Add(30*time.Hour), 61, 120, 60_000*59); out.findings != 1 || out.stops != 0 || out.peak != 0 {
		t.Errorf("the next day: %+v", out)
	}
}
