package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire"
	"cardea/wire/pb"

	"pgregory.net/rapid"
)

var t0 = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is a fleet with a clock, and with a learner and a publisher that keep what they were given.
type world struct {
	*Fleet
	t         testing.TB
	db        *db.DB
	now       time.Time
	trouble   map[home.Place]bool
	units     []Unit
	published [][]byte
}

type learner struct{ w *world }

func (l learner) Learn(_ context.Context, units func(func(Unit) bool)) ([]byte, error) {
	l.w.units = nil
	units(func(u Unit) bool { l.w.units = append(l.w.units, u); return true })
	var b strings.Builder
	for _, u := range l.w.units {
		fmt.Fprintf(&b, "%s %v %d\n", u.Home, u.Label, len(u.Tokens))
	}
	return []byte(b.String()), nil
}

func (l learner) PublishData(_ context.Context, name string, data []byte) (uint64, bool, error) {
	if n := len(l.w.published); n > 0 && string(l.w.published[n-1]) == string(data) {
		return uint64(n), false, nil
	}
	l.w.published = append(l.w.published, data)
	return uint64(len(l.w.published)), true, nil
}

func open(t testing.TB, d *db.DB) *world {
	t.Helper()
	if err := d.Migrate(context.Background(), "fleet", Migrations); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: d, now: t0, trouble: map[home.Place]bool{}}
	w.Fleet = New(d, Options{Now: func() time.Time { return w.now }, Learner: learner{w}, Publish: learner{w},
		Troubled: func(context.Context) (func(home.Place) bool, error) {
			return func(p home.Place) bool { return w.trouble[p] }, nil
		}})
	return w
}

const tenantA, tenantB = "11111111-1111-1111-1111-111111111111", "22222222-1111-1111-1111-111111111111"

func place(tenant string, n int) home.Place {
	return home.Place{Tenant: tenant, Home: fmt.Sprintf("%08d-1111-1111-1111-111111111111", n), Gateway: "g"}
}

// tell stores items of one place.
func (w *world) tell(p home.Place, items ...*pb.Item) {
	w.t.Helper()
	if err := w.try(p, items...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) try(p home.Place, items ...*pb.Item) error {
	return w.db.Tx(context.Background(), func(tx *db.Tx) error {
		b := w.Begin(tx)
		for _, i := range items {
			if err := b.Take(p, w.now, i); err != nil {
				return err
			}
		}
		return b.Flush()
	})
}

func (w *world) learn() Report {
	w.t.Helper()
	r, err := w.Learn(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func tokens(names ...string) (out []*pb.Token) {
	for _, n := range names {
		out = append(out, &pb.Token{Hash: wire.TokenHash(4, n), Clue: 4, Telling: uint32(wire.TellVendor), Text: n})
	}
	return out
}

// of are the tokens of a unit of a product: most of them every unit has, one is its own.
func of(product string, unit int) []*pb.Token {
	return tokens(product+" a", product+" b", product+" c", product+" d", product+" e", fmt.Sprint(product, " unit ", unit))
}

func sighted(list ...*pb.Sighted) *pb.Item {
	return &pb.Item{Body: &pb.Item_Sightings{Sightings: &pb.Sightings{Scheme: scheme, Devices: list}}}
}

func corrected(device, model string) *pb.Item {
	return &pb.Item{Body: &pb.Item_Correction{Correction: &pb.Correction{Device: device, Model: model}}}
}

func ruled(device, model string, t []*pb.Token) *pb.Sighted {
	return &pb.Sighted{Device: device, Model: model, Vendor: "Example", Class: "plug", By: "rules", Tokens: t}
}

func unknown(device string, t []*pb.Token) *pb.Sighted { return &pb.Sighted{Device: device, Tokens: t} }

// models counts units by model.
func (w *world) models() map[string]int {
	out := map[string]int{}
	for _, u := range w.units {
		out[u.Label.Model]++
	}
	return out
}

// later lets homes and what they say become old enough.
func (w *world) later() { w.now = w.now.Add(MinAge + time.Hour) }

func TestAModelTeachesWhenEnoughHomesHaveIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		for n := range MinHomes {
			w.tell(place(tenantA, n), sighted(ruled("d1", "Common Plug", of("common", n)), ruled("d2", "Common Plug", of("common", 1000+n))))
			if n < MinHomes-1 {
				w.tell(place(tenantA, n), sighted(ruled("d3", "Rare Plug", of("rare", n))))
			}
		}
		if r := w.learn(); r.Units != 0 || len(w.published) != 0 {
			t.Fatalf("homes of today teach: %+v", r)
		}
		w.later()
		r := w.learn()
		if got := w.models(); got["Common Plug"] != MinHomes || len(got) != 1 || r.Teaching != 1 || r.Labels != 2 || r.Version != 1 || !r.Changed {
			t.Fatalf("%v, %+v", got, r)
		}
		if r := w.learn(); r.Changed || r.Version != 1 {
			t.Errorf("the same again is news: %+v", r)
		}
		w.trouble[place(tenantA, 3).OfHome()] = true
		if w.learn(); w.models()["Common Plug"] != 0 {
			t.Error("a home with an open incident teaches")
		}
		w.trouble = map[home.Place]bool{}
		if n, err := w.Erase(t.Context(), place(tenantA, 3)); err != nil || n != 4 {
			t.Errorf("erased %d rows, %v", n, err)
		}
		if w.learn(); w.models()["Common Plug"] != 0 {
			t.Error("a home that was erased teaches")
		}
	})
}

