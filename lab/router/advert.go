package router

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/net/ipv6"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"cardea/lab/space"
)

// advertEvery is how often the router speaks unasked.
const advertEvery = 60 * time.Second

// advertise sends router advertisements (RFC 4861 section 4.2), unasked and on solicitation.
func (r *Router) advertise(ctx context.Context, g *errgroup.Group) error {
	dev := r.plan.LAN.Bridge
	link, err := r.space.NL.LinkByName(dev)
	if err != nil {
		return err
	}
	index := link.Attrs().Index
	c, err := r.icmp(dev, index)
	if err != nil {
		return fmt.Errorf("router: advertise: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = c.Close() })
	all := &net.IPAddr{IP: net.ParseIP("ff02::1"), Zone: dev}
	message := r.advert()
	send := func() { _, _ = c.WriteTo(message, nil, all) } // lost: it is repeated
	g.Go(func() error {
		tick := time.NewTicker(advertEvery)
		defer tick.Stop()
		send()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
				send()
			}
		}
	})
	g.Go(func() error {
		buf := make([]byte, 1500)
		for {
			_, _, _, err := c.ReadFrom(buf) // the socket's filter lets solicitations through only
			if err != nil {
				return space.Ended(ctx, err)
			}
			send()
		}
	})
	return nil
}

// icmp opens a raw ICMPv6 socket that hears router solicitations.
func (r *Router) icmp(dev string, index int) (*ipv6.PacketConn, error) {
	var pc net.PacketConn
	err := r.space.Do(func() error {
		fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMPV6)
		if err != nil {
			return err
		}
		f := os.NewFile(uintptr(fd), "icmp6")
		defer f.Close()
		if err := unix.SetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE, dev); err != nil {
			return err
		}
		if pc, err = net.FilePacketConn(f); err != nil {
			return err
		}
		c := ipv6.NewPacketConn(pc)
		var filter ipv6.ICMPFilter
		filter.SetAll(true)
		filter.Accept(ipv6.ICMPTypeRouterSolicitation)
		if err := c.SetICMPFilter(&filter); err != nil {
			return err
		}
		iface := &net.Interface{Index: index, Name: dev}
		if err := c.JoinGroup(iface, &net.IPAddr{IP: net.ParseIP("ff02::2")}); err != nil {
			return err
		}
		if err := c.SetMulticastInterface(iface); err != nil {
			return err
		}
		// 255 proves that the sender is on the link (RFC 4861 section 6.1.2)
		return c.SetMulticastHopLimit(255)
	})
	if err != nil {
		return nil, err
	}
	return ipv6.NewPacketConn(pc), nil
}

// advert is the message: both prefixes, other configuration by DHCPv6, the resolver (RFC 8106), our hardware address.
func (r *Router) advert() []byte {
	b := []byte{134, 0, 0, 0, 64, 0x40, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0} // hop limit 64, O flag, router for 1800 s
	for _, p := range []netip.Prefix{r.plan.LAN.ULA, r.plan.LAN.GUA} {
		b = append(b, 3, 4, byte(p.Bits()), 0xc0)
		b = binary.BigEndian.AppendUint32(b, 86400)
		b = binary.BigEndian.AppendUint32(b, 14400)
		b = append(append(b, 0, 0, 0, 0), p.Masked().Addr().AsSlice()...)
	}
	b = append(b, 25, 3, 0, 0)
	b = binary.BigEndian.AppendUint32(b, 3600)
	b = append(b, r.plan.LAN.ULA.Addr().AsSlice()...)
	mac := r.plan.LAN.MAC
	return append(append(b, 1, 1), mac[:]...)
}
