package resolve

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// inNamespace runs the calling test again in user, network and mount namespaces of its own, as root of them, and says
// true there. Outside it waits for that run, whose failure is the test's.
func inNamespace(t *testing.T) bool {
	t.Helper()
	const mark = "CARDEA_TEST_NAMESPACE"
	if os.Getenv(mark) == t.Name() {
		return true
	}
	for _, tool := range []string{"ip", "nft", "dig"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%v: install iproute2, nftables and bind9-dnsutils", err)
		}
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), mark+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	out, err := cmd.CombinedOutput()
	t.Logf("in the namespace:\n%s", out)
	if err != nil {
		t.Fatalf("%v (user namespaces must be allowed: sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces)", err)
	}
	return false
}

// sh runs lines of shell commands; any that fails ends the test.
func sh(t *testing.T, script string) string {
	t.Helper()
	cmd := exec.Command("sh", "-e", "-c", script)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%s%v", script, out, err)
	}
	return string(out)
}

const homeNetwork = `
mount -t tmpfs tmpfs /run
for f in all default; do echo 0 > /proc/sys/net/ipv6/conf/$f/accept_dad; done
echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
for f in /proc/sys/net/bridge/bridge-nf-call-ip*tables; do if [ -e $f ]; then echo 0 > $f; fi; done
ip link set lo up
ip netns add device; ip netns add internet
ip link add br-lan type bridge; ip link add lan0 type veth peer name eth0 netns device
ip link set lan0 master br-lan up; ip link set br-lan up
ip link add wan type veth peer name eth0 netns internet; ip link set wan up
ip addr add 192.168.1.1/24 dev br-lan; ip addr add fd00:1::1/64 dev br-lan nodad; ip addr add fe80::1/64 dev br-lan nodad
ip addr add 203.0.113.1/24 dev wan; ip addr add 2001:db8:1::1/64 dev wan nodad
for n in device internet; do ip netns exec $n sh -c 'for f in all default eth0; do echo 0 > /proc/sys/net/ipv6/conf/$f/accept_dad; done; ip link set lo up; ip link set eth0 up'; done
ip -n device addr add 192.168.1.10/24 dev eth0; ip -n device addr add fd00:1::10/64 dev eth0 nodad
ip -n device route add default via 192.168.1.1; ip -n device -6 route add default via fd00:1::1
ip -n internet addr add 203.0.113.2/24 dev eth0; ip -n internet addr add 2001:db8:1::2/64 dev eth0 nodad
ip -n internet route add default via 203.0.113.1; ip -n internet -6 route add default via 2001:db8:1::1
ip route add default via 203.0.113.2; ip -6 route add default via 2001:db8:1::2
ip rule add fwmark 0x40000000/0x40000000 lookup 100; ip -6 rule add fwmark 0x40000000/0x40000000 lookup 100
ip route add local default dev lo table 100; ip -6 route add local default dev lo table 100
nft -f - <<END
table inet divert {
 chain divert {
  type filter hook prerouting priority mangle - 1; policy accept;
  iifname "br-lan" meta l4proto udp udp dport 53 tproxy to :5300 meta mark set meta mark or 0x40000000 accept
  iifname "br-lan" meta l4proto tcp tcp dport 53 tproxy to :5300 meta mark set meta mark or 0x40000000 accept
 }
 chain contained {
  type nat hook prerouting priority dstnat - 10; policy accept;
  iifname "br-lan" meta l4proto { tcp, udp } th dport 5399 redirect to :5301
 }
}
END
`

