package kernel

import "sync/atomic"

// Stats are counts since New; they only grow, save Flows, Held and Ports.
type Stats struct {
	Conntrack   uint64 `json:"conntrack"`     // conntrack events
	Packets     uint64 `json:"packets"`       // NFLOG packets
	Dumped      uint64 `json:"dumped"`        // flows read in dumps
	Overruns    uint64 `json:"overruns"`      // times that a receive buffer overflowed (ENOBUFS), all sockets
	LostPackets uint64 `json:"lost_packets"`  // NFLOG packets that the kernel could not deliver, by their numbers
	Dumps       uint64 `json:"dumps"`         // conntrack dumps, the regular ones included
	Resyncs     uint64 `json:"resyncs"`       // of them to heal an overrun
	Missed      uint64 `json:"missed"`        // flows that a dump found begun or ended unnoticed
	Malformed   uint64 `json:"malformed"`     // netlink messages and packets that could not be read
	Gateway     uint64 `json:"gateway_flows"` // flows that the gateway itself began: left out
	Unproven    uint64 `json:"unproven"`      // flows told without the packet that proves their sender
	Evicted     uint64 `json:"evicted"`       // flows forgotten before their end for lack of room
	Shed        uint64 `json:"shed"`          // first packets and flows of a port over its rate, not looked at
	Collisions  uint64 `json:"collisions"`    // flows not followed because another has the same ID
	Duplicates  uint64 `json:"duplicates"`    // MACs seen on two ports at once
	PortsFull   uint64 `json:"ports_full"`    // MACs, links or neighbours not remembered for lack of room

	Flows int `json:"flows"` // live flows remembered now
	Held  int `json:"held"`  // of them waiting for their first packet
}

// counters are Stats in the making; the atomic types keep them aligned on 32-bit machines.
type counters struct {
	conntrack, packets, dumped, overruns, lostPackets, dumps, resyncs, missed, malformed atomic.Uint64

	gateway, unproven, evicted, shed, collisions atomic.Uint64
}

// Stats returns the counts so far. Safe from any goroutine, but not from within the sink.
func (k *Kernel) Stats() Stats {
	c, p := &k.c, k.ports.Stats()
	k.mu.Lock()
	flows, held := k.table.used, k.table.holding
	k.mu.Unlock()
	return Stats{
		Conntrack: c.conntrack.Load(), Packets: c.packets.Load(), Dumped: c.dumped.Load(),
		Overruns: c.overruns.Load() + p.Overruns, LostPackets: c.lostPackets.Load(),
		Dumps: c.dumps.Load(), Resyncs: c.resyncs.Load(), Missed: c.missed.Load(),
		Malformed: c.malformed.Load() + p.Malformed, Gateway: c.gateway.Load(), Unproven: c.unproven.Load(),
		Evicted: c.evicted.Load(), Shed: c.shed.Load(), Collisions: c.collisions.Load(),
		Duplicates: p.Duplicates, PortsFull: p.Full, Flows: flows, Held: held,
	}
}
