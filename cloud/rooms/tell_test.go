package rooms

import (
	"encoding/json"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"cardea/cloud/account"
	intelligence "cardea/cloud/intel"
	"cardea/cloud/rollout"
	"cardea/cloud/rollout/ring"
	"cardea/cloud/staff/rights"
	"cardea/cloud/webhook"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

// desk is a provider on an installation of its own, with a webhook that hears of everything.
type desk struct {
	*Rooms
	t            *testing.T
	tenant, hook string
	one, two     string // of staff
}

func newDesk(t *testing.T, database string) *desk {
	t.Helper()
	r, err := Open(t.Context(), Config{Data: t.TempDir(), DB: database}, Signals{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	d := &desk{Rooms: r, t: t}
	tenant, err := r.Accounts.CreateTenant(t.Context(), "desk-net", "Desk Net")
	if err != nil {
		t.Fatal(err)
	}
	d.tenant = tenant.ID
	for i, to := range []*string{&d.one, &d.two} {
		p, err := r.Accounts.AddStaff(t.Context(), d.tenant, []string{"a@example.org", "b@example.org"}[i], "Somebody", "a long enough password", rights.Admin, rights.SOC)
		if err != nil {
			t.Fatal(err)
		}
		*to = p.ID
	}
	e, _, err := r.Webhooks.Add(t.Context(), d.tenant, d.one, webhook.Endpoint{Name: "Desk", URL: "https://desk.example.net/"})
	if err != nil {
		t.Fatal(err)
	}
	d.hook = e.ID
	return d
}

// heard are the events of the webhook that has not been sent anything yet, the oldest first.
func (d *desk) heard() (kinds []string, data map[string]map[string]any) {
	d.t.Helper()
	list, err := d.Webhooks.Deliveries(d.t.Context(), d.tenant, d.hook, "", 100)
	if err != nil {
		d.t.Fatal(err)
	}
	data = map[string]map[string]any{}
	for _, one := range slices.Backward(list) {
		var e struct{ Data map[string]any }
		if err := json.Unmarshal(one.Body, &e); err != nil {
			d.t.Fatal(err)
		}
		kinds, data[one.Kind] = append(kinds, one.Kind), e.Data
	}
	return kinds, data
}

func (d *desk) publish(text string) {
	d.t.Helper()
	if _, err := d.Rollout.Publish(d.t.Context(), "lists", fstest.MapFS{"malware.txt": {Data: []byte(text)}}); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) good(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// What a provider's own systems hear beside cases, homes and gateways: each once, with its ids, and counts of few homes hidden.
func TestSystemsHearOfTheFleet(t *testing.T) {
	d := newDesk(t, "")
	ctx := t.Context()
	d.publish("a.example\n")
	d.good(d.Rollout.Hold(ctx, "lists", true))
	d.publish("a.example\nb.example\n")
	p, err := d.Rollout.Start(ctx, rollout.Start{Name: "lists", By: d.one, Why: "try it"})
	d.good(err)
	for _, f := range []func() (rollout.Plan, error){
		func() (rollout.Plan, error) { return d.Rollout.Pause(ctx, p.ID, d.one, "wait") }, func() (rollout.Plan, error) { return d.Rollout.Resume(ctx, p.ID, d.one, "go on") },
		func() (rollout.Plan, error) { return d.Rollout.Halt(ctx, p.ID, d.one, "bad") }, func() (rollout.Plan, error) { return d.Rollout.Undo(ctx, p.ID, d.one, "bad") },
	} {
		_, err := f()
		d.good(err)
	}
	what := []byte(`{"of":[{"kind":"domain","value":"c2.badexample.com","family":"mirai"}],"why":"seen at another provider"}`)
	approval, err := d.Staff.Propose(ctx, d.tenant, "hunt", what, d.one, "seen at another provider")
	d.good(err)
	hunt, err := d.StartHunt(ctx, d.tenant, what, d.one, d.two)
	d.good(err)
	for range 2 { // it is asked again and again
		d.good(d.TellIntel(ctx, intelligence.Turned{Published: intelligence.Published{Changed: true, Version: 2, Entries: 2}}, true))
	}
	d.good(d.tellHunts(ctx, d.tenant, time.Now().Add(intelligence.HuntLife+time.Hour)))
	_, err = d.Audit.Seal(ctx)
	d.good(err)
	kinds, data := d.heard()
	slices.Sort(kinds) // lists and ends of searches have the time at which they were
	if want := []string{"approval.waiting", "audit.sealed", "hunt.finished", "hunt.started", "list.published", "rollout.halted", "rollout.paused", "rollout.resumed", "rollout.started", "rollout.undone"}; !slices.Equal(slices.Compact(slices.Clone(kinds)), want) {
		t.Errorf("heard %v", kinds)
	}
	for _, k := range []string{"list.published", "hunt.started", "hunt.finished"} {
		if n := len(slices.DeleteFunc(slices.Clone(kinds), func(s string) bool { return s != k })); n != 1 && k != "list.published" {
			t.Errorf("%s came %d times", k, n)
		}
	}
	if data["rollout.started"]["rollout"] != p.ID || data["approval.waiting"]["approval"] != approval || data["hunt.finished"]["hunt"] != hunt || data["hunt.finished"]["homes"] != 0.0 || data["audit.sealed"]["signature"] == "" {
		t.Errorf("%v", data)
	}
}

// What is held back of a source, or cannot be read of it, is told once, and again when something else is.
func TestSystemsHearOfListsThatWait(t *testing.T) {
	good := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name                 string
		state                string
		entries, held, fails int
		kind, why            string
	}{
		{"as it should be", intelligence.StateGood, 10, 0, 0, "", ""},
		{"empty", intelligence.StateHeld, 5000, 0, 0, "list.held", "empty"},
		{"shrank", intelligence.StateHeld, 5000, 12, 0, "list.held", "shrank"},
		{"grew", intelligence.StateHeld, 5000, 900000, 0, "list.held", "grew"},
		{"held and failing", intelligence.StateHeld, 5000, 12, 9, "list.held", "shrank"},
		{"failed once", intelligence.StateFailed, 10, 0, 1, "", ""},
		{"fails", intelligence.StateFailed, 10, 0, 3, "list.refused", "failing"},
		{"fails on", intelligence.StateFailed, 10, 0, 4, "list.refused", "failing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := intelligence.State{State: c.state, Good: good, Entries: c.entries, Held: c.held, Fails: c.fails}
			s.Name = "feed"
			e, ok := sourceEvent(&s)
			if ok != (c.kind != "") || e.Kind != c.kind || ok && (e.Data.(webhook.Source).Why != c.why || e.Key == "" || !e.At.Equal(good)) {
				t.Errorf("%+v", e)
			}
			later := s
			later.Tried = good.Add(time.Hour)
			if again, _ := sourceEvent(&later); again.Key != e.Key {
				t.Errorf("asked again it is another event: %q, then %q", e.Key, again.Key)
			}
			if later.Held++; ok && c.state == intelligence.StateHeld {
				if other, _ := sourceEvent(&later); other.Key == e.Key {
					t.Error("other content is held, and nobody hears of it")
				}
			}
		})
	}
}

// A source that is turned away by its server is told to a provider's systems when that lasts, once.
func TestASourceThatFailsIsTold(t *testing.T) {
	d := newDesk(t, "")
	ctx := t.Context()
	s := intelligence.Source{Name: "gone", Kind: intelligence.KindFolder, Place: filepath.Join(t.TempDir(), "gone"), Trust: 50, Why: "try it"}
	d.good(d.Intel.SetSource(ctx, s, nil))
	told := func() (n int) {
		d.good(d.TellIntel(ctx, intelligence.Turned{Fetched: 1}, false))
		kinds, _ := d.heard()
		return len(slices.DeleteFunc(kinds, func(k string) bool { return k != "list.refused" }))
	}
	for n, want := range []int{0, 0, 1, 1} {
		d.good(d.Intel.FetchNow(ctx, "gone", nil))
		if _, err := d.Intel.Turn(ctx); err != nil {
			t.Fatal(err)
		}
		if got := told(); got != want {
			t.Errorf("after %d failures %d events, want %d", n+1, got, want)
		}
	}
}

// Whoever asks at the same time for the same number gets one home, which one of them made.
func TestOneNumberAskedForAtOnce(t *testing.T) {
	for name, database := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": dbtest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, database(t))
			var mu sync.Mutex
			var wg sync.WaitGroup
			homes, made := map[string]bool{}, 0
			for range 8 {
				wg.Go(func() {
					h, created, err := d.Accounts.Provision(t.Context(), account.Subscriber{Tenant: d.tenant, Account: "A-1", Name: "Mill Lane 4"}, d.one)
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						t.Error(err)
					}
					if homes[h.ID] = true; created {
						made++
					}
				})
			}
			if wg.Wait(); len(homes) != 1 || made != 1 {
				t.Errorf("%d homes, made %d times", len(homes), made)
			}
			if kinds, _ := d.heard(); !slices.Equal(kinds, []string{"home.created"}) {
				t.Errorf("heard %v", kinds)
			}
		})
	}
}

