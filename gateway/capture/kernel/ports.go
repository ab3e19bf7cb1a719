package kernel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"cardea/home"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Bounds of what is remembered of the link; what does not fit is counted in Stats.PortsFull.
const (
	maxStations  = 4096 // MACs in the forwarding table
	maxNeighbors = 4096 // addresses in the ARP and ND tables of the LAN
	maxLinks     = 1024
	maxAddrs     = 1024 // the gateway's own

	minRouteBuffer = 256 << 10 // dumps share the socket with changes

	duplicateMoves  = 3                // so many moves
	duplicateWithin = 10 * time.Second // in so long make a duplicate; a station that roams moves once
)

// Duplicate is a MAC that moves to and fro between two bridge ports: two devices use it, or one forges the other's.
type Duplicate struct {
	Time  time.Time
	MAC   home.MAC
	Ports [2]string // the port that it was on and the one it is on now
}

// Ports knows who is where: which bridge port each MAC was learned on, who has which address, and what the gateway's own
// MACs, addresses and prefixes are. It follows the kernel's tables (rtnetlink), which age by themselves. Safe from any
// goroutine.
type Ports struct {
	lanName   string
	log       *slog.Logger
	duplicate func(Duplicate)
	c         *counters
	sock      *socket

	local   atomic.Pointer[local] // replaced whole on each change
	lan     atomic.Uint32         // the bridge's ifindex; 0 while there is none
	version atomic.Uint64         // counts changes of links

	mu        sync.RWMutex
	links     map[uint32]link
	addrs     map[addrMsg]struct{}
	stations  map[home.MAC]*station
	neighbors map[netip.Addr]home.MAC
}

type link struct {
	name   string
	master uint32
	mac    home.MAC
}

// station is a MAC in the bridge's forwarding table.
type station struct {
	port  uint32 // ifindex
	since time.Time
	moves int // within duplicateWithin of first
	first time.Time
}

const rtGroups = 1<<(unix.RTNLGRP_LINK-1) | 1<<(unix.RTNLGRP_NEIGH-1) | 1<<(unix.RTNLGRP_IPV4_IFADDR-1) |
	1<<(unix.RTNLGRP_IPV6_IFADDR-1)

// newPorts opens the socket and reads the tables once, so that they are known before the first packet.
func newPorts(cfg Config, c *counters) (*Ports, error) {
	s, err := openSocket(unix.NETLINK_ROUTE, max(cfg.BufferBytes, minRouteBuffer), rtGroups)
	if err != nil {
		return nil, fmt.Errorf("ports: %w", err)
	}
	p := &Ports{lanName: cfg.LAN, log: cfg.Logger, duplicate: cfg.Duplicate, c: c, sock: s}
	p.local.Store(&local{})
	p.forget()
	err = p.dump()
	for tries := 0; errors.Is(err, errOverrun) && tries < 10; tries++ {
		err = p.dump()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("ports: %w", err), s.close())
	}
	return p, nil
}

// forget empties the tables before a dump fills them again.
func (p *Ports) forget() {
	p.links, p.addrs = map[uint32]link{}, map[addrMsg]struct{}{}
	p.stations, p.neighbors = map[home.MAC]*station{}, map[netip.Addr]home.MAC{}
}

// dump reads links, addresses, neighbours and the forwarding table, one after the other: the kernel runs one dump a
// socket. Changes that come meanwhile are taken as they come.
func (p *Ports) dump() error {
	for _, d := range [...]struct {
		typ  netlink.HeaderType
		data []byte
	}{
		{unix.RTM_GETLINK, make([]byte, unix.SizeofIfInfomsg)},
		{unix.RTM_GETADDR, make([]byte, unix.SizeofIfAddrmsg)},
		{unix.RTM_GETNEIGH, make([]byte, unix.SizeofNdMsg)},
		{unix.RTM_GETNEIGH, append([]byte{unix.AF_BRIDGE}, make([]byte, unix.SizeofNdMsg-1)...)},
	} {
		sent, err := p.sock.conn.Send(netlink.Message{
			Header: netlink.Header{Type: d.typ, Flags: netlink.Request | netlink.Dump}, Data: d.data,
		})
		if err != nil {
			return fmt.Errorf("asking for message type %d: %w", d.typ, err)
		}
		for done := false; !done; {
			b, err := p.sock.receive()
			if err != nil {
				return err
			}
			if done, err = p.batch(b, sent.Header.Sequence); err != nil {
				return fmt.Errorf("dump of message type %d: %w", d.typ, err)
			}
		}
	}
	return nil
}

