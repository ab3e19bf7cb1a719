package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"cardea/cloud/api/view"
	"cardea/cloud/staff/rights"
	"cardea/home"
)

// staffRoutes are all routes of the staff's door that need a session.
func staffRoutes(s *Server) (all []string) {
	for path, item := range s.huma.OpenAPI().Paths {
		for method, there := range map[string]bool{"GET": item.Get != nil, "POST": item.Post != nil, "PATCH": item.Patch != nil, "DELETE": item.Delete != nil, "PUT": item.Put != nil} {
			if route := method + " " + path; there && staffPath(path) && !slices.Contains(open, route) {
				all = append(all, route)
			}
		}
	}
	slices.Sort(all)
	return all
}

func TestEveryStaffRouteNeedsARight(t *testing.T) {
	s := testServer(t, newCloud(), Config{})
	routes := staffRoutes(s)
	for _, route := range routes {
		if r, ok := staffNeeds[route]; !ok || !r.Known() {
			t.Errorf("%s has no line in the table of what staff need (rights.go)", route)
		}
	}
	for route := range staffNeeds {
		if !slices.Contains(routes, route) {
			t.Errorf("the table of what staff need knows %s, which is no route", route)
		}
	}
	for _, verb := range strings.Split(verbsOf(s), ",") {
		if r, ok := orderNeeds[verb]; !ok || !r.Known() {
			t.Errorf("the order %q has no line in the table of what staff need", verb)
		}
	}
}

// verbsOf are the verbs of an order as the document has them.
func verbsOf(s *Server) string {
	var all []string
	for _, v := range s.huma.OpenAPI().Components.Schemas.Map()["NewOrder"].Properties["verb"].Enum {
		all = append(all, v.(string))
	}
	return strings.Join(all, ",")
}

// fixed is an Insight as a test wants it.
type fixed struct {
	consented bool
	troubled  map[string]bool
}

func (f fixed) Consented(context.Context, home.Place) (bool, error) { return f.consented, nil }
func (f fixed) Troubled(context.Context, home.Place) (map[string]bool, error) {
	return f.troubled, nil
}
func (f fixed) Pseudonym(home.Place) string { return "pseudonym" }

func (c *cloud) hire(token string, roles ...rights.Role) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.signedIn[token]
	s.Roles = roles
	c.signedIn[token] = s
}

// TestRolesOfStaffAreKeptTo asks for every route as every role, alone: what the table refuses is refused before anything is
// done, and what it grants is not refused for the role.
func TestRolesOfStaffAreKeptTo(t *testing.T) {
	asked := 0
	for _, role := range append(slices.Clone(rights.Roles), "king", "") {
		c := newCloud()
		c.hire("staff-a", role)
		c.looks["staff-a"+homeA] = true
		parts := c.parts()
		parts.Insight = fixed{consented: true, troubled: map[string]bool{"d": true}}
		s := serverOf(t, parts)
		patterns := map[string]string{}
		for _, route := range staffRoutes(s) {
			method, path, _ := strings.Cut(route, " ")
			patterns[method+" "+fillPath(path, homeA)] = route
		}
		for _, one := range samples(s, homeA) {
			path, _, _ := strings.Cut(one.path, "?")
			route, ok := patterns[one.method+" "+path]
			if !ok || route == "DELETE /v1/staff/session" {
				continue
			}
			asked++
			before := c.did()
			w := request(s, one.method, one.path, "staff-a", one.body)
			refused := w.Code == http.StatusForbidden && strings.Contains(w.Body.String(), "/problems/right-required")
			want := !rights.May(role, staffNeeds[route]).Any() || strings.Contains(route, "{home}") && !rights.May(role, rights.HomeLook).Any()
			if route == "POST "+staffHome+"/orders" { // the sample lets a device out
				want = want || !rights.May(role, rights.HomeRelease).Any()
			}
			switch { // the samples propose and decide that a home is erased
			case route == "POST /v1/staff/approvals":
				want = want || !rights.May(role, rights.HomeErase).Any()
			case route == "DELETE "+staffIn+"/protections": // what holds is taken back for good
				want = want || rights.May(role, rights.HomeRelease) != rights.Yes
			case strings.HasSuffix(route, "/archive"): // who may only ask for an export does not fetch it
				want = want || rights.May(role, rights.HomeExport) != rights.Yes
			case strings.HasSuffix(route, "/decision"):
				want = want || rights.May(role, rights.HomeErase) != rights.Yes
			}
			if refused != want {
				t.Errorf("%s as %q: refused %v, want %v: %d %s", route, role, refused, want, w.Code, w.Body)
			}
			if refused && (c.did() != before && route != "POST "+staffHome+"/orders" && route != "DELETE "+staffIn+"/protections" || strings.Contains(w.Body.String(), "marked:")) {
				t.Errorf("%s as %q: something was done or told: %s", route, role, w.Body)
			}
		}
	}
	if asked < 300 {
		t.Errorf("asked %d times only", asked)
	}
}