func TestWhatResidentsSayTeachesPastTheThresholdsOnly(t *testing.T) {
	for _, c := range []struct {
		name              string
		homes, say, early int
		teaches           bool
	}{
		{"enough", 200, 40, 0, true},
		{"too few homes", 25, 19, 0, false},
		{"too small a share", 1000, 50, 0, false},
		{"said only today", 200, 10, 30, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := open(t, dbtest.SQLite(t))
			for n := range c.homes {
				items := []*pb.Item{sighted(unknown("d1", of("gadget", n)))}
				if n < c.say {
					items = append(items, corrected("d1", "Fine Gadget"))
				}
				w.tell(place(tenantA, n), items...)
			}
			w.later()
			for n := range c.early {
				w.tell(place(tenantA, c.say+n), corrected("d1", "Fine Gadget"))
			}
			w.learn()
			if got := w.models()["Fine Gadget"]; (got == c.say) != c.teaches || !c.teaches && got != 0 {
				t.Errorf("%d units", got)
			}
			list, _, err := w.Models(t.Context(), tenantA, "", "", 50)
			if err != nil || (len(list) > 0) != c.teaches {
				t.Errorf("shown: %+v, %v", list, err)
			}
		})
	}
}

// Of a thousand homes fifty are hostile: they call a model that the rules know by another name, in every way that they have.
func TestFiveOfAHundredHostileHomesCannotRenameAModel(t *testing.T) {
	w := open(t, dbtest.SQLite(t))
	const homes, hostile = 400, 20
	for n := range homes {
		p := place(tenantA, n)
		if n >= hostile {
			w.tell(p, sighted(ruled("d1", "Honest Plug", of("honest", n)), unknown("d2", of("unknown", n))))
			continue
		}
		w.tell(p, sighted(ruled("d1", "Honest Plug", of("honest", n)), unknown("d2", of("unknown", n)), ruled("d3", "Fake Plug", of("honest", 9000+n))),
			corrected("d1", "Fake Plug"), corrected("d2", "Fake Plug"))
	}
	w.later()
	w.learn()
	got := w.models()
	if got["Honest Plug"] != homes-hostile {
		t.Errorf("%v", got)
	}
	honest, fake := map[uint64]int{}, map[uint64]int{}
	for _, u := range w.units {
		for _, token := range u.Tokens {
			if u.Label.Model == "Fake Plug" {
				fake[token.GetHash()]++
			} else {
				honest[token.GetHash()]++
			}
		}
	}
	for _, token := range tokens("honest a", "honest b", "honest c", "honest d", "honest e") {
		if h := token.GetHash(); fake[h] > 0 || honest[h] != homes-hostile {
			t.Errorf("%q: %d honest, %d fake", token.GetText(), honest[h], fake[h])
		}
	}
	if n := fake[tokens("unknown a")[0].GetHash()]; n != 0 {
		t.Errorf("what nobody knows got their name in %d homes", n)
	}
}

