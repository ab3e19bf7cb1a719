package cloud_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/api/view"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

// system is one of a provider's own systems, with a token.
type system struct {
	w      *whole
	secret string
}

// addSystem makes a token with scopes, as an administrator does.
func (w *whole) addSystem(p *provider, scopes ...string) *system {
	w.t.Helper()
	list := must(json.Marshal(scopes))(w.t)
	out := w.ask("POST", "/v1/staff/tokens", fmt.Sprintf(`{"name":"a system","scopes":%s,"days":1}`, list), as(p.staff))
	var made struct{ Secret string }
	if err := json.Unmarshal([]byte(out.body), &made); err != nil || out.code != http.StatusCreated {
		w.t.Fatalf("token: %d %s", out.code, out.body)
	}
	return &system{w, made.Secret}
}

// ask sends a request and reads the answer into v, which may be nil.
func (s *system) ask(method, path, body string, want int, v any) {
	t := s.w.t
	t.Helper()
	r := must(http.NewRequestWithContext(t.Context(), method, s.w.url+path, strings.NewReader(body)))(t)
	r.Header.Set("Authorization", "Bearer "+s.secret)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	out := must(http.DefaultClient.Do(r))(t)
	defer out.Body.Close()
	got := must(io.ReadAll(out.Body))(t)
	if out.StatusCode != want {
		t.Fatalf("%s %s: %d %s, want %d", method, path, out.StatusCode, got, want)
	}
	if v != nil {
		if err := json.Unmarshal(got, v); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
	}
}

func inAccount(number string) string { return "/v1/staff/provisioning/homes/" + url.PathEscape(number) }

// emitted are the events that a tenant's systems were to hear of a home, in their order.
func (w *whole) emitted(d *db.DB, p home.Place) (kinds []string) {
	w.t.Helper()
	err := d.View(w.t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Query("SELECT kind FROM webhook_delivery WHERE tenant = ? AND home = ? ORDER BY id", p.Tenant, p.Home)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var k string
			if err := rows.Scan(&k); err != nil {
				return err
			}
			kinds = append(kinds, k)
		}
		return rows.Err()
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return kinds
}

// afterLeaving are tables in which rows of a home may be when its subscriber has left, and why.
var afterLeaving = map[string]string{
	"audit_entry": "who did what stays", "audit_chain": "the proof of it", "account_home": "its id, without name and number",
	"account_gateway": "brokers refuse it by its id", "webhook_delivery": "home.left itself", "feed_clock": "a counter", "ingest_sequence": "counters",
	"ingest_erased": "so that what is under way is not stored", "desired_home": "a counter", "desired_order": "that the gateway is asked to erase",
	"feed_event": "that the gateway ended", "history_home": "an empty row", "report_home": "a time",
}

// From the first call to the last on both databases: a home is made once, its gateways come and go, and when its subscriber has left
// nothing of it is in any table but what is said to stay. The same number at another provider is another home.
func TestProvisioning(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": dbtest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startWhole(t, database(t))
			d := dbtest.Open(t, w.cfg.DB)
			p, q := w.addProvider(), w.addProvider()
			desk, theirs := w.addSystem(p, "home.provision"), w.addSystem(q, "home.provision")
			if out := w.ask("POST", "/v1/staff/webhooks", `{"name":"Desk","url":"https://desk.example.net/","kinds":["home.created","home.left","gateway.revoked"]}`, as(p.staff)); out.code != http.StatusCreated {
				t.Fatalf("%d %s", out.code, out.body)
			}
			h, other := w.provisioned(p, desk), w.provisioned(q, theirs)
			w.askedOnce(h, other)
			w.swaps(h, desk)
			if got := w.emitted(d, h.place); !slices.Equal(got, []string{"home.created", "gateway.revoked"}) {
				t.Errorf("told %v", got)
			}
			w.leaves(d, h, other, desk)
			var back, still view.ProvisionedHome
			desk.ask("PUT", inAccount("A 17/4"), `{"name":"Somebody new"}`, http.StatusCreated, &back)
			if back.Home == h.place.Home || back.Residents != 0 || len(back.Gateways) != 0 {
				t.Errorf("who comes back has %+v", back)
			}
			theirs.ask("GET", inAccount("A 17/4"), "", http.StatusOK, &still)
			if still.Home != other.place.Home || still.Residents != 1 || len(still.Gateways) != 1 || still.Gateways[0].State != "active" {
				t.Errorf("the other provider's home: %+v", still)
			}
		})
	}
}

