package ingest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

func TestAnItemThatComesAgainIsNotStoredAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w, p := context.Background(), open(t, d, clock(t0), nil), place("1", "1", "1")
		w.hold(t)
		batch := []Msg{msg(t, p, 7, stopped(1, 1), stopped(2, 10)), msg(t, p, 7, stopped(3, 100))}
		for range 3 {
			if err := w.Store(ctx, 0, batch); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Store(ctx, 0, []Msg{msg(t, p, 7, stopped(3, 100), stopped(6, 1000)), msg(t, p, 8, stopped(1, 10000))}); err != nil {
			t.Fatal(err)
		}
		if n := w.count(t, p); n != 11111 {
			t.Errorf("stopped %d", n)
		}
		s := w.Stats()
		if s.Stored != 5 || s.Skipped != 7 || s.Missing != 2 || s.Refused != 0 || s.Reports != 8 || s.Batches != 4 {
			t.Errorf("%+v", s)
		}
	})
}

// A batch that fails leaves nothing behind and comes again.
func TestADatabaseErrorStopsTheBatch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w, p := context.Background(), open(t, d, clock(t0), nil), place("1", "1", "1")
		w.hold(t)
		broken := errors.New("the disk is full")
		begin := w.to.Begin
		w.to.Begin = append(begin[:len(begin):len(begin)], func(*db.Tx) Batch { return batchFunc{flush: func() error { return broken }} })
		batch := []Msg{msg(t, p, 7, stopped(1, 1), stopped(2, 10))}
		if err := w.Store(ctx, 0, batch); !errors.Is(err, broken) {
			t.Fatalf("error %v", err)
		}
		if n := w.count(t, p); n != 0 {
			t.Fatalf("half of a batch is stored: %d", n)
		}
		w.to.Begin = begin
		if err := w.Store(ctx, 0, batch); err != nil {
			t.Fatal(err)
		}
		if n := w.count(t, p); n != 11 {
			t.Errorf("stopped %d", n)
		}
		if s := w.Stats(); s.Failed != 1 || s.Stored != 2 {
			t.Errorf("%+v", s)
		}
	})
}

type batchFunc struct {
	take  func(home.Place, *pb.Item) error
	flush func() error
}

func (b batchFunc) Take(p home.Place, _ time.Time, i *pb.Item) error {
	if b.take == nil {
		return nil
	}
	return b.take(p, i)
}

func (b batchFunc) Flush() error {
	if b.flush == nil {
		return nil
	}
	return b.flush()
}

// What is wrong with one message or item stops neither the others nor the partition.
func TestWhatIsBadIsBuriedWithItsReason(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w, p := context.Background(), open(t, d, clock(t0), nil), place("1", "1", "1")
		w.hold(t)
		raw := func(r *pb.Report) Msg {
			b, err := proto.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			return Msg{Subject: wire.Up(p), Data: b}
		}
		bad := stopped(5, 1)
		bad.GetStopped().Stops[0].Device = ""
		unknown := &pb.Item{Sequence: 6}
		unknown.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 1))
		panics := stopped(8, 1)
		w.to.Begin = append(w.to.Begin, func(*db.Tx) Batch {
			return batchFunc{take: func(_ home.Place, i *pb.Item) error {
				if i.GetSequence() == 8 {
					panic("a fault")
				}
				return nil
			}}
		})
		many := &pb.Report{Protocol: wire.Protocol}
		for range wire.MaxItems + 1 {
			many.Items = append(many.Items, stopped(1, 1))
		}
		for _, m := range []struct {
			m      Msg
			reason string
			at     home.Place
		}{
			{Msg{Subject: "p.1.nobody", Data: []byte("x")}, "want kind.tenant.home.gateway", home.Place{}},
			{Msg{Subject: wire.Up(p), Data: []byte("\xffnothing")}, "report", p},
			{Msg{Subject: wire.Up(p), Data: make([]byte, wire.MaxReport+1)}, "bytes", p},
			{raw(&pb.Report{Protocol: 1}), "too old", p},
			{raw(many), "items", p},
			{msg(t, p, 1, &pb.Item{}), "without a sequence", p},
			{msg(t, p, 1, stopped(1<<63, 1)), "without a sequence", p},
			{msg(t, p, 1, stopped(2, 1), stopped(2, 1)), "not in the order", p},
			{msg(t, p, 1, stopped(4, 1), bad, unknown, stopped(7, 1), panics), "device's id", p},
		} {
			for range 2 {
				if err := w.Store(ctx, 0, []Msg{msg(t, p, 2, stopped(w.Stats().Reports+1, 1)), m.m}); err != nil {
					t.Fatalf("%s: %v", m.reason, err)
				}
			}
			letters, err := w.DeadLetters(ctx, m.at)
			if err != nil || len(letters) == 0 {
				t.Fatalf("%s: %v %v", m.reason, letters, err)
			}
			found := false
			for _, l := range letters {
				found = found || strings.Contains(l.Reason, m.reason)
			}
			if !found {
				t.Errorf("%s: %+v", m.reason, letters)
			}
		}
		if n := w.count(t, p); n != 18+1+1+1+1-1 { // of epoch 2: 18; of epoch 1: 2, 4, 7
			t.Errorf("stopped %d", n)
		}
		if s := w.Stats(); s.Unknown != 1 || s.Refused == 0 {
			t.Errorf("%+v", s)
		}
		letters, _ := w.DeadLetters(ctx, p)
		fault := false
		for _, l := range letters {
			fault = fault || strings.Contains(l.Reason, "fault of ours")
		}
		if !fault {
			t.Error("the panic was not noted")
		}
	})
}

