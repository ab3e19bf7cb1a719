package api

import (
	"encoding/json"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"

	"cardea/cloud/api/view"
)

func TestAHuntIsForANameOrAnAddress(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	for _, r := range []struct {
		body string
		code int
		want view.NewHunt
	}{
		{`{"name":"c2.example.net","port":443,"proto":"tcp","reason":"case 4711"}`, 200, view.NewHunt{Name: "c2.example.net", Port: 443, Proto: "tcp", Reason: "case 4711"}},
		{`{"ip":"2001:db8::1","port":53,"proto":"udp","reason":"case 4711"}`, 200, view.NewHunt{IP: "2001:db8::1", Port: 53, Proto: "udp", Reason: "case 4711"}},
		{`{"name":"c2.example.net","ip":"192.0.2.1","port":443,"proto":"tcp","reason":"case 4711"}`, 422, view.NewHunt{}},
		{`{"port":443,"proto":"tcp","reason":"case 4711"}`, 422, view.NewHunt{}},
		{`{"name":"c2.example.net","port":0,"proto":"tcp","reason":"case 4711"}`, 422, view.NewHunt{}},
		{`{"name":"c2.example.net","port":65536,"proto":"tcp","reason":"case 4711"}`, 422, view.NewHunt{}},
		{`{"name":"c2.example.net","port":443,"proto":"icmp","reason":"case 4711"}`, 422, view.NewHunt{}},
		{`{"name":"c2.example.net","port":443,"proto":"tcp"}`, 422, view.NewHunt{}},
		{`{"name":"c2.example.net","port":443,"proto":"tcp","reason":"x"}`, 422, view.NewHunt{}},
		{`{"name":"` + strings.Repeat("a.", 127) + `","port":443,"proto":"tcp","reason":"case 4711"}`, 422, view.NewHunt{}},
	} {
		c.hunted = nil
		w := request(s, "POST", "/v1/staff/hunts", "staff-a", r.body)
		if w.Code != r.code {
			t.Errorf("%s: %d %s", r.body, w.Code, w.Body)
		}
		if asked := len(c.hunted) == 1 && c.hunted[0] == r.want; asked != (r.code == 200) {
			t.Errorf("%s: asked for %+v", r.body, c.hunted)
		}
	}
	if w := request(s, "POST", "/v1/staff/hunts", "resident-a", `{"name":"c2.example.net","port":443,"proto":"tcp","reason":"case 4711"}`); w.Code != 401 {
		t.Errorf("a resident: %d", w.Code)
	}
}

func TestAnIncidentOfTheFleetIsClosedWithAReason(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	for body, code := range map[string]int{`{"reason":"the maker told us"}`: 204, `{"reason":"x"}`: 422, `{}`: 422, ``: 400} {
		c.closed = nil
		if w := request(s, "POST", "/v1/staff/fleet-incidents/0a/close", "staff-a", body); w.Code != code {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
		if got := slices.Equal(c.closed, []string{"staff-a 0a the maker told us"}); got != (code == 204) {
			t.Errorf("%s: done %v", body, c.closed)
		}
	}
}

func TestWhatIsNormalGoesPageByPage(t *testing.T) {
	s := testServer(t, newCloud(), Config{})
	var l struct {
		Items []struct{ Vendor, Model string }
		Next  string
	}
	w := request(s, "GET", "/v1/staff/profiles", "staff-a", "")
	if err := json.Unmarshal(w.Body.Bytes(), &l); err != nil || l.Next == "" || l.Items[0].Vendor != "" || l.Items[0].Model != "marked:"+tenantA+hostile {
		t.Fatalf("%v: %d %s", err, w.Code, w.Body)
	}
	w = request(s, "GET", "/v1/staff/profiles?cursor="+l.Next, "staff-a", "")
	if err := json.Unmarshal(w.Body.Bytes(), &l); err != nil || l.Items[0].Vendor != "40,0a" {
		t.Errorf("the next page: %v: %d %s", err, w.Code, w.Body)
	}
	if w := request(s, "GET", "/v1/staff/profiles?cursor=AAAA", "staff-a", ""); w.Code != 422 {
		t.Errorf("a cursor of nobody's: %d", w.Code)
	}
	if w := request(s, "GET", "/v1/staff/profiles/unknown", "staff-a", ""); w.Code != 404 {
		t.Errorf("a model that nobody has: %d", w.Code)
	}
	for _, list := range []string{`"changes":[]`, `"false_alarms":[]`, `"hours":[]`} {
		if w := request(s, "GET", "/v1/staff/profiles/0b", "staff-a", ""); !strings.Contains(w.Body.String(), list) {
			t.Errorf("no %s in %s", list, w.Body)
		}
	}
}

func TestModelsAndWhatIsNormalAreLookedForByAText(t *testing.T) {
	s := testServer(t, newCloud(), Config{})
	for _, path := range []string{"/v1/staff/models", "/v1/staff/profiles"} {
		for _, text := range []string{"", "Example Cam", "%_!'\"<script>\x00", strings.Repeat("ü", 100)} {
			var l struct{ Items []struct{ Why, Class string } }
			w := request(s, "GET", path+"?q="+url.QueryEscape(text), "staff-a", "")
			if err := json.Unmarshal(w.Body.Bytes(), &l); err != nil || w.Code != 200 || l.Items[0].Why+l.Items[0].Class != text {
				t.Errorf("%s of %q: %v: %d %s", path, text, err, w.Code, w.Body)
			}
		}
		if w := request(s, "GET", path+"?q="+strings.Repeat("x", 101), "staff-a", ""); w.Code != 422 {
			t.Errorf("%s of a text that is too long: %d", path, w.Code)
		}
		if w := request(s, "GET", path+"?q=x", "resident-a", ""); w.Code == 200 {
			t.Errorf("%s for a resident: %d", path, w.Code)
		}
	}
}

func TestACloudThatDoesNotLearnWhatIsNormalSaysSo(t *testing.T) {
	c := newCloud()
	parts := c.parts()
	parts.Normals = nil
	s, err := New(Config{}, parts, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v1/staff/profiles", "/v1/staff/profiles/0b", "/v1/staff/fleet-incidents", "/v1/staff/indicators"} {
		if w := request(s, "GET", path, "staff-a", ""); w.Code != 404 || !strings.Contains(w.Body.String(), "does not learn what is normal") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
