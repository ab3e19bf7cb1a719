package live_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"cardea/gateway/capture/kernel"
	"cardea/home"
	"cardea/lab/space"
)

// answer serves TCP: each line that comes is answered by what reply says of it; greeting comes first.
func answer(t *testing.T, s *space.Space, address, greeting string, reply func(line string) string) {
	t.Helper()
	l, err := s.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.WriteString(c, greeting)
				for in := bufio.NewScanner(c); in.Scan(); {
					if out := reply(in.Text()); out != "" {
						io.WriteString(c, out)
					}
				}
			}()
		}
	}()
}

// said waits for what a device serves.
func (s *seen) said(t *testing.T, protocol string) home.Event {
	t.Helper()
	return s.wait(t, "served "+protocol, func(e *home.Event) bool { return e.Kind == home.EventServed && e.Served.Protocol == protocol })
}

// TestCluesUnderRealRules: what tells devices apart, and how they are exposed, comes through the gateway's own rules.
func TestCluesUnderRealRules(t *testing.T) {
	r := newRig(t)
	r.realRules(t, home.Desired{Version: 1})
	_, s := r.capture(t, kernel.Config{})
	s.wait(t, "tick", func(e *home.Event) bool { return e.Kind == home.EventTick })

	serve(t, r.net, site.String()+":443")
	serve(t, r.tv, tvAddr.String()+":7000")
	t.Run("how it opens connections", func(t *testing.T) {
		for _, to := range []netip.AddrPort{at(site, 443), at(tvAddr, 7000)} {
			dial(t, r.cam, "tcp4", netip.AddrPort{}, to)
			e := s.flow(t, home.FlowNew, home.ProtoTCP, to)
			if y := e.Flow.SYN; y == nil || y.Hops != 64 || y.MSS != 1460 || y.Options != "MSTNW" || y.Window == 0 {
				t.Errorf("%v: %+v", to, y)
			}
		}
	})
	t.Run("a ClientHello without a name", func(t *testing.T) {
		c := dial(t, r.cam, "tcp4", netip.AddrPort{}, at(site, 443))
		go tls.Client(c, &tls.Config{InsecureSkipVerify: true}).Handshake()
		n := s.wait(t, "JA4", func(e *home.Event) bool { return e.Kind == home.EventName && e.Name.JA4 != "" })
		if n.Source != camMAC || n.Name.Host != "" || !strings.HasPrefix(n.Name.JA4, "t13i") || n.Name.TLS != tls.VersionTLS13 {
			t.Errorf("%+v", n.Name)
		}
	})
	t.Run("TLS between devices", func(t *testing.T) {
		// The first record of a ServerHello for TLS 1.0, as an old camera sends it.
		hello := "\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01" + strings.Repeat("x", 32) + "\x00\x00\x2f\x00"
		answer(t, r.tv, tvAddr.String()+":8443", hello, func(string) string { return "" })
		dial(t, r.cam, "tcp4", netip.AddrPort{}, at(tvAddr, 8443))
		if e := s.said(t, "tls"); e.Source != tvMAC || e.Served.TLS != tls.VersionTLS10 || e.Served.Flow.Dst != at(tvAddr, 8443) {
			t.Errorf("%+v", e.Served)
		}
	})
	t.Run("a description", func(t *testing.T) {
		const body = "<root xmlns=\"urn:schemas-upnp-org:device-1-0\"><device><manufacturer>Acme</manufacturer><modelName>TV 9</modelName></device></root>"
		answer(t, r.tv, tvAddr.String()+":49152", "", func(line string) string {
			if line != "" {
				return ""
			}
			return "HTTP/1.1 200 OK\r\nServer: Linux UPnP/1.0 tv/2\r\nContent-Type: text/xml\r\n\r\n" + body
		})
		io.WriteString(dial(t, r.cam, "tcp4", netip.AddrPort{}, at(tvAddr, 49152)), "GET /d.xml HTTP/1.1\r\n\r\n")
		e := s.said(t, "upnp")
		if e.Source != tvMAC || e.Port != "p-tv" || !slices.Equal(e.Served.Details, []string{"manufacturer=Acme", "modelname=TV 9"}) {
			t.Errorf("%+v %+v", e, e.Served)
		}
	})
	t.Run("a login", func(t *testing.T) {
		answer(t, r.tv, tvAddr.String()+":21", "220 (vsFTPd 2.0.5)\r\n", func(string) string { return "331 go on\r\n" })
		c := dial(t, r.cam, "tcp4", netip.AddrPort{}, at(tvAddr, 21))
		if _, err := c.Read(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, "USER admin\r\n")
		if e := s.said(t, "ftp"); e.Source != tvMAC || e.Served.Software != "(vsFTPd 2.0.5)" {
			t.Errorf("%+v", e.Served)
		}
		n := s.wait(t, "login", func(e *home.Event) bool { return e.Kind == home.EventName && e.Name.Cleartext == "ftp" })
		if n.Source != camMAC || n.Name.Flow.Dst != at(tvAddr, 21) {
			t.Errorf("%+v", n.Name)
		}
	})
	t.Run("what it serves to the internet", func(t *testing.T) {
		answer(t, r.cam, "["+camAddr6.String()+"]:22", "SSH-2.0-dropbear_2015.67\r\n", func(string) string { return "" })
		dial(t, r.net, "tcp6", netip.AddrPort{}, at(camAddr6, 22))
		if e := s.said(t, "ssh"); e.Source != camMAC || e.Served.Software != "SSH-2.0-dropbear_2015.67" || e.Served.Flow.Dst != at(camAddr6, 22) {
			t.Errorf("%+v", e.Served)
		}
	})
	t.Run("mappings", func(t *testing.T) { mappings(t, r, s) })
	t.Run("talk", func(t *testing.T) { talk(t, r, s) })
}