// What passes the checks and is refused by the database is found and buried too, and nothing else with it.
func TestAnItemThatTheDatabaseRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w, p := context.Background(), open(t, d, clock(t0), nil), place("1", "1", "1")
		w.hold(t)
		w.to.Begin = append(w.to.Begin, func(tx *db.Tx) Batch {
			poison := uint64(0)
			return batchFunc{
				take: func(_ home.Place, i *pb.Item) error {
					if n := i.GetSequence(); n == 2 || n == 4 {
						poison = n
					}
					return nil
				},
				flush: func() error {
					switch poison {
					case 0:
						return nil
					case 4: // a context's own error comes again with each try as well
						return errors.New("it is too long")
					}
					_, err := tx.Exec("INSERT INTO ingest_lease (part, holder, token) VALUES (?, NULL, 0)", 99)
					return err
				},
			}
		})
		if err := w.Store(ctx, 0, []Msg{msg(t, p, 7, stopped(1, 1), stopped(2, 10), stopped(3, 100), stopped(4, 1000))}); err != nil {
			t.Fatal(err)
		}
		if n := w.count(t, p); n != 101 {
			t.Errorf("stopped %d", n)
		}
		if l, err := w.DeadLetters(ctx, p); err != nil || len(l) != 2 || l[0].Size == 0 {
			t.Errorf("%+v %v", l, err)
		}
		if s := w.Stats(); s.Stored != 2 || s.Refused != 2 {
			t.Errorf("%+v", s)
		}
	})
}

func TestDeadLettersAreBounded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, now, p := context.Background(), t0, place("1", "1", "1")
		w := open(t, d, func() time.Time { return now }, nil)
		w.hold(t)
		for i := range 10 {
			now = now.Add(time.Second)
			var batch []Msg
			for j := range 40 {
				batch = append(batch, Msg{Subject: wire.Up(p), Data: fmt.Appendf(nil, "\xff%d-%d", i, j)})
			}
			if err := w.Store(ctx, 0, batch); err != nil {
				t.Fatal(err)
			}
		}
		if l, err := w.DeadLetters(ctx, p); err != nil || len(l) != maxDead {
			t.Errorf("%d letters, %v", len(l), err)
		}
		if s := w.Stats(); s.Refused != 400 {
			t.Errorf("%+v", s)
		}
		other := place("1", "2", "2")
		if err := w.Store(ctx, 0, []Msg{{Subject: wire.Up(other), Data: []byte("\xff")}}); err != nil {
			t.Fatal(err)
		}
		if n, err := Erase(ctx, d, other); err != nil || n != 1 {
			t.Errorf("%d letters erased, %v", n, err)
		}
		if l, err := w.DeadLetters(ctx, p); err != nil || len(l) != maxDead {
			t.Errorf("%d letters after another home's were erased, %v", len(l), err)
		}
		now = now.Add(keepDead + time.Hour)
		if err := w.Trim(ctx); err != nil {
			t.Fatal(err)
		}
		if l, err := w.DeadLetters(ctx, p); err != nil || len(l) != 0 {
			t.Errorf("%d letters, %v", len(l), err)
		}
	})
}

