package account

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"cardea/home"
)

// fresh is a home without residents whose gateway has joined, and its label's code.
func (w *world) fresh(name string) (Home, home.Place, string) {
	w.t.Helper()
	h := must(w.CreateHome(w.ctx, w.tenant.ID, name, name))(w.t)
	code, _, err := w.CreateClaim(w.ctx, h.Place(), "staff", false)
	w.ok(err)
	out := must(w.Enrol(w.ctx, newAgent(w.t, code).enrolment(w.t)))(w.t)
	p := h.Place()
	p.Gateway = out.Gateway
	_, label, err := w.CreateLabel(w.ctx, h.Place(), "admin")
	w.ok(err)
	return h, p, label
}

func newcomer(n int) Newcomer {
	return Newcomer{Email: fmt.Sprintf("first-%d@example.org", n), Name: "First", Password: "a password of mine"}
}

func TestTheLabelMakesTheFirstOneTheOwner(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h, _, code := w.fresh("Hill Road 2")
		l := must(w.Labelled(w.ctx, code))(t)
		if l.Owned || l.Home != h.Name || l.Tenant != w.tenant.Name {
			t.Fatalf("%+v", l)
		}
		s, token, err := w.ClaimHome(w.ctx, strings.ToLower(strings.ReplaceAll(code, "-", " ")), newcomer(1))
		w.ok(err)
		if s.Roles[h.ID] != RoleOwner || s.Person.Email != "first-1@example.org" {
			t.Errorf("%+v", s)
		}
		must(w.Authenticate(w.ctx, Resident, token))(t)
		if l := must(w.Labelled(w.ctx, code))(t); !l.Owned {
			t.Error("it is free still")
		}
		_, _, err = w.ClaimHome(w.ctx, code, newcomer(2))
		w.is(err, ErrOwned)
		_, err = w.BeginNewcomer(w.ctx, code, "x@example.org", "X")
		w.is(err, ErrOwned)
		w.notStored("account_label", "id", func(id string) bool { return len(id) == 8 })
		_, _, err = w.SignIn(w.ctx, Resident, "north", "first-2@example.org", "a password of mine")
		w.is(err, ErrCredentials) // nobody was made
	})
}

func TestAHomeWithPeopleIsNotTakenByItsLabel(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.enrol(true)
		_, code, err := w.CreateLabel(w.ctx, w.home.Place(), "admin")
		w.ok(err)
		w.ok(w.RemovePerson(w.ctx, w.tenant.ID, w.resident.ID))
		must(w.AddResidentAs(w.ctx, w.tenant.ID, []string{w.home.ID}, RoleViewer, "viewer@example.org", "V", password))(t)
		_, _, err = w.ClaimHome(w.ctx, code, newcomer(1)) // even one who only looks
		w.is(err, ErrOwned)
	})
}

func TestALabelWaitsForItsGateway(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h := must(w.CreateHome(w.ctx, w.tenant.ID, "Early", "E"))(t)
		_, code, err := w.CreateLabel(w.ctx, h.Place(), "admin")
		w.ok(err)
		_, _, err = w.ClaimHome(w.ctx, code, newcomer(1))
		w.is(err, ErrEarly)

		_, p, _ := w.fresh("Bound")
		_, bound, err := w.CreateLabel(w.ctx, p, "admin")
		w.ok(err)
		must(w.Labelled(w.ctx, bound))(t)
		w.ok(w.Revoke(w.ctx, p, "stolen", "admin"))
		_, err = w.Labelled(w.ctx, bound)
		w.is(err, ErrLabel)
	})
}

func TestLabelsAreNotForGuessing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, _, code := w.fresh("Guessed")
		id := plain(code)[:8]
		for i := range maxLabelTries {
			_, err := w.Labelled(w.ctx, id+fmt.Sprintf("%032d", i))
			w.is(err, ErrLabel)
		}
		_, err := w.Labelled(w.ctx, code)
		w.is(err, ErrThrottled)
		w.clock.forward(labelWindow)
		must(w.Labelled(w.ctx, code))(t)
		for _, bad := range []string{"", "x", code + "A", strings.Repeat("0", 40), "\xff" + code[1:]} {
			_, err := w.Labelled(w.ctx, bad)
			w.is(err, ErrLabel)
		}
		w.ok(w.RemoveLabels(w.ctx, must(w.Labelled(w.ctx, code))(t).place.OfHome(), "admin"))
		_, err = w.Labelled(w.ctx, code)
		w.is(err, ErrLabel)
	})
}

// TestOneOfSeveralTakesTheHome: of those who come with the label at once, one becomes the owner and no other gets an account.
func TestOneOfSeveralTakesTheHome(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h, _, code := w.fresh("Contested")
		var errs [4]error
		var group sync.WaitGroup
		for i := range errs {
			group.Go(func() { _, _, errs[i] = w.ClaimHome(w.ctx, code, newcomer(i)) })
		}
		group.Wait()
		in := 0
		for _, err := range errs {
			if err == nil {
				in++
			} else if !errors.Is(err, ErrOwned) {
				t.Error(err)
			}
		}
		if members := must(w.Members(w.ctx, h.Place()))(t); in != 1 || len(members) != 1 || members[0].Role != RoleOwner {
			t.Errorf("%d came in, %d live there", in, len(members))
		}
	})
}