// run follows changes until the socket is closed; after an overrun it reads everything again.
func (p *Ports) run(ctx context.Context) error {
	for {
		b, err := p.sock.receive()
		if err == nil {
			_, err = p.batch(b, 0)
		}
		for errors.Is(err, errOverrun) {
			p.c.overruns.Add(1)
			p.mu.Lock()
			p.forget()
			p.mu.Unlock()
			err = p.dump()
		}
		switch {
		case errors.Is(err, net.ErrClosed):
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("ports: %w", err)
		}
	}
}

// batch takes one datagram, and says whether the dump with the sequence number is over.
func (p *Ports) batch(b []byte, seq uint32) (done bool, err error) {
	var doubles []Duplicate
	now := time.Now()
	p.mu.Lock()
	for {
		m, rest, ok, bad := nextMessage(b)
		if bad != nil {
			p.c.malformed.Add(1)
		}
		if bad != nil || !ok {
			break
		}
		b = rest
		if m.typ == unix.NLMSG_DONE || m.typ == unix.NLMSG_ERROR {
			if m.seq == seq && seq != 0 {
				done, err = true, kernelError(m.body)
			}
			continue
		}
		if d, ok := p.message(m, now); ok {
			doubles = append(doubles, d)
		}
	}
	p.mu.Unlock()
	for _, d := range doubles {
		p.c.duplicates.Add(1)
		if p.duplicate != nil {
			p.duplicate(d)
		}
	}
	return done, err
}

// message takes one change. mu is held. It returns what has to be reported of a MAC on two ports.
func (p *Ports) message(m message, now time.Time) (d Duplicate, report bool) {
	ok := true
	switch m.typ {
	case unix.RTM_NEWLINK, unix.RTM_DELLINK:
		var l linkMsg
		if ok = decodeLink(&l, m.body); ok {
			p.link(&l, m.typ == unix.RTM_NEWLINK)
		}
	case unix.RTM_NEWADDR, unix.RTM_DELADDR:
		var a addrMsg
		if ok = decodeAddr(&a, m.body); ok {
			p.addr(a, m.typ == unix.RTM_NEWADDR)
		}
	case unix.RTM_NEWNEIGH, unix.RTM_DELNEIGH:
		var n neighMsg
		if ok = decodeNeigh(&n, m.body); !ok {
			break
		}
		if n.family == unix.AF_BRIDGE {
			d, report = p.station(&n, m.typ == unix.RTM_NEWNEIGH, now)
		} else {
			p.neighbor(&n, m.typ == unix.RTM_NEWNEIGH)
		}
	}
	if !ok {
		p.c.malformed.Add(1)
	}
	return d, report
}

// PortOf says on which bridge port a MAC was learned last, and whether no other MAC is there. ok is false for a MAC that
// is unknown or the gateway's own.
func (p *Ports) PortOf(mac home.MAC) (port string, alone, ok bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	s := p.stations[mac]
	if s == nil {
		return "", false, false
	}
	alone = true
	for m, o := range p.stations {
		if m != mac && o.port == s.port {
			alone = false
			break
		}
	}
	name := p.links[s.port].name
	return name, alone, name != ""
}

// MACsOn lists the MACs learned on a bridge port, in order.
func (p *Ports) MACsOn(port string) (macs []home.MAC) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for m, s := range p.stations {
		if p.links[s.port].name == port {
			macs = append(macs, m)
		}
	}
	slices.SortFunc(macs, func(a, b home.MAC) int { return slices.Compare(a[:], b[:]) })
	return macs
}

// MACOf says who answers for an address on the LAN, by the kernel's ARP and ND tables. Anybody can claim an address: this
// is for showing and addressing, not evidence.
func (p *Ports) MACOf(addr netip.Addr) (home.MAC, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	m, ok := p.neighbors[addr.WithZone("")]
	return m, ok
}

// Neighbors returns a copy of the LAN's ARP and ND tables.
func (p *Ports) Neighbors() map[netip.Addr]home.MAC {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return maps.Clone(p.neighbors)
}

// GatewayMACs are the MACs of the gateway's own interfaces, in order. Not to be changed by the caller.
func (p *Ports) GatewayMACs() []home.MAC { return p.local.Load().macs }

// GatewayAddrs are the gateway's own addresses, in order. Not to be changed by the caller.
func (p *Ports) GatewayAddrs() []netip.Addr { return p.local.Load().list }

// Prefixes are the prefixes on the LAN bridge, link-local included, in order. Not to be changed by the caller.
func (p *Ports) Prefixes() []netip.Prefix { return p.local.Load().prefixes }

// portName is the name of the interface with this index; "" when there is none.
func (p *Ports) portName(index uint32) string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.links[index].name
}
