package normal

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/internal/platform/db"
)

// Facts are what is known of a model, for staff to see. Numbers of fewer than MinHomes homes are nowhere in it.
type Facts struct {
	ID      string
	Level   profile.Level
	Homes   int           // that have it; 0: too few to be told
	Voted   int           // homes that its profile rests on; 0: too few
	Version uint64        // of the profiles when this was written
	Asked   profile.Level // whose profile is used: its own, or a coarser one's where too little is known
	Ends    []Endpoint    // those of most homes first
	Rare    int           // further endpoints, each of fewer than MinHomes homes
	Hours   [24]float64   // share of contacts that begin in each hour of the day, local time
	Fresh   float64       // endpoints new to a device, a day
	Changes []Change      // of 30 days, the newest first
	Days    int           // device-days that its calibration rests on, as many as weigh fully
	Healthy int           // homes of these; 0: too few
	Floor   float64       // the smallest probability that can be told
	Silent  bool          // detectors of what is not normal are silent for it: too little to calibrate by
	Wrong   []Wrong       // what people said was no trouble
	Mud     bool          // a document of its maker counts as a prior
	At      time.Time
}

// Endpoint is one of a model's.
type Endpoint struct {
	Hash     uint64 `json:",string"`
	Name     string // "" where fewer than MinHomes homes told it
	Homes    int
	Share    float64 // of days on which its homes are active
	Standing string  // normal, pending, rare
	Since    uint32  // week in which any home told of it first, of those that are remembered
	Shared   bool    // of a domain that many share: never normal
}

// Change is an endpoint that became, or stopped being, normal or pending.
type Change struct {
	Hash     uint64 `json:",string"`
	Name     string
	From, To string // normal, pending, rare; To is "old" for what no home uses any more
	At       time.Time
}

// Wrong counts homes that said of a detector, and an endpoint where it told of one, that it was no trouble.
type Wrong struct {
	Detector string
	Endpoint uint64 `json:",string"` // 0: of all endpoints
	Homes    int    // 0: too few to be told
}

const (
	factEnds    = 200 // of a model
	factChanges = 100
	factWrong   = 50
	changesLife = 30 * day
	old         = "old"
)

// byLevel is an order of levels.
func byLevel(a, b profile.Level) int {
	return cmp.Or(strings.Compare(string(a.Class), string(b.Class)), strings.Compare(a.Vendor, b.Vendor), strings.Compare(a.Model, b.Model))
}

