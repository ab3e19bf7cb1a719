package dissect

import (
	"slices"
	"testing"

	"cardea/home"
)

// synWith makes a SYN with these options, padded as given, window 64240.
func synWith(flags uint8, options ...byte) []byte {
	b := cat(be16(40000), be16(443), be32(7), be32(0), []byte{byte(20+len(options)) / 4 << 4, flags}, be16(64240), []byte{0, 0, 0, 0}, options)
	return ipPacket(home.ProtoTCP, host.Addr(), far.Addr(), b)
}

func TestStack(t *testing.T) {
	linux := []byte{2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7}
	lwip := []byte{2, 4, 5, 180}
	for _, c := range []struct {
		what string
		ip   []byte
		want home.SYN
	}{
		{"a computer", synWith(SYN, linux...), home.SYN{Hops: 255, Window: 64240, MSS: 1460, Scale: 7, Options: "MSTNW"}},
		{"with ECN", synWith(SYN|0xc0, linux...), home.SYN{Hops: 255, Window: 64240, MSS: 1460, Scale: 7, Options: "MSTNW"}},
		{"a small thing", synWith(SYN, lwip...), home.SYN{Hops: 255, Window: 64240, MSS: 1460, Options: "M"}},
		{"none", synWith(SYN), home.SYN{Hops: 255, Window: 64240}},
		{"an end", synWith(SYN, 1, 1, 0, 2), home.SYN{Hops: 255, Window: 64240, Options: "NNE"}},
		{"another kind", synWith(SYN, 34, 2, 1, 1), home.SYN{Hops: 255, Window: 64240, Options: "?NN"}},
		{"a length of 0", synWith(SYN, 2, 0, 1, 1), home.SYN{Hops: 255, Window: 64240, Options: "?"}},
		{"a length too long", synWith(SYN, 1, 2, 40, 1), home.SYN{Hops: 255, Window: 64240, Options: "N?"}},
		{"a wrong length", synWith(SYN, 2, 2, 3, 2), home.SYN{Hops: 255, Window: 64240, Options: "??"}},
	} {
		var s Stack
		var p Packet
		if err := ParseIP(&p, c.ip); err != nil {
			t.Fatal(c.what, err)
		}
		if got := s.Read(&p); got == nil || *got != c.want {
			t.Errorf("%s: %+v, want %+v", c.what, got, c.want)
		}
	}
}

// What is no first SYN, or was cut, says nothing: half of the options would be another system's.
func TestStackOfOthers(t *testing.T) {
	whole := synWith(SYN, 2, 4, 5, 180)
	var s Stack
	var p Packet
	for what, ip := range map[string][]byte{"SYN-ACK": synWith(SYN|ACK, 2, 4, 5, 180), "data": tcp(host, far, 1, ACK, []byte("x")),
		"UDP": udp(host, far, []byte("x"))} {
		if err := ParseIP(&p, ip); err != nil || s.Read(&p) != nil {
			t.Error(what, err)
		}
	}
	p.Wire = uint32(len(whole))
	if err := ParseIP(&p, whole[:len(whole)-2]); err != nil || s.Read(&p) != nil {
		t.Error("cut", err)
	}
}

func TestStackDoesNotAllocate(t *testing.T) {
	var s Stack
	var p Packet
	ip := synWith(SYN, 2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7)
	if n := testing.AllocsPerRun(100, func() {
		if err := ParseIP(&p, ip); err != nil || s.Read(&p) == nil {
			t.Fatal("no SYN")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestLeaseDetails(t *testing.T) {
	b := dhcp4(1, [4]byte{}, [4]byte{}, cat(option(53, "\x01"), []byte{0}, option(57, "\x05\xdc"), option(60, "udhcp 1.22.1"), option(12, "x"),
		option(55, "\x01\x03"), option(61, "\x01\x02\x00\x00\x00\x00\x01"))...)
	l := one(t, home.EventLease, etherIP(udp(addrPort("0.0.0.0:68"), addrPort("255.255.255.255:67"), b))).Lease
	if l.MaxSize != 1500 || !slices.Equal(l.Options, []byte{53, 57, 60, 12, 55, 61}) {
		t.Errorf("%+v", l)
	}
	six := cat([]byte{1, 1, 2, 3}, opt6(6, []byte{0, 23, 0, 24, 0, 39}), opt6(16, cat([]byte{0, 0, 1, 55}, be16(8), []byte("MSFT 5.0"))))
	l = one(t, home.EventLease, etherIP(udp(hos6, far6, six))).Lease
	if !slices.Equal(l.Params, []byte{23, 24, 39}) || l.Vendor != "MSFT 5.0" || len(l.Options) != 0 {
		t.Errorf("%+v", l)
	}
}

func TestSearches(t *testing.T) {
	m := "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 2\r\nST: urn:Belkin:device:**\r\n" +
		"USER-AGENT: Android/9 UPnP/1.1 WeMo/3\r\n\r\n"
	a := one(t, home.EventAnnounce, etherIP(udp(addrPort("192.168.1.20:40001"), addrPort("239.255.255.250:1900"), []byte(m)))).Announce
	if !a.Query || !slices.Equal(a.Services, []string{"urn:Belkin:device:**"}) ||
		!slices.Equal(a.Details, []string{`man="ssdp:discover"`, "user-agent=Android/9 UPnP/1.1 WeMo/3"}) {
		t.Errorf("%+v", a)
	}
	q := cat([]byte{0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0}, []byte("\x04_hap\x04_tcp\x05local\x00\x00\x0c\x00\x01"),
		[]byte("\x04_ipp\x04_tcp\x05local\x00\x00\x0c\x80\x01"))
	a = one(t, home.EventAnnounce, etherIP(udp(addrPort("192.168.1.20:5353"), addrPort("224.0.0.251:5353"), q))).Announce
	if !a.Query || a.Protocol != "mdns" || !slices.Equal(a.Services, []string{"_hap._tcp", "_ipp._tcp"}) {
		t.Errorf("%+v", a)
	}
}
