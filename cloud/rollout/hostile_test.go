package rollout

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"cardea/cloud/rollout/ring"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"

	"github.com/google/go-cmp/cmp"
)

// spread puts the first homes into ring 1 and all others into the last.
func (s *street) spread(first int) {
	s.t.Helper()
	for i := range s.homes {
		if s.pin(i, ring.Pin{Ring: ring.All}); i < first {
			s.pin(i, ring.Pin{Ring: ring.One})
		}
	}
}

func (s *street) advance() {
	s.t.Helper()
	if err := s.r.Advance(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// A cloud that was down for hours has watched nothing meanwhile: no ring is over for it, and homes that did not come back yet are not none.
func TestAnOutageBringsNothingOut(t *testing.T) {
	s := newStreet(t, dbtest.SQLite(t), "models", 30)
	s.spread(10)
	s.publish("one")
	s.live(time.Hour)
	s.publish("two")
	s.live(time.Hour)
	before, _ := s.plan()
	if before.Ring != ring.One || before.State != Running {
		t.Fatalf("%+v", before)
	}
	*s.now = s.now.Add(9 * time.Hour)
	for range 50 {
		s.advance()
		*s.now = s.now.Add(5 * time.Second)
	}
	if p, steps := s.plan(); p.Ring != ring.One || p.State != Running {
		t.Fatalf("the outage brought it to ring %s: %s, %v", p.Ring, p.State, steps)
	}
	s.live(24 * time.Hour)
	if p, steps := s.plan(); p.State != Done {
		t.Errorf("afterwards it goes on: %+v, %v", p.Verdict, steps)
	}
	// A rollout that begins before anybody came back waits for them.
	*s.now = s.now.Add(3 * time.Hour)
	s.publish("three")
	for range 20 {
		s.advance()
		*s.now = s.now.Add(5 * time.Second)
	}
	if p, _ := s.plan(); p.State != Running || p.Ring == ring.All || s.count()[3] != 0 && p.Ring < ring.One {
		t.Errorf("nobody was there: ring %s, %s", p.Ring, p.State)
	}
}

// Nor does a clock that jumps: forward it makes no ring shorter, back it makes none endless, and homes count again at once.
func TestAClockThatJumps(t *testing.T) {
	s := newStreet(t, dbtest.SQLite(t), "models", 30)
	s.spread(10)
	s.publish("one")
	s.live(time.Hour)
	s.publish("two")
	s.live(time.Hour)
	*s.now = s.now.Add(1000 * time.Hour)
	s.live(time.Hour)
	if p, _ := s.plan(); p.Ring != ring.One {
		t.Fatalf("a jump forward brought it to ring %s: %s", p.Ring, p.Verdict.Why)
	}
	*s.now = s.now.Add(-1000 * time.Hour)
	s.live(10 * time.Minute)
	p, _ := s.plan()
	is, control, err := s.r.Figures(t.Context(), p)
	if err != nil || is.Have != 10 || is.Silent != 0 || control.Homes != 20 || control.Silent != 0 {
		t.Fatalf("after a jump back: %+v, without %+v, %v", is, control, err)
	}
	s.live(24 * time.Hour)
	if p, steps := s.plan(); p.State != Done {
		t.Fatalf("%+v, %v", p, steps)
	}
	*s.now = s.now.Add(-100 * time.Hour)
	s.publish("three")
	s.live(10 * time.Minute)
	if p, _ := s.plan(); p.Version != 3 || s.count()[3] != 10 {
		t.Errorf("the newest rollout is not the one that counts: %+v, %v", p, s.count())
	}
}

// Homes that a version silenced are not forgotten by a pause, and not by the next ring.
func TestSilentHomesStayCounted(t *testing.T) {
	s := newStreet(t, dbtest.SQLite(t), "profiles", 60)
	s.spread(10)
	s.publish("good")
	s.live(time.Hour)
	s.bad = func(i int, has uint64) *pb.Heartbeat {
		if has == 2 {
			return nil
		}
		return &pb.Heartbeat{Health: &pb.Health{Asked: 1000}}
	}
	s.publish("bad")
	s.live(20 * time.Minute)
	p, _ := s.plan()
	if _, err := s.r.Pause(t.Context(), p.ID, "someone", "look"); err != nil {
		t.Fatal(err)
	}
	s.live(3 * time.Hour)
	if _, err := s.r.Resume(t.Context(), p.ID, "someone", "nothing to be seen"); err != nil {
		t.Fatal(err)
	}
	s.live(time.Hour)
	if p, steps := s.plan(); p.State != Undone || s.count()[2] != 0 {
		t.Errorf("%+v, %v, %v", p.Verdict, steps, s.count())
	}
}

// However long a look takes, a ring is looked at many times while it lasts: one that is bad is not left for hours.
func TestARingIsLookedAtManyTimes(t *testing.T) {
	s := newStreet(t, dbtest.SQLite(t), Agent, 10)
	rests := func(want time.Duration) {
		t.Helper()
		if most, err := s.r.look(t.Context()); err != nil || most != want {
			t.Errorf("nobody may look for %v, want %v (%v)", most, want, err)
		}
	}
	s.publish("v1")
	rests(maxGap / 2) // nothing is under way
	s.publish("v2")
	if _, err := s.r.Start(t.Context(), Start{Name: Agent, Pace: 2 * time.Minute}); err != nil {
		t.Fatal(err)
	}
	rests(7500 * time.Millisecond)
}

// Whom staff put into an early ring, and who has not told of itself yet, is waited for as long as a ring lasts: else a version that nobody
// has tried would reach all at once.
func TestWhoWasChosenToTryItFirstIsWaitedFor(t *testing.T) {
	s := newStreet(t, dbtest.SQLite(t), Agent, 10)
	s.pin(0, ring.Pin{Ring: ring.One})
	for i := 1; i < len(s.homes); i++ {
		s.pin(i, ring.Pin{Ring: ring.All})
	}
	away := true
	s.bad = func(i int, _ uint64) *pb.Heartbeat {
		if i == 0 && away {
			return nil
		}
		return &pb.Heartbeat{Health: &pb.Health{Asked: 1000}}
	}
	s.publish("v1")
	s.publish("v2")
	s.live(20 * time.Minute)
	if _, err := s.r.Start(t.Context(), Start{Name: Agent, Pace: time.Hour}); err != nil {
		t.Fatal(err)
	}
	s.live(50 * time.Minute)
	if p, steps := s.plan(); p.Ring != ring.One || !strings.Contains(p.Verdict.Why, "put into this ring") {
		t.Errorf("ring %s, %q, %v", p.Ring, p.Verdict.Why, steps)
	}
	s.live(20 * time.Minute)
	if p, steps := s.plan(); p.Ring != ring.All {
		t.Errorf("who never comes is waited for longer than a ring lasts: ring %s, %q, %v", p.Ring, p.Verdict.Why, steps)
	}
}

// One home that was drawn may say what it likes: it stops nothing.
func TestOneHomeThatLiesStopsNothing(t *testing.T) {
	s := newStreet(t, dbtest.SQLite(t), Agent, 80)
	s.publish("v1")
	s.publish("v2")
	s.live(20 * time.Minute)
	p, err := s.r.Start(t.Context(), Start{Name: Agent, Pace: 30 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	liar := -1
	for i, h := range s.homes {
		if ring.Of(h.Tenant, h.Home, p.ID) == ring.Quarter {
			liar = i
		}
	}
	s.bad = func(i int, has uint64) *pb.Heartbeat {
		b := &pb.Heartbeat{Software: &pb.Software{Bundle: has, State: "steady"}, Health: &pb.Health{Asked: 1000}}
		if i == liar {
			b.Software = &pb.Software{State: "returned", Tried: 2}
			b.Health = &pb.Health{Crashes: math.MaxUint32, Asked: math.MaxUint64, Unanswered: math.MaxUint64, Broken: math.MaxUint32, Findings: math.MaxUint32,
				Asks: math.MaxUint32, Throughput: math.MaxUint64}
		}
		return b
	}
	s.live(5 * time.Hour)
	if q, steps := s.plan(); q.State != Done {
		t.Errorf("%+v, %v", q.Verdict, steps)
	}
}

// A version of the agent may be for one platform only. Homes of others have no part in it, and a way back leads each platform to what it had:
// to take a version back must never be what brings it to the others.
func TestPlatformsOfTheAgentAreApart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newStreet(t, d, Agent, 20)
		s.spread(6)
		s.bad = func(i int, has uint64) *pb.Heartbeat {
			platform := []string{"linux-amd64", "linux-arm64"}[i%2]
			if platform == "linux-amd64" && has == 2 {
				has = 1 // there is no other
			}
			return &pb.Heartbeat{Software: &pb.Software{Platform: platform, Bundle: has, State: "steady"}, Health: &pb.Health{Asked: 1000}}
		}
		publish := func(programs map[string]string) uint64 {
			t.Helper()
			list := map[string][]byte{}
			for platform, text := range programs {
				list[platform] = []byte(text)
			}
			v, _, err := s.r.PublishAgent(t.Context(), list)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		// would is which program a home of a platform takes that is told of a version: the highest that is not above it.
		would := func(platform string, told uint64) string {
			t.Helper()
			var out string
			if err := d.View(t.Context(), func(tx *db.Tx) error {
				all, err := readBundles(tx, Agent+"-"+platform, 100)
				if err != nil {
					return err
				}
				for _, b := range all {
					if b.wholePath == "" || uint64(b.version) > told {
						continue
					}
					whole, _, err := readFile(tx, b.wholePath, 0, int(b.wholeSize))
					if err != nil {
						return err
					}
					text, err := expand(whole, b.textSize)
					out = string(text)
					return err
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			return out
		}
		publish(map[string]string{"linux-amd64": "amd one", "linux-arm64": "arm one"})
		two := publish(map[string]string{"linux-arm64": "arm two"})
		s.live(20 * time.Minute)
		p, err := s.r.Start(t.Context(), Start{Name: Agent, Pace: time.Minute})
		if err != nil || p.Version != two {
			t.Fatalf("%+v, %v", p, err)
		}
		s.live(3 * time.Hour)
		if q, steps := s.plan(); q.State != Done {
			t.Fatalf("%+v, %v", q.Verdict, steps)
		}
		publish(map[string]string{"linux-amd64": "amd bad", "linux-mipsle": "mips bad"})
		if p, err = s.r.Start(t.Context(), Start{Name: Agent, Pace: time.Hour}); err != nil {
			t.Fatal(err)
		}
		q, err := s.r.Undo(t.Context(), p.ID, "someone", "bad")
		if err != nil {
			t.Fatal(err)
		}
		for platform, want := range map[string]string{"linux-amd64": "amd one", "linux-arm64": "arm two", "linux-mipsle": "", "linux-armv7": ""} {
			if got := would(platform, q.Back); got != want {
				t.Errorf("after the way back homes with %s run %q, want %q", platform, got, want)
			}
		}
		if next := publish(map[string]string{"linux-mipsle": "mips good"}); next != q.Back+1 || would("linux-mipsle", next) != "mips good" {
			t.Errorf("version %d after %d says %q", next, q.Back, would("linux-mipsle", next))
		}
	})
}

// What turned out bad when everybody had it is taken back as well, once, and while nothing newer followed.
func TestWhatIsDoneMayBeUndone(t *testing.T) {
	s := newStreet(t, dbtest.SQLite(t), "models", 20)
	s.spread(5)
	for _, text := range []string{"one", "two", "three"} {
		s.publish(text)
		s.live(24 * time.Hour)
	}
	list, err := s.r.Plans(t.Context())
	if err != nil || len(list) != 2 || list[0].State != Done {
		t.Fatalf("%+v, %v", list, err)
	}
	if _, err := s.r.Undo(t.Context(), list[1].ID, "someone", "late"); !errors.Is(err, ErrState) {
		t.Error("something newer followed:", err)
	}
	if _, err := s.r.Halt(t.Context(), list[0].ID, "someone", "late"); !errors.Is(err, ErrState) {
		t.Error("there is nothing to halt:", err)
	}
	p, err := s.r.Undo(t.Context(), list[0].ID, "someone", "late")
	if err != nil || p.Back != 4 {
		t.Fatalf("%+v, %v", p, err)
	}
	if diff := cmp.Diff(map[uint64]int{4: 20}, s.count()); diff != "" {
		t.Error(diff)
	}
	if data, err := s.r.Data(t.Context(), "models", 4); err != nil || string(data) != "two" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := s.r.Undo(t.Context(), list[0].ID, "someone", "again"); !errors.Is(err, ErrState) {
		t.Error("undone twice:", err)
	}
}

// A rollout that is stuck keeps no other from being looked at.
func TestOneThatIsStuckStopsNoOther(t *testing.T) {
	s := newStreet(t, dbtest.SQLite(t), "profiles", 50)
	s.spread(10)
	s.publish("good")
	s.live(time.Hour)
	s.bad = func(_ int, has uint64) *pb.Heartbeat {
		if has == 2 {
			return &pb.Heartbeat{Health: &pb.Health{Crashes: 1}}
		}
		return &pb.Heartbeat{}
	}
	s.publish("bad")
	other := &street{t: t, r: s.r, now: s.now, name: "exposures"}
	other.publish("one")
	other.publish("two")
	if err := s.r.d.Tx(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE rollout_bundle SET whole_path = '' WHERE name = 'profiles' AND version = 1`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		var beats []Beat
		for i, h := range s.homes {
			has, _ := s.has(h)
			b := s.bad(i, has)
			b.Bundles = []*pb.BundleVersion{{Name: "profiles", Version: has}, {Name: "exposures", Version: 1}}
			beats = append(beats, Beat{Place: h, Beat: b, At: *s.now})
		}
		if err := s.r.Beats(t.Context(), beats); err != nil {
			t.Fatal(err)
		}
		err := s.r.Advance(t.Context())
		if err != nil && (!errors.Is(err, ErrVersion) || !strings.Contains(err.Error(), "profiles")) {
			t.Fatal(err)
		}
		*s.now = s.now.Add(10 * time.Minute)
	}
	p, _ := s.plan() // of exposures, the newer one
	if p.Name != "exposures" || p.Looks == 0 {
		t.Errorf("the other was not looked at: %+v", p)
	}
	list, err := s.r.Plans(t.Context())
	if err != nil || list[1].State != Halted {
		t.Errorf("the stuck one: %+v, %v", list[1], err)
	}
}

// What would do nothing, or other than is meant, is refused with what is wrong.
func TestWhatIsMistypedIsRefused(t *testing.T) {
	s := newStreet(t, dbtest.SQLite(t), "models", 1)
	s.publish("one")
	for name, c := range map[string]struct {
		err  error
		want error
	}{
		"a pin of no bundle":           {s.r.Pin(t.Context(), Pinned{Place: s.homes[0], Name: "model", Pin: ring.Pin{Ring: ring.Lab}}), ErrName},
		"a version of all bundles":     {s.r.Pin(t.Context(), Pinned{Place: s.homes[0], Pin: ring.Pin{Version: 1}}), ErrName},
		"a version that is none":       {s.r.Pin(t.Context(), Pinned{Place: s.homes[0], Name: "models", Pin: ring.Pin{Version: math.MaxUint64}}), ErrVersion},
		"a ring and a version":         {s.r.Pin(t.Context(), Pinned{Place: s.homes[0], Name: "models", Pin: ring.Pin{Ring: ring.Lab, Version: 1}}), ErrState},
		"a ring that is none":          {s.r.Pin(t.Context(), Pinned{Place: s.homes[0], Pin: ring.Pin{Ring: 200}}), ErrState},
		"held back, and there is none": {s.r.Hold(t.Context(), "list", true), ErrName},
		"a rollout of none":            {second2(s.r.Start(t.Context(), Start{Name: "agent-linux-amd64"})), ErrName},
		"a version of next year":       {second2(s.r.Start(t.Context(), Start{Name: "models", Version: math.MaxUint64})), ErrVersion},
		"a pace of nothing":            {second2(s.r.Start(t.Context(), Start{Name: "models", Pace: 1})), ErrState},
		"a pace for ever":              {second2(s.r.Start(t.Context(), Start{Name: "models", Pace: math.MaxInt64})), ErrState},
		"playbooks without acting":     {second2(s.r.Start(t.Context(), Start{Name: "playbooks", Shadow: time.Hour})), ErrShadow},
		"exposures without acting":     {second2(s.r.Start(t.Context(), Start{Name: "exposures", Shadow: time.Hour})), ErrShadow},
		"an agent without acting":      {second2(s.r.Start(t.Context(), Start{Name: "agent", Shadow: time.Hour})), ErrShadow},
		"herd without acting":          {second2(s.r.Start(t.Context(), Start{Name: "herd"})), ErrState},
		"a time in shadow of less":     {second2(s.r.Start(t.Context(), Start{Name: "models", Shadow: -1})), ErrState},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
}

func second2(_ Plan, err error) error { return err }

// Models are tried as lists and profiles are: held back, homes judge by them without acting until the time in shadow is over.
func TestModelsAreTriedBeforeTheyGoOut(t *testing.T) {
	s := newStreet(t, dbtest.SQLite(t), "models", 3)
	s.publish("one")
	if err := s.r.Hold(t.Context(), "models", true); err != nil {
		t.Fatal(err)
	}
	s.publish("two")
	if is, shadow := s.has(s.homes[0]); is != 1 || shadow != 0 {
		t.Errorf("held back: in force %d, in shadow %d", is, shadow)
	}
	if _, err := s.r.Start(t.Context(), Start{Name: "models", Shadow: time.Hour, By: "someone", Why: "try"}); err != nil {
		t.Fatal(err)
	}
	if is, shadow := s.has(s.homes[0]); is != 1 || shadow != 2 {
		t.Errorf("tried: in force %d, in shadow %d", is, shadow)
	}
	s.live(70 * time.Minute)
	if p, _ := s.plan(); p.State == Shadow {
		t.Errorf("after its time in shadow: %+v", p)
	}
	if _, shadow := s.has(s.homes[0]); shadow != 0 {
		t.Errorf("version %d is still in shadow", shadow)
	}
}
