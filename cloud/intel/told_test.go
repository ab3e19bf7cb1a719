package intel

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cardea/behavior/endpoint"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

func place(n int) home.Place { return home.Place{Tenant: "t1", Home: fmt.Sprintf("home-%03d", n)} }

func (w *world) tell(p home.Place, items ...*pb.Item) (errs int) {
	w.t.Helper()
	err := w.d.Tx(context.Background(), func(tx *db.Tx) error {
		errs = 0
		b := w.n.Begin(tx)
		for _, i := range items {
			if b.Take(p, w.now(), i) != nil {
				errs++
			}
		}
		return b.Flush()
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return errs
}

func shadowItem(version uint64, hits ...*pb.ShadowHit) *pb.Item {
	return &pb.Item{Body: &pb.Item_ShadowHits{ShadowHits: &pb.ShadowHits{Bundle: "lists", Version: version, Hits: hits}}}
}

// What a list would have stopped is told by model where enough homes told it, and never of few.
func TestWhatAListInShadowWouldHaveStopped(t *testing.T) {
	inWorlds(t, func(w *world) {
		ctx := context.Background()
		for h := range 25 {
			p := place(h)
			w.tell(p, shadowItem(7, &pb.ShadowHit{Device: "plug", Model: "Maker Plug", What: "c2.example", Count: 3}))
			w.tell(p, shadowItem(7, &pb.ShadowHit{Device: "plug", Model: "Maker Plug", What: "c2.example", Count: 1}))
			if h < 5 {
				w.tell(p, shadowItem(7, &pb.ShadowHit{Device: "cam", Model: "Rare Cam", What: "rare.example", Count: 9}))
			}
		}
		w.tell(home.Place{Tenant: "t2", Home: "home-x"}, shadowItem(7, &pb.ShadowHit{Device: "d", What: "c2.example", Count: 1}))
		all, err := w.n.Shadows(ctx, "t1")
		if err != nil || len(all) != 1 || all[0].Version != 7 || all[0].Homes != (Count{N: 25}) || all[0].Count != 145 {
			t.Fatalf("%+v %v", all, err)
		}
		s, err := w.n.Shadow(ctx, "t1", "lists", 7)
		if err != nil || len(s.Models) != 2 || s.Models[0] != (ShadowModel{"Maker Plug", Count{N: 25}, 100}) || s.Models[1] != (ShadowModel{"Rare Cam", Count{Few: true}, 0}) {
			t.Errorf("%+v %v", s, err)
		}
		if len(s.What) != 1 || s.What[0] != (ShadowWhat{"c2.example", 25, 100}) {
			t.Errorf("%+v", s.What)
		}
		if other, err := w.n.Shadows(ctx, "t2"); err != nil || len(other) != 1 || other[0].Homes != (Count{Few: true}) || other[0].Count != 0 {
			t.Errorf("another tenant: %+v %v", other, err)
		}
		if _, err := w.n.Shadow(ctx, "t1", "lists", 8); !errors.Is(err, ErrUnknown) {
			t.Error(err)
		}
		// What a home says too much of is bounded; what it says wrong is refused.
		for k := range 3 {
			var hits []*pb.ShadowHit
			for i := range maxHits {
				hits = append(hits, &pb.ShadowHit{Device: fmt.Sprint("d", k), What: fmt.Sprintf("n%d.example", i), Count: 1})
			}
			w.tell(place(100), shadowItem(9, hits...))
		}
		var rows int
		err = w.d.View(ctx, func(tx *db.Tx) error {
			return tx.Row("SELECT COUNT(*) FROM intel_shadow WHERE version = 9").Scan(&rows)
		})
		if err != nil || rows != maxHits {
			t.Errorf("%d rows %v", rows, err)
		}
		ok := &pb.ShadowHit{Device: "d", What: "x", Count: 1}
		for _, bad := range []*pb.Item{shadowItem(0, ok), shadowItem(1, &pb.ShadowHit{What: "x", Count: 1}), shadowItem(1, &pb.ShadowHit{Device: "d", What: "x\ny", Count: 1}),
			shadowItem(1, &pb.ShadowHit{Device: "d", What: "x"}), shadowItem(1, &pb.ShadowHit{Device: "d", What: strings.Repeat("x", 400), Count: 1})} {
			if w.tell(place(1), bad) != 1 {
				t.Errorf("%v was taken", bad)
			}
		}
		err = w.d.Tx(ctx, func(tx *db.Tx) error {
			if n, err := w.n.EraseDevice(tx, place(1), "plug"); err != nil || n != 1 {
				t.Errorf("%d %v", n, err)
			}
			return nil
		})
		if n, err2 := w.n.Erase(ctx, place(2)); err != nil || err2 != nil || n != 2 {
			t.Errorf("%d %v %v", n, err, err2)
		}
		w.pass(KeepShadow + time.Hour)
		if err := w.n.Trim(ctx); err != nil {
			t.Fatal(err)
		}
		if all, err := w.n.Shadows(ctx, "t1"); err != nil || len(all) > 0 {
			t.Errorf("%+v %v", all, err)
		}
	})
}

func aHunt() Hunt {
	return Hunt{Of: []HuntFor{{"domain", "C2.Example", "Mirai"}, {"ip", "198.51.100.7", "Mirai"}}, Why: "seen at another provider", Asker: "a", Second: "b"}
}

func huntItem(id string, hits ...*pb.HuntHit) *pb.Item {
	return &pb.Item{Body: &pb.Item_HuntResult{HuntResult: &pb.HuntResult{Id: id, Hits: hits, Searched: 1}}}
}

func TestASearchInHomesPasts(t *testing.T) {
	inWorlds(t, func(w *world) {
		ctx := context.Background()
		h, err := w.n.StartHunt(ctx, "t1", aHunt(), nil)
		if err != nil || h.Of[0].Value != "c2.example" || h.Until.Sub(h.Since) != HuntBack {
			t.Fatalf("%+v %v", h, err)
		}
		asked := func(p home.Place) int {
			t.Helper()
			list, err := w.n.HuntsFor(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range list {
				if x.GetId() != h.ID || len(x.GetOf()) != 2 || x.GetOf()[1].GetKind() != "ip" {
					t.Errorf("%v", x)
				}
			}
			return len(list)
		}
		if asked(place(0)) != 1 || asked(home.Place{Tenant: "t2", Home: "home-000"}) != 0 {
			t.Error("who is asked")
		}
		w.tell(place(99), huntItem("of nobody", &pb.HuntHit{Device: "d"}))
		for k := range 30 {
			var hits []*pb.HuntHit
			if k < 22 {
				hits = append(hits, &pb.HuntHit{Device: "plug", Of: 0, Contacts: 5, Incident: "case"})
			}
			if k < 3 {
				hits = append(hits, &pb.HuntHit{Device: "plug", Of: 1, Contacts: 1}, &pb.HuntHit{Device: "cam", Of: 1, Contacts: 1})
			}
			w.tell(place(k), huntItem(h.ID, hits...))
		}
		if asked(place(0)) != 0 || asked(place(50)) != 1 {
			t.Error("who answered is asked again")
		}
		list, err := w.n.Hunts(ctx, "t1")
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v %v", list, err)
		}
		got := list[0]
		if got.Answered != (Count{N: 30}) || got.Homes != (Count{N: 22}) || got.Devices != 25 || got.Cases != 22 || got.By[0].Homes.N != 22 || got.By[0].Devices != 22 ||
			got.By[1].Homes != (Count{Few: true}) || got.By[1].Devices != 0 {
			t.Errorf("%+v", got)
		}
		if other, err := w.n.Hunts(ctx, "t2"); err != nil || len(other) != 0 {
			t.Errorf("another tenant: %+v %v", other, err)
		}
		if w.tell(place(1), huntItem(h.ID, &pb.HuntHit{Device: "d", Of: MaxHuntFor})) != 1 || w.tell(place(1), huntItem("")) != 1 {
			t.Error("a wrong answer was taken")
		}
		if err := w.n.EndHunt(ctx, "t2", h.ID, nil); !errors.Is(err, ErrUnknown) {
			t.Error(err)
		}
		if err := w.n.EndHunt(ctx, "t1", h.ID, nil); err != nil || asked(place(50)) != 0 {
			t.Error(err)
		}
		w.pass(time.Minute)
		for range MaxHunts {
			if _, err := w.n.StartHunt(ctx, "t1", aHunt(), nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.n.StartHunt(ctx, "t1", aHunt(), nil); !errors.Is(err, ErrWrong) {
			t.Errorf("one too many: %v", err)
		}
		err = w.d.Tx(ctx, func(tx *db.Tx) error {
			_, err := w.n.EraseDevice(tx, place(0), "plug")
			return err
		})
		if list, err2 := w.n.Hunts(ctx, "t1"); err != nil || err2 != nil || list[len(list)-1].Homes.N != 21 || list[len(list)-1].Answered.N != 30 {
			t.Errorf("%+v %v %v", list, err, err2)
		}
		w.pass(KeepHunts + time.Hour)
		if err := w.n.Trim(ctx); err != nil {
			t.Fatal(err)
		}
		if list, err := w.n.Hunts(ctx, "t1"); err != nil || len(list) > 0 {
			t.Errorf("%+v %v", list, err)
		}
	})
}

// A search is for malware: what people use cannot be looked for, and one person begins none.
func TestSearchesThatCannotBe(t *testing.T) {
	inWorlds(t, func(w *world) {
		w.file("popular.txt", "news.example\n")
		w.again(Options{Known: func(context.Context) ([]Known, error) {
			return []Known{{Name: "fw.maker.example", Model: "Plug", Homes: 30, Share: .5}}, nil
		}})
		for what, change := range map[string]func(*Hunt){
			"a popular name": func(h *Hunt) { h.Of[0].Value = "www.news.example" }, "a service": func(h *Hunt) { h.Of[0].Value = "netflix.com" },
			"what devices use": func(h *Hunt) { h.Of[0].Value = "fw.maker.example" }, "a suffix": func(h *Hunt) { h.Of[0].Value = "co.uk" },
			"no family": func(h *Hunt) { h.Of[0].Family = "" }, "kind": func(h *Hunt) { h.Of[0].Kind = "ip" }, "nothing": func(h *Hunt) { h.Of = nil },
			"much": func(h *Hunt) { h.Of = make([]HuntFor, MaxHuntFor+1) }, "long ago": func(h *Hunt) { h.Since = w.now().Add(-31 * day) },
			"one person": func(h *Hunt) { h.Second = h.Asker }, "nobody": func(h *Hunt) { h.Second = "" }, "no reason": func(h *Hunt) { h.Why = "x" },
			"the home's own": func(h *Hunt) { h.Of[1].Value = "192.168.1.1" },
		} {
			h := aHunt()
			if change(&h); w.startErr(h) == nil {
				t.Errorf("%s was taken", what)
			}
		}
		if err := w.startErr(aHunt()); err != nil {
			t.Error(err)
		}
	})
}

func (w *world) startErr(h Hunt) error {
	_, err := w.n.StartHunt(context.Background(), "t1", h, nil)
	if err != nil && !errors.Is(err, ErrWrong) {
		w.t.Error(err)
	}
	return err
}

func hostHash(name string) uint64 {
	e := home.Endpoint{Name: name, Domain: registrable(name), Port: 443, Proto: "tcp"}
	c := endpoint.Of(&e, false, false)
	return c.Keys[endpoint.Host]
}

// Before a list goes out it is told what it would have touched, day by day, and what of it healthy devices use.
func TestADryRun(t *testing.T) {
	inWorlds(t, func(w *world) {
		w.file("own.txt", "provider.example\n")
		bad, rare := hostHash("bad.example"), hostHash("rare.example")
		today := w.now().Truncate(day)
		uses := func(n int, at time.Time) map[string][]uint64 {
			out := map[string][]uint64{}
			if n < 25 && at.Equal(today) || n < 22 && at.Equal(today.Add(-day)) || n < 3 && at.Equal(today.Add(-2*day)) {
				out["plug"], out["cam"] = []uint64{1, bad}, []uint64{2}
			}
			return out
		}
		var since time.Time
		w.again(Options{
			Known: func(context.Context) ([]Known, error) {
				return []Known{{Name: "fw.maker.example", Model: "Maker Plug", Share: .41, Homes: 312}}, nil
			},
			Hunt: func(_ context.Context, ends []uint64, from time.Time, do func(home.Place, string, uint64) error) error {
				since = from
				for _, e := range ends {
					for k := range 25 {
						if e == bad {
							if err := do(place(k), "plug", e); err != nil {
								return err
							}
						}
						if e == rare && k < 2 {
							if err := do(home.Place{Tenant: "t2", Home: fmt.Sprint(k)}, "", e); err != nil {
								return err
							}
						}
					}
				}
				return nil
			},
			Day: func(_ context.Context, p home.Place, at time.Time) (map[string][]uint64, error) {
				var n int
				if got, _ := fmt.Sscanf(p.Home, "home-%d", &n); got != 1 {
					n = 1000
				}
				return uses(n, at), nil
			},
		})
		list := "bad.example\nfw.maker.example\nwww.provider.example\nrare.example\nco.uk\n198.51.100.0/24\n"
		d, err := w.n.DryRun(context.Background(), "", "list.txt", strings.NewReader(list), "")
		if err != nil || d.Entries != 5 || d.Looked != 2 || d.Blocks != 1 || d.Homes != (Count{N: 27}) || d.Devices != 25 || len(d.Days) != DryDays || d.Cut {
			t.Fatalf("%+v %v", d, err)
		}
		if !since.Equal(today.Add(-6 * day)) {
			t.Errorf("since %s", since)
		}
		if n := d.Days[6]; n.Homes != (Count{N: 25}) || n.Devices != 25 || !n.Day.Equal(today) {
			t.Errorf("%+v", n)
		}
		if n := d.Days[5]; n.Homes != (Count{N: 22}) {
			t.Errorf("%+v", n)
		}
		if n := d.Days[4]; n.Homes != (Count{Few: true}) || n.Devices != 0 {
			t.Errorf("%+v", n)
		}
		if n := d.Days[0]; n.Homes != (Count{}) {
			t.Errorf("%+v", n)
		}
		if len(d.Uses) != 1 || d.Uses[0] != (Use{"fw.maker.example", "Maker Plug", .41, 312}) || d.Refused["used by healthy devices of a model"] != 1 || d.Refused[string(ReasonProvider)]+d.Refused["a time, update or the provider's own host"] != 1 {
			t.Errorf("%+v %v", d.Uses, d.Refused)
		}
		if d, err := w.n.DryRun(context.Background(), "t2", "list.txt", strings.NewReader(list), ""); err != nil || d.Homes != (Count{Few: true}) || d.Devices != 0 {
			t.Errorf("another tenant's: %+v %v", d, err)
		}
		if _, err := w.n.DryRun(context.Background(), "", "list.txt", strings.NewReader(strings.Repeat("<p>\n", 60)), ""); !errors.Is(err, ErrWrong) {
			t.Errorf("no list: %v", err)
		}
		w.source(Source{Name: "list", Kind: KindFolder, Place: w.file("lists/malware/list.txt", list), Trust: 80})
		if _, err := w.n.DryRunOf(context.Background(), "", "list"); !errors.Is(err, ErrUnknown) {
			t.Errorf("nothing was fetched: %v", err)
		}
		w.turn()
		if d, err := w.n.DryRunOf(context.Background(), "", "list"); err != nil || d.Homes.N != 27 {
			t.Errorf("%+v %v", d, err)
		}
	})
}
