package units

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"cardea/gateway/observe"
	"cardea/home"
	"cardea/identity"
	"cardea/identity/facts"
)

// day is a day's length in seconds.
const day = 86400

// watcher gathers who the devices of a unit are and when they were active.
type watcher struct {
	book *identity.Book
	days map[home.DeviceID]map[int64]bool
	n    map[home.DeviceID]uint64
}

// Observe takes one observation.
func (w *watcher) Observe(o *home.Observation) {
	w.book.Observe(o)
	if o.Kind != home.EventFlow || o.Flow.State != home.FlowNew || o.Device == nil || o.Direction == home.Inbound {
		return
	}
	id := o.Device.ID
	if w.days[id] == nil {
		w.days[id] = map[int64]bool{}
	}
	w.days[id][o.Time.Unix()/day] = true
	w.n[id]++
}

// Contact is of no use here.
func (w *watcher) Contact(*home.Contact) {}

// assemble makes a unit of sources, which are in the order of time.
func assemble(ctx context.Context, sources []*source, o Options) (*Unit, error) {
	u := &Unit{sources: sources, home: slices.Clone(o.Home)}
	senders := map[home.MAC]bool{}
	folders := map[home.MAC]map[string]bool{}
	var first, last tick
	for _, s := range sources {
		u.Files = append(u.Files, s.path)
		u.Packets += s.packets
		u.Left.Add(s.left)
		for _, p := range s.home {
			if !slices.Contains(u.home, p) {
				u.home = append(u.home, p)
			}
		}
		first.earliest(s.first)
		last.latest(s.last)
		for m := range s.about() {
			senders[m] = true
			if folders[m] == nil {
				folders[m] = map[string]bool{}
			}
			folders[m][filepath.Base(filepath.Dir(s.key))] = true
		}
	}
	u.First, u.Last = first.Time, last.Time
	u.Name = short(sources[0].key)
	w := &watcher{book: identity.NewBook(identity.Config{Facts: facts.Default(), Domain: registrable}), days: map[home.DeviceID]map[int64]bool{}, n: map[home.DeviceID]uint64{}}
	w.book.Set(o.Model)
	observer := observe.New(u.observing(), w)
	if err := u.Events(ctx, observer); err != nil {
		return nil, err
	}
	observer.Close()
	for _, d := range observer.Devices() {
		switch {
		case d.Gateway && u.routes(d.MACs):
			u.Gateway = append(u.Gateway, d)
			continue
		case !slices.ContainsFunc(d.MACs, func(m home.MAC) bool { return senders[m] }):
			continue
		}
		d.Identity = w.book.Identity(d.ID)
		out := Device{Device: d, Days: slices.Sorted(maps.Keys(w.days[d.ID])), Flows: w.n[d.ID]}
		in := map[string]bool{}
		for _, m := range d.MACs {
			maps.Copy(in, folders[m])
		}
		if len(in) == 1 {
			for f := range in {
				out.Folder = f
			}
		}
		u.Devices = append(u.Devices, out)
	}
	slices.SortStableFunc(u.Devices, func(a, b Device) int {
		return cmp.Or(cmp.Compare(b.Flows, a.Flows), cmp.Compare(a.ID, b.ID))
	})
	u.routers()
	if o.ByFolder {
		u.byFolder()
	}
	return u, nil
}

// routes says whether one of the stations is a router of the captures, and not just a device that others were led to take for it.
func (u *Unit) routes(macs []home.MAC) bool {
	for _, s := range u.sources {
		for _, m := range macs {
			if _, ok := s.gateways[m]; ok {
				return true
			}
		}
	}
	return false
}

// routers completes the routers by those that the observer took for no device, as they spoke for others only, and all by the
// addresses that they used.
func (u *Unit) routers() {
	addrs := map[home.MAC][]netip.Addr{}
	for _, s := range u.sources {
		for m, list := range s.gateways {
			addrs[m] = append(addrs[m], list...)
		}
	}
	for _, m := range slices.SortedFunc(maps.Keys(addrs), func(a, b home.MAC) int { return slices.Compare(a[:], b[:]) }) {
		i := slices.IndexFunc(u.Gateway, func(d home.Device) bool { return slices.Contains(d.MACs, m) })
		if i < 0 {
			i = len(u.Gateway)
			u.Gateway = append(u.Gateway, home.Device{ID: home.DeviceIDOf(m.String()), MAC: m, MACs: []home.MAC{m}, Gateway: true, First: u.First, Last: u.Last})
		}
		for _, a := range addrs[m] {
			if g := &u.Gateway[i]; !slices.Contains(g.Addresses, a) {
				g.Addresses = append(g.Addresses, a)
			}
		}
	}
}

// byFolder calls devices without a model by their folder: those that the folder says it is about, else the one that does most.
func (u *Unit) byFolder() {
	about := map[home.MAC]bool{}
	for _, s := range u.sources {
		for _, m := range s.macs {
			about[m] = true
		}
	}
	for i := range u.Devices {
		d := &u.Devices[i]
		named := slices.ContainsFunc(d.MACs, func(m home.MAC) bool { return about[m] }) || len(about) == 0 && i == 0
		if !named || d.Model != "" || d.Folder == "" {
			continue
		}
		_, vendor, class := facts.Default().Label(d.Folder)
		d.Model, d.By = d.Folder, "folder"
		d.Vendor, d.Class = cmp.Or(d.Vendor, vendor), cmp.Or(d.Class, class)
	}
}

// short is the last two parts of a path.
func short(path string) string {
	return filepath.Join(filepath.Base(filepath.Dir(path)), filepath.Base(path))
}

// rename makes the names of units differ, in their order.
func rename(list []*Unit) {
	slices.SortFunc(list, func(a, b *Unit) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.sources[0].key, b.sources[0].key))
	})
	n := map[string]int{}
	for _, u := range list {
		if n[u.Name]++; n[u.Name] > 1 {
			u.Name = fmt.Sprintf("%s (%d)", u.Name, n[u.Name])
		}
	}
}
