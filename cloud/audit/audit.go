// Package audit keeps who did and looked at what, and why, for ever: the database itself refuses to change or delete an
// entry. Who owns the database server can take that away; therefore the entries of each tenant are a chain of hashes, and signed
// checkpoints of it are kept in a file as well. It owns the tables audit_* and that file. It may import home and the database's door.
package audit

import (
	"context"
	"crypto/ed25519"
	"embed"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cardea/home"
	"cardea/internal/platform/db"

	"github.com/google/uuid"
)

// Migrations make the tables: DB.Migrate(ctx, "audit", Migrations).
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Entry is one thing that somebody did. Home is "" for what concerns a tenant as a whole.
type Entry struct {
	ID           string    // set by Add
	At           time.Time // set by Add
	Tenant, Home string
	Who          string // a person's id, or a name for what is no person
	Role         string // staff, resident, admin
	Act          string // look, order, claim, revoke, …
	What         string // on what: an id
	Reason       string
	Until        time.Time // of a look: how long it lasts; else zero
}

// ActLook is the act of somebody from staff who opens a home.
const ActLook = "look"

const (
	// LookLife is how long staff may look at a home for one reason.
	LookLife = 30 * time.Minute

	minReason = 5 // characters
	maxReason = 500
	maxField  = 2000 // bytes of every other field
	maxList   = 500  // entries of one answer
)

// ErrReason is the answer to a look without a reason that says something.
var ErrReason = errors.New("want a reason of 5 to 500 characters on one line")

// Audit is the context. It keeps no state but the table, and is safe for use by several goroutines.
type Audit struct {
	db     *db.DB
	now    func() time.Time
	key    ed25519.PrivateKey // nil: nothing is signed
	copies string             // file; "" for none
	turn   chan struct{}      // capacity 1; who holds it adds by itself: entries of one process do not get into each other's way
	// Sealed tells of a new checkpoint, in its transaction; nil: nobody. It is set before use.
	Sealed func(tx *db.Tx, c Checkpoint) error
}

// New makes the context. now is nil for the machine's clock.
func New(d *db.DB, now func() time.Time) *Audit {
	if now == nil {
		now = time.Now
	}
	return &Audit{db: d, now: now, turn: make(chan struct{}, 1)}
}

// Sign has checkpoints signed, and copied into a file; call it before anything else.
func (a *Audit) Sign(key ed25519.PrivateKey, copies string) { a.key, a.copies = key, copies }

// Keys are those whose checkpoints count.
func (a *Audit) Keys() []ed25519.PublicKey {
	if a.key == nil {
		return nil
	}
	return []ed25519.PublicKey{a.key.Public().(ed25519.PublicKey)}
}

