package observe

import (
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cardea/home"
)

const (
	maxMACs      = 16
	maxAddresses = 16
	maxNames     = 8
	maxNameBytes = 64
	claimHolds   = 5 * time.Minute // how long an address stays its owner's after it was last heard from there
)

// device is a home.Device with what only the observer needs.
type device struct {
	home.Device
	far      memory // far addresses contacted and answered
	names    names  // what DNS told this device
	contacts map[contactKey]*contact
	folded   int
	claims   int
	leased   netip.Addr
	addrSeen map[netip.Addr]use
	moved    counts // between home and internet since Moved was called last
}

// use is how an address was used: since when, when last, and with which MAC.
type use struct {
	since, last time.Time
	mac         home.MAC
}

// Devices lists copies of all devices, the oldest first.
func (o *Observer) Devices() []home.Device {
	out := make([]home.Device, 0, len(o.order))
	for _, d := range o.order {
		out = append(out, d.clone())
	}
	return out
}

// Device finds a device by id.
func (o *Observer) Device(id home.DeviceID) (home.Device, bool) {
	if d := o.byID[id]; d != nil {
		return d.clone(), true
	}
	return home.Device{}, false
}

// Borrow finds a device by id; nil if it is not known. It is the observer's: not to be kept or changed.
func (o *Observer) Borrow(id home.DeviceID) *home.Device {
	if d := o.byID[id]; d != nil {
		return &d.Device
	}
	return nil
}

// Claims counts the addresses that a device has come to use, those it lost included: it changes with each new one.
func (o *Observer) Claims(id home.DeviceID) int {
	if d := o.byID[id]; d != nil {
		return d.claims
	}
	return 0
}

// Known is the id of the device with a MAC; "" if it was never seen.
func (o *Observer) Known(m home.MAC) home.DeviceID {
	if d := o.byMAC[m]; d != nil {
		return d.ID
	}
	return ""
}

// IDOf is the id of the device with a MAC, which it is given now if it was never seen.
func (o *Observer) IDOf(m home.MAC) home.DeviceID {
	if d := o.byMAC[m]; d != nil {
		return d.ID
	}
	if d := o.ofMAC(m, ""); d != nil {
		return d.ID
	}
	return ""
}

// ByAddr finds the device that used an address last.
func (o *Observer) ByAddr(a netip.Addr) (home.Device, bool) {
	if d := o.byAddr[a.Unmap()]; d != nil {
		return d.clone(), true
	}
	return home.Device{}, false
}

func (d *device) clone() home.Device {
	c := d.Device
	c.MACs, c.Addresses, c.Names, c.Evidence = slices.Clone(c.MACs), slices.Clone(c.Addresses), slices.Clone(c.Names), slices.Clone(c.Evidence)
	return c
}

// Identify sets who a device is taken for.
func (o *Observer) Identify(id home.DeviceID, i home.Identity) {
	if d := o.byID[id]; d != nil {
		d.Identity = i
	}
}

// Remember puts back a device known from before a restart.
func (o *Observer) Remember(d home.Device) {
	if d.ID == "" || o.byID[d.ID] != nil || len(o.order) >= o.cfg.Devices {
		return
	}
	if d.Maker == "" && !d.MAC.IsZero() { // remembered by an agent that knew no makers
		d.Maker = o.cfg.Vendor(d.MAC)
	}
	if d.Vendor == "" && d.By == "" {
		d.Vendor = d.Maker
	}
	if d.Evidence == nil {
		d.Evidence = []string{}
	}
	dev := o.add(d)
	for _, m := range d.MACs {
		o.byMAC[m] = dev
	}
	for _, a := range d.Addresses {
		o.byAddr[a] = dev
	}
}

func (o *Observer) add(d home.Device) *device {
	if len(o.order) >= o.cfg.Devices {
		o.forget(o.leastMissed(d.Port))
	}
	return o.enter(d)
}

// enter puts a device into the tables.
func (o *Observer) enter(d home.Device) *device {
	dev := &device{Device: d, contacts: map[contactKey]*contact{}, addrSeen: map[netip.Addr]use{}, names: newNames(512)}
	o.byID[d.ID] = dev
	o.order = append(o.order, dev)
	o.stats.Devices++
	return dev
}

// leastMissed chooses whom to forget for a newcomer on a port: the device that was silent the longest. Where many came in
// by the newcomer's port (or by none that is known), it is one of these, so that who invents addresses pushes out only
// what it invented. Who must be kept (Config.Keep) goes only when there is nobody else.
func (o *Observer) leastMissed(port string) int {
	many := 0
	for _, d := range o.order {
		if d.Port == port {
			many++
		}
	}
	crowded := many > o.cfg.Devices/8
	best, rank := 0, -1
	for i, d := range o.order {
		r := 0
		if o.cfg.Keep == nil || !o.cfg.Keep(d.ID) {
			r = 1
			if !d.Gateway && crowded && d.Port == port {
				r = 2
			}
		}
		if r > rank || r == rank && d.Last.Before(o.order[best].Last) {
			best, rank = i, r
		}
	}
	return best
}

// forget drops a device.
func (o *Observer) forget(i int) {
	d := o.order[i]
	o.closeContacts(d)
	o.order = slices.Delete(o.order, i, i+1)
	delete(o.byID, d.ID)
	for _, m := range d.MACs {
		delete(o.byMAC, m)
		delete(o.aliases, m)
	}
	for _, a := range d.Addresses {
		if o.byAddr[a] == d {
			delete(o.byAddr, a)
		}
	}
	for id, f := range o.flows {
		if f.device == d || f.peer == d {
			delete(o.flows, id)
		}
	}
	o.stats.DevicesForgotten++
}

