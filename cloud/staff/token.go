package staff

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"cardea/cloud/staff/rights"
	"cardea/internal/platform/db"

	"github.com/google/uuid"
)

// Token lets one of a CSP's systems in. Its secret is told once, when it is made.
type Token struct {
	ID, Tenant, Name, Maker string
	Scopes                  []rights.Right
	Created, Expires        time.Time
	Used                    time.Time // when last, to the minute; zero for never
	Revoked                 time.Time // zero for not
}

const (
	tokenMark  = "cardea_" // so that a token that got somewhere is known for one
	tokenBytes = 32
	maxTokens  = 100 // of a tenant, that are good
	maxLife    = 366 * 24 * time.Hour
	usedEvery  = time.Minute
)

// MakeToken makes one that has no more than the scopes, for a time.
func (s *Staff) MakeToken(ctx context.Context, tenant, name string, scopes []rights.Right, life time.Duration, by string) (t Token, secret string, err error) {
	name, ok := line(name, 1, 100)
	if !ok || life <= 0 || life > maxLife || len(scopes) == 0 {
		return t, "", fmt.Errorf("%w: want a name, a life of at most 366 days and a scope", ErrInput)
	}
	var text []string
	for _, r := range scopes {
		if !rights.May(rights.Automation, r).Any() {
			return t, "", fmt.Errorf("%w: a token may not have %q", ErrInput, r)
		}
		text = append(text, string(r))
	}
	id, err := newID()
	if err != nil {
		return t, "", err
	}
	owner, err := uuid.Parse(tenant)
	if err != nil {
		return t, "", ErrUnknown
	}
	var b [16 + tokenBytes]byte
	copy(b[:], owner[:])
	rand.Read(b[16:]) // never fails
	hash := sha256.Sum256(b[:])
	now := s.o.Now()
	t = Token{ID: id, Tenant: tenant, Name: name, Maker: by, Scopes: scopes, Created: when(now.UnixMilli()), Expires: when(now.Add(life).UnixMilli())}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		var n int64
		if err := tx.Row(`SELECT COUNT(*) FROM staff_token WHERE tenant = ? AND revoked = 0 AND expires > ?`, tenant, now.UnixMilli()).Scan(&n); err != nil {
			return err
		}
		if n >= maxTokens {
			return ErrMany
		}
		if _, err := tx.Exec(`INSERT INTO staff_token (tenant, id, hash, name, scopes, maker, created, expires, used, revoked) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0)`,
			tenant, id, hash[:], name, strings.Join(text, " "), by, now.UnixMilli(), now.Add(life).UnixMilli()); err != nil {
			return err
		}
		return s.o.Note(tx, Note{Tenant: tenant, By: by, Act: "token-make", What: id + " " + strings.Join(text, " ")})
	})
	if err != nil {
		return Token{}, "", fmt.Errorf("make a token: %w", err)
	}
	return t, tokenMark + base64.RawURLEncoding.EncodeToString(b[:]), nil
}

const tokenColumns = "id, tenant, name, maker, scopes, created, expires, used, revoked"

func scanToken(row interface{ Scan(...any) error }) (t Token, err error) {
	var scopes string
	var created, expires, used, revoked int64
	err = row.Scan(&t.ID, &t.Tenant, &t.Name, &t.Maker, &scopes, &created, &expires, &used, &revoked)
	for r := range strings.FieldsSeq(scopes) {
		t.Scopes = append(t.Scopes, rights.Right(r))
	}
	t.Created, t.Expires, t.Used, t.Revoked = when(created), when(expires), when(used), when(revoked)
	return t, err
}

// Bearer says whose token a secret is; ErrToken when it is not good now.
func (s *Staff) Bearer(ctx context.Context, secret string) (Token, error) {
	text, ok := strings.CutPrefix(secret, tokenMark)
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if !ok || err != nil || len(b) != 16+tokenBytes {
		return Token{}, ErrToken
	}
	tenant, hash, now := uuid.UUID(b[:16]).String(), sha256.Sum256(b), s.o.Now().UnixMilli()
	var t Token
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		t, err = scanToken(tx.Row(`SELECT `+tokenColumns+` FROM staff_token WHERE tenant = ? AND hash = ? AND revoked = 0 AND expires > ?`, tenant, hash[:], now))
		return err
	})
	if db.NoRows(err) {
		return Token{}, ErrToken
	}
	if err == nil && now-t.Used.UnixMilli() >= usedEvery.Milliseconds() {
		err = s.db.Tx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE staff_token SET used = ? WHERE tenant = ? AND id = ? AND used < ?`, now, tenant, t.ID, now)
			return err
		})
	}
	if err != nil {
		return Token{}, fmt.Errorf("token: %w", err)
	}
	return t, nil
}

// Tokens lists a tenant's, the newest first.
func (s *Staff) Tokens(ctx context.Context, tenant string) (out []Token, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT `+tokenColumns+` FROM staff_token WHERE tenant = ? ORDER BY id DESC LIMIT 500`, tenant)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			t, err := scanToken(rows)
			if err != nil {
				return err
			}
			out = append(out, t)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	return out, nil
}

// RevokeToken ends one at once.
func (s *Staff) RevokeToken(ctx context.Context, tenant, id, by string) error {
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE staff_token SET revoked = ? WHERE tenant = ? AND id = ? AND revoked = 0`, s.o.Now().UnixMilli(), tenant, id)
		if err == nil && n == 0 {
			err = ErrUnknown
		}
		if err != nil {
			return err
		}
		return s.o.Note(tx, Note{Tenant: tenant, By: by, Act: "token-revoke", What: id})
	})
	if err != nil {
		return fmt.Errorf("revoke a token: %w", err)
	}
	return nil
}