// A device's queries to any server are answered from that server's address; nobody outside is answered; what a
// contained device asks is never forwarded. Real kernel, real nft, dig as the client.
func TestTransparentHome(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	sh(t, homeNetwork)
	f := newFakeServer(t, zone(t, "www.example. 300 IN A 198.51.100.7", "www.example. 300 IN AAAA 2001:db8::7"))
	var addrs []netip.AddrPort
	for _, a := range []string{"0.0.0.0:5300", "[::]:5300"} {
		addrs = append(addrs, netip.MustParseAddrPort(a))
	}
	r, err := New(Config{Addrs: addrs, Transparent: true, Interfaces: []string{"br-lan"}, Upstreams: []Upstream{f.upstream()},
		ContainedAddrs: []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:5301"), netip.MustParseAddrPort("[::]:5301")}},
		nil, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	select {
	case <-r.Ready():
	case err := <-done:
		done <- err
		t.Fatal(err)
	}
	device := func(args string) string {
		out, err := exec.Command("sh", "-c", "ip netns exec device dig +time=2 +tries=1 "+args).CombinedOutput()
		if err != nil {
			t.Errorf("dig %s: %v\n%s", args, err, out)
		}
		return string(out)
	}
	for _, server := range []string{
		"@9.9.9.9 -b 192.168.1.10#40000", "@192.168.1.1 -b 192.168.1.10#40000", "@2620:fe::fe -b fd00:1::10#40000",
		"@fd00:1::1", "@fe80::1%eth0",
	} {
		for _, how := range []string{"+notcp", "+notcp", "+tcp"} {
			port := server
			if how == "+tcp" { // a TCP port is not free again at once
				port = strings.ReplaceAll(server, "#40000", "#0")
			}
			out := device(port + " " + how + " www.example AAAA")
			if !strings.Contains(out, "2001:db8::7") || strings.Contains(out, "unexpected source") {
				t.Errorf("dig %s %s:\n%s", server, how, out)
			}
		}
	}
	if s := r.Stats(); s.Foreign != 0 || s.Queries != 15 {
		t.Errorf("%+v", s)
	}
	asked := f.asked.Load()
	contained(t, device)
	foreign(t, r)
	if n := f.asked.Load(); n != asked {
		t.Errorf("forwarded %d queries", n-asked)
	}
}

func contained(t *testing.T, device func(string) string) {
	for _, how := range []string{"+notcp", "+tcp"} {
		for q, want := range map[string]string{
			"-p 5399 @9.9.9.9 a.tunnel.example A":        "\t2\tIN\tA\t192.168.1.1", // redirected, as a contained device is
			"-p 5399 @2620:fe::fe b.tunnel.example AAAA": "\t2\tIN\tAAAA\tfd00:1::1",
			"@192.168.1.1 a.tunnel.example A":            "\t2\tIN\tA\t192.168.1.1",
			"@fd00:1::1 b.tunnel.example AAAA":           "\t2\tIN\tAAAA\tfd00:1::1",
			"@192.168.1.1 c.tunnel.example TXT":          "status: NOERROR",
			"@192.168.1.1 d.tunnel.example SRV":          "ANSWER: 0",
		} {
			if out := device("-p 5301 " + how + " " + q); !strings.Contains(out, want) {
				t.Errorf("contained, %s %s: want %q in\n%s", how, q, want, out)
			}
		}
	}
}

// foreign asks from the internet: no datagram comes back, connections are reset.
func foreign(t *testing.T, r *Resolver) {
	before := r.Stats()
	for _, q := range []string{"@203.0.113.1 -p 5300", "@2001:db8:1::1 -p 5300", "@203.0.113.1 -p 5301", "@192.168.1.1 -p 5300"} {
		for _, how := range []string{"+notcp", "+tcp"} {
			out, err := exec.Command("sh", "-c", "ip netns exec internet dig +time=1 +tries=1 www.example "+q+" "+how).CombinedOutput()
			if err == nil || strings.Contains(string(out), "status:") {
				t.Errorf("from the internet, %s %s was answered:\n%s", q, how, out)
			}
		}
	}
	s := r.Stats()
	if s.Queries != before.Queries || s.Foreign < 8 {
		t.Errorf("%+v", s)
	}
}
