package enforce

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"cardea/home"
)

// What devices ask of the gateway itself is logged: the first packets of TCP, in which port mappings are asked for, and each
// request to the port mapper, also from one source port.
func TestRequestsToTheGatewayAreLogged(t *testing.T) {
	l := newLab(t)
	l.servers()
	l.apply(l.enforcer(), home.Desired{})
	l.echo(l.gw, 7005)
	l.echo(l.gw, portPCP)
	p1 := l.ifindex("p1")
	book := l.follow(GroupFirst)
	web := l.talk(l.cam.space, "tcp", "tcp", gw4, 7005)
	for range 30 {
		must(t, works(web.conn))
	}
	mapper := l.talk(l.cam.space, "udp", "udp", gw4, portPCP)
	for range 5 {
		must(t, works(mapper.conn))
	}
	list := book.take()
	to := func(proto byte, port uint16) int {
		return count(list, func(r record) bool {
			return r.mark&MarkPort == p1 && isIP(r, proto) && binary.BigEndian.Uint16(r.payload[22:]) == port
		})
	}
	if n := to(6, 7005); n < 3 || n > 8 {
		t.Errorf("%d packets of TCP to the gateway, want 3 to 8", n)
	}
	if n := to(17, portPCP); n < 6 || n > 7 {
		t.Errorf("%d requests to the port mapper of 6", n)
	}
}

// Reports by which devices join groups are logged, and neither leaves nor queries of MLD.
func TestGroupReportsAreLogged(t *testing.T) {
	l := newLab(t)
	l.apply(l.enforcer(), home.Desired{})
	book := l.follow(GroupLAN)
	group := netip.MustParseAddr("ff02::fb")
	for _, typ := range []byte{131, 132, 143} {
		l.frame(l.cam.space, mldFrame(l.cam.mac, l.cam.v6, group, typ))
	}
	igmp := append(append(append([]byte{}, 1, 0, 0x5e, 0, 0, 0xfb), l.cam.mac[:]...), 8, 0, 0x46, 0, 0, 32, 0, 1, 0, 0, 1, 2, 0, 0)
	igmp = append(append(igmp, l.cam.v4.AsSlice()...), 224, 0, 0, 251, 0x94, 4, 0, 0, 0x16, 0, 0x09, 0x04, 224, 0, 0, 251)
	binary.BigEndian.PutUint16(igmp[24:], checksum(igmp[14:38]))
	l.frame(l.cam.space, igmp)
	list := book.take()
	if n := count(list, func(r record) bool { return bytes.HasSuffix(r.payload, []byte{0x16, 0, 0x09, 0x04, 224, 0, 0, 251}) }); n != 1 {
		t.Errorf("IGMP: %d records", n)
	}
	for typ, want := range map[byte]int{131: 1, 132: 0, 143: 1} {
		if n := count(list, func(r record) bool {
			return len(r.payload) == 48+24 && r.payload[6] == 0 && r.payload[48] == typ && bytes.HasSuffix(r.payload, group.AsSlice())
		}); n != want {
			t.Errorf("MLD %d: %d records, want %d", typ, n, want)
		}
	}
}

// mldFrame makes an MLD message, behind the router-alert option that it always has (RFC 2710 section 3).
func mldFrame(from home.MAC, src, group netip.Addr, typ byte) []byte {
	body := append([]byte{typ, 0, 0, 0, 0, 0, 0, 0}, group.AsSlice()...)
	binary.BigEndian.PutUint16(body[2:], checksum(src.AsSlice(), group.AsSlice(), []byte{0, 0, 0, byte(len(body)), 0, 0, 0, 58}, body))
	b := append(append([]byte{0x33, 0x33, 0, 0, 0, 0xfb}, from[:]...), 0x86, 0xdd, 0x60, 0, 0, 0, 0, byte(8+len(body)), 0, 1)
	b = append(append(b, src.AsSlice()...), group.AsSlice()...)
	return append(append(b, 58, 0, 5, 2, 0, 0, 1, 0), body...)
}

// A transfer between two devices is not logged but for its beginning, and one device's connections cannot fill the budget of
// another's.
func TestBulkBetweenDevicesIsNotLogged(t *testing.T) {
	l := newLab(t)
	l.servers()
	l.apply(l.enforcer(), home.Desired{})
	book := l.follow(GroupLAN)
	c := l.talk(l.cam.space, "tcp", "tcp", l.tv.v4, 7000)
	l.cam.do(func() {
		go func() { _, _ = c.conn.Write(bytes.Repeat([]byte("x"), 4<<20)) }()
		got := 0
		for b := make([]byte, 1<<16); got < 4<<20; {
			n, err := c.conn.Read(b)
			must(t, err)
			got += n
		}
	})
	// a SYN and its answer, and of each direction four at first and one a second while it is young
	if n := count(book.take(), func(r record) bool { return isIP(r, 6) }); n < 3 || n > 2+2*(youngBurst+10) {
		t.Errorf("%d records of a transfer", n)
	}
}
