package incident

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

var (
	t0    = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	homeA = home.Place{Tenant: "11111111-1111-1111-1111-111111111111", Home: "aaaaaaaa-1111-1111-1111-111111111111", Gateway: "99999999-1111-1111-1111-111111111111"}
	homeB = home.Place{Tenant: "11111111-1111-1111-1111-111111111111", Home: "bbbbbbbb-1111-1111-1111-111111111111", Gateway: "99999999-1111-1111-1111-111111111112"}
	homeC = home.Place{Tenant: "22222222-1111-1111-1111-111111111111", Home: "aaaaaaaa-1111-1111-1111-111111111111", Gateway: "99999999-1111-1111-1111-111111111113"}
)

// world is a store with a clock, and what it told others.
type world struct {
	*Incidents
	db      *db.DB
	now     time.Time
	changes []Change
	feed    []string
}

func open(t testing.TB, d *db.DB) *world {
	t.Helper()
	if err := d.Migrate(context.Background(), "incident", Migrations); err != nil {
		t.Fatal(err)
	}
	w := &world{db: d, now: t0}
	w.Incidents = New(d, Options{
		Feed:    func(_ *db.Tx, _ home.Place, kind, id string) error { w.feed = append(w.feed, kind+" "+id); return nil },
		Changed: func(_ *db.Tx, c Change) error { w.changes = append(w.changes, c); return nil },
		Now:     func() time.Time { return w.now },
	})
	return w
}

func (w *world) tell(t testing.TB, p home.Place, m *pb.Incident) (steps []*pb.Transition) {
	t.Helper()
	err := w.db.Tx(context.Background(), func(tx *db.Tx) (err error) {
		steps, err = w.Incident(tx, p, m, w.now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

func (w *world) find(t testing.TB, p home.Place, f *pb.Finding) {
	t.Helper()
	if err := w.db.Tx(context.Background(), func(tx *db.Tx) error { return w.Finding(tx, p, f, w.now) }); err != nil {
		t.Fatal(err)
	}
}

var order = []home.State{home.StateOpen, home.StateContained, home.StateCleaning, home.StateProbation, home.StateClosed}

// at is a case after so many steps, a minute each.
func at(id string, steps int) *pb.Incident {
	m := &pb.Incident{Id: id, Code: "k7qm", Device: "camera", State: string(order[steps]), Mode: "quarantine", Opened: t0.UnixMilli(),
		Changed: t0.Add(time.Duration(steps) * time.Minute).UnixMilli(), Symptom: &pb.Symptom{Detector: "scan-wan"}, Findings: 3}
	for i := range steps {
		m.History = append(m.History, &pb.Transition{Time: t0.Add(time.Duration(i+1) * time.Minute).UnixMilli(), From: string(order[i]), To: string(order[i+1]), By: "gateway", Why: "It\x00 scans."})
	}
	return m
}

func TestACaseIsAsItsGatewayToldItLast(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		w.now = t0.Add(time.Hour)
		if s := w.tell(t, homeA, at("i1", 0)); len(s) != 0 {
			t.Errorf("steps %v", s)
		}
		if s := w.tell(t, homeA, at("i1", 2)); len(s) != 2 || s[1].GetTo() != "cleaning" {
			t.Errorf("steps %v", s)
		}
		if s := w.tell(t, homeA, at("i1", 1)); len(s) != 0 {
			t.Errorf("older news has new steps: %v", s)
		}
		w.tell(t, homeA, at("i1", 2))
		w.tell(t, homeB, at("i1", 4))
		w.tell(t, homeC, at("i1", 1))
		f, err := w.Get(ctx, homeA, "i1")
		if err != nil || f.GetState() != "cleaning" || f.GetCode() != "K7QM" || len(f.Steps) != 2 || f.Steps[0].GetWhy() != "It scans." || f.Place != homeA {
			t.Fatalf("%+v %v", f, err)
		}
		if f, err := w.Get(ctx, homeC, "i1"); err != nil || f.GetState() != "contained" {
			t.Errorf("another tenant's: %+v %v", f, err)
		}
		if _, err := w.Get(ctx, homeA, "i2"); !errors.Is(err, ErrUnknown) {
			t.Errorf("%v", err)
		}
		if len(w.changes) != 5 || !w.changes[0].New || w.changes[1].New || len(w.changes[1].Steps) != 2 || len(w.feed) != 5 {
			t.Errorf("%d changes, feed %q", len(w.changes), w.feed)
		}
		codes, err := w.ByCode(ctx, homeA.Tenant, " k7qm")
		if err != nil || len(codes) != 2 || codes[0].Place.Home != homeA.Home {
			t.Errorf("%v %v", codes, err)
		}
		counts, err := w.Counts(ctx, homeA.Tenant)
		if err != nil || counts[home.StateCleaning] != 1 || counts[home.StateClosed] != 1 || len(counts) != 2 {
			t.Errorf("%v %v", counts, err)
		}
	})
}

// A clock that was ahead must not make what is said later look old, nor the same step look new.
func TestAClockThatWasAhead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		ahead := at("i1", 1)
		ahead.Changed, ahead.History[0].Time = t0.AddDate(9, 0, 0).UnixMilli(), t0.AddDate(9, 0, 0).UnixMilli()
		w.tell(t, homeA, ahead)
		w.now = t0.Add(time.Hour)
		later := at("i1", 2)
		later.History[0].Time = ahead.History[0].Time
		w.tell(t, homeA, later)
		f, err := w.Get(context.Background(), homeA, "i1")
		if err != nil || f.GetState() != "cleaning" || len(f.Steps) != 2 {
			t.Errorf("%+v %v", f, err)
		}
	})
}

