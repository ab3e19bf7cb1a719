package history

import (
	"context"
	"testing"
	"time"

	"cardea/internal/platform/db/dbtest"
)

// TestCountsAreForOneAtATime: who asks while somebody counts is told what was counted last, and a count that took long is good
// for longer.
func TestCountsAreForOneAtATime(t *testing.T) {
	ctx, d := t.Context(), dbtest.SQLite(t)
	if err := d.Migrate(ctx, "history", Migrations); err != nil {
		t.Fatal(err)
	}
	now := t0
	h := New(d, Options{Now: func() time.Time { return now }})
	tenant := homeA.Tenant
	if err := Seed(ctx, h, tenant, 10, t0); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		old  *counted
		want uint64
	}{
		{"nothing was counted", nil, 10},
		{"fresh", &counted{Counts: Counts{Homes: 7, At: t0.Add(-19 * time.Second)}}, 7},
		{"old", &counted{Counts: Counts{Homes: 7, At: t0.Add(-21 * time.Second)}}, 10},
		{"old, and somebody counts", &counted{Counts: Counts{Homes: 7, At: t0.Add(-time.Hour)}, busy: true}, 7},
		{"took long", &counted{Counts: Counts{Homes: 7, At: t0.Add(-39 * time.Second)}, took: 2 * time.Second}, 7},
		{"took long, and is old", &counted{Counts: Counts{Homes: 7, At: t0.Add(-41 * time.Second)}, took: 2 * time.Second}, 10},
		{"of the future", &counted{Counts: Counts{Homes: 7, At: t0.Add(time.Second)}}, 10},
	} {
		clear(h.counts)
		if c.old != nil {
			h.counts[tenant] = c.old
		}
		if got, err := h.Counts(ctx, tenant); err != nil || got.Homes != c.want {
			t.Errorf("%s: %+v, %v", c.what, got, err)
		}
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	now = t0.Add(time.Hour)
	if _, err := h.Counts(gone, tenant); err == nil {
		t.Error("counted for somebody who had gone")
	}
	if got, err := h.Counts(ctx, tenant); err != nil || !got.At.Equal(now) {
		t.Errorf("after one who has gone: %+v, %v", got, err)
	}
}