// A subscriber leaves while a version is on its way and the home is pinned: nothing of the home stays with the rollout, which goes on.
// A code that was made for the home is good for nothing, not for who comes back with the number either.
func TestLeavingWhileARolloutRuns(t *testing.T) {
	d := newDesk(t, "")
	ctx := t.Context()
	provision := func() home.Place {
		h, created, err := d.Accounts.Provision(ctx, account.Subscriber{Tenant: d.tenant, Account: "A-1", Name: "Mill Lane 4"}, d.one)
		if err != nil || !created {
			t.Fatal(created, err)
		}
		return h.Place()
	}
	p := provision()
	code, _, err := d.Accounts.CreateClaim(ctx, p, d.one, false)
	d.good(err)
	d.publish("a.example\n")
	d.good(d.Rollout.Hold(ctx, "lists", true))
	d.publish("a.example\nb.example\n")
	plan, err := d.Rollout.Start(ctx, rollout.Start{Name: "lists", By: d.one, Why: "try it"})
	d.good(err)
	d.good(d.Rollout.Pin(ctx, rollout.Pinned{Place: p, Name: "lists", Pin: ring.Pin{Ring: ring.Lab}, By: d.one, Why: "it is ours", Made: time.Now()}))
	_, err = d.Leave(ctx, p, d.one)
	d.good(err)
	var pins int
	d.good(d.DB.View(ctx, func(tx *db.Tx) error {
		return tx.Row(`SELECT COUNT(*) FROM rollout_pin WHERE tenant = ? AND home = ?`, p.Tenant, p.Home).Scan(&pins)
	}))
	if pins != 0 {
		t.Errorf("%d pins are left of a home that left", pins)
	}
	d.good(d.Rollout.Advance(ctx))
	if got, _, err := d.Rollout.Plan(ctx, plan.ID); err != nil || got.State == rollout.Halted {
		t.Errorf("%+v, %v", got, err)
	}
	again := provision()
	if again.Home == p.Home {
		t.Error("who comes back has the old home")
	}
	var claims int
	d.good(d.DB.View(ctx, func(tx *db.Tx) error { return tx.Row(`SELECT COUNT(*) FROM account_claim`).Scan(&claims) }))
	if claims != 0 || code == "" {
		t.Errorf("%d codes are left", claims)
	}
}
