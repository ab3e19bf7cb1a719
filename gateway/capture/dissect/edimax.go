package dissect

import (
	"bytes"
	"math/bits"

	"cardea/home"
)

// Ports of Edimax's plugs: the answer to their discovery, and the registration with the maker's cloud. Neither protocol is
// published; the forms are as such plugs send them (firmware 1.00 to 1.09).
const (
	portEdimaxDiscovery = 20560
	portEdimaxCloud     = 8765
)

// edimax reads the product's name in a plug's datagram into a; false if there is none.
func edimax(b []byte, src, dst uint16, a *home.Announce) bool {
	var model []byte
	switch {
	case src == portEdimaxDiscovery:
		model = edimaxAnswer(b)
	case dst == portEdimaxCloud:
		model = edimaxCloud(b)
	}
	name := text(model, maxLabel)
	if name == "" {
		return false
	}
	reuse(a, "edimax")
	a.Details = append(a.Details, "manufacturer=EDIMAX", "modelname="+name)
	return true
}

// edimaxAnswer: MAC, "EDIMAX" in 12 bytes, 4 bytes, model in 14 bytes.
func edimaxAnswer(b []byte) []byte {
	const maker, model, size = 6, 22, 14
	if len(b) < model+size || !bytes.HasPrefix(b[maker:], []byte("EDIMAX\x00")) {
		return nil
	}
	m := b[model : model+size]
	if i := bytes.IndexByte(m, 0); i >= 0 {
		m = m[:i]
	}
	return m
}

// edimaxCloud: XML whose first byte is '<' plus a number, by which bits every other byte was rotated to the right.
func edimaxCloud(b []byte) []byte {
	const open, value = "<param>", `<model value="`
	if len(b) < len(open) || len(b) > 2048 || b[0] < '<' || b[0] > '<'+7 {
		return nil
	}
	r := int(b[0] - '<')
	var buf [2048]byte
	plain := buf[:len(b)]
	plain[0] = '<'
	for i := 1; i < len(b); i++ {
		plain[i] = bits.RotateLeft8(b[i], r)
	}
	if !bytes.HasPrefix(plain, []byte(open)) {
		return nil
	}
	_, rest, ok := bytes.Cut(plain, []byte(value))
	if !ok {
		return nil
	}
	model, _, ok := bytes.Cut(rest, []byte{'"'})
	if !ok || len(model) > 32 {
		return nil
	}
	return bytes.Clone(model)
}
