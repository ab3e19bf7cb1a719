package rules

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Statement is one match or action of a rule.
type Statement struct {
	text  string
	needs []need
	codes []code
}

// match compares a field with a value; name is how nft writes the value.
func match(f Field, op expr.CmpOp, sign, name string, value []byte) Statement {
	return Statement{text: f.text + sign + " " + name, needs: f.needs, codes: append(f.load(firstRegister), compare(op, value))}
}

// Is matches an interface name.
func Is(f Field, name string) Statement {
	return match(f, expr.CmpOpEq, "", fmt.Sprintf("%q", name), NameKey(name))
}

// IsNot matches any other interface name.
func IsNot(f Field, name string) Statement {
	return match(f, expr.CmpOpNeq, " !=", fmt.Sprintf("%q", name), NameKey(name))
}

// Port matches a TCP or UDP port.
func Port(f Field, p uint16) Statement {
	return match(f, expr.CmpOpEq, "", fmt.Sprint(p), PortKey(p))
}

// Addr matches one address.
func Addr(f Field, a netip.Addr) Statement {
	return match(f, expr.CmpOpEq, "", a.String(), addrBytes(a))
}

// NotAddr matches any other address.
func NotAddr(f Field, a netip.Addr) Statement {
	return match(f, expr.CmpOpNeq, " !=", a.String(), addrBytes(a))
}

// ICMPv6 types that matter on a link (RFC 4861, RFC 4890).
var icmp6Names = map[byte]string{133: "nd-router-solicit", 134: "nd-router-advert", 135: "nd-neighbor-solicit", 136: "nd-neighbor-advert"}

// ICMP6Type matches a neighbour discovery message.
func ICMP6Type(t byte) Statement { return match(ICMP6, expr.CmpOpEq, "", icmp6Names[t], []byte{t}) }

// ARP matches ARP frames.
func ARP() Statement { return Statement{text: "meta protocol arp", needs: []need{arp}} }

// IPv4 matches IPv4 packets.
func IPv4() Statement { return Statement{text: "meta protocol ip", needs: []need{ip4}} }

// IPv6 matches IPv6 packets.
func IPv6() Statement { return Statement{text: "meta protocol ip6", needs: []need{ip6}} }

// TCP matches TCP over IPv4 or IPv6.
func TCP() Statement { return Statement{text: "meta l4proto tcp", needs: []need{tcp}} }

// UDP matches UDP over IPv4 or IPv6.
func UDP() Statement { return Statement{text: "meta l4proto udp", needs: []need{udp}} }

// Flags matches TCP flags under a mask (bits of RFC 9293 3.1).
func Flags(mask, want byte, text string) Statement {
	return Statement{text: "tcp flags " + text, needs: []need{tcp}, codes: []code{
		known(&expr.Payload{DestRegister: firstRegister, Base: transport, Offset: 13, Len: 1}),
		known(&expr.Bitwise{SourceRegister: firstRegister, DestRegister: firstRegister, Len: 1, Mask: []byte{mask}, Xor: []byte{0}}),
		compare(expr.CmpOpEq, []byte{want}),
	}}
}

// Within looks fields up in a set.
func Within(s *Set, fields ...Field) Statement { return lookup(s, false, fields) }

// Without matches what is not in the set.
func Without(s *Set, fields ...Field) Statement { return lookup(s, true, fields) }

func lookup(s *Set, not bool, fields []Field) Statement {
	text, needs, codes := concat(fields)
	sign := " "
	if not {
		sign = " != "
	}
	mustFit(s, fields)
	return Statement{text: text + sign + "@" + s.Name, needs: needs,
		codes: append(codes, known(&expr.Lookup{SourceRegister: firstRegister, SetName: s.Name, Invert: not}))}
}

// mustFit is a programmer's error caught when the rule is written, not a condition of the input.
func mustFit(s *Set, fields []Field) {
	ok := len(s.Key) == len(fields)
	for i := 0; ok && i < len(fields); i++ {
		ok = s.Key[i].Magic == fields[i].typ.Magic
	}
	if !ok {
		panic("key of set " + s.Name + " has other types than the fields")
	}
}

