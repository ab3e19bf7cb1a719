package account

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"cardea/internal/platform/db"
)

// ErrConfirm is returned when somebody has to show again that it is them: a phone may have been left lying about.
var ErrConfirm = errors.New("give your password, or sign in again, to do this")

const (
	freshFor    = 15 * time.Minute // since signing in, in which nothing has to be confirmed
	maxAgent    = 200              // bytes
	maxSessions = 100              // of a person, in a list
)

// Me is somebody who is signed in, on one browser.
type Me struct{ Tenant, Person, Session string }

// SignedIn is one of a person's sessions.
type SignedIn struct {
	ID, Agent              string // Agent is what the browser calls itself: untrusted text
	Created, Used, Expires time.Time
}

// Standing is how a person can sign in.
type Standing struct {
	Person
	Password  bool
	Passkeys  int
	Codes     int // recovery codes that are left
	Providers int // sign-ins of the CSP's own that are linked
}

// Standing says how somebody can sign in.
func (a *Accounts) Standing(ctx context.Context, me Me) (s Standing, err error) {
	err = a.db.View(ctx, func(tx *db.Tx) error {
		var stored string
		if err := tx.Row(`SELECT tenant, person, kind, email, name, password FROM account_person WHERE tenant = ? AND person = ?`, me.Tenant, me.Person).
			Scan(&s.Tenant, &s.ID, &s.Kind, &s.Email, &s.Name, &stored); err != nil {
			return err
		}
		s.Password = stored != ""
		for _, c := range []struct {
			table string
			n     *int
		}{{"passkey", &s.Passkeys}, {"recovery", &s.Codes}, {"identity", &s.Providers}} {
			if err := tx.Row(`SELECT COUNT(*) FROM account_`+c.table+` WHERE tenant = ? AND person = ?`, me.Tenant, me.Person).Scan(c.n); err != nil {
				return err
			}
		}
		return nil
	})
	return s, doing("account", err)
}

// stored reads a person's password's hash, and whether the session is a new one.
func (a *Accounts) stored(ctx context.Context, me Me) (p Person, hash string, fresh bool, err error) {
	err = a.db.View(ctx, func(tx *db.Tx) error {
		var created int64
		err := tx.Row(`SELECT p.tenant, p.person, p.kind, p.email, p.name, p.password, s.created FROM account_person p
			JOIN account_session s ON s.tenant = p.tenant AND s.person = p.person WHERE p.tenant = ? AND p.person = ? AND s.id = ?`, me.Tenant, me.Person, me.Session).
			Scan(&p.Tenant, &p.ID, &p.Kind, &p.Email, &p.Name, &hash, &created)
		fresh = err == nil && a.now()-created < freshFor.Milliseconds()
		return err
	})
	return p, hash, fresh, err
}

// Confirm says whether somebody may do what a thief of their phone must not: they signed in a moment ago, or know the password.
func (a *Accounts) Confirm(ctx context.Context, me Me, password string) error {
	p, hash, fresh, err := a.stored(ctx, me)
	switch {
	case err != nil:
		return doing("confirm", err)
	case fresh:
		return nil
	case hash == "" || password == "":
		return ErrConfirm
	}
	return a.checkOwn(ctx, p, hash, password)
}

func (a *Accounts) checkOwn(ctx context.Context, p Person, hash, password string) error {
	if err := a.attempt(ctx, p.Kind, p.Tenant, p.Email); err != nil {
		return doing("confirm", err)
	}
	good, err := a.hasher.check(ctx, hash, password)
	if err == nil && !good {
		err = ErrConfirm
	}
	return doing("confirm", err)
}

// ChangePassword sets one's own password, and ends all other sessions. Whoever has a password gives it; whoever has none has
// to have signed in a moment ago.
func (a *Accounts) ChangePassword(ctx context.Context, me Me, current, password string) error {
	p, hash, fresh, err := a.stored(ctx, me)
	if err != nil {
		return doing("change password", err)
	}
	if err := checkPassword(password, p.Email, p.Name); err != nil {
		return err
	}
	if hash != "" {
		if err := a.checkOwn(ctx, p, hash, current); err != nil {
			return err
		}
	} else if !fresh {
		return ErrConfirm
	}
	now, err := a.hasher.hash(ctx, password)
	if err != nil {
		return doing("hash password", err)
	}
	return doing("change password", a.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE account_person SET password = ? WHERE tenant = ? AND person = ? AND password = ?`, now, me.Tenant, me.Person, hash)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrConfirm // somebody else has changed it meanwhile
		}
		return signOutOthers(tx, me)
	}))
}

// Sessions lists where somebody is signed in, the last used first.
func (a *Accounts) Sessions(ctx context.Context, me Me) ([]SignedIn, error) {
	var out []SignedIn
	err := a.db.View(ctx, func(tx *db.Tx) error {
		now := a.now()
		rows, err := tx.Query(`SELECT id, agent, created, used, expires FROM account_session
			WHERE tenant = ? AND person = ? AND expires > ? ORDER BY used DESC, id LIMIT ?`, me.Tenant, me.Person, now, maxSessions)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s SignedIn
			var created, used, expires int64
			if err := rows.Scan(&s.ID, &s.Agent, &created, &used, &expires); err != nil {
				return err
			}
			s.Created, s.Used, s.Expires = when(created), when(used), when(expires)
			out = append(out, s)
		}
		return rows.Err()
	})
	return out, doing("sessions", err)
}

// SignOutOthers ends all of somebody's sessions but this one, and takes back links that would sign them in.
func (a *Accounts) SignOutOthers(ctx context.Context, me Me) error {
	return doing("sign out elsewhere", a.db.Tx(ctx, func(tx *db.Tx) error { return signOutOthers(tx, me) }))
}

func signOutOthers(tx *db.Tx, me Me) error {
	if _, err := tx.Exec(`DELETE FROM account_session WHERE tenant = ? AND person = ? AND id <> ?`, me.Tenant, me.Person, me.Session); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM account_link WHERE tenant = ? AND person = ?`, me.Tenant, me.Person)
	return err
}

// EndSession ends one of somebody's own sessions.
func (a *Accounts) EndSession(ctx context.Context, me Me, id string) error {
	return doing("end session", a.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`DELETE FROM account_session WHERE tenant = ? AND person = ? AND id = ?`, me.Tenant, me.Person, id)
		if err == nil && n == 0 {
			err = ErrNotFound
		}
		return err
	}))
}

// NameSession writes down what the browser of a session calls itself.
func (a *Accounts) NameSession(ctx context.Context, token, agent string) error {
	tenant, hash, ok := parseToken(token)
	if !ok {
		return ErrSession
	}
	return doing("name session", a.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE account_session SET agent = ? WHERE tenant = ? AND token = ?`, cleanAgent(agent), tenant, hash)
		return err
	}))
}

// cleanAgent keeps what can be shown.
func cleanAgent(s string) string {
	s = strings.Map(func(r rune) rune {
		if hidden(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	for len(s) > maxAgent {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}
