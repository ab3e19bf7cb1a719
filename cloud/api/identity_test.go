package api

import (
	"log/slog"
	"strings"
	"testing"

	"cardea/cloud/api/view"
)

func TestWhoADeviceIsIsAskedOfTheGateway(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	device := "/v1/homes/" + homeA + "/devices/d"
	for _, r := range []struct {
		method, path, body string
		code               int
		want               About
	}{
		{"PUT", "/identity", `{"model":"Example Cam","why":"it says so below"}`, 202, About{Verb: "identify", Identity: view.Correction{Model: "Example Cam", Why: view.Why{Why: "it says so below"}}, Why: "it says so below"}},
		{"PUT", "/identity", `{"class":"medical"}`, 202, About{Verb: "identify", Identity: view.Correction{Class: "medical"}}},
		{"PUT", "/identity", `{}`, 422, About{}},
		{"PUT", "/identity", `{"class":"spaceship"}`, 422, About{}},
		{"PUT", "/identity", `{"model":"` + strings.Repeat("m", 65) + `"}`, 422, About{}},
		{"DELETE", "/identity?why=wrong", ``, 202, About{Verb: "identify", Why: "wrong"}},
		{"POST", "/merge", `{"other":"e"}`, 202, About{Verb: "merge", Other: "e"}},
		{"POST", "/merge", `{"other":"d"}`, 422, About{}},
		{"POST", "/split", `{"mac":"02:00:00:00:00:01"}`, 202, About{Verb: "split", MAC: "02:00:00:00:00:01"}},
		{"POST", "/split", `{"mac":"me"}`, 422, About{}},
		{"POST", "/protections", `{"kind":"close","proto":"tcp","port":80}`, 202, About{Verb: "protect", Protection: view.Protection{Kind: "close", Proto: "tcp", Port: 80}}},
		{"POST", "/protections", `{"kind":"no-lan","port":80}`, 422, About{}},
		{"POST", "/protections", `{"kind":"explode"}`, 422, About{}},
		{"DELETE", "/protections", `{"kind":"vendor-only"}`, 202, About{Verb: "unprotect", Protection: view.Protection{Kind: "vendor-only"}}},
	} {
		c.abouts = nil
		w := request(s, r.method, device+r.path, "resident-a", r.body)
		if w.Code != r.code {
			t.Errorf("%s %s %s: %d %s", r.method, r.path, r.body, w.Code, w.Body)
			continue
		}
		if r.code != 202 {
			if len(c.abouts) != 0 {
				t.Errorf("%s %s: asked for %v", r.path, r.body, c.abouts)
			}
			continue
		}
		r.want.Device = "d"
		if len(c.abouts) != 1 || c.abouts[0] != r.want || !strings.Contains(w.Body.String(), `"asked"`) {
			t.Errorf("%s %s: asked for %+v, want %+v", r.method, r.path, c.abouts, r.want)
		}
	}
}

func TestStaffGiveTheReasonOfTheirLook(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	at := "/v1/staff/homes/" + homeA
	if w := request(s, "DELETE", at+"/devices/d/identity", "staff-a", ""); w.Code != 403 || len(c.abouts) != 0 {
		t.Fatalf("without a look: %d %s", w.Code, w.Body)
	}
	request(s, "POST", at+"/looks", "staff-a", `{"reason":"they called"}`)
	if w := request(s, "DELETE", at+"/devices/d/identity", "staff-a", ""); w.Code != 202 || len(c.abouts) != 1 || c.abouts[0].Why != "a reason" {
		t.Fatalf("%d %s, %+v", w.Code, w.Body, c.abouts)
	}
	if len(c.recorded) == 0 || !strings.Contains(c.recorded[len(c.recorded)-1], "delete /devices/d/identity") {
		t.Errorf("written down: %q", c.recorded)
	}
}

func TestACloudThatDoesNotLearnSaysSo(t *testing.T) {
	c := newCloud()
	parts := c.parts()
	parts.Models = nil
	s, err := New(Config{}, parts, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v1/staff/models", "/v1/staff/clusters", "/v1/staff/exposures"} {
		if w := request(s, "GET", path, "staff-a", ""); w.Code != 404 || !strings.Contains(w.Body.String(), "does not learn") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
