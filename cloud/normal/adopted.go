package normal

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"cardea/behavior/breaker"
	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/home"
	"cardea/internal/platform/db"

	"cardea/cloud/normal/record"
	"cardea/wire"
)

// Adopted is the reason of an incident of the fleet that no finding is behind: many homes of a model began to use something new within
// a week, as after an update. It pauses nothing, since nobody was told anything.
const Adopted home.Detector = "adopted"

const (
	adoptShare  = 0.2  // of the model's homes
	adoptBefore = 0.1  // of as many, that used it before, makes it nothing new
	adoptIll    = 0.2  // of them, in which something was found, says that it may be no update
	maxAdopted  = 1000 // endpoints of a model; those of the fewest homes give way
)

// adoption is what homes of a model began to use in the present week.
type adoption struct {
	active int    // homes with a device that is not new, this week
	last   uint64 // home that was counted last
	ends   map[uint64]*adopted
}

type adopted struct {
	chain    endpoint.Chain
	homes    map[uint64]adopter // by their number; counted in no more than are sampled
	networks map[uint64]bool
}

type adopter struct {
	tenant string
	ill    bool
}

// adopt counts what a device began to use this week. What a new device uses is all new.
func (t *tally) adopt(h *aHome, id uint64, l profile.Level, w *record.Week, ill bool) {
	if w.First {
		return
	}
	a := t.adoptions[l]
	if a == nil {
		a = &adoption{ends: map[uint64]*adopted{}}
		t.adoptions[l] = a
	}
	if a.active == 0 || a.last != id {
		a.active, a.last = a.active+1, id
	}
	for i := range w.Ends {
		e := &w.Ends[i]
		key := e.Chain.Keys[endpoint.Host]
		if e.Since != w.Number || e.Chain.Flags&(endpoint.Wide|endpoint.LAN|endpoint.Inbound) != 0 {
			continue
		}
		x := a.ends[key]
		if x == nil {
			if len(a.ends) >= maxAdopted {
				a.thin()
			}
			x = &adopted{chain: e.Chain, homes: map[uint64]adopter{}, networks: map[uint64]bool{}}
			a.ends[key] = x
		}
		x.homes[id] = adopter{h.place.Tenant, x.homes[id].ill || ill}
		if h.network != 0 && len(x.networks) < 64 {
			x.networks[h.network] = true
		}
	}
}

// mergeAdoptions adds what another counted of other homes.
func (t *tally) mergeAdoptions(o *tally) {
	for l, b := range o.adoptions {
		a := t.adoptions[l]
		if a == nil {
			t.adoptions[l] = b
			continue
		}
		a.active += b.active
		for k, y := range b.ends {
			if x := a.ends[k]; x != nil {
				maps.Copy(x.homes, y.homes)
				maps.Copy(x.networks, y.networks)
			} else {
				a.ends[k] = y
			}
		}
	}
}

