package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
)

// KeepCame is how long it is kept from which address a gateway came in: long enough for a complaint about an address to arrive.
const KeepCame = 30 * 24 * time.Hour

// MaxFound bounds how many homes a search answers with.
const MaxFound = 50

// found reads homes by their ids.
func (a *Accounts) found(ctx context.Context, q string, args ...any) (out []Home, err error) {
	err = a.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT h.tenant, h.home, h.name, h.account, h.created FROM account_home h `+q, append(args, MaxFound)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			h, err := scanHome(rows)
			if err != nil {
				return err
			}
			out = append(out, h)
		}
		return rows.Err()
	})
	return out, doing("find homes", err)
}

// foundBy reads homes whose ids are found first: as a condition these would be compared with each home of the CSP.
func (a *Accounts) foundBy(ctx context.Context, tenant string, f func(*db.Tx) ([]string, error)) ([]Home, error) {
	var ids []string
	err := a.db.View(ctx, func(tx *db.Tx) (err error) {
		ids, err = f(tx)
		return err
	})
	if err != nil {
		return nil, doing("find homes", err)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	homes, err := a.HomesOf(ctx, tenant, ids)
	var out []Home
	for _, id := range ids[:min(len(ids), MaxFound)] {
		if h, ok := homes[id]; ok {
			out = append(out, h)
		}
	}
	return out, err
}

// ByAccount finds homes whose account begins with a text, by account.
func (a *Accounts) ByAccount(ctx context.Context, tenant, begins string) ([]Home, error) {
	from := small(begins)
	if len(from) == 0 {
		return nil, nil
	}
	return a.found(ctx, `WHERE h.tenant = ? AND h.sought >= ? AND h.sought < ? ORDER BY h.sought, h.home LIMIT ?`, tenant, from, afterAll(from))
}

// afterAll is what comes after everything that begins with b: no text has the byte 0xff in it.
func afterAll(b []byte) []byte { return append(append([]byte{}, b...), 0xff) }

// ByGateway finds the home that a gateway is or was of, by its id, by the number of its certificate, or by what stands on its label.
func (a *Accounts) ByGateway(ctx context.Context, tenant, number string) ([]Home, error) {
	number = strings.TrimSpace(number)
	if number == "" {
		return nil, nil
	}
	return a.foundBy(ctx, tenant, func(tx *db.Tx) (ids []string, err error) {
		by := soughtBy(number)
		for n := firstGateway; n < len(soughtIn); n++ {
			some, err := homesIn(tx, soughtIn[n]+` LIMIT ?`, tenant, by[n][0], by[n][1], MaxFound)
			if err != nil {
				return nil, err
			}
			ids = append(ids, some...)
		}
		return ids, nil
	})
}

// ByAddress finds the homes whose gateways came in from an address at a time.
func (a *Accounts) ByAddress(ctx context.Context, tenant string, remote netip.Addr, at time.Time) ([]Home, error) {
	n := int64(a.address(remote))
	if n == 0 {
		return nil, nil
	}
	ms := at.UnixMilli()
	return a.foundBy(ctx, tenant, func(tx *db.Tx) ([]string, error) {
		return homesIn(tx, `SELECT DISTINCT home FROM account_came WHERE tenant = ? AND address = ? AND since <= ? AND (until >= ? OR until = 0) ORDER BY home LIMIT ?`, tenant, n, ms, ms, MaxFound)
	})
}

// address names one line of a CSP: an IPv4 address, or the /56 that a home is given of IPv6; 0 when there is none, or no key.
func (a *Accounts) address(remote netip.Addr) uint64 {
	remote = remote.Unmap().WithZone("")
	bits := 32
	if remote.Is6() {
		bits = 56
	}
	block, err := remote.Prefix(bits)
	if err != nil || !block.IsValid() || len(a.opts.NetworkKey) == 0 {
		return 0
	}
	h := hmac.New(sha256.New, a.opts.NetworkKey)
	_, _ = h.Write([]byte("address " + block.String())) // never fails
	return max(binary.BigEndian.Uint64(h.Sum(nil)), 1)
}

// came keeps from which address a home's gateway came in; the same as before writes nothing.
func (a *Accounts) came(tx *db.Tx, p home.Place, remote netip.Addr) error {
	n := int64(a.address(remote))
	if n == 0 {
		return nil
	}
	var last, since int64
	err := tx.Row(`SELECT address, since FROM account_came WHERE tenant = ? AND home = ? ORDER BY since DESC LIMIT 1`, p.Tenant, p.Home).Scan(&last, &since)
	if err != nil && !db.NoRows(err) || last == n {
		return err
	}
	now := a.now()
	// By its key: most homes' newest row has until 0, and an index of that would be read through for each home that comes.
	if _, err := tx.Exec(lastOver, now, p.Tenant, p.Home, since); err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO account_came (tenant, home, since, until, address) SELECT tenant, home, ?, 0, ? FROM account_home
		WHERE tenant = ? AND home = ? AND gateway = ? AND gateway <> '' ON CONFLICT (tenant, home, since) DO UPDATE SET address = excluded.address`,
		now, n, p.Tenant, p.Home, p.Gateway)
	return err
}

const lastOver = `UPDATE account_came SET until = ? WHERE tenant = ? AND home = ? AND since = ?`

// HomesOf reads some homes of a CSP by their ids.
func (a *Accounts) HomesOf(ctx context.Context, tenant string, ids []string) (map[string]Home, error) {
	out := make(map[string]Home, len(ids))
	for len(ids) > 0 {
		some := ids[:min(len(ids), MaxFound)]
		ids = ids[len(some):]
		args := []any{tenant}
		for _, id := range some {
			args = append(args, id)
		}
		list, err := a.found(ctx, `WHERE h.tenant = ? AND h.home IN (?`+strings.Repeat(",?", len(some)-1)+`) LIMIT ?`, args...)
		if err != nil {
			return nil, err
		}
		for _, h := range list {
			out[h.ID] = h
		}
	}
	return out, nil
}

// Waiting lists homes of which no gateway speaks yet, with a text those whose name or account begins with it.
func (a *Accounts) Waiting(ctx context.Context, tenant, after, text string, n int) (out []Home, err error) {
	where, args := "", []any{tenant, after}
	if from := small(text); len(from) > 0 { // few wait
		where, args = ` AND (sought >= ? AND sought < ? OR named >= ? AND named < ?)`, append(args, from, afterAll(from), from, afterAll(from))
	}
	err = a.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT tenant, home, name, account, created FROM account_home WHERE tenant = ? AND gateway = '' AND home > ?`+where+` ORDER BY home LIMIT ?`, append(args, limit(n))...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			h, err := scanHome(rows)
			if err != nil {
				return err
			}
			out = append(out, h)
		}
		return rows.Err()
	})
	return out, doing("homes without a gateway", err)
}