// provisioned makes a home by the API, with a resident and a gateway that tells of it.
func (w *whole) provisioned(p *provider, s *system) *house {
	t := w.t
	t.Helper()
	h := &house{mark: newMark(t), provider: p, device: newID(t), other: newID(t), incident: newID(t), finding: newID(t)}
	var made, again view.ProvisionedHome
	body := fmt.Sprintf(`{"name":"%s home"}`, h.mark)
	s.ask("GET", inAccount("A 17/4"), "", http.StatusNotFound, nil)
	s.ask("DELETE", inAccount("A 17/4"), "", http.StatusNotFound, nil)
	s.ask("PUT", inAccount("A 17/4"), `{"name":"N","plan":"none such"}`, http.StatusUnprocessableEntity, nil)
	s.ask("PUT", inAccount("A 17/4"), body, http.StatusCreated, &made)
	s.ask("PUT", inAccount("A 17/4"), body, http.StatusOK, &again)
	if made.Home == "" || made.Home != again.Home || made.Account != "A 17/4" {
		t.Fatalf("%+v %+v", made, again)
	}
	h.place = home.Place{Tenant: p.id, Home: made.Home}
	email := h.mark + "@example.org"
	who := must(w.rooms.Accounts.AddResident(t.Context(), p.id, []string{made.Home}, email, h.mark+" resident", "a long enough password"))(t)
	h.resident = &person{w: w, kind: account.Resident, tenant: p.id, id: who.ID, email: email}
	var claim view.GatewayClaim
	s.ask("POST", inAccount("A 17/4")+"/gateway", "", http.StatusCreated, &claim)
	if claim.Waits || claim.Revoked != "" {
		t.Fatalf("%+v", claim)
	}
	w.enrolWith(h, claim.Code)
	w.run(h)
	h.tell(t, talked(h, h.device, h.mark+".example", time.Now())...)
	w.stored(h)
	return h
}

// askedOnce: whose account the provider made is asked in the app how they want to be told, until they have answered or did not want to.
func (w *whole) askedOnce(h, other *house) {
	t := w.t
	t.Helper()
	asked := func(h *house) (s struct{ Asked bool }) {
		out := w.ask("GET", "/v1/session", "", as(h.resident))
		if err := json.Unmarshal([]byte(out.body), &s); err != nil || out.code != http.StatusOK || !strings.Contains(out.body, `"asked":`) {
			t.Fatalf("%d %s, %v", out.code, out.body, err)
		}
		return s
	}
	if asked(h).Asked || asked(other).Asked {
		t.Error("people whose accounts were made for them were asked by nobody")
	}
	before := w.ask("GET", "/v1/notifications", "", as(h.resident))
	if !strings.Contains(before.body, `{"way":"email","available":`) || !strings.Contains(before.body, `"critical":true`) {
		t.Errorf("%s", before.body)
	}
	if out := w.ask("PATCH", "/v1/notifications", `{}`, as(h.resident)); out.code != http.StatusOK || !strings.Contains(out.body, `"version":1`) {
		t.Errorf("who does not want to choose: %d %s", out.code, out.body)
	}
	if !asked(h).Asked || asked(other).Asked {
		t.Error("who was asked is asked again, or others are not")
	}
}

// swaps ends the gateway that a home has: it is turned out at once, and the next one waits for somebody who lives there.
func (w *whole) swaps(h *house, s *system) {
	t := w.t
	t.Helper()
	var claim view.GatewayClaim
	s.ask("POST", inAccount("A 17/4")+"/gateway", "{}", http.StatusCreated, &claim)
	if !claim.Waits || claim.Revoked != "" {
		t.Fatalf("a second gateway comes in by itself: %+v", claim)
	}
	s.ask("POST", inAccount("A 17/4")+"/gateway", `{"revoke":true,"why":"stolen"}`, http.StatusCreated, &claim)
	if claim.Revoked != h.place.Gateway || !claim.Waits {
		t.Fatalf("%+v, want %s", claim, h.place.Gateway)
	}
	w.eventually("the gateway is turned out", func() bool { return !h.link.Status().Connected })
	h.stop()
	s.ask("POST", inAccount("A 17/4")+"/gateway", `{"revoke":true}`, http.StatusCreated, &claim)
	if claim.Revoked != "" {
		t.Fatalf("it is ended twice: %+v", claim)
	}
}

