package rules

import (
	"encoding/binary"
	"fmt"

	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Registers: fields of a concatenation lie one after the other in 4-byte registers from the first one on
// (linux/netfilter/nf_tables.h, NFT_REG32_00). Single fields use the same place.
const firstRegister = unix.NFT_REG32_00

// code makes an expression's bytes for a family.
type code func(f Family) ([]byte, error)

func known(e expr.Any) code {
	return func(f Family) ([]byte, error) { return expr.Marshal(byte(f), e) }
}

// raw is for what google/nftables 0.3.0 cannot say: a shift, and the direction of a connection's packet counter.
func raw(name string, attrs ...netlink.Attribute) code {
	return func(Family) ([]byte, error) {
		data, err := netlink.MarshalAttributes(attrs)
		if err != nil {
			return nil, err
		}
		return netlink.MarshalAttributes([]netlink.Attribute{
			{Type: unix.NFTA_EXPR_NAME, Data: []byte(name + "\x00")},
			{Type: unix.NLA_F_NESTED | unix.NFTA_EXPR_DATA, Data: data},
		})
	}
}

func u32(typ uint16, v uint32) netlink.Attribute {
	return netlink.Attribute{Type: typ, Data: binary.BigEndian.AppendUint32(nil, v)}
}

// shiftLeft shifts a 32-bit register. The kernel has had it since 5.6; nft 1.0.6 has no syntax for it on a mark.
func shiftLeft(reg, bits uint32) code {
	const op, data, lshift = 6, 7, 1 // NFTA_BITWISE_OP, NFTA_BITWISE_DATA, NFT_BITWISE_LSHIFT
	value, err := netlink.MarshalAttributes([]netlink.Attribute{
		{Type: unix.NFTA_DATA_VALUE, Data: binary.NativeEndian.AppendUint32(nil, bits)},
	})
	if err != nil {
		return func(Family) ([]byte, error) { return nil, err }
	}
	return raw("bitwise", u32(unix.NFTA_BITWISE_SREG, reg), u32(unix.NFTA_BITWISE_DREG, reg), u32(unix.NFTA_BITWISE_LEN, 4),
		u32(op, lshift), netlink.Attribute{Type: unix.NLA_F_NESTED | data, Data: value})
}

func originalPackets(reg uint32) code {
	return raw("ct", u32(unix.NFTA_CT_KEY, unix.NFT_CT_PKTS), u32(unix.NFTA_CT_DREG, reg),
		netlink.Attribute{Type: unix.NFTA_CT_DIRECTION, Data: []byte{0}})
}

// need is a condition that a field has: its header must be there at all.
type need uint8

const (
	ip4 need = iota + 1
	ip6
	arp
	tcp
	udp
	icmp6
)

var (
	etherTypes = map[need]uint16{ip4: unix.ETH_P_IP, ip6: unix.ETH_P_IPV6, arp: unix.ETH_P_ARP}
	protocols  = map[need]byte{tcp: unix.IPPROTO_TCP, udp: unix.IPPROTO_UDP, icmp6: unix.IPPROTO_ICMPV6}
	nfprotos   = map[need]byte{ip4: unix.NFPROTO_IPV4, ip6: unix.NFPROTO_IPV6}
)

// check is the code of a need. In the bridge family the network protocol is the frame's, in inet the hook's.
func (n need) check(f Family) ([]code, error) {
	load := func(key expr.MetaKey, value []byte) []code {
		return []code{known(&expr.Meta{Key: key, Register: firstRegister}), compare(expr.CmpOpEq, value)}
	}
	if p, ok := protocols[n]; ok {
		return load(expr.MetaKeyL4PROTO, []byte{p}), nil
	}
	if f == Bridge {
		return load(expr.MetaKeyPROTOCOL, binary.BigEndian.AppendUint16(nil, etherTypes[n])), nil
	}
	if p, ok := nfprotos[n]; ok {
		return load(expr.MetaKeyNFPROTO, []byte{p}), nil
	}
	return nil, fmt.Errorf("no such packets in family %s", f)
}

func compare(op expr.CmpOp, value []byte) code {
	return known(&expr.Cmp{Op: op, Register: firstRegister, Data: value})
}

func and(mask uint32) code { return maskXor(mask, 0) }

func maskXor(mask, xor uint32) code {
	return known(&expr.Bitwise{SourceRegister: firstRegister, DestRegister: firstRegister, Len: 4,
		Mask: binary.NativeEndian.AppendUint32(nil, mask), Xor: binary.NativeEndian.AppendUint32(nil, xor)})
}
