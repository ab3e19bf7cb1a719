// Package webhook tells a CSP's own systems what happens: CloudEvents 1.0 (structured JSON) as Standard Webhooks, signed, tried again,
// with a log of deliveries. An event is written in the transaction of what it tells. Events have ids and states, never names of people,
// devices or what they talk to: who wants more asks the API. It may import home, internal/platform/db, internal/platform/hook and
// internal/platform/queue, and owns the webhook_ tables.
package webhook

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/hook"
	"cardea/internal/platform/queue"

	"github.com/google/uuid"
)

// Migrations are its tables.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Prefix stands before each kind in an event's type.
const Prefix = "cardea."

// Bounds.
const (
	MaxEndpoints = 20
	maxURL       = 500
	maxName      = 80
	Keep         = 30 * 24 * time.Hour // deliveries
	secretLife   = 24 * time.Hour      // of the old secret after a change
	giveUp       = 3 * 24 * time.Hour  // of one event
	tooLong      = 5 * 24 * time.Hour  // an endpoint that fails so long is paused
	MaxWaiting   = 50_000              // of one endpoint that fails: it is paused
)

// Endpoint is a receiver of a tenant.
type Endpoint struct {
	ID, Name, URL string
	Kinds         []string // none: all
	Created       time.Time
	Who           string    // made it
	Paused        bool      // gets nothing, and what happens meanwhile is not kept for it
	Failing       time.Time // since when; zero: it works
}

// Delivery is one event for one endpoint.
type Delivery struct {
	ID, Kind, Home string
	State          string // waiting, sent, failed
	Made, Sent     time.Time
	Next           time.Time // zero: no more
	Tries          int64
	Code           int    // of the last answer; 0 none
	Why            string // of the last failure
	Body           []byte // as it is sent
}

// Errors that the caller turns into words.
var (
	ErrUnknown = errors.New("there is no such webhook")
	ErrMany    = fmt.Errorf("a provider has at most %d webhooks", MaxEndpoints)
)

// InputError says which field cannot be taken, and why.
type InputError struct{ Field, Why string }

func (e *InputError) Error() string { return e.Field + ": " + e.Why }

// Options are what the room needs.
type Options struct {
	Source   string // where events come from: an absolute URI, as the API is reached
	Reach    hook.Reach
	Insecure bool // http is good enough: demo and tests
	Now      func() time.Time
	Key      []byte // seals secrets in the database; nil: they stand there as they are
	// Paused writes down, in the same transaction, that a webhook was paused by itself; nil: nothing.
	Paused func(tx *db.Tx, tenant, webhook, why string) error
}

// Webhooks is the context. It is safe for use by several goroutines and processes.
type Webhooks struct {
	db     *db.DB
	o      Options
	client *http.Client
	log    *slog.Logger
	queue  *queue.Queue[job]
	sealer cipher.AEAD // nil: secrets are not sealed
	most   int         // MaxWaiting
	count  struct{ sent, failed, paused atomic.Int64 }
}

// Counts are of this process since it began.
type Counts struct {
	Sent, Failed int64 // tries
	Paused       int64 // webhooks that failed for too long, or had too much waiting
}

// Counts says how it went.
func (w *Webhooks) Counts() Counts {
	return Counts{w.count.sent.Load(), w.count.failed.Load(), w.count.paused.Load()}
}

// New makes it on tables that have been migrated.
func New(d *db.DB, o Options, log *slog.Logger) *Webhooks {
	if o.Now == nil {
		o.Now = time.Now
	}
	w := &Webhooks{db: d, o: o, client: hook.Client(o.Reach, queue.Senders), log: log, sealer: sealer(o.Key), most: MaxWaiting}
	w.queue = queue.New(queue.Queue[job]{Name: "webhooks", Take: w.take, Do: w.send, Tidy: w.tidy, Log: log, Now: o.Now})
	return w
}

