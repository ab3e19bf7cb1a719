package enforce

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"cardea/gateway/enforce/nfnl"
	"cardea/gateway/enforce/rules"
	"cardea/home"

	"github.com/vishvananda/netlink"
)

// deadFor is how long a killed flow stays in the dead set. Its conntrack entry is deleted as well, so that a packet that
// comes later is a new flow, and judged as one.
const deadFor = 2 * time.Minute

// change is what a new desired state means for flows that run.
type change struct {
	gone    map[home.MAC]bool            // all flows of these: contained or released just now
	blocked map[home.MAC][]home.Endpoint // flows of these to newly blocked endpoints
	closed  map[home.MAC][]home.PortRule // flows that the internet began to newly closed ports of these
	only    map[home.MAC]heldTo          // all flows of these but to what their list permits
	paused  map[home.MAC]bool            // all flows of these with the internet
	addrs   map[netip.Addr]home.MAC      // addresses that are known to be theirs
	relaxed bool                         // something is allowed again
}

// heldTo is a device that is held to a list.
type heldTo struct {
	device home.DeviceID
	mode   home.Mode
}

func (c change) empty() bool {
	return len(c.gone)+len(c.blocked)+len(c.closed)+len(c.only)+len(c.paused) == 0 && !c.relaxed
}

// difference finds out which devices' flows the step from one state to the next concerns.
func difference(old *home.Desired, now home.Desired) change {
	c := change{gone: map[home.MAC]bool{}, blocked: map[home.MAC][]home.Endpoint{}, closed: map[home.MAC][]home.PortRule{},
		only: map[home.MAC]heldTo{}, paused: map[home.MAC]bool{}, addrs: map[netip.Addr]home.MAC{}}
	before := map[home.DeviceID]home.DeviceRule{}
	if old != nil && !old.Dormant {
		for _, d := range old.Devices {
			before[d.Device] = d
		}
	}
	seen := map[home.DeviceID]bool{}
	if !now.Dormant {
		for _, d := range now.Devices {
			seen[d.Device] = true
			c.compare(before[d.Device], d)
		}
	}
	for id, was := range before {
		if !seen[id] {
			c.compare(was, home.DeviceRule{MACs: was.MACs, Addresses: was.Addresses})
		}
	}
	return c
}

func (c *change) compare(was, is home.DeviceRule) {
	held, free := is.Mode == home.ModeQuarantine, was.Mode == home.ModeQuarantine
	more := held && slices.ContainsFunc(is.MACs, func(m home.MAC) bool { return !slices.Contains(was.MACs, m) })
	var blocked []home.Endpoint
	for _, e := range is.Blocked {
		if !slices.Contains(was.Blocked, e) {
			blocked = append(blocked, e)
		}
	}
	closed := closing(was, is)
	for _, m := range is.MACs {
		newly := !slices.Contains(was.MACs, m)
		if is.Mode.Listing() && (was.Mode.Rank() < is.Mode.Rank() || was.Mode == home.ModeQuarantine || newly) {
			c.only[m] = heldTo{is.Device, is.Mode}
		}
		if is.Paused && (!was.Paused || newly) {
			c.paused[m] = true
		}
		if len(closed) > 0 {
			c.closed[m] = closed
		}
		if held != free || more {
			c.gone[m] = true
		}
		if len(blocked) > 0 {
			c.blocked[m] = blocked
		}
		for _, a := range is.Addresses {
			c.addrs[a.Unmap().WithZone("")] = m
		}
	}
	c.relaxed = c.relaxed || free && !held || was.Mode.Listing() && was.Mode.Rank() > is.Mode.Rank() || was.Paused && !is.Paused || len(closing(is, was)) > 0 || slices.ContainsFunc(was.Blocked, func(e home.Endpoint) bool { return !slices.Contains(is.Blocked, e) })
}

// cut ends running flows that the change forbids. Those of a device that is contained or let go are forgotten (its
// packets are dropped, or are to leave the portal, anyway); those to a blocked endpoint are killed.
func (e *Enforcer) cut(c change) error {
	if c.empty() {
		return nil
	}
	if c.relaxed {
		if err := e.revive(); err != nil {
			return err
		}
	}
	macs := e.neighbors()
	owner := func(a netip.Addr) (home.MAC, bool) {
		a = a.Unmap()
		if m, ok := c.addrs[a]; ok {
			return m, true
		}
		m, ok := macs[a]
		return m, ok
	}
	var forget, kill []nfnl.Flow
	err := e.sock.Flows(func(f *nfnl.Flow) {
		switch e.fate(c, f, owner) {
		case forgotten:
			forget = append(forget, f.Clone())
		case killed:
			kill = append(kill, f.Clone())
		}
	})
	if err != nil {
		return fmt.Errorf("list connections: %w", err)
	}
	for i := range forget {
		if err := e.sock.Forget(&forget[i]); err != nil {
			return err
		}
	}
	e.arm(len(kill))
	return e.kill(kill, macs)
}

