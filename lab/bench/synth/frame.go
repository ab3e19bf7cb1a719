package synth

import "encoding/binary"

const (
	tcp  = 6
	udp  = 17
	fin  = 0x01
	syn  = 0x02
	rst  = 0x04
	psh  = 0x08
	ack  = 0x10
	etha = 14
)

// header writes Ethernet and IP of a packet with size bytes behind the IP header, and returns where those begin. The
// transport checksum stays 0, as in captures on hosts that leave it to the network card.
func (m *maker) header(f *flow, down bool, proto byte, size int) int {
	b := m.frame[:]
	mac := f.client.mac
	if down {
		copy(b, mac[:])
		copy(b[6:], router)
	} else {
		copy(b, router)
		copy(b[6:], mac[:])
	}
	if proto == tcp {
		m.stats.TCP++
	} else {
		m.stats.UDP++
	}
	if f.six {
		m.stats.Six++
		binary.BigEndian.PutUint16(b[12:], 0x86dd)
		binary.BigEndian.PutUint32(b[14:], 6<<28)
		binary.BigEndian.PutUint16(b[18:], uint16(size))
		b[20], b[21] = proto, 64
		src, dst := &f.client.ip6, &f.peer.ip6
		if down {
			src, dst = dst, src
		}
		copy(b[22:], src[:])
		copy(b[38:], dst[:])
		return etha + 40
	}
	binary.BigEndian.PutUint16(b[12:], 0x0800)
	src, dst := &f.client.ip4, &f.peer.ip4
	if down {
		src, dst = dst, src
	}
	ip4(b[etha:], src, dst, proto, size)
	return etha + 20
}

func ip4(b []byte, src, dst *[4]byte, proto byte, size int) {
	b[0], b[1] = 0x45, 0
	binary.BigEndian.PutUint16(b[2:], uint16(20+size))
	binary.BigEndian.PutUint32(b[4:], 0x4000)
	b[8], b[9] = 64, proto
	b[10], b[11] = 0, 0
	copy(b[12:], src[:])
	copy(b[16:], dst[:])
	var sum uint32
	for i := 0; i < 20; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	sum = sum>>16 + sum&0xffff
	binary.BigEndian.PutUint16(b[10:], ^uint16(sum>>16+sum))
}

// tcp writes a segment and returns the frame's length. Data nil with size > 0 is noise, as encrypted data looks.
func (m *maker) tcp(f *flow, down bool, flags byte, data []byte, size int) int {
	size = max(size, len(data))
	at := m.header(f, down, tcp, 32+size)
	b := m.frame[at:]
	src, dst, me := f.sport, f.dport, 0
	if down {
		src, dst, me = dst, src, 1
	}
	binary.BigEndian.PutUint16(b, src)
	binary.BigEndian.PutUint16(b[2:], dst)
	binary.BigEndian.PutUint32(b[4:], f.seq[me])
	binary.BigEndian.PutUint32(b[8:], f.seq[1-me])
	b[12], b[13] = 8<<4, flags
	binary.BigEndian.PutUint16(b[14:], 500)
	binary.BigEndian.PutUint32(b[16:], 0)
	copy(b[20:32], "\x01\x01\x08\x0a\x00\x01\x02\x03\x00\x03\x02\x01") // timestamps
	m.fill(b[32:32+size], data)
	f.seq[me] += uint32(size)
	if flags&(syn|fin) != 0 {
		f.seq[me]++
	}
	return at + 32 + size
}

// udp writes a datagram and returns the frame's length.
func (m *maker) udp(f *flow, down bool, data []byte, size int) int {
	size = max(size, len(data))
	at := m.header(f, down, udp, 8+size)
	b := m.frame[at:]
	src, dst := f.sport, f.dport
	if down {
		src, dst = dst, src
	}
	binary.BigEndian.PutUint16(b, src)
	binary.BigEndian.PutUint16(b[2:], dst)
	binary.BigEndian.PutUint16(b[4:], uint16(8+size))
	binary.BigEndian.PutUint16(b[6:], 0)
	m.fill(b[8:8+size], data)
	return at + 8 + size
}

func (m *maker) fill(b, data []byte) {
	n := copy(b, data)
	if data != nil {
		clear(b[n:])
		return
	}
	for ; len(b) >= 8; b = b[8:] {
		binary.LittleEndian.PutUint64(b, m.r.Uint64())
	}
	clear(b)
}
