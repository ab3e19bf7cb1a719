package gateway

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"time"
)

// probing: whether the internet answers this home, so that a silent internet is not taken for a scan. One question of 17
// bytes to one server each probeEvery.
const (
	probeEvery   = 15 * time.Second
	probeTimeout = 2 * time.Second
)

// probe asks the DNS servers of the configuration for the root's name servers, one after the other until one answers.
func (g *Gateway) probe(ctx context.Context) error {
	servers := probeServers(g.cfg.DNS)
	if len(servers) == 0 {
		return nil // only names are configured and nothing to look them up with: devices' own flows have to do
	}
	t := time.NewTicker(probeEvery)
	defer t.Stop()
	for {
		up := false
		for _, s := range servers {
			if up = answers(ctx, s); up || ctx.Err() != nil {
				break
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		g.mu.Lock()
		g.judge.Internet(up, g.now())
		g.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

func probeServers(c DNSConfig) (list []netip.AddrPort) {
	for _, s := range c.Bootstrap {
		if a, err := netip.ParseAddrPort(s); err == nil {
			list = append(list, a)
		}
	}
	for _, s := range c.Upstreams {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "udp" {
			continue
		}
		if a, err := netip.ParseAddrPort(u.Host); err == nil {
			list = append(list, a)
		} else if a, err := netip.ParseAddr(u.Hostname()); err == nil {
			list = append(list, netip.AddrPortFrom(a, 53))
		}
	}
	return list
}

// answers says whether a DNS server answers at all, with whatever.
func answers(ctx context.Context, server netip.AddrPort) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "udp", server.String())
	if err != nil {
		return false
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	// header (RFC 1035 section 4.1.1): recursion desired, one question: root, NS, IN
	q := []byte{0xca, 0xde, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1}
	if _, err := c.Write(q); err != nil {
		return false
	}
	n, err := c.Read(q)
	return err == nil && n >= 4 && q[0] == 0xca && q[1] == 0xde && q[2]&0x80 != 0
}
