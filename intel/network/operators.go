package network

import (
	_ "embed" // the table below
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// operatorText is our own table: what large operators publish of their blocks. It answers where no file tells more.
//
//go:embed operators.txt
var operatorText string

// block is one row: a prefix and whose it is.
type block struct {
	prefix netip.Prefix
	of     Network
}

// operators is the table, sorted; a mistake in it is one in the program, and the tests read it whole.
var operators = sync.OnceValue(func() []block {
	blocks, err := readOperators(operatorText)
	if err != nil {
		panic(err)
	}
	return blocks
})

// readOperators reads lines of the form "ASN name: block block".
func readOperators(text string) (blocks []block, err error) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		head, list, ok := strings.Cut(line, ": ")
		number, name, ok2 := strings.Cut(head, " ")
		asn, err := strconv.ParseUint(number, 10, 32)
		if !ok || !ok2 || err != nil {
			return nil, fmt.Errorf("operators: %q is not an ASN, a name and blocks", head)
		}
		for field := range strings.FieldsSeq(list) {
			p, err := netip.ParsePrefix(field)
			if err != nil || p != p.Masked() {
				return nil, fmt.Errorf("operators: %s: %q is no block", name, field)
			}
			blocks = append(blocks, block{p, Network{ASN: uint32(asn), Operator: name}})
		}
	}
	slices.SortFunc(blocks, func(a, b block) int { return a.prefix.Addr().Compare(b.prefix.Addr()) })
	for i := 1; i < len(blocks); i++ {
		if blocks[i-1].prefix.Overlaps(blocks[i].prefix) {
			return nil, fmt.Errorf("operators: %s and %s overlap", blocks[i-1].prefix, blocks[i].prefix)
		}
	}
	return blocks, nil
}

// operator finds the block that an address is in.
func operator(a netip.Addr) (Network, bool) {
	blocks := operators()
	i, exact := slices.BinarySearchFunc(blocks, a, func(b block, a netip.Addr) int { return b.prefix.Addr().Compare(a) })
	if !exact {
		i--
	}
	if i < 0 || !blocks[i].prefix.Contains(a) {
		return Network{}, false
	}
	return blocks[i].of, true
}
