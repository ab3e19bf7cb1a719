package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/internal/platform/hook"
	"cardea/internal/platform/queue"

	"github.com/cloudevents/sdk-go/v2/event"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// receiver is a CSP's system. It verifies with the library of Standard Webhooks and reads with that of CloudEvents.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	secrets []string // any of them verifies
	status  int
	got     []event.Event
	ids     []string
	bad     []error
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	g := &receiver{status: http.StatusNoContent}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		b, err := io.ReadAll(r.Body)
		verified := err
		for _, s := range g.secrets {
			v, err := standardwebhooks.NewWebhook(s)
			if err == nil {
				err = v.VerifyIgnoringTimestamp(b, r.Header) // the test's clock is not the library's
			}
			verified = errors.Join(verified, err)
		}
		var e event.Event
		if err := errors.Join(verified, json.Unmarshal(b, &e), e.Validate()); err != nil || r.Header.Get("Content-Type") != ContentType {
			g.bad = append(g.bad, err)
		}
		g.got, g.ids = append(g.got, e), append(g.ids, r.Header.Get("Webhook-Id"))
		w.WriteHeader(g.status)
	}))
	t.Cleanup(g.Close)
	return g
}

type world struct {
	*Webhooks
	now time.Time
	to  *receiver
	ctx context.Context
	t   *testing.T
}

const (
	tenant = "018f0000-0000-7000-8000-000000000001"
	other  = "018f0000-0000-7000-8000-000000000002"
)

var place = home.Place{Tenant: tenant, Home: "018f0000-0000-7000-8000-0000000000aa"}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	if err := d.Migrate(t.Context(), "webhook", Migrations); err != nil {
		t.Fatal(err)
	}
	w := &world{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), to: newReceiver(t), ctx: t.Context(), t: t}
	w.Webhooks = New(d, Options{Source: "https://cardea.example", Reach: hook.Loopback, Insecure: true, Now: func() time.Time { return w.now }}, slog.New(slog.DiscardHandler))
	return w
}

func (w *world) add(kinds ...string) Endpoint {
	w.t.Helper()
	e, secret, err := w.Add(w.ctx, tenant, "somebody", Endpoint{Name: "our desk", URL: w.to.URL, Kinds: kinds})
	if err != nil {
		w.t.Fatal(err)
	}
	w.to.secrets = append(w.to.secrets, secret)
	return e
}

func (w *world) emit(e Event) {
	w.t.Helper()
	if err := w.db.Tx(w.ctx, func(tx *db.Tx) error { return w.Emit(tx, e) }); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) send() {
	w.t.Helper()
	if _, err := w.queue.Round(w.ctx); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) log(e Endpoint) []Delivery {
	w.t.Helper()
	list, err := w.Deliveries(w.ctx, tenant, e.ID, "", 50)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func TestAnEventReachesWhoWantsIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e := w.add("incident.opened")
		w.emit(Event{Kind: "incident.opened", Place: place, Subject: "homes/a/incidents/b", Data: map[string]string{"state": "open"}})
		w.emit(Event{Kind: "incident.closed", Place: place})                              // not wanted
		w.emit(Event{Kind: "incident.opened", Place: home.Place{Tenant: other}, Data: 1}) // another's
		w.send()
		if len(w.to.got) != 1 || w.to.bad != nil {
			t.Fatalf("%d events, %v", len(w.to.got), w.to.bad)
		}
		got := w.to.got[0]
		if got.Type() != "cardea.incident.opened" || got.Subject() != "homes/a/incidents/b" || got.Source() != "https://cardea.example/tenants/"+tenant || !got.Time().Equal(w.now) ||
			string(got.Data()) != `{"state":"open"}` || got.ID() != w.to.ids[0] {
			t.Errorf("%v", got)
		}
		list := w.log(e)
		if len(list) != 1 || list[0].State != "sent" || list[0].Code != 204 || list[0].Tries != 1 || !list[0].Next.IsZero() || list[0].Sent.IsZero() {
			t.Errorf("%+v", list)
		}
		if err := w.Again(w.ctx, tenant, e.ID, list[0].ID); err != nil {
			t.Fatal(err)
		}
		w.send()
		if len(w.to.ids) != 2 || w.to.ids[1] != w.to.ids[0] {
			t.Errorf("%v", w.to.ids)
		}
		if n, err := w.Erase(w.ctx, place); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		if err := w.Test(w.ctx, other, e.ID); !errors.Is(err, ErrUnknown) {
			t.Errorf("another's: %v", err)
		}
		if list := w.log(e); len(list) != 0 {
			t.Errorf("%+v after the home was erased", list)
		}
		if err := w.Test(w.ctx, tenant, e.ID); err != nil {
			t.Fatal(err)
		}
		w.send()
		if list := w.log(e); len(list) != 1 || list[0].Kind != "test" || list[0].State != "sent" {
			t.Errorf("%+v", list)
		}
	})
}

