package router

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// The firewall is written in nf_tables netlink messages by hand, so that the lab needs neither the nft program nor the
// agent's library: the table must look to the agent like somebody else's. Message and attribute numbers are those of
// linux/netfilter/nf_tables.h.

func be32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
func host32(v uint32) []byte {
	return binary.NativeEndian.AppendUint32(nil, v)
}
func text(s string) []byte { return append([]byte(s), 0) }

// attr is one netlink attribute, padded to 4 bytes.
func attr(kind uint16, data []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(data)))
	b = append(binary.NativeEndian.AppendUint16(b, kind), data...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func nest(kind uint16, parts ...[]byte) []byte {
	var data []byte
	for _, p := range parts {
		data = append(data, p...)
	}
	return attr(kind|unix.NLA_F_NESTED, data)
}

func expr(name string, parts ...[]byte) []byte {
	return nest(unix.NFTA_LIST_ELEM, attr(unix.NFTA_EXPR_NAME, text(name)), nest(unix.NFTA_EXPR_DATA, parts...))
}

func load(key uint32) []byte {
	return expr("meta", attr(unix.NFTA_META_KEY, be32(key)), attr(unix.NFTA_META_DREG, be32(unix.NFT_REG_1)))
}

func compare(op uint32, value []byte) []byte {
	return expr("cmp", attr(unix.NFTA_CMP_SREG, be32(unix.NFT_REG_1)), attr(unix.NFTA_CMP_OP, be32(op)),
		nest(unix.NFTA_CMP_DATA, attr(unix.NFTA_DATA_VALUE, value)))
}

// name pads an interface name as the kernel compares it.
func name(dev string) []byte { return append([]byte(dev), make([]byte, unix.IFNAMSIZ-len(dev))...) }

// tracked matches connections whose tracking key has one of the bits.
func tracked(key, bits uint32) []byte {
	value := func(v uint32) []byte { return attr(unix.NFTA_DATA_VALUE, host32(v)) }
	return append(append(
		expr("ct", attr(unix.NFTA_CT_KEY, be32(key)), attr(unix.NFTA_CT_DREG, be32(unix.NFT_REG_1))),
		expr("bitwise", attr(unix.NFTA_BITWISE_SREG, be32(unix.NFT_REG_1)), attr(unix.NFTA_BITWISE_DREG, be32(unix.NFT_REG_1)),
			attr(unix.NFTA_BITWISE_LEN, be32(4)), nest(unix.NFTA_BITWISE_MASK, value(bits)),
			nest(unix.NFTA_BITWISE_XOR, value(0)))...),
		compare(unix.NFT_CMP_NEQ, host32(0))...)
}

// Bits of a connection's state (NF_CT_STATE_BIT) and status (ip_conntrack_status).
const (
	stateNew   = 1 << 3
	statusDNAT = 1 << 5 // somebody forwarded a port
)

// verdict ends a rule: 0 drops, 1 accepts.
func verdict(code uint32) []byte {
	return expr("immediate", attr(unix.NFTA_IMMEDIATE_DREG, be32(unix.NFT_REG_VERDICT)),
		nest(unix.NFTA_IMMEDIATE_DATA, nest(unix.NFTA_DATA_VERDICT, attr(unix.NFTA_VERDICT_CODE, be32(code)))))
}

const table = "fw4"

func chain(name, kind string, hook, priority uint32) []byte {
	return join(attr(unix.NFTA_CHAIN_TABLE, text(table)), attr(unix.NFTA_CHAIN_NAME, text(name)),
		nest(unix.NFTA_CHAIN_HOOK, attr(unix.NFTA_HOOK_HOOKNUM, be32(hook)), attr(unix.NFTA_HOOK_PRIORITY, be32(priority))),
		attr(unix.NFTA_CHAIN_TYPE, text(kind)))
}

func rule(chain string, exprs ...[]byte) []byte {
	return join(attr(unix.NFTA_RULE_TABLE, text(table)), attr(unix.NFTA_RULE_CHAIN, text(chain)),
		nest(unix.NFTA_RULE_EXPRESSIONS, exprs...))
}

func join(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// firewall loads `table inet fw4`: nothing new comes in from the WAN, IPv4 leaves with the WAN's address.
func firewall(wan string) error {
	fromWAN := append(load(unix.NFT_META_IIFNAME), compare(unix.NFT_CMP_EQ, name(wan))...)
	toWAN := append(load(unix.NFT_META_OIFNAME), compare(unix.NFT_CMP_EQ, name(wan))...)
	ipv4 := append(load(unix.NFT_META_NFPROTO), compare(unix.NFT_CMP_EQ, []byte{unix.NFPROTO_IPV4})...)
	const nfInput, nfForward, nfPostrouting = 1, 2, 4
	begins := tracked(unix.NFT_CT_STATE, stateNew)
	return commit([]message{
		{unix.NFT_MSG_NEWTABLE, attr(unix.NFTA_TABLE_NAME, text(table))},
		{unix.NFT_MSG_NEWCHAIN, chain("input", "filter", nfInput, 0)},
		{unix.NFT_MSG_NEWCHAIN, chain("forward", "filter", nfForward, 0)},
		{unix.NFT_MSG_NEWCHAIN, chain("srcnat", "nat", nfPostrouting, 100)},
		{unix.NFT_MSG_NEWRULE, rule("input", fromWAN, begins, verdict(0))},
		{unix.NFT_MSG_NEWRULE, rule("forward", tracked(unix.NFT_CT_STATUS, statusDNAT), verdict(1))},
		{unix.NFT_MSG_NEWRULE, rule("forward", fromWAN, begins, verdict(0))},
		{unix.NFT_MSG_NEWRULE, rule("srcnat", ipv4, toWAN, expr("masq"))},
	})
}

type message struct {
	kind uint16
	body []byte
}

// commit sends the messages as one transaction and reads an answer to each.
func commit(list []message) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return fmt.Errorf("firewall: open netlink: %w", err)
	}
	defer func() { _ = unix.Close(fd) }()
	batch := packet(unix.NFNL_MSG_BATCH_BEGIN, 0, unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES, 0, nil)
	for i, m := range list {
		batch = append(batch, packet(unix.NFNL_SUBSYS_NFTABLES<<8|m.kind, unix.NLM_F_CREATE|unix.NLM_F_APPEND|unix.NLM_F_ACK,
			unix.NFPROTO_INET, 0, uint32(i+1), m.body)...)
	}
	batch = append(batch, packet(unix.NFNL_MSG_BATCH_END, 0, unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES, 0, nil)...)
	if err := unix.Sendto(fd, batch, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("firewall: send: %w", err)
	}
	buf := make([]byte, 64<<10)
	for answers := 0; answers < len(list); {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err != nil {
			return fmt.Errorf("firewall: read answers: %w", err)
		}
		for b := buf[:n]; len(b) >= 20; answers++ {
			size := (int(binary.NativeEndian.Uint32(b)) + 3) &^ 3
			if code := int32(binary.NativeEndian.Uint32(b[16:])); code != 0 {
				return fmt.Errorf("firewall: message %d: %w", binary.NativeEndian.Uint32(b[8:]), unix.Errno(-code))
			}
			if size < 20 || size > len(b) {
				return fmt.Errorf("firewall: answer of %d bytes", size)
			}
			b = b[size:]
		}
	}
	return nil
}

// packet is a netlink message with an nfgenmsg header.
func packet(kind uint16, flags uint16, family uint8, resource uint16, seq uint32, body []byte) []byte {
	b := host32(uint32(20 + len(body)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, flags|unix.NLM_F_REQUEST)
	b = append(append(b, host32(seq)...), host32(0)...)
	b = append(b, family, 0)
	b = binary.BigEndian.AppendUint16(b, resource)
	return append(b, body...)
}
