package intel

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"cardea/behavior/endpoint"
	"cardea/home"
	"cardea/intel"

	"golang.org/x/net/publicsuffix"
)

// Bounds of a dry run.
const (
	DryDays    = 7
	maxDry     = 100_000 // entries that are looked for
	dryBatch   = 8_000   // at once
	maxDryHome = 5_000   // homes whose days are looked at one by one
	dryHomes   = 500     // of them at once
	maxUses    = 50      // that are told
)

// ends are the ports by which homes' devices reach what lists name. What is reached by another port only is not found.
var ends = []struct {
	port  uint16
	proto string
}{{443, "tcp"}, {443, "udp"}, {80, "tcp"}, {8080, "tcp"}, {8443, "tcp"}, {8883, "tcp"}, {1883, "tcp"}, {53, "udp"}, {123, "udp"}, {853, "tcp"}}

// Dry is what a list would have done.
type Dry struct {
	Entries int            `json:"entries"`
	Looked  int            `json:"looked"` // entries that were looked for; of the others some are left out, some blocks, and the rest too many
	Blocks  int            `json:"blocks"` // of addresses, that cannot be looked for: homes tell of single endpoints
	Refused map[string]int `json:"refused"`
	Names   []string       `json:"names"` // some that the guard refuses, and why
	Uses    []Use          `json:"uses"`  // which of them healthy devices use
	Homes   Count          `json:"homes"` // in all of the days
	Devices int            `json:"devices"`
	Days    []DryDay       `json:"days"`  // the oldest first
	Cut     bool           `json:"cut"`   // days are reckoned from some of the homes: there were too many
	Alike   bool           `json:"alike"` // some numbers are those of an earlier list that touched nearly the same homes
	Report  Report         `json:"report"`
}

// Count is a number of homes.
type Count struct {
	N   int  `json:"n"`   // 0: none, or fewer than MinHomes
	Few bool `json:"few"` // fewer than MinHomes, and some
}

func countOf(n int) Count { return Count{shown(n), n > 0 && n < MinHomes} }

// DryDay is a day of it.
type DryDay struct {
	Day     time.Time `json:"day"`
	Homes   Count     `json:"homes"`
	Devices int       `json:"devices"` // 0 where homes are few
}

// Use is an entry that healthy devices use.
type Use struct {
	Value string  `json:"value"`
	Model string  `json:"model"`
	Share float64 `json:"share"` // of the days on which its homes are active
	Homes int     `json:"homes"`
}

// DryRun says what a list, of a class, would have done in a tenant's homes in the past days; tenant "": in all. name is the file's.
func (n *Intel) DryRun(ctx context.Context, tenant, name string, list io.Reader, class home.Class) (d Dry, err error) {
	s := Source{Class: class, Life: DefaultLife}
	var g gathered
	if err := g.document(name, list, &s); err != nil {
		return d, fmt.Errorf("%w: %w", ErrWrong, err)
	}
	return n.dryOnce(ctx, tenant, g, class)
}

// DryRunFolder is DryRun of all lists below a folder, each of the class that its path says unless one is given.
func (n *Intel) DryRunFolder(ctx context.Context, tenant string, lists fs.FS, class home.Class) (d Dry, err error) {
	s := Source{Class: class, Life: DefaultLife}
	var g gathered
	if err := g.folder(ctx, lists, "", &s); err != nil {
		return d, fmt.Errorf("%w: %w", ErrWrong, err)
	}
	if g.report.Files == 0 {
		return d, fmt.Errorf("%w: there is no list in the folder", ErrWrong)
	}
	return n.dryOnce(ctx, tenant, g, class)
}

// dryOnce is dry of each entry once.
func (n *Intel) dryOnce(ctx context.Context, tenant string, g gathered, class home.Class) (Dry, error) {
	seen := make(map[item]bool, len(g.items))
	g.items = slices.DeleteFunc(g.items, func(i item) bool {
		known := seen[i]
		seen[i] = true
		return known
	})
	g.report.Entries = len(g.items)
	return n.dry(ctx, tenant, g, cmp.Or(class, home.ClassMalware))
}

