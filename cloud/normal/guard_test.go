package normal

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"cardea/behavior/herd/bundle"
	"cardea/behavior/profile"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"
)

// finding is one of the camera, with an endpoint as its card tells it.
func finding(id string, d home.Detector, strength home.Strength, ends ...home.Endpoint) *pb.Item {
	var card home.Card
	for _, e := range ends {
		card.Seen = append(card.Seen, home.Seen{Endpoint: e})
	}
	data, err := json.Marshal(card)
	if err != nil {
		panic(err)
	}
	return &pb.Item{Body: &pb.Item_Finding{Finding: &pb.Finding{Id: id, Device: "cam", Incident: "case", Detector: string(d), Strength: strength.String(), Card: data}}}
}

// guard judges.
func (w *world) guard() Guarded {
	w.t.Helper()
	g, err := w.Guard(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

// bundle is the herd bundle in force.
func (w *world) bundle() *bundle.Bundle {
	w.t.Helper()
	list := w.published["herd"]
	if len(list) == 0 {
		return &bundle.Bundle{}
	}
	b, err := bundle.Parse(list[len(list)-1])
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// where is the nth home of live.
func where(n int) home.Place {
	if n%2 == 1 {
		return place(tenantB, n)
	}
	return place(tenantA, n)
}

func TestAnUpdateIsOneIncidentOfTheOperators(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		w.live(60, 4, nothing)
		w.learn()
		w.o.Facts = func(profile.Level) []uint64 {
			t := target{}
			t.Name, t.Port, t.Proto = "update.cam.example", 443, "tcp"
			return []uint64{t.chain().Keys[1]}
		}
		update := *host("update.cam.example", "")
		for n := range 50 {
			w.tell(where(n), finding("f", home.DetectNovelty, home.Soft, update))
		}
		w.tell(where(55), finding("g", home.DetectScanWAN, home.Hard, update))
		g := w.guard()
		if g.Findings != 51 || g.Trips != 1 || !g.Changed {
			t.Fatalf("%+v", g)
		}
		list, next, err := w.Incidents(t.Context(), tenantA, "", 10)
		if err != nil || next != "" || len(list) != 1 {
			t.Fatalf("%+v %q %v", list, next, err)
		}
		i := list[0]
		if i.Kind != "update" || i.Level != camera || i.Reason != home.DetectNovelty || i.Endpoint != host("update.cam.example", "cam.example").Hash() || i.Homes != 50 ||
			i.Own != 25 || !i.Open || i.Until.Sub(w.now) > day || i.Why == "" {
			t.Errorf("%+v", i)
		}
		if _, ok := w.bundle().Paused(camera.Class, camera.Vendor, camera.Model, home.DetectNovelty, i.Endpoint, w.now.Add(time.Hour)); !ok {
			t.Error("soft acts go on")
		}
		if _, ok := w.bundle().Paused(camera.Class, camera.Vendor, camera.Model, home.DetectBeacon, i.Endpoint, w.now.Add(time.Hour)); ok {
			t.Error("other evidence pauses")
		}
		if others, _, err := w.Incidents(t.Context(), "somebody", "", 10); err != nil || len(others) != 0 {
			t.Errorf("others see it: %v %v", others, err)
		}
		w.pauseEnds(t, i)
	})
}

// pauseEnds checks that a pause is not made longer, and that staff can end it.
func (w *world) pauseEnds(t *testing.T, i Incident) {
	t.Helper()
	w.now = w.now.Add(20 * time.Hour)
	for n := range 50 {
		w.tell(where(n), finding("h", home.DetectNovelty, home.Soft, *host("update.cam.example", "")))
	}
	w.guard()
	if list, _, err := w.Incidents(t.Context(), tenantB, "", 10); err != nil || len(list) != 1 || !list[0].Until.Equal(i.Until) || !list[0].Seen.After(i.Seen) {
		t.Errorf("tripped again: %+v %v", list, err)
	}
	w.now = w.now.Add(5 * time.Hour)
	if w.guard(); len(w.bundle().Pauses) != 0 {
		t.Error("the pause goes on")
	}
	if err := w.CloseIncident(t.Context(), "somebody", i.ID, func(*db.Tx) error { return nil }); !errors.Is(err, ErrUnknown) {
		t.Errorf("somebody else closes it: %v", err)
	}
	if err := w.CloseIncident(t.Context(), tenantA, i.ID, func(*db.Tx) error { return nil }); err != nil {
		t.Error(err)
	}
	if list, _, err := w.Incidents(t.Context(), tenantB, "", 10); err != nil || len(list) != 1 || list[0].Open {
		t.Errorf("%+v %v", list, err)
	}
}

func TestHomesOfOneNetworkTripNothing(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.SQLite(t))
	w.live(60, 4, nothing)
	w.learn()
	for n := range 60 {
		w.networks[where(n)] = 9
		w.tell(where(n), finding("f", home.DetectNovelty, home.Soft, *host("update.cam.example", "")))
	}
	if g := w.guard(); g.Trips != 0 || g.Changed {
		t.Errorf("%+v", g)
	}
}