// Add writes an entry in the transaction of what it tells.
func (a *Audit) Add(tx *db.Tx, e Entry) error {
	if !home.IsUUID(e.Tenant) || e.Home != "" && !home.IsUUID(e.Home) || e.Who == "" || e.Act == "" {
		return errors.New("audit: an entry wants a tenant, who did it and what they did")
	}
	for _, s := range []string{e.Who, e.Role, e.Act, e.What} {
		if len(s) > maxField || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return fmt.Errorf("audit: a field is longer than %d bytes, or is no text", maxField)
		}
	}
	if utf8.RuneCountInString(e.Reason) > maxReason || !utf8.ValidString(e.Reason) || strings.ContainsRune(e.Reason, 0) {
		return ErrReason
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	until := int64(0)
	if !e.Until.IsZero() {
		until = e.Until.UnixMilli()
	}
	e.ID, e.At = id.String(), a.now()
	if _, err := tx.Exec(`INSERT INTO audit_entry (tenant, home, id, at, who, role, act, what, reason, until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		e.Tenant, e.Home, e.ID, e.At.UnixMilli(), e.Who, e.Role, e.Act, e.What, e.Reason, until); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if err := a.link(tx, e); err != nil {
		return fmt.Errorf("audit: chain: %w", err)
	}
	return nil
}

// AddNow writes an entry in a transaction of its own.
func (a *Audit) AddNow(ctx context.Context, e Entry) error {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return a.db.Tx(ctx, func(tx *db.Tx) error { return a.Add(tx, e) })
}

// List tells what happened in a tenant's home, the newest first; home "" tells of all homes and of the tenant itself. after is
// the id of the last entry that is known, "" to begin.
func (a *Audit) List(ctx context.Context, tenant, homeID, after string, limit int) ([]Entry, error) {
	return a.list(ctx, `SELECT id, at, tenant, home, who, role, act, what, reason, until FROM audit_entry
		WHERE tenant = ? AND (? = '' OR home = ?) AND (? = '' OR id < ?) ORDER BY id DESC LIMIT ?`, tenant, homeID, homeID, after, after, bound(limit))
}

// Filter narrows a search; zero fields do not.
type Filter struct {
	Home, Who, Act string
	From, Until    time.Time // from the one, before the other
}

// Find tells what a tenant's entries say that pass a filter, the newest first. after is as for List.
func (a *Audit) Find(ctx context.Context, tenant string, f Filter, after string, limit int) ([]Entry, error) {
	q, args := `SELECT `+columns+` FROM audit_entry WHERE tenant = ?`, []any{tenant}
	for column, value := range map[string]string{"home": f.Home, "who": f.Who, "act": f.Act} {
		if value != "" {
			q, args = q+" AND "+column+" = ?", append(args, value)
		}
	}
	if after != "" {
		q, args = q+" AND id < ?", append(args, after)
	}
	if !f.From.IsZero() {
		q, args = q+" AND id >= ?", append(args, firstID(f.From))
	}
	if !f.Until.IsZero() {
		q, args = q+" AND id < ?", append(args, firstID(f.Until))
	}
	return a.list(ctx, q+" ORDER BY id DESC LIMIT ?", append(args, bound(limit))...)
}

// firstID is where the ids of a millisecond begin: an id begins with 48 bits of Unix time in milliseconds (RFC 9562 section 5.7).
func firstID(t time.Time) string {
	ms := fmt.Sprintf("%012x", max(0, t.UnixMilli())&(1<<48-1))
	return ms[:8] + "-" + ms[8:]
}

// Looks tells who from staff looked at a home, the newest first.
func (a *Audit) Looks(ctx context.Context, p home.Place, limit int) ([]Entry, error) {
	return a.list(ctx, `SELECT id, at, tenant, home, who, role, act, what, reason, until FROM audit_entry
		WHERE tenant = ? AND home = ? AND act = ? ORDER BY id DESC LIMIT ?`, p.Tenant, p.Home, ActLook, bound(limit))
}

func bound(limit int) int {
	if limit <= 0 || limit > maxList {
		return maxList
	}
	return limit
}

const columns = "id, at, tenant, home, who, role, act, what, reason, until"

func (a *Audit) list(ctx context.Context, q string, args ...any) (out []Entry, err error) {
	err = a.db.View(ctx, func(tx *db.Tx) (err error) {
		out, err = read(tx, q, args...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return out, nil
}

// read reads entries: the query has the columns in their order.
func read(tx *db.Tx, q string, args ...any) (out []Entry, err error) {
	rows, err := tx.Query(q, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var e Entry
		var at, until int64
		if err := rows.Scan(&e.ID, &at, &e.Tenant, &e.Home, &e.Who, &e.Role, &e.Act, &e.What, &e.Reason, &until); err != nil {
			return nil, err
		}
		e.At = time.UnixMilli(at).UTC()
		if until != 0 {
			e.Until = time.UnixMilli(until).UTC()
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// Look lets somebody from staff look at a home for half an hour, and writes down why.
func (a *Audit) Look(ctx context.Context, who string, p home.Place, reason string) (until time.Time, err error) {
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n < minReason || n > maxReason || !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl) {
		return time.Time{}, ErrReason
	}
	if !home.IsUUID(p.Home) {
		return time.Time{}, errors.New("audit: a look wants a home")
	}
	until = a.now().Add(LookLife).UTC().Truncate(time.Millisecond)
	err = a.AddNow(ctx, Entry{Tenant: p.Tenant, Home: p.Home, Who: who, Role: "staff", Act: ActLook, Reason: reason, Until: until})
	if err != nil {
		return time.Time{}, err
	}
	return until, nil
}

// MayLook says whether somebody may look at a home now, and the reason that they gave. When the database does not answer,
// they may not.
func (a *Audit) MayLook(ctx context.Context, who string, p home.Place) (bool, string) {
	var reason string
	err := a.db.View(ctx, func(tx *db.Tx) error {
		return tx.Row(`SELECT reason FROM audit_entry WHERE tenant = ? AND home = ? AND who = ? AND act = ? AND until > ? ORDER BY until DESC LIMIT 1`,
			p.Tenant, p.Home, who, ActLook, a.now().UnixMilli()).Scan(&reason)
	})
	return err == nil, reason
}
