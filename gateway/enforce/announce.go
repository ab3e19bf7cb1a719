package enforce

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"cardea/home"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// announceAt is when the gateway's addresses are announced after a liar was shut in: Linux believes no second change of a
// neighbour within a second (net.ipv4.neigh.default.locktime), and others may be asleep or drop a frame.
var announceAt = []time.Duration{0, 1200 * time.Millisecond, 2500 * time.Millisecond, 5 * time.Second}

// Announce tells every device on the LAN the gateway's true hardware address: who believed a liar would otherwise go on
// sending to it until its cache ends. An ARP announcement (RFC 5227 section 3) for each IPv4 address, an unsolicited
// neighbour advertisement with override (RFC 4861 section 7.2.6) for each IPv6 address. It takes some seconds.
func (e *Enforcer) Announce(ctx context.Context) error {
	link, err := netlink.LinkByName(e.cfg.Bridge)
	if err != nil {
		return fmt.Errorf("announce the gateway: %w", err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0) // protocol 0: receives nothing
	if err != nil {
		return fmt.Errorf("announce the gateway: %w", err)
	}
	defer unix.Close(fd)
	own, to := home.MACOf(link.Attrs().HardwareAddr), &unix.SockaddrLinklayer{Ifindex: link.Attrs().Index}
	var frames [][]byte
	for _, a := range e.cfg.GatewayV4 {
		frames = append(frames, arpAnnouncement(own, a, 1), arpAnnouncement(own, a, 2))
	}
	for _, a := range e.cfg.GatewayV6 {
		frames = append(frames, advertisement(own, a.WithZone("")))
	}
	start := time.Now()
	for _, at := range announceAt {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Until(start.Add(at))):
		}
		var errs []error
		for _, f := range frames {
			errs = append(errs, unix.Sendto(fd, f, 0, to))
		}
		if err := errors.Join(errs...); err != nil {
			return fmt.Errorf("announce the gateway: %w", err)
		}
	}
	return nil
}

// arpAnnouncement is an ARP request (1) or reply (2) of a for itself, to everybody (RFC 826).
func arpAnnouncement(own home.MAC, a netip.Addr, op byte) []byte {
	f := append(append([]byte{}, home.Broadcast[:]...), own[:]...)
	f = append(f, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, op)
	f = append(append(f, own[:]...), a.AsSlice()...)
	f = append(append(f, own[:]...), a.AsSlice()...)
	return append(f, make([]byte, 60-len(f))...) // the shortest Ethernet frame without its checksum
}

// advertisement is an unsolicited neighbour advertisement of a to all nodes: router and override set (RFC 4861 4.4).
func advertisement(own home.MAC, a netip.Addr) []byte {
	all := netip.MustParseAddr("ff02::1")
	icmp := append([]byte{136, 0, 0, 0, 0xa0, 0, 0, 0}, a.AsSlice()...)
	icmp = append(append(icmp, 2, 1), own[:]...) // option: target link-layer address
	sum := checksum(a.AsSlice(), all.AsSlice(), []byte{0, byte(len(icmp)), 0, home.ProtoICMPv6}, icmp)
	binary.BigEndian.PutUint16(icmp[2:], sum)
	f := append([]byte{0x33, 0x33, 0, 0, 0, 1}, own[:]...)
	f = append(f, 0x86, 0xdd, 0x60, 0, 0, 0, 0, byte(len(icmp)), home.ProtoICMPv6, 255)
	return append(append(append(f, a.AsSlice()...), all.AsSlice()...), icmp...)
}
