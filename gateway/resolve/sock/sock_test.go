package sock

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// The headers of diverted replies, read by a library that nobody here wrote.
func TestIPHeader(t *testing.T) {
	for _, c := range []struct {
		local, client string
		first         gopacket.LayerType
	}{
		{"9.9.9.9:53", "192.168.1.10:40000", layers.LayerTypeIPv4},
		{"[2620:fe::fe]:53", "[fd00:1::10]:40001", layers.LayerTypeIPv6},
	} {
		for _, text := range []string{"", "x", "hello", "hello!"} {
			p := &Peer{Local: netip.MustParseAddrPort(c.local), Client: netip.MustParseAddrPort(c.client)}
			b := append(make([]byte, headroom), text...)
			n := ipHeader(b, len(text), p)
			packet := gopacket.NewPacket(b[headroom-n:], c.first, gopacket.Default)
			udp, ok := packet.Layer(layers.LayerTypeUDP).(*layers.UDP)
			if !ok || string(udp.Payload) != text || uint16(udp.SrcPort) != 53 || uint16(udp.DstPort) != p.Client.Port() {
				t.Fatalf("%s %q: %v", c.local, text, packet)
			}
			flow := packet.NetworkLayer().NetworkFlow()
			if flow.Src().String() != p.Local.Addr().String() || flow.Dst().String() != p.Client.Addr().String() {
				t.Errorf("%s: %v", c.local, flow)
			}
			udp.SetNetworkLayerForChecksum(packet.NetworkLayer())
			buf := gopacket.NewSerializeBuffer()
			want := udp.Checksum
			err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{ComputeChecksums: true, FixLengths: true}, udp, gopacket.Payload(udp.Payload))
			if err != nil || udp.Checksum != want {
				t.Errorf("%s %q: checksum %#x, want %#x (%v)", c.local, text, want, udp.Checksum, err)
			}
		}
	}
}

// Batches over real sockets: many datagrams at once, each answered from the address it was sent to.
func TestBatch(t *testing.T) {
	for _, at := range []string{"0.0.0.0:0", "[::]:0"} {
		u, err := ListenUDP(netip.MustParseAddrPort(at), false)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			b := u.NewBatch(8)
			for {
				n, err := b.Read()
				if err != nil {
					done <- err
					return
				}
				for i := range n {
					msg, p := b.In(i)
					if p.IfIndex != 1 || p.Local.Port() != u.Addr().Port() {
						t.Errorf("%+v", p)
					}
					b.Queue(p, append(append(b.Reply(p), "re: "...), msg...))
				}
				if err := b.Flush(); err != nil {
					t.Error(err)
				}
			}
		}()
		to := "127.0.0.7"
		if u.v6 {
			to = "::1"
		}
		c, err := net.Dial("udp", net.JoinHostPort(to, fmt.Sprint(u.Addr().Port()))) // connected: takes replies from there only
		if err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			fmt.Fprintf(c, "n%d", i)
		}
		buf := make([]byte, 100)
		for i := range 50 {
			n, err := c.Read(buf)
			if err != nil || string(buf[:n]) != fmt.Sprintf("re: n%d", i) {
				t.Fatalf("%q, %v", buf[:n], err)
			}
		}
		c.Close()
		u.Close()
		if err := <-done; !errors.Is(err, net.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
}