// idOf names a level in paths.
func idOf(l profile.Level) string {
	h := fnv.New64a()
	for _, s := range []string{string(l.Class), l.Vendor, l.Model} {
		_, _ = h.Write([]byte(s + "\x00")) // never fails
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

func shown(homes int) int {
	if homes < MinHomes {
		return 0
	}
	return homes
}

const factsAtOnce = 50 // models of one transaction

// facts stores what is known of each model, and says which endpoints became or stopped being normal.
func (n *Normal) facts(ctx context.Context, t *tally, set *profile.Set, tables map[profile.Level]*calibrate.Tables, names map[uint64]string) (moved []uint64, err error) {
	documents, err := n.documents(ctx)
	if err != nil {
		return nil, err
	}
	seen, usual := map[uint64]bool{}, map[uint64]bool{}
	for some := range slices.Chunk(slices.SortedFunc(maps.Keys(t.models), byLevel), factsAtOnce) {
		var hits []uint64
		err := n.db.Tx(ctx, func(tx *db.Tx) error {
			hits = nil
			for _, l := range some {
				f := t.facts(l, set, tables[l], names)
				f.Mud = documents[l] != nil
				t.models[l].usual(f, usual)
				before, err := readFacts(tx, f.ID)
				if err != nil {
					return err
				}
				hits = append(hits, f.compare(before)...)
				if err := storeFacts(tx, f, t.models[l]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("facts of models: %w", err)
		}
		for _, e := range hits {
			seen[e] = true
		}
	}
	if err := n.keepUsual(ctx, usual); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(seen)), n.forgetModels(ctx, t)
}

// usual adds the endpoints that are normal for a model, and the domains that are.
func (m *model) usual(f *Facts, to map[uint64]bool) {
	for _, e := range f.Ends {
		if e.Standing != profile.Normal.String() || len(to) >= maxUsual-1 {
			continue
		}
		to[e.Hash] = true
		if end := m.ends[e.Hash]; end != nil && end.chain.Flags&endpoint.Shared == 0 && end.chain.Keys[endpoint.Domain] != 0 {
			to[end.chain.Keys[endpoint.Domain]] = true
		}
	}
}

// facts are those of one level.
func (t *tally) facts(l profile.Level, set *profile.Set, tables *calibrate.Tables, names map[uint64]string) *Facts {
	m, p := t.models[l], set.For(l)
	f := &Facts{ID: idOf(l), Level: l, Version: set.Version(), Asked: p.Level(), Voted: shown(m.votes), Fresh: p.Fresh(), At: t.now}
	all := 0
	for _, n := range m.homes {
		all += n
	}
	f.Homes = shown(all)
	for h := range f.Hours {
		f.Hours[h] = p.Hour(h)
	}
	f.Rare = m.dropped
	for key, e := range m.ends {
		if e.homes < MinHomes {
			f.Rare++
			continue
		}
		s, _ := p.Known(&e.chain)
		f.Ends = append(f.Ends, Endpoint{Hash: key, Name: names[key], Homes: e.homes, Share: s.Share, Standing: s.Standing.String(), Since: e.since,
			Shared: e.chain.Flags&endpoint.Shared != 0})
	}
	slices.SortFunc(f.Ends, func(a, b Endpoint) int { return cmp.Or(cmp.Compare(b.Homes, a.Homes), cmp.Compare(a.Hash, b.Hash)) })
	f.Ends = f.Ends[:min(len(f.Ends), factEnds)]
	c := tables.P(calibrate.Combined, 0)
	f.Days, f.Healthy, f.Floor, f.Silent = c.N, shown(c.Homes), c.Floor, c.How == calibrate.Silent
	if f.Healthy == 0 {
		f.Days = 0
	}
	for w, n := range m.wrong {
		if w.Homes = shown(n); w.Homes > 0 || w.Endpoint == 0 {
			f.Wrong = append(f.Wrong, w)
		}
	}
	slices.SortFunc(f.Wrong, func(a, b Wrong) int {
		return cmp.Or(cmp.Compare(b.Homes, a.Homes), strings.Compare(a.Detector, b.Detector), cmp.Compare(a.Endpoint, b.Endpoint))
	})
	f.Wrong = f.Wrong[:min(len(f.Wrong), factWrong)]
	return f
}

// compare finds what changed since facts were written before, and gives the endpoints that became or stopped being normal.
func (f *Facts) compare(before *Facts) (moved []uint64) {
	if before == nil {
		return nil
	}
	was := map[uint64]Endpoint{}
	for _, e := range before.Ends {
		was[e.Hash] = e
	}
	add := func(c Change) {
		f.Changes = append(f.Changes, c)
		if c.From == profile.Normal.String() || c.To == profile.Normal.String() {
			moved = append(moved, c.Hash)
		}
	}
	for _, e := range f.Ends {
		from := profile.Rare.String()
		if b, ok := was[e.Hash]; ok {
			from = b.Standing
		}
		if delete(was, e.Hash); from != e.Standing {
			add(Change{e.Hash, e.Name, from, e.Standing, f.At})
		}
	}
	for _, b := range was {
		if len(f.Ends) < factEnds && b.Standing != profile.Rare.String() {
			add(Change{b.Hash, b.Name, b.Standing, old, f.At})
		}
	}
	slices.SortFunc(f.Changes, func(a, b Change) int { return cmp.Compare(a.Hash, b.Hash) })
	for _, c := range before.Changes {
		if f.At.Sub(c.At) < changesLife {
			f.Changes = append(f.Changes, c)
		}
	}
	f.Changes = f.Changes[:min(len(f.Changes), factChanges)]
	return moved
}

func readFacts(tx *db.Tx, id string) (*Facts, error) {
	var data []byte
	err := tx.Row("SELECT data FROM normal_model WHERE id = ?", id).Scan(&data)
	if db.NoRows(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f := &Facts{}
	return f, json.Unmarshal(data, f)
}

func storeFacts(tx *db.Tx, f *Facts, m *model) error {
	data, err := json.Marshal(f)
	if err != nil {
		return err
	}
	all := 0
	for _, n := range m.homes {
		all += n
	}
	if _, err := tx.Exec("INSERT INTO normal_model (id, class, vendor, model, homes, shown, data, words) VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET homes = excluded.homes,"+
		" shown = excluded.shown, data = excluded.data, words = excluded.words", f.ID, string(f.Level.Class), f.Level.Vendor, f.Level.Model, all, shown(all), data,
		strings.ToLower(f.Level.Vendor+" "+f.Level.Model+" "+string(f.Level.Class))); err != nil {
		return err
	}
	if _, err := tx.Exec("DELETE FROM normal_share WHERE model = ?", f.ID); err != nil {
		return err
	}
	for _, tenant := range slices.Sorted(maps.Keys(m.homes)) {
		if _, err := tx.Exec("INSERT INTO normal_share (tenant, model, homes) VALUES (?,?,?)", tenant, f.ID, m.homes[tenant]); err != nil {
			return err
		}
	}
	return nil
}

// forgetModels drops models that no home has any more.
func (n *Normal) forgetModels(ctx context.Context, t *tally) error {
	have, err := n.counted(ctx)
	if err != nil {
		return err
	}
	var gone []profile.Level
	for l := range have {
		if t.models[l] == nil {
			gone = append(gone, l)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		for _, l := range gone {
			for _, q := range []string{"DELETE FROM normal_share WHERE model = ?", "DELETE FROM normal_model WHERE id = ?"} {
				if _, err := tx.Exec(q, idOf(l)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
