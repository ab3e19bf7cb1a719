package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/staff/rights"
)

type fakeDesk struct{ *cloud }

func (c fakeDesk) act(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.decided = append(c.decided, what)
}

func (c fakeDesk) Bearer(_ context.Context, secret string) (Session, error) {
	of, scopes, ok := strings.Cut(secret, ":")
	if !ok {
		return Session{}, problem.New(problem.Unauthorized, "")
	}
	s := Session{ID: secret, Kind: Staff, Tenant: of, Expires: time.Now().Add(time.Hour), Roles: []rights.Role{rights.Automation}, Scopes: []rights.Right{}}
	for r := range strings.SplitSeq(scopes, ",") {
		s.Scopes = append(s.Scopes, rights.Right(r))
	}
	return s, nil
}
func (c fakeDesk) Tokens(_ context.Context, tenant string) ([]view.BearerToken, error) {
	return []view.BearerToken{{Name: "marked:" + tenant}}, nil
}
func (c fakeDesk) MakeToken(_ context.Context, by Session, t view.NewToken) (view.MadeToken, error) {
	c.act("token")
	return view.MadeToken{BearerToken: view.BearerToken{Name: "marked:" + by.Tenant}}, nil
}
func (c fakeDesk) RevokeToken(context.Context, Session, string) error { c.act("revoke"); return nil }
func (c fakeDesk) Staff(_ context.Context, tenant string) ([]view.Employee, error) {
	return []view.Employee{{Name: "marked:" + tenant}}, nil
}
func (c fakeDesk) SetRoles(context.Context, Session, string, []string) error {
	c.act("roles")
	return nil
}
func (c fakeDesk) RemoveStaff(context.Context, Session, string) error { c.act("remove"); return nil }
func (c fakeDesk) Propose(_ context.Context, by Session, p view.Proposal) (view.Approval, error) {
	c.act("propose " + p.Kind)
	return view.Approval{Kind: p.Kind, What: json.RawMessage(`{}`), Reason: "marked:" + by.Tenant}, nil
}
func (c fakeDesk) Decide(_ context.Context, by Session, id string, _ view.Decision) (view.Approval, error) {
	c.act("decide " + id)
	return view.Approval{Kind: id, What: json.RawMessage(`{}`), Reason: "marked:" + by.Tenant}, nil
}
func (c fakeDesk) Approval(_ context.Context, tenant, id string) (view.Approval, error) {
	if id == "a" {
		id = "home.erase"
	}
	return view.Approval{Kind: id, What: json.RawMessage(`{}`), Reason: "marked:" + tenant, Proposer: "staff-a", State: "open"}, nil
}
func (c fakeDesk) Approvals(_ context.Context, tenant, _ string, _ Page) (Slice[view.Approval], error) {
	return Slice[view.Approval]{Items: []view.Approval{{Kind: "home.erase", Proposer: "staff-a", State: "open", What: json.RawMessage(`{}`), Reason: "marked:" + tenant}}}, nil
}
func (c fakeDesk) StaffWays(_ context.Context, provider string) ([]view.StaffWay, error) {
	if provider == "none" {
		return nil, nil
	}
	return []view.StaffWay{{Provider: "north", Name: "North"}}, nil
}
func (c fakeDesk) BeginStaff(context.Context, string) (string, string, error) {
	return "https://login.example.net/", "kept", nil
}
func (c fakeDesk) FinishStaff(_ context.Context, state, cookie, code, _ string) (Session, string, error) {
	switch code {
	case "no-role":
		return Session{}, "", problem.New(problem.Right, "")
	case "unverified":
		return Session{}, "", problem.New(problem.Forbidden, "")
	case "password":
		return Session{}, "", problem.New(problem.Conflict, "")
	}
	if state != "s" || cookie != "kept" || code != "c" {
		return Session{}, "", problem.New(problem.SignIn, "")
	}
	return c.signedIn["staff-a"], "staff-a", nil
}

