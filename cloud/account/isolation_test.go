package account

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/cloud/staff/rights"
	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"pgregory.net/rapid"
)

// household is one home of the isolation property, with everything that it has.
type household struct {
	place    home.Place // with its gateway
	resident Person
	staff    Person
	token    string
	key      signer
	keyID    string
	consent  string
	waiting  string // a gateway that waits
}

func (w *world) household(tenant, name string) household {
	w.t.Helper()
	h := must(w.CreateHome(w.ctx, tenant, name, name))(w.t)
	u := household{place: h.Place(), key: newSigner(w.t)}
	slug := must(w.Tenant(w.ctx, tenant))(w.t).Slug
	u.resident = must(w.AddResident(w.ctx, tenant, []string{h.ID}, name+"@example.org", "Lives at "+name, password))(w.t)
	u.staff = must(w.AddStaff(w.ctx, tenant, "staff-"+name+"@example.org", "Helps "+name, password, rights.Tier2))(w.t)
	_, token, err := w.SignIn(w.ctx, Resident, slug, u.resident.Email, password)
	w.ok(err)
	u.token = token
	for _, by := range []string{u.resident.ID, "staff"} {
		code, _, err := w.CreateClaim(w.ctx, u.place.OfHome(), by, by == u.resident.ID)
		w.ok(err)
		out := must(w.Enrol(w.ctx, newAgent(w.t, code).enrolment(w.t)))(w.t)
		if out.State == stateActive {
			u.place.Gateway = out.Gateway
		} else {
			u.waiting = out.Gateway
		}
	}
	u.keyID = must(w.AddKey(w.ctx, u.place, u.resident.ID, u.key.point(w.t), "", nil))(w.t).Id
	c := &pb.Consent{Id: must(newID())(w.t), Tenant: u.place.Tenant, Home: u.place.Home, Gateway: u.place.Gateway, Scope: ScopeContacts,
		From: w.clock.now().UnixMilli(), Until: w.clock.now().Add(time.Hour).UnixMilli(), Key: u.keyID}
	c.Signature = u.key.sign(w.t, wire.ConsentText(c))
	w.ok(w.AddConsent(w.ctx, c, u.resident.ID))
	u.consent = c.Id
	return u
}

// state is everything that can be read of a home by its place, as text.
func (w *world) state(p home.Place) string {
	var b strings.Builder
	h, err := w.Home(w.ctx, p)
	fmt.Fprintf(&b, "home %+v %v\n", h, err)
	people, err := w.Residents(w.ctx, p)
	fmt.Fprintf(&b, "residents %+v %v\n", people, err)
	gateways, err := w.Gateways(w.ctx, p)
	fmt.Fprintf(&b, "gateways %+v %v\n", gateways, err)
	active, err := w.Active(w.ctx, p)
	w.ok(err)
	ok := active != ""
	fmt.Fprintf(&b, "active %s %v\n", active, ok)
	all, err := w.Keys(w.ctx, p)
	fmt.Fprintf(&b, "keys %v\n", err)
	for _, k := range all {
		fmt.Fprintf(&b, " %s %s\n", k.Id, k.Resident)
	}
	consents, err := w.Consents(w.ctx, p)
	fmt.Fprintf(&b, "consents %v\n", err)
	for _, c := range consents {
		fmt.Fprintf(&b, " %s %s %v\n", c.Id, c.By, c.Revoked)
	}
	one, err := w.Consent(w.ctx, p)
	fmt.Fprintf(&b, "consent %s %v\n", one.GetId(), err)
	revoked, err := w.RevokedConsents(w.ctx, p)
	fmt.Fprintf(&b, "revoked %v %v\n", revoked, err)
	return b.String()
}

// TestIsolation: two CSPs with two homes each. Whatever is tried with one's place and another's ids, or with places put
// together of several, is refused, changes nothing of anybody's, and no answer has anything of another's.
func TestIsolation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		south := must(w.CreateTenant(w.ctx, "south", "South Net"))(t)
		var all []household
		for i, tenant := range []string{w.tenant.ID, w.tenant.ID, south.ID, south.ID} {
			all = append(all, w.household(tenant, fmt.Sprintf("home-%d", i)))
		}
		rapid.Check(t, func(rt *rapid.T) {
			i := rapid.IntRange(0, len(all)-1).Draw(rt, "who")
			j := (i + rapid.IntRange(1, len(all)-1).Draw(rt, "other")) % len(all)
			me, other := all[i], all[j]
			mine, others := w.state(me.place), w.state(other.place)
			for _, id := range []string{other.place.Home, other.place.Gateway, other.resident.ID, other.resident.Email, other.keyID, other.consent, other.waiting} {
				if strings.Contains(mine, id) {
					rt.Fatalf("%s of home %d shows in home %d:\n%s", id, j, i, mine)
				}
			}
			w.trespass(rt, me, other)
			if now := w.state(me.place); now != mine {
				rt.Fatalf("home %d was\n%s\nand is\n%s", i, mine, now)
			}
			if now := w.state(other.place); now != others {
				rt.Fatalf("home %d was\n%s\nand is\n%s", j, others, now)
			}
			s := must(w.Authenticate(w.ctx, Resident, me.token))(t)
			if s.Person != me.resident || !slices.Equal(s.Homes, []home.Place{me.place.OfHome()}) {
				rt.Fatalf("signed in as %+v", s)
			}
		})
	})
}

