package synth

import (
	"encoding/binary"
	"time"
)

// begin starts one of the flows that were asked for. The mix is that of homes: nearly half of the flows are look-ups, most
// packets belong to few TLS and QUIC flows.
func (m *maker) begin(at time.Duration) {
	c, s := m.visit()
	m.stats.Flows++
	f := &flow{at: at, client: c, peer: s, sport: c.sport(), six: m.r.IntN(5) == 0, seq: [2]uint32{m.r.Uint32(), m.r.Uint32()}}
	f.rtt = 4*time.Millisecond + time.Duration(m.r.ExpFloat64()*float64(20*time.Millisecond))
	switch x := m.r.IntN(100); {
	case x < 42:
		m.lookup(f)
	case x < 77:
		f.script, f.dport, f.left, f.first = talkTCP, 443, m.length(22), clientHello(m.r, s.name)
		m.stats.Named++
	case x < 81:
		f.script, f.dport, f.left, f.first = talkTCP, 80, m.length(10), request(s.name)
		m.stats.Named++
	case x < 91:
		f.script, f.dport, f.left, f.first = talkQUIC, 443, m.length(26), quicInitial(m.r, s.name)
		m.stats.Named++
	case x < 92: // a service that is down
		f.script, f.dport, f.left = talkDeaf, 8883, 3
		f.peer = &m.home.servers[int(f.client.mac[5])%len(m.home.servers)]
	case x < 97:
		f.script, f.dport, f.six = talkTime, 123, false
	default: // games, calls, sensors: unnamed UDP
		f.script, f.dport, f.left = talkNoise, uint16(10000+m.r.IntN(40000)), m.length(20)
	}
	m.push(f)
}

// length draws how many packets of data follow: many short flows, few that are very long.
func (m *maker) length(mean int) int {
	n := int(m.r.ExpFloat64() * float64(mean) * 0.6)
	if m.r.IntN(50) == 0 {
		n += int(m.r.ExpFloat64() * float64(mean) * 20)
	}
	return 1 + n
}

// talkTCP is a connection: handshake, first words, data mostly down, an end.
func talkTCP(m *maker, f *flow) int {
	f.stage++
	switch f.stage {
	case 1:
		f.at += f.rtt
		return m.tcp(f, false, syn, nil, 0)
	case 2:
		f.at += 100 * time.Microsecond
		return m.tcp(f, true, syn|ack, nil, 0)
	case 3:
		f.at += 200 * time.Microsecond
		return m.tcp(f, false, ack, nil, 0)
	case 4:
		words := f.first
		if len(words) > 1400 { // key shares of today's browsers need two segments
			f.first, f.stage = words[1400:], 3
			return m.tcp(f, false, ack, words[:1400], 0)
		}
		f.first = nil
		f.at += f.rtt
		return m.tcp(f, false, ack|psh, words, 0)
	case 5, 6:
		if f.left > 0 {
			return m.bulkTCP(f)
		}
		f.at += f.rtt / 2
		return m.tcp(f, f.stage == 6, fin|ack, nil, 0)
	case 7:
		return m.tcp(f, false, ack, nil, 0)
	}
	return 0
}

// bulkTCP: two segments of data, one acknowledgement; a pause now and then.
func (m *maker) bulkTCP(f *flow) int {
	f.left--
	f.stage = 4
	f.at += 150 * time.Microsecond
	if m.r.IntN(12) == 0 {
		f.at += time.Duration(m.r.ExpFloat64() * float64(400*time.Millisecond))
	}
	switch f.left % 3 {
	case 0:
		return m.tcp(f, false, ack, nil, 0)
	case 1:
		return m.tcp(f, true, ack, nil, m.size())
	}
	return m.tcp(f, m.r.IntN(5) > 0, ack|psh, nil, m.size())
}

// size draws the bytes of a packet with data.
func (m *maker) size() int {
	if m.r.IntN(3) > 0 {
		return 40 + m.r.IntN(500)
	}
	return 1300
}

func talkQUIC(m *maker, f *flow) int {
	f.stage++
	switch f.stage {
	case 1:
		words := f.first
		f.first = nil
		f.at += f.rtt
		return m.udp(f, false, words, 1200)
	case 2:
		f.at += 200 * time.Microsecond
		b := m.udp(f, true, nil, 1200)
		at := b - 1200
		copy(m.frame[at:], "\xc1\x00\x00\x00\x01\x08") // an Initial of the server: nothing to be named in it
		return b
	}
	if f.left--; f.left < 0 {
		return 0
	}
	f.at += 200 * time.Microsecond
	if m.r.IntN(15) == 0 {
		f.at += time.Duration(m.r.ExpFloat64() * float64(300*time.Millisecond))
	}
	down, size := f.left%3 != 0, 40
	if down {
		size = m.size()
	}
	n := m.udp(f, down, nil, size)
	m.frame[n-size] = 0x40 | m.frame[n-size]&0x3f // short header
	return n
}

func talkDeaf(m *maker, f *flow) int {
	if f.left--; f.left < 0 {
		return 0
	}
	f.at += time.Second << (2 - f.left)
	n := m.tcp(f, false, syn, nil, 0)
	f.seq[0]--
	return n
}

func talkTime(m *maker, f *flow) int {
	if f.stage++; f.stage > 2 {
		return 0
	}
	f.at += f.rtt
	var b [48]byte
	b[0] = 0x23
	if f.stage == 2 {
		b[0], b[1] = 0x24, 2
	}
	binary.BigEndian.PutUint64(b[40:], m.r.Uint64())
	return m.udp(f, f.stage == 2, b[:], 0)
}

func talkNoise(m *maker, f *flow) int {
	if f.left--; f.left < 0 {
		return 0
	}
	f.at += 20 * time.Millisecond
	n := m.udp(f, f.left%2 == 0, nil, 60+m.r.IntN(200))
	return n
}
