package history

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"cardea/internal/platform/db/dbtest"
)

// BenchmarkHomePage reads what a home's page needs, and a page of the fleet, with CARDEA_HOMES homes in the store
// (default 20,000). Run it with 1000000 to see a cell.
func BenchmarkHomePage(b *testing.B) {
	homes := 20_000
	if s := os.Getenv("CARDEA_HOMES"); s != "" {
		var err error
		if homes, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	ctx, d := context.Background(), dbtest.SQLite(b)
	if err := d.Migrate(ctx, "history", Migrations); err != nil {
		b.Fatal(err)
	}
	h := New(d, Options{Now: func() time.Time { return t0 }})
	tenant := homeA.Tenant
	if err := Seed(ctx, h, tenant, homes, t0); err != nil {
		b.Fatal(err)
	}
	b.Run("home", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n = (n*7919 + 13) % homes
			p := SeedPlace(tenant, n)
			s, err := h.State(ctx, p)
			if err != nil || s.Seen.IsZero() {
				b.Fatalf("%v %v", s, err)
			}
			list, err := h.DeviceList(ctx, p)
			if err != nil || len(list) == 0 {
				b.Fatalf("%v %v", list, err)
			}
			if _, _, err := h.StoppedSince(ctx, p, t0); err != nil {
				b.Fatal(err)
			}
			if _, err := h.Week(ctx, p, list[0].GetId(), t0); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, state := range []string{"", "offline", StatusContained} {
		b.Run(fmt.Sprintf("fleet=%s", state), func(b *testing.B) {
			for b.Loop() {
				if got, err := h.Fleet(ctx, tenant, FleetQuery{State: state, Limit: 100, After: SeedPlace(tenant, homes/2).Home}); err != nil || len(got) == 0 {
					b.Fatalf("%v %v", got, err)
				}
			}
		})
	}
}
