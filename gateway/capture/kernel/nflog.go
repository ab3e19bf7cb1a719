package kernel

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"cardea/gateway/capture/dissect"
	"cardea/gateway/capture/kernel/nl"
	"cardea/home"

	"golang.org/x/sys/unix"
)

// logKind says what the packets of a group are.
type logKind uint8

const (
	routed logKind = iota + 1
	bridged
	dropped
)

// logGroup is one NFLOG group. threshold packets make the kernel send at once; fewer wait 10 ms.
type logGroup struct {
	number    uint16
	snaplen   uint32
	threshold uint32
	kind      logKind
}

// logReader reads one group by a socket of its own, so that a flood in one cannot push packets out of another.
type logReader struct {
	k     *Kernel
	group logGroup
	sock  *nl.Socket
	msg   nl.Log
	frame [14 + nl.MaxPayload]byte // a bridge packet put together again, Ethernet header first
	next  uint32                   // the sequence number that should come
	known bool                     // next is set
}

// predecessor is how long a group may still belong to an agent that was killed just now: its process closes its files last.
const predecessor = 2 * time.Second

// openLog binds a group. EPERM means that CAP_NET_ADMIN is missing or that another program reads the group (kernel 6.18).
func openLog(g logGroup, bufferBytes int) (*logReader, error) {
	s, err := nl.Open(unix.NETLINK_NETFILTER, bufferBytes, 0)
	if err != nil {
		return nil, err
	}
	// Two messages: the kernel binds in the first and refuses the rest until then.
	bind := nl.AppendAttr(nil, nl.LogCfgCmd, []byte{nl.LogCmdBind})
	mode := binary.BigEndian.AppendUint32(nil, g.snaplen)
	set := nl.AppendAttr(nil, nl.LogCfgMode, append(mode, nl.LogCopyPacket, 0))
	// Hundredths of a second. The kernel's own default keeps a lone packet back for a whole second.
	set = nl.AppendAttr(set, nl.LogCfgTimeout, binary.BigEndian.AppendUint32(nil, 1))
	set = nl.AppendAttr(set, nl.LogCfgQLen, binary.BigEndian.AppendUint32(nil, g.threshold))
	set = nl.AppendAttr(set, nl.LogCfgFlags, binary.BigEndian.AppendUint16(nil, nl.LogFlagSeq))
	for _, attrs := range [][]byte{bind, set} {
		data := append([]byte{unix.AF_UNSPEC, 0, byte(g.number >> 8), byte(g.number)}, attrs...)
		err := s.Request(nl.MsgLogConfig, data)
		for end := time.Now().Add(predecessor); errors.Is(err, unix.EPERM) && time.Now().Before(end); {
			time.Sleep(20 * time.Millisecond)
			err = s.Request(nl.MsgLogConfig, data)
		}
		if err != nil {
			hint := ""
			if errors.Is(err, unix.EPERM) {
				hint = " (does another program read this group? else CAP_NET_ADMIN is missing)"
			}
			return nil, errors.Join(fmt.Errorf("binding%s: %w", hint, err), s.Close())
		}
	}
	return &logReader{group: g, sock: s}, nil
}

// read handles packets until the socket is closed.
func (r *logReader) read(ctx context.Context) error {
	var p dissect.Packet
	for {
		b, err := r.sock.Receive()
		switch {
		case errors.Is(err, nl.ErrOverrun):
			r.k.c.overruns.Add(1)
			continue
		case errors.Is(err, net.ErrClosed):
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("NFLOG group %d: %w", r.group.number, err)
		}
		r.k.mu.Lock()
		r.batch(&p, b, time.Now())
		r.k.mu.Unlock()
	}
}

// batch handles one datagram. mu is held.
func (r *logReader) batch(p *dissect.Packet, b []byte, now time.Time) {
	for {
		m, rest, ok, err := nl.Next(b)
		if err != nil {
			r.k.c.malformed.Add(1)
			return
		}
		if !ok {
			return
		}
		b = rest
		if m.Type != nl.MsgLogPacket {
			continue // NLMSG_DONE ends a batch of several packets: it is not one
		}
		r.k.c.packets.Add(1)
		if !nl.DecodeLog(&r.msg, m.Body) {
			r.k.c.malformed.Add(1)
			continue
		}
		r.countLost()
		r.packet(p, now)
	}
}

// countLost counts packets that the kernel numbered but could not deliver.
func (r *logReader) countLost() {
	if !r.msg.HasSeq {
		return
	}
	if gap := r.msg.Seq - r.next; r.known && gap < 1<<31 {
		r.k.c.lostPackets.Add(uint64(gap))
	}
	r.next, r.known = r.msg.Seq+1, true
}

// packet hands one packet to the table, unless its port has had its share.
func (r *logReader) packet(p *dissect.Packet, now time.Time) {
	t := r.k.table
	lan := r.k.ports.LAN()
	index := r.msg.Port(lan)
	port := t.portOf(index, now)
	if !port.take() {
		r.k.c.shed.Add(1)
		return
	}
	p.Meta = dissect.Meta{Time: now, Port: port.name, Source: r.msg.Source, Dest: r.msg.Dest}
	if err := r.parse(p); err != nil {
		if !errors.Is(err, dissect.ErrNotHandled) {
			r.k.c.malformed.Add(1)
		}
		return
	}
	if p.Proto == home.ProtoTCP && r.msg.Hook == nl.HookForward && r.msg.Family != nl.FamilyBridge && p.Hops < 255 {
		p.Hops++ // the kernel has counted itself already (ip_forward.c, ip6_output.c)
	}
	if p.Wire == 0 {
		p.Wire = wireLength(r.msg.Payload)
	}
	switch r.group.kind {
	case routed:
		// A packet from outside has been through address translation already: its tuple is not the original one.
		t.packet(p, port, index != 0 || r.msg.Indev == lan, false)
	case bridged:
		t.packet(p, port, true, true)
	case dropped:
		t.dropped(p)
	}
}

// parse puts the Ethernet header back before a bridge packet's payload; the inet family needs none.
func (r *logReader) parse(p *dissect.Packet) error {
	if r.msg.Family != nl.FamilyBridge {
		return dissect.ParseIP(p, r.msg.Payload)
	}
	frame := append(r.frame[:0], r.msg.Dest[:]...)
	frame = append(frame, r.msg.Source[:]...)
	frame = binary.BigEndian.AppendUint16(frame, r.msg.Proto)
	frame = append(frame, r.msg.Payload...)
	return dissect.ParseFrame(p, dissect.LinkEthernet, frame)
}

// wireLength is the frame's length on the wire, by the IP header: NFLOG does not tell, and cuts at snaplen.
func wireLength(ip []byte) uint32 {
	const ethernet = 14
	switch {
	case len(ip) >= 20 && ip[0]>>4 == 4:
		return ethernet + uint32(binary.BigEndian.Uint16(ip[2:]))
	case len(ip) >= 40 && ip[0]>>4 == 6:
		return ethernet + 40 + uint32(binary.BigEndian.Uint16(ip[4:]))
	}
	return ethernet + uint32(len(ip))
}

// isFlow says whether a packet belongs to a flow worth following: not the link's own upkeep (neighbour discovery, router
// advertisements, multicast listener reports), not a later fragment, not an ICMP error.
func isFlow(p *dissect.Packet) bool {
	if !p.IsIP || p.Fragment {
		return false
	}
	switch p.Proto {
	case home.ProtoTCP, home.ProtoUDP:
		return true
	case home.ProtoICMP, home.ProtoICMPv6:
		_, known := p.Request()
		return known
	}
	return false
}
