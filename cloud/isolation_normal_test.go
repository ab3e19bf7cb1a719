package cloud_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"cardea/behavior/endpoint"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"
)

// neighbours are homes of each provider that have the same camera: together as many as it takes to be told of, one provider's alone
// are too few.
const neighbours = 12

// ownHost is what only the devices of one home, or one provider's homes, call.
func ownHost(mark string) *home.Endpoint {
	return &home.Endpoint{Name: "own." + mark + ".example", Domain: mark + ".example", Port: 443, Proto: "tcp", ASN: 64500}
}

// called is that a device used an endpoint in the week before this one.
func called(device string, e *home.Endpoint) *pb.FirstTime {
	c := endpoint.Of(e, false, false)
	return &pb.FirstTime{Device: device, Endpoint: c.Keys[endpoint.Host], Domain: c.Keys[endpoint.Domain], Network: c.Keys[endpoint.Network], Service: c.Keys[endpoint.Service],
		Flags: uint32(c.Flags), Week: wire.Week(time.Now()) - 1, Days: 7, Active: 7, Renewed: true, Name: fmt.Sprintf("%s:%d/%s", e.Name, e.Port, e.Proto)}
}

// live has neighbours of all providers live for long, and the cloud learn of them what is normal. What happened in many homes, and
// what hard findings of homes agree on, is told by rows as the guard writes them.
func (w *town) live() {
	t := w.t
	t.Helper()
	shared := &home.Endpoint{Name: "api.cam.example", Domain: "cam.example", Port: 443, Proto: "tcp", ASN: 64500}
	now := time.Now()
	err := w.db.Tx(t.Context(), func(tx *db.Tx) error {
		ids, normal := w.rooms.Fleet.Begin(tx), w.rooms.Normal.Begin(tx)
		for _, p := range w.providers {
			for range neighbours {
				at := home.Place{Tenant: p.id, Home: newID(t)}
				if err := ids.Take(at, now, &pb.Item{Body: &pb.Item_Sightings{Sightings: &pb.Sightings{Scheme: 1, Devices: []*pb.Sighted{
					{Device: "cam", Week: 2900, Model: "Shared Cam", Vendor: "Example", Class: "camera", By: "rules", Tokens: tokensOf("shared")}}}}}); err != nil {
					return err
				}
				if err := normal.Take(at, now, &pb.Item{Body: &pb.Item_FirstTimes{FirstTimes: &pb.FirstTimes{Scheme: home.CollapseScheme,
					FirstTimes: []*pb.FirstTime{called("cam", shared), called("cam", ownHost(p.mark))}}}}); err != nil {
					return err
				}
			}
		}
		if err := ids.Flush(); err != nil {
			return err
		}
		if err := normal.Flush(); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE normal_home SET since = ?", now.AddDate(0, -2, 0).UnixMilli()); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO fleet_label (id, model, vendor, class, homes, shown, said_by, teaches, why, texts, words) VALUES ('0c','Shared Cam','Example','camera',24,24,'rules',1,'','','example shared cam camera')"); err != nil {
			return err
		}
		return w.happened(tx, now)
	})
	if err != nil {
		t.Fatal(err)
	}
	for r := must(w.rooms.Normal.Learn(t.Context()))(t); r.Busy; r = must(w.rooms.Normal.Learn(t.Context()))(t) {
		time.Sleep(10 * time.Millisecond)
	}
	for _, h := range w.houses {
		err := w.db.View(t.Context(), func(tx *db.Tx) error {
			return tx.Row("SELECT id FROM normal_model WHERE model = ?", h.mark+" model").Scan(&h.profile)
		})
		if err != nil {
			t.Fatalf("the profile of %s: %v", h.mark, err)
		}
	}
}

// happened writes incidents of the fleet: one of both providers, one of each; and an indicator that is refused.
func (w *town) happened(tx *db.Tx, now time.Time) error {
	add := func(id, name, why string, homes int, of ...*provider) error {
		_, err := tx.Exec("INSERT INTO normal_incident (id, kind, class, vendor, model, reason, endpoint, name, homes, why, since, seen, quiet, until, state)"+
			" VALUES (?, 'update', 'camera', 'Example', 'Shared Cam', 'novelty', ?, ?, ?, ?, ?, ?, 0, ?, 'open')", id, int64(ownHost(name).Hash()), name, homes, why, now.UnixMilli(),
			now.UnixMilli(), now.Add(time.Hour).UnixMilli())
		for _, p := range of {
			if err != nil {
				return err
			}
			_, err = tx.Exec("INSERT INTO normal_hit (tenant, incident, homes) VALUES (?, ?, ?)", p.id, id, homes/len(of))
		}
		return err
	}
	for _, p := range w.providers {
		p.incident = strings.ReplaceAll(newID(w.t), "-", "")[16:]
		if err := add(p.incident, p.mark, "7 homes with "+p.mark+" "+secret, 7, p); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO normal_herd (endpoint, since, force, until, homes, refused, why) VALUES (?,?,?,?,6,1,'Hard findings in 6 homes agree on it, but 3 homes use it')",
			ownHost(p.mark).Name+" 443 tcp", now.UnixMilli(), now.UnixMilli(), now.Add(time.Hour).UnixMilli()); err != nil {
			return err
		}
	}
	return add("00000000000000aa", "both", "2 of 24 looked at", 24, w.providers...)
}

