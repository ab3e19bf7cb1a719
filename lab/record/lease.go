package record

import (
	"context"
	"strings"

	"cardea/lab/device"
)

// leasing is what DHCP clients say, each as the maker of some device might call it.
var leasing = []Scenario{
	{Name: "udhcpc", Words: "udhcpc as it is, with a host name", Needs: []string{"udhcpc"}, run: udhcpc("-x", "hostname:hall-plug")},
	{Name: "udhcpc-camera", Words: "udhcpc with a camera's vendor class, two more options and a client identifier of its own",
		Needs: []string{"udhcpc"},
		run: udhcpc("-V", "ipcam-9 fw 4.1.22", "-x", "hostname:garden-ipcam", "-O", "ntpsrv", "-O", "66",
			"-C", "-x", "0x3d:0067617264656e")},
	{Name: "udhcpc-bare", Words: "udhcpc that says as little as it can", Needs: []string{"udhcpc"},
		run: udhcpc("-V", "", "-C", "-o", "-O", "subnet", "-O", "router", "-O", "dns")},
	{Name: "dhclient", Words: "dhclient with the configuration of a network printer", Needs: []string{"dhclient"}, run: dhclient},
	{Name: "dhclient6", Words: "dhclient asks by DHCPv6 for what is not an address", Needs: []string{"dhclient"}, run: dhclient6},
	{Name: "dhcpcd", Words: "dhcpcd with the vendor class of a television", Needs: []string{"dhcpcd"}, run: dhcpcd},
}

// nothing is the script of clients whose lease nobody needs.
const nothing = "#!/bin/sh\n[ \"$reason\" != PREINIT6 ] || ip link set dev \"$interface\" up\nexit 0\n"

func udhcpc(args ...string) func(context.Context, *Stage) error {
	return func(ctx context.Context, s *Stage) error {
		script, err := s.write("script", nothing)
		if err != nil {
			return err
		}
		return s.try(ctx, append([]string{"udhcpc", "-f", "-q", "-n", "-t", "10", "-T", "1", "-i", device.Iface, "-s", script}, args...)...)
	}
}

func (s *Stage) dhclient(conf string, args ...string) error {
	script, err := s.write("script", nothing)
	if err != nil {
		return err
	}
	file, err := s.write("conf", conf)
	if err != nil {
		return err
	}
	argv := []string{"dhclient", "-1", "-d", "-sf", script, "-lf", s.file("leases"), "-pf", s.file("pid"), "-cf", file}
	return s.start(s.client, append(append(argv, args...), device.Iface)...)
}

func dhclient(ctx context.Context, s *Stage) error {
	if err := s.dhclient(`send host-name "office-printer";
send vendor-class-identifier "Printer LX-200";
request subnet-mask, routers, domain-name-servers, domain-name, netbios-name-servers, ntp-servers, interface-mtu;
initial-interval 1;
`, "-4"); err != nil {
		return err
	}
	return s.tap.seen(ctx, "\x35\x01\x05") // option 53: an acknowledgement
}

func dhclient6(ctx context.Context, s *Stage) error {
	if _, err := s.settle(ctx, s.client); err != nil { // it gives up without a link-local address, which comes with the link
		return err
	}
	err := s.dhclient("also request dhcp6.sntp-servers;\n", "-6", "-S", "-D", "LL")
	if err != nil {
		return err
	}
	return s.tap.seen(ctx, "\x02\x23\x02\x22") // from port 547 to 546: the answer
}

// dhcpcd would drop to a user of its own, whom an ordinary user's namespace does not have, and make an identifier of the
// machine's.
func dhcpcd(ctx context.Context, s *Stage) error {
	conf, err := s.write("conf", `hostname parlour-tv
vendorclassid dhcpcd-6.8.2:Linux-4.4.84:armv7l:TVBoard
clientid
duid ll
option subnet_mask, routers, domain_name_servers, domain_name, interface_mtu
noarp
ipv4only
noipv4ll
timeout 20
reboot 0
`)
	if err != nil {
		return err
	}
	script := `sed /dhcpcd/d /etc/passwd >PASSWD
mount --bind PASSWD /etc/passwd
mkdir -p /run/dhcpcd
mount -t tmpfs tmpfs /run/dhcpcd
mount -t tmpfs tmpfs /var/lib
mkdir /var/lib/dhcpcd
exec dhcpcd -B -4 -f CONF -c /bin/true IFACE`
	fill := strings.NewReplacer("PASSWD", s.file("passwd"), "CONF", conf, "IFACE", device.Iface)
	if err := s.start(s.client, "unshare", "-m", "sh", "-ec", fill.Replace(script)); err != nil {
		return err
	}
	return s.tap.seen(ctx, "\x35\x01\x05")
}
