// Package lookup asks DNS servers from inside a namespace. It imports lab/space and holds no state.
package lookup

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"cardea/lab/space"

	"github.com/miekg/dns"
)

// patience is how long one question waits for its answer.
const patience = 2 * time.Second

// Ask sends one question over "udp" or "tcp" and waits for its answer.
func Ask(ctx context.Context, s *space.Space, network, server string, q *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := s.Dial(ctx, network, server)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", server, err)
	}
	defer c.Close()
	deadline, _ := ctx.Deadline()
	if err := c.SetDeadline(deadline); err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { c.Close() })()
	conn := &dns.Conn{Conn: c, UDPSize: 1232}
	if err := conn.WriteMsg(q); err != nil {
		return nil, fmt.Errorf("ask %s: %w", server, err)
	}
	for {
		m, err := conn.ReadMsg()
		if err != nil {
			return nil, fmt.Errorf("ask %s: %w", server, err)
		}
		if m.Id == q.Id {
			return m, nil
		}
	}
}

// Addr resolves a name to its first IPv4 or IPv6 address, over UDP with one repetition, as a stub resolver does.
func Addr(ctx context.Context, s *space.Space, server netip.AddrPort, name string, v6 bool) (netip.Addr, error) {
	kind := dns.TypeA
	if v6 {
		kind = dns.TypeAAAA
	}
	q := new(dns.Msg).SetQuestion(dns.Fqdn(name), kind)
	m, err := Ask(ctx, s, "udp", server.String(), q)
	if err != nil && ctx.Err() == nil {
		m, err = Ask(ctx, s, "udp", server.String(), q)
	}
	if err != nil {
		return netip.Addr{}, fmt.Errorf("resolve %s: %w", name, err)
	}
	for _, rr := range m.Answer {
		switch a := rr.(type) {
		case *dns.A:
			if ip, ok := netip.AddrFromSlice(a.A.To4()); ok && !v6 {
				return ip, nil
			}
		case *dns.AAAA:
			if ip, ok := netip.AddrFromSlice(a.AAAA.To16()); ok && v6 {
				return ip, nil
			}
		}
	}
	return netip.Addr{}, fmt.Errorf("resolve %s: no %s record (%s)", name, dns.TypeToString[kind], dns.RcodeToString[m.Rcode])
}
