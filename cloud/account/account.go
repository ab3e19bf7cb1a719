// Package account knows who there is: tenants, their homes, residents and staff, how these sign in, which gateway speaks for
// a home, and which keys and consents residents gave. It owns the tables account_*. It may import home, wire, the database's
// door and account/pki; it knows nothing of what happens in a home.
package account

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"cardea/cloud/account/oidc"
	"cardea/cloud/account/passkey"
	"cardea/cloud/account/pki"
	"cardea/home"
	"cardea/internal/platform/db"

	"github.com/google/uuid"
)

// Migrations make the tables: DB.Migrate(ctx, "account", Migrations).
//
//go:embed migrations/*.sql
var Migrations embed.FS

// What callers tell apart.
var (
	ErrNotFound    = errors.New("there is no such thing here")
	ErrExists      = errors.New("that is there already")
	ErrCredentials = errors.New("e-mail or password is wrong")
	ErrThrottled   = errors.New("too many attempts: try again in a quarter of an hour")
	ErrBusy        = errors.New("too many people are signing in: try again in a moment")
	ErrSession     = errors.New("not signed in")
	ErrClaim       = errors.New("this claim code is not good: it was used, is too old, or was mistyped")
	ErrRevoked     = errors.New("this gateway may not speak for the home")
	ErrSignature   = errors.New("the signature is not one that this home accepts")
)

// InputError says what is wrong with something that was handed in.
type InputError struct{ Field, Why string }

func (e *InputError) Error() string { return e.Field + ": " + e.Why }

// Options are what Accounts needs besides its tables.
type Options struct {
	Brokers    []string                                  // tls://host:port, told to gateways that enrol
	Name       string                                    // in the brokers' certificates
	BundleRoot func(ctx context.Context) ([]byte, error) // first root of signed bundles; nil: none
	Now        func() time.Time                          // nil: the machine's clock
	// Changed is called in the transaction that changes what a home's gateway has to know: keys, consents, or which
	// gateway it is. nil: nobody cares. After may be used for what follows the commit.
	Changed func(tx *db.Tx, p home.Place) error
	// Gone is called in the transaction that removes a person. nil: nobody keeps anything of people.
	Gone func(tx *db.Tx, tenant, person string) error
	// Note is called in the transaction of what belongs into the audit. nil: it is not noted.
	Note func(tx *db.Tx, n Note) error
	// Mail brings letters; nil: none are sent. Link makes the link in one, and for a QR code: a page of the residents' app and
	// what it is told. nil: the page and the secret alone.
	Mail Mail
	Link func(page, secret string) string
	// Passkeys asks browsers for passkeys; nil: there are none.
	Passkeys *passkey.Door
	// Providers are where residents of a CSP, by its slug, may sign in with the CSP's own account.
	Providers map[string]*oidc.Door
	// StaffProviders are where staff of a CSP, by its slug, sign in with their own accounts.
	StaffProviders map[string]*StaffDoor
	// NetworkKey makes access networks unreadable: LoadNetworkKey. nil: none is kept.
	NetworkKey []byte
}

// Note is one line for the audit.
type Note struct {
	Place home.Place
	By    string // who: a person's id, or what the caller said
	Act   string // claim, enrol, confirm, revoke, key, consent, consent-revoked, erase, home-created, home-left, …
	What  string
}

// Accounts is the context. It keeps no state but the tables, and is safe for use by several goroutines.
type Accounts struct {
	db     *db.DB
	ca     *pki.CA
	opts   Options
	hasher *hasher
}

// New makes the context. Its tables must be there.
func New(d *db.DB, ca *pki.CA, opts Options) *Accounts {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.BundleRoot == nil {
		opts.BundleRoot = func(context.Context) ([]byte, error) { return nil, nil }
	}
	if opts.Changed == nil {
		opts.Changed = func(*db.Tx, home.Place) error { return nil }
	}
	if opts.Note == nil {
		opts.Note = func(*db.Tx, Note) error { return nil }
	}
	if opts.Gone == nil {
		opts.Gone = func(*db.Tx, string, string) error { return nil }
	}
	if opts.Link == nil {
		opts.Link = func(page, secret string) string { return "/" + page + "#" + secret }
	}
	return &Accounts{db: d, ca: ca, opts: opts, hasher: newHasher(owasp)}
}

func (a *Accounts) now() int64 { return a.opts.Now().UnixMilli() }

// newID makes an id that sorts by time (UUIDv7).
func newID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("new id: %w", err)
	}
	return id.String(), nil
}

// when is nil-safe: 0 is no time.
func when(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// doing adds what was being done, and makes "no such row" and "key is there" into what callers tell apart.
func doing(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case db.NoRows(err):
		err = ErrNotFound
	case db.Duplicate(err):
		err = ErrExists
	}
	return fmt.Errorf("%s: %w", what, err)
}

// searchText is what a home is found by: its name and account in lower case, on lines of their own.
func searchText(name, account string) string { return strings.ToLower(name + "\n" + account) }
