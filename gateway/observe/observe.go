// Package observe turns capture's events into what is known of a home: its devices, what each event means (an
// observation: whose behaviour, towards whom, how well proven) and each device's contacts in windows.
//
// It may import home only. An Observer owns all of its state and is used by one goroutine; it does no I/O and takes its
// clock from the events. Every table is bounded; what a bound costs is counted in Stats.
package observe

import (
	"net/netip"
	"slices"
	"time"

	"cardea/home"
)

// Sink receives what the observer makes of the events. Both arguments are valid during the call only.
type Sink interface {
	Observe(*home.Observation)
	Contact(*home.Contact) // a contact's window closed; its Verdict is still empty
}

// Config sets an Observer up. The zero value of every field has a default.
type Config struct {
	Home     []netip.Prefix                 // the home's own addresses; nil: private, link-local and unique local ones
	Window   time.Duration                  // length of a contact's window, aligned to the epoch; default one hour
	NewID    func(key string) home.DeviceID // key is the MAC or the address; default home.DeviceIDOf
	Vendor   func(home.MAC) string          // maker by address range; default: unknown
	Domain   func(name string) string       // registrable domain of a name; default: none
	Gateway  []home.MAC                     // the router's own addresses, when known
	Devices  int                            // most devices kept; default 512
	Keep     func(home.DeviceID) bool       // devices not to be forgotten for new ones, as contained ones; nil: none
	Contacts int                            // most contacts of one device in one window; default 1,024
	ByAddr   bool                           // captures without link layer: whoever has an address of the home is a device
	Flows    int                            // most flows followed at once; default 65,536
}

// Stats counts what was seen and what the bounds cost.
type Stats struct {
	Devices, Contacts uint64
	FlowsForgotten    uint64 // flows not followed because the table was full
	ContactsFolded    uint64 // flows counted under "other addresses" because the device had too many contacts
	DevicesForgotten  uint64 // devices dropped for new ones
	Unattributed      uint64 // flows that belong to nobody in the home
}

// Observer is the home as far as it has been seen.
type Observer struct {
	cfg     Config
	sink    Sink
	stats   Stats
	now     time.Time
	window  int64
	byMAC   map[home.MAC]*device
	byAddr  map[netip.Addr]*device
	byID    map[home.DeviceID]*device
	order   []*device // oldest first, for stable output
	aliases map[home.MAC]*alias
	routers map[home.MAC]bool
	flows   map[uint64]*flow
	names   names // what anybody in the home was told by DNS
	obs     home.Observation
}

// New makes an Observer.
func New(cfg Config, sink Sink) *Observer {
	if cfg.Window <= 0 {
		cfg.Window = time.Hour
	}
	if cfg.NewID == nil {
		cfg.NewID = home.DeviceIDOf
	}
	if cfg.Vendor == nil {
		cfg.Vendor = func(home.MAC) string { return "" }
	}
	if cfg.Domain == nil {
		cfg.Domain = func(string) string { return "" }
	}
	cfg.Devices = orDefault(cfg.Devices, 512)
	cfg.Contacts = orDefault(cfg.Contacts, 1024)
	cfg.Flows = orDefault(cfg.Flows, 65536)
	o := &Observer{
		cfg: cfg, sink: sink,
		byMAC: map[home.MAC]*device{}, byAddr: map[netip.Addr]*device{}, byID: map[home.DeviceID]*device{},
		aliases: map[home.MAC]*alias{}, routers: map[home.MAC]bool{}, flows: map[uint64]*flow{}, names: newNames(8192),
	}
	for _, m := range cfg.Gateway {
		o.routers[m] = true
	}
	return o
}

func orDefault(n, d int) int {
	if n > 0 {
		return n
	}
	return d
}

// Handle takes one event. Events must come from one goroutine.
func (o *Observer) Handle(e *home.Event) {
	o.tick(e.Time)
	o.obs = home.Observation{Event: e}
	switch e.Kind {
	case home.EventFlow:
		o.flow(e)
		return
	case home.EventName:
		o.name(e)
	case home.EventLookup:
		o.lookup(e)
	case home.EventLease:
		o.lease(e)
	case home.EventNeighbor:
		o.neighbor(e)
	case home.EventRouter:
		o.router(e)
	case home.EventAnnounce:
		o.announce(e)
	case home.EventDropped:
		o.dropped(e)
	case home.EventServed:
		o.served(e)
	case home.EventMapping:
		o.mapping(e)
	case home.EventGroup:
		o.group(e)
	case home.EventTick:
	}
	o.sink.Observe(&o.obs)
}

// tick advances the clock and closes the window when it has passed; captures may jump either way.
func (o *Observer) tick(t time.Time) {
	if t.IsZero() {
		return
	}
	o.now = t
	if w := t.UnixNano() / int64(o.cfg.Window); w != o.window {
		if o.window != 0 {
			o.closeWindow()
		}
		o.window = w
	}
}

// Close closes the window that is open.
func (o *Observer) Close() { o.closeWindow() }

// Stats returns the counters so far.
func (o *Observer) Stats() Stats { return o.stats }

// IsHome says whether an address is one of the home's own.
func (o *Observer) IsHome(a netip.Addr) bool {
	a = a.Unmap()
	if o.cfg.Home == nil {
		return a.IsPrivate() || a.IsLinkLocalUnicast()
	}
	for _, p := range o.cfg.Home {
		if p.Contains(a) {
			return true
		}
	}
	return a.IsLinkLocalUnicast()
}

// SetHome replaces the home's prefixes, as when the provider delegates another one.
func (o *Observer) SetHome(p []netip.Prefix) { o.cfg.Home = p }

// SetGateway replaces the router's own addresses: a bridge takes another when a port joins or leaves it.
func (o *Observer) SetGateway(macs []home.MAC) {
	if slices.Equal(macs, o.cfg.Gateway) {
		return
	}
	o.cfg.Gateway, o.routers = macs, map[home.MAC]bool{}
	for _, m := range macs {
		o.routers[m] = true
	}
	for _, d := range o.order {
		d.Gateway = slices.ContainsFunc(d.MACs, func(m home.MAC) bool { return o.routers[m] })
	}
}

// isGroup: multicast, IPv4 limited broadcast and, roughly, directed broadcast of a /24 in the home. On the internet an address that
// ends in 255 is one host's.
func (o *Observer) isGroup(a netip.Addr) bool {
	if a.IsMulticast() {
		return true
	}
	if !a.Is4() {
		return false
	}
	b := a.As4()
	return b == [4]byte{255, 255, 255, 255} || b[3] == 255 && (a.IsPrivate() || a.IsLinkLocalUnicast() || o.IsHome(a))
}
