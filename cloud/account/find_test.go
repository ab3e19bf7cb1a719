package account

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/wire"
)

// Homes are found by what people have of them, and never in another CSP.
func TestFind(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, enrolled := w.enrol(true)
		p := wire.PlaceOf(enrolled)
		other := must(w.CreateTenant(w.ctx, "south", "South Net"))(t)
		label, _, err := w.CreateLabel(w.ctx, p, "staff")
		w.ok(err)
		from := netip.MustParseAddr("192.0.2.7")
		w.ok(w.Seen(w.ctx, Connection{p, from}))
		first := w.clock.now()
		w.clock.forward(time.Hour)
		w.ok(w.Seen(w.ctx, Connection{p, from})) // says nothing new
		w.clock.forward(time.Hour)
		w.ok(w.Seen(w.ctx, Connection{p, netip.MustParseAddr("192.0.2.8")}))
		w.clock.forward(time.Hour)
		find := func(kind, tenant, text string) []Home {
			switch kind {
			case "account":
				return must(w.ByAccount(w.ctx, tenant, text))(t)
			case "gateway":
				return must(w.ByGateway(w.ctx, tenant, text))(t)
			}
			hours, addr, _ := strings.Cut(text, " ")
			at, err := time.ParseDuration(hours)
			w.ok(err)
			return must(w.ByAddress(w.ctx, tenant, netip.MustParseAddr(addr), first.Add(at)))(t)
		}
		for _, c := range []struct {
			kind, text string
			found      bool
		}{
			{"account", "a-1", true}, {"account", "A-17", true}, {"account", "A-18", false}, {"account", "-17", false}, {"account", "", false}, {"account", "%", false},
			{"gateway", p.Gateway, true}, {"gateway", strings.ToUpper(p.Gateway), true}, {"gateway", p.Home, false}, {"gateway", label.ID, true}, {"gateway", "", false},
			{"address", "30m 192.0.2.7", true}, {"address", "110m ::ffff:192.0.2.7", true}, {"address", "150m 192.0.2.7", false},
			{"address", "-1h 192.0.2.7", false}, {"address", "150m 192.0.2.8", true}, {"address", "30m 192.0.2.8", false},
		} {
			if got := find(c.kind, p.Tenant, c.text); len(got) != 0 != c.found || c.found && got[0].ID != p.Home {
				t.Errorf("%s %q: %+v, want found %v", c.kind, c.text, got, c.found)
			}
			if got := find(c.kind, other.ID, c.text); len(got) != 0 {
				t.Errorf("%s %q: found in another CSP: %+v", c.kind, c.text, got)
			}
		}
		must(w.Erase(w.ctx, p, "staff"))(t)
		if len(find("account", p.Tenant, "a-1"))+len(find("address", p.Tenant, "30m 192.0.2.7"))+len(find("gateway", p.Tenant, label.ID)) != 0 {
			t.Error("found after erasure")
		}
	})
}

// A CSP with homes of people never becomes a simulated one.
func TestSeedIsForCSPsWithoutHomesOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		made := []SeedHome{{ID: "018f0000-0000-7000-8000-000000000001", Name: "Simulated", Account: "S-1", Gateway: "018f0000-0000-7000-9000-000000000001",
			Serial: "SIM1", Version: "1", Created: w.clock.now(), From: netip.MustParseAddr("198.51.100.7")},
			{ID: "018f0000-0000-7000-8000-000000000002", Name: "Simulated, new", Account: "S-2", Created: w.clock.now()}}
		if err := w.Seed(w.ctx, w.tenant.ID, made); err == nil {
			t.Fatal("a CSP with a home took made-up ones")
		}
		empty := must(w.CreateTenant(w.ctx, "south", "South Net"))(t)
		w.ok(w.Seed(w.ctx, empty.ID, made[:1]))
		w.ok(w.Seed(w.ctx, empty.ID, made[1:]))
		for id, want := range map[string]bool{w.tenant.ID: false, empty.ID: true} {
			if got := must(w.Tenant(w.ctx, id))(t); got.Simulated != want {
				t.Errorf("%+v", got)
			}
		}
		if got := must(w.Active(w.ctx, home.Place{Tenant: empty.ID, Home: made[0].ID}))(t); got != made[0].Gateway {
			t.Errorf("its gateway is %q", got)
		}
		if got := must(w.ByAddress(w.ctx, empty.ID, made[0].From, w.clock.now()))(t); len(got) != 1 {
			t.Errorf("%+v", got)
		}
		if got := must(w.HomesOf(w.ctx, empty.ID, []string{made[0].ID, made[1].ID, w.home.ID}))(t); len(got) != 2 {
			t.Errorf("%+v", got)
		}
	})
}
