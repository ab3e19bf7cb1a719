// Package bridge knows who is where on the home's bridge: which port each MAC was learned on, who answers for which address,
// and what the gateway's own MACs, addresses and prefixes are, followed by rtnetlink. It imports home and nl of ours. A
// Ports owns its socket and its tables, which are bounded.
package bridge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"cardea/gateway/capture/kernel/nl"
	"cardea/home"

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

// Config says which bridge to follow.
type Config struct {
	LAN         string          // the bridge's name
	BufferBytes int             // receive buffer; at least 256 KiB
	Duplicate   func(Duplicate) // called without a lock held; may be nil
}

// Stats are counts since New.
type Stats struct {
	Overruns, Malformed uint64 // receive buffer overflows; messages that could not be read
	Duplicates          uint64 // MACs seen on two ports at once
	Full                uint64 // MACs, links, addresses or neighbours not remembered for lack of room
}

type counters struct{ overruns, malformed, duplicates, portsFull atomic.Uint64 }

// Ports knows who is where: which bridge port each MAC was learned on, who has which address, and what the gateway's own
// MACs, addresses and prefixes are. It follows the kernel's tables (rtnetlink), which age by themselves. Safe from any
// goroutine.
type Ports struct {
	lanName   string
	duplicate func(Duplicate)
	c         counters
	sock      *nl.Socket

	local   atomic.Pointer[Self] // replaced whole on each change
	lan     atomic.Uint32        // the bridge's ifindex; 0 while there is none
	version atomic.Uint64        // counts changes of links

	mu        sync.RWMutex
	links     map[uint32]link
	addrs     map[nl.Address]struct{}
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

// New opens the socket in the calling thread's network namespace and reads the tables once, so that they are known before
// the first packet.
func New(cfg Config) (*Ports, error) {
	s, err := nl.Open(unix.NETLINK_ROUTE, max(cfg.BufferBytes, minRouteBuffer), rtGroups)
	if err != nil {
		return nil, fmt.Errorf("ports: %w", err)
	}
	p := &Ports{lanName: cfg.LAN, duplicate: cfg.Duplicate, sock: s}
	p.local.Store(&Self{})
	p.forget()
	err = p.dump()
	for tries := 0; errors.Is(err, nl.ErrOverrun) && tries < 10; tries++ {
		err = p.dump()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("ports: %w", err), s.Close())
	}
	return p, nil
}

// Fixed makes Ports that know what they are told and follow no kernel, for tests and for replays without a bridge: the
// bridge lan with the interfaces on it, all by their index, and its addresses.
func Fixed(lan string, index uint32, ports map[uint32]string, addrs []netip.Prefix) *Ports {
	p := &Ports{lanName: lan}
	p.local.Store(&Self{})
	p.forget()
	p.link(&nl.Link{Index: index, Name: lan}, true)
	for i, n := range ports {
		p.link(&nl.Link{Index: i, Name: n, Master: index}, true)
	}
	for _, a := range addrs {
		p.addr(nl.Address{Index: index, Prefix: a}, true)
	}
	return p
}

// forget empties the tables before a dump fills them again.
func (p *Ports) forget() {
	p.links, p.addrs = map[uint32]link{}, map[nl.Address]struct{}{}
	p.stations, p.neighbors = map[home.MAC]*station{}, map[netip.Addr]home.MAC{}
}

// dump reads links, addresses, neighbours and the forwarding table, one after the other: the kernel runs one dump a
// socket. Changes that come meanwhile are taken as they come.
func (p *Ports) dump() error {
	for _, d := range [...]struct {
		typ  uint16
		data []byte
	}{
		{unix.RTM_GETLINK, make([]byte, unix.SizeofIfInfomsg)},
		{unix.RTM_GETADDR, make([]byte, unix.SizeofIfAddrmsg)},
		{unix.RTM_GETNEIGH, make([]byte, unix.SizeofNdMsg)},
		{unix.RTM_GETNEIGH, append([]byte{unix.AF_BRIDGE}, make([]byte, unix.SizeofNdMsg-1)...)},
	} {
		seq, err := p.sock.Dump(d.typ, d.data)
		if err != nil {
			return fmt.Errorf("asking for message type %d: %w", d.typ, err)
		}
		for done := false; !done; {
			b, err := p.sock.Receive()
			if err != nil {
				return err
			}
			if done, err = p.batch(b, seq); err != nil {
				return fmt.Errorf("dump of message type %d: %w", d.typ, err)
			}
		}
	}
	return nil
}

// Run follows changes until the socket is closed; after an overrun it reads everything again.
func (p *Ports) Run(ctx context.Context) error {
	for {
		b, err := p.sock.Receive()
		if err == nil {
			_, err = p.batch(b, 0)
		}
		for errors.Is(err, nl.ErrOverrun) {
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
		m, rest, ok, bad := nl.Next(b)
		if bad != nil {
			p.c.malformed.Add(1)
		}
		if bad != nil || !ok {
			break
		}
		b = rest
		if m.Type == unix.NLMSG_DONE || m.Type == unix.NLMSG_ERROR {
			if m.Seq == seq && seq != 0 {
				done, err = true, nl.KernelError(m.Body)
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
func (p *Ports) message(m nl.Message, now time.Time) (d Duplicate, report bool) {
	ok := true
	switch m.Type {
	case unix.RTM_NEWLINK, unix.RTM_DELLINK:
		var l nl.Link
		if ok = nl.DecodeLink(&l, m.Body); ok {
			p.link(&l, m.Type == unix.RTM_NEWLINK)
		}
	case unix.RTM_NEWADDR, unix.RTM_DELADDR:
		var a nl.Address
		if ok = nl.DecodeAddress(&a, m.Body); ok {
			p.addr(a, m.Type == unix.RTM_NEWADDR)
		}
	case unix.RTM_NEWNEIGH, unix.RTM_DELNEIGH:
		var n nl.Neighbor
		if ok = nl.DecodeNeighbor(&n, m.Body); !ok {
			break
		}
		if n.Family == unix.AF_BRIDGE {
			d, report = p.station(&n, m.Type == unix.RTM_NEWNEIGH, now)
		} else {
			p.neighbor(&n, m.Type == unix.RTM_NEWNEIGH)
		}
	}
	if !ok {
		p.c.malformed.Add(1)
	}
	return d, report
}

// Close closes the socket, which ends Run. Safe to call more than once.
func (p *Ports) Close() error {
	if p.sock == nil {
		return nil
	}
	return p.sock.Close()
}

// Stats returns the counts so far.
func (p *Ports) Stats() Stats {
	return Stats{p.c.overruns.Load(), p.c.malformed.Load(), p.c.duplicates.Load(), p.c.portsFull.Load()}
}
