package enforce

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// divertTable is the routing table in which every address is this machine's: packets with MarkDivert go there.
const divertTable = 100

// settings that enforcement relies on. br_netfilter would show bridged packets to the inet tables as well, and it is
// switched on in each new namespace; it is not there in most kernels. Counters are what "first packets only" goes by.
var settings = []struct{ name, value string }{
	{"net/bridge/bridge-nf-call-iptables", "0"},
	{"net/bridge/bridge-nf-call-ip6tables", "0"},
	{"net/bridge/bridge-nf-call-arptables", "0"},
	{"net/netfilter/nf_conntrack_acct", "1"},
	{"net/netfilter/nf_conntrack_timestamp", "1"},
}

// Setup makes what the rules rely on outside of nftables: kernel settings, and the policy routing that brings diverted
// DNS to a local socket. It may be called again at any time.
func Setup(log *slog.Logger) error {
	for _, s := range settings {
		path := filepath.Join("/proc/sys", s.name)
		if now, err := os.ReadFile(path); err == nil && strings.TrimSpace(string(now)) == s.value {
			continue
		}
		err := os.WriteFile(path, []byte(s.value), 0o644)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			log.Debug("kernel setting is not there", "name", s.name)
		case err != nil:
			return fmt.Errorf("kernel setting %s: %w", s.name, err)
		}
	}
	for _, f := range families {
		if err := netlink.RouteReplace(f.route()); err != nil {
			return fmt.Errorf("route for diverted DNS: %w", err)
		}
		if err := netlink.RuleAdd(f.rule()); err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("routing rule for diverted DNS: %w", err)
		}
	}
	return nil
}

// Teardown removes the policy routing; kernel settings stay, since others may have come to rely on them.
func Teardown() error {
	var errs []error
	for _, f := range families {
		if err := netlink.RuleDel(f.rule()); err != nil && !errors.Is(err, unix.ENOENT) {
			errs = append(errs, fmt.Errorf("remove routing rule: %w", err))
		}
		if err := netlink.RouteDel(f.route()); err != nil && !errors.Is(err, unix.ESRCH) {
			errs = append(errs, fmt.Errorf("remove route: %w", err))
		}
	}
	return errors.Join(errs...)
}

type family struct {
	number int
	all    net.IPNet
}

var families = []family{
	{unix.AF_INET, net.IPNet{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}},
	{unix.AF_INET6, net.IPNet{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)}},
}

func (f family) rule() *netlink.Rule {
	mask := uint32(MarkDivert)
	r := netlink.NewRule()
	r.Family, r.Mark, r.Mask, r.Table, r.Priority = f.number, MarkDivert, &mask, divertTable, 100
	return r
}

// route is `local default dev lo table 100`. lo is interface 1 in every network namespace.
func (f family) route() *netlink.Route {
	return &netlink.Route{LinkIndex: 1, Type: unix.RTN_LOCAL, Scope: netlink.SCOPE_HOST, Dst: &f.all, Table: divertTable, Family: f.number}
}