// Also is done in the transaction of an act on a webhook, as to write down who did it. When it fails the act is not done.
type Also func(tx *db.Tx, webhook string) error

func done(tx *db.Tx, webhook string, also []Also) error {
	for _, f := range also {
		if err := f(tx, webhook); err != nil {
			return err
		}
	}
	return nil
}

// Add makes a webhook and tells its secret, once.
func (w *Webhooks) Add(ctx context.Context, tenant, who string, e Endpoint, also ...Also) (_ Endpoint, secret string, err error) {
	if err := w.check(&e); err != nil {
		return Endpoint{}, "", err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Endpoint{}, "", fmt.Errorf("add a webhook: %w", err)
	}
	e.ID, e.Created, e.Who, secret = id.String(), w.o.Now().UTC().Truncate(time.Millisecond), who, newSecret()
	err = w.db.Tx(ctx, func(tx *db.Tx) error {
		var n int
		if err := tx.Row(`SELECT COUNT(*) FROM webhook_endpoint WHERE tenant = ?`, tenant).Scan(&n); err != nil {
			return err
		}
		if n >= MaxEndpoints {
			return ErrMany
		}
		if _, err := tx.Exec(`INSERT INTO webhook_endpoint (tenant, id, name, url, kinds, secret, was, until, created, who, paused, failing) VALUES (?, ?, ?, ?, ?, ?, '', 0, ?, ?, ?, 0)`,
			tenant, e.ID, e.Name, e.URL, strings.Join(e.Kinds, " "), w.seal(tenant, e.ID, secret), e.Created.UnixMilli(), who, flag(e.Paused)); err != nil {
			return err
		}
		return done(tx, e.ID, also)
	})
	if err != nil {
		return Endpoint{}, "", fmt.Errorf("add a webhook: %w", err)
	}
	return e, secret, nil
}

// Change replaces name, address, kinds and whether it is paused. One that is not paused any more counts as working.
func (w *Webhooks) Change(ctx context.Context, tenant string, e Endpoint, also ...Also) error {
	if err := w.check(&e); err != nil {
		return err
	}
	return w.one(ctx, "change a webhook", e.ID, also, `UPDATE webhook_endpoint SET name = ?, url = ?, kinds = ?, paused = ?, failing = CASE WHEN paused <> ? THEN 0 ELSE failing END
		WHERE tenant = ? AND id = ?`, e.Name, e.URL, strings.Join(e.Kinds, " "), flag(e.Paused), flag(e.Paused), tenant, e.ID)
}

// Remove takes a webhook and its log away.
func (w *Webhooks) Remove(ctx context.Context, tenant, id string, also ...Also) error {
	log := func(tx *db.Tx, id string) error {
		_, err := tx.Exec(`DELETE FROM webhook_delivery WHERE tenant = ? AND endpoint = ?`, tenant, id)
		return err
	}
	return w.one(ctx, "remove a webhook", id, append([]Also{log}, also...), `DELETE FROM webhook_endpoint WHERE tenant = ? AND id = ?`, tenant, id)
}

// Rotate makes a new secret and tells it, once. The old one signs beside it for a day.
func (w *Webhooks) Rotate(ctx context.Context, tenant, id string, also ...Also) (secret string, err error) {
	secret = newSecret()
	return secret, w.one(ctx, "change a webhook's secret", id, also, `UPDATE webhook_endpoint SET was = secret, until = ?, secret = ? WHERE tenant = ? AND id = ?`,
		w.o.Now().Add(secretLife).UnixMilli(), w.seal(tenant, id, secret), tenant, id)
}