func TestDevicesThatNobodyKnowsAreGroupedAndNamedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		for n := range MinHomes + 5 {
			w.tell(place(tenantA, n), sighted(unknown("d1", of("thermo", n)), unknown("few", tokens("x"))))
		}
		for n := range 3 {
			w.tell(place(tenantB, n), sighted(unknown("d1", of("valve", n))))
		}
		if r := w.learn(); r.Grouped != MinHomes+5+3 {
			t.Fatalf("%+v", r)
		}
		a, next, err := w.Clusters(t.Context(), tenantA, "", 50)
		if err != nil || next != "" || len(a) != 1 || a[0].Homes != MinHomes+5 || a[0].Name != nil || !slices.Contains(a[0].Texts, "DHCP class thermo a") {
			t.Fatalf("%+v, %v", a, err)
		}
		b, _, err := w.Clusters(t.Context(), tenantB, "", 50)
		if err != nil || len(b) != 2 || b[0].ID != a[0].ID || b[1].Homes != 0 {
			t.Fatalf("%+v, %v", b, err)
		}
		if slices.ContainsFunc(b[0].Texts, func(s string) bool { return strings.Contains(s, "unit") }) {
			t.Errorf("another tenant sees what single homes of others have: %q", b[0].Texts)
		}
		label, notes := Label{"Example Thermo", "Example", "thermostat"}, 0
		noted := func(*db.Tx) error { notes++; return nil }
		if _, err := w.Name(t.Context(), tenantA, "p1", b[1].ID, label, noted); !errors.Is(err, ErrUnknown) {
			t.Errorf("named what one has none of: %v", err)
		}
		if _, err := w.Name(t.Context(), tenantB, "p1", a[0].ID, label, noted); !errors.Is(err, ErrUnknown) {
			t.Errorf("named what one has none of: %v", err)
		}
		c, err := w.Name(t.Context(), tenantA, "p1", a[0].ID, label, noted)
		if err != nil || c.Name == nil || c.Name.Label != label || notes != 1 {
			t.Fatalf("%+v, %v", c, err)
		}
		w.later()
		if w.learn(); w.models()["Example Thermo"] != MinHomes+5 {
			t.Fatalf("%v", w.models())
		}
		// Once it is learned, gateways tell the name themselves. That must not end what it was learned of.
		for n := range MinHomes + 5 {
			s := unknown("d1", of("thermo", n))
			s.Model, s.By = "Example Thermo", "learned"
			w.tell(place(tenantA, n), sighted(s))
		}
		if w.learn(); w.models()["Example Thermo"] != MinHomes+5 {
			t.Errorf("forgotten as soon as it is known: %v", w.models())
		}
		for n := range MinHomes + 5 {
			if _, err := w.Erase(t.Context(), place(tenantA, n)); err != nil {
				t.Fatal(err)
			}
		}
		if a, _, err := w.Clusters(t.Context(), tenantA, "", 50); err != nil || len(a) != 0 {
			t.Errorf("after all is erased: %+v, %v", a, err)
		}
		n := -1
		if err := d.View(t.Context(), func(tx *db.Tx) error {
			return tx.Row("SELECT COUNT(*) FROM fleet_cluster WHERE tenant = ?", tenantA).Scan(&n)
		}); err != nil || n != 0 {
			t.Errorf("%d clusters are still of an erased home, %v", n, err)
		}
	})
}

func TestOfAPersonalDeviceNothingIsKeptButClassAndVendor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		s := ruled("d1", "Anna's Phone", of("phone", 1))
		s.Class = "phone"
		word := corrected("d1", "Anna's Phone")
		word.GetCorrection().Class = "phone"
		w.tell(place(tenantA, 1), sighted(s), word)
		var model, class, said string
		var tokens []byte
		if err := d.View(t.Context(), func(tx *db.Tx) error {
			return tx.Row("SELECT d.model, d.class, d.tokens, w.model FROM fleet_device d, fleet_word w").Scan(&model, &class, &tokens, &said)
		}); err != nil || model != "" || class != "phone" || len(tokens) != 0 || said != "" {
			t.Errorf("%q %q %d %q, %v", model, class, len(tokens), said, err)
		}
	})
}

