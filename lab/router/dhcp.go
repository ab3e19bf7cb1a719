package router

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"cardea/home"
	"cardea/lab/frame"
	"cardea/lab/plan"
	"cardea/lab/space"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv6"
	"golang.org/x/net/ipv6"
	"golang.org/x/sync/errgroup"
)

// leaseTime is short enough that a story sees renewals and long enough that they are no noise.
const leaseTime = 10 * time.Minute

// leases keeps who has which address: the plan's devices their own, strangers one from the pool.
type leases struct {
	mu   sync.Mutex
	by   map[home.MAC]netip.Addr // bounded by the pool
	next netip.Addr
	last netip.Addr
}

func newLeases(p *plan.Plan) *leases {
	l := &leases{by: map[home.MAC]netip.Addr{}, next: p.LAN.Pool[0], last: p.LAN.Pool[1]}
	for _, d := range p.Devices {
		l.by[d.MAC] = d.IPv4
	}
	return l
}

// Lease is the address for a hardware address; false when the pool is empty.
func (l *leases) Lease(m home.MAC) (netip.Addr, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a, ok := l.by[m]; ok {
		return a, true
	}
	if l.next.Compare(l.last) > 0 {
		return netip.Addr{}, false
	}
	a := l.next
	l.by[m], l.next = a, a.Next()
	return a, true
}

// serveDHCP answers DHCPv4. It hears on an ordinary socket, so that the kernel's filters stand before it, and sends frames,
// since the client has no address yet.
func (r *Router) serveDHCP(ctx context.Context, g *errgroup.Group) error {
	dev := r.plan.LAN.Bridge
	in, err := r.space.ListenPacket("udp4", "0.0.0.0:67", dev)
	if err != nil {
		return fmt.Errorf("router: DHCP: %w", err)
	}
	out, err := frame.Open(r.space, dev, nil)
	if err != nil {
		_ = in.Close()
		return fmt.Errorf("router: DHCP: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = in.Close(); out.Close() })
	g.Go(func() error {
		buf := make([]byte, 1500)
		for {
			n, _, err := in.ReadFromUDPAddrPort(buf)
			if err != nil {
				return space.Ended(ctx, err)
			}
			q, err := dhcpv4.FromBytes(buf[:n])
			if err != nil {
				continue
			}
			if f := r.offer(q); f != nil {
				_, _ = out.Write(f) // a full queue or a closed port: the client asks again
			}
		}
	})
	return nil
}

// offer makes the frame that answers a request; nil when there is nothing to say.
func (r *Router) offer(q *dhcpv4.DHCPv4) []byte {
	client := home.MACOf(q.ClientHWAddr)
	kind := map[dhcpv4.MessageType]dhcpv4.MessageType{
		dhcpv4.MessageTypeDiscover: dhcpv4.MessageTypeOffer, dhcpv4.MessageTypeRequest: dhcpv4.MessageTypeAck,
		dhcpv4.MessageTypeInform: dhcpv4.MessageTypeAck,
	}[q.MessageType()]
	own := r.plan.LAN.V4.Addr()
	other := q.ServerIdentifier()
	if kind == dhcpv4.MessageTypeNone || other != nil && !other.Equal(own.AsSlice()) {
		return nil
	}
	addr, ok := r.Lease(client)
	if !ok {
		return nil
	}
	wanted := q.RequestedIPAddress()
	if wanted == nil && !q.ClientIPAddr.IsUnspecified() {
		wanted = q.ClientIPAddr
	}
	if kind == dhcpv4.MessageTypeAck && q.MessageType() == dhcpv4.MessageTypeRequest && wanted != nil && !wanted.Equal(addr.AsSlice()) {
		kind = dhcpv4.MessageTypeNak
	}
	reply, err := dhcpv4.NewReplyFromRequest(q, dhcpv4.WithMessageType(kind), dhcpv4.WithOption(dhcpv4.OptServerIdentifier(own.AsSlice())))
	if err != nil {
		return nil
	}
	to := netip.AddrFrom4([4]byte{255, 255, 255, 255})
	if kind != dhcpv4.MessageTypeNak {
		r.fill(reply, addr)
		if !q.IsBroadcast() {
			to = addr
		}
	}
	dst := client
	if to != addr {
		dst = home.Broadcast
	}
	return frame.UDP(r.plan.LAN.MAC, dst, netip.AddrPortFrom(own, 67), netip.AddrPortFrom(to, 68), reply.ToBytes())
}

func (r *Router) fill(reply *dhcpv4.DHCPv4, addr netip.Addr) {
	own := net.IP(r.plan.LAN.V4.Addr().AsSlice())
	reply.YourIPAddr = addr.AsSlice()
	for _, o := range []dhcpv4.Option{
		dhcpv4.OptIPAddressLeaseTime(leaseTime), dhcpv4.OptSubnetMask(net.CIDRMask(r.plan.LAN.V4.Bits(), 32)),
		dhcpv4.OptRouter(own), dhcpv4.OptDNS(own), dhcpv4.OptDomainName("lan"),
	} {
		reply.UpdateOption(o)
	}
}

// serveDHCPv6 answers stateless DHCPv6 (RFC 8415 section 18.3.6): the resolver's address and no lease.
func (r *Router) serveDHCPv6(ctx context.Context, g *errgroup.Group) error {
	dev := r.plan.LAN.Bridge
	c, err := r.space.ListenPacket("udp6", "[::]:547", dev)
	if err != nil {
		return fmt.Errorf("router: DHCPv6: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = c.Close() })
	link, err := r.space.NL.LinkByName(dev)
	if err != nil {
		return err
	}
	group := &net.UDPAddr{IP: net.ParseIP("ff02::1:2")}
	if err := ipv6.NewPacketConn(c).JoinGroup(&net.Interface{Index: link.Attrs().Index, Name: dev}, group); err != nil {
		return fmt.Errorf("router: DHCPv6: %w", err)
	}
	id := &dhcpv6.DUIDLL{HWType: 1, LinkLayerAddr: r.plan.LAN.MAC[:]}
	g.Go(func() error {
		buf := make([]byte, 1500)
		for {
			n, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				return space.Ended(ctx, err)
			}
			q, err := dhcpv6.MessageFromBytes(buf[:n])
			if err != nil || q.MessageType != dhcpv6.MessageTypeInformationRequest {
				continue
			}
			reply, err := dhcpv6.NewReplyFromMessage(q, dhcpv6.WithServerID(id), dhcpv6.WithDNS(r.plan.LAN.ULA.Addr().AsSlice()))
			if err == nil {
				_, _ = c.WriteToUDPAddrPort(reply.ToBytes(), from) // lost: the client asks again
			}
		}
	})
	return nil
}
