package account

import (
	"strings"
	"testing"
	"time"
)

// in signs somebody in by password.
func (w *world) in(p Person, password string) (Me, string) {
	w.t.Helper()
	s, token, err := w.SignIn(w.ctx, p.Kind, "north", p.Email, password)
	w.ok(err)
	return Me{Tenant: p.Tenant, Person: p.ID, Session: s.ID}, token
}

func TestChangePassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		me, token := w.in(w.resident, password)
		_, other := w.in(w.resident, password)
		link := must(w.SignInLink(w.ctx, Resident, w.tenant.ID, w.resident.ID, time.Hour))(t)
		w.is(w.ChangePassword(w.ctx, me, "not the right one", "a better password"), ErrConfirm)
		w.is(w.ChangePassword(w.ctx, me, "", "a better password"), ErrConfirm) // signing in a moment ago is not enough
		w.ok(w.ChangePassword(w.ctx, me, password, "a better password"))
		must(w.Authenticate(w.ctx, Resident, token))(t)
		_, err := w.Authenticate(w.ctx, Resident, other)
		w.is(err, ErrSession)
		_, _, err = w.SignInBy(w.ctx, Resident, link)
		w.is(err, ErrSession)
		_, _, err = w.SignIn(w.ctx, Resident, "north", w.resident.Email, password)
		w.is(err, ErrCredentials)
		w.in(w.resident, "a better password")
	})
}

func TestWhoHasNoPasswordSetsOneSoonAfterSigningIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := must(w.AddResident(w.ctx, w.tenant.ID, []string{w.home.ID}, "link@example.org", "By link", ""))(t)
		s, _, err := w.SignInBy(w.ctx, Resident, must(w.SignInLink(w.ctx, Resident, w.tenant.ID, p.ID, time.Hour))(t))
		w.ok(err)
		me := Me{p.Tenant, p.ID, s.ID}
		if st := must(w.Standing(w.ctx, me))(t); st.Password || st.Passkeys != 0 {
			t.Errorf("%+v", st)
		}
		w.ok(w.Confirm(w.ctx, me, ""))
		w.clock.forward(freshFor)
		w.is(w.Confirm(w.ctx, me, ""), ErrConfirm)
		w.is(w.ChangePassword(w.ctx, me, "", "a first password"), ErrConfirm)
		s, _, err = w.SignInBy(w.ctx, Resident, must(w.SignInLink(w.ctx, Resident, w.tenant.ID, p.ID, time.Hour))(t))
		w.ok(err)
		me.Session = s.ID
		w.ok(w.ChangePassword(w.ctx, me, "", "a first password"))
		w.clock.forward(freshFor)
		w.is(w.Confirm(w.ctx, me, "not that"), ErrConfirm)
		w.ok(w.Confirm(w.ctx, me, "a first password"))
	})
}

func TestConfirmingIsNotForGuessing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		me, _ := w.in(w.resident, password)
		w.clock.forward(freshFor)
		for range maxAttempts {
			w.is(w.Confirm(w.ctx, me, "a guess at it"), ErrConfirm)
		}
		w.is(w.Confirm(w.ctx, me, password), ErrThrottled)
	})
}

func TestSessions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		me, token := w.in(w.resident, password)
		second, other := w.in(w.resident, password)
		stranger, strangers := w.in(w.lives("member@example.org", RoleMember), password)
		w.ok(w.NameSession(w.ctx, token, "A browser\x00\u202e \xff"+strings.Repeat("ä", 300)))
		list := must(w.Sessions(w.ctx, me))(t)
		if len(list) != 2 {
			t.Fatalf("%+v", list)
		}
		for _, s := range list {
			if s.ID == me.Session && (!strings.HasPrefix(s.Agent, "A browser ä") || len(s.Agent) > maxAgent) {
				t.Errorf("%q", s.Agent)
			}
		}
		w.is(w.EndSession(w.ctx, stranger, me.Session), ErrNotFound)
		w.ok(w.EndSession(w.ctx, me, second.Session))
		_, err := w.Authenticate(w.ctx, Resident, other)
		w.is(err, ErrSession)
		w.in(w.resident, password)
		w.ok(w.SignOutOthers(w.ctx, me))
		if list = must(w.Sessions(w.ctx, me))(t); len(list) != 1 || list[0].ID != me.Session {
			t.Errorf("%+v", list)
		}
		must(w.Authenticate(w.ctx, Resident, token))(t)
		must(w.Authenticate(w.ctx, Resident, strangers))(t)
	})
}
