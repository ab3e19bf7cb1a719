package webhook

import (
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Each kind is named alike, says when, and its example fits its schema, as another library has it.
func TestCatalog(t *testing.T) {
	name := regexp.MustCompile(`^([a-z]+\.[a-z]+|test)$`)
	seen := map[string]bool{}
	for _, k := range Catalog() {
		if !name.MatchString(k.Name) || k.When == "" || seen[k.Name] {
			t.Errorf("%+v", k)
		}
		seen[k.Name] = true
		b, err := json.Marshal(k.Data)
		if err != nil {
			t.Fatal(err)
		}
		example, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		if err := c.AddResource("urn:kind", k.Schema()); err != nil {
			t.Fatal(err)
		}
		s, err := c.Compile("urn:kind")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(example); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
		if s.Validate(map[string]any{}) == nil {
			t.Errorf("%s: anything fits its schema", k.Name)
		}
	}
}

func TestThePageIsOfTheCode(t *testing.T) {
	const file = "../../docs/events.md"
	if os.Getenv("CARDEA_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(Page()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != Page() {
		t.Errorf("docs/events.md is old: run this test with CARDEA_GOLDEN=1 (%v)", err)
	}
}

// What is told again and again by its key is one event for each webhook, and sorts by when it happened.
func TestAKeyIsToldOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e, theirs := w.add(), w.now.Add(-time.Hour)
		_, _, err := w.Add(w.ctx, other, "x", Endpoint{Name: "another's", URL: w.to.URL})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := d.Tx(w.ctx, func(tx *db.Tx) error {
				return w.EmitAll(tx, Event{Kind: "list.published", Key: "41", At: theirs, Data: List{Version: 41}})
			}); err != nil {
				t.Fatal(err)
			}
		}
		w.emit(Event{Kind: "list.published", Place: place, Key: "42", At: w.now, Data: List{Version: 42}})
		list := w.log(e)
		if len(list) != 2 || !strings.Contains(string(list[0].Body), `"version":42`) || list[0].ID <= list[1].ID {
			t.Errorf("%+v", list)
		}
		all, err := w.Deliveries(w.ctx, other, w.only(other), "", 9)
		if err != nil || len(all) != 1 || all[0].ID == list[1].ID {
			t.Errorf("another's: %+v, %v", all, err)
		}
	})
}

func (w *world) only(tenant string) string {
	w.t.Helper()
	list, err := w.List(w.ctx, tenant)
	if err != nil || len(list) != 1 {
		w.t.Fatal(list, err)
	}
	return list[0].ID
}

// Whoever has the database alone signs nothing; a row that is copied to another webhook is of no use there.
func TestSecretsAreSealed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		before := w.add() // from a time without a key
		w.sealer = sealer([]byte(strings.Repeat("k", 32)))
		e := w.add()
		var stored string
		read := func() {
			t.Helper()
			if err := d.View(w.ctx, func(tx *db.Tx) error {
				return tx.Row(`SELECT secret FROM webhook_endpoint WHERE id = ?`, e.ID).Scan(&stored)
			}); err != nil {
				t.Fatal(err)
			}
		}
		if read(); !strings.HasPrefix(stored, sealed) || strings.Contains(stored, w.to.secrets[1]) {
			t.Errorf("%q", stored)
		}
		first := w.to.secrets
		for i, one := range []Endpoint{before, e} {
			w.to.secrets = first[i : i+1]
			if err := w.Test(w.ctx, tenant, one.ID); err != nil {
				t.Fatal(err)
			}
			if w.send(); w.to.bad != nil || w.log(one)[0].State != "sent" {
				t.Errorf("%v, %+v", w.to.bad, w.log(one)[0])
			}
		}
		read()
		for _, bad := range []string{stored[:len(stored)-8] + "AAAAAAA=", sealed, sealed + "!", sealed + "AAAA"} {
			if _, err := w.open(tenant, e.ID, bad); !errors.Is(err, errSealed) {
				t.Errorf("%q: %v", bad, err)
			}
		}
		if _, err := w.open(tenant, before.ID, stored); !errors.Is(err, errSealed) {
			t.Errorf("at another webhook: %v", err)
		}
		if _, err := New(d, w.o, slog.New(slog.DiscardHandler)).open(tenant, e.ID, stored); !errors.Is(err, errSealed) {
			t.Errorf("without the key: %v", err)
		}
	})
}

// An endpoint that fails while too much waits for it is paused, and its provider hears of it by its other webhooks and in its audit.
func TestAQueueHasAnEnd(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.most = 5
	var told []string
	w.o.Paused = func(_ *db.Tx, tenant, id, why string) error { told = append(told, tenant+" "+id+" "+why); return nil }
	e := w.add("home.created")
	next := w.add("webhook.paused")
	w.to.status = 503
	for range w.most + 1 {
		w.emit(Event{Kind: "home.created", Place: place, Data: Home{place.Home}})
	}
	w.send()
	if list, err := w.List(w.ctx, tenant); err != nil || !list[0].Paused || list[1].Paused {
		t.Fatalf("%+v, %v", list, err)
	}
	if c := w.Counts(); c.Failed == 0 || c.Paused != 1 || c.Sent != 0 {
		t.Errorf("%+v", c)
	}
	if len(told) != 1 || told[0] != tenant+" "+e.ID+" full" {
		t.Errorf("%v", told)
	}
	if d := w.log(next); len(d) != 1 || d[0].Kind != "webhook.paused" || !strings.Contains(string(d[0].Body), e.ID) {
		t.Errorf("%+v", d)
	}
}

// So is one that works and does not keep up.
func TestAQueueHasAnEndAlsoWhereItWorks(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.most = 5
	e := w.add("home.created")
	emit := func(n int) {
		for range n {
			w.emit(Event{Kind: "home.created", Place: place, Data: Home{place.Home}})
		}
	}
	emit(w.most + ofOne)
	w.send()
	if list, err := w.List(w.ctx, tenant); err != nil || list[0].Paused {
		t.Fatalf("many at once: %+v, %v", list, err)
	}
	emit(w.most + ofOne + 1)
	w.now = w.now.Add(late)
	w.send()
	list, err := w.List(w.ctx, tenant)
	if err != nil || !list[0].Paused || list[0].ID != e.ID {
		t.Errorf("%+v, %v", list, err)
	}
}

// An act that cannot be written down is not done.
func TestWhatIsNotWrittenDownIsNotDone(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	bad := func(*db.Tx, string) error { return errors.New("the audit is full") }
	if _, _, err := w.Add(w.ctx, tenant, "x", Endpoint{Name: "a", URL: w.to.URL}, bad); err == nil {
		t.Error("added")
	}
	e := w.add()
	if _, err := w.Rotate(w.ctx, tenant, e.ID, bad); err == nil {
		t.Error("rotated")
	}
	if err := w.Remove(w.ctx, tenant, e.ID, bad); err == nil {
		t.Error("removed")
	}
	e.Name = "changed"
	if err := w.Change(w.ctx, tenant, e, bad); err == nil {
		t.Error("changed")
	}
	if err := w.Test(w.ctx, tenant, e.ID); err != nil {
		t.Fatal(err)
	}
	if w.send(); w.to.bad != nil {
		t.Error(w.to.bad)
	}
	if err := w.Again(w.ctx, tenant, e.ID, w.log(e)[0].ID, bad); err == nil {
		t.Error("sent again")
	}
	if list, err := w.List(w.ctx, tenant); err != nil || len(list) != 1 || list[0].Name != "our desk" {
		t.Errorf("%+v, %v", list, err)
	}
}
