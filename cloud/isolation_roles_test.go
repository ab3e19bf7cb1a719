package cloud_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"cardea/cloud/account"
	"cardea/cloud/staff/rights"
)

// TestNoTokenAndNoRoleSeesAnotherTenant asks every operation of staff as an automation token with all that tokens may, and as staff of each role
// alone, about the homes and things of another tenant: no answer has a word of it, also not its homes' pseudonyms, by which people of security
// know homes; a home of another's is as one that does not exist; and nothing of it changes.
func TestNoTokenAndNoRoleSeesAnotherTenant(t *testing.T) {
	t.Parallel()
	w := newTown(t, "")
	ours, theirs := w.providers[0], w.houses[len(w.houses)-1]
	if theirs.provider == ours {
		t.Fatal("the last home is of the first tenant")
	}
	before := w.state(theirs)
	n := 0
	for _, c := range w.alone(ours) {
		for _, h := range w.houses {
			if h.provider != ours {
				c.foreign = append(c.foreign, h.words()...)
				c.foreign = append(c.foreign, h.provider.id, h.provider.mark, h.provider.incident, h.provider.hook, w.rooms.Pseudonym(h.place), strings.TrimPrefix(w.rooms.Pseudonym(h.place), "home "))
			}
		}
		if out := w.ask("GET", "/v1/staff/session", "", c.cookies()...); out.code != http.StatusOK {
			t.Errorf("%s is not let in at all: %d %s", c.name, out.code, out.body)
		}
		let := 0
		for _, o := range w.operations() {
			if !o.staff || o.isDoor() || o.isWay() || strings.HasSuffix(o.path, "/session") {
				continue
			}
			none := w.check(t.Errorf, c, call{o, w.nowhere, w.nowhere})
			got := w.check(t.Errorf, c, call{o, theirs, theirs})
			n += 2
			if got.code < 300 {
				let++
			}
			if strings.Contains(o.path, "{home}") && (got.code < 400 || got.same() != none.same()) {
				t.Errorf("%s %s: a home of another's is told from none: %d %s, %d %s", c.name, o, got.code, got.body, none.code, none.body)
			}
		}
		if let == 0 {
			t.Errorf("%s was refused everything: that shows nothing", c.name)
		}
		for _, q := range []string{w.rooms.Pseudonym(theirs.place), theirs.place.Home, theirs.mark, theirs.mark + " account"} {
			out := w.ask("GET", "/v1/staff/homes?q="+strings.ReplaceAll(q, " ", "%20"), "", c.cookies()...)
			if word, leaked := c.leaks(q, out); leaked || out.code >= 500 {
				t.Errorf("%s finds %q by %q: %d %s", c.name, word, q, out.code, out.body)
			}
		}
	}
	if now := w.state(theirs); now != before {
		t.Errorf("another tenant's home was changed: %s", different(before, now))
	}
	if !w.isOpen(theirs.provider) {
		t.Error("another tenant's incident of the fleet was closed")
	}
	if n < 300 {
		t.Errorf("%d requests only", n)
	}
}

// alone are a token and staff with one role each.
func (w *town) alone(p *provider) (list []*caller) {
	w.t.Helper()
	at := func(o operation) bool { return o.staff }
	all := func(*house) bool { return true } // whether one is let in is compared with a home that does not exist
	var scopes []string
	for _, d := range rights.Describe().Rights {
		if r := d.Right; rights.May(rights.Automation, r).Any() {
			scopes = append(scopes, string(r))
		}
	}
	desk := w.addSystem(p, scopes...)
	list = append(list, &caller{name: "a token", mark: p.mark, own: p.houses[0], at: at, home: all, cookies: func() []*http.Cookie { return []*http.Cookie{{Name: bearer, Value: desk.secret}} }})
	for _, role := range rights.Roles {
		if !role.OfPeople() {
			continue
		}
		email := fmt.Sprintf("%s-%s@example.org", p.mark, role)
		who := must(w.rooms.Accounts.AddStaff(w.t.Context(), p.id, email, p.mark+" "+string(role), "a long enough password", role))(w.t)
		one := &person{w: w.whole, kind: account.Staff, tenant: p.id, id: who.ID, email: email}
		list = append(list, &caller{name: string(role), mark: p.mark, own: p.houses[0], person: one, at: at, home: all,
			cookies: func() []*http.Cookie { return []*http.Cookie{as(one)} }})
	}
	return list
}
