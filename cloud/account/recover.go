package account

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"cardea/internal/platform/db"
)

// ErrRecovery is returned for a link or code that lets nobody back in.
var ErrRecovery = errors.New("this link or code is not good: it was used, is too old, or was mistyped")

const (
	kindRecovery  = "recovery" // of links
	recoveryLife  = time.Hour
	recoveryCodes = 10
	codeBytes     = 10 // 80 bits, 16 characters
	maxForgot     = 3  // letters to an address in forgotWindow
	forgotWindow  = time.Hour
	forgotAtOnce  = 50
)

// crockford has no I, L, O, U, so that it can be copied from paper.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

func plain(code string) string {
	return strings.NewReplacer("-", "", " ", "", "I", "1", "L", "1", "O", "0").Replace(strings.ToUpper(strings.TrimSpace(code)))
}

// grouped puts hyphens between each four characters.
func grouped(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i += 4 {
		if i > 0 {
			b.WriteByte('-')
		}
		b.WriteString(s[i:min(i+4, len(s))])
	}
	return b.String()
}

// NewRecoveryCodes makes codes that let a person back in, each once. They are told now and never again; older ones end.
func (a *Accounts) NewRecoveryCodes(ctx context.Context, me Me) ([]string, error) {
	codes, hashes := make([]string, recoveryCodes), make([]string, recoveryCodes)
	for i := range codes {
		var b [codeBytes]byte
		rand.Read(b[:]) // never fails
		secret := crockford.EncodeToString(b[:])
		var err error
		if hashes[i], err = a.hasher.hash(ctx, secret); err != nil {
			return nil, doing("recovery codes", err)
		}
		codes[i] = fmt.Sprintf("%d-%s", i, grouped(secret)) // the number finds the hash
	}
	err := a.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`DELETE FROM account_recovery WHERE tenant = ? AND person = ?`, me.Tenant, me.Person); err != nil {
			return err
		}
		for i, h := range hashes {
			if _, err := tx.Exec(`INSERT INTO account_recovery (tenant, person, number, hash) VALUES (?, ?, ?, ?)`, me.Tenant, me.Person, i, h); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, doing("recovery codes", err)
	}
	return codes, nil
}

// Forgot notes that somebody wants a letter with a way back in. It does the same whether there is such an account or not:
// SendRecoveries looks later.
func (a *Accounts) Forgot(ctx context.Context, slug, email string) error {
	tenant, email, err := a.whose(ctx, slug, email)
	if err != nil {
		return doing("forgot", err)
	}
	return doing("forgot", a.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := a.count(tx, tenant, "forgot "+attemptKey(Resident, email), forgotWindow, 1)
		if err != nil || n > maxForgot || tenant == "" || email == "" {
			return err // one more letter would help nobody
		}
		_, err = tx.Exec(`INSERT INTO account_forgot (tenant, email, asked) VALUES (?, ?, ?) ON CONFLICT (tenant, email) DO NOTHING`, tenant, email, a.now())
		return err
	}))
}

// SendRecoveries writes to those who asked. Call it every few seconds; it does nothing when nobody has.
func (a *Accounts) SendRecoveries(ctx context.Context) error {
	var all []Person
	err := a.db.View(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query(`SELECT tenant, email FROM account_forgot ORDER BY asked LIMIT ?`, forgotAtOnce)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var p Person
			if err := rows.Scan(&p.Tenant, &p.Email); err != nil {
				return err
			}
			all = append(all, p)
		}
		return rows.Err()
	})
	for _, p := range all {
		if e := a.sendRecovery(ctx, p.Tenant, p.Email); e != nil {
			err = errors.Join(err, e)
		}
	}
	return doing("send recoveries", err)
}

func (a *Accounts) sendRecovery(ctx context.Context, tenant, email string) error {
	token, hash, err := newToken(tenant)
	if err != nil {
		return err
	}
	expires := a.now() + recoveryLife.Milliseconds()
	var mine bool
	var p Person
	var name string
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		mine = false
		n, err := tx.Exec(`DELETE FROM account_forgot WHERE tenant = ? AND email = ?`, tenant, email)
		if err != nil || n == 0 {
			return err // another process has it
		}
		p, err = scanPerson(tx.Row(`SELECT tenant, person, kind, email, name FROM account_person WHERE tenant = ? AND kind = ? AND email = ?`, tenant, string(Resident), email))
		if db.NoRows(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := tx.Row(`SELECT `+shownName+` FROM account_tenant t LEFT JOIN account_brand b ON b.tenant = t.tenant WHERE t.tenant = ?`, tenant).Scan(&name); err != nil {
			return err
		}
		mine = a.opts.Mail != nil
		_, err = tx.Exec(`INSERT INTO account_link (tenant, token, kind, person, expires) VALUES (?, ?, ?, ?, ?)`, tenant, hash, kindRecovery, p.ID, expires)
		return err
	})
	if err != nil || !mine {
		return err
	}
	return a.opts.Mail.Send(ctx, recoveryLetter(p, name, a.opts.Link("recover", token), when(expires)))
}