// one runs what has to change one row.
func (w *Webhooks) one(ctx context.Context, what, webhook string, also []Also, q string, args ...any) error {
	err := w.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(q, args...)
		if err == nil && n == 0 {
			err = ErrUnknown
		}
		if err != nil {
			return err
		}
		return done(tx, webhook, also)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// List tells of a tenant's webhooks, the oldest first.
func (w *Webhooks) List(ctx context.Context, tenant string) (out []Endpoint, err error) {
	err = w.db.View(ctx, func(tx *db.Tx) (err error) {
		out = nil
		rows, err := tx.Query(`SELECT id, name, url, kinds, created, who, paused, failing FROM webhook_endpoint WHERE tenant = ? ORDER BY id`, tenant)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var e Endpoint
			var kinds string
			var created, paused, failing int64
			if err := rows.Scan(&e.ID, &e.Name, &e.URL, &kinds, &created, &e.Who, &paused, &failing); err != nil {
				return err
			}
			e.Kinds, e.Created, e.Paused, e.Failing = strings.Fields(kinds), when(created), paused != 0, when(failing)
			out = append(out, e)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	return out, nil
}

// Deliveries tells of what an endpoint was sent, the newest first. after is the id of the last one that is known.
func (w *Webhooks) Deliveries(ctx context.Context, tenant, id, after string, limit int) (out []Delivery, err error) {
	err = w.db.View(ctx, func(tx *db.Tx) (err error) {
		out = nil
		rows, err := tx.Query(`SELECT id, kind, home, state, made, sent, due, tries, code, why, body FROM webhook_delivery
			WHERE tenant = ? AND endpoint = ? AND (? = '' OR id < ?) ORDER BY id DESC LIMIT ?`, tenant, id, after, after, min(max(limit, 1), 500))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var d Delivery
			var made, sent, due int64
			if err := rows.Scan(&d.ID, &d.Kind, &d.Home, &d.State, &made, &sent, &due, &d.Tries, &d.Code, &d.Why, &d.Body); err != nil {
				return err
			}
			d.Made, d.Sent, d.Next = when(made), when(sent), when(due)
			out = append(out, d)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	return out, nil
}

// Again sends a delivery once more, whatever came of it.
func (w *Webhooks) Again(ctx context.Context, tenant, endpoint, id string, also ...Also) error {
	defer w.Wake()
	return w.one(ctx, "send again", endpoint, also, `UPDATE webhook_delivery SET due = ?, tries = 0, state = 'waiting', made = ? WHERE tenant = ? AND endpoint = ? AND id = ?`,
		w.o.Now().UnixMilli(), w.o.Now().UnixMilli(), tenant, endpoint, id)
}

// Erase takes away what was told of a home, and says of how many deliveries.
func (w *Webhooks) Erase(ctx context.Context, p home.Place) (n int64, err error) {
	err = w.db.Tx(ctx, func(tx *db.Tx) error {
		n, err = tx.Exec(`DELETE FROM webhook_delivery WHERE tenant = ? AND home = ?`, p.Tenant, p.Home)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("webhooks: %w", err)
	}
	return n, nil
}

// Wake has Run look at once.
func (w *Webhooks) Wake() { w.queue.Wake() }

func (w *Webhooks) check(e *Endpoint) error {
	e.Name = strings.TrimSpace(e.Name)
	if e.Name == "" || utf8.RuneCountInString(e.Name) > maxName || strings.ContainsFunc(e.Name, unicode.IsControl) {
		return &InputError{"name", fmt.Sprintf("want 1 to %d characters on one line", maxName)}
	}
	u, err := url.Parse(e.URL)
	if err != nil || len(e.URL) > maxURL || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && !(w.o.Insecure && u.Scheme == "http") {
		return &InputError{"url", fmt.Sprintf("want https://, a host, no password, at most %d characters", maxURL)}
	}
	e.Kinds = slices.Compact(slices.Sorted(slices.Values(e.Kinds)))
	for _, k := range e.Kinds {
		if !slices.Contains(Kinds, k) {
			return &InputError{"kinds", fmt.Sprintf("%.40q is no kind of event", k)}
		}
	}
	return nil
}

func newSecret() string {
	var key [32]byte
	rand.Read(key[:])
	return hook.WriteSecret(key[:])
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func when(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
