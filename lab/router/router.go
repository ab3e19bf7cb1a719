// Package router is the home's router as it comes from the shop, without the agent: addresses, NAT and firewall in a table
// `inet fw4` as OpenWrt has it, DHCP and router advertisements, a plain DNS forwarder, an administration page. It imports
// lab/plan, lab/space, lab/lookup and lab/frame. It owns the leases.
package router

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"time"

	"cardea/lab/lookup"
	"cardea/lab/plan"
	"cardea/lab/space"

	"github.com/miekg/dns"
	"github.com/vishvananda/netlink"
	"golang.org/x/sync/errgroup"
)

// Router serves one home.
type Router struct {
	plan  *plan.Plan
	space *space.Space
	*leases
}

// New prepares a router in its namespace; Link and Serve bring it up.
func New(p *plan.Plan, s *space.Space) *Router {
	return &Router{plan: p, space: s, leases: newLeases(p)}
}

// Link sets up the bridge, which must exist, the WAN interface, routes, forwarding and the firewall.
func (r *Router) Link() error {
	p, nl := r.plan, r.space.NL
	for _, key := range []string{"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"} {
		if err := r.space.Sysctl(key, "1"); err != nil {
			return err
		}
	}
	address := func(dev string, prefixes ...netip.Prefix) error {
		link, err := nl.LinkByName(dev)
		if err != nil {
			return fmt.Errorf("router: find %s: %w", dev, err)
		}
		for _, a := range prefixes {
			if err := nl.AddrAdd(link, &netlink.Addr{IPNet: space.IPNet(a)}); err != nil {
				return fmt.Errorf("router: add %v to %s: %w", a, dev, err)
			}
		}
		return nl.LinkSetUp(link)
	}
	err := errors.Join(address(p.LAN.Bridge, p.LAN.V4, p.LAN.ULA, p.LAN.GUA), address(p.WAN.Iface, p.WAN.V4, p.WAN.V6))
	if err != nil {
		return err
	}
	wan, err := nl.LinkByName(p.WAN.Iface)
	if err != nil {
		return err
	}
	for _, peer := range []netip.Addr{p.WAN.Peer4, p.WAN.Peer6} {
		route := &netlink.Route{LinkIndex: wan.Attrs().Index, Gw: peer.AsSlice()}
		if err := nl.RouteAdd(route); err != nil {
			return fmt.Errorf("router: default route by %v: %w", peer, err)
		}
	}
	return r.space.Do(func() error { return firewall(p.WAN.Iface) })
}

// Serve runs the router's services until the context ends. Ready is called when all of them listen.
func (r *Router) Serve(ctx context.Context, ready func()) error {
	g, ctx := errgroup.WithContext(ctx)
	if err := errors.Join(r.serveDHCP(ctx, g), r.serveDHCPv6(ctx, g), r.advertise(ctx, g), r.forwardNames(ctx, g), r.admin(ctx, g)); err != nil {
		return err
	}
	ready()
	return g.Wait()
}

// admin is the page that a contained device must not reach.
func (r *Router) admin(ctx context.Context, g *errgroup.Group) error {
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "<!doctype html><title>%s</title><form>Password <input type=password></form>\n", r.plan.LAN.AdminTitle)
	})
	s := &http.Server{Handler: page, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: 10 * time.Second}
	for _, a := range []netip.Addr{r.plan.LAN.V4.Addr(), r.plan.LAN.ULA.Addr()} {
		l, err := r.space.Listen("tcp", netip.AddrPortFrom(a, 80).String())
		if err != nil {
			return fmt.Errorf("router: admin page: %w", err)
		}
		g.Go(func() error { return space.Ended(ctx, s.Serve(l)) })
	}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	return nil
}

// forwardNames is the router's own DNS: it forwards to the provider and knows nothing.
func (r *Router) forwardNames(ctx context.Context, g *errgroup.Group) error {
	upstream := netip.AddrPortFrom(r.plan.WAN.DNS4, 53).String()
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		network := "udp"
		if _, tcp := w.RemoteAddr().(*net.TCPAddr); tcp {
			network = "tcp"
		}
		reply, err := lookup.Ask(ctx, r.space, network, upstream, q)
		if err != nil {
			reply = new(dns.Msg).SetRcode(q, dns.RcodeServerFailure)
		}
		_ = w.WriteMsg(reply)
	})
	run := func(s *dns.Server) {
		s.Handler = handler
		g.Go(func() error { return space.Ended(ctx, s.ActivateAndServe()) })
	}
	for _, a := range []netip.Addr{r.plan.LAN.V4.Addr(), r.plan.LAN.ULA.Addr()} {
		at := netip.AddrPortFrom(a, 53).String()
		udp, err1 := r.space.ListenPacket("udp", at, "")
		tcp, err2 := r.space.Listen("tcp", at)
		if err := errors.Join(err1, err2); err != nil {
			return fmt.Errorf("router: DNS: %w", err)
		}
		context.AfterFunc(ctx, func() { _ = udp.Close(); tcp.Close() })
		run(&dns.Server{PacketConn: udp})
		run(&dns.Server{Listener: tcp})
	}
	return nil
}