// trespass tries one thing that me may not do to other.
func (w *world) trespass(rt *rapid.T, me, other household) {
	mixed := home.Place{Tenant: me.place.Tenant, Home: other.place.Home, Gateway: other.place.Gateway}
	if me.place.Tenant == other.place.Tenant {
		mixed = home.Place{Tenant: me.place.Tenant, Home: me.place.Home, Gateway: other.place.Gateway}
	}
	fresh := newSigner(w.t)
	signed := func(p home.Place) []byte { return me.key.sign(w.t, wire.KeyText(p, fresh.point(w.t))) }
	tries := map[string]func() error{
		"confirm another's gateway": func() error { return w.ConfirmGateway(w.ctx, me.place, other.waiting, me.resident.ID) },
		"confirm in another's home": func() error { return w.ConfirmGateway(w.ctx, other.place, other.waiting, me.resident.ID) },
		"revoke another's gateway": func() error {
			return w.Revoke(w.ctx, home.Place{Tenant: me.place.Tenant, Home: me.place.Home, Gateway: other.place.Gateway}, "mine", me.resident.ID)
		},
		"renew for another's home": func() error {
			_, err := w.Renew(w.ctx, mixed, newAgent(w.t, "").csr(w.t))
			return err
		},
		"claim another's home": func() error {
			_, _, err := w.CreateClaim(w.ctx, other.place.OfHome(), me.resident.ID, true)
			return err
		},
		"key for another's home": func() error {
			_, err := w.AddKey(w.ctx, other.place, me.resident.ID, fresh.point(w.t), other.keyID, signed(other.place))
			return err
		},
		"key in another's name": func() error {
			_, err := w.AddKey(w.ctx, other.place, other.resident.ID, fresh.point(w.t), me.keyID, signed(other.place))
			return err
		},
		"revoke another's consent":   func() error { return w.RevokeConsent(w.ctx, me.place, other.consent, me.resident.ID) },
		"revoke in another's home":   func() error { return w.RevokeConsent(w.ctx, other.place, other.consent, me.resident.ID) },
		"consent for another's home": func() error { return w.AddConsent(w.ctx, w.consentFor(me, other.place), me.resident.ID) },
		"consent with another's key": func() error { return w.AddConsent(w.ctx, w.consentFor(me, other.place), other.resident.ID) },
		"resident's session as staff's": func() error {
			_, err := w.Authenticate(w.ctx, Staff, me.token)
			return err
		},
	}
	if me.place.Tenant != other.place.Tenant {
		tries["person of another tenant"] = func() error { _, err := w.Person(w.ctx, me.place.Tenant, other.resident.ID); return err }
		tries["link for another tenant's"] = func() error {
			_, err := w.SignInLink(w.ctx, Staff, me.place.Tenant, other.staff.ID, time.Hour)
			return err
		}
		tries["password of another tenant's"] = func() error { return w.SetPassword(w.ctx, me.place.Tenant, other.resident.ID, "another password") }
		tries["erase another tenant's"] = func() error { _, err := w.Erase(w.ctx, mixed, me.staff.ID); return err }
		tries["home of another tenant"] = func() error { _, err := w.Home(w.ctx, mixed); return err }
		tries["claim another tenant's"] = func() error { _, _, err := w.CreateClaim(w.ctx, mixed, "staff", false); return err }
		tries["resident of another tenant's home"] = func() error {
			_, err := w.AddResident(w.ctx, me.place.Tenant, []string{other.place.Home}, fmt.Sprintf("%s@example.net", must(newID())(w.t)), "x", "")
			return err
		}
	}
	names := slices.Sorted(maps.Keys(tries))
	name := rapid.SampledFrom(names).Draw(rt, "try")
	if err := tries[name](); err == nil {
		rt.Fatalf("%s: done", name)
	}
}

// consentFor is a consent for a place, signed with one's own key.
func (w *world) consentFor(me household, p home.Place) *pb.Consent {
	now := w.clock.now()
	c := &pb.Consent{Id: must(newID())(w.t), Tenant: p.Tenant, Home: p.Home, Gateway: p.Gateway, Scope: ScopeContacts,
		From: now.UnixMilli(), Until: now.Add(time.Hour).UnixMilli(), Key: me.keyID}
	c.Signature = me.key.sign(w.t, wire.ConsentText(c))
	return c
}
