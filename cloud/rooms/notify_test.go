package rooms

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

// TestWhatGatewaysTellReachesPeople: what is stored of a home is noted to be told in the same transaction, and counted in its week.
func TestWhatGatewaysTellReachesPeople(t *testing.T) {
	ctx := t.Context()
	r, err := Open(ctx, Config{Data: t.TempDir()}, Signals{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	tenant, err := r.Accounts.CreateTenant(ctx, "example", "Example Net")
	if err != nil {
		t.Fatal(err)
	}
	h, err := r.Accounts.CreateHome(ctx, tenant.ID, "Home", "")
	if err != nil {
		t.Fatal(err)
	}
	person, err := r.Accounts.AddResident(ctx, tenant.ID, []string{h.ID}, "anna@example.org", "Anna", "")
	if err != nil {
		t.Fatal(err)
	}
	p := h.Place()
	p.Gateway = "0197a000-0000-7000-8000-00000000000b"
	now := time.Now()
	ms := now.UnixMilli()
	store := func(items ...*pb.Item) {
		t.Helper()
		err := r.DB.Tx(ctx, func(tx *db.Tx) error {
			var errs []error
			for _, begin := range r.Handlers(func(home.Place, uint64) {}).Begin {
				b := begin(tx)
				for _, i := range items {
					errs = append(errs, b.Take(p, now, i))
				}
				errs = append(errs, b.Flush())
			}
			return errors.Join(errs...)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	device := &pb.Device{Id: "d1", Name: "Kitchen", Class: "camera", Vendor: "Acme", First: ms, Last: ms, Mode: "off", Held: true,
		Exposures: []*pb.Exposure{{Id: "e1", Kind: "internet", Proto: "tcp", Port: 80, External: 8080, First: ms, Last: ms}}}
	symptom := &pb.Symptom{Detector: "scan-wan", Names: []string{"c2.example"}}
	for range 2 { // told again, it is no news
		store(&pb.Item{Body: &pb.Item_Devices{Devices: &pb.Devices{Whole: true, Devices: []*pb.Device{device}}}},
			&pb.Item{Body: &pb.Item_RollUp{RollUp: &pb.RollUp{Scheme: home.CollapseScheme, Hours: []*pb.DeviceHour{{Device: "d1", Hour: ms, Up: 10, Down: 20}}}}},
			&pb.Item{Body: &pb.Item_Incident{Incident: &pb.Incident{Id: "i1", Code: "K7QM", Device: "d1", State: "contained", Mode: "quarantine", Grade: "port", Opened: ms, Changed: ms, Symptom: symptom}}})
	}
	store(&pb.Item{Body: &pb.Item_Stopped{Stopped: &pb.Stopped{Trackers: 5, Stops: []*pb.Stop{{Device: "d1", Endpoint: "login.bad.example", Class: "phishing", Count: 3, First: ms, Last: ms},
		{Device: "d1", Endpoint: "c2.example", Class: "malware", Count: 4, First: ms, Last: ms}}}}})
	topics := map[string]int{}
	err = r.DB.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query("SELECT topic FROM notify_message WHERE tenant = ? AND home = ?", p.Tenant, p.Home)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var topic string
			if err := rows.Scan(&topic); err != nil {
				return err
			}
			topics[topic]++
		}
		return rows.Err()
	})
	for _, topic := range []string{"new", "port", "stopped", "cause:scan-wan"} {
		if topics[topic] != 1 {
			t.Errorf("%d messages of %s: %v", topics[topic], topic, topics)
		}
	}
	if err != nil || len(topics) != 4 {
		t.Errorf("%v, %v", topics, err)
	}
	day := now.UTC().Truncate(24 * time.Hour)
	f, err := r.figures(ctx, p, day.AddDate(0, 0, -6), day.AddDate(0, 0, 1))
	if err != nil || f.Told != 1 || f.Devices != 1 || f.NewCount != 1 || f.Stopped != 7 || f.Classes["phishing"] != 3 || f.Trackers != 5 || f.CaseCount != 1 || f.Open != 1 ||
		f.Exposed != 1 || f.Down != 40 && f.Down != 20 || f.Clear() {
		t.Errorf("%+v, %v", f, err)
	}
	if f, err = r.figures(ctx, p, day.AddDate(0, 0, -14), day.AddDate(0, 0, -7)); err != nil || f.Told != 0 || f.Devices != 0 || f.Stopped != 0 || f.CaseCount != 0 {
		t.Errorf("a week before it was there: %+v, %v", f, err)
	}
	hidden, err := r.hiddenFrom(ctx, p, person.ID)
	if err != nil || len(hidden) != 0 {
		t.Errorf("hidden from its owner: %v, %v", hidden, err)
	}
}