func TestWhatFailsIsTriedAgain(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	e := w.add()
	w.to.status = http.StatusServiceUnavailable
	w.emit(Event{Kind: "home.created", Place: place, Data: struct{}{}})
	w.send()
	w.send() // not yet
	if d := w.log(e)[0]; len(w.to.got) != 1 || d.State != "waiting" || d.Code != 503 || d.Why == "" || !d.Next.Equal(w.now.Add(30*time.Second)) {
		t.Fatalf("%d, %+v", len(w.to.got), d)
	}
	w.now, w.to.status = w.now.Add(30*time.Second), 200
	w.send()
	if d := w.log(e)[0]; d.State != "sent" || d.Tries != 2 {
		t.Errorf("%+v", d)
	}
	w.to.status = http.StatusBadRequest
	w.emit(Event{Kind: "home.created", Place: place, Data: struct{}{}})
	w.send()
	if d := w.log(e)[0]; d.State != "failed" || !d.Next.IsZero() {
		t.Errorf("%+v", d)
	}
	w.to.status = 500
	w.emit(Event{Kind: "home.created", Place: place, Data: struct{}{}})
	for range 200 {
		w.send()
		w.now = w.now.Add(time.Hour)
	}
	if d := w.log(e)[0]; d.State != "failed" || d.Tries < 60 || d.Tries > 90 {
		t.Errorf("%+v", d)
	}
	list, err := w.List(w.ctx, tenant)
	if err != nil || list[0].Failing.IsZero() {
		t.Errorf("%+v, %v", list, err)
	}
	w.emit(Event{Kind: "home.created", Place: place, Data: struct{}{}})
	w.send()
	if list, err = w.List(w.ctx, tenant); err != nil || !list[0].Paused {
		t.Errorf("it has failed for days: %+v, %v", list, err)
	}
	if e = list[0]; w.to.status != 0 {
		e.Paused, w.to.status = false, 200
	}
	if err := w.Change(w.ctx, tenant, e); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	w.send()
	if d := w.log(e)[0]; d.State != "sent" {
		t.Errorf("%+v", d)
	}
	if list, err = w.List(w.ctx, tenant); err != nil || !list[0].Failing.IsZero() || list[0].Paused {
		t.Errorf("%+v, %v", list, err)
	}
}

