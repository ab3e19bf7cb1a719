package rollout

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cardea/cloud/rollout/ring"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

// Times of what homes tell.
const (
	beatEvery = 4 * time.Minute  // an unchanged heartbeat is stored so often
	quiet     = 15 * time.Minute // a home that told nothing for so long is silent
	keepBeats = 90 * 24 * time.Hour
)

// Beat is a gateway's heartbeat and when it came.
type Beat struct {
	Place home.Place
	Beat  *pb.Heartbeat
	At    time.Time
}

const (
	healthColumns = `tenant, home, at, bundles, platform, agent, state, tried, crashes, asked, unanswered, broken, findings, asks, throughput`
	healthRow     = "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
	healthChunk   = 50
)

// Beats stores how homes are. Those that say nothing new are stored every few minutes only. What was stored in the future, before a clock was
// set right, gives way.
func (r *Rollout) Beats(ctx context.Context, beats []Beat) error {
	newest := make(map[home.Place]Beat, len(beats))
	for _, b := range beats {
		if old, there := newest[b.Place.OfHome()]; !there || !b.At.Before(old.At) {
			newest[b.Place.OfHome()] = b
		}
	}
	places := slices.SortedFunc(maps.Keys(newest), func(a, b home.Place) int { return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Home, b.Home)) })
	err := r.d.Tx(ctx, func(tx *db.Tx) error {
		for some := range slices.Chunk(places, healthChunk) {
			args := make([]any, 0, 15*len(some))
			for _, p := range some {
				args = append(args, row(newest[p])...)
			}
			if _, err := tx.Exec(`INSERT INTO rollout_health (`+healthColumns+`) VALUES `+strings.Repeat(healthRow+",", len(some)-1)+healthRow+
				` ON CONFLICT (tenant, home) DO UPDATE SET at = excluded.at, bundles = excluded.bundles, platform = excluded.platform, agent = excluded.agent,
				state = excluded.state, tried = excluded.tried, crashes = excluded.crashes, asked = excluded.asked, unanswered = excluded.unanswered,
				broken = excluded.broken, findings = excluded.findings, asks = excluded.asks, throughput = excluded.throughput
				WHERE excluded.at < rollout_health.at - `+fmt.Sprint(quiet.Milliseconds())+` OR excluded.at > rollout_health.at + `+fmt.Sprint(beatEvery.Milliseconds())+` OR excluded.at > rollout_health.at AND (excluded.bundles <> rollout_health.bundles OR
				excluded.state <> rollout_health.state OR excluded.tried <> rollout_health.tried OR excluded.crashes <> rollout_health.crashes)`, args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("how homes are: %w", err)
	}
	return nil
}

func row(b Beat) []any {
	in := map[string]uint64{}
	for _, v := range b.Beat.GetBundles()[:min(len(b.Beat.GetBundles()), 16)] {
		if name := v.GetName(); len(name) <= 32 && !strings.ContainsAny(name, "=,\x00") {
			in[name] = v.GetVersion()
		}
	}
	s, h := b.Beat.GetSoftware(), b.Beat.GetHealth()
	if s.GetBundle() > 0 && s.GetState() != "proving" { // it may yet be given up
		in[Agent] = s.GetBundle()
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(in)) {
		list = append(list, fmt.Sprintf("%s=%d", name, in[name]))
	}
	return []any{b.Place.Tenant, b.Place.Home, b.At.UnixMilli(), strings.Join(list, ","), clean(s.GetPlatform()), clean(cmp.Or(s.GetVersion(), b.Beat.GetVersion())),
		clean(s.GetState()), small(s.GetTried()), int64(h.GetCrashes()), small(h.GetAsked()), small(h.GetUnanswered()), int64(h.GetBroken()), int64(h.GetFindings()),
		int64(h.GetAsks()), small(h.GetThroughput())}
}

// clean makes a gateway's text fit for a column.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s[:min(len(s), 64)], ""), "\x00", "")
}

func small(n uint64) int64 { return int64(min(n, 1<<62)) }

// TrimHealth forgets homes that told nothing for long.
func (r *Rollout) TrimHealth(ctx context.Context) error {
	return r.d.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM rollout_health WHERE at < ?`, r.now().Add(-keepBeats).UnixMilli())
		return err
	})
}

// Erase forgets how a home was.
func (r *Rollout) Erase(ctx context.Context, p home.Place) (n int64, err error) {
	err = r.d.Tx(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(`DELETE FROM rollout_health WHERE tenant = ? AND home = ?`, p.Tenant, p.Home)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("erase how a home was: %w", err)
	}
	return n, nil
}

const figuresPage = 2000

// Figures sums up the homes that a plan reaches, and the others. Homes that told nothing when the rollout began are away. One that fell silent
// since counts as silent for as long as the rollout goes on, also after a pause and in the rings that follow. Homes that there is no such
// version for count in neither.
func (r *Rollout) Figures(ctx context.Context, p Plan) (is, control ring.Figures, err error) {
	pins := map[home.Place]ring.Pin{}
	platforms, awaited := map[string]bool{}, map[home.Place]bool{} // those that have the version, nil: it is for all; homes put into this ring
	var after home.Place
	for first, n := true, figuresPage; n == figuresPage; first = false {
		err = r.d.View(ctx, func(tx *db.Tx) error {
			if first {
				list, err := readPins(tx, `name = ? OR name = '' ORDER BY name`, p.Name)
				if err != nil {
					return err
				}
				if platforms, err = platformsOf(tx, p); err != nil {
					return err
				}
				for _, q := range list { // one of the bundle's own comes after one for all
					pins[q.Place] = q.Pin
				}
				for place, pin := range pins {
					if pin.Ring == p.Ring && pin.Version == 0 && p.Ring != ring.All {
						awaited[place] = true
					}
				}
			}
			n, after, err = r.sum(tx, p, who{pins, platforms, awaited}, after, &is, &control)
			return err
		})
		if err != nil {
			return is, control, fmt.Errorf("figures of a rollout: %w", err)
		}
	}
	is.Awaited = len(awaited)
	return is, control, nil
}

// who says which homes count, and where.
type who struct {
	pins      map[home.Place]ring.Pin
	platforms map[string]bool // nil: all
	awaited   map[home.Place]bool
}

// platformsOf are those that have a version of the agent; nil for other bundles.
func platformsOf(tx *db.Tx, p Plan) (map[string]bool, error) {
	if p.Name != Agent {
		return nil, nil
	}
	out := map[string]bool{}
	for _, platform := range Platforms {
		all, err := readBundles(tx, Agent+"-"+platform, keepDeltas)
		if err != nil {
			return nil, err
		}
		out[platform] = slices.ContainsFunc(all, func(b bundle) bool { return uint64(b.version) == p.Version })
	}
	return out, nil
}

func (r *Rollout) sum(tx *db.Tx, p Plan, count who, after home.Place, is, control *ring.Figures) (n int, last home.Place, err error) {
	rows, err := tx.Query(`SELECT `+healthColumns+` FROM rollout_health WHERE tenant > ? OR tenant = ? AND home > ? ORDER BY tenant, home LIMIT ?`,
		after.Tenant, after.Tenant, after.Home, figuresPage)
	if err != nil {
		return 0, after, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	last = after
	from := p.Began
	if p.Since.Before(from) { // the clock was set back
		from = p.Since
	}
	for ; rows.Next(); n++ {
		var h health
		if err := rows.Scan(&h.place.Tenant, &h.place.Home, &h.at, &h.bundles, &h.platform, &h.agent, &h.state, &h.tried, &h.crashes, &h.asked, &h.unanswered,
			&h.broken, &h.findings, &h.asks, &h.throughput); err != nil {
			return n, last, err
		}
		last = h.place
		pin, old := count.pins[h.place], time.UnixMilli(h.at).Before(from.Add(-quiet))
		if !old {
			delete(count.awaited, h.place)
		}
		if pin.Version > 0 || count.platforms != nil && h.platform != "" && !count.platforms[h.platform] {
			continue
		}
		to := control
		if pin.Place(h.place.Tenant, h.place.Home, p.ID) <= p.Ring {
			to = is
		}
		if old {
			to.Away++
			continue
		}
		h.count(to, p, pin, r.now())
	}
	return n, last, rows.Err()
}

// health is a row of rollout_health.
type health struct {
	place                                                          home.Place
	at                                                             int64
	bundles, platform, agent, state                                string
	tried                                                          uint64
	crashes, asked, unanswered, broken, findings, asks, throughput int64
}

// enough is how many DNS questions say something about answers.
const enough = 100

func (h *health) count(to *ring.Figures, p Plan, pin ring.Pin, now time.Time) {
	one := func(to *int, is bool) {
		if is {
			*to++
		}
	}
	silent := now.Sub(time.UnixMilli(h.at)).Abs() > quiet // or it told in what is the future now
	to.Homes++
	one(&to.Have, !silent && versions(h.bundles)[p.Name] == p.Version)
	one(&to.Silent, silent)
	one(&to.Crashed, silent || h.crashes > 0)
	returned := p.Name == Agent && h.state == "returned" && h.tried == p.Version
	one(&to.Returned, returned)
	one(&to.Vouched, returned && pin.Ring != ring.None)
	one(&to.Deaf, h.asked >= enough && h.unanswered*20 > h.asked)
	one(&to.Broken, h.broken > 0)
	to.Findings += int(min(h.findings, ring.Cap))
	to.Asks += int(min(h.asks, ring.Cap))
	if h.throughput > 0 {
		to.Measure(float64(h.throughput))
	}
}
