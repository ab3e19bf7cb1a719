package enforce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"

	"cardea/gateway/enforce/nfnl"
	"cardea/gateway/enforce/rules"

	"golang.org/x/sys/unix"
)

// perTransaction bounds how many elements one transaction changes: a quarantine that is asked for meanwhile waits for
// one such step (some 10 ms), not for the whole list.
const perTransaction = 10 * nfnl.MaxElements

// Sync makes the listed addresses exactly these: what the kernel has already stays untouched, so that no listed address
// is let through meanwhile. It reads back, and then kills running flows to addresses that are new on the list. Without
// any address to give, an error in all's producer would empty the list: call it only with a list that was read whole.
//
// What is listed is remembered (4 MB a million IPv4 addresses), since a dump of a large set takes the kernel quadratic
// time (100,000: 0.15 s, 400,000: 2.3 s; 6.18, November 2026). Only the first Sync of a process has to dump.
func (e *Enforcer) Sync(ctx context.Context, all iter.Seq[netip.Prefix]) error {
	want := newAddrSet(all)
	e.listMu.Lock()
	defer e.listMu.Unlock()
	if e.lost.Swap(false) {
		e.listed = &addrSet{}
	}
	fresh := &addrSet{nets: want.nets} // few: their flows are looked up every time
	for _, v4 := range []bool{true, false} {
		missing, gone, err := e.outdated(want, v4)
		if err == nil {
			err = e.write(ctx, v4, missing, gone)
		}
		if err != nil {
			e.listed = nil // unknown
			return fmt.Errorf("load indicators: %w", err)
		}
		if v4 {
			fresh.v4 = newAddrSet(slices.Values(prefixes(missing))).v4
		} else {
			fresh.v6 = newAddrSet(slices.Values(prefixes(missing))).v6
		}
	}
	if err := e.writeNetworks(want); err != nil {
		return fmt.Errorf("load indicators: %w", err)
	}
	e.listed = want
	e.nets = map[netip.Prefix]bool{}
	for p := range all {
		if p, ok := plain(p); ok && !p.IsSingleIP() {
			e.nets[p.Masked()] = true
		}
	}
	return e.killListed(fresh)
}

// outdated is what to add to and to remove from the kernel's set.
func (e *Enforcer) outdated(want *addrSet, v4 bool) (missing, gone []rules.Element, err error) {
	if e.listed == nil {
		return e.compare(want, v4)
	}
	a, b := want.elements(v4), e.listed.elements(v4)
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].Key < b[0].Key:
			missing, a = append(missing, a[0]), a[1:]
		case len(a) == 0 || b[0].Key < a[0].Key:
			gone, b = append(gone, b[0]), b[1:]
		default:
			a, b = a[1:], b[1:]
		}
	}
	return missing, gone, nil
}

// Indicators changes the list: add and remove are single addresses or networks. Removing what is not listed is no error.
// Networks that an earlier process listed are known only after a Sync.
func (e *Enforcer) Indicators(ctx context.Context, add, remove []netip.Prefix) error {
	e.listMu.Lock()
	defer e.listMu.Unlock()
	networks := false
	for i, list := range [][]netip.Prefix{remove, add} {
		for _, p := range list {
			if p, ok := plain(p); ok && !p.IsSingleIP() {
				networks = true
				if i == 0 {
					delete(e.nets, p.Masked())
				} else {
					e.nets[p.Masked()] = true
				}
			}
		}
	}
	fresh, gone := newAddrSet(slices.Values(add)), newAddrSet(slices.Values(remove))
	for _, v4 := range []bool{true, false} {
		plus := fresh.elements(v4)
		minus := slices.DeleteFunc(gone.elements(v4), func(el rules.Element) bool {
			_, again := slices.BinarySearchFunc(plus, el.Key, func(x rules.Element, key string) int { return cmp.Compare(x.Key, key) })
			return again
		})
		if err := e.write(ctx, v4, plus, minus); err != nil {
			e.listed = nil
			return fmt.Errorf("change indicators: %w", err)
		}
	}
	e.listed = e.listed.changed(fresh, gone)
	if networks {
		all := newAddrSet(func(yield func(netip.Prefix) bool) {
			for p := range e.nets {
				if !yield(p) {
					return
				}
			}
		})
		if err := e.writeNetworks(all); err != nil {
			return fmt.Errorf("change indicators: %w", err)
		}
	}
	if !gone.empty() {
		if err := e.revive(); err != nil {
			return fmt.Errorf("change indicators: %w", err)
		}
	}
	return e.killListed(fresh)
}

func hashSet(v4 bool) string {
	if v4 {
		return "indicators4"
	}
	return "indicators6"
}

func (s *addrSet) elements(v4 bool) (out []rules.Element) {
	if v4 {
		for _, n := range s.v4 {
			out = append(out, rules.Element{Key: string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})})
		}
		return out
	}
	for _, a := range s.v6 {
		out = append(out, rules.Element{Key: string(a[:])})
	}
	return out
}

func prefixes(elements []rules.Element) (out []netip.Prefix) {
	for _, e := range elements {
		a, _ := netip.AddrFromSlice([]byte(e.Key))
		out = append(out, netip.PrefixFrom(a, a.BitLen()))
	}
	return out
}

