package audit

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Span is a part of time: from From on, up to Until and without it. A zero time is no bound.
type Span struct{ From, Until time.Time }

func (s Span) has(at time.Time) bool {
	return (s.From.IsZero() || !at.Before(s.From)) && (s.Until.IsZero() || at.Before(s.Until))
}

// Row is an entry as other programs read it. Without the whole chain nobody can verify it; Export is for that.
type Row struct {
	Number int64     `json:"number"` // 0 for one that is in no chain
	Time   time.Time `json:"time"`
	ID     string    `json:"id"`
	Home   string    `json:"home"`
	Who    string    `json:"who"`
	Role   string    `json:"role"`
	Act    string    `json:"act"`
	What   string    `json:"what"`
	Reason string    `json:"reason"`
	Until  string    `json:"until"` // of a look, as time; "" of all else
	Hash   string    `json:"hash"`
}

var columnsCSV = []string{"number", "time", "id", "home", "who", "role", "act", "what", "reason", "until", "hash"}

// Rows writes a tenant's entries of a span, in the order of the chain: as CSV with a head, or as JSON lines.
func (a *Audit) Rows(ctx context.Context, tenant string, span Span, asCSV bool, w io.Writer) error {
	e, c := json.NewEncoder(w), csv.NewWriter(w)
	e.SetEscapeHTML(false)
	write := func(l Link) error {
		if !span.has(l.At) {
			return nil
		}
		r := rowOf(l)
		if !asCSV {
			return e.Encode(r)
		}
		return c.Write([]string{strconv.FormatInt(r.Number, 10), stamp(r.Time), r.ID, r.Home, cell(r.Who), cell(r.Role), cell(r.Act), cell(r.What), cell(r.Reason), r.Until, r.Hash})
	}
	err := a.walk(ctx, tenant, func([]Checkpoint) error {
		if asCSV {
			return c.Write(columnsCSV)
		}
		return nil
	}, func(l Link, there bool) error {
		if !there { // its entry is gone, and its time with it: verify tells
			return nil
		}
		return write(l)
	}, func(x Entry) error { return write(Link{Entry: x}) })
	if c.Flush(); err == nil {
		err = c.Error()
	}
	if err != nil {
		return fmt.Errorf("entries of the audit: %w", err)
	}
	return nil
}

func rowOf(l Link) Row {
	r := Row{Number: l.Number, Time: l.At.UTC(), ID: l.ID, Home: l.Home, Who: l.Who, Role: l.Role, Act: l.Act, What: l.What, Reason: l.Reason, Hash: fmt.Sprintf("%x", l.Hash)}
	if !l.Until.IsZero() {
		r.Until = stamp(l.Until)
	}
	return r
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// cell keeps what somebody wrote from being a formula where the file is opened.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
