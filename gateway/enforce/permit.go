package enforce

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"cardea/gateway/enforce/nfnl"
	r "cardea/gateway/enforce/rules"
	"cardea/home"

	"golang.org/x/sys/unix"
)

// How long an address is permitted at least, whatever DNS says: devices keep names longer than they may. While the device
// goes on talking to it the kernel renews it by permitIdle, so that a long connection outlives its name's TTL.
const (
	permitLeast = 10 * time.Minute
	permitMost  = 24 * time.Hour
	permitIdle  = time.Hour
)

// Bounds of what is permitted.
const (
	maxPermitted = 2048 // in the kernel, of each list and IP version
	maxPermits   = 256  // addresses of one device
	maxElements  = 512  // in the kernel of one device, and of each IP version: each address with each of its MACs
	maxFresh     = 4096 // that are known to be in the kernel for long
	maxHeld      = 256  // devices
)

// permits is what devices may reach that are held to a list, or soon will be. Guarded by Enforcer.mu.
type permits struct {
	until   map[home.DeviceID]map[netip.Addr]permit
	written map[element]time.Time // what the kernel was given, until when
}

// permit is until when an address is permitted, by the strictest list that has it: an index of lists.
type permit struct {
	until time.Time
	list  int
}

// element is an element of a set, by its key.
type element struct{ set, key string }

// Permit lets a device reach an address for a while, as long as it is held to this list or a milder one: the resolver gave the address for
// a name on it. It may come before the mode, for addresses that are known already. It costs one small transaction for an address that
// is new; rules do not change.
func (e *Enforcer) Permit(ctx context.Context, device home.DeviceID, strictest home.Mode, addr netip.Addr, ttl time.Duration) error {
	addr = addr.Unmap().WithZone("")
	i, ok := listOf(strictest)
	if !ok {
		return fmt.Errorf("permit %s: mode %q has no list", addr, strictest)
	}
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return fmt.Errorf("permit %s: not an address of the internet", addr)
	}
	if e.fresh.has(device, addr, i) {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("permit %s: %w", addr, err)
	}
	now := time.Now()
	ttl = min(max(ttl, permitLeast), permitMost)
	if err := e.permits.add(device, addr, now, permit{now.Add(ttl), i}); err != nil {
		return fmt.Errorf("permit %s: %w", addr, err)
	}
	if e.applied == nil {
		return nil
	}
	all, err := e.grant(*e.applied)
	if err != nil {
		return fmt.Errorf("permit %s: %w", addr, err)
	}
	if !all {
		return fmt.Errorf("permit %s: too many addresses of lists", addr)
	}
	if slices.ContainsFunc(e.applied.Devices, func(d home.DeviceRule) bool { return d.Device == device && d.Mode.Listing() }) {
		e.fresh.put(device, addr, i, now.Add(ttl/2))
	}
	return nil
}

// fresh is what the kernel permits for long enough. It has a lock of its own: the resolver asks with each answer, also while rules
// are written.
type fresh struct {
	mu    sync.Mutex
	until map[freshKey]time.Time
}

type freshKey struct {
	device home.DeviceID
	addr   netip.Addr
	list   int
}

func (f *fresh) has(device home.DeviceID, addr netip.Addr, list int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	left := time.Until(f.until[freshKey{device, addr, list}])
	return left > 0 && left < permitMost // the clock may be set back
}

// expected is what was permitted before its mode came: see Expect. It has a lock of its own, so that nobody waits for the kernel.
type expected struct {
	mu   sync.Mutex
	list []expectation
}

type expectation struct {
	device home.DeviceID
	list   int
	addr   netip.Addr
	until  time.Time
}

