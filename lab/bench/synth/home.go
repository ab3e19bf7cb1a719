package synth

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
)

const (
	companies = 900 // registrable names
	hosts     = 3   // names below each
	router    = "\x02\x00\x5e\x00\x00\x01"
)

// house is who there is.
type house struct {
	devices []device
	servers []server
}

type device struct {
	mac   [6]byte
	ip4   [4]byte
	ip6   [16]byte
	ports uint32 // flows begun: each takes a source port of its own
}

type server struct {
	name string
	ip4  [4]byte
	ip6  [16]byte
}

var (
	gateway4 = [4]byte{192, 168, 1, 1}
	gateway6 = netip.MustParseAddr("fe80::5eff:fe00:1").As16()
)

func newHome(r *rand.Rand, devices int) *house {
	h := &house{devices: make([]device, devices)}
	for i := range h.devices {
		d := &h.devices[i]
		d.mac = [6]byte{0x02, 0x11, 0x22, byte(r.Uint32()), byte(r.Uint32()), byte(i)}
		d.ip4 = [4]byte{192, 168, 1, byte(20 + i)}
		d.ip6 = netip.MustParseAddr("2001:db8:77::").As16()
		binary.BigEndian.PutUint64(d.ip6[8:], r.Uint64()|uint64(i))
		d.ports = r.Uint32N(1 << 15)
	}
	words := []string{"api", "cdn", "img", "www", "time", "push", "mqtt", "edge", "video", "login", "data", "s3"}
	for c := range companies {
		for range hosts {
			s := server{name: fmt.Sprintf("%s%d.%s-%d.example", words[r.IntN(len(words))], r.IntN(40), words[c%len(words)], c)}
			s.ip4 = [4]byte{byte(23 + r.IntN(80)), byte(r.Uint32()), byte(r.Uint32()), byte(1 + r.IntN(250))}
			s.ip6 = netip.MustParseAddr("2001:db8:f000::").As16()
			binary.BigEndian.PutUint64(s.ip6[8:], r.Uint64())
			h.servers = append(h.servers, s)
		}
	}
	return h
}

// visit picks who talks to whom. One device in four is a computer or phone: these begin most of the flows and know 400
// servers each; the others know 6 to 40. Everybody has favourites.
func (m *maker) visit() (*device, *server) {
	h := m.home
	i := m.r.IntN(len(h.devices))
	if m.r.IntN(2) == 0 {
		i -= i % 4
	}
	known := 400
	if i%4 != 0 {
		known = 6 + i*7%35
	}
	x := m.r.Float64()
	return &h.devices[i], &h.servers[(int(x*x*x*float64(known))+i*131)%len(h.servers)]
}

// sport walks through the ephemeral ports in an order that is not theirs, as clients that draw them do, without taking one
// twice within 32,749 flows of the device; the server and the protocol differ as well.
func (d *device) sport() uint16 {
	d.ports++
	return uint16(32768 + uint64(d.ports)*7919%32749)
}
