package account

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cardea/cloud/staff/rights"
	"cardea/internal/platform/db"
)

func TestSignIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s, token, err := w.SignIn(w.ctx, Resident, "", " RESIDENT@example.org", password)
		w.ok(err)
		if s.Person != w.resident || len(s.Homes) != 1 || s.Homes[0] != w.home.Place() || s.Kind != Resident || s.ID == "" {
			t.Fatalf("session: %+v", s)
		}
		got := must(w.Authenticate(w.ctx, Resident, token))(t)
		if got.ID != s.ID || !got.Expires.Equal(s.Expires) || got.Person != w.resident {
			t.Fatalf("authenticated as %+v, want %+v", got, s)
		}
		_, err = w.Authenticate(w.ctx, Staff, token)
		w.is(err, ErrSession)
		for _, bad := range []string{"", "x", token[1:], token + "A", token[:len(token)-1] + "!"} {
			_, err = w.Authenticate(w.ctx, Resident, bad)
			w.is(err, ErrSession)
		}
		w.ok(w.SignOut(w.ctx, token))
		_, err = w.Authenticate(w.ctx, Resident, token)
		w.is(err, ErrSession)
		for _, c := range []struct {
			kind                  Kind
			slug, email, password string
		}{
			{Resident, "north", "resident@example.org", password + "x"},
			{Resident, "north", "nobody@example.org", password},
			{Resident, "south", "resident@example.org", password},
			{Staff, "north", "resident@example.org", password},
			{Resident, "", "not an address", password},
			{Resident, "", "", ""},
		} {
			_, _, err := w.SignIn(w.ctx, c.kind, c.slug, c.email, c.password)
			w.is(err, ErrCredentials)
		}
	})
}

func TestSessionsEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		staff := must(w.AddStaff(w.ctx, w.tenant.ID, "staff@example.org", "Staff", password, rights.Tier2))(t)
		signIn := func() string {
			_, token, err := w.SignIn(w.ctx, Staff, "north", staff.Email, password)
			w.ok(err)
			return token
		}
		token := signIn()
		w.clock.forward(59 * time.Minute)
		must(w.Authenticate(w.ctx, Staff, token))(t)
		w.clock.forward(59 * time.Minute)
		must(w.Authenticate(w.ctx, Staff, token))(t) // it was used in between
		w.clock.forward(time.Hour)
		_, err := w.Authenticate(w.ctx, Staff, token)
		w.is(err, ErrSession) // idle
		token = signIn()
		for range 23 {
			w.clock.forward(31 * time.Minute)
			must(w.Authenticate(w.ctx, Staff, token))(t)
		}
		w.clock.forward(7 * time.Minute)
		_, err = w.Authenticate(w.ctx, Staff, token)
		w.is(err, ErrSession) // twelve hours
		token = signIn()
		w.ok(w.SetPassword(w.ctx, w.tenant.ID, staff.ID, "another password"))
		_, err = w.Authenticate(w.ctx, Staff, token)
		w.is(err, ErrSession)
		_, _, err = w.SignIn(w.ctx, Staff, "north", staff.Email, password)
		w.is(err, ErrCredentials)
		w.clock.forward(200 * 24 * time.Hour)
		w.ok(w.Tidy(w.ctx))
		for _, table := range []string{"session", "link", "claim", "attempt"} {
			var n int
			w.ok(w.db.View(w.ctx, func(tx *db.Tx) error { return tx.Row(`SELECT COUNT(*) FROM account_` + table).Scan(&n) }))
			if n != 0 {
				t.Errorf("%d old rows in account_%s", n, table)
			}
		}
	})
}

