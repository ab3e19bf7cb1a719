package intel

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"cardea/home"
	"cardea/intel"
	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
)

// Bounds of a search in homes' pasts.
const (
	MaxHuntFor = 64
	MaxHunts   = 4 // of a tenant at a time
	HuntBack   = 30 * day
	HuntLife   = 7 * day // homes that are offline are asked when they come back, so long
)

// HuntFor is one indicator to be looked for.
type HuntFor struct {
	Kind   string `json:"kind"` // domain, ip, cidr
	Value  string `json:"value"`
	Family string `json:"family"` // of malware: nothing else is looked for
}

// Hunt is a search. Two persons begin one.
type Hunt struct {
	ID     string    `json:"id"`
	Of     []HuntFor `json:"of"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
	Why    string    `json:"why"`
	Asker  string    `json:"asker"`
	Second string    `json:"second"`
	Begun  time.Time `json:"begun"`
	Ends   time.Time `json:"ends"`
}

// Hunted is a search with what came of it.
type Hunted struct {
	Hunt
	Answered Count    `json:"answered"`
	Homes    Count    `json:"homes"`   // that met any of it
	Devices  int      `json:"devices"` // 0 where homes are few
	Cases    int      `json:"cases"`
	By       []HuntBy `json:"by"`
}

// HuntBy is what came of one of its indicators.
type HuntBy struct {
	HuntFor
	Homes   Count `json:"homes"`
	Devices int   `json:"devices"`
}

// CheckHunt says whether a search may be: of malware, of what no healthy device uses, and no further back than homes remember. It
// fills in what was left out.
func (n *Intel) CheckHunt(ctx context.Context, h *Hunt) error {
	now := n.o.Now().UTC()
	if h.Until.IsZero() || h.Until.After(now) {
		h.Until = now
	}
	if h.Since.IsZero() {
		h.Since = now.Add(-HuntBack)
	}
	if h.Since.Before(now.Add(-HuntBack-time.Hour)) || !h.Until.After(h.Since) {
		return fmt.Errorf("%w: it can be looked back 30 days", ErrWrong)
	}
	if len(h.Of) == 0 || len(h.Of) > MaxHuntFor {
		return fmt.Errorf("%w: 1 to %d indicators can be looked for at once", ErrWrong, MaxHuntFor)
	}
	if !oneLine(h.Why, 5, 500) {
		return fmt.Errorf("%w: say why in one line", ErrWrong)
	}
	g, err := n.guard(ctx)
	if err != nil {
		return err
	}
	for i := range h.Of {
		if err := h.Of[i].check(g); err != nil {
			return err
		}
	}
	return nil
}

// check makes one of its canonical form, and refuses what people use: to search for that is to watch people.
func (f *HuntFor) check(g *guard) error {
	if !oneLine(f.Family, 2, 60) {
		return fmt.Errorf("%w: %.80q: say of which malware it is: nothing else is looked for", ErrWrong, f.Value)
	}
	e, err := parseHuntFor(f.Kind, f.Value)
	if err != nil {
		return err
	}
	if why, _ := g.refuse(e, home.ClassMalware); why != "" {
		return fmt.Errorf("%w: %s: %s", ErrWrong, valueOf(e), why)
	}
	f.Value = valueOf(e)
	return nil
}

func parseHuntFor(kind, value string) (e intel.Entry, err error) {
	e, err = entryOf(value)
	e.Allow = false
	is := "domain"
	if e.Name == "" && err == nil {
		if is = "cidr"; e.Prefix.IsSingleIP() {
			is = "ip"
		}
	}
	if err == nil && kind != is {
		err = fmt.Errorf("%w: %.80q is no %s", ErrWrong, value, kind)
	}
	return e, err
}

// StartHunt has a tenant's homes look. It is what two persons agreed on; whoever calls it has seen to that. note writes it down in the
// same transaction.
func (n *Intel) StartHunt(ctx context.Context, tenant string, h Hunt, note func(*db.Tx) error) (Hunt, error) {
	if err := n.CheckHunt(ctx, &h); err != nil {
		return h, err
	}
	if h.Asker == "" || h.Second == "" || h.Asker == h.Second {
		return h, fmt.Errorf("%w: two persons begin a search", ErrWrong)
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return h, err
	}
	h.ID, h.Begun = id.String(), n.o.Now().UTC().Truncate(time.Millisecond)
	h.Ends = h.Begun.Add(HuntLife)
	what, err := json.Marshal(h.Of)
	if err != nil {
		return h, err
	}
	err = n.db.Tx(ctx, func(tx *db.Tx) error {
		var open int64
		if err := tx.Row("SELECT COUNT(*) FROM intel_hunt WHERE tenant = ? AND ends > ?", tenant, h.Begun.UnixMilli()).Scan(&open); err != nil {
			return err
		}
		if open >= MaxHunts {
			return fmt.Errorf("%w: %d searches go on already", ErrWrong, open)
		}
		if _, err := tx.Exec("INSERT INTO intel_hunt (tenant, id, what, since, until, why, asker, second, begun, ends) VALUES (?,?,?,?,?,?,?,?,?,?)",
			tenant, h.ID, what, milli(h.Since), milli(h.Until), h.Why, h.Asker, h.Second, milli(h.Begun), milli(h.Ends)); err != nil {
			return err
		}
		return noted(tx, note)
	})
	return h, err
}

// EndHunt asks no further homes.
func (n *Intel) EndHunt(ctx context.Context, tenant, id string, note func(*db.Tx) error) error {
	now := n.o.Now().UnixMilli()
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		some, err := tx.Exec("UPDATE intel_hunt SET ends = ? WHERE tenant = ? AND id = ? AND ends > ?", now, tenant, id, now)
		if err != nil {
			return err
		}
		if some == 0 {
			return fmt.Errorf("search %q: %w", id, ErrUnknown)
		}
		return noted(tx, note)
	})
}

// HuntsFor are the searches that a home has not answered yet, the oldest first, as its gateway is told of them.
func (n *Intel) HuntsFor(ctx context.Context, p home.Place) (out []*pb.Hunt, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query(`SELECT id, what, since, until FROM intel_hunt h WHERE tenant = ? AND ends > ? AND NOT EXISTS
			(SELECT 1 FROM intel_hunted d WHERE d.tenant = h.tenant AND d.home = ? AND d.hunt = h.id) ORDER BY begun, id LIMIT ?`,
			p.Tenant, n.o.Now().UnixMilli(), p.Home, MaxHunts)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			h := &pb.Hunt{}
			var what []byte
			var of []HuntFor
			if err := rows.Scan(&h.Id, &what, &h.From, &h.Until); err != nil {
				return err
			}
			if err := json.Unmarshal(what, &of); err != nil {
				return err
			}
			for _, f := range of {
				h.Of = append(h.Of, &pb.HuntFor{Kind: f.Kind, Value: f.Value, Family: f.Family})
			}
			out = append(out, h)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("searches of a home: %w", err)
	}
	return out, nil
}

// Hunts lists a tenant's searches with what came of them, the newest first.
func (n *Intel) Hunts(ctx context.Context, tenant string) (out []Hunted, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		if out, err = readHunts(tx, tenant); err != nil {
			return err
		}
		for i := range out {
			if err := results(tx, tenant, &out[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("searches: %w", err)
	}
	return out, nil
}

func readHunts(tx *db.Tx, tenant string) (out []Hunted, err error) {
	rows, err := tx.Query("SELECT id, what, since, until, why, asker, second, begun, ends FROM intel_hunt WHERE tenant = ? ORDER BY begun DESC, id LIMIT 50", tenant)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var h Hunted
		var what []byte
		var since, until, begun, ends int64
		if err := rows.Scan(&h.ID, &what, &since, &until, &h.Why, &h.Asker, &h.Second, &begun, &ends); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(what, &h.Of); err != nil {
			return nil, err
		}
		h.Since, h.Until, h.Begun, h.Ends = fromMilli(since), fromMilli(until), fromMilli(begun), fromMilli(ends)
		out = append(out, h)
	}
	return out, rows.Err()
}

// results counts what homes answered.
func results(tx *db.Tx, tenant string, h *Hunted) error {
	var answered int64
	if err := tx.Row("SELECT COUNT(*) FROM intel_hunted WHERE tenant = ? AND hunt = ?", tenant, h.ID).Scan(&answered); err != nil {
		return err
	}
	h.Answered = countOf(int(answered))
	rows, err := tx.Query("SELECT devices, cases, data FROM intel_hunted WHERE tenant = ? AND hunt = ? AND devices > 0", tenant, h.ID)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var all []huntedHome
	of := make([]told, len(h.Of))
	for rows.Next() {
		var one huntedHome
		var data []byte
		var m pb.HuntResult
		if err := rows.Scan(&one.devices, &one.cases, &data); err != nil {
			return err
		}
		if err := proto.Unmarshal(data, &m); err != nil {
			return err
		}
		met := map[uint32]map[string]bool{}
		for _, x := range m.GetHits() {
			if int(x.GetOf()) >= len(of) {
				continue
			}
			if met[x.GetOf()] == nil {
				met[x.GetOf()] = map[string]bool{}
			}
			met[x.GetOf()][x.GetDevice()] = true
		}
		for k, list := range met {
			of[k].homes, of[k].devices = of[k].homes+1, of[k].devices+len(list)
			one.met = append(one.met, int(k))
		}
		all = append(all, one)
	}
	h.sum(all, of)
	return rows.Err()
}

// huntedHome is a home that met any of what was looked for.
type huntedHome struct {
	met            []int
	devices, cases int
}

// sum tells how many homes there are, in all and of each indicator. Homes that met only what few homes met would be known by the
// difference of the two: where they are few, the sum is without them.
func (h *Hunted) sum(all []huntedHome, of []told) {
	counted := slices.DeleteFunc(slices.Clone(all), func(x huntedHome) bool {
		return !slices.ContainsFunc(x.met, func(k int) bool { return of[k].homes >= MinHomes })
	})
	if n := len(all) - len(counted); len(counted) == 0 || n >= MinHomes {
		counted = all
	}
	if h.Homes = countOf(len(counted)); h.Homes.N > 0 {
		for _, x := range counted {
			h.Devices, h.Cases = h.Devices+x.devices, h.Cases+x.cases
		}
	}
	for k, f := range h.Of {
		by := HuntBy{HuntFor: f, Homes: countOf(of[k].homes)}
		if by.Homes.N > 0 {
			by.Devices = of[k].devices
		}
		h.By = append(h.By, by)
	}
}

func mapsKeys[K comparable, V any](m map[K]V) iter.Seq[K] { return maps.Keys(m) }
