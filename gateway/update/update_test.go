package update

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var errPower = errors.New("power is lost")

func program(n int) (Version, []byte) {
	data := []byte(strings.Repeat(fmt.Sprintf("program %d ", n), 50))
	sum := sha256.Sum256(data)
	return Version{Bundle: uint64(n), Hash: hex.EncodeToString(sum[:]), Size: int64(len(data))}, data
}

func fill(data []byte) func(context.Context, io.Writer) error {
	return func(_ context.Context, w io.Writer) error { _, err := w.Write(data); return err }
}

func stage(t testing.TB, f *Folder, n int) error {
	t.Helper()
	v, data := program(n)
	if err := f.Stage(t.Context(), v, fill(data)); err != nil {
		return err
	}
	_, err := f.Change(func(s State) (State, error) { return s.Try(v, true) })
	return err
}

func healthy(s State) (State, error) { return s.Healthy(), nil }

func choose(t testing.TB, f *Folder, want uint64, trial bool) {
	t.Helper()
	c, err := f.Choose("old")
	if err != nil || c.Version.Bundle != want || c.Trial != trial || (c.Path == "") != (want == 0) {
		t.Fatalf("chosen: %+v, %v; want %d, trial %v", c, err, want, trial)
	}
}

func TestANewProgramProvesItselfOrIsGivenUp(t *testing.T) {
	f := Open(filepath.Join(t.TempDir(), "versions"))
	choose(t, f, 0, false)
	if err := stage(t, f, 2); err != nil {
		t.Fatal(err)
	}
	choose(t, f, 2, true)
	if _, err := f.Change(healthy); err != nil {
		t.Fatal(err)
	}
	choose(t, f, 2, false)
	if err := stage(t, f, 3); err != nil {
		t.Fatal(err)
	}
	if err := stage(t, f, 4); !errors.Is(err, ErrBusy) {
		t.Error("two are tried at once:", err)
	}
	for range MaxTries {
		choose(t, f, 3, true)
	}
	choose(t, f, 2, false)
	s, err := f.State()
	if tried, why := s.Tried(); err != nil || tried != 3 || why == "" || !s.Returned || s.Has() != 2 {
		t.Errorf("%+v, %v", s, err)
	}
	if err := stage(t, f, 3); !errors.Is(err, ErrTried) {
		t.Error("what was given up is tried again:", err)
	}
	for range MaxStarts - 2 { // two starts are counted already
		choose(t, f, 2, false)
	}
	choose(t, f, 0, false)
	if c, err := f.Choose("another was installed"); err != nil || c.Path != "" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestAnotherInstalledProgramRuns(t *testing.T) {
	f := Open(t.TempDir())
	choose(t, f, 0, false)
	if err := stage(t, f, 2); err != nil {
		t.Fatal(err)
	}
	choose(t, f, 2, true)
	if _, err := f.Change(healthy); err != nil {
		t.Fatal(err)
	}
	if c, err := f.Choose("new"); err != nil || c.Path != "" {
		t.Fatalf("the system's newer one: %+v, %v", c, err)
	}
	if s, err := f.State(); err != nil || s.Good != nil || s.Installed != "new" {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestADamagedProgramIsNotRun(t *testing.T) {
	f := Open(t.TempDir())
	choose(t, f, 0, false)
	if err := stage(t, f, 2); err != nil {
		t.Fatal(err)
	}
	v, _ := program(2)
	if err := os.WriteFile(f.path(v), []byte("damaged"), 0o700); err != nil {
		t.Fatal(err)
	}
	c, err := f.Choose("old")
	if err == nil || c.Path != "" {
		t.Errorf("%+v, %v", c, err)
	}
	if s, err := f.State(); err != nil || s.Trial != nil || !s.Returned {
		t.Errorf("%+v, %v", s, err)
	}
	if err := os.WriteFile(filepath.Join(f.dir, stateFile), []byte("{broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := f.Choose("old"); err == nil || c.Path != "" {
		t.Errorf("with a broken state: %+v, %v", c, err)
	}
	choose(t, f, 0, false) // the state was begun anew
}

func TestWhatIsNotSignedIsNotKept(t *testing.T) {
	f := Open(t.TempDir())
	v, data := program(2)
	for name, write := range map[string][]byte{"short": data[1:], "long": append(data[:len(data):len(data)], 'x'), "other": []byte(strings.ToUpper(string(data))), "nothing": nil} {
		if err := f.Stage(t.Context(), v, fill(write)); err == nil {
			t.Errorf("%s was kept", name)
		}
	}
	broken := errors.New("no space left")
	if err := f.Stage(t.Context(), v, func(context.Context, io.Writer) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	if list, err := os.ReadDir(f.dir); err != nil || len(list) != 0 {
		t.Errorf("something stayed: %v, %v", list, err)
	}
}

// With no room on the disk what is tried cannot be counted, so it is not tried.
func TestWithoutRoomNothingIsTried(t *testing.T) {
	f := Open(t.TempDir())
	choose(t, f, 0, false)
	for n := 2; n <= 3; n++ {
		if err := stage(t, f, n); err != nil {
			t.Fatal(err)
		}
		if n == 2 {
			choose(t, f, 2, true)
			if _, err := f.Change(healthy); err != nil {
				t.Fatal(err)
			}
		}
	}
	f.step = func(string) error { return errors.New("no space left on device") }
	if c, err := f.Choose("old"); err == nil || c.Trial || c.Version.Bundle != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	f.step = nil
	choose(t, f, 3, true)
}

// Whatever happens, and wherever power is lost meanwhile, what is chosen is whole, and a program that does not prove itself does not run
// for ever.
func TestPowerLossAtAnyStepLeavesAProgram(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		proven, trials := map[uint64]bool{}, 0
		var runs Choice
		start := func() {
			c, err := Open(dir).Choose("old") // power is back
			if err != nil {
				rt.Fatalf("after power came back: %v", err)
			}
			if runs = c; c.Path == "" {
				trials = 0
				return
			}
			data, err := os.ReadFile(c.Path)
			if _, want := program(int(c.Version.Bundle)); err != nil || string(data) != string(want) {
				rt.Fatalf("version %d is not whole: %v", c.Version.Bundle, err)
			}
			if !c.Trial && !proven[c.Version.Bundle] {
				rt.Fatalf("version %d runs unproven", c.Version.Bundle)
			}
			if trials++; !c.Trial {
				trials = 0
			}
			if trials > MaxTries {
				rt.Fatalf("version %d was tried %d times", c.Version.Bundle, trials)
			}
		}
		start()
		for range rapid.IntRange(1, 8).Draw(rt, "events") {
			left := rapid.IntRange(0, 12).Draw(rt, "steps until power is lost")
			f := Open(dir)
			f.step = func(string) error {
				if left--; left < 0 {
					return errPower
				}
				return nil
			}
			switch rapid.IntRange(0, 3).Draw(rt, "event") {
			case 0:
				err = stage(t, f, rapid.IntRange(2, 9).Draw(rt, "version"))
			case 1:
				proven[runs.Version.Bundle] = true // it has; whether the disk knows is another matter
				if _, err = f.Change(healthy); err == nil {
					trials = 0
				}
			case 2:
				_, err = f.Change(func(s State) (State, error) {
					if s.Trial == nil {
						return s, nil
					}
					return s.GiveUp("bad"), nil
				})
				trials = 0
			case 3:
				_, err = f.Choose("old")
				trials++
			}
			if err != nil && !errors.Is(err, errPower) && !errors.Is(err, ErrBusy) && !errors.Is(err, ErrTried) {
				rt.Fatal(err)
			}
			if trials > MaxTries {
				trials = MaxTries
			}
			if errors.Is(err, errPower) {
				trials = 0 // it is not known how far it came
			}
			start()
		}
	})
}

func FuzzState(f *testing.F) {
	f.Add([]byte(`{"installed":"1 2","good":{"bundle":3,"hash":"` + strings.Repeat("a", 64) + `","size":9},"bad":[{"bundle":1,"hash":"b","why":"c"}]}`))
	f.Add([]byte(`{"trial":{"bundle":3,"hash":"../../../bin/sh","size":9}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Parse(b)
		if err != nil {
			return
		}
		for range MaxTries + MaxStarts + 2 {
			next, run, _ := s.Start(s.Installed)
			if run != nil && (filepath.Base(run.file()) != run.file() || strings.Contains(run.file(), "..")) {
				t.Fatalf("%q would be run", run.file())
			}
			s = next
		}
		if _, run, _ := s.Start(s.Installed); run != nil {
			t.Fatal("an unhealthy program is run for ever")
		}
	})
}
