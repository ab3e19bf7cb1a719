// Package resolve is the home's DNS server: it knows which device asks, answers what is blocked and what is local
// itself, keeps answers, and forwards the rest. Contained devices have a listener of their own that forwards nothing.
//
// It may import home, its own folders (message, cache, upstream, sock) and x/sys; what it needs of other rooms it asks
// for by Decider and Watcher. A Resolver owns its sockets, its cache and the queries in flight; nothing of it is on disk.
package resolve

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"cardea/gateway/resolve/upstream"
	"cardea/home"
)

// Decider judges names. It is called for each query by many goroutines at once and must not wait for anything. The
// strings it is given are views of memory that is used again: it clones what it keeps.
type Decider interface {
	// Name judges a question: lower case, no trailing dot.
	Name(client netip.Addr, name string) home.Verdict
	// Answer judges what a name leads to: targets of CNAME and HTTPS records and all addresses.
	Answer(client netip.Addr, question string, cnames []string, addrs []netip.Addr) home.Verdict
}

// Watcher is told each question and each answer, by many goroutines at once. The Lookup and everything in it is used
// again when the call returns: it clones what it keeps.
type Watcher interface {
	Lookup(l *home.Lookup)
}

// Upstream is a DNS server that is asked; ParseUpstream reads one.
type Upstream = upstream.Server

// ParseUpstream reads an upstream as people write it; see upstream.Parse.
func ParseUpstream(s string) (Upstream, error) { return upstream.Parse(s) }

// BlockAnswer is what a blocked name is answered with.
type BlockAnswer string

// Blocked answers. BlockNull is the default: a client takes it as an address that does not work and stops there, while
// NXDOMAIN makes many try their search domains and their next resolver.
const (
	BlockNull     BlockAnswer = "null"     // A 0.0.0.0, AAAA ::, other types: no data
	BlockNXDomain BlockAnswer = "nxdomain" // the name does not exist
)

// Config is how the home's DNS is to be. The zero value of a number means its default.
type Config struct {
	Addrs          []netip.AddrPort // where devices ask, UDP and TCP
	Transparent    bool             // Addrs get diverted (tproxy) queries; answers leave from the original destination
	ContainedAddrs []netip.AddrPort // where contained devices ask
	Portal         Portal
	Interfaces     []string // queries are taken from these and from loopback only; others are dropped and counted

	Upstreams    []Upstream
	Bootstrap    []netip.AddrPort // plain DNS servers that look up the names of Upstreams, nothing else
	LocalServer  netip.AddrPort   // the router's own DNS server for LocalDomains and private reverse zones; zero: none
	LocalDomains []string         // for example "lan"
	LocalNames   map[string][]netip.Addr
	Earliest     time.Time // a time that has passed for certain; see upstream.Config

	Block             BlockAnswer
	BlockTTL          uint32   // seconds; default 10: an unblocked name works soon
	RebindAllow       []string // public names below which private addresses are allowed
	AllowRebind       bool
	AllowPrivateRelay bool // forward mask.icloud.com instead of saying that it does not exist
	AllowBrowserDoH   bool // forward use-application-dns.net

	CacheBytes    int // default 4 MiB, index included
	Workers       int // goroutines that read each address; default: one a core
	MaxFlights    int // forwarded queries at a time; default 1,024
	ClientFlights int // of these, of one client; default 128
	ClientRate    int // queries a second from one client, with a burst of twice that; default 2,000; negative: no bound
	MaxConns      int // TCP connections; default 128
	ClientConns   int // of these, of one client; default 16
}

// Portal is where a contained device's names all lead. Without an address of a family it is the one that the device
// asked, which is the gateway's own: a contained device's queries are redirected to it.
type Portal struct{ V4, V6 netip.Addr }

func (c *Config) defaults(cores int) {
	number := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	number(&c.CacheBytes, 4<<20)
	number(&c.Workers, cores)
	number(&c.MaxFlights, 1024)
	number(&c.ClientFlights, 128)
	number(&c.ClientRate, 2000)
	number(&c.MaxConns, 128)
	number(&c.ClientConns, 16)
	if c.BlockTTL == 0 {
		c.BlockTTL = 10
	}
	if c.Block == "" {
		c.Block = BlockNull
	}
}

func (c *Config) validate() error {
	if len(c.Addrs) == 0 && len(c.ContainedAddrs) == 0 {
		return errors.New("DNS: no address to listen on")
	}
	if len(c.Addrs) > 0 && len(c.Upstreams) == 0 {
		return errors.New("DNS: no upstream")
	}
	if c.Block != BlockNull && c.Block != BlockNXDomain {
		return fmt.Errorf("DNS: blocked names can be answered with %q or %q, not %q", BlockNull, BlockNXDomain, c.Block)
	}
	if c.Portal.V4.IsValid() && !c.Portal.V4.Is4() {
		return fmt.Errorf("DNS: the portal's IPv4 address is %s", c.Portal.V4)
	}
	if c.Portal.V6.IsValid() && !c.Portal.V6.Is6() {
		return fmt.Errorf("DNS: the portal's IPv6 address is %s", c.Portal.V6)
	}
	for name := range c.LocalNames {
		if clean, ok := home.CleanName(name); !ok || clean != name {
			return fmt.Errorf("DNS: local name %q is not a host name in lower case", name)
		}
	}
	return nil
}
