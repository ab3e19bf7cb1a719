package intel

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"cardea/home"
	"cardea/intel"
	"cardea/internal/platform/db"

	"golang.org/x/net/publicsuffix"
)

// MaxAllowed is how many exceptions there may be.
const MaxAllowed = 10_000

// Allowed is an exception: what no list blocks, of whatever class, in any home.
type Allowed struct {
	Value string    `json:"value"` // a name with all below it, an address or a block
	Why   string    `json:"why"`
	Who   string    `json:"who"`
	Made  time.Time `json:"made"`
}

// entryOf reads an exception.
func entryOf(value string) (e intel.Entry, err error) {
	value = strings.TrimSpace(value)
	e.Allow = true
	if b, err := netip.ParsePrefix(value); err == nil {
		if b.Addr().Is4() && b.Bits() < 16 || b.Addr().Is6() && b.Bits() < 32 || b.Addr().Is4In6() {
			return e, fmt.Errorf("%w: %s is so large that lists would mean nothing", ErrWrong, value)
		}
		e.Prefix = b.Masked()
		return e, nil
	}
	if a, err := netip.ParseAddr(value); err == nil && a.Zone() == "" && !a.Is4In6() {
		e.Prefix = netip.PrefixFrom(a, a.BitLen())
		return e, nil
	}
	name, ok := home.CleanName(strings.TrimPrefix(value, "*."))
	if !ok {
		return e, fmt.Errorf("%w: %q is neither a name nor an address", ErrWrong, value)
	}
	if suffix, icann := publicsuffix.PublicSuffix(name); suffix == name && (icann || strings.Contains(name, ".")) || !strings.Contains(name, ".") {
		return e, fmt.Errorf("%w: below %s are names of many people: name the one that is meant", ErrWrong, name)
	}
	e.Name = name
	return e, nil
}

func valueOf(e intel.Entry) string {
	switch {
	case e.Name != "":
		return e.Name
	case e.Prefix.IsSingleIP():
		return e.Prefix.Addr().String()
	}
	return e.Prefix.String()
}

// Allow adds an exception, or changes why it is one. It is in force with the next lists, within minutes. note writes it down in the same
// transaction.
func (n *Intel) Allow(ctx context.Context, value, why, who string, note func(*db.Tx) error) (a Allowed, err error) {
	e, err := entryOf(value)
	if err != nil {
		return a, err
	}
	if !oneLine(why, 3, 300) {
		return a, fmt.Errorf("%w: say why in one line", ErrWrong)
	}
	a = Allowed{Value: valueOf(e), Why: why, Who: who, Made: n.o.Now().UTC().Truncate(time.Millisecond)}
	err = n.db.Tx(ctx, func(tx *db.Tx) error {
		var count int64
		if err := tx.Row("SELECT COUNT(*) FROM intel_allow WHERE value <> ?", a.Value).Scan(&count); err != nil {
			return err
		}
		if count >= MaxAllowed {
			return fmt.Errorf("%w: there are %d exceptions already", ErrWrong, count)
		}
		if _, err := tx.Exec("INSERT INTO intel_allow (value, why, who, made) VALUES (?,?,?,?) ON CONFLICT (value) DO UPDATE SET why = excluded.why, who = excluded.who, made = excluded.made",
			a.Value, a.Why, a.Who, a.Made.UnixMilli()); err != nil {
			return err
		}
		if err := want(tx); err != nil {
			return err
		}
		return noted(tx, note)
	})
	return a, err
}

// Disallow takes an exception back.
func (n *Intel) Disallow(ctx context.Context, value string, note func(*db.Tx) error) error {
	e, err := entryOf(value)
	if err != nil {
		return err
	}
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		some, err := tx.Exec("DELETE FROM intel_allow WHERE value = ?", valueOf(e))
		if err != nil {
			return err
		}
		if some == 0 {
			return fmt.Errorf("exception %q: %w", value, ErrUnknown)
		}
		if err := want(tx); err != nil {
			return err
		}
		return noted(tx, note)
	})
}

// Exceptions lists them by value.
func (n *Intel) Exceptions(ctx context.Context) (out []Allowed, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query("SELECT value, why, who, made FROM intel_allow ORDER BY value")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var a Allowed
			var made int64
			if err := rows.Scan(&a.Value, &a.Why, &a.Who, &made); err != nil {
				return err
			}
			a.Made = fromMilli(made)
			out = append(out, a)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("exceptions: %w", err)
	}
	return out, nil
}

// exceptions are those, made for looking up.
type exceptions struct {
	names  map[string]bool
	blocks []netip.Prefix
	list   []intel.Entry
}

func (n *Intel) exceptions(ctx context.Context) (*exceptions, error) {
	list, err := n.Exceptions(ctx)
	if err != nil {
		return nil, err
	}
	x := &exceptions{names: map[string]bool{}}
	for _, a := range list {
		e, err := entryOf(a.Value)
		if err != nil {
			return nil, err
		}
		if e.Name != "" {
			x.names[e.Name] = true
		} else {
			x.blocks = append(x.blocks, e.Prefix)
		}
		x.list = append(x.list, e)
	}
	return x, nil
}

// holds says whether all of an entry is excepted. What is only in part is listed, and the exception frees its part in each home.
func (x *exceptions) holds(e intel.Entry) bool {
	if e.Name == "" {
		for _, b := range x.blocks {
			if b.Bits() <= e.Prefix.Bits() && b.Contains(e.Prefix.Addr()) {
				return true
			}
		}
		return false
	}
	for name := e.Name; name != ""; _, name, _ = strings.Cut(name, ".") {
		if x.names[name] {
			return true
		}
	}
	return false
}
