package homes

import (
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api/problem"
	"cardea/cloud/desired"
	"cardea/cloud/rooms"
	"cardea/home"
	"cardea/wire/pb"
)

// Who may let a device out for an hour asks for it once a day, and reads at once who decides then.
func TestAnHourIsAskedForOnceADay(t *testing.T) {
	cfg := rooms.Config{Data: t.TempDir()}
	cfg.DB = "sqlite:" + filepath.Join(cfg.Data, "cardea.db")
	r, err := rooms.Open(t.Context(), cfg, rooms.Signals{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	at := time.Now()
	a := Orders{&base.Adapter{Rooms: r, Now: func() time.Time { return at }}}
	p := home.Place{Tenant: "10000000-0000-4000-8000-000000000001", Home: "20000000-0000-4000-8000-000000000001", Gateway: "30000000-0000-4000-8000-000000000001"}
	order := func(device, key string, hour bool) desired.Order {
		o := desired.Order{Place: p, Verb: "release", Device: device, Incident: "case-" + device, By: "support", Who: "agent", Why: "a call", Key: key}
		if hour {
			o.About = &pb.Order{Until: at.Add(time.Hour).UnixMilli()}
		}
		return o
	}
	if err := a.once(t.Context(), order("camera", "k1", true)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Desired.Ask(t.Context(), order("camera", "k1", true)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o   desired.Order
		bad bool
	}{
		{order("camera", "k1", true), false}, // sent twice
		{order("camera", "k2", true), true},
		{order("camera", "k3", false), false}, // for good: whoever may do that does not wait
		{order("lamp", "k4", true), false},
	} {
		err := a.once(t.Context(), c.o)
		var p *problem.Problem
		if c.bad != (err != nil) || c.bad && (!errors.As(err, &p) || !strings.Contains(err.Error(), "tier 2")) {
			t.Errorf("%s %s: %v", c.o.Device, c.o.Key, err)
		}
	}
	at = at.Add(25 * time.Hour)
	if err := a.once(t.Context(), order("camera", "k5", true)); err != nil {
		t.Errorf("a day later: %v", err)
	}
}