func (w *whole) leaves(d *db.DB, h, other *house, s *system) {
	t := w.t
	t.Helper()
	session := as(h.resident)
	if out := w.ask("GET", "/v1/homes/"+h.place.Home, "", session); out.code != http.StatusOK {
		t.Fatalf("%d %s", out.code, out.body)
	}
	var tables []string
	for _, k := range w.everything(other.resident) {
		if names, _ := shape(t, d, k); slices.Contains(names, "home") {
			tables = append(tables, k)
		}
	}
	if len(tables) < 50 {
		t.Fatalf("only %v", tables)
	}
	sub := `{"endpoint":"https://push.example/` + h.mark + `","keys":{"p256dh":"BEIhWyQWSDyqUyJyvZqsz4FgWAtYCXBbQgTvNQ3ZnoIUoEVlbhbYvnyX7ZUrYyq-ZR2m-3gkVgQy1sR0JwYc9nU","auth":"AAAAAAAAAAAAAAAAAAAAAA"}}`
	w.ask("POST", "/v1/push-subscriptions", sub, session) // taken or not, nothing of it may be left
	w.ask("PATCH", "/v1/notifications", `{"push":true,"email":false}`, session)
	before := map[string]int{}
	for _, table := range tables {
		before[table] = rowsOf(t, d, table, other.place, "")
	}
	var left view.Leaving
	s.ask("DELETE", inAccount("A 17/4"), "", http.StatusOK, &left)
	if left.Home != h.place.Home || left.Erased["residents"] != 1 || left.Erased["gateways"] != 1 || len(left.Ended) == 0 || len(left.Stays) == 0 {
		t.Errorf("%+v", left)
	}
	s.ask("GET", inAccount("A 17/4"), "", http.StatusNotFound, nil)
	if out := w.ask("GET", "/v1/homes/"+h.place.Home, "", session); out.code != http.StatusUnauthorized {
		t.Errorf("a resident's session: %d %s", out.code, out.body)
	}
	for _, table := range tables {
		if afterLeaving[table] == "" { // a heartbeat that is just being stored is taken back at once
			w.eventually(table+" has no rows of the home", func() bool { return rowsOf(t, d, table, h.place, "") == 0 })
		}
		if n := rowsOf(t, d, table, other.place, ""); n < before[table] {
			t.Errorf("%s: the other provider's home had %d rows and has %d", table, before[table], n)
		}
	}
	if in := w.where(d, w.everything(other.resident), h.mark); len(in) != 0 {
		t.Errorf("names of the home and its people are in %v", in)
	}
	if in := w.where(d, w.everything(other.resident), h.resident.id); len(slices.DeleteFunc(in, func(s string) bool { return strings.HasPrefix(s, "audit_") })) != 0 {
		t.Errorf("the resident is in %v", in)
	}
	if got := w.emitted(d, h.place); !slices.Equal(got, []string{"home.left"}) {
		t.Errorf("told %v", got)
	}
}

// everything are all tables that people are told of.
func (w *whole) everything(by *person) (tables []string) {
	w.t.Helper()
	var inventory view.Inventory
	if out := w.ask("GET", "/v1/privacy", "", as(by)); json.Unmarshal([]byte(out.body), &inventory) != nil {
		w.t.Fatalf("%d %s", out.code, out.body)
	}
	for _, k := range inventory.Items {
		if !strings.Contains(k.Source, ":") {
			tables = append(tables, k.Source)
		}
	}
	return tables
}

// Only who may provision does: not residents, not other tokens, not support.
func TestProvisioningNeedsItsRight(t *testing.T) {
	t.Parallel()
	w := startWhole(t, "")
	p := w.addProvider()
	reader := w.addSystem(p, "fleet.view")
	h := w.addHouse(p)
	email := p.mark + "-one@example.org"
	one := must(w.rooms.Accounts.AddStaff(t.Context(), p.id, email, "Tier one", "a long enough password", "tier1"))(t)
	support := &person{w: w, kind: account.Staff, tenant: p.id, id: one.ID, email: email}
	at := inAccount(h.mark + " account")
	for _, c := range []struct{ method, path, body string }{{"PUT", at, `{"name":"N"}`}, {"GET", at, ""}, {"POST", at + "/gateway", "{}"}, {"DELETE", at, ""}} {
		reader.ask(c.method, c.path, c.body, http.StatusForbidden, nil)
		if out := w.ask(c.method, c.path, c.body, as(support)); out.code != http.StatusForbidden {
			t.Errorf("%s %s by support: %d %s", c.method, c.path, out.code, out.body)
		}
		if out := w.ask(c.method, c.path, c.body, as(h.resident)); out.code != http.StatusUnauthorized {
			t.Errorf("%s %s by a resident: %d %s", c.method, c.path, out.code, out.body)
		}
	}
}