// TestWhoProposesAndWhoDecides: each kind as each role.
func TestWhoProposesAndWhoDecides(t *testing.T) {
	for role, may := range map[rights.Role][2]string{
		rights.Tier1: {"home.erase home.export", ""}, rights.Tier2: {"home.erase home.export", ""},
		rights.SOC:      {"bulk.block hunt intel.list", "bulk.block hunt intel.list"},
		rights.Engineer: {"rollout.start rollout.undo", ""}, rights.Privacy: {"home.erase home.export", "home.erase home.export"},
		rights.Admin: {"bulk.block hunt intel.list", "rollout.start rollout.undo bulk.block hunt intel.list"}, rights.Automation: {"rollout.start rollout.undo intel.list", ""},
	} {
		c := newCloud()
		c.hire("staff-a", role)
		s := testServer(t, c, Config{})
		for kind := range approvalNeeds {
			w := request(s, "POST", "/v1/staff/approvals", "staff-a", `{"kind":"`+kind+`","what":{},"reason":"because of 4711"}`)
			if want := strings.Contains(" "+may[0]+" ", " "+kind+" "); (w.Code == 201) != want || !want && w.Code != 403 {
				t.Errorf("%s proposes %s: %d %s", role, kind, w.Code, w.Body)
			}
			w = request(s, "POST", "/v1/staff/approvals/"+kind+"/decision", "staff-a", `{"yes":true,"reason":"because of 4711"}`)
			if want := strings.Contains(" "+may[1]+" ", " "+kind+" "); (w.Code == 200) != want || !want && w.Code != 403 {
				t.Errorf("%s decides %s: %d %s", role, kind, w.Code, w.Body)
			}
		}
	}
}

// TestASessionSaysWhatItMay: of each role the very rights that the table grants it, of several the best.
func TestASessionSaysWhatItMay(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	for _, roles := range [][]rights.Role{{rights.Tier1}, {rights.Privacy, rights.SOC}, {rights.Admin}, {}} {
		c.hire("staff-a", roles...)
		var got view.Session
		w := request(s, "GET", "/v1/staff/session", "staff-a", "")
		if err := json.Unmarshal(w.Body.Bytes(), &got); len(roles) > 0 && (w.Code != 200 || err != nil) {
			t.Fatalf("%v: %d %v %s", roles, w.Code, err, w.Body)
		}
		if len(got.Roles) != len(roles) || len(roles) > 0 && got.Roles[0] != (view.SessionRole{Role: string(roles[0]), Name: roles[0].Words()}) {
			t.Errorf("%v: it says %v", roles, got.Roles)
		}
		for _, l := range rights.Matrix() {
			want := string(rights.Best(roles, l.Right))
			if have := got.Rights[string(l.Right)]; have != want && (have != "" || want != string(rights.No)) {
				t.Errorf("%v: %s is %q, want %q", roles, l.Right, have, want)
			}
		}
	}
	if w := request(s, "GET", "/v1/session", "resident-a", ""); strings.Contains(w.Body.String(), `"rights"`) {
		t.Errorf("a resident's session: %s", w.Body)
	}
	w := request(s, "GET", "/v1/staff/session", "", "", "Authorization: Bearer "+tenantA+":fleet.view")
	if !strings.Contains(w.Body.String(), `"rights":{"fleet.view":"yes","session.own":"yes"}`) {
		t.Errorf("a token: %s", w.Body)
	}
}

// TestApprovalsSayWhoMayDecide: who proposed is told so in every answer, and neither they nor whoever lacks the right are asked to decide.
func TestApprovalsSayWhoMayDecide(t *testing.T) {
	for _, one := range []struct {
		token         string
		roles         []rights.Role
		mine, decides bool
	}{
		{"staff-a", []rights.Role{rights.Privacy}, true, false}, {"staff-a2", []rights.Role{rights.Privacy}, false, true}, {"staff-a2", []rights.Role{rights.Tier1}, false, false},
	} {
		c := newCloud()
		c.signedIn["staff-a2"] = Session{ID: "s2", Kind: Staff, Tenant: tenantA, Person: view.Person{ID: "another"}, Expires: time.Now().Add(time.Hour)}
		c.signedIn["staff-a"] = Session{ID: "s1", Kind: Staff, Tenant: tenantA, Person: view.Person{ID: "staff-a"}, Expires: time.Now().Add(time.Hour)}
		c.hire(one.token, one.roles...)
		s := testServer(t, c, Config{})
		for _, path := range []string{"/v1/staff/approvals", "/v1/staff/approvals/home.erase", "/v1/staff/approvals?state=open"} {
			w := request(s, "GET", path, one.token, "")
			if body := w.Body.String(); w.Code != 200 || strings.Contains(body, `"mine":true`) != one.mine || strings.Contains(body, `"decides":true`) != one.decides || strings.Contains(body, "roposer\"") {
				t.Errorf("%s as %v: %d %s", path, one, w.Code, body)
			}
		}
	}
}

