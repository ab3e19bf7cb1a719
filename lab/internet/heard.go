package internet

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"cardea/lab/lookup"
	"cardea/lab/plan"
	"cardea/lab/space"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"
)

// maxHeard bounds how many names are remembered; the oldest half is forgotten beyond it.
const maxHeard = 8192

// questions remembers what the provider's resolver was asked, and which domains others answer for.
type questions struct {
	mu        sync.Mutex
	names     []string
	delegated map[string]netip.AddrPort // few: tests add them
}

func (q *questions) add(name string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.names) >= maxHeard {
		q.names = slices.Delete(q.names, 0, maxHeard/2)
	}
	q.names = append(q.names, name)
}

// Asked lists the names that were asked of the provider's resolver, the oldest first, as far as it remembers.
func (n *Internet) Asked() []string {
	n.heard.mu.Lock()
	defer n.heard.mu.Unlock()
	return slices.Clone(n.heard.names)
}

// Delegate makes the provider's resolver ask the server at addr, in the internet's namespace, for all names under domain: a DNS
// tunnel's far end, for example.
func (n *Internet) Delegate(domain string, addr netip.AddrPort) {
	n.heard.mu.Lock()
	defer n.heard.mu.Unlock()
	if n.heard.delegated == nil {
		n.heard.delegated = map[string]netip.AddrPort{}
	}
	n.heard.delegated[strings.ToLower(domain)] = addr
}

// resolve answers from the zone or asks whom the name is delegated to.
func (n *Internet) resolve(ctx context.Context, q *dns.Msg) *dns.Msg {
	if len(q.Question) == 1 {
		name := strings.ToLower(strings.TrimSuffix(q.Question[0].Name, "."))
		n.heard.mu.Lock()
		var to netip.AddrPort
		for domain, addr := range n.heard.delegated {
			if name == domain || strings.HasSuffix(name, "."+domain) {
				to = addr
			}
		}
		n.heard.mu.Unlock()
		if to.IsValid() {
			m, err := lookup.Ask(ctx, n.space, "udp", to.String(), q)
			if err != nil {
				return new(dns.Msg).SetRcode(q, dns.RcodeServerFailure)
			}
			return m
		}
	}
	return n.answer(q)
}

// serveDatagrams echoes UDP 443 at the addresses of plan.VideoName: a long flow without TCP, for tests that cut one.
func (n *Internet) serveDatagrams(ctx context.Context, g *errgroup.Group) error {
	site := n.zone[plan.VideoName]
	for network, a := range map[string]netip.Addr{"udp4": site.V4, "udp6": site.V6} {
		c, err := n.space.ListenPacket(network, netip.AddrPortFrom(a, 443).String(), "")
		if err != nil {
			return fmt.Errorf("internet: datagrams: %w", err)
		}
		context.AfterFunc(ctx, func() { _ = c.Close() })
		g.Go(func() error {
			buf := make([]byte, 2048)
			for {
				k, from, err := c.ReadFromUDPAddrPort(buf)
				if err != nil {
					return space.Ended(ctx, err)
				}
				_, _ = c.WriteToUDPAddrPort(buf[:k], from) // the way back may be cut: that is what is tested
			}
		})
	}
	return nil
}