func TestTheFirstAndTheLatestFindingsAreKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		w.tell(t, homeA, at("i1", 1))
		for i := range 50 {
			w.now = t0.Add(time.Duration(i) * time.Second)
			f := &pb.Finding{Id: fmt.Sprintf("f%02d", i), Device: "camera", Incident: "i1", Detector: "scan-wan", Sentence: "It\x00 scans.", Facts: []byte(`{"n":1}`)}
			w.find(t, homeA, f)
			w.find(t, homeA, f)
			f.Incident = ""
			w.find(t, homeA, f)
			w.find(t, homeC, f)
		}
		f, err := w.Get(context.Background(), homeA, "i1")
		if err != nil || len(f.Evidence) != MaxFindings+1 || f.Evidence[0].GetId() != "f00" || f.Evidence[1].GetId() != "f18" || f.Evidence[32].GetId() != "f49" || f.Evidence[0].GetSentence() != "It scans." {
			t.Fatalf("%d findings, %v", len(f.Evidence), err)
		}
		n := 0
		if err := d.View(context.Background(), func(tx *db.Tx) error { return tx.Row("SELECT COUNT(*) FROM incident_finding").Scan(&n) }); err != nil || n != 3*(MaxFindings+1) {
			t.Errorf("%d rows, %v", n, err)
		}
	})
}

func TestFindingsOfInventedIncidentsAreBounded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		w.tell(t, homeA, at("real", 1))
		w.find(t, homeA, &pb.Finding{Id: "f", Device: "camera", Incident: "real"})
		w.find(t, homeB, &pb.Finding{Id: "f", Device: "camera", Incident: "invented-0"})
		for i := range maxStrays + 20 {
			w.now = w.now.Add(time.Minute)
			w.find(t, homeA, &pb.Finding{Id: "f", Device: "camera", Incident: fmt.Sprint("invented-", i)})
		}
		count := func(q string, args ...any) (n int) {
			t.Helper()
			if err := d.View(t.Context(), func(tx *db.Tx) error { return tx.Row(q, args...).Scan(&n) }); err != nil {
				t.Fatal(err)
			}
			return n
		}
		const of = "SELECT COUNT(*) FROM incident_finding WHERE tenant = ? AND home = ?"
		if n := count(of, homeA.Tenant, homeA.Home); n != maxStrays+1 {
			t.Errorf("%d findings, want %d", n, maxStrays+1)
		}
		for id, want := range map[string]int{"real": 1, "invented-0": 0, "invented-19": 0, "invented-20": 1, fmt.Sprint("invented-", maxStrays+19): 1} {
			if n := count(of+" AND incident = ?", homeA.Tenant, homeA.Home, id); n != want {
				t.Errorf("%s: %d findings, want %d", id, n, want)
			}
		}
		if n := count(of, homeB.Tenant, homeB.Home); n != 1 {
			t.Errorf("another home has %d findings", n)
		}
	})
}

