package enforce

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"cardea/gateway/enforce/nfnl"
	"cardea/home"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// maxProbes bounds the frames sent for one change; flows beyond it are reset by their own next packet.
const maxProbes = 1024

// probe makes the home's end of killed TCP flows be reset at once, also when it only waits for data. Conntrack does not
// know sequence numbers, so a RST cannot be forged. But a segment out of its window makes any TCP answer with an ACK that
// carries the right numbers (RFC 9293 section 3.10.7.4), and the dead set's reject turns that ACK into a RST which the
// device accepts. The segment has one byte, since stacks limit the rate of answers to empty ones. It goes straight to the
// bridge: through the IP stack it would be tracked as a new connection.
func probe(bridge string, flows []nfnl.Flow, macs map[netip.Addr]home.MAC) error {
	link, err := netlink.LinkByName(bridge)
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	own := home.MACOf(link.Attrs().HardwareAddr)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0) // protocol 0: receives nothing
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	defer unix.Close(fd)
	var errs []error
	sent := 0
	for i := range flows {
		f := &flows[i]
		if f.Proto != home.ProtoTCP {
			continue
		}
		for _, end := range [2][2]netip.AddrPort{{f.ReplySrc, f.Src}, {f.Src, f.ReplySrc}} {
			mac, ok := macs[end[1].Addr().Unmap()]
			if !ok || sent == maxProbes || len(errs) > 3 {
				continue
			}
			sent++
			err := unix.Sendto(fd, segment(mac, own, end[0], end[1]), 0, &unix.SockaddrLinklayer{Ifindex: link.Attrs().Index})
			if err != nil {
				errs = append(errs, fmt.Errorf("probe %s: %w", end[1], err))
			}
		}
	}
	return errors.Join(errs...)
}

// segment is an Ethernet frame with a TCP segment of one byte and meaningless sequence numbers.
func segment(to, from home.MAC, src, dst netip.AddrPort) []byte {
	tcp := make([]byte, 21)
	binary.BigEndian.PutUint16(tcp, src.Port())
	binary.BigEndian.PutUint16(tcp[2:], dst.Port())
	binary.BigEndian.PutUint32(tcp[4:], 0x10000001) // any: one in some thousand falls into the window and is only data too many
	binary.BigEndian.PutUint32(tcp[8:], 0x10000001)
	tcp[12], tcp[13] = 5<<4, flagACK|0x08
	binary.BigEndian.PutUint16(tcp[14:], 1024)
	a, b := src.Addr().AsSlice(), dst.Addr().AsSlice()
	sum := checksum(a, b, []byte{0, home.ProtoTCP, 0, byte(len(tcp))}, tcp)
	binary.BigEndian.PutUint16(tcp[16:], sum)
	frame := append(append([]byte{}, to[:]...), from[:]...)
	if src.Addr().Is4() {
		ip := []byte{0x45, 0, 0, byte(20 + len(tcp)), 0, 0, 0x40, 0, 64, home.ProtoTCP, 0, 0}
		ip = append(append(ip, a...), b...)
		binary.BigEndian.PutUint16(ip[10:], checksum(ip))
		frame = append(append(frame, 0x08, 0x00), ip...)
	} else {
		ip := []byte{0x60, 0, 0, 0, 0, byte(len(tcp)), home.ProtoTCP, 64}
		frame = append(append(append(append(frame, 0x86, 0xdd), ip...), a...), b...)
	}
	return append(frame, tcp...)
}

// checksum is the Internet checksum (RFC 1071); every part but the last has an even length.
func checksum(parts ...[]byte) uint16 {
	var sum uint32
	for _, p := range parts {
		for i, c := range p {
			sum += uint32(c) << (8 * (1 - i&1))
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