func TestOldEpochsAreForgotten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, now, p := context.Background(), t0, place("1", "1", "1")
		w := open(t, d, func() time.Time { return now }, nil)
		w.hold(t)
		for epoch := range uint64(20) {
			now = now.Add(time.Second)
			if err := w.Store(ctx, 0, []Msg{msg(t, p, ^epoch, stopped(1, 1)), msg(t, place("1", "2", "2"), 5, stopped(epoch+1, 1))}); err != nil {
				t.Fatal(err)
			}
		}
		for of, want := range map[home.Place]int{p: keepEpochs, place("1", "2", "2"): 1} {
			n := 0
			err := d.View(ctx, func(tx *db.Tx) error {
				return tx.Row("SELECT COUNT(*) FROM ingest_sequence WHERE tenant = ? AND home = ?", of.Tenant, of.Home).Scan(&n)
			})
			if err != nil || n != want {
				t.Errorf("%d epochs, %v", n, err)
			}
		}
		if err := w.Store(ctx, 0, []Msg{msg(t, p, ^uint64(19), stopped(1, 1))}); err != nil {
			t.Fatal(err)
		}
		if n := w.count(t, p); n != 20 {
			t.Errorf("stopped %d: the newest epoch was forgotten", n)
		}
	})
}

func TestAnItemsTimeIsBounded(t *testing.T) {
	now := t0
	for _, c := range []struct {
		name             string
		sent, item, want time.Time
	}{
		{"usual", now, now.Add(-time.Hour), now.Add(-time.Hour)},
		{"spooled for days", now.Add(-50 * time.Hour), now.Add(-72 * time.Hour), now.Add(-72 * time.Hour)},
		{"a clock an hour ahead", now.Add(time.Hour), now.Add(50 * time.Minute), now.Add(-10 * time.Minute)},
		{"a minute ahead", now.Add(time.Minute), now.Add(time.Minute), now},
		{"years ahead at first, then right", now, now.AddDate(9, 0, 0), now},
		{"never set", time.Unix(100, 0), time.Unix(90, 0), now},
		{"none", time.UnixMilli(0), time.UnixMilli(0), now},
		{"as far as it goes", time.UnixMilli(1<<63 - 1), time.UnixMilli(1<<63 - 1), now},
		{"as far back as it goes", time.UnixMilli(-1 << 63), time.UnixMilli(-1 << 63), now},
	} {
		m := msg(t, place("1", "1", "1"), 1)
		var r pb.Report
		if err := proto.Unmarshal(m.Data, &r); err != nil {
			t.Fatal(err)
		}
		r.Sent = c.sent.UnixMilli()
		m.Data, _ = proto.Marshal(&r)
		got, err := read(m, now)
		if err != nil {
			t.Fatal(err)
		}
		if at := got.when(&pb.Item{Time: c.item.UnixMilli()}, now); !at.Equal(c.want) {
			t.Errorf("%s: %v, want %v", c.name, at, c.want)
		}
	}
}

