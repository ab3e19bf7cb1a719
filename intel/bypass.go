package intel

import (
	"net/netip"
	"strings"

	"cardea/home"
)

// Canary names are asked by programs to learn whether they may go round the home's resolver: answering NXDOMAIN turns
// DNS over HTTPS off in Firefox (use-application-dns.net, Mozilla support "canary domain") and Apple's Private Relay off
// for the network (mask.icloud.com, mask-h2.icloud.com, Apple "Prepare your network for iCloud Private Relay"). The
// second kind takes a paid service from people, so it is the home's choice: see CanaryRelay.
var (
	canaryDNS   = []string{"use-application-dns.net"}
	canaryRelay = []string{"mask.icloud.com", "mask-h2.icloud.com", "mask-api.icloud.com"}
)

// Canary says what kind of canary a name is.
type Canary uint8

// Kinds of canary name; 0 is none.
const (
	CanaryDNS   Canary = iota + 1 // encrypted DNS in browsers
	CanaryRelay                   // private relays
)

// CanaryName looks a name up among the canary names: exactly, and what is below it.
func CanaryName(name string) Canary {
	for kind, names := range [...][]string{CanaryDNS: canaryDNS, CanaryRelay: canaryRelay} {
		for _, n := range names {
			if name == n || len(name) > len(n) && name[len(name)-len(n):] == n && name[len(name)-len(n)-1] == '.' {
				return Canary(kind)
			}
		}
	}
	return 0
}

// resolver is a large public resolver: its names for DNS over HTTPS, TLS and QUIC, and its anycast addresses as the
// operator publishes them.
type resolver struct {
	company string
	names   string
	addrs   string
}

