package account

import (
	"errors"
	"sync"
	"testing"
	"time"

	"cardea/home"
	"cardea/wire"

	"google.golang.org/protobuf/proto"
)

func TestEnrol(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		g, out := w.enrol(false)
		if out.State != stateActive || out.Tenant != w.tenant.ID || out.Home != w.home.ID {
			t.Fatalf("the first gateway of a home: %v", out)
		}
		if id, err := w.Active(w.ctx, w.home.Place()); err != nil || id != out.Gateway {
			t.Fatalf("active is %q, want %q", id, out.Gateway)
		}
		again := must(w.Enrol(w.ctx, g.enrolment(t)))(t) // the answer was lost
		w.checkEnrolled(g, again)
		if again.Gateway != out.Gateway {
			t.Fatal("asking again made another gateway")
		}
		_, err := w.Enrol(w.ctx, newAgent(t, g.code).enrolment(t))
		w.is(err, ErrClaim) // used, with another key
		list := must(w.Gateways(w.ctx, w.home.Place()))(t)
		if len(list) != 1 || list[0].Version != "1.2.3" || list[0].Expires.IsZero() || list[0].State != stateActive {
			t.Fatalf("gateways: %+v", list)
		}
	})
}

func TestClaimIsGoodForAQuarterOfAnHour(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		g := newAgent(t, w.claim(true))
		w.clock.forward(wire.ClaimLife)
		_, err := w.Enrol(w.ctx, g.enrolment(t))
		w.is(err, ErrClaim)
		g = newAgent(t, w.claim(true))
		w.clock.forward(wire.ClaimLife - time.Second)
		must(w.Enrol(w.ctx, g.enrolment(t)))(t)
	})
}

func TestEnrolRefuses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		g := newAgent(t, w.claim(true))
		good := g.enrolment(t)
		m := proto.CloneOf(good)
		m.Mac[0]++
		_, err := w.Enrol(w.ctx, m)
		w.is(err, ErrClaim)
		m = proto.CloneOf(good)
		m.Csr = newAgent(t, g.code).csr(t) // somebody in between puts in a key of their own
		_, err = w.Enrol(w.ctx, m)
		w.is(err, ErrClaim)
		m = newAgent(t, wire.NewClaim()).enrolment(t)
		_, err = w.Enrol(w.ctx, m)
		w.is(err, ErrClaim)
		m = proto.CloneOf(good)
		m.Csr = m.Csr[:len(m.Csr)-1]
		wire.SignEnrolment(m, must(wire.ClaimKey(g.code))(t))
		_, err = w.Enrol(w.ctx, m)
		if _, ok := errors.AsType[*InputError](err); !ok {
			t.Fatalf("half a signing request: %v", err)
		}
		must(w.Enrol(w.ctx, good))(t) // none of that used up the claim
	})
}

// TestSwap: a gateway that comes with a resident's claim takes the other's place; one that comes with staff's waits.
func TestSwap(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, first := w.enrol(false)
		_, second := w.enrol(true)
		if second.State != stateActive {
			t.Fatalf("with a resident's claim: %s", second.State)
		}
		w.hasActive(second.Gateway)
		w.revokedAre(wire.PlaceOf(first))

		g, third := w.enrol(false)
		if third.State != stateWaiting {
			t.Fatalf("with staff's claim: %s", third.State)
		}
		w.hasActive(second.Gateway)
		_, err := w.Renew(w.ctx, wire.PlaceOf(third), g.csr(t))
		w.is(err, ErrRevoked)
		w.is(w.ConfirmGateway(w.ctx, w.home.Place(), third.Gateway, "staff"), ErrNotFound)
		w.hasActive(second.Gateway)
		w.clock.forward(time.Hour)
		w.ok(w.ConfirmGateway(w.ctx, w.home.Place(), third.Gateway, w.resident.ID))
		w.ok(w.ConfirmGateway(w.ctx, w.home.Place(), third.Gateway, w.resident.ID)) // twice is once
		w.hasActive(third.Gateway)
		out := must(w.Enrol(w.ctx, g.enrolment(t)))(t) // it has asked all the time
		w.checkEnrolled(g, out)
		if out.State != stateActive || out.Gateway != third.Gateway {
			t.Fatalf("after it was confirmed: %v", out)
		}
		w.revokedAre(wire.PlaceOf(first), wire.PlaceOf(second))
		w.is(w.ConfirmGateway(w.ctx, w.home.Place(), first.Gateway, w.resident.ID), ErrRevoked)
		if len(w.changed) == 0 || len(w.notes) == 0 {
			t.Fatal("nobody was told")
		}
	})
}