func mappings(t *testing.T, r *rig, s *seen) {
	gw := netip.MustParseAddr("192.168.1.1")
	answer(t, r.gw, "192.168.1.1:5000", "", func(string) string { return "" })
	const body = "<s:Envelope><s:Body><u:AddPortMapping><NewExternalPort>8080</NewExternalPort><NewProtocol>TCP</NewProtocol>" +
		"<NewInternalPort>80</NewInternalPort><NewInternalClient>192.168.1.20</NewInternalClient></u:AddPortMapping></s:Body></s:Envelope>"
	soap := dial(t, r.cam, "tcp4", netip.AddrPort{}, at(gw, 5000))
	io.WriteString(soap, "POST /ctl HTTP/1.1\r\nSOAPAction: \"urn:schemas-upnp-org:service:WANIPConnection:1#AddPortMapping\"\r\n\r\n")
	io.WriteString(soap, body)
	e := s.wait(t, "UPnP mapping", func(e *home.Event) bool { return e.Kind == home.EventMapping && e.Mapping.Protocol == "upnp" })
	if m := e.Mapping; e.Source != camMAC || m.External != 8080 || m.Internal != 80 || m.Addr != camAddr || m.Delete {
		t.Errorf("%+v", m)
	}
	echo(t, r.gw, "192.168.1.1:5351") // not a port mapper, but the port is open
	pmp := dial(t, r.cam, "udp4", netip.AddrPort{}, at(gw, 5351))
	for life := range byte(2) { // from one port, so in one flow: ended, then made
		pmp.Write([]byte{0, 1, 0, 0, 0, 80, 31, 144, 0, 0, 0, life})
		e := s.wait(t, "NAT-PMP", func(e *home.Event) bool {
			return e.Kind == home.EventMapping && e.Mapping.Protocol == "nat-pmp" && e.Mapping.Delete == (life == 0)
		})
		if m := e.Mapping; e.Source != camMAC || m.External != 8080 || m.Internal != 80 || m.Addr != camAddr || m.Proto != home.ProtoUDP {
			t.Errorf("%+v", m)
		}
	}
}

func talk(t *testing.T, r *rig, s *seen) {
	search := "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nST: urn:dial\r\n\r\n"
	c := dial(t, r.cam, "udp4", netip.AddrPort{}, netip.MustParseAddrPort("239.255.255.250:1900"))
	io.WriteString(c, search)
	s.wait(t, "SSDP search", func(e *home.Event) bool {
		return e.Kind == home.EventAnnounce && e.Announce.Query && e.Source == camMAC && slices.Equal(e.Announce.Services, []string{"urn:dial"})
	})
	q := "\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04_hap\x04_tcp\x05local\x00\x00\x0c\x00\x01"
	io.WriteString(dial(t, r.cam, "udp4", netip.AddrPort{}, netip.MustParseAddrPort("224.0.0.251:5353")), q)
	s.wait(t, "mDNS question", func(e *home.Event) bool {
		return e.Kind == home.EventAnnounce && e.Announce.Query && slices.Equal(e.Announce.Services, []string{"_hap._tcp"})
	})
	solicit := "\x01abc\x00\x01\x00\x0a\x00\x03\x00\x01\x02\x00\x00\x00\x00\x20\x00\x06\x00\x04\x00\x17\x00\x18"
	io.WriteString(dial(t, r.cam, "udp6", netip.AddrPort{}, netip.MustParseAddrPort("[ff02::1:2%eth0]:547")), solicit)
	s.wait(t, "DHCPv6", func(e *home.Event) bool {
		return e.Kind == home.EventLease && e.Lease.V6 && e.Source == camMAC && slices.Equal(e.Lease.Params, []byte{23, 24})
	})
	var joined []net.PacketConn
	if err := r.cam.Do(func() error {
		link, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		for network, group := range map[string]string{"udp4": "239.1.2.3", "udp6": "ff02::1234"} {
			m, err := net.ListenMulticastUDP(network, link, &net.UDPAddr{IP: net.ParseIP(group), Port: 6000})
			if err != nil {
				return err
			}
			joined = append(joined, m)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, m := range joined {
		defer m.Close()
	}
	for _, group := range []string{"239.1.2.3", "ff02::1234"} {
		e := s.wait(t, "join of "+group, func(e *home.Event) bool { return e.Kind == home.EventGroup && e.Group.Addr.String() == group })
		if e.Source != camMAC || e.Port != "p-cam" {
			t.Errorf("%+v", e)
		}
	}
}