func TestATextIsKeptOnlyWithItsToken(t *testing.T) {
	w := open(t, dbtest.SQLite(t))
	good := tokens("udhcp 1.22")[0]
	lie := &pb.Token{Hash: 7, Clue: 4, Telling: uint32(wire.TellVendor), Text: "anna lives here"}
	private := &pb.Token{Hash: wire.TokenHash(3, "anna-pc"), Clue: 3, Telling: 99, Text: "anna-pc"}
	out := w.bounded(&pb.Sighted{Device: "d", Tokens: []*pb.Token{good, lie, private, good}})
	if len(out.GetTokens()) != 3 || out.GetTokens()[0].GetText() != "udhcp 1.22" || out.GetTokens()[1].GetText() != "" || out.GetTokens()[2].GetText() != "" || w.Dropped() != 2 {
		t.Errorf("%v, %d dropped", out, w.Dropped())
	}
}

func TestAHomeFillsSoMuchAndNoMore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		for i := range 3 {
			var list []*pb.Sighted
			var items []*pb.Item
			for n := range 300 {
				id := fmt.Sprint("d", i*300+n)
				list = append(list, unknown(id, tokens(id)))
				items = append(items, corrected(id, "Mine"))
			}
			w.now = w.now.Add(time.Minute)
			w.tell(place(tenantA, 1), append(items, sighted(list...))...)
		}
		for _, table := range []string{"fleet_device", "fleet_word"} {
			var n int
			if err := d.View(t.Context(), func(tx *db.Tx) error { return tx.Row("SELECT COUNT(*) FROM " + table).Scan(&n) }); err != nil || n != MaxDevices {
				t.Errorf("%s: %d rows, %v", table, n, err)
			}
		}
		if err := w.try(place(tenantA, 1), sighted(unknown("../etc", nil))); err == nil {
			t.Error("a device's id is anything")
		}
		w.now = w.now.Add(Keep + time.Hour)
		if err := w.Trim(t.Context()); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := d.View(t.Context(), func(tx *db.Tx) error { return tx.Row("SELECT COUNT(*) FROM fleet_device").Scan(&n) }); err != nil || n != 0 {
			t.Errorf("%d devices are kept for ever, %v", n, err)
		}
	})
}

func devices(whole bool, list ...*pb.Device) *pb.Item {
	return &pb.Item{Body: &pb.Item_Devices{Devices: &pb.Devices{Whole: whole, Devices: list}}}
}

func TestExposuresAreCountedByHome(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		telnet := &pb.Exposure{Id: "e1", Kind: "telnet", Proto: "tcp", Port: 23, Certain: true}
		old := &pb.Exposure{Id: "e2", Kind: "end-of-life", Reference: "example-nas"}
		for n := range MinHomes + 2 {
			w.tell(place(tenantA, n), devices(true, &pb.Device{Id: "d1", Model: "Cam", Class: "camera", IdentifiedBy: "rules", Exposures: []*pb.Exposure{telnet}},
				&pb.Device{Id: "d2", Model: "Cam", Class: "camera", IdentifiedBy: "rules", Exposures: []*pb.Exposure{telnet}}))
		}
		w.tell(place(tenantA, 1), devices(false, &pb.Device{Id: "d3", Model: "Anna's box", Class: "nas", IdentifiedBy: "owner", Exposures: []*pb.Exposure{old}}))
		w.tell(place(tenantB, 1), devices(true, &pb.Device{Id: "d1", Model: "Secret", Exposures: []*pb.Exposure{old}}))
		list := func(kind, model, after string, limit int) (string, string) {
			t.Helper()
			got, next, err := w.Exposures(t.Context(), tenantA, kind, model, after, limit)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprintf("%+v", got), next
		}
		first := fmt.Sprintf("{Kind:telnet Reference: Proto:tcp Port:23 Model:Cam Class:camera Certain:true Homes:%d}", MinHomes+2)
		second := "{Kind:end-of-life Reference:example-nas Proto: Port:0 Model: Class:nas Certain:false Homes:0}"
		if got, next := list("", "", "", 50); got != "["+first+" "+second+"]" || next != "" {
			t.Errorf("%s %s", got, next)
		}
		if got, next := list("", "", "", 1); got != "["+first+"]" || next != "1" {
			t.Errorf("%s %s", got, next)
		}
		if got, _ := list("", "", "1", 1); got != "["+second+"]" {
			t.Error(got)
		}
		if got, _ := list("telnet", "Cam", "", 50); got != "["+first+"]" {
			t.Error(got)
		}
		w.tell(place(tenantA, 1), devices(false, &pb.Device{Id: "d3", Class: "nas"}, &pb.Device{Id: "d1", Removed: true}))
		if got, _ := list("end-of-life", "", "", 50); got != "[]" {
			t.Error(got)
		}
		// A whole list that comes in parts: what is in a later part stays.
		w.tell(place(tenantA, 2), devices(true, &pb.Device{Id: "d9"}), devices(false, &pb.Device{Id: "d1", Model: "Cam", Class: "camera", IdentifiedBy: "rules", Exposures: []*pb.Exposure{telnet}}))
		w.tell(place(tenantA, 3), devices(true, &pb.Device{Id: "d9"}))
		if got, _ := list("telnet", "", "", 50); !strings.Contains(got, fmt.Sprintf("Homes:%d", MinHomes+1)) {
			t.Error(got)
		}
	})
}

