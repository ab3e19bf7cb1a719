package normal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"cardea/behavior/herd"
	"cardea/internal/platform/db"
)

// Refusal is an endpoint that staff keep from ever being an indicator of herd protection.
type Refusal struct {
	Endpoint string // host or address, port, protocol; a host or an address alone: on any port
	Why, Who string
	At       time.Time
}

const (
	maxRefused = 2000
	maxWhy     = 500 // characters
)

// ErrRefusal says what is wrong with a refusal.
var ErrRefusal = errors.New("not an endpoint of the internet that can be refused")

// Refuse keeps an endpoint from being an indicator from now on, also if homes agree on it later. The next Guard, within a minute,
// publishes without it. value is as Indicators has it, or a host or an address alone: on any port. note writes it down in the same
// transaction.
func (n *Normal) Refuse(ctx context.Context, value, why, who string, note func(*db.Tx) error) (Refusal, error) {
	key, err := refusalOf(value)
	if err != nil {
		return Refusal{}, err
	}
	why = strings.TrimSpace(why)
	if why == "" || utf8.RuneCountInString(why) > maxWhy || strings.ContainsFunc(why, func(r rune) bool { return r < ' ' || r == utf8.RuneError }) {
		return Refusal{}, fmt.Errorf("%w: say why, in one line of up to %d characters", ErrRefusal, maxWhy)
	}
	r := Refusal{Endpoint: key, Why: why, Who: who, At: n.o.Now().UTC().Truncate(time.Millisecond)}
	err = n.db.Tx(ctx, func(tx *db.Tx) error {
		var have int
		if err := tx.Row("SELECT COUNT(*) FROM normal_refused WHERE endpoint <> ?", key).Scan(&have); err != nil {
			return err
		}
		if have >= maxRefused {
			return fmt.Errorf("%d endpoints are refused already", have)
		}
		if _, err := tx.Exec("INSERT INTO normal_refused (endpoint, why, who, at) VALUES (?,?,?,?) ON CONFLICT (endpoint) DO UPDATE SET why = excluded.why,"+
			" who = excluded.who, at = excluded.at", key, why, who, r.At.UnixMilli()); err != nil {
			return err
		}
		return note(tx)
	})
	if err != nil {
		return Refusal{}, fmt.Errorf("refuse an indicator: %w", err)
	}
	return r, nil
}

// Unrefuse takes a refusal back: where homes agree on the endpoint, it is an indicator again from the next Guard on. It
// tells whether there was one.
func (n *Normal) Unrefuse(ctx context.Context, value string, note func(*db.Tx) error) (was bool, err error) {
	key, err := refusalOf(value)
	if err != nil {
		return false, err
	}
	err = n.db.Tx(ctx, func(tx *db.Tx) error {
		rows, err := tx.Exec("DELETE FROM normal_refused WHERE endpoint = ?", key)
		if was = rows > 0; err != nil || !was {
			return err
		}
		// Begun anew: what was refused stays so while it is kept.
		if _, err := tx.Exec("DELETE FROM normal_herd WHERE refused = 1 AND (endpoint = ? OR SUBSTR(endpoint, 1, ?) = ?)", key, len(key)+1, key+" "); err != nil {
			return err
		}
		return note(tx)
	})
	if err != nil {
		return false, fmt.Errorf("take a refusal back: %w", err)
	}
	return was, nil
}

// Refused lists what staff refuse, the newest first.
func (n *Normal) Refused(ctx context.Context) (out []Refusal, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query("SELECT endpoint, why, who, at FROM normal_refused ORDER BY at DESC, endpoint LIMIT ?", maxRefused)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var r Refusal
			var at int64
			if err := rows.Scan(&r.Endpoint, &r.Why, &r.Who, &at); err != nil {
				return err
			}
			r.At = time.UnixMilli(at).UTC()
			out = append(out, r)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("what is refused: %w", err)
	}
	return out, nil
}

// refusalOf is how an endpoint is kept.
func refusalOf(value string) (string, error) {
	f := strings.Fields(strings.ToLower(value))
	switch len(f) {
	case 1: // on any port: looked at as a web host is
		if list := parseTargets([]byte(f[0] + " 443 tcp\n")); len(list) == 1 {
			return list[0].who(), nil
		}
	case 3:
		if list := parseTargets([]byte(strings.Join(f, " ") + "\n")); len(list) == 1 {
			return list[0].String(), nil
		}
	}
	return "", fmt.Errorf("%w: %q; want HOST or \"HOST PORT tcp\"", ErrRefusal, value)
}

// refuse marks what staff refuse.
func (n *Normal) refuse(ctx context.Context, agreed []herd.Indicator) error {
	list, err := n.Refused(ctx)
	if err != nil || len(list) == 0 {
		return err
	}
	why := make(map[string]string, len(list))
	for _, r := range list {
		why[r.Endpoint] = r.Why
	}
	for i := range agreed {
		t := target{agreed[i].Endpoint}
		for _, key := range [2]string{t.String(), t.who()} {
			if w, ok := why[key]; ok {
				agreed[i].Refused, agreed[i].Shadow, agreed[i].Why = true, true, "Refused by staff: "+w
			}
		}
	}
	return nil
}
