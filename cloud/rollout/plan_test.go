package rollout

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"cardea/cloud/rollout/ring"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"

	"github.com/google/go-cmp/cmp"
)

// street is homes that tell how they are, and take what they are told.
type street struct {
	t     *testing.T
	r     *Rollout
	now   *time.Time
	homes []home.Place
	bad   func(i int, has uint64) *pb.Heartbeat // what a home with a version tells; nil Heartbeat: it is silent
	name  string
}

func newStreet(t *testing.T, d *db.DB, name string, homes int) *street {
	now := start
	s := &street{t: t, now: &now, name: name}
	s.r = repository(t, d, s.now)
	for i := range homes {
		s.homes = append(s.homes, home.Place{Tenant: "isp", Home: fmt.Sprintf("home-%03d", i)})
	}
	return s
}

func (s *street) publish(text string) uint64 {
	s.t.Helper()
	var version uint64
	var err error
	switch s.name {
	case "lists":
		var rep Report
		rep, err = s.r.Publish(s.t.Context(), s.name, folder(text))
		version = rep.Version
	case Agent:
		version, _, err = s.r.PublishAgent(s.t.Context(), map[string][]byte{"linux-amd64": []byte(text), "linux-arm64": []byte(text + "64")})
	default:
		version, _, err = s.r.PublishData(s.t.Context(), s.name, []byte(text))
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return version
}

// has is what a home is told.
func (s *street) has(p home.Place) (is, shadow uint64) {
	s.t.Helper()
	bundles, beside, err := s.r.For(s.t.Context(), p)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, b := range bundles {
		if b.GetName() == s.name {
			is = b.GetVersion()
		}
	}
	for _, b := range beside {
		if b.GetName() == s.name {
			shadow = b.GetVersion()
		}
	}
	return is, shadow
}

// count says how many homes are told of each version.
func (s *street) count() map[uint64]int {
	out := map[uint64]int{}
	for _, p := range s.homes {
		v, _ := s.has(p)
		out[v]++
	}
	return out
}

// live lets time pass: homes take what they are told, tell how they are, and the rollout is looked at.
func (s *street) live(d time.Duration) {
	s.t.Helper()
	for end := s.now.Add(d); s.now.Before(end); *s.now = s.now.Add(10 * time.Minute) {
		var beats []Beat
		for i, p := range s.homes {
			v, _ := s.has(p)
			b := &pb.Heartbeat{Health: &pb.Health{Asked: 1000, Throughput: 1e6 + uint64(i)*1000}}
			if s.bad != nil {
				if b = s.bad(i, v); b == nil {
					continue
				}
			}
			if s.name == Agent {
				if b.Software == nil {
					b.Software = &pb.Software{Bundle: v, State: "steady"}
				}
			} else {
				b.Bundles = []*pb.BundleVersion{{Name: s.name, Version: v}}
			}
			beats = append(beats, Beat{Place: p, Beat: b, At: *s.now})
		}
		if err := s.r.Beats(s.t.Context(), beats); err != nil {
			s.t.Fatal(err)
		}
		if err := s.r.Advance(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *street) plan() (Plan, []string) {
	s.t.Helper()
	list, err := s.r.Plans(s.t.Context())
	if err != nil || len(list) == 0 {
		s.t.Fatalf("%d rollouts, %v", len(list), err)
	}
	p, history, err := s.r.Plan(s.t.Context(), list[0].ID)
	if err != nil {
		s.t.Fatal(err)
	}
	var steps []string
	for _, e := range history {
		steps = append(steps, e.What+" "+e.Ring.String())
	}
	return p, steps
}

func (s *street) pin(i int, p ring.Pin) {
	s.t.Helper()
	if err := s.r.Pin(s.t.Context(), Pinned{Place: s.homes[i], Name: s.name, Pin: p, By: "someone"}); err != nil {
		s.t.Fatal(err)
	}
}

func TestAGoodVersionReachesAll(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newStreet(t, d, "models", 40)
		if v := s.publish("one"); v != 1 {
			t.Fatal(v)
		}
		if diff := cmp.Diff(map[uint64]int{1: 40}, s.count()); diff != "" {
			t.Fatal("the first version reaches all at once:", diff)
		}
		s.pin(0, ring.Pin{Ring: ring.Lab})
		s.pin(1, ring.Pin{Version: 1})
		s.live(time.Hour)
		s.publish("two")
		if diff := cmp.Diff(map[uint64]int{1: 39, 2: 1}, s.count()); diff != "" {
			t.Fatal("the second reaches the lab:", diff)
		}
		s.publish("three") // waits
		dir := t.TempDir()
		root, err := s.r.Root(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []string{"models/whole-1", "models/whole-2"} {
			if _, err := refresh(t, s.r, root, dir, v, *s.now); err != nil {
				t.Errorf("%s has to be there while some homes have it: %v", v, err)
			}
		}
		s.live(24 * time.Hour)
		p, steps := s.plan()
		if p.Version != 3 {
			p.ID = ""
		}
		list, err := s.r.Plans(t.Context())
		if err != nil || len(list) != 2 || list[1].State != Done || list[1].Version != 2 {
			t.Fatalf("rollouts: %+v, %v", list, err)
		}
		_, history, err := s.r.Plan(t.Context(), list[1].ID)
		if err != nil || len(history) < 5 || history[len(history)-1].What != "done" {
			t.Errorf("history of the first: %+v, %v", history, err)
		}
		if p.Version != 3 || len(steps) == 0 || steps[0] != "started lab" {
			t.Errorf("what waited has its turn: %+v, %v", p, steps)
		}
		s.live(24 * time.Hour)
		if diff := cmp.Diff(map[uint64]int{1: 1, 3: 39}, s.count()); diff != "" {
			t.Error("all but the pinned home have it:", diff)
		}
	})
}

func TestABadVersionIsHaltedAndUndoneByItself(t *testing.T) {
	for _, c := range []struct {
		name string
		bad  func() *pb.Heartbeat
	}{
		{"crashes", func() *pb.Heartbeat { return &pb.Heartbeat{Health: &pb.Health{Crashes: 2}} }},
		{"no heartbeats", func() *pb.Heartbeat { return nil }},
		{"no names", func() *pb.Heartbeat { return &pb.Heartbeat{Health: &pb.Health{Asked: 1000, Unanswered: 200}} }},
		{"disturbed devices", func() *pb.Heartbeat { return &pb.Heartbeat{Health: &pb.Health{Broken: 1}} }},
		{"findings", func() *pb.Heartbeat { return &pb.Heartbeat{Health: &pb.Health{Findings: 9}} }},
		{"people take blocks back", func() *pb.Heartbeat { return &pb.Heartbeat{Health: &pb.Health{Asks: 9}} }},
	} {
		t.Run(c.name, func(t *testing.T) { // the judging does not differ by database
			s := newStreet(t, dbtest.SQLite(t), "profiles", 50)
			s.publish("good")
			for i := range s.homes {
				if s.pin(i, ring.Pin{Ring: ring.All}); i < 10 {
					s.pin(i, ring.Pin{Ring: ring.One})
				}
			}
			s.live(time.Hour)
			s.bad = func(i int, has uint64) *pb.Heartbeat {
				if has == 2 {
					return c.bad()
				}
				return &pb.Heartbeat{Health: &pb.Health{Asked: 1000, Findings: uint32(i % 2)}}
			}
			s.publish("bad")
			worst := 0
			for range 12 {
				s.live(10 * time.Minute)
				worst = max(worst, s.count()[2])
			}
			p, steps := s.plan()
			if p.State != Undone || p.Back != 3 || worst != 10 || p.Ring != ring.One {
				t.Fatalf("%+v after %v; at most %d homes had it", p, steps, worst)
			}
			if diff := cmp.Diff(map[uint64]int{3: 50}, s.count()); diff != "" {
				t.Error("all are back:", diff)
			}
			data, err := s.r.Data(t.Context(), "profiles", 3)
			if err != nil || string(data) != "good" {
				t.Errorf("version 3 says %q, %v", data, err)
			}
			// What went wrong is not brought out again by itself; something else is.
			s.publish("bad")
			if s.count()[3] != 50 {
				t.Error("the bad one came again:", s.count())
			}
			s.publish("better")
			if q, _ := s.plan(); q.State != Running || q.Version != 5 || q.Before != 3 {
				t.Errorf("%+v", q)
			}
		})
	}
}

func TestListsReachAllAtOnceUnlessTheyWentWrong(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newStreet(t, d, "lists", 10)
		s.publish("a.example\n")
		s.publish("a.example\nb.example\n")
		if diff := cmp.Diff(map[uint64]int{2: 10}, s.count()); diff != "" {
			t.Fatal(diff)
		}
		if _, err := s.r.Start(t.Context(), Start{Name: "lists"}); !errors.Is(err, ErrNothing) {
			t.Error("nothing to bring out:", err)
		}
		root, err := s.r.Root(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.r.Hold(t.Context(), "lists", true); err != nil {
			t.Fatal(err)
		}
		s.publish("a.example\nwrong.example\n")
		if diff := cmp.Diff(map[uint64]int{2: 10}, s.count()); diff != "" {
			t.Fatal("held back, it waits for a rollout:", diff)
		}
		s.live(10 * time.Minute)
		p, err := s.r.Start(t.Context(), Start{Name: "lists", Shadow: time.Hour, By: "someone", Why: "try"})
		if err != nil {
			t.Fatal(err)
		}
		if is, shadow := s.has(s.homes[3]); is != 2 || shadow != 3 {
			t.Errorf("in force %d, in shadow %d", is, shadow)
		}
		s.publish("a.example\nlater.example\n")
		s.live(70 * time.Minute)
		if q, _ := s.plan(); q.State != Running {
			t.Fatalf("after its time in shadow: %+v", q)
		}
		if _, err := s.r.Pause(t.Context(), p.ID, "someone", "look"); err != nil {
			t.Fatal(err)
		}
		s.live(24 * time.Hour)
		q, err := s.r.Resume(t.Context(), p.ID, "someone", "it is good")
		if err != nil || q.Ring == ring.All && q.State == Done {
			t.Fatalf("%+v, %v", q, err)
		}
		if _, err := s.r.Halt(t.Context(), p.ID, "someone", "bad after all"); err != nil {
			t.Fatal(err)
		}
		s.live(time.Hour)
		if q, _ := s.plan(); q.State != Halted {
			t.Fatalf("what a person halted a person undoes: %+v", q)
		}
		if q, err = s.r.Undo(t.Context(), p.ID, "someone", "back"); err != nil || q.Back != 5 {
			t.Fatalf("%+v, %v", q, err)
		}
		if diff := cmp.Diff(map[uint64]int{5: 10}, s.count()); diff != "" {
			t.Error(diff)
		}
		if _, err := refresh(t, s.r, root, t.TempDir(), "lists/delta-5", *s.now); err != nil {
			t.Error("the way back is a difference:", err)
		}
		if _, err := s.r.Undo(t.Context(), p.ID, "someone", "again"); !errors.Is(err, ErrState) {
			t.Error("undone twice:", err)
		}
		if _, err := s.r.Pause(t.Context(), "no-such", "someone", ""); !errors.Is(err, ErrNoPlan) {
			t.Error(err)
		}
		if err := s.r.Hold(t.Context(), "lists", false); err != nil {
			t.Fatal(err)
		}
		s.publish("a.example\nnext.example\n")
		if q, _ := s.plan(); q.Version != 6 || q.State != Running {
			t.Errorf("what follows a bad version goes through the rings: %+v", q)
		}
	})
}

// What goes with an act is done with it or not at all: an act that cannot be written down is not done.
func TestWhatCannotBeWrittenDownIsNotDone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newStreet(t, d, Agent, 3)
		s.publish("v1")
		s.publish("v2")
		full := errors.New("the book is full")
		refuse := func(*db.Tx, Plan) error { return full }
		if _, err := s.r.Start(t.Context(), Start{Name: Agent}, refuse); !errors.Is(err, full) {
			t.Error(err)
		}
		if list, err := s.r.Plans(t.Context()); err != nil || len(list) != 0 {
			t.Fatalf("started: %+v, %v", list, err)
		}
		told := ""
		p, err := s.r.Start(t.Context(), Start{Name: Agent}, func(_ *db.Tx, p Plan) error { told = p.ID; return nil })
		if err != nil || told != p.ID || p.ID == "" {
			t.Fatalf("told of %q, %+v, %v", told, p, err)
		}
		for name, do := range map[string]func(ctx context.Context, id, who, why string, also ...Also) (Plan, error){"pause": s.r.Pause, "halt": s.r.Halt, "undo": s.r.Undo} {
			if _, err := do(t.Context(), p.ID, "someone", "", refuse); !errors.Is(err, full) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := s.r.Pin(t.Context(), Pinned{Place: s.homes[0], Pin: ring.Pin{Ring: ring.Lab}}, func(*db.Tx) error { return full }); !errors.Is(err, full) {
			t.Error(err)
		}
		q, steps := s.plan()
		pins, err := s.r.Pins(t.Context(), "isp")
		if q.State != Running || len(steps) != 1 || err != nil || len(pins) != 0 {
			t.Errorf("%+v after %v, %d pins, %v", q, steps, len(pins), err)
		}
	})
}

