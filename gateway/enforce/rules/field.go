package rules

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// Type is the type of a set's key or of one part of it.
type Type struct {
	Name  string
	Bytes int    // without the padding to 4
	Magic uint32 // nft's number for the type, so that `nft list` shows elements well
	Host  bool   // in the byte order of this machine
}

func typeOf(d nftables.SetDatatype, host bool) Type {
	return Type{Name: d.Name, Bytes: int(d.Bytes), Magic: d.GetNFTMagic(), Host: host}
}

// The key types in use.
var (
	EtherAddr = typeOf(nftables.TypeEtherAddr, false)
	IfName    = typeOf(nftables.TypeIFName, true)
	IfIndex   = typeOf(nftables.TypeIFIndex, true)
	MarkType  = typeOf(nftables.TypeMark, true)
	IPv4Addr  = typeOf(nftables.TypeIPAddr, false)
	IPv6Addr  = typeOf(nftables.TypeIP6Addr, false)
	Proto     = typeOf(nftables.TypeInetProto, false)
	Service   = typeOf(nftables.TypeInetService, false)
)

// Key packs parts into an element's key: each is padded to 4 bytes, as the registers are.
func Key(parts ...[]byte) string {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	if len(parts) == 1 {
		b = b[:len(parts[0])]
	}
	return string(b)
}

// NameKey is an interface name as a key (IFNAMSIZ, zero-padded).
func NameKey(name string) []byte {
	b := make([]byte, 16)
	copy(b[:15], name)
	return b
}

// PortKey is a TCP or UDP port as a key.
func PortKey(p uint16) []byte { return binary.BigEndian.AppendUint16(nil, p) }

// Field is something a packet has that can be compared or looked up.
type Field struct {
	text  string
	typ   Type
	needs []need
	load  func(reg uint32) []code
}

func meta(text string, t Type, key expr.MetaKey) Field {
	return Field{text: text, typ: t, load: func(reg uint32) []code {
		return []code{known(&expr.Meta{Key: key, Register: reg})}
	}}
}

func payload(text string, t Type, base expr.PayloadBase, offset int, needs ...need) Field {
	return Field{text: text, typ: t, needs: needs, load: func(reg uint32) []code {
		return []code{known(&expr.Payload{DestRegister: reg, Base: base, Offset: uint32(offset), Len: uint32(t.Bytes)})}
	}}
}

const (
	link      = expr.PayloadBaseLLHeader
	network   = expr.PayloadBaseNetworkHeader
	transport = expr.PayloadBaseTransportHeader
)

// Fields. Offsets: Ethernet (IEEE 802.3 3.2), ARP (RFC 826), IPv4 (RFC 791), IPv6 (RFC 8200), TCP/UDP ports (RFC 9293,
// 768), ICMPv6 (RFC 4443), neighbour discovery (RFC 4861 4.3), DHCPv4 behind the UDP header (RFC 2131 2).
var (
	In       = meta("iifname", IfName, expr.MetaKeyIIFNAME)
	Out      = meta("oifname", IfName, expr.MetaKeyOIFNAME)
	InIndex  = meta("iif", IfIndex, expr.MetaKeyIIF)
	L4       = meta("meta l4proto", Proto, expr.MetaKeyL4PROTO)
	EtherSrc = payload("ether saddr", EtherAddr, link, 6)
	EtherDst = payload("ether daddr", EtherAddr, link, 0)
	ARPSrc   = payload("arp saddr ip", IPv4Addr, network, 14, arp)
	IP4Src   = payload("ip saddr", IPv4Addr, network, 12, ip4)
	IP4Dst   = payload("ip daddr", IPv4Addr, network, 16, ip4)
	IP6Src   = payload("ip6 saddr", IPv6Addr, network, 8, ip6)
	IP6Dst   = payload("ip6 daddr", IPv6Addr, network, 24, ip6)
	TCPSrc   = payload("tcp sport", Service, transport, 0, tcp)
	TCPDst   = payload("tcp dport", Service, transport, 2, tcp)
	UDPSrc   = payload("udp sport", Service, transport, 0, udp)
	UDPDst   = payload("udp dport", Service, transport, 2, udp)
	THSrc    = payload("th sport", Service, transport, 0)
	THDst    = payload("th dport", Service, transport, 2)
	ICMP6    = payload("icmpv6 type", Proto, transport, 0, ip6, icmp6)
	NDTarget = payload("@th,64,128", IPv6Addr, transport, 8, ip6, icmp6)
	DHCPCI   = payload("@th,160,32", IPv4Addr, transport, 20, ip4, udp)  // ciaddr
	DHCPHw   = payload("@th,288,48", EtherAddr, transport, 36, ip4, udp) // chaddr
)

// Port is the part of the packet mark that names the bridge port a frame came in by.
const PortMask = 0x0fff0000

// PortMark is the packet mark's port part as a key.
var PortMark = Field{text: fmt.Sprintf("meta mark & %#08x", PortMask), typ: MarkType, load: func(reg uint32) []code {
	if reg != firstRegister {
		panic("PortMark can only be the first part of a key")
	}
	return []code{known(&expr.Meta{Key: expr.MetaKeyMARK, Register: reg}), and(PortMask)}
}}

// concat loads several fields side by side.
func concat(fields []Field) (text string, needs []need, codes []code) {
	reg := uint32(firstRegister)
	var names []string
	for _, f := range fields {
		names = append(names, f.text)
		needs = append(needs, f.needs...)
		codes = append(codes, f.load(reg)...)
		reg += uint32(f.typ.Bytes+3) / 4
	}
	return strings.Join(names, " . "), needs, codes
}

// addr4 and addr6 as bytes.
func addrBytes(a netip.Addr) []byte { return a.AsSlice() }