// fate is what a change means for a running flow.
type fate uint8

const (
	forgotten fate = iota + 1 // what comes next of it is judged as new
	killed
)

func (e *Enforcer) fate(c change, f *nfnl.Flow, owner func(netip.Addr) (home.MAC, bool)) fate {
	for i, end := range [2][2]netip.AddrPort{{f.Src, f.ReplySrc}, {f.ReplySrc, f.Src}} {
		m, ok := owner(end[0].Addr())
		if !ok {
			continue
		}
		_, inside := owner(end[1].Addr())
		came := i == 1 && e.outside(end[1].Addr(), inside) // it answers somebody outside
		list, only := c.only[m]
		out := e.outside(end[1].Addr(), inside)
		switch {
		case c.gone[m]:
			return forgotten
		case slices.ContainsFunc(c.blocked[m], func(b home.Endpoint) bool { return covers(b, f.Proto, end[1]) }):
			return killed
		case came && shuts(c.closed[m], f.Proto, end[0].Port()):
			return killed
		case c.paused[m] && out:
			return killed
		case only && !out: // with the gateway itself, or by way of it
			return forgotten
		case only && (came || !e.permits.permitted(list.device, list.mode, m, end[1].Addr())):
			return killed
		}
	}
	return 0
}

func covers(b home.Endpoint, proto uint8, to netip.AddrPort) bool {
	return b.IP.Unmap() == to.Addr().Unmap() && (b.Port == 0 || b.Port == to.Port() && slices.Contains(protocols(b.Proto), proto))
}

// kill puts flows into the dead sets, forgets them, and makes the home's end of each TCP flow speak up, so that the rule
// resets it at once: see probe. Call arm before, if there are any.
func (e *Enforcer) kill(flows []nfnl.Flow, macs map[netip.Addr]home.MAC) error {
	if len(flows) == 0 {
		return nil
	}
	t := e.inet()
	for chunk := range slices.Chunk(flows, 2*nfnl.MaxElements) {
		batch, v4, v6 := &nfnl.Batch{}, []rules.Element(nil), []rules.Element(nil)
		for _, f := range chunk {
			if el := deadElement(&f); f.Src.Addr().Is4() {
				v4 = append(v4, el)
			} else {
				v6 = append(v6, el)
			}
		}
		batch.AddElements(t, t.Set("dead4"), v4)
		batch.AddElements(t, t.Set("dead6"), v6)
		if err := e.sock.Commit(batch); err != nil { // a full set: forgetting alone makes the next packet a new flow
			e.log.Warn("killing flows without the dead set", "flows", len(chunk), "err", err)
		}
	}
	for i := range flows {
		if err := e.sock.Forget(&flows[i]); err != nil {
			return err
		}
	}
	if err := probe(e.cfg.Bridge, flows, macs); err != nil {
		e.log.Warn("killed flows were not told", "err", err)
	}
	e.log.Info("flows killed", "flows", len(flows))
	return nil
}

// deadElement is the flow as the forward hook sees it in both directions: who began it, and who really answers, which is
// not whom it was sent to where a port is forwarded.
func deadElement(f *nfnl.Flow) rules.Element {
	return rules.Element{Timeout: deadFor, Key: rules.Key(f.Src.Addr().AsSlice(), rules.PortKey(f.Src.Port()),
		f.ReplySrc.Addr().AsSlice(), rules.PortKey(f.ReplySrc.Port()), []byte{f.Proto})}
}

// revive empties the dead sets: what is still forbidden is judged as a new flow, since conntrack has forgotten it.
func (e *Enforcer) revive() error {
	t, batch := e.inet(), &nfnl.Batch{}
	batch.FlushSet(t, "dead4")
	batch.FlushSet(t, "dead6")
	return e.sock.Commit(batch)
}

func (e *Enforcer) inet() *rules.Table {
	return &rules.Table{Family: rules.Inet, Name: tableEnforce, Sets: inetSets()}
}

// neighbors is who has which address on the LAN, as the kernel knows it; a device has many IPv6 addresses.
func (e *Enforcer) neighbors() map[netip.Addr]home.MAC {
	out := map[netip.Addr]home.MAC{}
	link, err := netlink.LinkByName(e.cfg.Bridge)
	if err != nil {
		return out // no bridge, no neighbours
	}
	list, err := netlink.NeighList(link.Attrs().Index, netlink.FAMILY_ALL)
	if err != nil {
		e.log.Warn("list neighbours", "err", err)
	}
	for _, n := range list {
		if a, ok := netip.AddrFromSlice(n.IP); ok && len(n.HardwareAddr) == 6 {
			out[a.Unmap()] = home.MACOf(n.HardwareAddr)
		}
	}
	return out
}
