package network

import (
	"errors"

	"github.com/oschwald/maxminddb-golang/v2"
)

var errJoined = errors.New("damaged: its branches join or go round")

// checkTree sees to it that a file's search tree is one: each node hangs on one other. The library walks any graph, and one
// of a few hundred bytes whose branches join can have more paths than there is time. Only the root of the IPv4 addresses
// may be led to from several places: writers do so for addresses of IPv6 that hold one of IPv4.
func checkTree(b []byte, m *maxminddb.Metadata) error {
	size, n := m.RecordSize/4, m.NodeCount // bytes of a node
	if m.RecordSize != 24 && m.RecordSize != 28 && m.RecordSize != 32 || n > uint(len(b))/size {
		return errors.New("damaged: its tree is larger than the file")
	}
	v4 := uint(0)
	if m.IPVersion == 6 {
		for depth := 0; depth < 96 && v4 < n; depth++ {
			v4 = children(b[v4*size:], m.RecordSize)[0]
		}
	}
	reached := make([]bool, n)
	for i := range n {
		for _, child := range children(b[i*size:], m.RecordSize) {
			if child >= n {
				continue
			}
			if child == 0 || reached[child] && child != v4 {
				return errJoined
			}
			reached[child] = true
		}
	}
	return nil
}

// children reads a node: its left and its right record.
func children(b []byte, bits uint) [2]uint {
	u24 := func(b []byte) uint { return uint(b[0])<<16 | uint(b[1])<<8 | uint(b[2]) }
	switch bits {
	case 24:
		return [2]uint{u24(b), u24(b[3:])}
	case 28:
		return [2]uint{uint(b[3]>>4)<<24 | u24(b), uint(b[3]&0xf)<<24 | u24(b[4:])}
	}
	return [2]uint{u24(b)<<8 | uint(b[3]), u24(b[4:])<<8 | uint(b[7])}
}
