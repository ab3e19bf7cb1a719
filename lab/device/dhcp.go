package device

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"cardea/home"
	"cardea/lab/frame"
	"cardea/lab/plan"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

var errNoAnswer = errors.New("no answer")

// discover does one DHCPv4 exchange (RFC 2131 section 3.1) in raw frames; each answer may take as long as wait.
func (d *Device) discover(ctx context.Context, wait time.Duration) (Lease, error) {
	c, err := frame.Open(d.Space, Iface, frame.Keep(2048, false, []uint16{68}, nil))
	if err != nil {
		return Lease{}, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	mac := d.HardwareAddr()
	ask := func(q *dhcpv4.DHCPv4, want ...dhcpv4.MessageType) (*dhcpv4.DHCPv4, error) {
		everyone := netip.AddrFrom4([4]byte{255, 255, 255, 255})
		f := frame.UDP(mac, home.Broadcast, netip.AddrPortFrom(netip.IPv4Unspecified(), 68), netip.AddrPortFrom(everyone, 67), q.ToBytes())
		if _, err := c.Write(f); err != nil {
			return nil, fmt.Errorf("%w: send: %w", errNoAnswer, err)
		}
		return hear(c, q.TransactionID, time.Now().Add(wait), want)
	}
	q, err := dhcpv4.NewDiscovery(mac[:], d.options()...)
	if err != nil {
		return Lease{}, err
	}
	offer, err := ask(q, dhcpv4.MessageTypeOffer)
	if err != nil {
		return Lease{}, err
	}
	if q, err = dhcpv4.NewRequestFromOffer(offer, d.options()...); err != nil {
		return Lease{}, err
	}
	ack, err := ask(q, dhcpv4.MessageTypeAck, dhcpv4.MessageTypeNak)
	if err != nil {
		return Lease{}, err
	}
	return leaseOf(ack)
}

func (d *Device) options() []dhcpv4.Modifier {
	t := plan.Of(d.Kind)
	list := []dhcpv4.Modifier{dhcpv4.WithBroadcast(false), dhcpv4.WithOption(dhcpv4.OptHostName(clip(cmp.Or(d.Calls, d.Name)))),
		dhcpv4.WithGeneric(dhcpv4.OptionParameterRequestList, t.Parameters)}
	if t.VendorClass != "" {
		list = append(list, dhcpv4.WithOption(dhcpv4.OptClassIdentifier(t.VendorClass)))
	}
	return list
}

func hear(c *frame.Conn, id dhcpv4.TransactionID, until time.Time, want []dhcpv4.MessageType) (*dhcpv4.DHCPv4, error) {
	if err := c.SetReadDeadline(until); err != nil {
		return nil, err
	}
	buf := make([]byte, 2048)
	for {
		r, err := c.Read(buf)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errNoAnswer, err)
		}
		if r.Out || r.Len < 42 {
			continue
		}
		m, err := dhcpv4.FromBytes(buf[42:r.Len]) // Ethernet 14, IPv4 20, UDP 8
		if err != nil || m.TransactionID != id {
			continue
		}
		for _, w := range want {
			if m.MessageType() == w {
				return m, nil
			}
		}
	}
}

func leaseOf(ack *dhcpv4.DHCPv4) (l Lease, err error) {
	if ack.MessageType() != dhcpv4.MessageTypeAck {
		return l, fmt.Errorf("%w: refused", errNoAnswer)
	}
	addr, ok := netip.AddrFromSlice(ack.YourIPAddr.To4())
	bits, _ := ack.SubnetMask().Size()
	if !ok || bits == 0 {
		return l, fmt.Errorf("%w: no address in the answer", errNoAnswer)
	}
	first := func(list []net.IP) netip.Addr {
		if len(list) == 0 {
			return netip.Addr{}
		}
		a, _ := netip.AddrFromSlice(list[0].To4())
		return a
	}
	l = Lease{Addr: netip.PrefixFrom(addr, bits), Router: first(ack.Router()), DNS: netip.AddrPortFrom(first(ack.DNS()), 53),
		Server: first([]net.IP{ack.ServerIdentifier()})}
	if !l.Router.IsValid() || !l.DNS.IsValid() {
		return l, fmt.Errorf("%w: no router or resolver in the answer", errNoAnswer)
	}
	return l, nil
}
