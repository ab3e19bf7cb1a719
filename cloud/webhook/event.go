package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"

	"github.com/google/uuid"
)

// Event is something that happened.
type Event struct {
	Kind  string     // one of Kinds
	Place home.Place // its home may be ""
	// Subject is what it is about, as a path of the API, as homes/…/incidents/….
	Subject string
	Data    any // as JSON, at most maxData bytes
	// Key is of what may be told more than once and is to be written once, with At, when it happened; "": each time is an event of its own.
	Key string
	At  time.Time
}

// id of an event. They sort by time.
func (e Event) id() (uuid.UUID, error) {
	if e.Key == "" {
		return uuid.NewV7()
	}
	sum := sha256.Sum256([]byte(e.Place.Tenant + "\n" + e.Kind + "\n" + e.Key))
	id := uuid.UUID(sum[:16])
	ms := uint64(e.At.UnixMilli())
	for i := range 6 { // as a UUIDv7 begins
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id, nil
}

const maxData = 16 << 10

// cloudEvent is CloudEvents 1.0, JSON format (github.com/cloudevents/spec, sections 2 and 3).
type cloudEvent struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Subject         string          `json:"subject,omitempty"`
	Time            time.Time       `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	Data            json.RawMessage `json:"data"`
}

// ContentType is of a CloudEvent as JSON.
const ContentType = "application/cloudevents+json"

// Emit writes an event for each endpoint that wants it, in the transaction of what it tells. Without endpoints it costs one look.
func (w *Webhooks) Emit(tx *db.Tx, e Event) error {
	if !slices.Contains(Kinds, e.Kind) {
		return fmt.Errorf("webhook: %q is no kind of event", e.Kind)
	}
	to, err := wanting(tx, e.Place.Tenant, e.Kind)
	if err != nil || len(to) == 0 {
		return err
	}
	return w.write(tx, to, e)
}

// EmitAll writes an event of the whole installation for each provider. An event with a Key is written once, however often it is told.
func (w *Webhooks) EmitAll(tx *db.Tx, e Event) (err error) {
	rows, err := tx.Query(`SELECT DISTINCT tenant FROM webhook_endpoint WHERE paused = 0 ORDER BY tenant`)
	if err != nil {
		return fmt.Errorf("webhooks: %w", err)
	}
	var tenants []string
	for rows.Next() {
		var t string
		if err := rows.Scan(&t); err != nil {
			return errors.Join(err, rows.Close())
		}
		tenants = append(tenants, t)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, t := range tenants {
		e.Place = home.Place{Tenant: t}
		if err := w.Emit(tx, e); err != nil {
			return err
		}
	}
	return nil
}

// Any says whether a tenant has a webhook that hears of anything.
func (w *Webhooks) Any(ctx context.Context, tenant string) (any bool, err error) {
	err = w.db.View(ctx, func(tx *db.Tx) error {
		var n int
		err := tx.Row(`SELECT COUNT(*) FROM webhook_endpoint WHERE tenant = ? AND paused = 0`, tenant).Scan(&n)
		any = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("webhooks: %w", err)
	}
	return any, nil
}

// Test writes an event for one endpoint, whatever it wants.
func (w *Webhooks) Test(ctx context.Context, tenant, endpoint string, also ...Also) error {
	err := w.db.Tx(ctx, func(tx *db.Tx) error {
		var one int
		if err := tx.Row(`SELECT 1 FROM webhook_endpoint WHERE tenant = ? AND id = ?`, tenant, endpoint).Scan(&one); err != nil {
			return err
		}
		if err := w.write(tx, []string{endpoint}, Event{Kind: "test", Place: home.Place{Tenant: tenant}, Data: Text{"This webhook works."}}); err != nil {
			return err
		}
		return done(tx, endpoint, also)
	})
	if db.NoRows(err) {
		err = ErrUnknown
	}
	if err != nil {
		return fmt.Errorf("test a webhook: %w", err)
	}
	return nil
}

func (w *Webhooks) write(tx *db.Tx, to []string, e Event) error {
	id, err := e.id()
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	data, err := json.Marshal(e.Data)
	if err != nil || len(data) > maxData {
		return errors.Join(fmt.Errorf("webhook: %s: %d bytes of data", e.Kind, len(data)), err)
	}
	now := w.o.Now().UTC().Truncate(time.Millisecond)
	body, err := json.Marshal(cloudEvent{SpecVersion: "1.0", ID: id.String(), Source: w.o.Source + "/tenants/" + e.Place.Tenant, Type: Prefix + e.Kind,
		Subject: e.Subject, Time: now, DataContentType: "application/json", Data: data})
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	for _, endpoint := range to {
		if _, err := tx.Exec(`INSERT INTO webhook_delivery (tenant, home, endpoint, id, kind, body, made, due, tries, state, code, why, sent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 'waiting', 0, '', 0) ON CONFLICT (tenant, endpoint, id) DO NOTHING`,
			e.Place.Tenant, e.Place.Home, endpoint, id.String(), e.Kind, body, now.UnixMilli(), now.UnixMilli()); err != nil {
			return fmt.Errorf("webhook: %w", err)
		}
	}
	tx.After(w.Wake)
	return nil
}

// wanting are a tenant's endpoints that want a kind.
func wanting(tx *db.Tx, tenant, kind string) (out []string, err error) {
	rows, err := tx.Query(`SELECT id, kinds FROM webhook_endpoint WHERE tenant = ? AND paused = 0`, tenant)
	if err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id, kinds string
		if err := rows.Scan(&id, &kinds); err != nil {
			return nil, err
		}
		if kinds == "" || slices.Contains(strings.Fields(kinds), kind) {
			out = append(out, id)
		}
	}
	return out, rows.Err()
}
