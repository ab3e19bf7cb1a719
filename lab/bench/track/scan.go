package track

import (
	"context"
	"encoding/binary"
	"net/netip"
	"time"

	"cardea/home"
	"cardea/lab/space"

	"golang.org/x/sys/unix"
)

// Scan sends TCP SYNs to port 23 of that many different addresses of the range for benchmarks, from one device (its own and
// the router's MAC). It ends when all are sent.
func Scan(ctx context.Context, s *space.Space, dev string, macs [2]home.MAC, src netip.Addr, targets, perSecond int) error {
	out, err := newSender(s, dev)
	if err != nil {
		return err
	}
	defer out.close()
	start, sent := time.Now(), uint32(0)
	for left := targets; left > 0 && ctx.Err() == nil; left -= batch {
		if _, err := out.send(min(left, batch), func(f []byte) {
			udp(f, macs[0], macs[1], src, netip.AddrFrom4([4]byte{198, 18 + byte(sent>>16)&1, byte(sent >> 8), byte(sent)}), 0, 0)
			sent++
			syn(f, sent)
		}); err != nil {
			return err
		}
		due := time.Duration(sent) * time.Second / time.Duration(perSecond)
		time.Sleep(due - time.Since(start))
	}
	return ctx.Err()
}

// syn makes a frame that udp wrote a first segment to telnet. The checksum is right: the router looks.
func syn(f []byte, seq uint32) {
	ip := f[14:]
	ip[3], ip[9] = 40, unix.IPPROTO_TCP
	ip[10], ip[11] = 0, 0
	binary.BigEndian.PutUint16(ip[10:], checksum(0, ip[:20]))
	t := ip[20:40]
	clear(t)
	binary.BigEndian.PutUint16(t, uint16(30000+seq%20000))
	binary.BigEndian.PutUint16(t[2:], 23)
	binary.BigEndian.PutUint32(t[4:], seq*2654435761)
	t[12], t[13] = 5<<4, 2
	binary.BigEndian.PutUint16(t[14:], 5840)
	var pseudo uint32
	for i := 12; i < 20; i += 2 {
		pseudo += uint32(binary.BigEndian.Uint16(ip[i:]))
	}
	binary.BigEndian.PutUint16(t[16:], checksum(pseudo+unix.IPPROTO_TCP+20, t))
}

// checksum is that of the internet (RFC 1071), of an even number of bytes.
func checksum(sum uint32, b []byte) uint16 {
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