// Remember puts a key into a dynamic set, or renews its timeout.
func Remember(s *Set, fields ...Field) Statement {
	text, needs, codes := concat(fields)
	mustFit(s, fields)
	return Statement{text: "update @" + s.Name + " { " + text + " }", needs: needs, codes: append(codes,
		known(&expr.Dynset{SrcRegKey: firstRegister, SetName: s.Name, Operation: unix.NFT_DYNSET_OP_UPDATE}))}
}

// Budget matches at most rate packets a second, and burst at once, for each key. The limit is kept in the set's element,
// and belongs to the rule that came first: all rules that share a set have to give the same limit.
func Budget(s *Set, rate uint64, burst uint32, fields ...Field) Statement {
	text, needs, codes := concat(fields)
	mustFit(s, fields)
	l := &expr.Limit{Type: expr.LimitTypePkts, Rate: rate, Unit: expr.LimitTimeSecond, Burst: burst}
	return Statement{text: fmt.Sprintf("update @%s { %s limit rate %d/second burst %d packets }", s.Name, text, rate, burst),
		needs: needs, codes: append(codes, known(&expr.Dynset{SrcRegKey: firstRegister, SetName: s.Name,
			Operation: unix.NFT_DYNSET_OP_UPDATE, Exprs: []expr.Any{l}}))}
}

// marked looks at one bit of the packet mark.
func marked(bit uint32, op expr.CmpOp, sign string) Statement {
	return Statement{text: fmt.Sprintf("meta mark & 0x%08x %s 0x00000000", bit, sign), codes: []code{
		known(&expr.Meta{Key: expr.MetaKeyMARK, Register: firstRegister}), and(bit),
		compare(op, make([]byte, 4)),
	}}
}

// Marked matches a set bit of the packet mark.
func Marked(bit uint32) Statement { return marked(bit, expr.CmpOpNeq, "!=") }

// Unmarked matches a clear bit of the packet mark.
func Unmarked(bit uint32) Statement { return marked(bit, expr.CmpOpEq, "==") }

// SetMark sets bits of the packet mark and leaves the others.
func SetMark(bits uint32) Statement {
	return Statement{text: fmt.Sprintf("meta mark set meta mark | 0x%08x", bits), codes: []code{
		known(&expr.Meta{Key: expr.MetaKeyMARK, Register: firstRegister}), maskXor(^bits, bits),
		known(&expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: firstRegister}),
	}}
}

// SetPort writes the ifindex of the bridge port into the packet mark, which is still 0 in bridge prerouting. Index 4096
// and above wrap: the mark is then ambiguous, and only names a port wrongly in a home with thousands of interfaces.
func SetPort() Statement {
	return Statement{text: fmt.Sprintf("meta mark set iif << 16 & 0x%08x", PortMask), codes: []code{
		known(&expr.Meta{Key: expr.MetaKeyIIF, Register: firstRegister}), shiftLeft(firstRegister, 16), and(PortMask),
		known(&expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: firstRegister}),
	}}
}

// NewFlow matches a connection's first packets in either direction until it is answered.
func NewFlow() Statement {
	return Statement{text: "ct state new", codes: []code{
		known(&expr.Ct{Key: expr.CtKeySTATE, Register: firstRegister}), and(expr.CtStateBitNEW),
		compare(expr.CmpOpNeq, make([]byte, 4)),
	}}
}

// packets compares how many packets the beginner of the flow has sent (needs nf_conntrack_acct).
func packets(op expr.CmpOp, sign string, n uint64) Statement {
	return Statement{text: fmt.Sprintf("ct original packets %s %d", sign, n), codes: []code{
		originalPackets(firstRegister),
		known(&expr.Byteorder{SourceRegister: firstRegister, DestRegister: firstRegister, Op: expr.ByteorderHton, Len: 8, Size: 8}),
		compare(op, binary.BigEndian.AppendUint64(nil, n)),
	}}
}

// Running matches flows whose beginner has sent at least n packets.
func Running(n uint64) Statement { return packets(expr.CmpOpGte, ">=", n) }

// Young matches flows whose beginner has sent fewer than n packets.
func Young(n uint64) Statement { return packets(expr.CmpOpLt, "<", n) }
