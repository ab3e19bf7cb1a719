// Package echo sends ICMP echo requests: the eyes of gateway/line. It imports the standard library and x/net/icmp. It keeps no state.
package echo

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

const size = 56 // bytes of data: 64 with the header

// Bytes is what a request, or its answer, is on the line by IPv4; by IPv6 it is 20 more.
const Bytes = size + 8 + 20

// Once asks an address once and says how long its answer took; false: none came within wait. An error means that nothing could be sent.
func Once(ctx context.Context, to netip.Addr, wait time.Duration) (took time.Duration, answered bool, err error) {
	ask, err := newRequest(to)
	if err != nil {
		return 0, false, err
	}
	c, raw, err := listen(to)
	if err != nil {
		return 0, false, fmt.Errorf("echo: %w", err)
	}
	defer func() { _ = c.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	var dst net.Addr = &net.IPAddr{IP: to.AsSlice(), Zone: to.Zone()}
	if !raw {
		dst = &net.UDPAddr{IP: to.AsSlice(), Zone: to.Zone()}
	}
	began := time.Now()
	if err := c.SetReadDeadline(began.Add(wait)); err != nil {
		return 0, false, fmt.Errorf("echo: %w", err)
	}
	if _, err := c.WriteTo(ask.packet, dst); err != nil {
		return 0, false, fmt.Errorf("echo: %w", err)
	}
	b := make([]byte, 1500)
	for {
		n, _, err := c.ReadFrom(b)
		if err != nil {
			return 0, false, ctx.Err() //nolint:nilerr // the time is over: it is lost
		}
		if ask.answeredBy(b[:n]) {
			return time.Since(began), true, nil
		}
	}
}

// listen opens a raw socket or, where that may not be, one that can only ping.
func listen(to netip.Addr) (c *icmp.PacketConn, raw bool, err error) {
	networks, at := [2]string{"ip4:icmp", "udp4"}, "0.0.0.0"
	if to.Is6() {
		networks, at = [2]string{"ip6:ipv6-icmp", "udp6"}, "::"
	}
	var errs []error
	for i, network := range networks {
		if c, err = icmp.ListenPacket(network, at); err == nil {
			return c, i == 0, nil
		}
		errs = append(errs, err)
	}
	return nil, false, errors.Join(errs...)
}

// request is an echo request; its answer is known by random data.
type request struct {
	packet, data []byte
	reply        icmp.Type
	proto        int
}

func newRequest(to netip.Addr) (*request, error) {
	r := &request{data: make([]byte, size), reply: ipv4.ICMPTypeEchoReply, proto: 1}
	if _, err := rand.Read(r.data[:16]); err != nil {
		return nil, fmt.Errorf("echo: %w", err)
	}
	m := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: int(binary.BigEndian.Uint16(r.data)), Seq: 1, Data: r.data}}
	if to.Is6() {
		m.Type, r.reply, r.proto = ipv6.ICMPTypeEchoRequest, ipv6.ICMPTypeEchoReply, 58
	}
	var err error
	if r.packet, err = m.Marshal(nil); err != nil { // the kernel sums ICMPv6 up itself
		return nil, fmt.Errorf("echo: %w", err)
	}
	return r, nil
}

func (r *request) answeredBy(b []byte) bool {
	m, err := icmp.ParseMessage(r.proto, b)
	if err != nil || m.Type != r.reply {
		return false
	}
	e, ok := m.Body.(*icmp.Echo)
	return ok && bytes.Equal(e.Data, r.data)
}