// compare reads the kernel's set element by element and says what is missing and what is too much. While a hash set
// grows, a dump may pass over elements: then some are added again, which does nothing.
func (e *Enforcer) compare(want *addrSet, v4 bool) (missing, gone []rules.Element, err error) {
	single := &addrSet{v4: want.v4, v6: want.v6}
	have := make([]bool, want.count(v4))
	for range 20 {
		gone = nil
		err = e.sock.Elements(e.inet(), e.inet().Set(hashSet(v4)), func(key []byte, _ bool) {
			if i, ok := single.index(key); ok {
				have[i] = true
			} else {
				gone = append(gone, rules.Element{Key: string(key)})
			}
		})
		if !errors.Is(err, nfnl.ErrInterrupted) {
			break
		}
	}
	slices.SortFunc(gone, func(a, b rules.Element) int { return cmp.Compare(a.Key, b.Key) })
	gone = slices.CompactFunc(gone, func(a, b rules.Element) bool { return a.Key == b.Key }) // shown twice
	for i, there := range have {
		if !there {
			missing = append(missing, single.at(v4, i))
		}
	}
	return missing, gone, err
}

func (s *addrSet) count(v4 bool) int {
	if v4 {
		return len(s.v4)
	}
	return len(s.v6)
}

func (s *addrSet) index(key []byte) (int, bool) {
	a, ok := netip.AddrFromSlice(key)
	switch {
	case !ok:
		return 0, false
	case a.Is4():
		return slices.BinarySearch(s.v4, number(a))
	}
	return slices.BinarySearchFunc(s.v6, a, func(x [16]byte, a netip.Addr) int { return netip.AddrFrom16(x).Compare(a) })
}

func (s *addrSet) at(v4 bool, i int) rules.Element {
	if v4 {
		return (&addrSet{v4: s.v4[i : i+1]}).elements(true)[0]
	}
	return (&addrSet{v6: s.v6[i : i+1]}).elements(false)[0]
}

// write changes single addresses in steps that fit the socket and leave room for others' transactions between them.
func (e *Enforcer) write(ctx context.Context, v4 bool, add, remove []rules.Element) error {
	t := e.inet()
	set := t.Set(hashSet(v4))
	step := min(perTransaction, max(nfnl.MaxElements, e.sock.Room()/64/nfnl.MaxElements*nfnl.MaxElements))
	for chunk := range slices.Chunk(add, step) {
		if err := ctx.Err(); err != nil {
			return err
		}
		batch := &nfnl.Batch{}
		batch.AddElements(t, set, chunk)
		if err := e.sock.Commit(batch); err != nil {
			return err
		}
	}
	if err := e.verify(t, set, add); err != nil {
		return err
	}
	for chunk := range slices.Chunk(remove, step) {
		batch := &nfnl.Batch{}
		batch.DelElements(t, set, chunk)
		err := e.sock.Commit(batch)
		if errors.Is(err, unix.ENOENT) { // some are not listed: nothing was removed, so take those that are
			err = e.removeListed(t, set, chunk)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// verify reads back what was added: all of a change, and of a large list the last element of every message, since what
// can go wrong with an accepted message is that its end is cut off.
func (e *Enforcer) verify(t *rules.Table, set *rules.Set, added []rules.Element) error {
	if len(added) > perTransaction {
		var last []rules.Element
		for chunk := range slices.Chunk(added, nfnl.MaxElements) {
			last = append(last, chunk[len(chunk)-1])
		}
		added = last
	}
	missing, err := e.sock.Missing(t, set, added)
	if err == nil && missing {
		err = fmt.Errorf("read back: addresses are missing in set %s", set.Name)
	}
	return err
}

func (e *Enforcer) removeListed(t *rules.Table, set *rules.Set, elements []rules.Element) error {
	batch := &nfnl.Batch{}
	var listed []rules.Element
	for _, el := range elements {
		missing, err := e.sock.Missing(t, set, []rules.Element{el})
		if err != nil {
			return err
		}
		if !missing {
			listed = append(listed, el)
		}
	}
	batch.DelElements(t, set, listed)
	return e.sock.Commit(batch)
}

// writeNetworks replaces the ranges in one transaction: they are few, and merging may change any of them.
func (e *Enforcer) writeNetworks(want *addrSet) error {
	t, batch := e.inet(), &nfnl.Batch{}
	for _, v4 := range []bool{true, false} {
		set := t.Set(map[bool]string{true: "networks4", false: "networks6"}[v4])
		batch.FlushSet(t, set.Name)
		batch.AddElements(t, set, want.ranges(v4))
	}
	return e.sock.Commit(batch)
}

// killListed ends running flows with newly listed addresses: rules look at new flows only.
func (e *Enforcer) killListed(fresh *addrSet) error {
	if fresh.empty() {
		return nil
	}
	var kill []nfnl.Flow
	err := e.sock.Flows(func(f *nfnl.Flow) {
		if fresh.has(f.Dst.Addr()) || fresh.has(f.Src.Addr()) || fresh.has(f.ReplySrc.Addr()) {
			kill = append(kill, f.Clone())
		}
	})
	if err != nil {
		return fmt.Errorf("list connections: %w", err)
	}
	return e.kill(kill, e.neighbors())
}

// refill gives the kernel the list again after it was lost.
func (e *Enforcer) refill(ctx context.Context) error {
	if e.Refill == nil {
		return nil
	}
	return e.Sync(ctx, e.Refill())
}
