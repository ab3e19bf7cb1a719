// Package notify tells residents of an incident by web push and e-mail. What there is to tell is written in the
// transaction that stores the incident (Incident) and sent later (Run), so that a crash between the two loses nothing; a
// crash while sending may tell somebody twice. It owns the notify_ tables and may import home and internal/platform/db. Who
// lives in a home it asks its consumer-side People. It is the only door to the web-push library.
package notify

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Migrations make the tables.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Person is somebody to tell.
type Person struct {
	ID    string
	Email string
}

// Options say how to tell.
type Options struct {
	// People are the residents of a home.
	People func(ctx context.Context, p home.Place) ([]Person, error)
	Public string // URL by which people reach the app, for links; no slash at its end
	Keys   Keys   // of web push
	SMTP   SMTP   // without a server no e-mail is sent
	// Loopback lets push services be on this machine, without TLS: for a demo and for tests.
	Loopback bool
	Now      func() time.Time // nil: the real clock
}

// Notify tells. Its methods may be used by many goroutines and processes at once.
type Notify struct {
	db   *db.DB
	opts Options
	log  *slog.Logger
	push *pusher
	wake chan struct{} // capacity 1, one token for any number of reasons; owner: Run. Full: Run looks anyway.
}

// New makes one; it starts nothing. It fails when there is a mail server and no address to send from.
func New(d *db.DB, o Options, log *slog.Logger) (*Notify, error) {
	if o.SMTP.Server != "" {
		if _, err := mail.ParseAddress(o.SMTP.From); err != nil {
			return nil, fmt.Errorf("notify: sender's address: %w", err)
		}
		if _, _, err := net.SplitHostPort(o.SMTP.Server); err != nil {
			return nil, fmt.Errorf("notify: mail server: %w", err)
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	n := &Notify{db: d, opts: o, log: log, wake: make(chan struct{}, 1)}
	n.push = newPusher(o)
	return n, nil
}

// calm is how long an incident that is only open waits: when the gateway shuts the device in meanwhile, that is what
// people are told.
const calm = time.Minute

// maxDay is how much a home's people are told in 24 hours: a house full of devices, each with all that may come of it.
const maxDay = 200

// Incident notes that there is something to tell, in the transaction that stores it: once for each incident and state, for
// open, contained and closed.
func (n *Notify) Incident(tx *db.Tx, p home.Place, incident, code, device, state, sentence string) error {
	now := n.opts.Now()
	due := now
	switch home.State(state) {
	case home.StateOpen:
		due = due.Add(calm)
	case home.StateContained, home.StateClosed:
	default:
		return nil
	}
	var today int
	if err := tx.Row(`SELECT COUNT(*) FROM notify_outbox WHERE tenant = ? AND home = ? AND made > ?`, p.Tenant, p.Home,
		now.Add(-24*time.Hour).UnixMilli()).Scan(&today); err != nil {
		return err
	}
	if today >= maxDay {
		return nil // they know by now; others' messages must not wait behind a home's whose gateway invents incidents
	}
	rows, err := tx.Exec(`INSERT INTO notify_outbox (tenant, home, incident, state, code, device, sentence, made, due)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, home, incident, state) DO NOTHING`,
		p.Tenant, p.Home, incident, state, clean(code, 16), clean(device, 120), clean(sentence, 500), now.UnixMilli(), due.UnixMilli())
	if err == nil && rows > 0 {
		tx.After(n.Wake)
	}
	return err
}

// Wake has Run look at once.
func (n *Notify) Wake() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// Erase removes what there is of a home.
func (n *Notify) Erase(tx *db.Tx, p home.Place) (int64, error) {
	var all int64
	for _, q := range []string{`DELETE FROM notify_deliveries WHERE tenant = ? AND home = ?`, `DELETE FROM notify_outbox WHERE tenant = ? AND home = ?`} {
		rows, err := tx.Exec(q, p.Tenant, p.Home)
		if err != nil {
			return all, err
		}
		all += rows
	}
	return all, nil
}

// Settings are how a person wants to be told.
type Settings struct{ Email, Push bool }

// ErrChanged says that settings are not any more what was thought.
var ErrChanged = errors.New("the settings have been changed meanwhile")

// Settings are both ways until the person says otherwise.
func (n *Notify) Settings(ctx context.Context, tenant, person string) (s Settings, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		s, err = settings(tx, tenant, person)
		return err
	})
	return s, err
}

func settings(tx *db.Tx, tenant, person string) (Settings, error) {
	var email, push int64
	err := tx.Row(`SELECT email, push FROM notify_settings WHERE tenant = ? AND person = ?`, tenant, person).Scan(&email, &push)
	if db.NoRows(err) {
		return Settings{true, true}, nil
	}
	return Settings{email != 0, push != 0}, err
}

// Change sets them if they are as the person has seen them.
func (n *Notify) Change(ctx context.Context, tenant, person string, from, to Settings) error {
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		is, err := settings(tx, tenant, person)
		if err != nil {
			return err
		}
		if is != from {
			return ErrChanged
		}
		_, err = tx.Exec(`INSERT INTO notify_settings (tenant, person, email, push) VALUES (?, ?, ?, ?)
			ON CONFLICT (tenant, person) DO UPDATE SET email = excluded.email, push = excluded.push`, tenant, person, bit(to.Email), bit(to.Push))
		return err
	})
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
