package dissect

import (
	"encoding/binary"

	"cardea/home"
)

// radiotap skips the header that describes the radio (radiotap.org): version, pad, length in bytes, little-endian.
func (p *Packet) radiotap(b []byte) error {
	if len(b) < 4 {
		return p.short()
	}
	n := int(binary.LittleEndian.Uint16(b[2:]))
	if n < 8 {
		return ErrMalformed
	}
	if n > len(b) {
		return p.short()
	}
	return p.wifi(b[n:])
}

// wifi parses an unencrypted 802.11 data frame (IEEE 802.11-2020 section 9.3.2). Control, management, null and
// encrypted frames and aggregates are not handled.
func (p *Packet) wifi(b []byte) error {
	if len(b) < 24 {
		if len(b) >= 1 && b[0]&0x0c != 8 {
			return ErrNotHandled // control frames are short
		}
		return p.short()
	}
	const toDS, fromDS, protected, order = 1, 2, 0x40, 0x80
	fc, flags, n := b[0], b[1], 24
	if fc&0x0f != 8 || fc&0x40 != 0 || flags&protected != 0 {
		return ErrNotHandled
	}
	a1, a2, a3 := home.MAC(b[4:10]), home.MAC(b[10:16]), home.MAC(b[16:22])
	switch flags & (toDS | fromDS) {
	case 0:
		p.Dest, p.Source = a1, a2
	case toDS:
		p.Dest, p.Source = a3, a2
	case fromDS:
		p.Dest, p.Source = a1, a3
	default:
		if len(b) < 30 {
			return p.short()
		}
		p.Dest, p.Source, n = a3, home.MAC(b[24:30]), 30
	}
	if fc&0x80 != 0 {
		return p.qos(b, n, flags&order != 0)
	}
	return p.llc(b[n:])
}

// qos parses QoS control at n, and HT control behind it when there is one.
func (p *Packet) qos(b []byte, n int, ht bool) error {
	if len(b) < n+2 {
		return p.short()
	}
	if b[n]&0x80 != 0 {
		return ErrNotHandled // A-MSDU
	}
	if n += 2; ht {
		n += 4
	}
	if len(b) < n {
		return p.short()
	}
	return p.llc(b[n:])
}
