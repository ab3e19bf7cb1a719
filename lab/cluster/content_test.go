package cluster

import (
	"context"
	"testing"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// onceInTheStore counts what is in the tables of homes without orders: what such a home sent follows from how much it was
// (fleet.Mix), and roll-ups and refusals are added up, so that one that was stored twice shows.
func onceInTheStore(t *testing.T, d *db.DB, c *customers, from int) {
	t.Helper()
	total := 0
	for _, p := range c.homes[from:] {
		n := int(c.highest[p])
		want := content{hours: 8 * between(n, 60, 90), stops: 3 * between(n, 90, 97), trackers: 40 * between(n, 90, 97), findings: between(n, 99, 100)}
		have, err := count(t.Context(), d, p)
		if err != nil {
			t.Fatal(err)
		}
		if have != want {
			t.Errorf("home %s, of %d items: stored %+v, sent %+v", p.Home, n, have, want)
		}
		total += want.hours + want.findings
	}
	t.Logf("%d device hours and findings were compared", total)
	if total == 0 {
		t.Error("nothing was compared")
	}
}

type content struct{ hours, stops, trackers, findings int }

// between counts the sequences 1…n whose last two digits are in [from, to).
func between(n, from, to int) (out int) {
	for i := 2; i <= n; i++ { // the first is the list of devices
		if k := i % 100; k >= from && k < to {
			out++
		}
	}
	return out
}

func count(ctx context.Context, d *db.DB, p home.Place) (out content, err error) {
	err = d.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query("SELECT data FROM history_rollup WHERE tenant = ? AND home = ?", p.Tenant, p.Home)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var data []byte
			m := &pb.RollUp{}
			if err := rows.Scan(&data); err != nil {
				return err
			}
			if err := proto.Unmarshal(data, m); err != nil {
				return err
			}
			out.hours += len(m.GetHours())
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if err := tx.Row("SELECT CAST(COALESCE(SUM(CASE WHEN class = 'trackers' THEN 0 ELSE count END), 0) AS BIGINT),"+
			" CAST(COALESCE(SUM(CASE WHEN class = 'trackers' THEN count ELSE 0 END), 0) AS BIGINT)"+
			" FROM history_stopped WHERE tenant = ? AND home = ?", p.Tenant, p.Home).Scan(&out.stops, &out.trackers); err != nil {
			return err
		}
		return tx.Row("SELECT COUNT(*) FROM incident_finding WHERE tenant = ? AND home = ?", p.Tenant, p.Home).Scan(&out.findings)
	})
	return out, err
}
