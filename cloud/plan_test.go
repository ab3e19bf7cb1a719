package cloud_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"cardea/cloud/api/view"
)

// A plan without people and reports keeps these back and nothing else; the gateway hears of plan and brand, and so do people.
func TestAPlanAndABrandReachAHome(t *testing.T) {
	t.Parallel()
	w := startWhole(t, "")
	p := w.addProvider()
	h, desk := w.addHouse(p), w.addSystem(p, "home.provision")
	at := "/v1/homes/" + h.place.Home
	ask := func(method, path, body string, want int) answer {
		t.Helper()
		by := h.resident
		if strings.HasPrefix(path, "/v1/staff/") {
			by = p.staff
		}
		out := w.ask(method, path, body, as(by))
		if out.code != want {
			t.Fatalf("%s %s: %d %s, want %d", method, path, out.code, out.body, want)
		}
		return out
	}
	of := func() (v view.Home) {
		t.Helper()
		if err := json.Unmarshal([]byte(ask("GET", at, "", http.StatusOK).body), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := of(); v.Plan.Name != "" || len(v.Plan.Extras) != 4 {
		t.Fatalf("without plans: %+v", v.Plan)
	}
	ask("POST", at+"/people", `{"name":"Robin"}`, http.StatusCreated)
	ask("PUT", "/v1/staff/plans/basic", `{"name":"Basic <b>","extras":[]}`, http.StatusOK)
	ask("PUT", "/v1/staff/plans/family", `{"name":"Family","extras":["people","reports"]}`, http.StatusOK)
	ask("PUT", "/v1/staff/plans/worse", `{"name":"Worse","extras":["protection"]}`, http.StatusUnprocessableEntity)
	if v := of(); v.Plan.Name != "Basic <b>" || len(v.Plan.Extras) != 0 {
		t.Fatalf("the standard one: %+v", v.Plan)
	}
	if out := ask("POST", at+"/people", `{"name":"Kim"}`, http.StatusForbidden); !strings.Contains(out.body, "/problems/not-in-plan") {
		t.Fatal(out.body)
	}
	ask("GET", at+"/reports", "", http.StatusForbidden)
	for _, open := range []string{"", "/devices", "/people", "/schedules", "/incidents", "/stopped", "/privacy", "/export.json", "/policy"} { // what protects, and one's own data
		ask("GET", at+open, "", http.StatusOK)
	}
	desk.ask("PUT", inAccount(h.mark+" account"), `{"name":"Home","plan":"family"}`, http.StatusOK, nil)
	ask("POST", at+"/people", `{"name":"Kim"}`, http.StatusCreated)
	ask("GET", at+"/reports", "", http.StatusOK)
	ask("DELETE", "/v1/staff/plans/family", "", http.StatusConflict)

	for field, value := range map[string]string{"name": "<script>alert(1)</script>", "accent": "red;}", "phone": "call us", "support": "javascript:alert(1)", "hint_en": "\u202eback", "hint_de": "<b>x</b>"} {
		brand := map[string]string{"name": "", "accent": "", "phone": "", "support": "", "hint_en": "", "hint_de": ""}
		brand[field] = value
		b, err := json.Marshal(brand)
		if err != nil {
			t.Fatal(err)
		}
		if out := ask("PUT", "/v1/staff/brand", string(b), http.StatusUnprocessableEntity); !strings.Contains(out.body, `"body.`+field+`"`) {
			t.Errorf("%s: the error names no place: %s", field, out.body)
		}
	}
	hostile := `"North" & 'Net' \\ {x}` // as JSON has it in a string
	ask("PUT", "/v1/staff/brand", `{"name":`+strconv.Quote(hostile)+`,"accent":"#FFCC00","phone":"+49 30 1","support":"https://help.example.net/","hint_en":"Call us.","hint_de":"Anrufen."}`, http.StatusOK)
	var s view.Session
	if err := json.Unmarshal([]byte(ask("GET", "/v1/session", "", http.StatusOK).body), &s); err != nil {
		t.Fatal(err)
	}
	if b := s.Provider; b.Name != hostile || b.Accent != "#ffcc00" || b.Ink != "#000000" || b.Phone != "+49 30 1" || b.Support != "https://help.example.net/" || b.Light.Accent == b.Accent || b.Dark.Accent != b.Accent {
		t.Errorf("%+v", b)
	}
	d, err := w.rooms.Desired.Desired(t.Context(), h.place)
	if err != nil || d.GetPlan().GetId() != "family" || d.GetPlan().GetBrand().GetAccent() != "#ffcc00" || d.GetPlan().GetBrand().GetHintDe() != "Anrufen." || len(d.GetPlan().GetExtras()) != 2 {
		t.Errorf("%v %v", d.GetPlan(), err)
	}
	w.eventually("the gateway hears of it", func() bool { return h.agent.sold().GetBrand().GetName() == hostile })
}
