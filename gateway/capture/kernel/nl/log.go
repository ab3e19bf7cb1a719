package nl

import (
	"encoding/binary"

	"cardea/home"
)

// nfnetlink_log's numbers (include/uapi/linux/netfilter/nfnetlink_log.h).
const (
	subsysLog    = 4 << 8
	MsgLogPacket = subsysLog
	MsgLogConfig = subsysLog | 1

	logPacketHdr, logMark, logInDev, logPhysInDev    = 1, 2, 4, 6
	logHWAddr, logPayload, logSeq, logHWType         = 8, 9, 12, 15
	logHWHeader, logHWLen, logVLAN, logL2Hdr         = 16, 17, 20, 21
	LogCfgCmd, LogCfgMode, LogCfgTimeout, LogCfgQLen = 1, 2, 4, 5
	LogCfgFlags                                      = 6
	LogCmdBind, LogCopyPacket, LogFlagSeq            = 1, 2, 1

	FamilyBridge = 7 // AF_BRIDGE
	HookForward  = 2 // NF_INET_FORWARD

	// MaxPayload is the most that is looked at, whatever another program set the copy range to.
	MaxPayload = 4096
)

// The packet mark's fields: where a frame came in (12 bits of ifindex), set in bridge prerouting.
const (
	markPort      = 0x0fff0000
	markPortShift = 16
)

// Log is a decoded NFLOG message. Its slices point into the receive buffer.
type Log struct {
	Family    uint8  // AF_INET, AF_INET6 or AF_BRIDGE
	Proto     uint16 // ethertype of the payload
	Hook      uint8  // netfilter hook, as HookForward
	Mark      uint32
	Indev     uint32 // ifindex
	PhysIndev uint32 // ifindex of the bridge port
	Source    home.MAC
	Dest      home.MAC
	Seq       uint32
	HasSeq    bool
	Payload   []byte // from the network header on
}

// Port is the ifindex of the bridge port that the frame came in by, 0 when unknown. On the bridge the kernel tells it: as
// the physical device, or as the device itself where it is built without br_netfilter. Behind the bridge only the mark
// still knows, and the physical device on a machine with br_netfilter.
func (p *Log) Port(lan uint32) uint32 {
	if p.Family == FamilyBridge {
		if p.PhysIndev != 0 {
			return p.PhysIndev
		}
		if p.Indev != lan {
			return p.Indev
		}
	}
	if m := p.Mark & markPort >> markPortShift; m != 0 {
		return m
	}
	return p.PhysIndev
}

// DecodeLog reads the body of an NFULNL_MSG_PACKET. It says false when the message is broken or carries no packet.
func DecodeLog(p *Log, body []byte) bool {
	*p = Log{}
	if len(body) < sizeNFGen {
		return false
	}
	p.Family = body[0]
	a := attrs{rest: body[sizeNFGen:]}
	for a.next() {
		switch a.typ {
		case logPacketHdr: // struct nfulnl_msg_packet_hdr: be16 protocol, hook, padding
			if len(a.data) >= 2 {
				p.Proto = binary.BigEndian.Uint16(a.data)
			}
			if len(a.data) >= 3 {
				p.Hook = a.data[2]
			}
		case logMark:
			p.Mark = be32(a.data)
		case logInDev:
			p.Indev = be32(a.data)
		case logPhysInDev:
			p.PhysIndev = be32(a.data)
		case logHWAddr: // struct nfulnl_msg_packet_hw: be16 length, padding, 8 bytes of address
			if len(a.data) >= 10 && binary.BigEndian.Uint16(a.data) == 6 {
				p.Source = home.MACOf(a.data[4:10])
			}
		case logHWHeader, logL2Hdr:
			if len(a.data) >= 14 {
				p.Dest = home.MACOf(a.data[:6])
				if p.Source.IsZero() {
					p.Source = home.MACOf(a.data[6:12])
				}
			}
		case logSeq:
			p.Seq, p.HasSeq = be32(a.data), true
		case logPayload:
			p.Payload = a.data[:min(len(a.data), MaxPayload)]
		}
	}
	return !a.bad && len(p.Payload) > 0
}