// many are the endpoints that so many homes of a model adopted that it is one event, those of most homes first.
func (a *adoption) many(before map[uint64]*end) (out []*adopted) {
	for k, x := range a.ends {
		n := float64(len(x.homes))
		if len(x.homes) < MinHomes || n < adoptShare*float64(a.active) || len(x.networks) < breaker.MinNetworks {
			continue
		}
		if e := before[k]; e != nil && float64(e.homes) > adoptBefore*n {
			continue
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(x, y *adopted) int {
		return cmp.Or(cmp.Compare(len(y.homes), len(x.homes)), cmp.Compare(x.chain.Keys[endpoint.Host], y.chain.Keys[endpoint.Host]))
	})
	return out
}

// adopted tells the operator what homes of a model began to do this week: one incident a model, whatever number of endpoints it is.
func (n *Normal) adopted(ctx context.Context, t *tally) error {
	var known map[uint64]bool // made when it is first needed
	for _, l := range slices.SortedFunc(maps.Keys(t.adoptions), byLevel) {
		a := t.adoptions[l]
		var before map[uint64]*end
		if m := t.models[l]; m != nil {
			before, a.active = m.ends, max(a.active, m.votes) // not every home told of something this week yet
		}
		list := a.many(before)
		if len(list) == 0 {
			continue
		}
		if known == nil {
			known = t.domains()
		}
		if err := n.db.Tx(ctx, func(tx *db.Tx) error { return n.tellAdopted(tx, l, a, list, known, t.now) }); err != nil {
			return fmt.Errorf("what a model began to do: %w", err)
		}
	}
	return nil
}

// domains are those that homes used before this week, of whatever model.
func (t *tally) domains() map[uint64]bool {
	out, now := map[uint64]bool{}, wire.Week(t.now)
	for _, m := range t.models {
		for _, e := range m.ends {
			if d := e.chain.Keys[endpoint.Domain]; d != 0 && e.since < now {
				out[d] = true
			}
		}
	}
	return out
}

// kindOf says what it looks like: an update, unless something was found in many of the homes, or it goes where no maker would, or to a
// domain that is not known to be the vendor's and that no home used before: an outbreak that only calls home looks like that.
func (n *Normal) kindOf(l profile.Level, list []*adopted, known map[uint64]bool) (kind breaker.Kind, why string) {
	own := n.o.Facts != nil
	var facts []uint64
	if own {
		facts = n.o.Facts(l)
	}
	for _, x := range list {
		ill := 0
		for _, h := range x.homes {
			if h.ill {
				ill++
			}
		}
		if float64(ill) > adoptIll*float64(len(x.homes)) {
			return breaker.Unknown, "something was found in some of them: not known whether an update or an outbreak."
		}
		if x.chain.Flags&endpoint.Named == 0 || x.chain.Flags&endpoint.Usual == 0 {
			return breaker.Unknown, "a bare address or an unusual port: not known whether an update or an outbreak."
		}
		domain := x.chain.Keys[endpoint.Domain]
		theirs := slices.Contains(facts, domain)
		if !theirs && x.chain.Flags&endpoint.Shared == 0 && domain != 0 && !known[domain] {
			return breaker.Unknown, "a domain that no home used before, and that is not known to be the vendor's: not known whether an update or an outbreak."
		}
		own = own && theirs
	}
	if own {
		return breaker.Update, "it is the vendor's own, and nothing was found: an update."
	}
	return breaker.Update, "nothing was found: an update, as it seems."
}

func (n *Normal) tellAdopted(tx *db.Tx, l profile.Level, a *adoption, list []*adopted, known map[uint64]bool, now time.Time) error {
	top, what := list[0], "one new endpoint"
	if len(list) > 1 {
		what = fmt.Sprintf("%d new endpoints", len(list))
	}
	kind, why := n.kindOf(l, list, known)
	why = fmt.Sprintf("%d of %d homes with %s began to use %s this week, on %d access networks; %s", len(top.homes), a.active, l, what, len(top.networks), why)
	key, name := int64(top.chain.Keys[endpoint.Host]), ""
	if err := tx.Row("SELECT name FROM normal_name WHERE endpoint = ?", key).Scan(&name); err != nil && !db.NoRows(err) {
		return err
	}
	id, err := adoptedID(tx, l, list, now)
	if err != nil {
		return err
	}
	if id == "" {
		id = fmt.Sprintf("%016x", mix(hashOf(l.String()+"\x00"+string(Adopted))^uint64(key)^uint64(now.UnixMilli())))
		_, err = tx.Exec("INSERT INTO normal_incident (id, kind, class, vendor, model, reason, endpoint, name, homes, why, since, seen, quiet, until, state)"+
			" VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,'open')", id, kind.String(), string(l.Class), l.Vendor, l.Model, string(Adopted), key, name, len(top.homes), why,
			now.UnixMilli(), now.UnixMilli(), 0, now.UnixMilli())
	} else {
		_, err = tx.Exec("UPDATE normal_incident SET kind = ?, endpoint = ?, homes = ?, why = ?, name = ?, seen = ? WHERE id = ? AND reason = ?",
			kind.String(), key, len(top.homes), why, name, now.UnixMilli(), id, string(Adopted))
	}
	if err != nil {
		return err
	}
	tenants := map[string]int{}
	for _, h := range top.homes {
		tenants[h.tenant]++
	}
	for _, tenant := range slices.Sorted(maps.Keys(tenants)) {
		if _, err := tx.Exec("INSERT INTO normal_hit (tenant, incident, homes) VALUES (?,?,?) ON CONFLICT (tenant, incident) DO UPDATE SET homes = excluded.homes",
			tenant, id, tenants[tenant]); err != nil {
			return err
		}
	}
	return nil
}

// adoptedID is the model's incident of this week, or one that findings made of any of the endpoints; "": there is none.
func adoptedID(tx *db.Tx, l profile.Level, list []*adopted, now time.Time) (id string, err error) {
	level := []any{string(l.Class), l.Vendor, l.Model}
	err = tx.Row("SELECT id FROM normal_incident WHERE class = ? AND vendor = ? AND model = ? AND reason = ? AND since >= ? ORDER BY since DESC LIMIT 1",
		append(level, string(Adopted), now.Add(-week).UnixMilli())...).Scan(&id)
	for i := 0; db.NoRows(err) && i < len(list); i++ {
		err = tx.Row("SELECT id FROM normal_incident WHERE class = ? AND vendor = ? AND model = ? AND endpoint = ? AND since >= ? ORDER BY since DESC LIMIT 1",
			append(level, int64(list[i].chain.Keys[endpoint.Host]), now.Add(-breaker.Again).UnixMilli())...).Scan(&id)
	}
	if db.NoRows(err) {
		return "", nil
	}
	return id, err
}
