// Package internet is the far side of the lab's WAN link: the provider's resolver, TLS and web sites by name with a
// certificate authority of their own, time, a command server for the malware, and a great silence everywhere else. It imports
// lab/plan, lab/space and lab/lookup. It owns its listeners; they end with the context given to Serve.
package internet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"cardea/lab/plan"
	"cardea/lab/space"

	"github.com/vishvananda/netlink"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// Internet serves one plan's sites.
type Internet struct {
	CA    *CA
	plan  *plan.Plan
	space *space.Space
	zone  map[string]plan.Site
	heard questions

	Queries  atomic.Uint64 // names asked of the provider's resolver
	Requests atomic.Uint64 // web pages and API calls served
	Commands atomic.Uint64 // calls that the command server took
}

// New prepares the internet in its namespace. Link and Serve bring it up.
func New(p *plan.Plan, s *space.Space) (*Internet, error) {
	ca, err := NewCA()
	if err != nil {
		return nil, err
	}
	n := &Internet{CA: ca, plan: p, space: s, zone: map[string]plan.Site{}}
	for _, site := range p.Sites {
		n.zone[site.Name] = site
	}
	return n, nil
}

// Link sets up the addresses behind the interface dev: every address of the plan's local prefixes is ours (any-IP), what
// is in no route is dropped without a word.
func (n *Internet) Link(dev string) error {
	p, nl := n.plan, n.space.NL
	link, err := nl.LinkByName(dev)
	if err != nil {
		return fmt.Errorf("internet: find %s: %w", dev, err)
	}
	for _, a := range []netip.Prefix{
		netip.PrefixFrom(p.WAN.Peer4, p.WAN.V4.Bits()), netip.PrefixFrom(p.WAN.Peer6, p.WAN.V6.Bits()),
		netip.PrefixFrom(p.WAN.DNS4, 32), netip.PrefixFrom(p.WAN.DNS6, 128), netip.PrefixFrom(p.WAN.Cloud4, 32),
	} {
		if err := nl.AddrAdd(link, &netlink.Addr{IPNet: space.IPNet(a)}); err != nil {
			return fmt.Errorf("internet: add %v: %w", a, err)
		}
	}
	if err := nl.LinkSetUp(link); err != nil {
		return fmt.Errorf("internet: bring %s up: %w", dev, err)
	}
	lo, err := nl.LinkByName("lo")
	if err != nil {
		return err
	}
	for _, prefix := range p.Local() {
		r := &netlink.Route{LinkIndex: lo.Attrs().Index, Dst: space.IPNet(prefix), Scope: netlink.SCOPE_HOST,
			Type: unix.RTN_LOCAL, Table: unix.RT_TABLE_LOCAL}
		if err := nl.RouteReplace(r); err != nil {
			return fmt.Errorf("internet: answer for %v: %w", prefix, err)
		}
	}
	lan := &netlink.Route{Dst: space.IPNet(p.LAN.GUA.Masked()), Gw: p.WAN.V6.Addr().AsSlice(), LinkIndex: link.Attrs().Index}
	if err := nl.RouteAdd(lan); err != nil {
		return fmt.Errorf("internet: route to the home: %w", err)
	}
	for _, all := range []string{"0.0.0.0/0", "::/0"} {
		r := &netlink.Route{Dst: space.IPNet(netip.MustParsePrefix(all)), Type: unix.RTN_BLACKHOLE}
		if err := nl.RouteAdd(r); err != nil {
			return fmt.Errorf("internet: silence %s: %w", all, err)
		}
	}
	// without forwarding the kernel drops what is for others before it looks for a route: silence in any case
	return nil
}

// Serve answers until the context ends. Ready is called when every listener is open.
func (n *Internet) Serve(ctx context.Context, ready func()) error {
	g, ctx := errgroup.WithContext(ctx)
	quiet := log.New(io.Discard, "", 0)
	site := http.HandlerFunc(n.page)
	web := &http.Server{Handler: site, ErrorLog: quiet, ReadHeaderTimeout: 10 * time.Second}
	secure := &http.Server{Handler: site, ErrorLog: quiet, ReadHeaderTimeout: 10 * time.Second,
		TLSConfig: &tls.Config{GetCertificate: n.CA.Certificate}}
	listen := func(port string, serve func(net.Listener) error) error {
		l, err := n.space.Listen("tcp", ":"+port)
		if err != nil {
			return fmt.Errorf("internet: %w", err)
		}
		context.AfterFunc(ctx, func() { l.Close() })
		g.Go(func() error { return space.Ended(ctx, serve(l)) })
		return nil
	}
	err := errors.Join(
		listen("80", web.Serve),
		listen("443", func(l net.Listener) error { return secure.ServeTLS(l, "", "") }),
		listen("8883", func(l net.Listener) error {
			return accept(tls.NewListener(l, &tls.Config{GetCertificate: n.CA.Certificate}), echo)
		}),
		listen(strconv.Itoa(int(n.plan.Attack.C2.Port())), func(l net.Listener) error { return accept(l, n.command) }),
		n.serveNames(ctx, g),
		n.serveTime(ctx, g),
		n.serveDatagrams(ctx, g),
	)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = web.Close(); _ = secure.Close() })
	ready()
	return g.Wait()
}

// page answers every site alike: ?bytes=N makes it N bytes long.
func (n *Internet) page(w http.ResponseWriter, r *http.Request) {
	n.Requests.Add(1)
	size, err := strconv.Atoi(r.URL.Query().Get("bytes"))
	if err != nil || size < 0 || size > 64<<20 {
		fmt.Fprintf(w, "<!doctype html><title>%s</title><p>This is %s.\n", r.Host, r.Host)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(size))
	chunk := make([]byte, 32<<10)
	for size > 0 {
		k, err := w.Write(chunk[:min(size, len(chunk))])
		if err != nil {
			return
		}
		size -= k
	}
}

// command is the malware's server: it greets and takes lines.
func (n *Internet) command(c net.Conn) {
	n.Commands.Add(1)
	fmt.Fprintf(c, "PING\n")
	echo(c)
}

func echo(c net.Conn) {
	buf := make([]byte, 2048)
	for {
		_ = c.SetDeadline(time.Now().Add(2 * time.Minute))
		k, err := c.Read(buf)
		if err != nil {
			return
		}
		if _, err := c.Write(buf[:k]); err != nil {
			return
		}
	}
}

// accept serves each connection in a goroutine that ends with the connection, which ends by its deadline at the latest or
// with its namespace's process.
func accept(l net.Listener, serve func(net.Conn)) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			serve(c)
		}()
	}
}