func TestWhatPeopleSayWasNoTroubleIsCounted(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		w.live(40, 5, nothing)
		e := *host("new.cam.example", "cam.example")
		for n := range 25 {
			by := "owner"
			if n == 0 {
				by = "gateway"
			}
			w.tell(where(n), finding("f", home.DetectNovelty, home.Soft, e), &pb.Item{Body: &pb.Item_Incident{Incident: &pb.Incident{Id: "case", Device: "cam", State: "closed",
				History: []*pb.Transition{{From: "open", To: "closed", By: by}}}}})
		}
		w.learn()
		f, err := w.Model(t.Context(), tenantA, idOf(camera))
		if err != nil || len(f.Wrong) != 2 || f.Wrong[0].Homes != 24 || f.Wrong[0].Endpoint != 0 || f.Wrong[1].Endpoint != e.Hash() || f.Wrong[1].Homes != 24 {
			t.Fatalf("%+v %v", f.Wrong, err)
		}
		if g := w.guard(); g.Findings != 1 {
			t.Errorf("false alarms are judged: %+v", g)
		}
	})
}

func TestOfAFindingOnlyEndpointsAreKept(t *testing.T) {
	f := &pb.Finding{Symptom: &pb.Symptom{Proto: 6, Ports: []uint32{443, 0, 70000}, Names: []string{"C2.Example.NET.", "<b>", "single", "x y.example"},
		Addrs: []string{"203.0.113.9", "192.168.1.5", "127.0.0.1", "::ffff:203.0.113.9", "nonsense"}},
		Card: []byte(`{"seen":[{"endpoint":{"name":"","ip":"198.51.100.7","port":23,"proto":"tcp"}},{"endpoint":{"name":"a.example","ip":"","port":5,"proto":"icmp"}}]}`)}
	got := string(targetsText(targetsOf(f)))
	if want := "c2.example.net 443 tcp\n203.0.113.9 443 tcp\n198.51.100.7 23 tcp\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if back := string(targetsText(parseTargets([]byte(got)))); back != got {
		t.Errorf("read back %q", back)
	}
	for _, bad := range []string{"{", `{"seen":[{"endpoint":{"ip":"x"}}]}`} {
		if n := len(targetsOf(&pb.Finding{Card: []byte(bad)})); n != 0 {
			t.Errorf("%s has %d endpoints", bad, n)
		}
	}
}

func FuzzTargets(f *testing.F) {
	f.Add([]byte(`{"seen":[{"endpoint":{"name":"a.example","ip":"198.51.100.7","port":23,"proto":"tcp"}}]}`), "c2.example.net", "203.0.113.9", uint32(6), uint32(443))
	f.Fuzz(func(t *testing.T, card []byte, name, addr string, proto, port uint32) {
		text := string(targetsText(targetsOf(&pb.Finding{Card: card, Symptom: &pb.Symptom{Proto: proto, Ports: []uint32{port}, Names: []string{name}, Addrs: []string{addr}}})))
		if back := string(targetsText(parseTargets([]byte(text)))); back != text {
			t.Errorf("%q is read back as %q", text, back)
		}
	})
}

// What herd protection is told must be an indicator that gateways read.
func TestEveryTargetCanBePublished(t *testing.T) {
	for n := range 50 {
		for _, x := range addTarget(addTarget(nil, fmt.Sprintf("h%d.example.net", n), netip.Addr{}, uint32(n+1), "udp"), "", netip.AddrFrom4([4]byte{203, 0, 113, byte(n)}), 443, "tcp") {
			b := &bundle.Bundle{Indicators: []bundle.Indicator{{Name: x.Name, Addr: x.Addr, Port: x.Port, Proto: x.Proto, Force: t0, Expires: t0}}}
			if got, err := bundle.Parse(b.Bytes()); err != nil || len(got.Indicators) != 1 {
				t.Errorf("%s: %v", x.String(), err)
			}
		}
	}
}
