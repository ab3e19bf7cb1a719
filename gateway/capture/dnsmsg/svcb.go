package dnsmsg

import (
	"encoding/binary"
	"net/netip"
)

// Keys of service parameters (RFC 9460 section 14.3, RFC 9848).
const (
	keyIPv4Hint = 4
	keyECH      = 5
	keyIPv6Hint = 6
)

// serviceBinding takes an SVCB or HTTPS record (RFC 9460 section 2.2): clients connect to its target and to its address
// hints without asking for A or AAAA.
func (m *Message) serviceBinding(b []byte, r *record) {
	if len(r.data) < 3 {
		return
	}
	next, ok := m.text[1].read(b[:r.at+len(r.data)], r.at+2)
	if !ok {
		return
	}
	before := len(m.Names) + len(m.Addrs)
	if s, ok := m.cache.host(&m.text[1]); ok {
		m.Names = add(m.Names, s, MaxNames)
	}
	for p := b[next : r.at+len(r.data)]; len(p) >= 4; {
		key, n := binary.BigEndian.Uint16(p), int(binary.BigEndian.Uint16(p[2:]))
		if p = p[4:]; n > len(p) {
			break
		}
		m.serviceParam(key, p[:n])
		p = p[n:]
	}
	if len(m.Names)+len(m.Addrs) > before {
		m.lived(r.ttl, before == 0)
	}
}

func (m *Message) serviceParam(key uint16, v []byte) {
	switch key {
	case keyIPv4Hint:
		for ; len(v) >= 4; v = v[4:] {
			m.addAddr(netip.AddrFrom4([4]byte(v)))
		}
	case keyIPv6Hint:
		for ; len(v) >= 16; v = v[16:] {
			m.addAddr(netip.AddrFrom16([16]byte(v)))
		}
	case keyECH:
		m.echConfigs(v)
	}
}

// echConfigs takes the public names out of an ECHConfigList (RFC 9849 section 4).
func (m *Message) echConfigs(v []byte) {
	if len(v) < 2 {
		return
	}
	for v = v[2:]; len(v) >= 4; {
		version, n := binary.BigEndian.Uint16(v), int(binary.BigEndian.Uint16(v[2:]))
		if v = v[4:]; n > len(v) {
			return
		}
		if version == 0xfe0d {
			if name := publicName(v[:n]); name != nil {
				t := &m.text[1]
				t.n, t.count, t.plain = copy(t.b[:], name), 1, true
				if s, ok := m.cache.host(t); ok {
					m.Outer = add(m.Outer, s, MaxNames)
				}
			}
		}
		v = v[n:]
	}
}

// publicName is in ECHConfigContents after config_id, kem_id, public_key, cipher_suites and maximum_name_length.
func publicName(c []byte) []byte {
	skip := func(n int) bool {
		if n > len(c) {
			return false
		}
		c = c[n:]
		return true
	}
	vec := func() bool { return len(c) >= 2 && skip(2+int(binary.BigEndian.Uint16(c))) }
	if !skip(3) || !vec() || !vec() || !skip(1) || len(c) < 1 || 1+int(c[0]) > len(c) {
		return nil
	}
	return c[1 : 1+int(c[0])]
}
