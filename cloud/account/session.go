package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"cardea/cloud/staff/rights"
	"cardea/home"
	"cardea/internal/platform/db"

	"github.com/google/uuid"
)

// Session says that somebody has signed in.
type Session struct {
	ID      string
	Kind    Kind
	Person  Person
	Homes   []home.Place    // a resident's
	Roles   map[string]Role // what they may do, by home
	Staff   []rights.Role   // of staff; a session of staff without a role is none
	Created time.Time
	Expires time.Time
}

// How long sessions live: since they were used last, and at all. A phone stays signed in; a desk does not.
var lives = map[Kind]struct{ idle, most time.Duration }{
	Resident: {30 * 24 * time.Hour, 180 * 24 * time.Hour},
	Staff:    {time.Hour, 12 * time.Hour},
}

// touchEvery bounds how often the use of a session is written down.
const touchEvery = 5 * time.Minute

// maxLink bounds a sign-in link's life.
const maxLink = 24 * time.Hour

const secretBytes = 32

// newToken makes a token of a tenant: its id and 256 random bits, of which only the hash is kept.
func newToken(tenant string) (token string, hash []byte, err error) {
	id, err := uuid.Parse(tenant)
	if err != nil {
		return "", nil, ErrNotFound
	}
	var b [16 + secretBytes]byte
	copy(b[:], id[:])
	rand.Read(b[16:])
	return base64.RawURLEncoding.EncodeToString(b[:]), hashToken(b[:]), nil
}

func parseToken(token string) (tenant string, hash []byte, ok bool) {
	if len(token) != base64.RawURLEncoding.EncodedLen(16+secretBytes) {
		return "", nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return "", nil, false
	}
	return uuid.UUID(b[:16]).String(), hashToken(b), true
}

func hashToken(b []byte) []byte { h := sha256.Sum256(b); return h[:] }

// SignInLink makes a token that signs a person in once, within life.
func (a *Accounts) SignInLink(ctx context.Context, kind Kind, tenant, person string, life time.Duration) (string, error) {
	if life <= 0 || life > maxLink {
		return "", &InputError{"life", "want at most a day"}
	}
	token, hash, err := newToken(tenant)
	if err != nil {
		return "", doing("sign-in link", err)
	}
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		var one int64
		if err := tx.Row(`SELECT 1 FROM account_person WHERE tenant = ? AND person = ? AND kind = ?`, tenant, person, string(kind)).Scan(&one); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO account_link (tenant, token, kind, person, expires) VALUES (?, ?, ?, ?, ?)`,
			tenant, hash, string(kind), person, a.now()+life.Milliseconds())
		return err
	})
	if err != nil {
		return "", doing("sign-in link", err)
	}
	return token, nil
}

// SignInBy signs in by a link's token, which is used up.
func (a *Accounts) SignInBy(ctx context.Context, kind Kind, token string) (s Session, session string, err error) {
	tenant, hash, ok := parseToken(token)
	if !ok {
		return Session{}, "", ErrSession
	}
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		var person string
		if err := tx.Row(`DELETE FROM account_link WHERE tenant = ? AND token = ? AND kind = ? AND expires > ? RETURNING person`,
			tenant, hash, string(kind), a.now()).Scan(&person); err != nil {
			return err
		}
		s, session, err = a.begin(tx, kind, tenant, person)
		return err
	})
	if db.NoRows(err) {
		err = ErrSession
	}
	if err != nil {
		return Session{}, "", doing("sign in by link", err)
	}
	return s, session, nil
}

// begin makes a session of a person.
func (a *Accounts) begin(tx *db.Tx, kind Kind, tenant, person string) (Session, string, error) {
	id, err := newID()
	if err != nil {
		return Session{}, "", err
	}
	token, hash, err := newToken(tenant)
	if err != nil {
		return Session{}, "", err
	}
	now := a.now()
	expires := now + lives[kind].most.Milliseconds()
	if _, err := tx.Exec(`INSERT INTO account_session (tenant, token, id, kind, person, created, used, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		tenant, hash, id, string(kind), person, now, now, expires); err != nil {
		return Session{}, "", err
	}
	s, _, err := a.session(tx, kind, tenant, hash)
	return s, token, err
}

// session reads a session that is good now. used is when it was last.
func (a *Accounts) session(tx *db.Tx, kind Kind, tenant string, hash []byte) (s Session, used int64, err error) {
	now := a.now()
	var created, expires int64
	err = tx.Row(`SELECT s.id, s.kind, s.used, s.created, s.expires, p.tenant, p.person, p.kind, p.email, p.name FROM account_session s
		JOIN account_person p ON p.tenant = s.tenant AND p.person = s.person AND p.kind = s.kind
		WHERE s.tenant = ? AND s.token = ? AND s.kind = ? AND s.expires > ? AND s.used > ?`,
		tenant, hash, string(kind), now, now-lives[kind].idle.Milliseconds()).
		Scan(&s.ID, &s.Kind, &used, &created, &expires, &s.Person.Tenant, &s.Person.ID, &s.Person.Kind, &s.Person.Email, &s.Person.Name)
	if err != nil {
		return Session{}, 0, err
	}
	s.Created, s.Expires = when(created), when(expires)
	if kind == Resident {
		s.Homes, s.Roles, err = homesOf(tx, tenant, s.Person.ID)
	} else if s.Staff, err = staffRoles(tx, tenant, s.Person.ID); err == nil && len(s.Staff) == 0 {
		err = ErrSession
	}
	return s, used, err
}

// homesQuery is asked with each request of a resident.
const homesQuery = `SELECT tenant, home, role FROM account_resident WHERE tenant = ? AND person = ? ORDER BY home LIMIT ?`

func homesOf(tx *db.Tx, tenant, person string) ([]home.Place, map[string]Role, error) {
	rows, err := tx.Query(homesQuery, tenant, person, maxList)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	var out []home.Place
	roles := map[string]Role{}
	for rows.Next() {
		var p home.Place
		var role Role
		if err := rows.Scan(&p.Tenant, &p.Home, &role); err != nil {
			return nil, nil, err
		}
		out = append(out, p)
		roles[p.Home] = role
	}
	return out, roles, rows.Err()
}

// Authenticate says whose session a token is. A resident's token is nothing for staff, and the other way round.
func (a *Accounts) Authenticate(ctx context.Context, kind Kind, token string) (Session, error) {
	tenant, hash, ok := parseToken(token)
	if !ok {
		return Session{}, ErrSession
	}
	var s Session
	var used int64
	err := a.db.View(ctx, func(tx *db.Tx) (err error) {
		s, used, err = a.session(tx, kind, tenant, hash)
		return err
	})
	if db.NoRows(err) {
		return Session{}, ErrSession
	}
	if now := a.now(); err == nil && now-used >= touchEvery.Milliseconds() {
		err = a.db.Tx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE account_session SET used = ? WHERE tenant = ? AND token = ? AND used < ?`, now, tenant, hash, now)
			return err
		})
	}
	if err != nil {
		return Session{}, doing("authenticate", err)
	}
	return s, nil
}

// SignOut ends a session; ending one that is not there is no error.
func (a *Accounts) SignOut(ctx context.Context, token string) error {
	tenant, hash, ok := parseToken(token)
	if !ok {
		return nil
	}
	return doing("sign out", a.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM account_session WHERE tenant = ? AND token = ?`, tenant, hash)
		return err
	}))
}
