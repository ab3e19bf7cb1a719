package kernel

import (
	"encoding/binary"

	"cardea/home"
)

// nfnetlink_log's numbers (include/uapi/linux/netfilter/nfnetlink_log.h).
const (
	subsysLog    = 4 << 8
	msgLogPacket = subsysLog | 0
	msgLogConfig = subsysLog | 1

	logPacketHdr, logMark, logInDev, logPhysInDev    = 1, 2, 4, 6
	logHWAddr, logPayload, logSeq, logHWType         = 8, 9, 12, 15
	logHWHeader, logHWLen, logVLAN, logL2Hdr         = 16, 17, 20, 21
	logCfgCmd, logCfgMode, logCfgTimeout, logCfgQLen = 1, 2, 4, 5
	logCfgFlags                                      = 6
	logCmdBind, logCopyPacket, logFlagSeq            = 1, 2, 1

	familyBridge = 7 // AF_BRIDGE

	// maxPayload is the most that is looked at, whatever another program set the copy range to.
	maxPayload = 4096
)

// The packet mark's fields: where a frame came in (12 bits of ifindex), set in bridge prerouting.
const (
	markPort      = 0x0fff0000
	markPortShift = 16
)

// logPacket is a decoded NFLOG message. Its slices point into the receive buffer.
type logPacket struct {
	family    uint8  // AF_INET, AF_INET6 or AF_BRIDGE
	proto     uint16 // ethertype of the payload
	mark      uint32
	indev     uint32 // ifindex
	physIndev uint32 // ifindex of the bridge port
	source    home.MAC
	dest      home.MAC
	seq       uint32
	hasSeq    bool
	payload   []byte // from the network header on
}

// port is the ifindex of the bridge port that the frame came in by, 0 when unknown. On the bridge the kernel tells it: as
// the physical device, or as the device itself where it is built without br_netfilter. Behind the bridge only the mark
// still knows, and the physical device on a machine with br_netfilter.
func (p *logPacket) port(lan uint32) uint32 {
	if p.family == familyBridge {
		if p.physIndev != 0 {
			return p.physIndev
		}
		if p.indev != lan {
			return p.indev
		}
	}
	if m := p.mark & markPort >> markPortShift; m != 0 {
		return m
	}
	return p.physIndev
}

// decodeLog reads the body of an NFULNL_MSG_PACKET. It says false when the message is broken or carries no packet.
func decodeLog(p *logPacket, body []byte) bool {
	*p = logPacket{}
	if len(body) < sizeNFGen {
		return false
	}
	p.family = body[0]
	a := attrs{rest: body[sizeNFGen:]}
	for a.next() {
		switch a.typ {
		case logPacketHdr: // struct nfulnl_msg_packet_hdr: be16 protocol, hook, padding
			if len(a.data) >= 2 {
				p.proto = binary.BigEndian.Uint16(a.data)
			}
		case logMark:
			p.mark = be32(a.data)
		case logInDev:
			p.indev = be32(a.data)
		case logPhysInDev:
			p.physIndev = be32(a.data)
		case logHWAddr: // struct nfulnl_msg_packet_hw: be16 length, padding, 8 bytes of address
			if len(a.data) >= 10 && binary.BigEndian.Uint16(a.data) == 6 {
				p.source = home.MACOf(a.data[4:10])
			}
		case logHWHeader, logL2Hdr:
			if len(a.data) >= 14 {
				p.dest = home.MACOf(a.data[:6])
				if p.source.IsZero() {
					p.source = home.MACOf(a.data[6:12])
				}
			}
		case logSeq:
			p.seq, p.hasSeq = be32(a.data), true
		case logPayload:
			p.payload = a.data[:min(len(a.data), maxPayload)]
		}
	}
	return !a.bad && len(p.payload) > 0
}