// did counts what was done or written down.
func (c *cloud) did() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.asked) + len(c.abouts) + len(c.hunted) + len(c.closed) + len(c.decided) + len(c.recorded)
}

// TestVerbsOfStaff: what each role may ask of a gateway, verb by verb.
func TestVerbsOfStaff(t *testing.T) {
	for role, may := range map[rights.Role]string{
		rights.Tier1:    "check quarantine block disallow mode try step unblock allow undo release",
		rights.Tier2:    "check quarantine block disallow mode try step unblock allow undo release dismiss code",
		rights.SOC:      "check quarantine block disallow mode try step unblock allow undo release dismiss code",
		rights.Engineer: "", rights.Privacy: "erase", rights.Admin: "", rights.Automation: "",
	} {
		for verb := range orderNeeds {
			if verb == "remedy" {
				continue // not of this route yet
			}
			c := newCloud()
			c.hire("staff-a", role)
			c.looks["staff-a"+homeA] = true
			parts := c.parts()
			parts.Insight = fixed{troubled: map[string]bool{"d": true}}
			s := serverOf(t, parts)
			w := request(s, "POST", "/v1/staff/homes/"+homeA+"/orders", "staff-a", `{"verb":"`+verb+`","device":"d","mode":"no-lan","why":"they asked"}`)
			if want := slices.Contains(strings.Fields(may), verb); (w.Code == 202) != want || !want && (w.Code != 403 || len(c.asked) > 0) {
				t.Errorf("%s as %s: %d %s", verb, role, w.Code, w.Body)
			}
			if verb == "release" && len(c.asked) == 1 && c.asked[0].Until.IsZero() != (role != rights.Tier1) {
				t.Errorf("%s lets out until %v", role, c.asked[0].Until)
			}
		}
	}
	c := newCloud()
	c.hire("staff-a", rights.Tier1)
	c.looks["staff-a"+homeA] = true
	s := testServer(t, c, Config{})
	for _, mode := range []string{`,"mode":"off"`, ""} {
		if w := request(s, "POST", "/v1/staff/homes/"+homeA+"/orders", "staff-a", `{"verb":"mode","device":"d"`+mode+`,"why":"they asked"}`); w.Code != 403 {
			t.Errorf("tier 1 ends a mode for good: %d", w.Code)
		}
	}
}

