package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/cloud/api/view"
	"cardea/home"

	"pgregory.net/rapid"
)

// residentRoutes are all routes of the residents' door.
func residentRoutes(s *Server) (all []string) {
	for path, item := range s.huma.OpenAPI().Paths {
		for method, there := range map[string]bool{"GET": item.Get != nil, "POST": item.Post != nil, "PATCH": item.Patch != nil, "DELETE": item.Delete != nil, "PUT": item.Put != nil} {
			if route := method + " " + path; there && !staffPath(path) && !slices.Contains(open, route) {
				all = append(all, route)
			}
		}
	}
	slices.Sort(all)
	return all
}

func TestEveryRouteHasALeastRole(t *testing.T) {
	s := testServer(t, newCloud(), Config{})
	for _, route := range residentRoutes(s) {
		role, ok := least[route]
		if !ok {
			t.Errorf("%s is not in the table of least roles (roles.go)", route)
			continue
		}
		if about := strings.Contains(route, "/homes/{home}"); about == (role == Anyone) || !slices.Contains(ranks, role) {
			t.Errorf("%s: %s", route, role)
		}
		if role == Viewer && !strings.HasPrefix(route, "GET ") && route != "POST "+inHome+"/leave" {
			t.Errorf("%s: a viewer changes nothing", route)
		}
	}
}

// TestRolesAreKeptTo: whoever's role is less than a route's is refused before anything is done; whoever's is enough is not
// refused for it.
func TestRolesAreKeptTo(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	all := samples(s, homeA)
	routes := residentRoutes(s)
	patterns := map[string]string{}
	for _, route := range routes {
		method, path, _ := strings.Cut(route, " ")
		patterns[method+" "+fillPath(path, homeA)] = route
	}
	rapid.Check(t, func(rt *rapid.T) {
		one := rapid.SampledFrom(all).Draw(rt, "route")
		path, _, _ := strings.Cut(one.path, "?")
		route, ok := patterns[one.method+" "+path]
		if !ok || !strings.Contains(route, "{home}") || one.isStream() {
			rt.Skip("not about a home, or without end")
		}
		role := rapid.SampledFrom([]Role{"", "king", Anyone, Viewer, Member, Owner}).Draw(rt, "role")
		c.become("resident-a", role)
		w := request(s, one.method, one.path, "resident-a", one.body)
		refused := w.Code == http.StatusForbidden && strings.Contains(w.Body.String(), "/problems/role-required")
		if want := !role.atLeast(least[route]); refused != want {
			rt.Fatalf("%s as %q: refused %v, want %v: %d %s", route, role, refused, want, w.Code, w.Body)
		}
		if refused && strings.Contains(w.Body.String(), tenantA) {
			rt.Fatalf("%s as %q told of the home: %s", route, role, w.Body)
		}
	})
}

func (c *cloud) become(token string, role Role) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.signedIn[token]
	s.Homes = slices.Clone(s.Homes)
	for i := range s.Homes {
		s.Homes[i].Role = role
	}
	c.signedIn[token] = s
}