// DryRunOf is DryRun of what a source holds back, or else of what it says.
func (n *Intel) DryRunOf(ctx context.Context, tenant, source string) (d Dry, err error) {
	s, err := n.Source(ctx, source)
	if err != nil {
		return d, err
	}
	part := "good"
	if s.heldSum != "" {
		part = "held"
	} else if s.sum == "" {
		return d, fmt.Errorf("source %q has nothing yet: %w", source, ErrUnknown)
	}
	data, err := n.content(ctx, source, part)
	if err != nil {
		return d, err
	}
	g := gathered{report: s.Report}
	if err := each(data, func(i item) error { g.items = append(g.items, i); return ctx.Err() }); err != nil {
		return d, err
	}
	return n.dry(ctx, tenant, g, cmp.Or(s.Class, home.ClassMalware))
}

func (n *Intel) dry(ctx context.Context, tenant string, g gathered, class home.Class) (d Dry, err error) {
	if class == home.ClassAdult || slices.ContainsFunc(g.items, func(i item) bool { return i.class == home.ClassAdult }) {
		return d, fmt.Errorf("%w: a list of class adult is not tried: nobody looks up who reads what", ErrWrong)
	}
	d = Dry{Entries: len(g.items), Refused: map[string]int{}, Names: []string{}, Uses: []Use{}, Days: []DryDay{}, Report: g.report}
	b, err := n.builder(ctx, n.o.Now())
	if err != nil {
		return d, err
	}
	var left []intel.Entry
	for k := range g.items {
		i := &g.items[k]
		why, name := b.judge(i.entry, cmp.Or(i.class, class))
		switch {
		case why == "" && i.entry.Name == "" && !i.entry.Prefix.IsSingleIP():
			d.Blocks++
			continue
		case why == "":
			left = append(left, i.entry)
			continue
		case why == reasonFrees || why == ReasonExcepted: // names are of what is left out even so
			d.Refused[string(why)]++
			continue
		}
		if d.Refused[string(why)]++; len(d.Names) < maxUses {
			d.Names = append(d.Names, valueOf(i.entry)+": "+string(why))
		}
		if u := b.guard.known[name]; u.Homes >= MinHomes && len(d.Uses) < maxUses {
			d.Uses = append(d.Uses, Use{valueOf(i.entry), u.Model, u.Share, u.Homes})
		}
	}
	if n.o.Hunt == nil {
		return d, nil
	}
	d.Looked = min(len(left), maxDry)
	return d, n.touched(ctx, tenant, left[:d.Looked], &d)
}

// reasonFrees is why an exception within a list is not looked for.
const reasonFrees intel.Reason = "an exception within the list: it blocks nothing"

// judge says why an entry would block nothing, "" where it would, and because of which name.
func (b *builder) judge(e intel.Entry, class home.Class) (why intel.Reason, name string) {
	switch {
	case e.Allow:
		return reasonFrees, ""
	case b.allowed.holds(e):
		return ReasonExcepted, ""
	}
	return b.guard.refuse(e, class)
}

