package ingest

import (
	"errors"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// What happened before it was erased is not stored; sums not before the gateway has confirmed; everything else goes on.
func TestErasedIsNotStoredAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := t0
		w := open(t, d, func() time.Time { return now }, nil)
		w.hold(t)
		p := place("1", "2", "3")
		store := func(items ...*pb.Item) {
			t.Helper()
			if err := w.Store(t.Context(), 3, []Msg{msg(t, p, 7, items...)}); err != nil {
				t.Fatal(err)
			}
		}
		store(stopped(1, 1))
		if n := w.count(t, p); n != 1 {
			t.Fatalf("%d stored before", n)
		}
		set := func(m Mark) {
			t.Helper()
			if err := d.Tx(t.Context(), func(tx *db.Tx) error { return SetMark(tx, p, m) }); err != nil {
				t.Fatal(err)
			}
		}
		set(Mark{Device: "lamp", At: t0.Add(time.Hour)})
		store(stopped(2, 1))
		if n := w.count(t, p); n != 2 {
			t.Errorf("%d: what is of another device is erased", n)
		}
		set(Mark{Device: "camera", At: t0, Waits: t0.Add(time.Hour), Request: "o"})
		store(stopped(3, 1))
		now = t0.Add(time.Minute)
		later := func(sequence uint64) *pb.Item {
			i := stopped(sequence, 1)
			i.Time = now.UnixMilli()
			return i
		}
		store(later(4)) // it may have begun before
		if n := w.count(t, p); n != 2 || w.Stats().Erased != 2 {
			t.Errorf("%d stored, %d not", n, w.Stats().Erased)
		}
		store(&pb.Item{Sequence: 5, Time: now.UnixMilli(), Body: &pb.Item_OrderResult{OrderResult: &pb.OrderResult{Id: "o", InForce: true}}}, later(6))
		if n := w.count(t, p); n != 3 {
			t.Errorf("%d: what happens after the gateway has erased is not stored", n)
		}
		marks, err := Marks(t.Context(), d, p)
		if err != nil || len(marks) != 2 {
			t.Errorf("%v %v", marks, err)
		}
		set(Mark{At: now})
		store(later(7))
		if n := w.count(t, p); n != 3 {
			t.Errorf("%d: of a home that was erased as a whole", n)
		}
		if err := TrimErased(t.Context(), d, now.Add(KeepErased+time.Hour)); err != nil {
			t.Fatal(err)
		}
		if marks, err = Marks(t.Context(), d, p); err != nil || len(marks) != 0 {
			t.Errorf("%v %v", marks, err)
		}
	})
}

// A gateway whose clock runs ahead tells what happened before with times after the mark. Until it has erased, nothing of it is stored; a case
// is told without names. Behind its word everything is, also when it could not do it.
func TestAClockThatRunsAheadBringsNothingBack(t *testing.T) {
	ahead := t0.Add(time.Hour).UnixMilli()
	finding := &pb.Item{Sequence: 1, Time: ahead, Body: &pb.Item_Finding{Finding: &pb.Finding{Id: "f", Device: "camera", Sentence: "It calls secret.example."}}}
	ended := &pb.Item{Sequence: 2, Time: ahead, Body: &pb.Item_Incident{Incident: &pb.Incident{Id: "i", Device: "camera", State: "closed",
		Deeds: []*pb.Deed{{What: "It can no longer reach secret.example.", Endpoint: "secret.example"}}}}}
	waits := Mark{At: t0, Waits: t0.Add(time.Hour), Request: "o"}
	for name, c := range map[string]struct {
		marks map[string]Mark
		keeps bool
	}{
		"of the device":      {map[string]Mark{"camera": waits}, false},
		"of the home":        {map[string]Mark{"": waits}, false},
		"of another device":  {map[string]Mark{"lamp": waits}, true},
		"it has erased":      {map[string]Mark{"camera": {At: t0}}, true},
		"it was waited long": {map[string]Mark{"camera": {At: t0, Waits: t0.Add(time.Second)}}, true},
	} {
		f := filter{c.marks, t0.Add(time.Minute)}
		if got := f.keep(time.UnixMilli(ahead), proto.CloneOf(finding)); got != c.keeps {
			t.Errorf("%s: the finding is stored: %v", name, got)
		}
		k := proto.CloneOf(ended)
		if !f.keep(time.UnixMilli(ahead), k) || (k.GetIncident().GetDeeds()[0].GetEndpoint() == "secret.example") != c.keeps {
			t.Errorf("%s: the case is told as %v", name, k)
		}
	}
	if (filter{map[string]Mark{"camera": waits}, t0}).keep(t0.Add(-time.Hour), proto.CloneOf(ended)) {
		t.Error("a case that had ended before comes back")
	}
}

// A heartbeat that waited in memory while its home was erased is not kept, and none of a home whose subscriber left.
func TestHeartbeatsOfBeforeAreNotKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := t0
		w := open(t, d, func() time.Time { return now }, nil)
		erased, left, other := place("1", "2", "3"), place("1", "4", "5"), place("1", "6", "7")
		all := []home.Place{erased, left, other}
		kept := func() (n [3]bool) {
			t.Helper()
			for i, p := range all {
				s, err := w.history.State(t.Context(), p)
				if err != nil {
					t.Fatal(err)
				}
				n[i] = !s.Seen.IsZero()
			}
			return n
		}
		come := func() {
			for _, p := range all {
				w.Beat(wire.Beat(p), beat(t, 0))
			}
		}
		flush := func() {
			t.Helper()
			if err := w.FlushBeats(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		come()
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			return errors.Join(SetMark(tx, erased, Mark{At: now.Add(time.Second), Waits: now.Add(time.Hour), Request: "o"}), SetMark(tx, left, Left(now)))
		})
		if err != nil {
			t.Fatal(err)
		}
		flush()
		if got := kept(); got != [3]bool{false, false, true} {
			t.Errorf("of before: %v", got)
		}
		now = now.Add(time.Minute)
		come()
		flush()
		if got := kept(); got != [3]bool{true, false, true} {
			t.Errorf("of after: %v", got)
		}
	})
}
