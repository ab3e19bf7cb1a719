package account

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/home"

	"pgregory.net/rapid"
)

func (w *world) lives(email string, role Role) Person {
	w.t.Helper()
	return must(w.AddResidentAs(w.ctx, w.tenant.ID, []string{w.home.ID}, role, email, "Lives here", password))(w.t)
}

func (w *world) roles() map[string]Role {
	w.t.Helper()
	out := map[string]Role{}
	for _, m := range must(w.Members(w.ctx, w.home.Place()))(w.t) {
		out[m.ID] = m.Role
	}
	return out
}

func TestRolesComeWithTheSession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		member := w.lives("member@example.org", RoleMember)
		s, token, err := w.SignIn(w.ctx, Resident, "north", member.Email, password)
		w.ok(err)
		if s.Roles[w.home.ID] != RoleMember {
			t.Fatalf("%v", s.Roles)
		}
		w.ok(w.ChangeRole(w.ctx, w.home.Place(), member.ID, RoleViewer, w.resident.ID))
		if s = must(w.Authenticate(w.ctx, Resident, token))(t); s.Roles[w.home.ID] != RoleViewer {
			t.Fatalf("the change shows with the next request: %v", s.Roles)
		}
		w.ok(w.RemoveMember(w.ctx, w.home.Place(), member.ID, w.resident.ID))
		_, err = w.Authenticate(w.ctx, Resident, token)
		w.is(err, ErrSession)
		_, err = w.Person(w.ctx, w.tenant.ID, member.ID)
		w.is(err, ErrNotFound) // they had no other home
	})
}

func TestOnlyOwnersChangeWhoBelongs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		member, viewer := w.lives("member@example.org", RoleMember), w.lives("viewer@example.org", RoleViewer)
		was := w.roles()
		for _, by := range []string{member.ID, viewer.ID, "staff", ""} {
			w.is(w.ChangeRole(w.ctx, w.home.Place(), viewer.ID, RoleOwner, by), ErrNotFound)
			w.is(w.RemoveMember(w.ctx, w.home.Place(), w.resident.ID, by), ErrNotFound)
			_, _, _, err := w.Invite(w.ctx, w.home.Place(), by, RoleOwner, "")
			w.is(err, ErrNotFound)
		}
		var bad *InputError
		if err := w.ChangeRole(w.ctx, w.home.Place(), viewer.ID, "king", w.resident.ID); !errors.As(err, &bad) {
			t.Errorf("%v", err)
		}
		if now := w.roles(); fmt.Sprint(now) != fmt.Sprint(was) {
			t.Errorf("%v, was %v", now, was)
		}
		w.ok(w.RemoveMember(w.ctx, w.home.Place(), viewer.ID, viewer.ID)) // whoever likes leaves
	})
}

// TestAHomeKeepsAnOwner: whatever people do to each other and themselves, in any order, an owner is left.
func TestAHomeKeepsAnOwner(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			h := must(w.CreateHome(w.ctx, w.tenant.ID, "Mill Lane", fmt.Sprint(n)))(t)
			var people []string
			for i := range rapid.IntRange(1, 4).Draw(rt, "people") {
				role := RoleOwner
				if i > 0 {
					role = rapid.SampledFrom([]Role{RoleOwner, RoleMember, RoleViewer}).Draw(rt, "role")
				}
				p := must(w.AddResidentAs(w.ctx, w.tenant.ID, []string{h.ID}, role, fmt.Sprintf("p%d-%d@example.org", n, i), "P", ""))(t)
				people = append(people, p.ID)
			}
			for range rapid.IntRange(1, 8).Draw(rt, "acts") {
				who, by := rapid.SampledFrom(people).Draw(rt, "who"), rapid.SampledFrom(people).Draw(rt, "by")
				if rapid.Bool().Draw(rt, "remove") {
					_ = w.RemoveMember(w.ctx, h.Place(), who, by) // many are refused
				} else {
					_ = w.ChangeRole(w.ctx, h.Place(), who, rapid.SampledFrom([]Role{RoleOwner, RoleMember, RoleViewer}).Draw(rt, "to"), by)
				}
				owners := 0
				for _, m := range must(w.Members(w.ctx, h.Place()))(t) {
					if m.Role == RoleOwner {
						owners++
					}
				}
				if owners == 0 {
					rt.Fatal("nobody owns the home")
				}
			}
		})
	})
}