func TestSignInLink(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		link := must(w.SignInLink(w.ctx, Resident, w.tenant.ID, w.resident.ID, time.Hour))(t)
		_, _, err := w.SignInBy(w.ctx, Staff, link)
		w.is(err, ErrSession)
		s, token, err := w.SignInBy(w.ctx, Resident, link)
		w.ok(err)
		if s.Person != w.resident {
			t.Fatalf("signed in as %+v", s.Person)
		}
		must(w.Authenticate(w.ctx, Resident, token))(t)
		_, _, err = w.SignInBy(w.ctx, Resident, link)
		w.is(err, ErrSession) // once
		_, err = w.Authenticate(w.ctx, Resident, link)
		w.is(err, ErrSession) // a link is no session
		_, _, err = w.SignInBy(w.ctx, Resident, token)
		w.is(err, ErrSession) // nor the other way round
		link = must(w.SignInLink(w.ctx, Resident, w.tenant.ID, w.resident.ID, time.Minute))(t)
		w.clock.forward(time.Minute)
		_, _, err = w.SignInBy(w.ctx, Resident, link)
		w.is(err, ErrSession) // too late
		_, err = w.SignInLink(w.ctx, Staff, w.tenant.ID, w.resident.ID, time.Minute)
		w.is(err, ErrNotFound)
	})
}

func TestThrottle(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, email := range []string{w.resident.Email, "nobody@example.org"} { // whether there is such an account does not show
			for range maxAttempts {
				_, _, err := w.SignIn(w.ctx, Resident, "", email, "wrong password")
				w.is(err, ErrCredentials)
			}
			_, _, err := w.SignIn(w.ctx, Resident, "", email, password)
			w.is(err, ErrThrottled)
		}
		link := must(w.SignInLink(w.ctx, Resident, w.tenant.ID, w.resident.ID, time.Hour))(t)
		_, _, err := w.SignInBy(w.ctx, Resident, link) // nobody can be locked out by somebody else
		w.ok(err)
		w.clock.forward(attemptWindow)
		_, _, err = w.SignIn(w.ctx, Resident, "", w.resident.Email, password)
		w.ok(err)
		for range 3 {
			w.ok(w.failed(w.ctx, w.tenant.ID))
		}
		w.ok(w.db.Tx(w.ctx, func(tx *db.Tx) error {
			n, err := w.count(tx, w.tenant.ID, "", failureWindow, maxFailures-3)
			if n < maxFailures {
				t.Errorf("%d failures were counted", n)
			}
			return err
		}))
		_, _, err = w.SignIn(w.ctx, Resident, "", w.resident.Email, "wrong password") // the first of this one's own
		w.is(err, ErrCredentials)
		_, _, err = w.SignIn(w.ctx, Resident, "", w.resident.Email, password)
		w.is(err, ErrThrottled)
		w.clock.forward(failureWindow)
		_, _, err = w.SignIn(w.ctx, Resident, "", w.resident.Email, password)
		w.ok(err)
	})
}

// TestHasherBounds: no more hashes run at once than there are slots, no more wait than may, and one that gives up goes.
func TestHasherBounds(t *testing.T) {
	h := newHasher(owasp)
	for range cap(h.slots) {
		if _, err := h.slot(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var gaveUp, refused atomic.Int64
	for range maxWaiting {
		wg.Go(func() {
			if _, err := h.hash(ctx, password); errors.Is(err, context.Canceled) {
				gaveUp.Add(1)
			}
		})
	}
	for h.waiting.Load() < maxWaiting {
		time.Sleep(time.Millisecond)
	}
	if _, err := h.check(ctx, "", password); errors.Is(err, ErrBusy) {
		refused.Add(1)
	}
	cancel()
	wg.Wait()
	if gaveUp.Load() != maxWaiting || refused.Load() != 1 || h.waiting.Load() != 0 {
		t.Fatalf("%d gave up, %d were refused, %d still wait", gaveUp.Load(), refused.Load(), h.waiting.Load())
	}
}

func TestPassword(t *testing.T) {
	h := newHasher(owasp)
	stored := must(h.hash(t.Context(), password))(t)
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("stored as %s", stored)
	}
	if other := must(h.hash(t.Context(), password))(t); other == stored {
		t.Fatal("no salt")
	}
	for _, c := range []struct {
		stored, password string
		want             bool
	}{{stored, password, true}, {stored, password + " ", false}, {stored, "", false}, {"", password, false}, {"", "", false}} {
		if got := must(h.check(t.Context(), c.stored, c.password))(t); got != c.want {
			t.Errorf("%q against %q: %v", c.password, c.stored, got)
		}
	}
	for _, bad := range []string{"x", "$argon2id$v=19$m=99999999,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", stored[:len(stored)-30], stored + "$"} {
		if _, err := h.check(t.Context(), bad, password); err == nil {
			t.Errorf("%q was taken for a hash", bad)
		}
	}
}
