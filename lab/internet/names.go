package internet

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"cardea/lab/plan"
	"cardea/lab/space"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"
)

// ttl of the lab's names, in seconds.
const ttl = 300

// serveNames is the provider's resolver: UDP and TCP 53, DNS over TLS 853, IPv4 and IPv6.
func (n *Internet) serveNames(ctx context.Context, g *errgroup.Group) error {
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		n.Queries.Add(1)
		for _, ask := range q.Question {
			n.heard.add(strings.ToLower(strings.TrimSuffix(ask.Name, ".")))
		}
		_ = w.WriteMsg(n.resolve(ctx, q))
	})
	run := func(s *dns.Server) {
		s.Handler = handler
		context.AfterFunc(ctx, func() {
			if s.Listener != nil {
				s.Listener.Close()
			} else {
				_ = s.PacketConn.Close()
			}
		})
		g.Go(func() error { return space.Ended(ctx, s.ActivateAndServe()) })
	}
	for _, a := range []netip.Addr{n.plan.WAN.DNS4, n.plan.WAN.DNS6} {
		version := "4"
		if a.Is6() {
			version = "6"
		}
		udp, err1 := n.space.ListenPacket("udp"+version, netip.AddrPortFrom(a, 53).String(), "")
		tcp, err2 := n.space.Listen("tcp"+version, netip.AddrPortFrom(a, 53).String())
		dot, err3 := n.space.Listen("tcp"+version, netip.AddrPortFrom(a, 853).String())
		if err := errors.Join(err1, err2, err3); err != nil {
			return fmt.Errorf("internet: resolver: %w", err)
		}
		run(&dns.Server{PacketConn: udp})
		run(&dns.Server{Listener: tcp})
		run(&dns.Server{Listener: tls.NewListener(dot, &tls.Config{GetCertificate: n.CA.Certificate})})
	}
	return nil
}

// answer resolves one question from the plan's zone. All other names do not exist.
func (n *Internet) answer(q *dns.Msg) *dns.Msg {
	m := new(dns.Msg).SetReply(q)
	m.RecursionAvailable = true
	if len(q.Question) != 1 {
		m.Rcode = dns.RcodeFormatError
		return m
	}
	ask := q.Question[0]
	site, ok := n.zone[strings.ToLower(strings.TrimSuffix(ask.Name, "."))]
	if !ok {
		m.Rcode = dns.RcodeNameError
		m.Ns = append(m.Ns, soa())
		return m
	}
	owner := ask.Name
	if site.Alias != "" {
		target := dns.Fqdn(site.Alias)
		m.Answer = append(m.Answer, &dns.CNAME{Hdr: header(owner, dns.TypeCNAME), Target: target})
		owner, site = target, n.zone[site.Alias]
	}
	m.Answer = append(m.Answer, records(owner, ask.Qtype, site)...)
	if len(m.Answer) == 0 {
		m.Ns = append(m.Ns, soa())
	}
	return m
}

func records(owner string, kind uint16, s plan.Site) []dns.RR {
	switch {
	case kind == dns.TypeA && s.V4.IsValid():
		return []dns.RR{&dns.A{Hdr: header(owner, kind), A: s.V4.AsSlice()}}
	case kind == dns.TypeAAAA && s.V6.IsValid():
		return []dns.RR{&dns.AAAA{Hdr: header(owner, kind), AAAA: s.V6.AsSlice()}}
	}
	return nil
}

func header(name string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: ttl}
}

func soa() dns.RR {
	return &dns.SOA{Hdr: header("example.", dns.TypeSOA), Ns: "ns.isp.example.", Mbox: "hostmaster.isp.example.",
		Serial: 1, Refresh: 3600, Retry: 600, Expire: 86400, Minttl: 60}
}

// serveTime answers NTP (RFC 5905, server mode, stratum 2) at the addresses of plan.NTPName.
func (n *Internet) serveTime(ctx context.Context, g *errgroup.Group) error {
	site := n.zone[plan.NTPName]
	for network, a := range map[string]netip.Addr{"udp4": site.V4, "udp6": site.V6} {
		c, err := n.space.ListenPacket(network, netip.AddrPortFrom(a, 123).String(), "")
		if err != nil {
			return fmt.Errorf("internet: time: %w", err)
		}
		context.AfterFunc(ctx, func() { _ = c.Close() })
		g.Go(func() error { return space.Ended(ctx, timeServer(c)) })
	}
	return nil
}

func timeServer(c *net.UDPConn) error {
	buf := make([]byte, 512)
	for {
		k, from, err := c.ReadFromUDPAddrPort(buf)
		if err != nil {
			return err
		}
		if k < 48 {
			continue
		}
		reply := make([]byte, 48)
		reply[0], reply[1], reply[2], reply[3] = 4<<3|4, 2, buf[2], 0xec // version 4, mode 4; 2^-20 s
		now := ntpTime(time.Now())
		copy(reply[24:32], buf[40:48]) // originate: the client's transmit time
		for _, at := range []int{16, 32, 40} {
			binary.BigEndian.PutUint64(reply[at:], now)
		}
		if _, err := c.WriteToUDPAddrPort(reply, from); err != nil {
			continue // the way back may be cut: that is the lab's business
		}
	}
}

// ntpTime is seconds since 1900 in 32.32 fixed point (RFC 5905 section 6).
func ntpTime(t time.Time) uint64 {
	const from1900 = 2208988800
	return uint64(t.Unix()+from1900)<<32 | uint64(t.Nanosecond())<<32/1e9
}
