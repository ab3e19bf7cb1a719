package account

import (
	"context"
	"errors"
	"time"

	"cardea/internal/platform/db"
)

// ErrChallenge is returned for an answer to what was not asked, or too long ago, or that came before.
var ErrChallenge = errors.New("that took too long or was done before: begin again")

const (
	challengeLife = 5 * time.Minute
	noTenant      = "00000000-0000-0000-0000-000000000000" // of who has not said yet who they are
)

// challenge keeps what was asked until the answer comes with the token.
func (a *Accounts) challenge(ctx context.Context, tenant, kind, person string, data []byte) (string, error) {
	token, hash, err := newToken(tenant)
	if err != nil {
		return "", err
	}
	return token, a.keepChallenge(ctx, tenant, hash, kind, person, data)
}

func (a *Accounts) keepChallenge(ctx context.Context, tenant string, hash []byte, kind, person string, data []byte) error {
	return a.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO account_challenge (tenant, token, kind, person, data, expires) VALUES (?, ?, ?, ?, ?, ?)`,
			tenant, hash, kind, person, string(data), a.now()+challengeLife.Milliseconds())
		return err
	})
}

// asked takes what was asked; it is there once, whatever becomes of the answer.
func (a *Accounts) asked(ctx context.Context, kind, token string) (tenant, person string, data []byte, err error) {
	tenant, hash, ok := parseToken(token)
	if !ok {
		return "", "", nil, ErrChallenge
	}
	var text string
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		return tx.Row(`DELETE FROM account_challenge WHERE tenant = ? AND token = ? AND kind = ? AND expires > ? RETURNING person, data`,
			tenant, hash, kind, a.now()).Scan(&person, &text)
	})
	if db.NoRows(err) {
		err = ErrChallenge
	}
	return tenant, person, []byte(text), err
}
