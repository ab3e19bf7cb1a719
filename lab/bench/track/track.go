// Package track is what forwarding is measured on: a router between a client and the internet, each in a network namespace,
// with nothing on it but the packets that are sent. It works only inside space.Enter. It imports lab/plan, lab/router and
// lab/space, and never the agent: what protects is put into the router's namespace by the caller. A Track owns its
// namespaces and sockets; Close ends them.
package track

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"cardea/home"
	"cardea/lab/plan"
	"cardea/lab/router"
	"cardea/lab/space"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	clientIface = "eth0"
	clientPort  = "lan1"
	farIface    = "home0"
)

// Track is a home with one client, whose router does plain NAT behind a firewall as it comes from the shop.
type Track struct {
	Name string
	Plan *plan.Plan

	router, client, far *space.Space
	conntrack           *netlink.Handle
	up, down            *sender // from the client, from the internet
	clientAddr          netip.Addr
	lanMAC, wanMAC      home.MAC
	clientMAC, farMAC   home.MAC
	fresh               uint32 // new flows begun: each takes the next address and port
}

// New lays a track.
func New(name string) (_ *Track, err error) {
	p, err := plan.New(plan.Options{Seed: 1})
	if err != nil {
		return nil, err
	}
	t := &Track{Name: name, Plan: p, lanMAC: p.LAN.MAC, clientMAC: home.MAC{2, 0, 0, 0, 0, 0x10}}
	t.clientAddr = p.LAN.Pool[0]
	defer func() {
		if err != nil {
			t.Close()
			err = fmt.Errorf("track %s: %w", name, err)
		}
	}()
	for _, s := range []**space.Space{&t.router, &t.client, &t.far} {
		if *s, err = space.New(name); err != nil {
			return t, err
		}
	}
	for _, s := range []*space.Space{t.client, t.far} { // these say nothing by themselves
		if err := s.Sysctl("net/ipv6/conf/default/disable_ipv6", "1"); err != nil {
			return t, err
		}
	}
	if err := t.links(); err != nil {
		return t, err
	}
	if err := router.New(p, t.router).Link(); err != nil {
		return t, err
	}
	if err := t.neighbors(); err != nil {
		return t, err
	}
	return t, t.open()
}

// Close removes the track.
func (t *Track) Close() {
	for _, s := range []*sender{t.up, t.down} {
		if s != nil {
			s.close()
		}
	}
	if t.conntrack != nil {
		t.conntrack.Close()
	}
	for _, s := range []*space.Space{t.router, t.client, t.far} {
		if s != nil {
			s.Close()
		}
	}
}

// Router is the namespace where protection goes.
func (t *Track) Router() *space.Space { return t.router }

func (t *Track) links() error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.HardwareAddr = t.Plan.LAN.Bridge, t.lanMAC[:]
	if err := t.router.NL.LinkAdd(&netlink.Bridge{LinkAttrs: attrs}); err != nil {
		return fmt.Errorf("make bridge: %w", err)
	}
	br, err := t.router.NL.LinkByName(t.Plan.LAN.Bridge)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		near, peer string
		s          *space.Space
		mac        *home.MAC
	}{{clientPort, clientIface, t.client, &t.clientMAC}, {t.Plan.WAN.Iface, farIface, t.far, nil}} {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = c.near
		v := &netlink.Veth{LinkAttrs: attrs, PeerName: c.peer, PeerNamespace: netlink.NsFd(c.s.FD())}
		if c.mac != nil {
			v.PeerHardwareAddr = c.mac[:]
		}
		if err := t.router.NL.LinkAdd(v); err != nil {
			return fmt.Errorf("make cable %s: %w", c.near, err)
		}
		link, err := c.s.NL.LinkByName(c.peer)
		if err != nil {
			return err
		}
		if err := c.s.NL.LinkSetUp(link); err != nil {
			return fmt.Errorf("bring %s up: %w", c.peer, err)
		}
	}
	port, err := t.router.NL.LinkByName(clientPort)
	if err != nil {
		return err
	}
	return errors.Join(t.router.NL.LinkSetMaster(port, br), t.router.NL.LinkSetUp(port), t.router.NL.LinkSetUp(br))
}

// neighbors tells the router who its neighbours are: client and internet have no addresses of their own, so that they
// answer nothing and drop what arrives at the cheapest place.
func (t *Track) neighbors() error {
	mac := func(s *space.Space, name string) (m home.MAC, index int, err error) {
		l, err := s.NL.LinkByName(name)
		if err != nil {
			return m, 0, err
		}
		copy(m[:], l.Attrs().HardwareAddr)
		return m, l.Attrs().Index, nil
	}
	var err1, err2, err3 error
	var wan, lan int
	t.farMAC, _, err1 = mac(t.far, farIface)
	t.wanMAC, wan, err2 = mac(t.router, t.Plan.WAN.Iface)
	_, lan, err3 = mac(t.router, t.Plan.LAN.Bridge)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	add := func(index int, ip netip.Addr, m home.MAC) error {
		return t.router.NL.NeighSet(&netlink.Neigh{LinkIndex: index, State: unix.NUD_PERMANENT, IP: ip.AsSlice(), HardwareAddr: net.HardwareAddr(m[:])})
	}
	return errors.Join(add(wan, t.Plan.WAN.Peer4, t.farMAC), add(lan, t.clientAddr, t.clientMAC))
}

func (t *Track) open() error {
	err := t.router.Do(func() (err error) {
		t.conntrack, err = netlink.NewHandle(unix.NETLINK_NETFILTER)
		return err
	})
	if err != nil {
		return fmt.Errorf("open conntrack: %w", err)
	}
	for _, key := range []string{"udp_timeout", "udp_timeout_stream"} { // flows that rest between rounds must not end
		if err := t.router.Sysctl("net/netfilter/nf_conntrack_"+key, "3600"); err != nil {
			return err
		}
	}
	if t.up, err = newSender(t.client, clientIface); err != nil {
		return err
	}
	t.down, err = newSender(t.far, farIface)
	return err
}

// Forget ends all flows.
func (t *Track) Forget() error {
	if err := t.conntrack.ConntrackTableFlush(netlink.ConntrackTable); err != nil {
		return fmt.Errorf("track %s: flush conntrack: %w", t.Name, err)
	}
	return nil
}