func TestCasesAreListedByPage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		w.now = t0.Add(time.Hour)
		for i := range 25 {
			for _, p := range []home.Place{homeA, homeB, homeC} {
				w.tell(t, p, at(fmt.Sprintf("i%02d", i), i%5))
			}
		}
		all := func(list func(after string) ([]Case, error)) (out []string) {
			t.Helper()
			after := ""
			for {
				page, err := list(after)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range page {
					out = append(out, c.Place.Tenant+c.Place.Home+c.GetId())
					after = c.Next()
				}
				if len(page) < 4 {
					if s := slices.Sorted(slices.Values(out)); len(slices.Compact(s)) != len(out) {
						t.Errorf("a case twice: %q", s)
					}
					return out
				}
			}
		}
		for f, want := range map[Filter]int{All: 25, Open: 20, Closed: 5, "cleaning": 5} {
			if got := all(func(after string) ([]Case, error) { return w.List(ctx, homeA, f, after, 4) }); len(got) != want {
				t.Errorf("%s of a home: %d, want %d", f, len(got), want)
			}
			if got := all(func(after string) ([]Case, error) { return w.Board(ctx, homeA.Tenant, f, after, 4) }); len(got) != 2*want {
				t.Errorf("%s of a tenant: %d, want %d", f, len(got), 2*want)
			}
		}
		for _, bad := range []string{"x", "1,2", "x,y,z", strings.Repeat("1", 300) + ",a,b"} {
			if _, err := w.Board(ctx, homeA.Tenant, All, bad, 4); err == nil {
				t.Errorf("cursor %q was taken", bad)
			}
		}
		if _, err := w.List(ctx, homeA, "odd", "", 4); err == nil {
			t.Error("a state that is none was taken")
		}
	})
}

func TestCasesAreBoundedTrimmedAndErased(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		w.now = t0.Add(time.Hour)
		err := d.Tx(ctx, func(tx *db.Tx) error {
			for i := range MaxCases + 10 {
				if _, err := w.Incident(tx, homeA, at(fmt.Sprintf("i%03d", i), 1+3*(i%2)), w.now); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		w.tell(t, homeB, at("i", 4))
		counts, err := w.Counts(ctx, homeA.Tenant)
		if err != nil || counts[home.StateContained] != MaxCases/2+5 || counts[home.StateClosed] != MaxCases/2-5+1 {
			t.Errorf("%v %v", counts, err)
		}
		w.now = t0.Add(Keep + time.Hour)
		if err := w.Trim(ctx); err != nil {
			t.Fatal(err)
		}
		if counts, err := w.Counts(ctx, homeA.Tenant); err != nil || counts[home.StateContained] != MaxCases/2+5 || counts[home.StateClosed] != 0 {
			t.Errorf("%v %v", counts, err)
		}
		w.tell(t, homeB, at("i", 1))
		if n, err := w.Erase(ctx, homeA); err != nil || n != MaxCases/2+5 {
			t.Errorf("%d %v", n, err)
		}
		if counts, err := w.Counts(ctx, homeA.Tenant); err != nil || counts[home.StateContained] != 1 {
			t.Errorf("%v %v", counts, err)
		}
	})
}

func TestWhatIsBadIsRefused(t *testing.T) {
	w := open(t, dbtest.SQLite(t))
	bad := func(f func(*pb.Incident)) *pb.Item {
		m := at("i1", 1)
		f(m)
		return &pb.Item{Body: &pb.Item_Incident{Incident: m}}
	}
	for name, i := range map[string]*pb.Item{
		"no id":        bad(func(m *pb.Incident) { m.Id = "" }),
		"a path":       bad(func(m *pb.Incident) { m.Id = "../x" }),
		"markup":       bad(func(m *pb.Incident) { m.Device = "<script>" }),
		"a state":      bad(func(m *pb.Incident) { m.State = "eaten" }),
		"a step":       bad(func(m *pb.Incident) { m.History[0].To = "" }),
		"a code":       bad(func(m *pb.Incident) { m.Code = "much too long" }),
		"many steps":   bad(func(m *pb.Incident) { m.History = make([]*pb.Transition, MaxSteps+1) }),
		"no device":    {Body: &pb.Item_Finding{Finding: &pb.Finding{Id: "f"}}},
		"an empty one": {Body: &pb.Item_Finding{}},
	} {
		err := w.db.Tx(context.Background(), func(tx *db.Tx) error { return w.Begin(tx).Take(homeA, t0, i) })
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// Whatever the order in which a case is told, also twice: its steps are kept once each, and it never goes back to an older
// state.
func TestACaseNeverGoesBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		w.now = t0.Add(time.Hour)
		run := 0
		rapid.Check(t, func(t *rapid.T) {
			run++
			highest := map[home.Place]int{}
			id := fmt.Sprint("i", run)
			for range rapid.IntRange(1, 10).Draw(t, "news") {
				p := rapid.SampledFrom([]home.Place{homeA, homeB, homeC}).Draw(t, "home")
				n := rapid.IntRange(0, 4).Draw(t, "steps")
				if err := d.Tx(context.Background(), func(tx *db.Tx) error { _, err := w.Incident(tx, p, at(id, n), w.now); return err }); err != nil {
					t.Fatal(err)
				}
				highest[p] = max(highest[p], n)
				for p, n := range highest {
					f, err := w.Get(context.Background(), p, id)
					if err != nil || f.GetState() != string(order[n]) || len(f.Steps) != n {
						t.Fatalf("%s with %d steps, want %s with %d: %v", f.GetState(), len(f.Steps), order[n], n, err)
					}
				}
			}
		})
	})
}