// touched counts the homes and devices that dealt with any of the entries.
func (n *Intel) touched(ctx context.Context, tenant string, list []intel.Entry, d *Dry) error {
	first := n.o.Now().UTC().Truncate(day).Add(-(DryDays - 1) * day)
	m := newMeeting()
	for some := range slices.Chunk(list, dryBatch) {
		hashes := make([]uint64, 0, len(some)*(len(ends)+1))
		for _, e := range some {
			hashes = append(hashes, hashesOf(e)...)
		}
		err := n.o.Hunt(ctx, hashes, first, func(p home.Place, device string, end uint64) error {
			if tenant == "" || p.Tenant == tenant {
				m.add(p.OfHome(), device, end)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	var all sketch
	for p := range m.homes {
		all.add(p)
	}
	if err := n.tell(ctx, tenant, time.Time{}, &all, told{len(m.homes), m.devices}, d, &d.Homes, &d.Devices); err != nil {
		return err
	}
	return n.days(ctx, tenant, m, first, d)
}

// tell fills in a number of homes and of their devices, as it may be told.
func (n *Intel) tell(ctx context.Context, tenant string, of time.Time, s *sketch, now told, d *Dry, homes *Count, devices *int) error {
	was, before, err := n.alike(ctx, tenant, of, s, now)
	if err != nil {
		return err
	}
	d.Alike = d.Alike || before && was != now
	if *homes = countOf(was.homes); homes.N > 0 {
		*devices = was.devices
	}
	return nil
}

// dryDay is what is counted of a day.
type dryDay struct {
	touched sketch
	now     told
}

// days counts by day, of what homes told of each hour. Of very many homes some are looked at, and the others reckoned from them.
func (n *Intel) days(ctx context.Context, tenant string, m *meeting, first time.Time, d *Dry) error {
	places := m.sample()
	of := len(m.homes)
	d.Cut = len(places) < of
	var sums [DryDays]dryDay
	for some := range slices.Chunk(places, dryHomes) {
		if err := n.count(ctx, some, m, first, &sums); err != nil {
			return err
		}
	}
	for k := range sums {
		s := &sums[k]
		if d.Cut {
			s.now.homes, s.now.devices = s.now.homes*of/len(places), s.now.devices*of/len(places)
		}
		x := DryDay{Day: first.Add(time.Duration(k) * day)}
		if err := n.tell(ctx, tenant, x.Day, &s.touched, s.now, d, &x.Homes, &x.Devices); err != nil {
			return err
		}
		d.Days = append(d.Days, x)
	}
	return nil
}

// count adds what some homes met on each day.
func (n *Intel) count(ctx context.Context, some []home.Place, m *meeting, first time.Time, sums *[DryDays]dryDay) error {
	type onDay struct {
		place home.Place
		day   int
	}
	devices := map[onDay]map[string]bool{}
	err := n.used(ctx, some, first, func(p home.Place, at time.Time, device string, end uint64) error {
		k := onDay{p.OfHome(), int(at.Sub(first) / day)}
		if k.day < 0 || k.day >= DryDays || !m.met(k.place, end) {
			return nil
		}
		if devices[k] == nil {
			devices[k] = map[string]bool{}
		}
		devices[k][device] = true
		return nil
	})
	if err != nil {
		return err
	}
	for k, list := range devices {
		s := &sums[k.day]
		s.touched.add(k.place)
		s.now.homes, s.now.devices = s.now.homes+1, s.now.devices+len(list)
	}
	return nil
}

// used gives what devices of some homes used on the days from one on.
func (n *Intel) used(ctx context.Context, homes []home.Place, first time.Time, do func(p home.Place, day time.Time, device string, endpoint uint64) error) error {
	if n.o.Days != nil {
		return n.o.Days(ctx, homes, first, first.Add((DryDays-1)*day), do)
	}
	for _, p := range homes {
		for k := 0; k < DryDays && n.o.Day != nil; k++ {
			at := first.Add(time.Duration(k) * day)
			of, err := n.o.Day(ctx, p, at)
			if err != nil {
				return err
			}
			for device, list := range of {
				for _, e := range list {
					if err := do(p, at, device, e); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// hashesOf are the endpoints that an entry means, as homes tell of them. Of a block of addresses nothing is known: an address that few
// homes use leaves none.
func hashesOf(e intel.Entry) (out []uint64) {
	if e.Name == "" && !e.Prefix.IsSingleIP() {
		return nil
	}
	for _, to := range ends {
		if e.Port != 0 {
			to.port = e.Port
		}
		x := home.Endpoint{Name: e.Name, Port: to.port, Proto: to.proto}
		if e.Name == "" {
			x.IP = e.Prefix.Addr()
		} else {
			x.Domain = registrable(e.Name)
		}
		c := endpoint.Of(&x, false, false)
		out = append(out, c.Keys[endpoint.Host])
		if e.Name != "" && !e.Exact && e.Name == x.Domain && c.Keys[endpoint.Domain] != 0 { // all below it, known by the week
			out = append(out, c.Keys[endpoint.Domain])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func registrable(name string) string {
	d, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return ""
	}
	return d
}