func TestPagesTellEachLineOnce(t *testing.T) {
	w := open(t, dbtest.SQLite(t))
	for n := range MinHomes {
		var list []*pb.Sighted
		for m := range 30 {
			if m%3 > 0 || n < 5 {
				list = append(list, ruled(fmt.Sprint("d", m), fmt.Sprint("Model ", m), of(fmt.Sprint("model", m), n)))
			}
		}
		w.tell(place(tenantA, n), sighted(list...))
	}
	w.later()
	w.learn()
	seen, after := map[string]int{}, ""
	for range 20 {
		list, next, err := w.Models(t.Context(), tenantA, "", after, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			seen[m.Label.Model]++
			if (m.Homes == 0) != (m.Why != "") || m.Homes > 0 && m.Share != 1 || len(m.Texts) == 0 {
				t.Errorf("%+v", m)
			}
		}
		if after = next; next == "" {
			break
		}
	}
	if len(seen) != 30 {
		t.Errorf("%d models", len(seen))
	}
	if other, _, err := w.Models(t.Context(), tenantB, "", "", 50); err != nil || len(other) != 20 {
		t.Errorf("another tenant sees %d models, %v", len(other), err)
	}
	for _, bad := range []string{"x", "1", ",", "1," + strings.Repeat("y", 99)} {
		if _, _, err := w.Models(t.Context(), tenantA, "", bad, 5); !errors.Is(err, ErrCursor) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestOnlyOneProcessLearns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		if ok, err := w.turn(t.Context(), false); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if r := w.learn(); !r.Busy {
			t.Errorf("%+v", r)
		}
		w.now = w.now.Add(turnLife + time.Second) // the other was killed
		if r := w.learn(); r.Busy {
			t.Error("nobody learns any more")
		}
		if r := w.learn(); r.Busy {
			t.Error("the turn was not given back")
		}
	})
}

// Whatever the tokens: two with the same ones are in one group, and one that was grouped resembles its group's leader.
func TestGroupsAreOfDevicesThatAreAlike(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		g := newGroups(func(uint32) float64 { return 1 })
		for n := range rapid.IntRange(1, 60).Draw(r, "devices") {
			var list []*pb.Token
			for _, h := range rapid.SliceOfNDistinct(rapid.Uint64Range(1, 40), 4, 12, rapid.ID[uint64]).Draw(r, "tokens") {
				list = append(list, &pb.Token{Hash: mix(h)})
			}
			id := g.find(list)
			if id == "" {
				id = clusterID(place(tenantA, n), "d", list)
				g.add(id, home.Place{}, list)
			}
			if s := g.similar(sorted(list), g.leader[id]); s < alike {
				r.Fatalf("alike by %v only", s)
			}
			slices.Reverse(list)
			if again := g.find(list); again == "" {
				r.Fatal("the same device is alone the second time")
			}
		}
	})
}

func TestWilsonsLowerBound(t *testing.T) {
	for _, c := range []struct {
		n, of int
		want  float64
	}{{0, 0, 0}, {0, 10, 0}, {10, 10, 0.722}, {50, 1000, 0.038}, {20, 200, 0.066}} {
		if got := wilson(c.n, c.of); got < c.want-0.001 || got > c.want+0.001 {
			t.Errorf("%d of %d: %v, want %v", c.n, c.of, got, c.want)
		}
	}
}
