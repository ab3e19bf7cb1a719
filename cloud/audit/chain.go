package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cardea/internal/platform/db"
)

// Link is an entry at its place in its tenant's chain.
type Link struct {
	Entry
	Number int64 // from 1 on, without gaps; 0 for an entry that is in no chain
	Hash   []byte
}

// format names the encoding below; it is in what is hashed.
const format = "cardea-audit-1"

// Sum is the hash of an entry at its place: SHA-256 of its fields, each as its length in bytes in decimal digits, a colon, the
// bytes and a comma. Times are milliseconds since 1970, 0 for none; previous is the hash of the link before in hexadecimal, 64
// zeros for the first.
func Sum(number int64, previous []byte, e Entry) []byte {
	if number <= 1 {
		previous = make([]byte, sha256.Size)
	}
	h := sha256.Sum256([]byte(fields(format, strconv.FormatInt(number, 10), hex.EncodeToString(previous), e.ID, millis(e.At), e.Tenant, e.Home,
		e.Who, e.Role, e.Act, e.What, e.Reason, millis(e.Until))))
	return h[:]
}

func fields(list ...string) string {
	var b strings.Builder
	for _, s := range list {
		b.WriteString(strconv.Itoa(len(s)) + ":" + s + ",")
	}
	return b.String()
}

func millis(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// link puts an entry at the end of its tenant's chain. Who wants the same place at the same time, in whichever process, is run
// again by the database's door: on SQLite there is one writer, on PostgreSQL the conflict is a failure to serialize.
func (a *Audit) link(tx *db.Tx, e Entry) error {
	number, previous, err := head(tx, e.Tenant)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`INSERT INTO audit_chain (tenant, number, home, id, hash) VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant, number) DO NOTHING`,
		e.Tenant, number+1, e.Home, e.ID, Sum(number+1, previous, e))
	if err == nil && n != 1 {
		err = errors.New("the place in the chain was taken")
	}
	return err
}

// head is the last link's number and hash; 0 of a tenant without one.
func head(tx *db.Tx, tenant string) (number int64, hash []byte, err error) {
	err = tx.Row(`SELECT number, hash FROM audit_chain WHERE tenant = ? ORDER BY number DESC LIMIT 1`, tenant).Scan(&number, &hash)
	if db.NoRows(err) {
		err = nil
	}
	return number, hash, err
}

// page is how many rows are read at once.
const page = 500

// Adopt chains the entries of tenants that have no chain yet, as they were before there were chains, in the order of their ids.
// An entry that is found beside a chain is never taken into it: somebody has put it there.
func (a *Audit) Adopt(ctx context.Context) (adopted int, err error) {
	for tenant := ""; ; {
		if tenant, err = a.next(ctx, "audit_entry", tenant); err != nil || tenant == "" {
			return adopted, err
		}
		n, err := a.adopt(ctx, tenant)
		if db.Duplicate(err) { // another process does the same
			n, err = a.adopt(ctx, tenant)
		}
		if err != nil {
			return adopted, fmt.Errorf("audit: chain what was there: %w", err)
		}
		adopted += n
	}
}

// next is the tenant after another one in a table whose rows are in order of tenants.
func (a *Audit) next(ctx context.Context, table, after string) (tenant string, err error) {
	err = a.db.View(ctx, func(tx *db.Tx) error {
		return tx.Row(`SELECT tenant FROM `+table+` WHERE tenant > ? ORDER BY tenant LIMIT 1`, after).Scan(&tenant)
	})
	if db.NoRows(err) {
		return "", nil
	}
	return tenant, err
}

func (a *Audit) adopt(ctx context.Context, tenant string) (n int, err error) {
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		n = 0
		number, previous, err := head(tx, tenant)
		if err != nil || number > 0 {
			return err
		}
		for after := ""; ; {
			list, err := read(tx, `SELECT `+columns+` FROM audit_entry WHERE tenant = ? AND id > ? ORDER BY id LIMIT ?`, tenant, after, page)
			if err != nil || len(list) == 0 {
				return err
			}
			for _, e := range list {
				number++
				previous = Sum(number, previous, e)
				if _, err := tx.Exec(`INSERT INTO audit_chain (tenant, number, home, id, hash) VALUES (?, ?, ?, ?, ?)`, tenant, number, e.Home, e.ID, previous); err != nil {
					return err
				}
				after = e.ID
				n++
			}
		}
	})
	return n, err
}