func TestActiveGatewaysArePagedThrough(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, out := w.enrol(false)
		all, err := w.ActiveAfter(w.ctx, home.Place{}, 10)
		w.ok(err)
		if len(all) != 1 || all[0].Gateway != out.GetGateway() || all[0].Home != w.home.ID {
			t.Fatalf("%v", all)
		}
		rest, err := w.ActiveAfter(w.ctx, all[0], 10)
		w.ok(err)
		if len(rest) != 0 {
			t.Errorf("again: %v", rest)
		}
	})
}

func (w *world) hasActive(gateway string) {
	w.t.Helper()
	if id, _ := w.Active(w.ctx, w.home.Place()); id != gateway {
		w.t.Fatalf("active is %q, want %q", id, gateway)
	}
}

func (w *world) revokedAre(want ...home.Place) {
	w.t.Helper()
	got := must(w.Revoked(w.ctx))(w.t)
	if len(got) != len(want) {
		w.t.Fatalf("revoked: %v, want %v", got, want)
	}
	for _, p := range want {
		found := false
		for _, q := range got {
			found = found || p == q
		}
		if !found {
			w.t.Fatalf("%v is not among the revoked %v", p, got)
		}
	}
}

func TestRenewAndRevoke(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		g, out := w.enrol(true)
		p := wire.PlaceOf(out)
		w.clock.forward(60 * 24 * time.Hour)
		next := newAgent(t, "")
		reply := must(w.Renew(w.ctx, p, next.csr(t)))(t)
		w.checkChain(next, reply.Chain, p)
		_, err := w.Renew(w.ctx, home.Place{Tenant: p.Tenant, Home: p.Home, Gateway: w.resident.ID}, g.csr(t))
		w.is(err, ErrRevoked)
		w.ok(w.Revoke(w.ctx, p, "stolen", "staff"))
		_, err = w.Renew(w.ctx, p, g.csr(t))
		w.is(err, ErrRevoked)
		if id, err := w.Active(w.ctx, p); err != nil || id != "" {
			t.Fatal("a revoked gateway is active")
		}
		w.revokedAre(p)
		w.clock.forward(91 * 24 * time.Hour)
		w.revokedAre() // its certificate is good for nothing any more
		_, out = w.enrol(false)
		if out.State != stateWaiting {
			t.Fatalf("staff's gateway in the place of one that staff revoked: %s", out.State)
		}
		w.ok(w.ConfirmGateway(w.ctx, w.home.Place(), out.Gateway, w.resident.ID))
		w.hasActive(out.Gateway)
		w.ok(w.RemovePerson(w.ctx, w.tenant.ID, w.resident.ID))
		w.ok(w.Revoke(w.ctx, wire.PlaceOf(out), "broken", "staff"))
		_, out = w.enrol(false)
		if out.State != stateActive {
			t.Fatalf("a home where nobody could agree: %s", out.State)
		}
	})
}

// TestOneActive: however many gateways are confirmed and enrol at once, one is active at the end.
func TestOneActive(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.enrol(true)
		var waiting []string
		for range 3 {
			_, out := w.enrol(false)
			waiting = append(waiting, out.Gateway)
		}
		code := w.claim(true)
		var wg sync.WaitGroup
		for _, id := range waiting {
			wg.Go(func() {
				if err := w.ConfirmGateway(w.ctx, w.home.Place(), id, w.resident.ID); err != nil && !errors.Is(err, ErrRevoked) {
					t.Error(err)
				}
			})
		}
		var mu sync.Mutex
		got := 0
		for range 3 {
			m := newAgent(t, code).enrolment(t)
			wg.Go(func() {
				_, err := w.Enrol(w.ctx, m)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					got++
				} else if !errors.Is(err, ErrClaim) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got != 1 {
			t.Errorf("%d gateways enrolled with one claim", got)
		}
		active := 0
		for _, g := range must(w.Gateways(w.ctx, w.home.Place()))(t) {
			if g.State == stateActive {
				active++
				w.hasActive(g.Place.Gateway)
			}
		}
		if active != 1 {
			t.Fatalf("%d gateways are active", active)
		}
	})
}
