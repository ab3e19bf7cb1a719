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
//
// What is listed is remembered (4 MB a million IPv4 addresses), since a dump of a large set takes the kernel quadratic
// time (100,000: 0.15 s, 1 M: 12 s; 6.18, November 2026). Only the first Sync of a process has to dump, and does so when
// all addresses are in force already, to find those that are listed no longer.
func (e *Enforcer) Sync(ctx context.Context, all iter.Seq[netip.Prefix]) error {
	want := newAddrSet(all)
	e.listMu.Lock()
	defer e.listMu.Unlock()
	if e.lost.Swap(false) {
		e.listed = &addrSet{}
	}
	missing, err := want.without(e.listed), error(nil)
	if err = e.write(ctx, missing, e.listed.without(want)); err == nil && e.listed == nil {
		var have *addrSet // all are in force; what is there besides may take long to find out
		if have, err = e.dump(ctx); err == nil {
			err = e.write(ctx, &addrSet{}, have.without(want))
		}
	}
	if err != nil {
		e.listed = nil // unknown
		return fmt.Errorf("load indicators: %w", err)
	}
	missing.nets = want.nets // few: their flows are looked up every time
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
	return e.killListed(missing)
}

// dump reads the kernel's single addresses, by a socket of its own: it must not keep a quarantine waiting. It may miss
// some, while the set grows or others write; those stay listed until the next process looks.
func (e *Enforcer) dump(ctx context.Context) (*addrSet, error) {
	sock, err := nfnl.Open()
	if err != nil {
		return nil, err
	}
	defer sock.Close()
	defer context.AfterFunc(ctx, sock.Abandon)()
	have := &addrSet{}
	for _, v4 := range []bool{true, false} {
		err := sock.Elements(e.inet(), e.inet().Set(hashSet(v4)), func(key []byte, _ bool) {
			switch a, _ := netip.AddrFromSlice(key); {
			case a.Is4():
				have.v4 = append(have.v4, number(a))
			case a.Is6():
				have.v6 = append(have.v6, a.As16())
			}
		})
		if err != nil && !errors.Is(err, nfnl.ErrInterrupted) {
			return nil, err
		}
	}
	have.sort()
	return have, nil
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
	if err := e.write(ctx, fresh, gone.without(fresh)); err != nil {
		e.listed = nil
		return fmt.Errorf("change indicators: %w", err)
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

// write changes single addresses in steps that fit the socket and leave room for others' transactions between them.
// Elements are made step by step: a million at once would take 90 MB.
func (e *Enforcer) write(ctx context.Context, add, remove *addrSet) error {
	t := e.inet()
	step := min(perTransaction, max(nfnl.MaxElements, e.sock.Room()/64/nfnl.MaxElements*nfnl.MaxElements))
	for _, v4 := range []bool{true, false} {
		set := t.Set(hashSet(v4))
		for chunk := range add.elements(v4, step) {
			if err := ctx.Err(); err != nil {
				return err
			}
			batch := &nfnl.Batch{}
			batch.AddElements(t, set, chunk)
			if err := e.sock.Commit(batch); err != nil {
				return err
			}
			if err := e.verify(t, set, chunk, add.count(v4) > perTransaction); err != nil {
				return err
			}
		}
		for chunk := range remove.elements(v4, step) {
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
	}
	return nil
}

// verify reads back what was added: all of a change, and of a large list the last element of every message, since what
// can go wrong with an accepted message is that its end is cut off.
func (e *Enforcer) verify(t *rules.Table, set *rules.Set, added []rules.Element, large bool) error {
	if large {
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
	e.mu.Lock()
	e.arm(len(kill))
	e.mu.Unlock()
	return e.kill(kill, e.neighbors())
}

// refill gives the kernel the list again after it was lost.
func (e *Enforcer) refill(ctx context.Context) error {
	if e.Refill == nil {
		return nil
	}
	return e.Sync(ctx, e.Refill())
}
