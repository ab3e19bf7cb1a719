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
	maxPermitted = 2048 // in the kernel, of each IP version
	maxPermits   = 256  // addresses of one device
	maxElements  = 512  // in the kernel of one device, and of each IP version: each address with each of its MACs
	maxFresh     = 4096 // that are known to be in the kernel for long
	maxVendors   = 256  // devices
)

// vendorSets: which devices reach their maker's services only, and which addresses those are. Permit and the rules
// themselves fill the latter.
func vendorSets() []*r.Set {
	return []*r.Set{
		{Name: "vendor_only", Key: []r.Type{r.EtherAddr}},
		{Name: "permitted4", Key: []r.Type{r.EtherAddr, r.IPv4Addr}, Dynamic: true, Expiring: true, Timeout: permitIdle, Size: maxPermitted},
		{Name: "permitted6", Key: []r.Type{r.EtherAddr, r.IPv6Addr}, Dynamic: true, Expiring: true, Timeout: permitIdle, Size: maxPermitted},
	}
}

// vendor fills the sets of a device that is kept vendor-only; that it has no LAN is done by those of no-lan.
func (c *compiler) vendor(bridge, inet *r.Table, d home.DeviceRule, alone bool) error {
	if len(d.MACs) == 0 {
		return fmt.Errorf("mode %q, but no MAC address is known", d.Mode)
	}
	c.only = true
	for _, m := range d.MACs {
		inet.Set("vendor_only").Add(macElement(m))
		if alone {
			bridge.Set("vendor_macs").Add(r.Element{Key: r.Key(r.NameKey(d.Port), m[:]), Text: fmt.Sprintf("%q . %s", d.Port, m)})
		}
	}
	if alone {
		bridge.Set("vendor_ports").Add(r.Element{Key: r.Key(r.NameKey(d.Port)), Text: fmt.Sprintf("%q", d.Port)})
	}
	return nil
}

// bridgeVendor: on a port that only such a device uses, another MAC gains nothing. It may still ask for an address, which
// is how somebody new on the port is noticed.
func (c *compiler) bridgeVendor(t *r.Table) []*r.Chain {
	if !c.only {
		return nil
	}
	return []*r.Chain{{Name: "vendor_port", Rules: []r.Rule{
		c.rule(r.Bridge, r.Within(t.Set("vendor_macs"), r.In, r.EtherSrc), r.Return()),
		c.rule(r.Bridge, r.ARP(), r.Return()),
		c.rule(r.Bridge, r.IPv4(), r.Port(r.UDPDst, 67), r.Return()),
		c.rule(r.Bridge, r.IPv6(), r.Port(r.UDPDst, 547), r.Return()),
		c.rule(r.Bridge, r.ICMP6Type(routerSolicit), r.Return()),
		c.rule(r.Bridge, r.ICMP6Type(neighborSolicit), r.Return()),
		c.rule(r.Bridge, r.ICMP6Type(neighborAdvert), r.Return()),
		c.rule(r.Bridge, r.Drop()),
	}}}
}

// inetOnly sends what such a device sends to a chain of its own, running flows too: that is how they are cut.
func (c *compiler) inetOnly(t *r.Table) []r.Rule {
	return []r.Rule{c.rule(r.Inet, r.Is(r.In, c.cfg.Bridge), r.Within(t.Set("vendor_only"), r.EtherSrc), r.Jump("vendor_only"))}
}

// inetVendor is compiled only while a device is kept vendor-only.
func (c *compiler) inetVendor(t *r.Table) []*r.Chain {
	p4, p6 := t.Set("permitted4"), t.Set("permitted6")
	chains := []*r.Chain{{Name: "vendor_only", Rules: []r.Rule{
		c.rule(r.Inet, r.Within(p4, r.EtherSrc, r.IP4Dst), r.Remember(p4, r.EtherSrc, r.IP4Dst), r.Return()),
		c.rule(r.Inet, r.Within(p6, r.EtherSrc, r.IP6Dst), r.Remember(p6, r.EtherSrc, r.IP6Dst), r.Return()),
		c.rule(r.Inet, r.Budget(t.Set("drops"), 50, 100, r.PortMark), r.Log(DropPrefix, GroupDropped, 128, 1)),
		c.rule(r.Inet, r.Reset()),
		c.rule(r.Inet, r.Refuse()),
	}}}
	serve := []r.Rule{}
	for _, port := range []uint16{53, 67, 123, 547} {
		serve = append(serve, c.rule(r.Inet, r.Port(r.UDPDst, port), r.Accept()))
	}
	serve = append(serve, c.rule(r.Inet, r.Port(r.TCPDst, 53), r.Accept()))
	for _, typ := range []byte{routerSolicit, neighborSolicit, neighborAdvert} {
		serve = append(serve, c.rule(r.Inet, r.ICMP6Type(typ), r.Accept()))
	}
	return append(chains, &r.Chain{Name: "vendor_input", Rules: append(serve,
		c.rule(r.Inet, r.Reset()),
		c.rule(r.Inet, r.Drop()))})
}

// inetVendorInput: of the gateway itself such a device gets addresses, names and the time. What the gateway began goes on.
func (c *compiler) inetVendorInput(t *r.Table) r.Rule {
	return c.rule(r.Inet, r.Is(r.In, c.cfg.Bridge), r.Within(t.Set("vendor_only"), r.EtherSrc), r.NewFlow(), r.Goto("vendor_input"))
}

// permits is what devices may reach that are kept vendor-only, or soon will be. Guarded by Enforcer.mu.
type permits struct {
	until   map[home.DeviceID]map[netip.Addr]time.Time
	written map[string]time.Time // elements that the kernel was given, until when
}