// Whatever is delivered again, in whatever batches, with gateways' epochs mixed and transactions failing in between: each
// item is stored exactly once, in the home and tenant that it is from.
func TestEachItemIsStoredExactlyOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d, clock(t0), nil)
		w.hold(t)
		broken := errors.New("broken")
		fail := false
		w.to.Begin = append(w.to.Begin, func(*db.Tx) Batch {
			return batchFunc{flush: func() error {
				if fail {
					return broken
				}
				return nil
			}}
		})
		run := 0
		rapid.Check(t, func(t *rapid.T) {
			run++
			places := []home.Place{place("1", fmt.Sprint(run), "1"), place("2", fmt.Sprint(run), "1"), place("1", "f"+fmt.Sprint(run), "1")}
			want := map[home.Place]uint64{}
			var log []Msg // as the stream has it
			next := map[string]uint64{}
			var sent []Msg
			for range rapid.IntRange(1, 20).Draw(t, "messages") {
				p := rapid.SampledFrom(places).Draw(t, "place")
				if len(sent) > 0 && rapid.IntRange(0, 3).Draw(t, "again") == 0 {
					log = append(log, rapid.SampledFrom(sent).Draw(t, "which"))
					continue
				}
				epoch := uint64(rapid.IntRange(1, 3).Draw(t, "epoch"))
				var items []*pb.Item
				for range rapid.IntRange(1, 3).Draw(t, "items") {
					k := fmt.Sprint(p, epoch)
					next[k] += uint64(rapid.IntRange(1, 2).Draw(t, "gap"))
					n := rand.Uint64N(1000)
					want[p] += n
					items = append(items, stopped(next[k], n))
				}
				m := Msg{Subject: wire.Up(p)}
				m.Data, _ = proto.Marshal(&pb.Report{Protocol: wire.Protocol, Epoch: epoch, Items: items})
				sent, log = append(sent, m), append(log, m)
			}
			// The consumer reads it in batches; it begins again somewhere before after each failure.
			for at := 0; at < len(log); {
				n := rapid.IntRange(1, len(log)-at).Draw(t, "batch")
				fail = rapid.IntRange(0, 4).Draw(t, "fails") == 0
				err := w.Store(ctx, 1, log[at:at+n])
				if fail != (err != nil) {
					t.Fatalf("store: %v", err)
				}
				if err == nil {
					at += n
				}
				if rapid.IntRange(0, 4).Draw(t, "back") == 0 {
					fail = false
					if err := w.Store(ctx, 1, log[rapid.IntRange(0, at).Draw(t, "to"):at]); err != nil {
						t.Fatal(err)
					}
				}
			}
			for _, p := range places {
				stops, _, err := w.history.StoppedSince(ctx, p, t0)
				if err != nil {
					t.Fatal(err)
				}
				var n uint64
				for _, s := range stops {
					n += s.Count
				}
				if n != want[p] {
					t.Fatalf("%v: stored %d, sent %d", p, n, want[p])
				}
			}
		})
	})
}

// Arbitrary bytes from a gateway that has turned never fail a batch and never touch another home.
func FuzzStore(f *testing.F) {
	d := dbtest.SQLite(f)
	w := open(f, d, clock(t0), nil)
	w.hold(f)
	hostile, other := place("1", "1", "1"), place("1", "2", "2")
	for _, i := range everyKind() {
		f.Add(msg(f, hostile, 1, i).Data)
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := w.Store(context.Background(), 0, []Msg{{Subject: wire.Up(hostile), Data: data}}); err != nil {
			t.Error(err)
		}
		if n := w.count(t, other); n != 0 {
			t.Error("another home was touched")
		}
	})
}

// everyKind is one item of each kind.
func everyKind() []*pb.Item {
	ms := t0.UnixMilli()
	items := []*pb.Item{
		{Body: &pb.Item_Finding{Finding: &pb.Finding{Id: "f1", Device: "camera", Incident: "i1", Detector: "scan-wan", Strength: "hard", Sentence: "It scans."}}},
		{Body: &pb.Item_Incident{Incident: &pb.Incident{Id: "i1", Code: "K7QM", Device: "camera", State: "contained", Mode: "quarantine", Opened: ms, Changed: ms,
			History: []*pb.Transition{{Time: ms, From: "open", To: "contained", By: "gateway"}}}}},
		{Body: &pb.Item_FirstTimes{FirstTimes: &pb.FirstTimes{Scheme: home.CollapseScheme, FirstTimes: []*pb.FirstTime{{Device: "camera", Endpoint: 7, Week: wire.Week(t0)}}}}},
		{Body: &pb.Item_RollUp{RollUp: &pb.RollUp{Scheme: home.CollapseScheme, Hours: []*pb.DeviceHour{{Device: "camera", Hour: ms, Up: 1}}}}},
		{Body: &pb.Item_Devices{Devices: &pb.Devices{Whole: true, Devices: []*pb.Device{{Id: "camera", Name: "Camera\x00"}}}}},
		{Body: &pb.Item_OrderResult{OrderResult: &pb.OrderResult{Id: "00000000-0000-7000-8000-000000000000", InForce: true}}},
		stopped(0, 1),
		{Body: &pb.Item_Look{Look: &pb.Look{Question: "q", Who: "support"}}},
		{Body: &pb.Item_Dropped{Dropped: &pb.Dropped{Items: 3}}},
	}
	for n, i := range items {
		i.Sequence, i.Time = uint64(n+1), ms
	}
	return items
}