var resolvers = []resolver{
	{"Cloudflare", "cloudflare-dns.com one.one.one.one 1dot1dot1dot1.cloudflare-dns.com",
		"1.1.1.1 1.0.0.1 1.1.1.2 1.0.0.2 1.1.1.3 1.0.0.3 2606:4700:4700::1111 2606:4700:4700::1001 2606:4700:4700::1112 " +
			"2606:4700:4700::1002 2606:4700:4700::1113 2606:4700:4700::1003"},
	{"Google", "dns.google dns.google.com dns64.dns.google", "8.8.8.8 8.8.4.4 2001:4860:4860::8888 2001:4860:4860::8844 " +
		"2001:4860:4860::6464 2001:4860:4860::64"},
	{"Quad9", "dns.quad9.net dns9.quad9.net dns10.quad9.net dns11.quad9.net dns12.quad9.net",
		"9.9.9.9 149.112.112.112 9.9.9.10 149.112.112.10 9.9.9.11 149.112.112.11 9.9.9.12 149.112.112.12 2620:fe::fe 2620:fe::9 " +
			"2620:fe::10 2620:fe::fe:10 2620:fe::11 2620:fe::fe:11 2620:fe::12 2620:fe::fe:12"},
	{"Cisco OpenDNS", "doh.opendns.com dns.opendns.com doh.familyshield.opendns.com familyshield.opendns.com doh.umbrella.com dns.umbrella.com",
		"208.67.222.222 208.67.220.220 208.67.222.123 208.67.220.123 2620:119:35::35 2620:119:53::53 2620:119:35::123 " +
			"2620:119:53::123"},
	{"AdGuard", "dns.adguard.com dns.adguard-dns.com family.adguard-dns.com unfiltered.adguard-dns.com dns-family.adguard.com " +
		"dns-unfiltered.adguard.com d.adguard-dns.com",
		"94.140.14.14 94.140.15.15 94.140.14.15 94.140.15.16 94.140.14.140 94.140.14.141 2a10:50c0::ad1:ff 2a10:50c0::ad2:ff " +
			"2a10:50c0::bad1:ff 2a10:50c0::bad2:ff 2a10:50c0::1:ff 2a10:50c0::2:ff"},
	{"NextDNS", "dns.nextdns.io anycast.dns.nextdns.io chromium.dns.nextdns.io firefox.dns.nextdns.io", "45.90.28.0 45.90.30.0 2a07:a8c0:: 2a07:a8c1::"},
	{"CleanBrowsing", "doh.cleanbrowsing.org family-filter-dns.cleanbrowsing.org adult-filter-dns.cleanbrowsing.org security-filter-dns.cleanbrowsing.org",
		"185.228.168.9 185.228.169.9 185.228.168.168 185.228.169.168 185.228.168.10 185.228.169.11 2a0d:2a00:1::2 2a0d:2a00:2::2"},
	{"Mullvad", "dns.mullvad.net adblock.dns.mullvad.net base.dns.mullvad.net extended.dns.mullvad.net family.dns.mullvad.net all.dns.mullvad.net",
		"194.242.2.2 194.242.2.3 194.242.2.4 194.242.2.5 194.242.2.6 194.242.2.9 2a07:e340::2 2a07:e340::3 2a07:e340::4 2a07:e340::5 2a07:e340::6 2a07:e340::9"},
	{"Control D", "dns.controld.com freedns.controld.com", "76.76.2.0 76.76.10.0 76.76.2.1 76.76.10.1 76.76.2.2 76.76.10.2 2606:1a40::1 2606:1a40:1::1"},
	{"DNS.SB", "doh.dns.sb dot.sb doh.sb", "185.222.222.222 45.11.45.11 2a09:: 2a11::"},
	{"AliDNS", "dns.alidns.com", "223.5.5.5 223.6.6.6 2400:3200::1 2400:3200:baba::1"},
	{"DNSPod", "doh.pub dot.pub dns.pub sm2.doh.pub", "119.29.29.29 1.12.12.12 120.53.53.53"},
	{"360", "doh.360.cn dot.360.cn", "101.226.4.6 218.30.118.6 123.125.81.6 140.207.198.6"},
	{"DNS0.EU", "dns0.eu zero.dns0.eu kids.dns0.eu open.dns0.eu", "193.110.81.0 185.253.5.0 2a0f:fc80:: 2a0f:fc81::"},
	{"DNS4EU", "protective.joindns4.eu child.joindns4.eu noads.joindns4.eu unfiltered.joindns4.eu", "86.54.11.1 86.54.11.201 86.54.11.12 86.54.11.212 86.54.11.13 86.54.11.213 86.54.11.100 86.54.11.200"},
	{"CIRA Canadian Shield", "private.canadianshield.cira.ca protected.canadianshield.cira.ca family.canadianshield.cira.ca",
		"149.112.121.10 149.112.122.10 149.112.121.20 149.112.122.20 149.112.121.30 149.112.122.30"},
	{"IIJ", "public.dns.iij.jp", "103.2.57.5 103.2.57.6"},
	{"Yandex", "common.dot.dns.yandex.net safe.dot.dns.yandex.net family.dot.dns.yandex.net",
		"77.88.8.8 77.88.8.1 77.88.8.88 77.88.8.2 77.88.8.7 77.88.8.3 2a02:6b8::feed:0ff 2a02:6b8:0:1::feed:0ff"},
	{"Comcast", "doh.xfinity.com dot.xfinity.com", ""},
	{"Mozilla's resolvers", "mozilla.cloudflare-dns.com trr.dns.nextdns.io doh-01.spectrum.com doh-02.spectrum.com", ""},
	{"Chromium's resolvers", "chrome.cloudflare-dns.com dns11.quad9.net doh.quickline.ch", ""},
	{"LibreDNS", "doh.libredns.gr dot.libredns.gr", "116.202.176.26"},
	{"UncensoredDNS", "anycast.uncensoreddns.org unicast.uncensoreddns.org", "91.239.100.100 89.233.43.71"},
	{"Digitale Gesellschaft", "dns.digitale-gesellschaft.ch", "185.95.218.42 185.95.218.43"},
	{"Applied Privacy", "doh.applied-privacy.net dot1.applied-privacy.net", "146.255.56.98"},
	{"Restena", "dnspub.restena.lu kaitain.restena.lu", "158.64.1.29"},
	{"SWITCH", "dns.switch.ch", "130.59.31.248 130.59.31.251"},
	{"Wikimedia", "wikimedia-dns.org", "185.71.138.138"},
	{"Neustar UltraDNS", "", "156.154.70.1 156.154.71.1 64.6.64.6 64.6.65.6"},
	{"Level 3", "", "4.2.2.1 4.2.2.2 4.2.2.3 4.2.2.4 4.2.2.5 4.2.2.6"},
	{"TWNIC Quad101", "dns.twnic.tw", "101.101.101.101 101.102.103.104"},
	{"Hurricane Electric", "ordns.he.net", "74.82.42.42"},
}

// encryptedPorts are where these addresses hide names: DNS over TLS and QUIC (RFC 7858, RFC 9250), and HTTPS. Plain DNS
// to them, port 53, is seen and diverted, so it is not listed.
var encryptedPorts = []uint16{853, 443}

// AddBypass adds the known public resolvers to a builder, class bypass, source "public resolvers".
func AddBypass(b *Builder) Report {
	r := Report{Format: FormatPlain}
	for _, res := range resolvers {
		l := &List{Source: "public resolvers", Class: home.ClassBypass, Family: res.company, Confidence: 95}
		for name := range strings.FieldsSeq(res.names) {
			r.count(b.Add(l, Entry{Name: name}))
		}
		for addr := range strings.FieldsSeq(res.addrs) {
			for _, port := range encryptedPorts {
				r.count(b.Add(l, Entry{Prefix: single(netip.MustParseAddr(addr)), Port: port}))
			}
		}
	}
	return r
}