func TestTheAgentOnlyWhenSomebodySaysSo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newStreet(t, d, Agent, 30)
		s.publish("v1")
		if diff := cmp.Diff(map[uint64]int{0: 30}, s.count()); diff != "" {
			t.Fatal("what gateways came with:", diff)
		}
		for i := range s.homes {
			if s.pin(i, ring.Pin{Ring: ring.All}); i < 3 {
				s.pin(i, ring.Pin{Ring: ring.One})
			}
		}
		s.publish("v2")
		s.live(time.Hour)
		if s.count()[0] != 30 {
			t.Fatal("nobody started it:", s.count())
		}
		if _, err := s.r.Start(t.Context(), Start{Name: Agent, By: "someone"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.r.Start(t.Context(), Start{Name: Agent, By: "someone"}); !errors.Is(err, ErrUnderway) {
			t.Error("started twice:", err)
		}
		s.live(20 * time.Minute)
		if diff := cmp.Diff(map[uint64]int{0: 27, 2: 3}, s.count()); diff != "" {
			t.Fatal(diff)
		}
		s.bad = func(i int, has uint64) *pb.Heartbeat {
			b := &pb.Heartbeat{Software: &pb.Software{Bundle: has, State: "steady"}}
			if i == 1 && has == 2 {
				b.Software = &pb.Software{State: "returned", Tried: 2}
			}
			return b
		}
		s.live(20 * time.Minute)
		p, steps := s.plan()
		if p.State != Undone || p.Verdict.Do != ring.Halt {
			t.Fatalf("one of three gave it up: %+v, %v", p, steps)
		}
		if diff := cmp.Diff(map[uint64]int{0: 27, 3: 3}, s.count()); diff != "" {
			t.Error("those that had it get what the good one says:", diff)
		}
	})
}
