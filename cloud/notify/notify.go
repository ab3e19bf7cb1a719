// Package notify tells residents what happens at home: by web push, by e-mail, by text message and by whatever else a provider
// puts behind a webhook. What there is to tell is written in the transaction that stores what happened (Case, NewDevice, Port,
// Stopped, Report) and sent later (Run), so that a crash between the two loses nothing. One cause is one message: what comes
// later of it replaces what people were told, and several devices at once are told together. It owns the notify_ tables and may
// import home, internal/platform/db, hook and queue; what it has to ask others it asks through Options. It is the only door to the web-push
// library.
package notify

import (
	"context"
	"embed"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"sync"
	"time"

	"cardea/cloud/notify/words"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/queue"
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
	// Provider is who speaks for a tenant, and its short name.
	Provider func(ctx context.Context, tenant string) (p words.Provider, slug string, err error)
	// Household is what a home decided: its time zone, and whether it wants to hear of new devices. nil, or an empty one: UTC, and yes.
	Household func(ctx context.Context, p home.Place) (home.Household, error)
	// Hidden are devices whose destinations are not for a person to see; nil: none.
	Hidden   func(ctx context.Context, p home.Place, person string) (map[home.DeviceID]bool, error)
	Public   string   // URL by which people reach the app, for links in e-mail; no slash at its end
	Keys     Keys     // of web push
	SMTP     SMTP     // without a server no e-mail is sent
	Channels Channels // of each provider; empty: neither text messages nor a webhook
	// Loopback lets push services be on this machine, without TLS: for a demo and for tests.
	Loopback bool
	Now      func() time.Time // nil: the real clock
}

// Notify tells. Its methods may be used by many goroutines and processes at once.
type Notify struct {
	db    *db.DB
	opts  Options
	log   *slog.Logger
	push  *pusher
	hook  *hooker
	hung  hung
	queue *queue.Queue[delivery]

	mu    sync.Mutex
	homes map[home.Place]time.Time // since when homes are known; at most maxHomes
}

const maxHomes = 1 << 16

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
	if o.Household == nil {
		o.Household = func(context.Context, home.Place) (home.Household, error) { return home.Household{}, nil }
	}
	if o.Hidden == nil {
		o.Hidden = func(context.Context, home.Place, string) (map[home.DeviceID]bool, error) { return nil, nil }
	}
	if o.Provider == nil {
		o.Provider = func(context.Context, string) (words.Provider, string, error) { return words.Provider{}, "", nil }
	}
	n := &Notify{db: d, opts: o, log: log, homes: map[home.Place]time.Time{}}
	n.push, n.hook = newPusher(o), newHooker()
	n.queue = queue.New(queue.Queue[delivery]{Name: "notifications", Take: n.due, Do: n.deliver, Log: log, Now: o.Now,
		Tidy: func(ctx context.Context) error { return n.trim(ctx, o.Now().Add(-keep)) }})
	return n, nil
}

// Wake has Run look at once.
func (n *Notify) Wake() { n.queue.Wake() }

// Erase removes what there is of a home. What its people chose is theirs and stays.
func (n *Notify) Erase(tx *db.Tx, p home.Place) (int64, error) {
	var all int64
	for _, table := range []string{"notify_delivery", "notify_message", "notify_case", "notify_known"} {
		rows, err := tx.Exec("DELETE FROM "+table+" WHERE tenant = ? AND home = ?", p.Tenant, p.Home)
		if err != nil {
			return all, fmt.Errorf("erase %s: %w", table, err)
		}
		all += rows
	}
	tx.After(func() {
		n.mu.Lock()
		delete(n.homes, p.OfHome())
		n.mu.Unlock()
	})
	return all, nil
}

// Level is how much something matters. A person chooses by it, and quiet hours go by it.
type Level int64

// Levels. An update only replaces what is shown already.
const (
	Update Level = iota
	Info
	Important
	Critical
)

func (l Level) String() string {
	return [...]string{"update", "info", "important", "critical"}[min(max(l, Update), Critical)]
}
