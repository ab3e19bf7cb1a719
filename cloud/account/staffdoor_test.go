package account

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"cardea/cloud/account/oidc"
	"cardea/cloud/staff/rights"

	"github.com/zitadel/oidc/v3/example/server/storage"
)

const staffBack = "https://home.example.net/v1/staff/sign-in/provider/back"

// withStaff is a CSP whose provider tells of groups.
func (w *world) withStaff() *csp {
	w.t.Helper()
	of := &customers{users: map[string]*storage.User{}, groups: map[string][]string{"analyst": {"cardea-soc", "unknown"}, "both": {"cardea-soc", "helpdesk"}, "other": {"unknown"}, "unverified": {"helpdesk"}, "local": {"helpdesk"}}}
	for _, name := range []string{"analyst", "both", "other", "none", "unverified", "local"} {
		of.users[name] = &storage.User{ID: name, Username: name, Password: "their password there", FirstName: "Staff", LastName: name, Email: name + "@example.org", EmailVerified: name != "unverified"}
	}
	c := newCSP(w.t, of)
	c.back = staffBack
	door := must(oidc.New(oidc.Config{Issuer: c.web.URL, ClientID: "cardea", Secret: "a secret of the client", Redirect: staffBack, RoleClaim: "realm_access.roles",
		Client: &http.Client{Transport: c.client.Transport}}))(w.t)
	w.opts.StaffProviders = map[string]*StaffDoor{"north": {Door: door, Roles: map[string][]rights.Role{"cardea-soc": {rights.SOC}, "helpdesk": {rights.Tier1, rights.Automation}}}}
	return c
}

func (w *world) staffThrough(c *csp, user string) (Session, string, error) {
	w.t.Helper()
	where, browser, err := w.BeginStaff(w.ctx, "north")
	w.ok(err)
	q := c.signIn(where, user)
	return w.FinishStaff(w.ctx, q.Get("state"), browser, q.Get("code"), q.Get("iss"))
}

// TestStaffSignInAtTheProvider goes through a real provider: what staff are is read from its claims at each sign-in.
func TestStaffSignInAtTheProvider(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.withStaff()
		for slug, want := range map[string]int{"": 1, "north": 1, "south": 0} {
			if list := must(w.StaffWays(w.ctx, slug))(t); len(list) != want || want == 1 && list[0].Slug != "north" {
				t.Errorf("%q: %+v", slug, list)
			}
		}
		s, token, err := w.staffThrough(c, "analyst")
		w.ok(err)
		if !slices.Equal(s.Staff, []rights.Role{rights.SOC}) || s.Person.Email != "analyst@example.org" || s.Kind != Staff || s.Expires.Sub(s.Created) != time.Hour {
			t.Fatalf("%+v", s)
		}
		both, _, err := w.staffThrough(c, "both")
		w.ok(err)
		if !slices.Equal(both.Staff, []rights.Role{rights.SOC, rights.Tier1}) {
			t.Errorf("%v", both.Staff)
		}
		c.store.of.groups["analyst"] = []string{"helpdesk"}
		again, _, err := w.staffThrough(c, "analyst")
		w.ok(err)
		if again.Person != s.Person || !slices.Equal(again.Staff, []rights.Role{rights.Tier1}) {
			t.Errorf("%+v", again)
		}
		if old := must(w.Authenticate(w.ctx, Staff, token))(t); !slices.Equal(old.Staff, again.Staff) {
			t.Errorf("the older session has %v", old.Staff)
		}
		c.store.of.groups["analyst"] = nil
		_, _, err = w.staffThrough(c, "analyst")
		w.is(err, ErrNoRole)
		_, err = w.Authenticate(w.ctx, Staff, token)
		w.is(err, ErrSession)
		_, token, err = w.staffThrough(c, "both")
		w.ok(err)
		w.clock.forward(time.Hour)
		_, err = w.Authenticate(w.ctx, Staff, token)
		w.is(err, ErrSession)
	})
}

func TestStaffWhomTheProviderDoesNotLetIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.withStaff()
		must(w.AddStaff(w.ctx, w.tenant.ID, "local@example.org", "Local", password, rights.Admin))(t)
		for user, want := range map[string]error{"other": ErrNoRole, "none": ErrNoRole, "unverified": ErrUnverified, "local": ErrExists} {
			_, token, err := w.staffThrough(c, user)
			w.is(err, want)
			if token != "" {
				t.Errorf("%s got a session", user)
			}
		}
		if list := must(w.Staff(w.ctx, w.tenant.ID))(t); len(list) != 1 || !slices.Equal(list[0].Roles, []rights.Role{rights.Admin}) {
			t.Errorf("accounts were made or changed: %+v", list)
		}
		// A browser that went as a resident does not come back as staff, nor one that another one sent.
		w.opts.Providers = map[string]*oidc.Door{"north": w.opts.StaffProviders["north"].Door}
		where, browser, err := w.BeginProvider(w.ctx, "north")
		w.ok(err)
		q := c.signIn(where, "both")
		_, _, err = w.FinishStaff(w.ctx, q.Get("state"), browser, q.Get("code"), "")
		w.is(err, ErrChallenge)
		where, _, err = w.BeginStaff(w.ctx, "north")
		w.ok(err)
		q = c.signIn(where, "both")
		_, _, err = w.FinishStaff(w.ctx, q.Get("state"), "another browser", q.Get("code"), "")
		w.is(err, ErrChallenge)
	})
}

func TestRolesOfStaff(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, err := w.AddStaff(w.ctx, w.tenant.ID, "x@example.org", "X", password)
		if err == nil {
			t.Error("staff without a role")
		}
		_, err = w.AddStaff(w.ctx, w.tenant.ID, "x@example.org", "X", password, rights.Automation)
		if err == nil {
			t.Error("a person with the role of tokens")
		}
		p := must(w.AddStaff(w.ctx, w.tenant.ID, "x@example.org", "X", password, rights.Tier1))(t)
		_, token, err := w.SignIn(w.ctx, Staff, "", p.Email, password)
		w.ok(err)
		w.ok(w.SetRoles(w.ctx, w.tenant.ID, p.ID, []rights.Role{rights.SOC, rights.Tier2, rights.SOC}, "admin"))
		if s := must(w.Authenticate(w.ctx, Staff, token))(t); !slices.Equal(s.Staff, []rights.Role{rights.SOC, rights.Tier2}) {
			t.Errorf("%v", s.Staff)
		}
		w.ok(w.SetRoles(w.ctx, w.tenant.ID, p.ID, nil, "admin"))
		_, err = w.Authenticate(w.ctx, Staff, token)
		w.is(err, ErrSession)
		_, _, err = w.SignIn(w.ctx, Staff, "", p.Email, password)
		w.is(err, ErrSession)
		w.is(w.SetRoles(w.ctx, w.tenant.ID, w.resident.ID, []rights.Role{rights.Admin}, "admin"), ErrNotFound)
		w.ok(w.RemoveStaff(w.ctx, w.tenant.ID, p.ID, "admin"))
		w.is(w.RemoveStaff(w.ctx, w.tenant.ID, w.resident.ID, "admin"), ErrNotFound)
	})
}
