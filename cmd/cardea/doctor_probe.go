package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"strings"

	"cardea/gateway/capture/kernel"
	"cardea/gateway/enforce"
	"cardea/home"
	"cardea/lab"
	"cardea/lab/bench/track"

	"golang.org/x/sys/unix"
)

// probed starts this program again to try the kernel's features in namespaces, and says what it found of both.
func probed(ctx context.Context) (features []check, spaces check) {
	spaces = check{Area: "lab", Name: "user, network, mount and pid namespaces", Needed: true, Get: namespaceHint()}
	out, err := exec.CommandContext(ctx, "/proc/self/exe", "doctor", "--probe").Output()
	if err == nil {
		err = json.Unmarshal(out, &features)
	}
	if err != nil {
		spaces.Found = err.Error()
		var exit *exec.ExitError
		if errors.As(err, &exit) && len(exit.Stderr) > 0 {
			spaces.Found = strings.TrimSpace(string(exit.Stderr))
		}
		return []check{{Area: "agent", Name: "kernel features", Needed: true, Found: "cannot be tried without namespaces", Get: spaces.Get}}, spaces
	}
	spaces.OK = true
	return features, spaces
}

// namespaceHint says what may be in the way of an ordinary user.
func namespaceHint() string {
	for file, hint := range map[string]struct{ bad, get string }{
		"/proc/sys/kernel/unprivileged_userns_clone":             {"0", "as root: sysctl -w kernel.unprivileged_userns_clone=1"},
		"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": {"1", "as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
		"/proc/sys/user/max_user_namespaces":                     {"0", "as root: sysctl -w user.max_user_namespaces=1024"},
	} {
		if b, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(b)) == hint.bad {
			return hint.get
		}
	}
	return "a kernel with CONFIG_USER_NS, CONFIG_NET_NS and CONFIG_PID_NS; in a container: allow unshare (--security-opt seccomp=unconfined)"
}

// probe tries, on a router in namespaces, what the agent asks of the kernel, and prints the checks.
func probe(ctx context.Context) error {
	inside, status, err := lab.Enter()
	if err != nil {
		return err
	}
	if !inside {
		os.Exit(status)
	}
	t, err := track.New("probe")
	list := []check{tried("bridge, veth, NAT", "CONFIG_BRIDGE, CONFIG_VETH, CONFIG_NF_TABLES_INET, CONFIG_NFT_MASQ", err)}
	if err == nil {
		defer t.Close()
		err = t.Router().Do(func() error { list = append(list, features(ctx, t)...); return nil })
	}
	if err != nil && len(list) > 1 {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(list)
}

// features tries them one by one, the agent's own code where it is what counts.
func features(ctx context.Context, t *track.Track) []check {
	log := slog.New(slog.DiscardHandler)
	lan := t.Plan.LAN
	rules := func() error {
		e, err := enforce.New(enforce.Config{Bridge: lan.Bridge, WAN: t.Plan.WAN.Iface, ResolverPort: 5300, ContainedResolverPort: 5301,
			PortalPort: 8480, GatewayV4: []netip.Addr{lan.V4.Addr()}, GatewayV6: []netip.Addr{lan.ULA.Addr()}}, log)
		if err != nil {
			return err
		}
		return errors.Join(e.Apply(ctx, home.Desired{Version: 1}), e.Close())
	}
	listen := func() error {
		k, err := kernel.New(kernel.Config{LAN: lan.Bridge, WAN: t.Plan.WAN.Iface, Logger: log}, nothing{})
		if err != nil {
			return err
		}
		return k.Close()
	}
	accounting := func() error {
		_, err := os.Stat("/proc/sys/net/netfilter/nf_conntrack_acct")
		return err
	}
	return []check{
		tried("policy routing and kernel settings", "CONFIG_IP_MULTIPLE_TABLES, CONFIG_IPV6_MULTIPLE_TABLES, CONFIG_NF_CONNTRACK", enforce.Setup(log)),
		tried("conntrack counters", "CONFIG_NF_CONNTRACK, CONFIG_NF_CT_NETLINK", accounting()),
		tried("nf_tables: the agent's whole ruleset (inet, bridge, log, reject, redirect, tproxy, owner)",
			"CONFIG_NF_TABLES, CONFIG_NF_TABLES_BRIDGE, CONFIG_NFT_CT, CONFIG_NFT_LOG, CONFIG_NFT_REJECT, CONFIG_NFT_REDIR, CONFIG_NFT_TPROXY", rules()),
		tried("NFLOG and conntrack events", "CONFIG_NETFILTER_NETLINK_LOG, CONFIG_NF_CONNTRACK_EVENTS", listen()),
		tried("transparent sockets", "CONFIG_NF_TPROXY_IPV4, CONFIG_NF_TPROXY_IPV6", transparent()),
	}
}

func tried(name, configs string, err error) check {
	k := check{Area: "agent", Name: name, OK: err == nil, Needed: true}
	if err != nil {
		k.Found = err.Error()
		k.Get = "a kernel with " + configs + "; on OpenWrt the packages kmod-nft-core, kmod-nft-bridge, kmod-nft-nat, kmod-nft-tproxy, kmod-nfnetlink-log, kmod-nf-conntrack-netlink"
	}
	return k
}

func transparent() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open a socket: %w", err)
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_TRANSPARENT, 1); err != nil {
		return fmt.Errorf("make a socket transparent: %w", err)
	}
	return nil
}

// nothing takes events and forgets them.
type nothing struct{}

func (nothing) Handle(*home.Event) {}
