package synth

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"time"
)

// lookup asks the router for the address of the flow's server, over UDP.
func (m *maker) lookup(f *flow) {
	name := f.peer.name
	kind, answer := uint16(1), f.peer.ip4[:]
	if f.six {
		kind, answer = 28, f.peer.ip6[:]
	}
	f.peer = &server{ip4: gateway4, ip6: gateway6}
	f.six, f.dport, f.left = false, 53, 1
	id := uint16(m.r.Uint32())
	q := question(id, 0x0100, name, kind)
	m.stats.Lookups++
	f.first = q
	f.script = func(m *maker, f *flow) int {
		f.stage++
		f.at += f.rtt
		switch f.stage {
		case 1:
			return m.udp(f, false, q, 0)
		case 2:
			r := append([]byte(nil), q...)
			binary.BigEndian.PutUint16(r[2:], 0x8180)
			r[7] = 1
			r = append(r, 0xc0, 12)
			r = binary.BigEndian.AppendUint16(r, kind)
			r = append(r, 0, 1, 0, 0, 1, 44)
			r = binary.BigEndian.AppendUint16(r, uint16(len(answer)))
			return m.udp(f, true, append(r, answer...), 0)
		}
		return 0
	}
}

func question(id, flags uint16, name string, kind uint16) []byte {
	b := binary.BigEndian.AppendUint16(nil, id)
	b = binary.BigEndian.AppendUint16(b, flags)
	b = append(b, 0, 1, 0, 0, 0, 0, 0, 0)
	b = append(b, labels(name)...)
	b = binary.BigEndian.AppendUint16(b, kind)
	return append(b, 0, 1)
}

func labels(name string) (b []byte) {
	for l := range strings.SplitSeq(name, ".") {
		b = append(append(b, byte(len(l))), l...)
	}
	return append(b, 0)
}

func request(name string) []byte {
	return []byte("GET /status?v=2 HTTP/1.1\r\nHost: " + name + "\r\nUser-Agent: bulb/1.4\r\nAccept: */*\r\nConnection: close\r\n\r\n")
}

// clientHello is a TLS 1.3 one in one record: of 300 bytes as small devices send, or of 1,700 with a post-quantum key share.
func clientHello(r *rand.Rand, name string) []byte {
	msg := helloMessage(r, name, []int{32, 32, 1216}[r.IntN(3)])
	return append([]byte{22, 3, 1, byte(len(msg) >> 8), byte(len(msg))}, msg...)
}

// helloMessage is the handshake message (RFC 8446 section 4.1.2).
func helloMessage(r *rand.Rand, name string, share int) []byte {
	body := append(make([]byte, 0, 2048), 3, 3)
	body = noise(r, body, 32)
	body = noise(r, append(body, 32), 32)
	body = append(body, 0, 8, 0x13, 1, 0x13, 2, 0x13, 3, 0xc0, 0x2f, 1, 0)
	mark := len(body)
	body = append(body, 0, 0)
	ext := func(kind uint16, data []byte) {
		body = binary.BigEndian.AppendUint16(body, kind)
		body = binary.BigEndian.AppendUint16(body, uint16(len(data)))
		body = append(body, data...)
	}
	n := len(name)
	ext(0, append([]byte{0, byte(n + 3), 0, 0, byte(n)}, name...))
	ext(23, nil)
	ext(10, []byte{0, 6, 0x11, 0xec, 0, 29, 0, 23})
	ext(16, append([]byte{0, 12, 2, 'h', '2', 8}, "http/1.1"...))
	ext(13, []byte{0, 6, 4, 3, 8, 4, 5, 3})
	ext(43, []byte{4, 3, 4, 3, 3})
	key := binary.BigEndian.AppendUint16(nil, uint16(share+4))
	key = append(key, 0, 29)
	key = binary.BigEndian.AppendUint16(key, uint16(share))
	ext(51, noise(r, key, share))
	binary.BigEndian.PutUint16(body[mark:], uint16(len(body)-mark-2))
	return append([]byte{1, 0, byte(len(body) >> 8), byte(len(body))}, body...)
}

func noise(r *rand.Rand, b []byte, n int) []byte {
	for range n {
		b = append(b, byte(r.Uint32()))
	}
	return b
}

// chatter is what a device says without being asked, until the capture's end.
func (m *maker) chatter(i int) *flow {
	f := &flow{client: &m.home.devices[i], at: time.Duration(m.r.Int64N(int64(30 * time.Second)))}
	f.script = func(m *maker, f *flow) int {
		if f.at > m.span {
			return 0
		}
		f.stage++
		f.at += time.Duration(m.r.ExpFloat64() * float64(4*time.Second))
		switch f.stage % 4 {
		case 0:
			return m.multicast(f, [4]byte{224, 0, 0, 251}, 5353, question(0, 0, "_services._dns-sd._udp.local", 12))
		case 1:
			return m.multicast(f, [4]byte{239, 255, 255, 250}, 1900, []byte("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"+
				"MAN: \"ssdp:discover\"\r\nMX: 2\r\nST: ssdp:all\r\n\r\n"))
		}
		return m.arp(f, f.stage%4 == 3)
	}
	return f
}

func (m *maker) multicast(f *flow, group [4]byte, port uint16, data []byte) int {
	g := flow{client: f.client, peer: &server{ip4: group}, sport: port, dport: port}
	n := m.udp(&g, false, data, 0)
	copy(m.frame[:], []byte{1, 0, 0x5e, group[1] & 0x7f, group[2], group[3]})
	return n
}

// arp asks who has the router's address, or answers.
func (m *maker) arp(f *flow, answer bool) int {
	b := m.frame[:]
	mac, ip := f.client.mac, f.client.ip4
	copy(b, "\xff\xff\xff\xff\xff\xff")
	if answer {
		copy(b, router)
	}
	copy(b[6:], mac[:])
	copy(b[12:], "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01")
	if answer {
		b[21] = 2
	}
	copy(b[22:], mac[:])
	copy(b[28:], ip[:])
	clear(b[32:38])
	if answer {
		copy(b[32:], router)
	}
	copy(b[38:], gateway4[:])
	clear(b[42:60])
	m.stats.ARP++
	return 60
}