func FuzzItem(f *testing.F) {
	for _, i := range []*pb.Item{{Body: &pb.Item_Incident{Incident: at("i", 4)}}, {Body: &pb.Item_Finding{Finding: &pb.Finding{Id: "f", Device: "d", Facts: []byte("{}")}}}} {
		b, err := proto.Marshal(i)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	w := open(f, dbtest.SQLite(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		i := &pb.Item{}
		if proto.Unmarshal(data, i) != nil {
			return
		}
		err := w.db.Tx(context.Background(), func(tx *db.Tx) error {
			b := w.Begin(tx)
			_ = b.Take(homeA, t0, i) // what it refuses it has not taken
			return b.Flush()
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// How a case is treated is kept as the gateway tells it, within bounds.
func TestTreatmentIsKeptWithinBounds(t *testing.T) {
	at := time.UnixMilli(1_800_000_000_000)
	good := &pb.Incident{Id: "i1", Device: "d1", State: "probation", Code: "K7QM2", Kind: "telnet-botnet", Playbook: "telnet-botnet@1", Relapses: 1, Waits: true,
		Steps: []*pb.Step{{Id: "reboot", State: "passed", Changed: 1, By: "owner", Result: "It was rebooted."}},
		Deeds: []*pb.Deed{{Id: "e1", Kind: "cut", Time: 1, What: "We cut it off.", Endpoint: "c2.example"}}, Harm: &pb.Harm{Since: 1, Sentence: "It fails.", Before: 0.9, Now: 0.1},
		Probation: &pb.Probation{Since: 1, Until: at.UnixMilli() + 1, Phase: "vendor", SilentMs: 5, NeedMs: 10, Share: 0.5}}
	got, err := checkCase(good, at)
	if err != nil || !proto.Equal(got.GetProbation(), good.GetProbation()) || !proto.Equal(got.GetHarm(), good.GetHarm()) || !proto.Equal(got.GetDeeds()[0], good.GetDeeds()[0]) ||
		!proto.Equal(got.GetSteps()[0], good.GetSteps()[0]) || got.GetKind() != "telnet-botnet" || got.GetRelapses() != 1 || !got.GetWaits() {
		t.Errorf("%v %v", got, err)
	}
	bad := proto.CloneOf(good)
	bad.Kind, bad.Outcome = strings.Repeat("k", 999), "\x00\xff"
	for range 999 {
		bad.Steps = append(bad.Steps, &pb.Step{Result: strings.Repeat("r", 9999), Changed: math.MaxInt64})
		bad.Deeds = append(bad.Deeds, &pb.Deed{What: strings.Repeat("w", 9999), Endpoint: strings.Repeat("e", 9999)})
	}
	bad.Harm.Before, bad.Probation.Share, bad.Probation.Until, bad.Probation.SilentMs = math.NaN(), math.Inf(1), math.MaxInt64, -1
	got, err = checkCase(bad, at)
	if err != nil || len(got.GetKind()) > maxID || len(got.GetSteps()) > maxPlan || len(got.GetDeeds()) > maxDeeds || got.GetHarm().GetBefore() != 0 ||
		got.GetProbation().GetShare() > 1 || got.GetProbation().GetSilentMs() != 0 || got.GetSteps()[1].GetChanged() > at.UnixMilli() || proto.Size(got.Incident) > 256<<10 {
		t.Errorf("%d bytes, %v", proto.Size(got.Incident), err)
	}
}
