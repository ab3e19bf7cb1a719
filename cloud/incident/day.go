package incident

import (
	"context"
	"fmt"
	"math"
	"time"

	"cardea/internal/platform/db"
)

// Kinds of what is counted of a day.
const (
	DayOpened   = "opened"
	DayClosed   = "closed"
	DayWrong    = "wrong"    // closed as false alarms
	DayReleased = "released" // closed, and let out by somebody at home before
	DayClean    = "clean"    // closed as clean, by how long it took
)

// DayCount is one count of a tenant's day.
type DayCount struct {
	Day                   time.Time
	Kind, Detector, Model string
	Bucket, N             int
}

const dayMS = 24 * 3_600_000

// BucketOf says in which bucket a time to clean is; a bucket is a fifth longer than the one before.
func BucketOf(d time.Duration) int {
	return int(math.Floor(math.Log1p(max(d.Hours(), 0)) / math.Log(1.2)))
}

// OfBucket is the middle of a bucket.
func OfBucket(n int) time.Duration {
	return time.Duration((math.Pow(1.2, float64(n)+0.5) - 1) * float64(time.Hour))
}

type dayKey struct {
	kind, detector, model string
	bucket                int
}

// CountDays counts a tenant's cases of the last days anew: a gateway may have told late.
func (i *Incidents) CountDays(ctx context.Context, tenant string, days int) error {
	today := i.o.Now().UnixMilli() / dayMS
	for n := range int64(days) {
		if err := i.countDay(ctx, tenant, today-n); err != nil {
			return fmt.Errorf("count the day's incidents: %w", err)
		}
	}
	return nil
}

func (i *Incidents) countDay(ctx context.Context, tenant string, day int64) error {
	return i.db.Tx(ctx, func(tx *db.Tx) error {
		counts := map[dayKey]int64{}
		from, until := day*dayMS, (day+1)*dayMS
		rows, err := tx.Query("SELECT detector, model, COUNT(*) FROM incident_case WHERE tenant = ? AND opened >= ? AND opened < ? GROUP BY detector, model", tenant, from, until)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			k := dayKey{kind: DayOpened}
			var n int64
			if err := rows.Scan(&k.detector, &k.model, &n); err != nil {
				return err
			}
			counts[k] = n
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if err := closedOf(tx, tenant, from, until, counts); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM incident_day WHERE tenant = ? AND (day = ? OR day < ?)", tenant, day, day-int64(Keep.Hours()/24)); err != nil {
			return err
		}
		for k, n := range counts {
			if _, err := tx.Exec("INSERT INTO incident_day (tenant, day, kind, detector, model, bucket, n) VALUES (?,?,?,?,?,?,?)",
				tenant, day, k.kind, k.detector, k.model, k.bucket, n); err != nil {
				return err
			}
		}
		return nil
	})
}

func closedOf(tx *db.Tx, tenant string, from, until int64, counts map[dayKey]int64) error {
	rows, err := tx.Query("SELECT detector, model, outcome, releases, changed - opened FROM incident_case WHERE tenant = ? AND live = 0 AND changed >= ? AND changed < ?", tenant, from, until)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var detector, model, outcome string
		var releases, took int64
		if err := rows.Scan(&detector, &model, &outcome, &releases, &took); err != nil {
			return err
		}
		counts[dayKey{DayClosed, detector, model, 0}]++
		switch outcome {
		case "false-alarm":
			counts[dayKey{DayWrong, detector, model, 0}]++
		case "clean":
			counts[dayKey{DayClean, detector, model, BucketOf(time.Duration(took) * time.Millisecond)}]++
		}
		if releases > 0 {
			counts[dayKey{DayReleased, detector, model, 0}]++
		}
	}
	return rows.Err()
}

// Days are a tenant's counts since a day, added up: by "day", "detector" or "model". What it is not added up by is left empty.
func (i *Incidents) Days(ctx context.Context, tenant, by string, since time.Time) (out []DayCount, err error) {
	columns, ok := map[string]string{"day": "day, '', ''", "detector": "0, detector, ''", "model": "0, '', model"}[by]
	if !ok {
		return nil, fmt.Errorf("incidents: %q is nothing to add up by", text(by, maxID))
	}
	err = i.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query("SELECT "+columns+", kind, bucket, CAST(SUM(n) AS BIGINT) FROM incident_day WHERE tenant = ? AND day >= ? GROUP BY "+by+", kind, bucket ORDER BY "+by+", kind, bucket",
			tenant, since.UnixMilli()/dayMS)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var c DayCount
			var d int64
			if err := rows.Scan(&d, &c.Detector, &c.Model, &c.Kind, &c.Bucket, &c.N); err != nil {
				return err
			}
			c.Day = time.UnixMilli(d * dayMS).UTC()
			out = append(out, c)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("counts of incidents: %w", err)
	}
	return out, nil
}

// Median is the middle of what took so long, by buckets; 0 when there is none.
func Median(counts map[int]int) time.Duration {
	total, top := 0, 0
	for b, n := range counts {
		total += n
		top = max(top, b)
	}
	seen := 0
	for b := 0; b <= top; b++ {
		if seen += counts[b]; counts[b] > 0 && 2*seen >= total {
			return OfBucket(b)
		}
	}
	return 0
}
