package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"cardea/internal/platform/db"
)

// How often somebody may try to sign in: an account, and a whole CSP's failures. A sign-in link works all the same, so
// nobody can be locked out by somebody else's guesses.
const (
	attemptWindow = 15 * time.Minute
	maxAttempts   = 10
	failureWindow = time.Minute
	maxFailures   = 300
)

// SignIn signs in by password. slug says whose person it is; "" when there is one CSP only. The answer is the same, and
// takes as long, whether the account is unknown, has no password or another one.
func (a *Accounts) SignIn(ctx context.Context, kind Kind, slug, email, password string) (Session, string, error) {
	tenant, email, err := a.whose(ctx, slug, email)
	if err != nil {
		return Session{}, "", doing("sign in", err)
	}
	if err := a.attempt(ctx, kind, tenant, email); err != nil {
		return Session{}, "", doing("sign in", err)
	}
	var person, stored string
	err = a.db.View(ctx, func(tx *db.Tx) error {
		return tx.Row(`SELECT person, password FROM account_person WHERE tenant = ? AND kind = ? AND email = ?`, tenant, string(kind), email).Scan(&person, &stored)
	})
	if err != nil && !db.NoRows(err) {
		return Session{}, "", doing("sign in", err)
	}
	good, err := a.hasher.check(ctx, stored, password)
	if err != nil {
		return Session{}, "", doing("sign in", err)
	}
	if !good || stored == "" || person == "" {
		if err := a.failed(ctx, tenant); err != nil {
			return Session{}, "", doing("sign in", err)
		}
		return Session{}, "", ErrCredentials
	}
	return a.signedIn(ctx, kind, tenant, person, email, stored)
}

func (a *Accounts) signedIn(ctx context.Context, kind Kind, tenant, person, email, stored string) (s Session, token string, err error) {
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		// The password may have been changed, or the person removed, while it was being checked.
		var one int64
		if err := tx.Row(`SELECT 1 FROM account_person WHERE tenant = ? AND person = ? AND password = ?`, tenant, person, stored).Scan(&one); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM account_attempt WHERE tenant = ? AND who = ?`, tenant, attemptKey(kind, email)); err != nil {
			return err
		}
		s, token, err = a.begin(tx, kind, tenant, person)
		return err
	})
	if db.NoRows(err) {
		err = ErrCredentials
	}
	if err != nil {
		return Session{}, "", doing("sign in", err)
	}
	return s, token, nil
}

// whose finds the tenant. An unknown one is nobody's: the attempt then fails as any other, as late as any other.
func (a *Accounts) whose(ctx context.Context, slug, email string) (tenant, clean string, err error) {
	if clean, err = cleanEmail(email); err != nil {
		clean = "" // nobody has that
	}
	err = a.db.View(ctx, func(tx *db.Tx) error {
		if slug != "" {
			return tx.Row(`SELECT tenant FROM account_tenant WHERE slug = ?`, slug).Scan(&tenant)
		}
		var n int64
		var id string
		err := tx.Row(`SELECT COUNT(*), COALESCE(MIN(tenant), '') FROM account_tenant`).Scan(&n, &id)
		if n == 1 {
			tenant = id
		}
		return err
	})
	if db.NoRows(err) {
		err = nil
	}
	return tenant, clean, err
}

func attemptKey(kind Kind, email string) string {
	h := sha256.Sum256([]byte(string(kind) + " " + email))
	return hex.EncodeToString(h[:16])
}

// attempt counts before the password is checked, so that many at once are counted too.
func (a *Accounts) attempt(ctx context.Context, kind Kind, tenant, email string) error {
	var mine, all int64
	err := a.db.Tx(ctx, func(tx *db.Tx) (err error) {
		if mine, err = a.count(tx, tenant, attemptKey(kind, email), attemptWindow, 1); err != nil {
			return err
		}
		err = tx.Row(`SELECT attempts FROM account_attempt WHERE tenant = ? AND who = '' AND since > ?`, tenant, a.now()-failureWindow.Milliseconds()).Scan(&all)
		if db.NoRows(err) {
			return nil
		}
		return err
	})
	// While a tenant sees very many failures, whoever has not failed of late may still try: nobody locks all others out.
	if err == nil && (mine > maxAttempts || all >= maxFailures && mine > 1) {
		err = ErrThrottled
	}
	return err
}

func (a *Accounts) failed(ctx context.Context, tenant string) error {
	return a.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := a.count(tx, tenant, "", failureWindow, 1)
		return err
	})
}

// count adds n to a counter, which begins anew when its window is over.
func (a *Accounts) count(tx *db.Tx, tenant, who string, window time.Duration, n int) (total int64, err error) {
	now := a.now()
	err = tx.Row(`INSERT INTO account_attempt (tenant, who, since, attempts) VALUES (?, ?, ?, ?)
		ON CONFLICT (tenant, who) DO UPDATE SET
			attempts = excluded.attempts + CASE WHEN account_attempt.since > ? THEN account_attempt.attempts ELSE 0 END,
			since = CASE WHEN account_attempt.since > ? THEN account_attempt.since ELSE excluded.since END
		RETURNING attempts`, tenant, who, now, n, now-window.Milliseconds(), now-window.Milliseconds()).Scan(&total)
	return total, err
}

// Tidy removes what has run out: sessions, links, claims and counters. Call it once in a while.
func (a *Accounts) Tidy(ctx context.Context) error {
	now := a.now()
	day := 24 * time.Hour.Milliseconds()
	return doing("tidy accounts", a.db.Tx(ctx, func(tx *db.Tx) error {
		for _, s := range []struct {
			q      string
			before int64
		}{
			{`DELETE FROM account_session WHERE expires <= ?`, now},
			{`DELETE FROM account_session WHERE kind = 'staff' AND used <= ?`, now - lives[Staff].idle.Milliseconds()},
			{`DELETE FROM account_session WHERE kind = 'resident' AND used <= ?`, now - lives[Resident].idle.Milliseconds()},
			{`DELETE FROM account_link WHERE expires <= ?`, now},
			{`DELETE FROM account_claim WHERE expires <= ?`, now - day},
			{`DELETE FROM account_invitation WHERE expires <= ?`, now},
			{`DELETE FROM account_challenge WHERE expires <= ?`, now},
			{`DELETE FROM account_forgot WHERE asked <= ?`, now - day},
			{`DELETE FROM account_attempt WHERE since <= ?`, now - day},
			{`DELETE FROM account_came WHERE until > 0 AND until <= ?`, now - KeepCame.Milliseconds()},
		} {
			if _, err := tx.Exec(s.q, s.before); err != nil {
				return err
			}
		}
		return nil
	}))
}