// Recover sets a new password by a letter's link and signs in. All sessions before end.
func (a *Accounts) Recover(ctx context.Context, token, password string) (s Session, session string, err error) {
	tenant, hash, ok := parseToken(token)
	if !ok {
		return Session{}, "", ErrRecovery
	}
	var p Person
	find := func(tx *db.Tx) (err error) {
		p, err = scanPerson(tx.Row(`SELECT p.tenant, p.person, p.kind, p.email, p.name FROM account_link l
			JOIN account_person p ON p.tenant = l.tenant AND p.person = l.person WHERE l.tenant = ? AND l.token = ? AND l.kind = ? AND l.expires > ?`,
			tenant, hash, kindRecovery, a.now()))
		if db.NoRows(err) {
			err = ErrRecovery
		}
		return err
	}
	if err := a.db.View(ctx, find); err != nil {
		return Session{}, "", doing("recover", err)
	}
	return a.recovered(ctx, &p, password, find)
}

// RecoverByCode sets a new password by one of a person's codes and signs in. The answer takes as long for an unknown account.
func (a *Accounts) RecoverByCode(ctx context.Context, slug, email, code, password string) (s Session, session string, err error) {
	tenant, email, err := a.whose(ctx, slug, email)
	if err != nil {
		return Session{}, "", doing("recover", err)
	}
	if err := a.attempt(ctx, Resident, tenant, email); err != nil {
		return Session{}, "", doing("recover", err)
	}
	code = plain(code)
	number, secret := int64(-1), ""
	if code != "" && code[0] >= '0' && code[0] <= '9' {
		number, secret = int64(code[0]-'0'), code[1:]
	}
	var p Person
	var stored string
	err = a.db.View(ctx, func(tx *db.Tx) error {
		return tx.Row(`SELECT p.tenant, p.person, p.kind, p.email, p.name, r.hash FROM account_person p
			JOIN account_recovery r ON r.tenant = p.tenant AND r.person = p.person WHERE p.tenant = ? AND p.kind = ? AND p.email = ? AND r.number = ?`,
			tenant, string(Resident), email, number).Scan(&p.Tenant, &p.ID, &p.Kind, &p.Email, &p.Name, &stored)
	})
	if err != nil && !db.NoRows(err) {
		return Session{}, "", doing("recover", err)
	}
	good, err := a.hasher.check(ctx, stored, secret)
	if err != nil {
		return Session{}, "", doing("recover", err)
	}
	if !good || stored == "" {
		if err := a.failed(ctx, tenant); err != nil {
			return Session{}, "", doing("recover", err)
		}
		return Session{}, "", ErrRecovery
	}
	return a.recovered(ctx, &p, password, func(tx *db.Tx) error {
		n, err := tx.Exec(`DELETE FROM account_recovery WHERE tenant = ? AND person = ? AND number = ? AND hash = ?`, tenant, p.ID, number, stored)
		if err == nil && n == 0 {
			err = ErrRecovery
		}
		return err
	})
}

// recovered sets the password of p. use finds p again and uses up what it was found by, in the transaction: a password that is
// not good enough leaves link and code as they are.
func (a *Accounts) recovered(ctx context.Context, p *Person, password string, use func(*db.Tx) error) (s Session, session string, err error) {
	if err := checkPassword(password, p.Email, p.Name); err != nil {
		return Session{}, "", err
	}
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return Session{}, "", doing("hash password", err)
	}
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := use(tx); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE account_person SET password = ? WHERE tenant = ? AND person = ?`, hash, p.Tenant, p.ID); err != nil {
			return err
		}
		if err := signOutAll(tx, p.Tenant, p.ID); err != nil { // and the link
			return err
		}
		if _, err := tx.Exec(`DELETE FROM account_attempt WHERE tenant = ? AND who = ?`, p.Tenant, attemptKey(Resident, p.Email)); err != nil {
			return err
		}
		s, session, err = a.begin(tx, Resident, p.Tenant, p.ID)
		return err
	})
	return s, session, doing("recover", err)
}