func TestOnlyAnOwnerErasesByOrder(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	c.become("resident-a", Member)
	if w := request(s, "POST", "/v1/homes/"+homeA+"/orders", "resident-a", `{"verb":"erase","device":"d"}`); w.Code != 403 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := request(s, "POST", "/v1/homes/"+homeA+"/orders", "resident-a", `{"verb":"check","device":"d"}`); w.Code != 202 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestWhoMayOnlyLookGetsNoCode: with a code a device is let out at the gateway's page.
func TestWhoMayOnlyLookGetsNoCode(t *testing.T) {
	for role, sees := range map[Role]bool{Viewer: false, Member: true, Owner: true} {
		c := newCloud()
		c.become("resident-a", role)
		parts := c.parts()
		parts.Orders, parts.Incidents = codeOrders{c}, codeIncidents{c}
		web := httptest.NewServer(serverOf(t, parts).Handler())
		for _, path := range []string{"/orders", "/orders/o", "/incidents/i"} {
			if got := strings.Contains(get(t, web, "/v1/homes/"+homeA+path), "48151623"); got != sees {
				t.Errorf("%s as %s: sees %v", path, role, got)
			}
		}
		web.Close()
	}
}

type codeOrders struct{ *cloud }

func (codeOrders) Orders(context.Context, home.Place, string) ([]view.Order, error) {
	return []view.Order{{Code: "48151623"}}, nil
}
func (codeOrders) Order(context.Context, home.Place, string) (view.Order, error) {
	return view.Order{Code: "48151623"}, nil
}

type codeIncidents struct{ *cloud }

func (codeIncidents) Incident(context.Context, home.Place, string, string) (view.Incident, error) {
	return view.Incident{Orders: []view.Order{{Code: "48151623"}}}, nil
}

// TestNobodyTakesAnothersDeviceForTheirOwn: who says that two devices are one would see of both whom they talk to.
func TestNobodyTakesAnothersDeviceForTheirOwn(t *testing.T) {
	for owner, want := range map[string]int{"resident-x": 403, "resident-a": 202} {
		c := newCloud()
		c.become("resident-a", Member)
		parts := c.parts()
		parts.Owners = fakeOwners{of: map[string]string{"theirs": owner}}
		s := serverOf(t, parts)
		for path, body := range map[string]string{"/devices/d/merge": `{"other":"theirs"}`, "/devices/theirs/merge": `{"other":"d"}`, "/devices/theirs/split": `{"mac":"02:00:00:00:00:01"}`} {
			if w := request(s, "POST", "/v1/homes/"+homeA+path, "resident-a", body); w.Code != want {
				t.Errorf("%s of %s: %d %s", path, owner, w.Code, w.Body)
			}
		}
	}
}

type fakeOwners struct {
	of     map[string]string
	shared bool
	fail   error
}

func (f fakeOwners) Owners(context.Context, home.Place) (map[string]string, bool, error) {
	return f.of, f.shared, f.fail
}

// privateHomes answers with a destination in everything about a device.
type privateHomes struct{ fakeHomes }

const destination = "private-destination.example"

func (privateHomes) Devices(context.Context, home.Place) ([]view.Device, error) {
	return []view.Device{privateDevice("d")}, nil
}
func (privateHomes) Device(_ context.Context, _ home.Place, id string) (view.DeviceDetail, error) {
	return view.DeviceDetail{Device: privateDevice(id)}, nil
}

func privateDevice(id string) view.Device {
	names := func() []string { return []string{destination} }
	return view.Device{ID: id, Blocked: names(), Allowed: names(), Trial: &view.Trial{Stopped: names()}, Identity: view.Identity{Evidence: names()},
		Exposures: []view.Exposure{{Evidence: names()}}}
}

type privateLive struct{ *cloud }

func (privateLive) Contacts(context.Context, home.Place, Asker, string, time.Time, time.Time, int) (view.Contacts, error) {
	return view.Contacts{Items: []view.Contact{{Device: "d", Name: destination}}}, nil
}
func (privateLive) Follow(_ context.Context, _ home.Place, _ Asker, _ string, yield func(LivePart) error) error {
	return yield(LivePart{Contacts: []view.Contact{{Device: "d", Name: destination}}, Devices: []view.Device{privateDevice("d")}})
}

type privateIncidents struct{ *cloud }

func (privateIncidents) Incident(context.Context, home.Place, string, string) (view.Incident, error) {
	return view.Incident{IncidentSummary: view.IncidentSummary{Device: view.Ref{ID: "d"}}, WhatHappened: destination,
		Findings: []view.Finding{{Sentence: destination}}, Deeds: []view.Deed{{Endpoint: destination, What: destination}},
		Alert: "It contacted " + destination, Orders: []view.Order{{Endpoint: destination}}, History: []view.Transition{{Why: "Taken back: It can no longer reach " + destination + "."}},
		Playbook: &view.Playbook{Steps: []view.PlaybookStep{{Result: "It still asks " + destination}}}}, nil
}

type privateOrders struct{ *cloud }

func (privateOrders) Orders(context.Context, home.Place, string) ([]view.Order, error) {
	return []view.Order{{Device: "d", Endpoint: destination}}, nil
}
func (privateOrders) Order(context.Context, home.Place, string) (view.Order, error) {
	return view.Order{Device: "d", Endpoint: destination}, nil
}

func (privateHomes) Home(context.Context, home.Place, string) (view.Home, error) {
	return view.Home{Cards: []view.Card{{Device: "d", Alert: "It contacted " + destination}}}, nil
}
func (privateHomes) StoppedByDay(context.Context, home.Place, time.Time, time.Time) (view.Stopped, error) {
	return view.Stopped{Items: []view.Stop{{Device: view.Ref{ID: "d"}, Endpoint: destination, Reason: destination, Card: &view.EvidenceCard{Blocks: []string{destination}}}}}, nil
}
func (privateHomes) Stopped(context.Context, home.Place, time.Time) (view.Stopped, error) {
	return view.Stopped{Items: []view.Stop{{Device: view.Ref{ID: "d"}, Endpoint: destination, Reason: destination, Card: &view.EvidenceCard{Blocks: []string{destination}}}}}, nil
}

// TestNobodySeesAnothersDestinations asks for everything that names destinations of one device, as each who may ask.
func TestNobodySeesAnothersDestinations(t *testing.T) {
	paths := []string{"", "/devices", "/devices/d", "/devices/d/contacts", "/devices/d/preview", "/incidents/i", "/orders", "/orders/o", "/stopped", "/stopped?since=2026-11-01T00:00:00Z&until=2026-11-08T00:00:00Z", "/live", "/live?device=d"}
	for _, one := range []struct {
		name   string
		role   Role
		owners Owners
		sees   bool
	}{
		{"whose it is", Member, fakeOwners{of: map[string]string{"d": "resident-a"}}, true},
		{"another's", Member, fakeOwners{of: map[string]string{"d": "resident-x"}}, false},
		{"one who does not sign in", Member, fakeOwners{of: map[string]string{"d": ""}}, false},
		{"another's, for a viewer", Viewer, fakeOwners{of: map[string]string{"d": "resident-x"}}, false},
		{"another's, shared", Viewer, fakeOwners{of: map[string]string{"d": "resident-x"}, shared: true}, true},
		{"another's, for the owner", Owner, fakeOwners{of: map[string]string{"d": "resident-x"}}, true},
		{"nobody's", Viewer, fakeOwners{of: map[string]string{"e": "resident-x"}}, true},
		{"nobody keeps it", Viewer, nil, true},
		{"not known just now", Viewer, fakeOwners{fail: errors.New("no database")}, false},
	} {
		t.Run(one.name, func(t *testing.T) {
			c := newCloud()
			c.become("resident-a", one.role)
			parts := c.parts()
			parts.Homes, parts.Live, parts.Incidents, parts.Orders, parts.Owners = privateHomes{fakeHomes{c}}, privateLive{c}, privateIncidents{c}, privateOrders{c}, one.owners
			web := httptest.NewServer(serverOf(t, parts).Handler())
			defer web.Close()
			for _, path := range paths {
				if path == "/devices/d/preview" && one.sees {
					continue // the fake's names nobody
				}
				body := get(t, web, "/v1/homes/"+homeA+path)
				if got := strings.Contains(body, destination); got != one.sees {
					t.Errorf("%s: sees %v, want %v: %s", path, got, one.sees, body)
				}
			}
		})
	}
}

func serverOf(t *testing.T, p Parts) *Server {
	t.Helper()
	s, err := New(Config{}, p, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// get asks as a browser does: event streams need a real connection.
func get(t *testing.T, web *httptest.Server, path string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, web.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: cookieName(Resident), Value: "resident-a"})
	resp, err := web.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return read(t, resp.Body)
}