// ofMAC finds or makes the device behind a MAC; nil for group and unknown addresses.
func (o *Observer) ofMAC(m home.MAC, port string) *device {
	if m.IsZero() || m.IsGroup() {
		return nil
	}
	d := o.byMAC[m]
	if d == nil {
		maker := o.cfg.Vendor(m)
		d = o.add(home.Device{
			ID: o.cfg.NewID(m.String()), MAC: m, MACs: []home.MAC{m}, Addresses: []netip.Addr{}, Names: []string{},
			Maker: maker, Identity: home.Identity{Vendor: maker, Evidence: []string{}}, First: o.now, Gateway: o.routers[m], Port: port,
		})
		o.byMAC[m] = d
	}
	d.Last, d.MAC = o.now, m
	if port != "" {
		d.Port = port
	}
	return d
}

// ofAddr finds the device that has an address; in captures without MACs it makes one.
func (o *Observer) ofAddr(a netip.Addr, create bool) *device {
	a = a.Unmap()
	if d := o.byAddr[a]; d != nil || !create {
		return d
	}
	d := o.add(home.Device{
		ID: o.cfg.NewID(a.String()), MACs: []home.MAC{}, Addresses: []netip.Addr{a}, Names: []string{}, First: o.now, Last: o.now,
		Identity: home.Identity{Evidence: []string{}},
	})
	o.byAddr[a] = d
	return d
}

// claim notes that a device uses an address. An address that somebody else used within claimHolds stays theirs unless
// the home's DHCP server gave it away: a device must not be able to take its neighbour's name by a forged frame.
func (o *Observer) claim(d *device, a netip.Addr, leased bool) {
	a = a.Unmap()
	if d == nil || !a.IsValid() || a.IsUnspecified() || o.isGroup(a) || a.IsLoopback() {
		return
	}
	a = a.WithZone("")
	if old := o.byAddr[a]; old != nil && old != d && !leased && o.now.Sub(old.addrSeen[a].last).Abs() < claimHolds { // the clock may be set back
		return
	}
	if old := o.byAddr[a]; old != nil && old != d {
		old.Addresses = slices.DeleteFunc(old.Addresses, func(b netip.Addr) bool { return a == b })
		delete(old.addrSeen, a)
	}
	if leased {
		d.leased = a
	}
	o.byAddr[a] = d
	u := d.addrSeen[a]
	if u.since.IsZero() {
		u.since = o.now
	}
	d.addrSeen[a] = use{since: u.since, last: o.now, mac: d.MAC}
	if slices.Contains(d.Addresses, a) {
		return
	}
	if len(d.Addresses) >= maxAddresses {
		o.giveUp(d, d.leastUsed(a))
	}
	d.Addresses = append(d.Addresses, a)
	d.claims++
}

// giveUp takes the address at an index from a device.
func (o *Observer) giveUp(d *device, i int) {
	gone := d.Addresses[i]
	d.Addresses = slices.Delete(d.Addresses, i, i+1)
	delete(d.addrSeen, gone)
	if o.byAddr[gone] == d {
		delete(o.byAddr, gone)
	}
}

// temporaryLasts is for how long a temporary address is preferred (RFC 8981 section 3.8); what was in use for longer is stable.
const temporaryLasts = 24 * time.Hour

// leastUsed chooses the address to give up for a new one: a device makes itself temporary IPv6 addresses all the time, which
// push out each other, the one silent longest first, and neither its lease nor what it has kept for more than a day.
func (d *device) leastUsed(comes netip.Addr) int {
	best, rank := 0, -1
	for i, a := range d.Addresses {
		u := d.addrSeen[a]
		r := 1
		switch {
		case a == d.leased:
			r = 0
		case temporary(a) && u.last.Sub(u.since) < temporaryLasts:
			r = 3
		case temporary(a) == temporary(comes):
			r = 2
		}
		if r > rank || r == rank && u.last.Before(d.addrSeen[d.Addresses[best]].last) {
			best, rank = i, r
		}
	}
	return best
}

// temporary says whether an address may be one of many: an IPv6 address other than link-local that is not made of the MAC.
func temporary(a netip.Addr) bool {
	b := a.As16()
	return a.Is6() && !a.IsLinkLocalUnicast() && !(b[11] == 0xff && b[12] == 0xfe)
}

// call notes what a device calls itself. The text is untrusted: bounded, valid UTF-8, no control characters.
func (d *device) call(name string) {
	name = CleanText(strings.TrimSuffix(strings.TrimSuffix(name, "."), ".local"), maxNameBytes)
	if name == "" || slices.Contains(d.Names, name) {
		return
	}
	if len(d.Names) >= maxNames {
		return
	}
	d.Names = append(d.Names, strings.Clone(name))
}

// CleanText bounds untrusted text to n bytes of valid UTF-8 without control and bidirectional formatting characters.
func CleanText(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r <= 0x9f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 ||
			r == 0x200e || r == 0x200f || r == 0x061c || r == 0xfeff || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	for len(s) > n {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return strings.TrimSpace(s)
}

// Moved tells what devices moved between home and internet since it was called last.
func (o *Observer) Moved(yield func(id home.DeviceID, down, up uint64)) {
	for _, d := range o.order {
		if m := d.moved; m.down+m.up > 0 {
			d.moved = counts{}
			yield(d.ID, m.down, m.up)
		}
	}
}
