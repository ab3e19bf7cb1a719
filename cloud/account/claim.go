package account

import (
	"context"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
)

// waitLife is how long a gateway may wait for a resident to confirm it, and go on asking with its claim.
const waitLife = 24 * time.Hour

// maxClaims bounds how many claims of a home are good at a time; making another ends the oldest.
const maxClaims = 5

// CreateClaim makes a code with which one gateway may enrol for a home. Only what is derived from the code is kept, not the
// code. If the home has or had a gateway already, one that comes with a resident's claim takes its place; one that comes with
// staff's waits until a resident confirms it, if any lives there.
func (a *Accounts) CreateClaim(ctx context.Context, p home.Place, by string, byResident bool) (code string, expires time.Time, err error) {
	if by, err = checkReason("by", by); err != nil {
		return "", time.Time{}, err
	}
	code = wire.NewClaim()
	id, err := wire.ClaimID(code)
	if err != nil {
		return "", time.Time{}, doing("create claim", err)
	}
	key, err := wire.ClaimKey(code)
	if err != nil {
		return "", time.Time{}, doing("create claim", err)
	}
	now := a.now()
	until := now + wire.ClaimLife.Milliseconds()
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		if err := homeExists(tx, p); err != nil {
			return err
		}
		if byResident {
			if err := isResident(tx, p, by); err != nil {
				return err
			}
		}
		if err := a.endOldClaims(tx, p, now); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO account_claim (tenant, home, claim, secret, maker, resident, created, expires, gateway, request)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', '')`, p.Tenant, p.Home, id, key, by, flag(byResident), now, until); err != nil {
			return err
		}
		return a.opts.Note(tx, Note{Place: p.OfHome(), By: by, Act: "claim"})
	})
	if err != nil {
		return "", time.Time{}, doing("create claim", err)
	}
	return code, when(until), nil
}

// endOldClaims leaves room for one more.
func (a *Accounts) endOldClaims(tx *db.Tx, p home.Place, now int64) error {
	_, err := tx.Exec(`DELETE FROM account_claim WHERE tenant = ? AND home = ? AND gateway = '' AND claim NOT IN (
		SELECT claim FROM account_claim WHERE tenant = ? AND home = ? AND gateway = '' AND expires > ? ORDER BY created DESC, claim LIMIT ?)`,
		p.Tenant, p.Home, p.Tenant, p.Home, now, maxClaims-1)
	return err
}

// isResident says whether a person lives in the home.
func isResident(tx *db.Tx, p home.Place, person string) error {
	var one int64
	return tx.Row(`SELECT 1 FROM account_resident WHERE tenant = ? AND home = ? AND person = ?`, p.Tenant, p.Home, person).Scan(&one)
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
