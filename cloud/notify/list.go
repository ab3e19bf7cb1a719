package notify

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cardea/cloud/notify/words"
	"cardea/home"
	"cardea/internal/platform/db"
)

// Delivery is what became of one message to a person by one way.
type Delivery struct {
	ID, Home, Way, Kind, Level string
	Status                     string // waiting, sent, replaced, dropped, failed
	Why                        string // unreachable, refused, given-up, gone, quiet-hours; "" for nothing to say
	Check                      string
	Made, Sent, Next           time.Time // zero: not yet, none
	Tries                      int64
}

// ErrCursor says that a list does not go on there.
var ErrCursor = errors.New("that is no cursor of this list")

// Deliveries are a person's, the latest first; next is "" at the end.
func (n *Notify) Deliveries(ctx context.Context, tenant, person, after string, limit int) (out []Delivery, next string, err error) {
	before, id := int64(1)<<62, ""
	if after != "" {
		at, rest, ok := strings.Cut(after, ",")
		if before, err = strconv.ParseInt(at, 10, 64); err != nil || !ok || len(rest) > 64 {
			return nil, "", ErrCursor
		}
		id = rest
	}
	limit = min(max(limit, 1), 200)
	err = n.db.View(ctx, func(tx *db.Tx) (err error) {
		out = nil
		rows, err := tx.Query(`SELECT id, home, way, kind, level, status, why, code, made, sent, due, tries FROM notify_delivery
			WHERE tenant = ? AND person = ? AND (made < ? OR made = ? AND id < ?) ORDER BY made DESC, id DESC LIMIT ?`, tenant, person, before, before, id, limit+1)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var d Delivery
			var level Level
			var code string
			var made, sent, due int64
			if err := rows.Scan(&d.ID, &d.Home, &d.Way, &d.Kind, &level, &d.Status, &d.Why, &code, &made, &sent, &due, &d.Tries); err != nil {
				return err
			}
			d.Level, d.Check, d.Made = level.String(), grouped(code), time.UnixMilli(made)
			if sent > 0 {
				d.Sent = time.UnixMilli(sent)
			}
			if d.Status == "waiting" && due > 0 {
				d.Next = time.UnixMilli(due)
			}
			out = append(out, d)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, "", fmt.Errorf("deliveries: %w", err)
	}
	if len(out) > limit {
		out = out[:limit]
		last := out[limit-1]
		next = strconv.FormatInt(last.Made.UnixMilli(), 10) + "," + last.ID
	}
	return out, next, nil
}

// Test sends a person a message that says that it is one, by the ways named or by all that lead there.
func (n *Notify) Test(ctx context.Context, p home.Place, person string, ways ...Way) error {
	now := n.opts.Now()
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		if err := n.asked(tx, p.Tenant, "test "+person, now, testsHour, testsDay); err != nil {
			return err
		}
		return n.insert(tx, &message{place: p.OfHome(), topic: "test", person: person, level: Info, due: now.UnixMilli(),
			body: body{Facts: words.Facts{Kind: words.Test}, Ways: ways, Path: "/notifications"}})
	})
}

const (
	testsHour = 6
	testsDay  = 20
)

// Genuine is what may be told of a message to whoever has its check code: nothing of the person or the home.
type Genuine struct {
	Provider string
	Way      string
	Kind     string
	At       time.Time
	Checked  int64 // how often the code was looked up before: one that many know was copied from somebody
}

// ErrUnknown says that no message that was sent has this code.
var ErrUnknown = errors.New("no message of ours has this code")

// Genuine looks up a check code as somebody typed it.
func (n *Notify) Genuine(ctx context.Context, typed string) (g Genuine, err error) {
	code, ok := readCode(typed)
	if !ok {
		return g, ErrUnknown
	}
	var tenant string
	err = n.db.Tx(ctx, func(tx *db.Tx) error {
		var sent int64
		if err := tx.Row(`SELECT tenant, way, kind, sent, checked FROM notify_delivery WHERE code = ? AND sent > 0`, code).
			Scan(&tenant, &g.Way, &g.Kind, &sent, &g.Checked); err != nil {
			return err
		}
		g.At = time.UnixMilli(sent)
		_, err := tx.Exec(`UPDATE notify_delivery SET checked = checked + 1 WHERE code = ?`, code)
		return err
	})
	if db.NoRows(err) {
		return g, ErrUnknown
	}
	if err != nil {
		return g, fmt.Errorf("check code: %w", err)
	}
	who, _, err := n.opts.Provider(ctx, tenant)
	g.Provider = words.Line(who.Name, 60)
	return g, err
}

// readCode reads a check code as people type it: in any case, with or without a hyphen, O for 0, I or L for 1.
func readCode(typed string) (string, bool) {
	if len(typed) > 40 {
		return "", false
	}
	var b strings.Builder
	for _, r := range strings.ToUpper(typed) {
		switch r {
		case '-', ' ':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		if !strings.ContainsRune(alphabet, r) {
			return "", false
		}
		b.WriteRune(r)
	}
	return b.String(), b.Len() == codeLength
}
