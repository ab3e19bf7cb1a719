// Package staff keeps what a CSP's staff have besides themselves: tokens of its systems, and what one person proposed and another
// decides. It owns the tables staff_*. It may import its part rights, home and the database's door. Who staff are and how they
// sign in is account's.
package staff

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cardea/internal/platform/db"

	"github.com/google/uuid"
)

// Migrations make the tables: DB.Migrate(ctx, "staff", Migrations).
//
//go:embed migrations/*.sql
var Migrations embed.FS

// What callers tell apart.
var (
	ErrUnknown = errors.New("there is no such thing here")
	ErrInput   = errors.New("that cannot be")
	ErrToken   = errors.New("this token is not good")
	ErrSame    = errors.New("another person has to decide than who proposed it")
	ErrDecided = errors.New("that is decided, or too old")
	ErrTaken   = errors.New("that was not agreed to, was fetched before, or is too old")
	ErrMany    = errors.New("there are as many as there may be")
)

// Note is one line for the audit.
type Note struct{ Tenant, By, Act, What, Reason string }

// Action is what is done when a proposal of a kind is agreed to.
type Action struct {
	// Preview says what would be done, and refuses what cannot be; nil: nothing is said.
	Preview func(ctx context.Context, tenant string, what []byte) (string, error)
	Do      func(ctx context.Context, a Approval) (result string, err error)
}

// Options are what Staff needs besides its tables.
type Options struct {
	Now     func() time.Time
	Note    func(*db.Tx, Note) error // in the transaction of what it tells
	Actions map[string]Action
	Words   func(error) string // why something failed, for people; nil: that it did
	Log     *slog.Logger       // of the same, for the administrator of the server; nil: none
}

// Staff is the context. It keeps no state but the tables, and is safe for use by several goroutines.
type Staff struct {
	db *db.DB
	o  Options
}

// New makes the context.
func New(d *db.DB, o Options) *Staff {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Note == nil {
		o.Note = func(*db.Tx, Note) error { return nil }
	}
	if o.Words == nil {
		o.Words = func(error) string { return failed }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Staff{db: d, o: o}
}

func newID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("new id: %w", err)
	}
	return id.String(), nil
}

// line is a text of people on one line, of 1 to most characters.
func line(s string, least, most int) (string, bool) {
	s = strings.TrimSpace(s)
	n := utf8.RuneCountInString(s)
	return s, n >= least && n <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func when(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func unknown(err error) error {
	if db.NoRows(err) {
		return ErrUnknown
	}
	return err
}