func TestWhoMayLetOutForAnHourCannotSayHowLong(t *testing.T) {
	c := newCloud()
	c.hire("staff-a", rights.Tier1)
	c.looks["staff-a"+homeA] = true
	s := testServer(t, c, Config{})
	if w := request(s, "POST", "/v1/staff/homes/"+homeA+"/orders", "staff-a", `{"verb":"release","device":"d","why":"they asked","until":"2030-01-01T00:00:00Z"}`); w.Code != 422 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestNamesForStaff: names that devices contacted are shown as the role has them.
func TestNamesForStaff(t *testing.T) {
	trouble := map[string]bool{"d": true}
	for _, one := range []struct {
		name  string
		roles []rights.Role
		in    Insight
		sees  bool
	}{
		{"tier 1", []rights.Role{rights.Tier1}, fixed{true, trouble}, false},
		{"tier 2 without consent", []rights.Role{rights.Tier2}, fixed{false, trouble}, false},
		{"tier 2 with consent", []rights.Role{rights.Tier2}, fixed{true, nil}, true},
		{"SOC in an incident", []rights.Role{rights.SOC}, fixed{true, trouble}, true},
		{"SOC, another device's incident", []rights.Role{rights.SOC}, fixed{true, map[string]bool{"e": true}}, false},
		{"SOC and tier 2 with consent", []rights.Role{rights.SOC, rights.Tier2}, fixed{true, nil}, true},
		{"engineer", []rights.Role{rights.Engineer}, fixed{true, trouble}, false},
		{"privacy officer", []rights.Role{rights.Privacy}, fixed{true, trouble}, false},
		{"administrator", []rights.Role{rights.Admin}, fixed{true, trouble}, false},
		{"nobody knows", []rights.Role{rights.SOC, rights.Tier2}, nil, false},
	} {
		c := newCloud()
		c.hire("staff-a", one.roles...)
		c.looks["staff-a"+homeA] = true
		parts := c.parts()
		parts.Homes, parts.Live, parts.Incidents, parts.Orders, parts.Insight = privateHomes{fakeHomes{c}}, privateLive{c}, privateIncidents{c}, privateOrders{c}, one.in
		s := serverOf(t, parts)
		for _, path := range []string{"/devices", "/devices/d", "/devices/d/contacts", "/incidents/i", "/orders", "/orders/o"} {
			w := request(s, "GET", "/v1/staff/homes/"+homeA+path, "staff-a", "")
			if got := strings.Contains(w.Body.String(), destination); got != one.sees {
				t.Errorf("%s, %s: sees %v: %d %s", one.name, path, got, w.Code, w.Body)
			}
		}
	}
}

// TestAnalystsKnowHomesByPseudonym: neither name nor account of a home is told, and homes are not found by them.
func TestAnalystsKnowHomesByPseudonym(t *testing.T) {
	for _, one := range []struct {
		roles []rights.Role
		names bool
	}{{[]rights.Role{rights.SOC}, false}, {[]rights.Role{rights.Tier1}, true}, {[]rights.Role{rights.SOC, rights.Tier1}, true}} {
		c := newCloud()
		c.hire("staff-a", one.roles...)
		c.looks["staff-a"+homeA] = true
		parts := c.parts()
		parts.Fleet, parts.Insight = namedFleet{fakeFleet{c}}, fixed{troubled: map[string]bool{"d": true}}
		s := serverOf(t, parts)
		for _, path := range []string{"/homes", "/incidents", "/search?code=K7QM", "/homes/" + homeA} {
			w := request(s, "GET", "/v1/staff"+path, "staff-a", "")
			named := strings.Contains(w.Body.String(), "Baker Street") || strings.Contains(w.Body.String(), "marked:")
			if w.Code != 200 || named != one.names || strings.Contains(w.Body.String(), `"pseudonym"`) == one.names {
				t.Errorf("%v %s: %d %s", one.roles, path, w.Code, w.Body)
			}
		}
		if w := request(s, "GET", "/v1/staff/homes?q=baker", "staff-a", ""); (w.Code == 200) != one.names {
			t.Errorf("%v find homes by name: %d", one.roles, w.Code)
		}
	}
}

type namedFleet struct{ fakeFleet }

func (namedFleet) Homes(context.Context, string, string, string, Page) (Slice[view.FleetHome], error) {
	return Slice[view.FleetHome]{Items: []view.FleetHome{{ID: homeA, Name: "Baker Street", Account: "Baker Street 221b"}}}, nil
}
func (namedFleet) Board(context.Context, string, string, Page) (Slice[view.BoardIncident], error) {
	return Slice[view.BoardIncident]{Items: []view.BoardIncident{{Home: view.Ref{ID: homeA, Name: "Baker Street"}}}}, nil
}
func (namedFleet) ByCode(context.Context, string, string) ([]view.BoardIncident, error) {
	return []view.BoardIncident{{Home: view.Ref{ID: homeA, Name: "Baker Street"}}}, nil
}

func TestAnalystsOpenHomesInTroubleOnly(t *testing.T) {
	for _, in := range []fixed{{}, {troubled: map[string]bool{"x": true}}} {
		c := newCloud()
		c.hire("staff-a", rights.SOC)
		parts := c.parts()
		parts.Insight = in
		s := serverOf(t, parts)
		w := request(s, "POST", "/v1/staff/homes/"+homeA+"/looks", "staff-a", `{"reason":"alert 4711"}`)
		w2 := request(s, "GET", "/v1/staff/homes/"+homeA, "staff-a", "")
		if open := len(in.troubled) > 0; (w.Code == 201) != open || (w2.Code == 200) != open {
			t.Errorf("%v: %d %d %s", in, w.Code, w2.Code, w2.Body)
		}
	}
}

// TestWhoMayNotSearchKnowsNoHomeByName: a token sees the boards of the fleet, and no home's name in them.
func TestWhoMayNotSearchKnowsNoHomeByName(t *testing.T) {
	c := newCloud()
	c.hire("staff-a", rights.Automation)
	parts := c.parts()
	parts.Fleet, parts.Insight = namedFleet{fakeFleet{c}}, fixed{}
	s := serverOf(t, parts)
	for _, path := range []string{"/incidents", "/tables/incidents", "/tables/incidents.csv"} {
		w := request(s, "GET", "/v1/staff"+path, "staff-a", "")
		if text := w.Body.String(); w.Code != 200 || strings.Contains(text, "Baker Street") || strings.Contains(text, "marked:") || !strings.Contains(text, "pseudonym") {
			t.Errorf("%s: %d %s", path, w.Code, text)
		}
	}
}

// heldDevice is in quarantine, and heldCase has a deed that holds it and one that cuts an address off.
type (
	heldDevice struct{ fakeHomes }
	heldCase   struct{ *cloud }
)

func (heldDevice) Device(context.Context, home.Place, string) (d view.DeviceDetail, err error) {
	d.Mode = string(home.ModeQuarantine)
	return d, nil
}

func (heldCase) Incident(context.Context, home.Place, string, string) (view.Incident, error) {
	return view.Incident{Deeds: []view.Deed{{ID: "hold", Kind: string(home.DeedHold)}, {ID: "cut", Kind: string(home.DeedCut)}}}, nil
}

// TestAnHourIsNotLongerByAnotherWay: who may let a device out for an hour does not loosen how it is held for good by another order.
func TestAnHourIsNotLongerByAnotherWay(t *testing.T) {
	for _, role := range []rights.Role{rights.Tier1, rights.Tier2} {
		for order, want := range map[string]bool{
			`"verb":"mode","device":"d","mode":"endpoint-block"`: role == rights.Tier2, `"verb":"mode","device":"d","mode":"no-lan"`: role == rights.Tier2,
			`"verb":"mode","device":"d","mode":"update-only"`: role == rights.Tier2,
			`"verb":"mode","device":"d","mode":"quarantine"`:  true, `"verb":"undo","incident":"i","deed":"cut"`: true,
			`"verb":"undo","incident":"i","deed":"hold"`: role == rights.Tier2, `"verb":"undo","incident":"i","deed":"none"`: role == rights.Tier2,
		} {
			c := newCloud()
			c.hire("staff-a", role)
			c.looks["staff-a"+homeA] = true
			parts := c.parts()
			parts.Homes, parts.Incidents = heldDevice{fakeHomes{c}}, heldCase{c}
			w := request(serverOf(t, parts), "POST", "/v1/staff/homes/"+homeA+"/orders", "staff-a", `{`+order+`,"why":"they asked"}`)
			if (w.Code == 202) != want || !want && (w.Code != 403 || len(c.asked) > 0) {
				t.Errorf("%s as %s: %d %s", order, role, w.Code, w.Body)
			}
		}
		for _, about := range []struct {
			method, path, body string
			want               bool
		}{
			{"PUT", "/identity", `{"class":"camera"}`, true}, {"PUT", "/identity", `{"class":"medical"}`, role == rights.Tier2}, {"PUT", "/identity", `{"class":"alarm"}`, role == rights.Tier2},
			{"POST", "/protections", `{"kind":"no-lan"}`, true}, {"DELETE", "/protections", `{"kind":"no-lan"}`, role == rights.Tier2},
		} {
			c := newCloud()
			c.hire("staff-a", role)
			c.looks["staff-a"+homeA] = true
			w := request(testServer(t, c, Config{}), about.method, "/v1/staff/homes/"+homeA+"/devices/d"+about.path, "staff-a", about.body)
			if (w.Code == 202) != about.want || !about.want && (w.Code != 403 || len(c.abouts) > 0) {
				t.Errorf("%s %s %s as %s: %d %s", about.method, about.path, about.body, role, w.Code, w.Body)
			}
		}
	}
}

// reaching is a console in which so many homes called something.
type reaching struct {
	fakeConsole
	homes int
}

func (r reaching) Reach(context.Context, string, CasesQuery) (view.Reach, error) {
	return view.Reach{Homes: r.homes}, nil
}

// TestWhatFewHomesCalledIsTheirs: who sees no names does not find out by a filter which home called something.
func TestWhatFewHomesCalledIsTheirs(t *testing.T) {
	for _, one := range []struct {
		role  rights.Role
		homes int
		may   bool
	}{{rights.Tier1, tracedHomes - 1, false}, {rights.Automation, 0, false}, {rights.Admin, 1, false}, {rights.Tier1, tracedHomes, true}, {rights.SOC, 1, true}} {
		c := newCloud()
		c.hire("staff-a", one.role)
		parts := c.parts()
		parts.Console, parts.Insight = reaching{homes: one.homes}, fixed{}
		s := serverOf(t, parts)
		for _, path := range []string{"/tables/incidents", "/tables/incidents.csv", "/tables/reach"} {
			if w := request(s, "GET", "/v1/staff"+path+"?indicator=rare.example", "staff-a", ""); (w.Code == 200) != one.may || !one.may && w.Code != 403 {
				t.Errorf("%s of %d homes as %s: %d %s", path, one.homes, one.role, w.Code, w.Body)
			}
			if w := request(s, "GET", "/v1/staff"+path, "staff-a", ""); w.Code != 200 {
				t.Errorf("%s as %s: %d", path, one.role, w.Code)
			}
		}
	}
}