// TestTwoOwnersLeaveAtOnce: of two who go at the same moment one stays.
func TestTwoOwnersLeaveAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i := range 10 {
			h := must(w.CreateHome(w.ctx, w.tenant.ID, "Mill Lane", fmt.Sprint("at once ", i)))(t)
			var all []Person
			for j := range 2 {
				all = append(all, must(w.AddResident(w.ctx, w.tenant.ID, []string{h.ID}, fmt.Sprintf("o%d-%d@example.org", i, j), "O", ""))(t))
			}
			var errs [2]error
			var group sync.WaitGroup
			for j := range all {
				group.Go(func() { errs[j] = w.RemoveMember(w.ctx, h.Place(), all[j].ID, all[j].ID) })
			}
			group.Wait()
			if left := must(w.Members(w.ctx, h.Place()))(t); len(left) != 1 || (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("%d are left: %v", len(left), errs)
			}
			for _, err := range errs {
				if err != nil {
					w.is(err, ErrLastOwner)
				}
			}
		}
	})
}

// letters is a Mail that keeps them.
type letters struct {
	mu   sync.Mutex
	all  []Letter
	fail error
}

func (l *letters) Send(_ context.Context, one Letter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return l.fail
	}
	l.all = append(l.all, one)
	return nil
}

func (l *letters) last(t testing.TB) Letter {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) == 0 {
		t.Fatal("no letter")
	}
	return l.all[len(l.all)-1]
}

func secretOf(t testing.TB, link string) string {
	t.Helper()
	_, secret, ok := strings.Cut(link, "#")
	if !ok || secret == "" {
		t.Fatalf("%q has no secret", link)
	}
	return secret
}

// says tells whether a letter has everything in it, in English.
func says(l Letter, all ...string) bool {
	_, text := l.In("en")
	return !slices.ContainsFunc(all, func(s string) bool { return !strings.Contains(text, s) })
}

// Each letter is there in both languages, with all that it is about, and nothing of the German one is English.
func TestLettersAreInBothLanguages(t *testing.T) {
	left := regexp.MustCompile(`\b(the|is|of|and|not|your|this|you|it|to|a)\b|[{}%]`)
	for kind := range lettersEN {
		l := Letter{Kind: kind, Link: "https://x.example/start#secret", Home: "Heim {link}", Provider: "Netz"}
		for lang, in := range texts {
			if len(in) != len(lettersEN) || in[kind].text == "" {
				t.Errorf("%s: %d letters, and of %s %q", lang, len(in), kind, in[kind].text)
			}
			subject, text := l.In(lang)
			if !strings.Contains(text, l.Link) || strings.Contains(subject, l.Link) || !strings.Contains(subject, "Netz") {
				t.Errorf("%s in %s: %q %q", kind, lang, subject, text)
			}
			if found := left.FindString(strings.ReplaceAll(subject+" "+text, "Heim {link}", "")); lang == "de" && found != "" {
				t.Errorf("%s: %q is left in %q %q", kind, found, subject, text)
			}
		}
		if a, b := l.In("fr"); a == "" || b == "" {
			t.Errorf("%s has nothing for a language that is none of ours", kind)
		}
	}
}

func TestInvitation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		mail := &letters{}
		w.opts.Mail = mail
		i, token, told, err := w.Invite(w.ctx, w.home.Place(), w.resident.ID, RoleMember, "New@Example.org")
		w.ok(err)
		l := mail.last(t)
		if !told || l.To != "new@example.org" || secretOf(t, l.Link) != token || !says(l, l.Link, w.home.Name, w.tenant.Name) || l.Speaker != w.resident.ID || i.Home != w.home.Name || i.Tenant != w.tenant.Name {
			t.Fatalf("%v %+v %+v", told, l, i)
		}
		if d := i.Expires.Sub(w.clock.now()); d <= inviteLife-time.Minute || d > inviteLife {
			t.Errorf("good for %v", d)
		}
		s, session, err := w.Accept(w.ctx, token, Newcomer{Email: "another@example.org", Name: "New", Password: "a password of mine"})
		w.ok(err)
		if s.Person.Email != "new@example.org" || s.Roles[w.home.ID] != RoleMember {
			t.Errorf("%+v", s)
		}
		must(w.Authenticate(w.ctx, Resident, session))(t)
		_, _, err = w.Accept(w.ctx, token, Newcomer{Name: "Again", Password: "a password of mine"})
		w.is(err, ErrInvitation)
		if open := must(w.Invitations(w.ctx, w.home.Place()))(t); len(open) != 0 {
			t.Errorf("%+v", open)
		}
	})
}

func TestInvitationsEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.home.Place()
		newcomer := func(n string) Newcomer {
			return Newcomer{Email: n + "@example.org", Name: n, Password: "a password of mine"}
		}
		i, token, told, err := w.Invite(w.ctx, p, w.resident.ID, RoleViewer, "")
		w.ok(err)
		if told {
			t.Error("nobody was written to")
		}
		w.ok(w.Uninvite(w.ctx, p, i.ID, w.resident.ID))
		_, _, err = w.Accept(w.ctx, token, newcomer("back"))
		w.is(err, ErrInvitation)
		_, token, _, err = w.Invite(w.ctx, p, w.resident.ID, RoleViewer, "")
		w.ok(err)
		w.clock.forward(inviteLife)
		_, _, err = w.Accept(w.ctx, token, newcomer("late"))
		w.is(err, ErrInvitation)
		_, err = w.Invited(w.ctx, token)
		w.is(err, ErrInvitation)
		for _, bad := range []string{"", "x", strings.Repeat("A", 64), token[:63] + "?"} {
			_, err = w.Invited(w.ctx, bad)
			w.is(err, ErrInvitation)
		}
		w.ok(w.Tidy(w.ctx))
		for range maxInvites {
			_, _, _, err := w.Invite(w.ctx, p, w.resident.ID, RoleViewer, "")
			w.ok(err)
		}
		var full *InputError
		if _, _, _, err := w.Invite(w.ctx, p, w.resident.ID, RoleViewer, ""); !errors.As(err, &full) {
			t.Errorf("one more: %v", err)
		}
	})
}

// TestAnInvitationIsForOne: of several who come with the same link at once, one comes in.
func TestAnInvitationIsForOne(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, token, _, err := w.Invite(w.ctx, w.home.Place(), w.resident.ID, RoleOwner, "")
		w.ok(err)
		var errs [4]error
		var group sync.WaitGroup
		for i := range errs {
			group.Go(func() {
				_, _, errs[i] = w.Accept(w.ctx, token, Newcomer{Email: fmt.Sprintf("n%d@example.org", i), Name: "N", Password: "a password of mine"})
			})
		}
		group.Wait()
		in := 0
		for _, err := range errs {
			if err == nil {
				in++
			} else {
				w.is(err, ErrInvitation)
			}
		}
		if in != 1 || len(w.roles()) != 2 {
			t.Errorf("%d came in: %v", in, errs)
		}
	})
}

func TestWhoHasAnAccountJoins(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := must(w.CreateHome(w.ctx, w.tenant.ID, "Hill Road 2", "B-2"))(t)
		who := must(w.AddResident(w.ctx, w.tenant.ID, []string{other.ID}, "other@example.org", "O", password))(t)
		south := must(w.CreateTenant(w.ctx, "south", "South Net"))(t)
		far := must(w.CreateHome(w.ctx, south.ID, "Far", "C"))(t)
		stranger := must(w.AddResident(w.ctx, south.ID, []string{far.ID}, "other@example.org", "S", password))(t)
		_, token, _, err := w.Invite(w.ctx, w.home.Place(), w.resident.ID, RoleViewer, "")
		w.ok(err)
		_, _, err = w.Accept(w.ctx, token, Newcomer{Email: who.Email, Name: "O", Password: "a password of mine"})
		w.is(err, ErrExists)
		_, err = w.Join(w.ctx, token, south.ID, stranger.ID)
		w.is(err, ErrInvitation)
		_, err = w.Join(w.ctx, token, w.tenant.ID, w.resident.ID)
		w.is(err, ErrExists) // they are here already, and the invitation is still good
		p := must(w.Join(w.ctx, token, w.tenant.ID, who.ID))(t)
		if p != (home.Place{Tenant: w.tenant.ID, Home: w.home.ID}) {
			t.Errorf("%v", p)
		}
		w.ok(w.RemoveMember(w.ctx, w.home.Place(), who.ID, who.ID))
		if s, _, err := w.SignIn(w.ctx, Resident, "north", who.Email, password); err != nil || !slices.Equal(s.Homes, []home.Place{other.Place()}) {
			t.Errorf("whoever leaves keeps their own home: %v %v", s.Homes, err)
		}
	})
}

// Who is no owner any more has nobody in by an invitation from before.
func TestInvitationsEndWithTheOwner(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, end := range []func(other Person) error{
			func(o Person) error { return w.ChangeRole(w.ctx, w.home.Place(), o.ID, RoleMember, w.resident.ID) },
			func(o Person) error { return w.RemoveMember(w.ctx, w.home.Place(), o.ID, w.resident.ID) },
		} {
			other := w.lives(fmt.Sprintf("other%d@example.org", len(w.roles())), RoleOwner)
			_, token, _, err := w.Invite(w.ctx, w.home.Place(), other.ID, RoleOwner, "")
			w.ok(err)
			if _, err := w.Invited(w.ctx, token); err != nil {
				t.Fatalf("before it: %v", err)
			}
			w.ok(end(other))
			if _, err := w.Invited(w.ctx, token); err == nil {
				t.Error("the invitation is still open")
			}
		}
	})
}
