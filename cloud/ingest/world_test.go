package ingest

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"cardea/cloud/desired"
	"cardea/cloud/history"
	"cardea/cloud/incident"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

var t0 = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func place(tenant, of, gateway string) home.Place {
	pad := func(s string) string { return "00000000-0000-7000-8000-000000000000"[:36-len(s)] + s }
	return home.Place{Tenant: pad(tenant), Home: pad(of), Gateway: pad(gateway)}
}

// world is a worker with the real contexts behind it.
type world struct {
	*Worker
	db       *db.DB
	history  *history.History
	incident *incident.Incidents
	desired  *desired.Desired
	mu       sync.Mutex
	nudges   []home.Place
}

func open(t testing.TB, d *db.DB, now func() time.Time, source Source) *world {
	t.Helper()
	ctx := context.Background()
	if err := d.Migrate(ctx, "ingest", Migrations); err != nil {
		t.Fatal(err)
	}
	if err := d.Migrate(ctx, "history", history.Migrations); err != nil {
		t.Fatal(err)
	}
	if err := d.Migrate(ctx, "incident", incident.Migrations); err != nil {
		t.Fatal(err)
	}
	if err := d.Migrate(ctx, "desired", desired.Migrations); err != nil {
		t.Fatal(err)
	}
	w := &world{db: d, history: history.New(d, history.Options{Now: now}), incident: incident.New(d, incident.Options{Now: now}),
		desired: desired.New(d, desired.Options{Now: now})}
	w.Worker = New(Config{Name: "w1", Now: now, Life: time.Second}, d, source, Handlers{
		Begin: []func(*db.Tx) Batch{
			func(tx *db.Tx) Batch { return w.history.Begin(tx) },
			func(tx *db.Tx) Batch { return w.incident.Begin(tx) },
			func(tx *db.Tx) Batch { return w.desired.Begin(tx) },
		},
		Beats: func(ctx context.Context, in []Beat) error {
			var out []history.Beat
			for _, b := range in {
				out = append(out, history.Beat(b))
			}
			return w.history.Beat(ctx, out)
		},
		Forget: w.history.EraseBeat,
		Wanted: w.desired.Wanted,
		Nudge: func(p home.Place, _ uint64) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.nudges = append(w.nudges, p)
		},
	}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	return w
}

// hold takes all partitions.
func (w *world) hold(t testing.TB) {
	t.Helper()
	if held, err := w.leases.round(context.Background(), time.Now()); err != nil || len(held) != wire.Partitions {
		t.Fatalf("%d partitions held, %v", len(held), err)
	}
}

func clock(at time.Time) func() time.Time { return func() time.Time { return at } }

func msg(t testing.TB, p home.Place, epoch uint64, items ...*pb.Item) Msg {
	t.Helper()
	b, err := proto.Marshal(&pb.Report{Protocol: wire.Protocol, Epoch: epoch, Sent: t0.UnixMilli(), Items: items})
	if err != nil {
		t.Fatal(err)
	}
	return Msg{Subject: "p.3." + wire.Up(p)[2:], Data: b}
}

func stopped(sequence, count uint64) *pb.Item {
	return &pb.Item{Sequence: sequence, Time: t0.UnixMilli(), Body: &pb.Item_Stopped{Stopped: &pb.Stopped{Stops: []*pb.Stop{
		{Device: "camera", Endpoint: "c2.example", Class: "malware", Count: count, First: t0.UnixMilli(), Last: t0.UnixMilli()}}}}}
}

// count is how often the camera was stopped.
func (w *world) count(t testing.TB, p home.Place) (n uint64) {
	t.Helper()
	stops, _, err := w.history.StoppedSince(context.Background(), p, t0)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stops {
		n += s.Count
	}
	return n
}

func beat(t testing.TB, desired uint64) []byte {
	t.Helper()
	b, err := proto.Marshal(&pb.Heartbeat{Protocol: wire.Protocol, Desired: desired, Armed: true, Version: "0.2.0"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
