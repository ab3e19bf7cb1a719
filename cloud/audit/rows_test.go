package audit

import (
	"bytes"
	"encoding/csv"
	"os"
	"testing"
	"time"

	"cardea/internal/platform/db"
)

// TestRowsOfASpan: a span has its beginning and not its end, CSV says the same as JSON lines, and no cell is a formula.
func TestRowsOfASpan(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, a *Audit, now *time.Time) {
		p, other := place(), place()
		begin := *now
		for _, e := range []Entry{{What: "=1+1"}, {What: "a \"quoted\", one\nof two lines"}, {What: "@x", Reason: "-1"}} {
			e.Tenant, e.Who, e.Act = p.Tenant, "w", "a"
			if err := a.AddNow(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			*now = now.Add(time.Minute)
		}
		if err := a.AddNow(t.Context(), Entry{Tenant: other.Tenant, Who: "w", Act: "a"}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			from, until time.Duration // after the first entry; negative for none
			want        []string
		}{
			{-1, -1, []string{"'=1+1", "a \"quoted\", one\nof two lines", "'@x"}},
			{time.Minute, -1, []string{"a \"quoted\", one\nof two lines", "'@x"}},
			{0, time.Minute, []string{"'=1+1"}},
			{time.Minute + time.Millisecond, 2 * time.Minute, nil},
		} {
			var s Span
			if c.from >= 0 {
				s.From = begin.Add(c.from)
			}
			if c.until >= 0 {
				s.Until = begin.Add(c.until)
			}
			var table, text bytes.Buffer
			if err := a.Rows(t.Context(), p.Tenant, s, true, &table); err != nil {
				t.Fatal(err)
			}
			if err := a.Rows(t.Context(), p.Tenant, s, false, &text); err != nil {
				t.Fatal(err)
			}
			rows, err := csv.NewReader(&table).ReadAll()
			if err != nil || len(rows) != len(c.want)+1 || bytes.Count(text.Bytes(), []byte("\n")) != len(c.want) {
				t.Errorf("%+v: %v, %v, %s", s, rows, err, &text)
				continue
			}
			for i, want := range c.want {
				if rows[i+1][7] != want {
					t.Errorf("%+v: %q, want %q", s, rows[i+1][7], want)
				}
			}
		}
	})
}

// TestALineThatWasNotFinished: what the power cut short does not take the next checkpoint along, and verify names the line.
func TestALineThatWasNotFinished(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, _ *Audit, now *time.Time) {
		a, p := signing(t, d, now), place()
		seal := func() {
			t.Helper()
			if err := a.AddNow(t.Context(), Entry{Tenant: p.Tenant, Who: "w", Act: "a"}); err != nil {
				t.Fatal(err)
			}
			if n, err := a.Seal(t.Context()); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		}
		seal()
		text, err := os.ReadFile(a.copies)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(a.copies, text[:len(text)-1], 0o600); err != nil { // whole, but for its end
			t.Fatal(err)
		}
		seal()
		if r := a.mustVerify(t, p.Tenant); !r.Good || r.Copies != 2 || r.Checkpoints != 2 {
			t.Errorf("%+v", r)
		}
		if err := os.Remove(a.copies); err != nil {
			t.Fatal(err)
		}
		if r, err := a.Verify(t.Context(), p.Tenant, a.Keys(), nil); err != nil || r.Good || r.Copies != 0 || len(r.Problems) != 1 || r.Problems[0].Kind != Lost {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// TestTenantsOfTheAudit: each of whom there is anything, once.
func TestTenantsOfTheAudit(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, _ *Audit, now *time.Time) {
		a, p, q := signing(t, d, now), place(), place()
		for _, tenant := range []string{p.Tenant, q.Tenant, p.Tenant} {
			if err := a.AddNow(t.Context(), Entry{Tenant: tenant, Who: "w", Act: "a"}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := a.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, err := a.Tenants(t.Context())
		if err != nil || len(list) != 2 || list[0] >= list[1] {
			t.Errorf("%v, %v", list, err)
		}
	})
}
