// Package device is what the lab's devices do all day: real DHCP, DNS, TLS, NTP, mDNS and SSDP from a namespace each. It
// imports lab/plan, lab/space, lab/lookup, lab/frame and home. A Device owns its state; its goroutines end with Run.
package device

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"cardea/home"
	"cardea/lab/plan"
	"cardea/lab/space"

	"github.com/vishvananda/netlink"
	"golang.org/x/sync/errgroup"
)

// Iface is the name of every device's network interface in its namespace.
const Iface = "eth0"

// Device is one thing in the home; Run is one life of it from power on to power off.
type Device struct {
	plan.Device
	Space *space.Space
	Pool  *x509.CertPool // the authorities that it trusts
	plan  *plan.Plan
	log   *slog.Logger

	mu       sync.Mutex
	lease    Lease
	mac      home.MAC
	leased   chan struct{} // closed when this life has a lease
	infected func()        // called when somebody logs in by telnet and leaves a program
}

// Lease is what DHCP gave.
type Lease struct {
	Addr   netip.Prefix
	Router netip.Addr
	DNS    netip.AddrPort
	Server netip.Addr
}

// New prepares a device that is off. Infected may be nil.
func New(p *plan.Plan, d plan.Device, s *space.Space, pool *x509.CertPool, log *slog.Logger, infected func()) *Device {
	return &Device{Device: d, Space: s, Pool: pool, plan: p, log: log.With("device", d.Name), mac: d.MAC,
		leased: make(chan struct{}), infected: infected}
}

// Run switches the device on and returns after it was switched off, when the context ended.
func (d *Device) Run(ctx context.Context) error {
	if err := d.plug(); err != nil {
		return err
	}
	defer d.unplug()
	g, ctx := errgroup.WithContext(ctx)
	r := plan.Rand(d.Seed, "life")
	if err := d.join(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	d.mu.Lock()
	close(d.leased)
	d.mu.Unlock()
	if err := d.serve(ctx, g); err != nil {
		return err
	}
	for _, h := range habits[d.Kind] {
		own := rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))
		g.Go(func() error { return h(d, ctx, own) })
	}
	g.Go(func() error { <-ctx.Done(); return nil })
	return g.Wait()
}

// plug brings the link up with the device's hardware address.
func (d *Device) plug() error {
	nl := d.Space.NL
	link, err := nl.LinkByName(Iface)
	if err != nil {
		return fmt.Errorf("%s: find %s: %w", d.Name, Iface, err)
	}
	mac := d.HardwareAddr()
	if err := nl.LinkSetHardwareAddr(link, mac[:]); err != nil {
		return fmt.Errorf("%s: set hardware address: %w", d.Name, err)
	}
	if err := nl.LinkSetUp(link); err != nil {
		return fmt.Errorf("%s: link up: %w", d.Name, err)
	}
	return nil
}

// unplug takes the link down: the bridge sees the carrier go, addresses and neighbours are forgotten.
func (d *Device) unplug() {
	nl := d.Space.NL
	link, err := nl.LinkByName(Iface)
	if err != nil {
		return // the namespace is gone: the lab is closing
	}
	if addrs, err := nl.AddrList(link, netlink.FAMILY_V4); err == nil {
		for _, a := range addrs {
			_ = nl.AddrDel(link, &a)
		}
	}
	_ = nl.LinkSetDown(link)
	d.mu.Lock()
	d.lease, d.leased = Lease{}, make(chan struct{})
	d.mu.Unlock()
}

// join asks DHCP until there is a lease and sets it up. The kernel does the IPv6 side by itself.
func (d *Device) join(ctx context.Context) error {
	for wait := 300 * time.Millisecond; ; wait = min(2*wait, 4*time.Second) {
		l, err := d.discover(ctx, wait)
		if err == nil {
			return d.configure(l)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !errors.Is(err, errNoAnswer) {
			return fmt.Errorf("%s: DHCP: %w", d.Name, err)
		}
	}
}

func (d *Device) configure(l Lease) error {
	nl := d.Space.NL
	link, err := nl.LinkByName(Iface)
	if err != nil {
		return err
	}
	if old, err := nl.AddrList(link, netlink.FAMILY_V4); err == nil {
		for _, a := range old {
			_ = nl.AddrDel(link, &a)
		}
	}
	if err := nl.AddrAdd(link, &netlink.Addr{IPNet: space.IPNet(l.Addr)}); err != nil {
		return fmt.Errorf("%s: set address %v: %w", d.Name, l.Addr, err)
	}
	if err := nl.RouteReplace(&netlink.Route{LinkIndex: link.Attrs().Index, Gw: l.Router.AsSlice()}); err != nil {
		return fmt.Errorf("%s: set router %v: %w", d.Name, l.Router, err)
	}
	d.mu.Lock()
	d.lease = l
	d.mu.Unlock()
	return nil
}

// Lease is the current lease; its address is invalid while the device is off or has none.
func (d *Device) Lease() Lease {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lease
}

// Leased is closed when the current life has a lease.
func (d *Device) Leased() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.leased
}

// HardwareAddr is the address that the device uses now.
func (d *Device) HardwareAddr() home.MAC {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mac
}

// ChangeMAC gives the running device another hardware address and asks for a lease with it.
func (d *Device) ChangeMAC(ctx context.Context, mac home.MAC) error {
	d.mu.Lock()
	d.mac = mac
	d.mu.Unlock()
	link, err := d.Space.NL.LinkByName(Iface)
	if err != nil {
		return err
	}
	if err := d.Space.NL.LinkSetDown(link); err != nil {
		return err
	}
	if err := d.plug(); err != nil {
		return err
	}
	return d.join(ctx)
}

// ResetMAC goes back to the address on the label; it counts from the next life on.
func (d *Device) ResetMAC() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mac = d.Device.MAC
}

// Addrs6 are the device's IPv6 addresses, link-local included.
func (d *Device) Addrs6() (list []netip.Addr) {
	link, err := d.Space.NL.LinkByName(Iface)
	if err != nil {
		return nil
	}
	addrs, err := d.Space.NL.AddrList(link, netlink.FAMILY_V6)
	if err != nil {
		return nil
	}
	for _, a := range addrs {
		if ip, ok := netip.AddrFromSlice(a.IP); ok {
			list = append(list, ip)
		}
	}
	return list
}