// Two processes and one that stops between taking and noting: what was noted is not sent again.
func TestOnceEvenWithTwo(t *testing.T) {
	w := newWorld(t, dbtest.Postgres(t))
	e := w.add()
	for range 40 {
		w.emit(Event{Kind: "home.created", Place: place, Data: struct{}{}})
	}
	two := New(w.db, w.o, slog.New(slog.DiscardHandler))
	var wg sync.WaitGroup
	for _, one := range []*Webhooks{w.Webhooks, two} {
		wg.Go(func() {
			for more := true; more; {
				var err error
				if more, err = one.queue.Round(w.ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if len(w.to.got) != 40 || w.to.bad != nil {
		t.Errorf("%d events, %v", len(w.to.got), w.to.bad)
	}
	w.emit(Event{Kind: "home.created", Place: place, Data: struct{}{}})
	if took, _, err := w.take(w.ctx); err != nil || len(took) != 1 { // and is killed
		t.Fatalf("%v, %v", took, err)
	}
	w.send()
	if len(w.to.got) != 40 {
		t.Error("sent while somebody else has it")
	}
	w.now = w.now.Add(queue.Lease)
	w.send()
	if len(w.to.got) != 41 || w.log(e)[0].State != "sent" {
		t.Errorf("%d events", len(w.to.got))
	}
}

// An endpoint with a long queue, which may hang, does not keep another's event waiting, and all that is taken ends within the lease.
func TestEachEndpointHasItsTurn(t *testing.T) {
	if hook.Time*atOnce/queue.Senders >= queue.Lease {
		t.Error("what is taken at once may outlast the lease")
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.add("incident.opened")
		for range 3 * atOnce {
			w.emit(Event{Kind: "incident.opened", Place: place, Data: struct{}{}})
		}
		w.now = w.now.Add(time.Second)
		e := w.add("home.created")
		w.emit(Event{Kind: "home.created", Place: place, Data: struct{}{}})
		took, _, err := w.take(w.ctx)
		if err != nil || len(took) != ofOne+1 || took[ofOne].endpoint != e.ID {
			t.Errorf("%d taken, %v", len(took), err)
		}
	})
}

// A tenant whose receivers are all dead has a share of what is sent at once, one of each that fails, and comes after those that work.
func TestOneTenantsDeadReceiversHoldNobodyUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e := w.add()
		var dead []Endpoint
		for range MaxEndpoints {
			one, _, err := w.Add(w.ctx, other, "x", Endpoint{Name: "dead", URL: w.to.URL})
			if err != nil {
				t.Fatal(err)
			}
			dead = append(dead, one)
		}
		theirs := home.Place{Tenant: other}
		w.emit(Event{Kind: "home.created", Place: theirs, Data: struct{}{}})
		w.emit(Event{Kind: "home.created", Place: theirs, Data: struct{}{}})
		w.now = w.now.Add(time.Second)
		w.emit(Event{Kind: "home.created", Place: place, Data: struct{}{}})
		took, _, err := w.take(w.ctx)
		if err != nil || len(took) != ofTenant+1 || took[ofTenant].endpoint != e.ID {
			t.Fatalf("%d taken, %v", len(took), err)
		}
		if err := w.db.Tx(w.ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE webhook_endpoint SET failing = 1 WHERE tenant = ?`, other)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		w.emit(Event{Kind: "home.created", Place: place, Data: struct{}{}})
		took, _, err = w.take(w.ctx)
		each := map[string]int{}
		for _, j := range took {
			each[j.endpoint]++
		}
		if err != nil || len(took) != ofTenant+1 || took[0].endpoint != e.ID {
			t.Errorf("%d taken, the first of %v, %v", len(took), took[0].endpoint == e.ID, err)
		}
		for _, one := range dead {
			if each[one.ID] > 1 {
				t.Errorf("%d of one that fails", each[one.ID])
			}
		}
	})
}

func TestSecretsChange(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	e := w.add()
	fresh, err := w.Rotate(w.ctx, tenant, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.to.secrets = append(w.to.secrets, fresh) // both verify, for a day
	w.emit(Event{Kind: "home.created", Place: place, Data: struct{}{}})
	w.send()
	w.to.secrets, w.now = []string{fresh}, w.now.Add(secretLife)
	w.emit(Event{Kind: "home.created", Place: place, Data: struct{}{}})
	w.send()
	if len(w.to.got) != 2 || w.to.bad != nil {
		t.Errorf("%d, %v", len(w.to.got), w.to.bad)
	}
	if _, err := w.Rotate(w.ctx, other, e.ID); !errors.Is(err, ErrUnknown) {
		t.Errorf("another's: %v", err)
	}
}

func TestWhatCannotBeTaken(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.o.Insecure = false
	for _, e := range []Endpoint{{Name: "", URL: "https://a.example/"}, {Name: "x\ny", URL: "https://a.example/"}, {Name: "a", URL: "http://a.example/"},
		{Name: "a", URL: "https://"}, {Name: "a", URL: "https://u:p@a.example/"}, {Name: "a", URL: "file:///etc/passwd"}, {Name: "a", URL: "https://a.example/" + strings.Repeat("x", 500)},
		{Name: "a", URL: "https://a.example/", Kinds: []string{"everything"}}} {
		_, _, err := w.Add(w.ctx, tenant, "x", e)
		var in *InputError
		if !errors.As(err, &in) {
			t.Errorf("%+v: %v", e, err)
		}
	}
	for range MaxEndpoints {
		if _, _, err := w.Add(w.ctx, tenant, "x", Endpoint{Name: "a", URL: "https://a.example/"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := w.Add(w.ctx, tenant, "x", Endpoint{Name: "a", URL: "https://a.example/"}); !errors.Is(err, ErrMany) {
		t.Error(err)
	}
	if err := w.db.Tx(w.ctx, func(tx *db.Tx) error {
		return w.Emit(tx, Event{Kind: "test", Place: place, Data: strings.Repeat("x", maxData)})
	}); err == nil {
		t.Error("an event that is too large")
	}
	if err := w.Remove(w.ctx, other, "x"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
}
