package network

import (
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"
)

// mmdb makes a file in the MaxMind DB format (version 2.0) of a few networks: IPv4 and IPv6 in one tree, 24 bits a record.
func mmdb(of map[string]map[string]any) []byte {
	type node [2]int // a child, or −1 nothing, or −2−i the i-th record
	nodes, values := []node{{-1, -1}}, []any{}
	for _, text := range slices.Sorted(maps.Keys(of)) {
		p := netip.MustParsePrefix(text)
		bits, n := p.Addr().As16(), p.Bits()
		if p.Addr().Is4() {
			n, bits = n+96, [16]byte{12: bits[12], 13: bits[13], 14: bits[14], 15: bits[15]}
		}
		at := 0
		for i := range n {
			b := bits[i/8] >> (7 - i%8) & 1
			if i == n-1 {
				nodes[at][b] = -2 - len(values)
				break
			}
			if nodes[at][b] < 0 {
				nodes = append(nodes, node{-1, -1})
				nodes[at][b] = len(nodes) - 1
			}
			at = nodes[at][b]
		}
		values = append(values, of[text])
	}
	var data []byte
	var at []int
	for _, v := range values {
		at = append(at, len(data))
		data = field(data, v)
	}
	var out []byte
	for _, n := range nodes {
		for _, child := range n {
			switch {
			case child == -1:
				child = len(nodes)
			case child < -1:
				child = len(nodes) + 16 + at[-2-child]
			}
			out = append(out, byte(child>>16), byte(child>>8), byte(child))
		}
	}
	out = append(append(out, make([]byte, 16)...), data...)
	return field(append(out, "\xab\xcd\xefMaxMind.com"...), map[string]any{
		"node_count": uint32(len(nodes)), "record_size": uint16(24), "ip_version": uint16(6), "database_type": "test",
		"binary_format_major_version": uint16(2), "binary_format_minor_version": uint16(0), "build_epoch": uint64(1_800_000_000),
		"languages": []string{}, "description": map[string]any{"en": "made by a test"},
	})
}

// field appends a value as the format's data section has it.
func field(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		if len(v) >= 29 {
			return append(append(b, 2<<5|29, byte(len(v)-29)), v...)
		}
		return append(append(b, 2<<5|byte(len(v))), v...)
	case uint16:
		return binary.BigEndian.AppendUint16(append(b, 5<<5|2), v)
	case uint32:
		return binary.BigEndian.AppendUint32(append(b, 6<<5|4), v)
	case uint64:
		return binary.BigEndian.AppendUint64(append(b, 8, 9-7), v)
	case []string:
		b = append(b, byte(len(v)), 11-7)
		for _, s := range v {
			b = field(b, s)
		}
		return b
	case map[string]any:
		b = append(b, 7<<5|byte(len(v)))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			b = field(field(b, k), v[k])
		}
		return b
	}
	panic("no such kind of value")
}