// Expect permits addresses with the next Apply, before what that forbids is cut: those that a device talks to already when it begins to
// be held to a list. It waits for nothing. What does not fit is left out; the device gets it when it asks for the name again.
func (e *Enforcer) Expect(device home.DeviceID, strictest home.Mode, addr netip.Addr, ttl time.Duration) {
	addr = addr.Unmap().WithZone("")
	i, ok := listOf(strictest)
	if !ok || !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return
	}
	x := expectation{device, i, addr, time.Now().Add(min(max(ttl, permitLeast), permitMost))}
	e.expected.mu.Lock()
	defer e.expected.mu.Unlock()
	if len(e.expected.list) < maxPermitted {
		e.expected.list = append(e.expected.list, x)
	}
}

// expect takes over what was expected. Call it with mu held.
func (e *Enforcer) expect() {
	e.expected.mu.Lock()
	list := e.expected.list
	e.expected.list = nil
	e.expected.mu.Unlock()
	now := time.Now()
	for _, x := range list {
		if err := e.permits.add(x.device, x.addr, now, permit{x.until, x.list}); err != nil {
			e.log.Debug("a device talks to more than can be permitted", "device", x.device, "err", err)
		}
	}
}

func (f *fresh) put(device home.DeviceID, addr netip.Addr, list int, until time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.until == nil || len(f.until) >= maxFresh {
		f.until = map[freshKey]time.Time{}
	}
	f.until[freshKey{device, addr, list}] = until
}

func (f *fresh) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.until)
}

func (p *permits) add(device home.DeviceID, addr netip.Addr, now time.Time, to permit) error {
	if p.until == nil {
		p.until, p.written = map[home.DeviceID]map[netip.Addr]permit{}, map[element]time.Time{}
	}
	for id, of := range p.until {
		maps.DeleteFunc(of, func(_ netip.Addr, end permit) bool { return now.After(end.until) })
		if len(of) == 0 {
			delete(p.until, id)
		}
	}
	of := p.until[device]
	if of == nil {
		if len(p.until) >= maxHeld {
			return fmt.Errorf("already %d devices", maxHeld)
		}
		of = map[netip.Addr]permit{}
		p.until[device] = of
	}
	was, there := of[addr]
	if !there && len(of) >= maxPermits {
		return fmt.Errorf("already %d addresses of this device", maxPermits)
	}
	if there && was.list > to.list { // another name of it is on a stricter list, and holds for its own time
		return nil
	}
	if was.list != to.list || to.until.After(was.until) {
		of[addr] = to
	}
	return nil
}

// permitted says whether a device that is held to a list may reach an address.
func (p *permits) permitted(device home.DeviceID, mode home.Mode, mac home.MAC, addr netip.Addr) bool {
	i, ok := listOf(mode)
	if !ok {
		return true
	}
	now, addr := time.Now(), addr.Unmap().WithZone("")
	if to := p.until[device][addr]; now.Before(to.until) && to.list >= i {
		return true
	}
	return slices.ContainsFunc(lists[i:], func(l list) bool {
		return now.Before(p.written[element{l.permitted + version(addr), r.Key(mac[:], addr.AsSlice())}])
	})
}

func permittedSets() (out []string) {
	for _, l := range lists {
		out = append(out, l.permitted+"4", l.permitted+"6")
	}
	return out
}

// inherit takes over what the kernel still permits from the process before this one, so that its flows go on. Call it with
// mu held.
func (e *Enforcer) inherit() {
	if e.permits.until == nil {
		e.permits.until, e.permits.written = map[home.DeviceID]map[netip.Addr]permit{}, map[element]time.Time{}
	}
	t := e.inet()
	for _, set := range permittedSets() {
		err := e.sock.Elements(t, t.Set(set), func(key []byte, _ bool) {
			if _, there := e.permits.written[element{set, string(key)}]; !there {
				e.permits.written[element{set, string(key)}] = time.Now().Add(permitLeast)
			}
		})
		if err != nil && !errors.Is(err, unix.ENOENT) {
			e.log.Warn("what devices may reach of their lists from before", "err", err)
		}
	}
}