func TestTokensHaveTheirScopesOnly(t *testing.T) {
	s := testServer(t, newCloud(), Config{})
	ask := func(method, path, header string) *httptest.ResponseRecorder {
		return request(s, method, path, "", "", "Authorization: "+header)
	}
	for _, one := range []struct {
		path, header string
		code         int
	}{
		{"/v1/staff/overview", "Bearer " + tenantA + ":fleet.view", 200}, {"/v1/staff/overview", "Bearer " + tenantA + ":rollout.view", 403},
		{"/v1/staff/homes", "Bearer " + tenantA + ":home.search,fleet.view", 403}, // a scope is no right
		{"/v1/staff/tokens", "Bearer " + tenantA + ":staff.manage", 403}, {"/v1/staff/session", "Bearer " + tenantA + ":fleet.view", 200},
		{"/v1/staff/overview", "Bearer nothing", 401}, {"/v1/staff/overview", "Basic " + tenantA + ":fleet.view", 401}, {"/v1/staff/overview", "Bearer ", 401},
		{"/v1/session", "Bearer " + tenantA + ":fleet.view", 401}, {"/v1/homes/" + homeA, "Bearer " + tenantA + ":fleet.view", 401},
	} {
		if w := ask("GET", one.path, one.header); w.Code != one.code {
			t.Errorf("%s with %s: %d %s", one.path, one.header, w.Code, w.Body)
		}
	}
}

func TestNobodyChangesWhatTheyAreThemselves(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	if w := request(s, "PUT", "/v1/staff/people/staff-a/roles", "staff-a", `{"roles":["privacy"]}`); w.Code != 409 {
		t.Errorf("%d", w.Code)
	}
	if w := request(s, "DELETE", "/v1/staff/people/staff-a", "staff-a", ""); w.Code != 409 || len(c.decided) > 0 {
		t.Errorf("%d %v", w.Code, c.decided)
	}
}

func TestStaffGoToTheProviderAndBack(t *testing.T) {
	s := testServer(t, newCloud(), Config{Secure: true})
	w := request(s, "GET", "/v1/staff/sign-in", "", "") // somebody who is not signed in is told where to go
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"provider":"north","name":"North"`) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for _, why := range []string{"no-role", "unverified", "password"} { // the console has a sentence for each
		w = request(s, "GET", "/v1/staff/sign-in/provider/back?state=s&code="+why, "", "", "Cookie: cardea_away=kept")
		if w.Header().Get("Location") != "/staff/?sign-in="+why {
			t.Errorf("%s: %d %v", why, w.Code, w.Header())
		}
	}
	w = request(s, "GET", "/v1/staff/sign-in/provider", "", "")
	if w.Code != 303 || w.Header().Get("Location") != "https://login.example.net/" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	if c := w.Result().Cookies()[0]; c.Value != "kept" || c.Path != "/v1/staff/sign-in/provider" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("%v", c)
	}
	w = request(s, "GET", "/v1/staff/sign-in/provider/back?state=s&code=c", "", "", "Cookie: cardea_away=kept")
	if w.Code != 303 || w.Header().Get("Location") != "/staff/" || !strings.Contains(strings.Join(w.Header()["Set-Cookie"], ";"), "cardea_staff=staff-a") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for _, wrong := range []string{"?state=s&code=x", "?error=access_denied&state=s", ""} {
		w = request(s, "GET", "/v1/staff/sign-in/provider/back"+wrong, "", "", "Cookie: cardea_away=kept")
		if w.Code != 303 || w.Header().Get("Location") != "/staff/?sign-in=refused" || strings.Contains(strings.Join(w.Header()["Set-Cookie"], ";"), "cardea_staff=") {
			t.Errorf("%s: %d %v", wrong, w.Code, w.Header())
		}
	}
}
