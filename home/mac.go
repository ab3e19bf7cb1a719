package home

import (
	"encoding/hex"
	"fmt"
)

// MAC is an Ethernet address (EUI-48), comparable and free of pointers so that it can key maps on the hot path.
type MAC [6]byte

// Broadcast is the Ethernet broadcast address.
var Broadcast = MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// ParseMAC reads aa:bb:cc:dd:ee:ff (any case, ':' or '-').
func ParseMAC(s string) (MAC, error) {
	var m MAC
	if len(s) != 17 {
		return m, fmt.Errorf("MAC address %q: want aa:bb:cc:dd:ee:ff", s)
	}
	for i := range m {
		if i > 0 && s[i*3-1] != ':' && s[i*3-1] != '-' {
			return MAC{}, fmt.Errorf("MAC address %q: want aa:bb:cc:dd:ee:ff", s)
		}
		if _, err := hex.Decode(m[i:i+1], []byte(s[i*3:i*3+2])); err != nil {
			return MAC{}, fmt.Errorf("MAC address %q: want aa:bb:cc:dd:ee:ff", s)
		}
	}
	return m, nil
}

// MACOf copies the first six bytes of b; a shorter b gives the zero MAC, which means "unknown" everywhere.
func MACOf(b []byte) (m MAC) {
	if len(b) >= 6 {
		copy(m[:], b)
	}
	return m
}

func (m MAC) String() string {
	const digits = "0123456789abcdef"
	var b [17]byte
	for i, v := range m {
		if i > 0 {
			b[i*3-1] = ':'
		}
		b[i*3], b[i*3+1] = digits[v>>4], digits[v&15]
	}
	return string(b[:])
}

// IsZero says whether the address is unknown.
func (m MAC) IsZero() bool { return m == MAC{} }

// IsGroup says whether the address is multicast or broadcast (I/G bit, IEEE 802-2014 section 8.2.2).
func (m MAC) IsGroup() bool { return m[0]&1 != 0 }

// IsLocal says whether the address is locally administered (U/L bit), as randomised addresses are.
func (m MAC) IsLocal() bool { return m[0]&2 != 0 }

// MarshalText makes a MAC a string in JSON and a key in JSON maps.
func (m MAC) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (m *MAC) UnmarshalText(b []byte) error {
	v, err := ParseMAC(string(b))
	if err == nil {
		*m = v
	}
	return err
}
