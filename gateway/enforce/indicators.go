package enforce

import (
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
func (e *Enforcer) Sync(ctx context.Context, all iter.Seq[netip.Prefix]) error {
	want := newAddrSet(all)
	e.listMu.Lock()
	defer e.listMu.Unlock()
	var fresh []netip.Prefix
	for _, v4 := range []bool{true, false} {
		missing, gone, err := e.compare(want, v4)
		if err == nil {
			err = e.write(ctx, v4, missing, gone)
		}
		if err == nil {
			var left []rules.Element
			if left, _, err = e.compare(want, v4); err == nil && len(left) > 0 {
				err = fmt.Errorf("read back: %d addresses are missing", len(left))
			}
		}
		if err != nil {
			return fmt.Errorf("load indicators: %w", err)
		}
		fresh = append(fresh, prefixes(missing)...)
	}
	e.nets = map[netip.Prefix]bool{}
	for p := range all {
		if p, ok := plain(p); ok && !p.IsSingleIP() {
			e.nets[p.Masked()] = true
		}
	}
	for _, n := range want.nets { // a network's flows are looked up as a whole: there are few
		fresh = append(fresh, cover(n)...)
	}
	if err := e.writeNetworks(want); err != nil {
		return fmt.Errorf("load indicators: %w", err)
	}
	return e.killListed(newAddrSet(slices.Values(fresh)))
}

func cover(n span) (out []netip.Prefix) {
	for a := n.first; a.IsValid() && a.Compare(n.last) <= 0; {
		bits := a.BitLen()
		for bits > 1 {
			p := netip.PrefixFrom(a, bits-1)
			if p.Masked().Addr() != a || lastOf(p).Compare(n.last) > 0 {
				break
			}
			bits--
		}
		p := netip.PrefixFrom(a, bits)
		out = append(out, p)
		a = lastOf(p).Next()
	}
	return out
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
	fresh := newAddrSet(slices.Values(add))
	gone := newAddrSet(slices.Values(remove))
	for _, v4 := range []bool{true, false} {
		plus := fresh.elements(v4)
		minus := slices.DeleteFunc(gone.elements(v4), func(el rules.Element) bool {
			a, _ := netip.AddrFromSlice([]byte(el.Key))
			return fresh.has(a) && singles(fresh, a)
		})
		if err := e.write(ctx, v4, plus, minus); err != nil {
			return fmt.Errorf("change indicators: %w", err)
		}
		missing, err := e.sock.Missing(e.inet(), e.inet().Set(hashSet(v4)), plus)
		if err == nil && missing {
			err = errors.New("read back: addresses are missing")
		}
		if err != nil {
			return fmt.Errorf("change indicators: %w", err)
		}
	}
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

func singles(s *addrSet, a netip.Addr) bool {
	t := addrSet{v4: s.v4, v6: s.v6}
	return t.has(a)
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

// compare reads the kernel's set element by element and says what is missing and what is too much.
func (e *Enforcer) compare(want *addrSet, v4 bool) (missing, gone []rules.Element, err error) {
	single := &addrSet{v4: want.v4, v6: want.v6}
	for range 20 {
		have := make([]bool, len(want.v4)*b2n(v4)+len(want.v6)*b2n(!v4))
		missing, gone = nil, nil
		err = e.sock.Elements(e.inet(), e.inet().Set(hashSet(v4)), func(key []byte, _ bool) {
			if i, ok := single.index(key); ok {
				have[i] = true
			} else {
				gone = append(gone, rules.Element{Key: string(key)})
			}
		})
		if errors.Is(err, nfnl.ErrInterrupted) {
			continue
		}
		for i, there := range have {
			if !there {
				missing = append(missing, single.at(v4, i))
			}
		}
		return missing, gone, err
	}
	return nil, nil, err
}

func b2n(b bool) int {
	if b {
		return 1
	}
	return 0
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