// forgotten: the kernel's sets were made anew.
func (p *permits) forgotten() { clear(p.written) }

// revoke takes back what devices were permitted that are no longer held to any list: who is held again later begins with nothing. Call it
// with mu held, when the rules are in force.
func (e *Enforcer) revoke(before *home.Desired, d home.Desired) {
	if before == nil {
		return
	}
	held := map[home.DeviceID]bool{}
	macs := map[home.MAC]bool{}
	for _, dev := range d.Devices {
		if dev.Mode.Listing() {
			held[dev.Device] = true
			for _, m := range dev.MACs {
				macs[m] = true
			}
		}
	}
	gone := map[home.MAC]bool{}
	for _, dev := range before.Devices {
		if !dev.Mode.Listing() || held[dev.Device] {
			continue
		}
		delete(e.permits.until, dev.Device)
		for _, m := range dev.MACs {
			gone[m] = !macs[m]
		}
	}
	if len(gone) == 0 {
		return
	}
	e.fresh.clear()
	t := e.inet()
	for el := range e.permits.written {
		if len(el.key) < 6 || !gone[home.MACOf([]byte(el.key[:6]))] {
			continue
		}
		b := &nfnl.Batch{} // each by itself: the kernel may have forgotten some already, and would refuse all
		b.DelElements(t, t.Set(el.set), []r.Element{{Key: el.key}})
		if err := e.sock.Commit(b); err != nil && !errors.Is(err, unix.ENOENT) {
			e.log.Warn("what a device was permitted stays for an hour", "err", err)
		}
		delete(e.permits.written, el)
	}
}

// grant gives the kernel what is permitted and not there yet; all is false when that is more than its sets hold: a transaction
// that does not fit would be refused as a whole. Call it with mu held.
func (e *Enforcer) grant(d home.Desired) (all bool, err error) {
	now := time.Now()
	maps.DeleteFunc(e.permits.written, func(_ element, end time.Time) bool { return now.After(end) })
	add := map[string][]r.Element{}
	all = true
	held := map[string]int{} // elements of each set
	for el := range e.permits.written {
		held[el.set]++
	}
	for _, dev := range d.Devices {
		if !dev.Mode.Listing() {
			continue
		}
		own := map[int]int{}
		of := e.permits.until[dev.Device]
		for _, a := range slices.SortedFunc(maps.Keys(of), netip.Addr.Compare) { // the same ones each time, where not all fit
			for _, m := range dev.MACs {
				el := element{lists[of[a].list].permitted + version(a), r.Key(m[:], a.AsSlice())}
				if own[len(el.key)]++; own[len(el.key)] > maxElements {
					all = false
					continue
				}
				// written again when half of its time is over, not with each answer
				left := of[a].until.Sub(now)
				if left <= 0 || e.permits.written[el].Sub(now) >= left/2 {
					continue
				}
				if _, there := e.permits.written[el]; !there {
					if held[el.set] >= maxPermitted {
						all = false
						continue
					}
					held[el.set]++
				}
				add[el.set] = append(add[el.set], r.Element{Key: el.key, Timeout: left.Round(time.Second) + time.Second})
			}
		}
	}
	return all, e.give(add, now)
}

// give writes elements into sets of permitted addresses.
func (e *Enforcer) give(add map[string][]r.Element, now time.Time) error {
	if len(add) == 0 {
		return nil
	}
	t, b := e.inet(), &nfnl.Batch{}
	for _, set := range slices.Sorted(maps.Keys(add)) {
		b.AddElements(t, t.Set(set), add[set])
	}
	if err := e.sock.Commit(b); err != nil {
		if errors.Is(err, unix.ENOENT) { // before the first Apply
			return nil
		}
		return fmt.Errorf("permit addresses of lists: %w", err)
	}
	for set, elements := range add {
		for _, el := range elements {
			e.permits.written[element{set, el.Key}] = now.Add(el.Timeout)
		}
	}
	return nil
}
