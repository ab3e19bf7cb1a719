package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"cardea/home"
	"cardea/lab/device"

	"github.com/vishvananda/netlink"
)

// Foreign is a cable with nothing but a namespace at its end, for programs that nobody here wrote.
type Foreign struct {
	Name string
	MAC  home.MAC
	Port string
	home *Home
}

// AddForeign plugs a cable in. Its interface is device.Iface; it is up, takes IPv6 by advertisement and has no IPv4.
func (h *Home) AddForeign(name string) (*Foreign, error) {
	s, err := h.space(name)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	h.ports++
	f := &Foreign{Name: name, MAC: h.Plan.SwitchMAC("foreign " + name), Port: fmt.Sprintf("lan%d", h.ports), home: h}
	h.mu.Unlock()
	if err := veth(h.gateway, f.Port, s, device.Iface, &f.MAC, h.Plan.LAN.Bridge); err != nil {
		return nil, err
	}
	link, err := s.NL.LinkByName(device.Iface)
	if err != nil {
		return nil, err
	}
	return f, s.NL.LinkSetUp(link)
}

// leaseScript is what both DHCP clients run when they have a lease; it keeps their hands off the machine's resolv.conf.
const leaseScript = `#!/bin/sh
case "$1$reason" in
bound|renew) a=$ip/$mask; r=$router ;;
BOUND|RENEW|REBIND|REBOOT) a=$new_ip_address/24; r=$new_routers ;;
PREINIT) ip link set dev $interface up; exit 0 ;;
*) exit 0 ;;
esac
ip -4 addr replace $a dev $interface
ip -4 route replace default via ${r%% *}
`

// DHCP gets a lease with "udhcpc" or "dhclient". The client stays: it keeps the lease renewed until the home is closed.
func (f *Foreign) DHCP(ctx context.Context, client string) (netip.Addr, error) {
	script := filepath.Join(folder(f.Name), "lease")
	if err := os.MkdirAll(folder(f.Name), 0o755); err != nil {
		return netip.Addr{}, fmt.Errorf("lab: %w", err)
	}
	if err := os.WriteFile(script, []byte(leaseScript), 0o755); err != nil {
		return netip.Addr{}, fmt.Errorf("lab: %w", err)
	}
	var cmd *exec.Cmd
	switch client {
	case "udhcpc":
		cmd = exec.Command("udhcpc", "-f", "-i", device.Iface, "-s", script, "-x", "hostname:"+f.Name, "-t", "10", "-T", "1")
	case "dhclient":
		cmd = exec.Command("dhclient", "-4", "-d", "-sf", script, "-lf", script+".leases", "-pf", script+".pid", "-cf", "/dev/null", device.Iface)
	default:
		return netip.Addr{}, fmt.Errorf("lab: no DHCP client %q", client)
	}
	if err := f.home.Start(f.Name, cmd); err != nil {
		return netip.Addr{}, err
	}
	for range 300 {
		if a := f.Addr(); a.IsValid() {
			return a, nil
		}
		select {
		case <-ctx.Done():
			return netip.Addr{}, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return netip.Addr{}, errors.New("lab: " + client + " got no lease")
}

// folder is one of the foreigner's own.
func folder(name string) string { return filepath.Join("/run/foreign", name) }

// Addr is its IPv4 address; zero without one.
func (f *Foreign) Addr() netip.Addr {
	s, err := f.home.find(f.Name)
	if err != nil {
		return netip.Addr{}
	}
	link, err := s.NL.LinkByName(device.Iface)
	if err != nil {
		return netip.Addr{}
	}
	list, err := s.NL.AddrList(link, netlink.FAMILY_V4)
	if err != nil || len(list) == 0 {
		return netip.Addr{}
	}
	a, _ := netip.AddrFromSlice(list[0].IP.To4())
	return a
}

// Exec runs a program and returns what it printed, both streams.
func (f *Foreign) Exec(ctx context.Context, argv ...string) (string, error) {
	return f.home.Exec(ctx, f.Name, argv...)
}
