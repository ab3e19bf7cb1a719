package account

import (
	"errors"
	"sync"
	"testing"
	"time"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// key adds a key signed by another.
func (w *world) key(by *signer) signer {
	w.t.Helper()
	s := newSigner(w.t)
	id, sig := "", []byte(nil)
	if by != nil {
		id, sig = wire.KeyID(by.point(w.t)), by.sign(w.t, wire.KeyText(w.home.Place(), s.point(w.t)))
	}
	must(w.AddKey(w.ctx, w.home.Place(), w.resident.ID, s.point(w.t), id, sig))(w.t)
	return s
}

func TestKeys(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.home.Place()
		first := w.key(nil)
		second := w.key(&first)
		third := w.key(&second)
		stranger := newSigner(t)
		fourth := newSigner(t)
		point := fourth.point(t)
		for name, c := range map[string]struct {
			signer string
			sig    []byte
		}{
			"unsigned":          {"", nil},
			"by a stranger":     {wire.KeyID(stranger.point(t)), stranger.sign(t, wire.KeyText(p, point))},
			"by itself":         {wire.KeyID(point), fourth.sign(t, wire.KeyText(p, point))},
			"in another's name": {wire.KeyID(first.point(t)), stranger.sign(t, wire.KeyText(p, point))},
			"for another home":  {wire.KeyID(first.point(t)), first.sign(t, wire.KeyText(home.Place{Tenant: p.Tenant, Home: w.tenant.ID}, point))},
			"another key":       {wire.KeyID(first.point(t)), first.sign(t, wire.KeyText(p, third.point(t)))},
		} {
			if _, err := w.AddKey(w.ctx, p, w.resident.ID, point, c.signer, c.sig); !errors.Is(err, ErrSignature) {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err := w.AddKey(w.ctx, p, w.resident.ID, first.point(t), wire.KeyID(second.point(t)), second.sign(t, wire.KeyText(p, first.point(t))))
		w.is(err, ErrExists)
		_, err = w.AddKey(w.ctx, p, "somebody", point, wire.KeyID(first.point(t)), first.sign(t, wire.KeyText(p, point)))
		w.is(err, ErrNotFound)
		if _, err := w.AddKey(w.ctx, p, w.resident.ID, point[1:], "", nil); err == nil {
			t.Error("half a key was taken")
		}
		list := must(w.Keys(w.ctx, p))(t)
		if len(list) != 3 {
			t.Fatalf("%d keys", len(list))
		}
		for i, s := range []signer{first, second, third} {
			if list[i].Id != wire.KeyID(s.point(t)) || list[i].Resident != w.resident.ID {
				t.Errorf("key %d is %v", i, list[i])
			}
			if i > 0 { // as a gateway takes them
				if err := wire.Verify(list[i-1].Key, wire.KeyText(p, list[i].Key), list[i].Signature); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// TestOneFirstKey: of several first keys at once, one is taken.
func TestOneFirstKey(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var wg sync.WaitGroup
		for range 4 {
			point := newSigner(t).point(t)
			wg.Go(func() {
				if _, err := w.AddKey(w.ctx, w.home.Place(), w.resident.ID, point, "", nil); err != nil && !errors.Is(err, ErrSignature) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := len(must(w.Keys(w.ctx, w.home.Place()))(t)); n != 1 {
			t.Fatalf("%d first keys", n)
		}
	})
}

func (w *world) consent(s signer, gateway string, change func(*pb.Consent)) *pb.Consent {
	now := w.clock.now()
	c := &pb.Consent{
		Id: must(newID())(w.t), Tenant: w.tenant.ID, Home: w.home.ID, Gateway: gateway, Scope: ScopeContacts,
		From: now.UnixMilli(), Until: now.Add(time.Hour).UnixMilli(), Key: wire.KeyID(s.point(w.t)),
	}
	if change != nil {
		change(c)
	}
	c.Signature = s.sign(w.t, wire.ConsentText(c))
	return c
}

func TestConsents(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, out := w.enrol(true)
		p := wire.PlaceOf(out)
		s := w.key(nil)
		c := w.consent(s, p.Gateway, nil)
		w.ok(w.AddConsent(w.ctx, c, w.resident.ID))
		w.is(w.AddConsent(w.ctx, c, w.resident.ID), ErrExists)
		got := must(w.Consent(w.ctx, p))(t)
		if !proto.Equal(got, c) {
			t.Fatalf("%v, want %v", got, c)
		}
		known := map[string][]byte{c.Key: s.point(t)}
		w.ok(wire.CheckConsent(got, p, known, w.clock.now())) // as the gateway checks it
		list := must(w.Consents(w.ctx, p))(t)
		if len(list) != 1 || !proto.Equal(list[0].Consent, c) || list[0].By != w.resident.ID || !list[0].Revoked.IsZero() {
			t.Fatalf("consents: %+v", list)
		}
		w.is(w.RevokeConsent(w.ctx, p, c.Id, "somebody"), ErrNotFound)
		w.is(w.RevokeConsent(w.ctx, p, p.Gateway, w.resident.ID), ErrNotFound)
		w.ok(w.RevokeConsent(w.ctx, p, c.Id, w.resident.ID))
		if got := must(w.Consent(w.ctx, p))(t); got != nil {
			t.Fatalf("revoked, and there is still %v", got)
		}
		if ids := must(w.RevokedConsents(w.ctx, p))(t); len(ids) != 1 || ids[0] != c.Id {
			t.Fatalf("revoked: %v", ids)
		}
		w.ok(w.AddConsent(w.ctx, w.consent(s, p.Gateway, nil), w.resident.ID))
		w.clock.forward(time.Hour)
		if got, ids := must(w.Consent(w.ctx, p))(t), must(w.RevokedConsents(w.ctx, p))(t); got != nil || len(ids) != 0 {
			t.Fatalf("after they ran out: %v, %v", got, ids)
		}
	})
}

func TestConsentRefuses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, out := w.enrol(true)
		s := w.key(nil)
		now := w.clock.now()
		for name, change := range map[string]func(*pb.Consent){
			"too long": func(c *pb.Consent) { c.Until = now.Add(25 * time.Hour).UnixMilli() },
			"over":     func(c *pb.Consent) { c.From, c.Until = now.Add(-2*time.Hour).UnixMilli(), now.UnixMilli() },
			"far away": func(c *pb.Consent) {
				c.From, c.Until = now.Add(48*time.Hour).UnixMilli(), now.Add(49*time.Hour).UnixMilli()
			},
			"backwards":       func(c *pb.Consent) { c.From, c.Until = c.Until, c.From },
			"overflowing":     func(c *pb.Consent) { c.From, c.Until = -1<<62, 1<<62 },
			"scope":           func(c *pb.Consent) { c.Scope = "everything" },
			"no id":           func(c *pb.Consent) { c.Id = "x" },
			"another gateway": func(c *pb.Consent) { c.Gateway = w.home.ID },
			"another home":    func(c *pb.Consent) { c.Home = c.Gateway },
			"unknown key":     func(c *pb.Consent) { c.Key = wire.KeyID([]byte("x")) },
		} {
			if err := w.AddConsent(w.ctx, w.consent(s, out.Gateway, change), w.resident.ID); err == nil {
				t.Errorf("%s was taken", name)
			}
		}
		c := w.consent(s, out.Gateway, nil)
		c.Until++
		w.is(w.AddConsent(w.ctx, c, w.resident.ID), ErrSignature)
		c = w.consent(newSigner(t), out.Gateway, nil)
		c.Key = wire.KeyID(s.point(t))
		w.is(w.AddConsent(w.ctx, c, w.resident.ID), ErrSignature)
		w.is(w.AddConsent(w.ctx, w.consent(s, out.Gateway, nil), "somebody"), ErrNotFound)
		w.is(w.AddConsent(w.ctx, nil, w.resident.ID), error(&InputError{"consent", "want ids that are UUIDs"}))
	})
}

func (e *InputError) Is(other error) bool {
	o, ok := other.(*InputError)
	return ok && *o == *e
}

func TestErase(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := must(w.CreateHome(w.ctx, w.tenant.ID, "Hill Road 1", "A-18"))(t)
		both := must(w.AddResident(w.ctx, w.tenant.ID, []string{w.home.ID, other.ID}, "both@example.org", "Lives in both", password))(t)
		_, out := w.enrol(true)
		p := wire.PlaceOf(out)
		s := w.key(nil)
		w.ok(w.AddConsent(w.ctx, w.consent(s, p.Gateway, nil), w.resident.ID))
		code := w.claim(true)
		_, token, err := w.SignIn(w.ctx, Resident, "", w.resident.Email, password)
		w.ok(err)
		counts := must(w.Erase(w.ctx, p, w.resident.ID))(t)
		for what, want := range map[string]int64{"residents": 1, "keys": 1, "consents": 1, "claims": 2, "gateways": 1} {
			if counts[what] != want {
				t.Errorf("%d %s erased, want %d", counts[what], what, want)
			}
		}
		_, err = w.Authenticate(w.ctx, Resident, token)
		w.is(err, ErrSession)
		_, err = w.Person(w.ctx, w.tenant.ID, w.resident.ID)
		w.is(err, ErrNotFound)
		w.revokedAre(p)
		_, err = w.Enrol(w.ctx, newAgent(t, code).enrolment(t))
		w.is(err, ErrClaim)
		if h := must(w.Home(w.ctx, p))(t); h.Name != erased || h.Account != "" {
			t.Errorf("the home is still %+v", h)
		}
		if list := must(w.Homes(w.ctx, w.tenant.ID, Query{Text: "mill"}))(t); len(list) != 0 {
			t.Errorf("still found: %v", list)
		}
		session, _, err := w.SignIn(w.ctx, Resident, "", both.Email, password)
		w.ok(err)
		if len(session.Homes) != 1 || session.Homes[0] != other.Place() {
			t.Errorf("who lives in both has %v", session.Homes)
		}
		_, err = w.Erase(w.ctx, home.Place{Tenant: w.home.ID, Home: other.ID}, "x")
		w.is(err, ErrNotFound)
	})
}