// Permit lets a device that is kept vendor-only reach an address for a while: the resolver gave it for a name of the
// device's maker. It may come before the mode, for addresses that are known already. It costs one small transaction for an
// address that is new; rules do not change.
func (e *Enforcer) Permit(ctx context.Context, device home.DeviceID, addr netip.Addr, ttl time.Duration) error {
	addr = addr.Unmap().WithZone("")
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return fmt.Errorf("permit %s: not an address of the internet", addr)
	}
	if e.fresh.has(device, addr) {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("permit %s: %w", addr, err)
	}
	now := time.Now()
	ttl = min(max(ttl, permitLeast), permitMost)
	if err := e.permits.add(device, addr, now, now.Add(ttl)); err != nil {
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
		return fmt.Errorf("permit %s: too many addresses of makers", addr)
	}
	if slices.ContainsFunc(e.applied.Devices, func(d home.DeviceRule) bool { return d.Device == device && d.Mode == home.ModeVendorOnly }) {
		e.fresh.put(device, addr, now.Add(ttl/2))
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
}

func (f *fresh) has(device home.DeviceID, addr netip.Addr) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	left := time.Until(f.until[freshKey{device, addr}])
	return left > 0 && left < permitMost // the clock may be set back
}

func (f *fresh) put(device home.DeviceID, addr netip.Addr, until time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.until == nil || len(f.until) >= maxFresh {
		f.until = map[freshKey]time.Time{}
	}
	f.until[freshKey{device, addr}] = until
}

func (f *fresh) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.until)
}

func (p *permits) add(device home.DeviceID, addr netip.Addr, now, until time.Time) error {
	if p.until == nil {
		p.until, p.written = map[home.DeviceID]map[netip.Addr]time.Time{}, map[string]time.Time{}
	}
	for id, of := range p.until {
		maps.DeleteFunc(of, func(_ netip.Addr, end time.Time) bool { return now.After(end) })
		if len(of) == 0 {
			delete(p.until, id)
		}
	}
	of := p.until[device]
	if of == nil {
		if len(p.until) >= maxVendors {
			return fmt.Errorf("already %d devices", maxVendors)
		}
		of = map[netip.Addr]time.Time{}
		p.until[device] = of
	}
	if _, there := of[addr]; !there && len(of) >= maxPermits {
		return fmt.Errorf("already %d addresses of this device", maxPermits)
	}
	if until.After(of[addr]) {
		of[addr] = until
	}
	return nil
}

// permitted says whether a device may reach an address.
func (p *permits) permitted(device home.DeviceID, mac home.MAC, addr netip.Addr) bool {
	now, addr := time.Now(), addr.Unmap().WithZone("")
	return now.Before(p.until[device][addr]) || now.Before(p.written[r.Key(mac[:], addr.AsSlice())])
}

// inherit takes over what the kernel still permits from the process before this one, so that its flows go on. Call it with
// mu held.
func (e *Enforcer) inherit() {
	if e.permits.until == nil {
		e.permits.until, e.permits.written = map[home.DeviceID]map[netip.Addr]time.Time{}, map[string]time.Time{}
	}
	t := e.inet()
	for _, set := range []string{"permitted4", "permitted6"} {
		err := e.sock.Elements(t, t.Set(set), func(key []byte, _ bool) {
			if _, there := e.permits.written[string(key)]; !there {
				e.permits.written[string(key)] = time.Now().Add(permitLeast)
			}
		})
		if err != nil && !errors.Is(err, unix.ENOENT) {
			e.log.Warn("what devices may reach of their makers from before", "err", err)
		}
	}
}

// forgotten: the kernel's sets were made anew.
func (p *permits) forgotten() { clear(p.written) }

// grant gives the kernel what is permitted and not there yet; all is false when that is more than its sets hold: a transaction
// that does not fit would be refused as a whole. Call it with mu held.
func (e *Enforcer) grant(d home.Desired) (all bool, err error) {
	now := time.Now()
	maps.DeleteFunc(e.permits.written, func(_ string, end time.Time) bool { return now.After(end) })
	t := e.inet()
	add := map[string][]r.Element{}
	all = true
	held := map[int]int{} // elements, by their length: that of the IP version
	for key := range e.permits.written {
		held[len(key)]++
	}
	for _, dev := range d.Devices {
		if dev.Mode != home.ModeVendorOnly {
			continue
		}
		own := map[int]int{}
		of := e.permits.until[dev.Device]
		for _, a := range slices.SortedFunc(maps.Keys(of), netip.Addr.Compare) { // the same ones each time, where not all fit
			end := of[a]
			for _, m := range dev.MACs {
				key := r.Key(m[:], a.AsSlice())
				if own[len(key)]++; own[len(key)] > maxElements {
					all = false
					continue
				}
				// written again when half of its time is over, not with each answer
				if left := end.Sub(now); left > 0 && e.permits.written[key].Sub(now) < left/2 {
					if _, there := e.permits.written[key]; !there {
						if held[len(key)] >= maxPermitted {
							all = false
							continue
						}
						held[len(key)]++
					}
					set := "permitted" + version(a)
					add[set] = append(add[set], r.Element{Key: key, Timeout: left.Round(time.Second) + time.Second})
				}
			}
		}
	}
	if len(add) == 0 {
		return all, nil
	}
	b := &nfnl.Batch{}
	for _, set := range slices.Sorted(maps.Keys(add)) {
		b.AddElements(t, t.Set(set), add[set])
	}
	if err := e.sock.Commit(b); err != nil {
		if errors.Is(err, unix.ENOENT) { // before the first Apply
			return all, nil
		}
		return false, fmt.Errorf("permit addresses of makers: %w", err)
	}
	for _, elements := range add {
		for _, el := range elements {
			e.permits.written[el.Key] = now.Add(el.Timeout)
		}
	}
	return all, nil
}