// secret is in the sentence of an incident: it is there for its own staff.
const secret = "told to its staff"

// isOpen says whether the fleet's incident of one provider's homes is open.
func (w *town) isOpen(p *provider) bool {
	w.t.Helper()
	var n int
	err := w.db.View(w.t.Context(), func(tx *db.Tx) error {
		return tx.Row("SELECT COUNT(*) FROM normal_incident WHERE id = ? AND state = 'open'", p.incident).Scan(&n)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n == 1
}

// reopen opens all of them.
func (w *town) reopen() {
	w.t.Helper()
	if err := w.db.Tx(w.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec("UPDATE normal_incident SET state = 'open'")
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
}

// fewAreNotTold: staff see what many homes do, with its name; of what fewer than twenty homes do neither name nor hash nor number,
// even of their own, and of others' models nothing.
func (w *town) fewAreNotTold() {
	w.t.Helper()
	for _, p := range w.providers {
		all := w.staffSee(p)
		for _, x := range w.providers {
			hosts := []*home.Endpoint{ownHost(x.mark)}
			for _, h := range x.houses {
				hosts = append(hosts, ownHost(h.mark))
			}
			for _, e := range hosts {
				for _, word := range []string{e.Name, fmt.Sprintf("%016x", e.Hash())} {
					if strings.Contains(all, word) {
						w.t.Errorf("staff of %s are told of %s, which few homes use:\n%s", p.mark, word, all)
					}
				}
			}
		}
		for _, want := range []string{`"count":24`, "api.cam.example:443/tcp", p.houses[0].mark + " model", p.houses[1].mark + " model", secret, "fewer than 20 of 24 looked at", `"state":"refused"`} {
			if !strings.Contains(all, want) {
				w.t.Errorf("staff of %s are not told %q:\n%s", p.mark, want, all)
			}
		}
		for _, never := range []string{`"count":7`, `"count":12`, `"count":6`, "7 homes", " 6 homes", " 3 homes"} {
			if strings.Contains(all, never) {
				w.t.Errorf("staff of %s are told %q:\n%s", p.mark, never, all)
			}
		}
		w.hunts(p)
	}
}

// staffSee is all that a provider's staff are told of what is normal.
func (w *town) staffSee(p *provider) string {
	w.t.Helper()
	var b strings.Builder
	get := func(path string) string {
		out := w.ask("GET", path, "", as(p.staff))
		if out.code != http.StatusOK {
			w.t.Errorf("%s: %d %s", path, out.code, out.body)
		}
		b.WriteString(out.body + "\n")
		return out.body
	}
	var list struct{ Items []struct{ ID string } }
	if err := json.Unmarshal([]byte(get("/v1/staff/profiles?limit=100")), &list); err != nil || len(list.Items) < 3 {
		w.t.Errorf("%d models, %v", len(list.Items), err)
	}
	for _, m := range list.Items {
		get("/v1/staff/profiles/" + m.ID)
	}
	var models struct {
		Items []struct{ Model, Profile string }
	}
	if err := json.Unmarshal([]byte(get("/v1/staff/models?q=SHARED+cam")), &models); err != nil || len(models.Items) != 1 || models.Items[0].Profile == "" {
		w.t.Errorf("the model that all have, and its profile: %+v, %v", models, err)
	} else {
		get("/v1/staff/profiles/" + models.Items[0].Profile)
	}
	get("/v1/staff/models?q=e")
	get("/v1/staff/profiles?q=e")
	get("/v1/staff/fleet-incidents")
	get("/v1/staff/indicators")
	return b.String()
}

// hunts: staff are told of their own homes whether there is any, and of all only how many many are.
func (w *town) hunts(p *provider) {
	w.t.Helper()
	hunt := func(name string) string {
		out := w.ask("POST", "/v1/staff/hunts", fmt.Sprintf(`{"name":%q,"port":443,"proto":"tcp","reason":"somebody asked"}`, name), as(p.staff))
		if out.code != http.StatusOK {
			w.t.Errorf("hunt: %d %s", out.code, out.body)
		}
		return compact(w.t, out.body, "since")
	}
	none := hunt("nobody.calls.example")
	for _, x := range w.providers {
		for _, mark := range []string{x.mark, x.houses[0].mark} {
			got := hunt(ownHost(mark).Name)
			if own := strings.Replace(got, `"any": true`, `"any": false`, 1) == none && got != none; own != (x == p) || x != p && got != none {
				w.t.Errorf("%s looks for what %s uses:\n%s", p.mark, mark, got)
			}
		}
	}
	if got := hunt("api.cam.example"); !strings.Contains(got, `"count": 24`) || !strings.Contains(got, `"any": true`) {
		w.t.Errorf("%s looks for what all use:\n%s", p.mark, got)
	}
}
