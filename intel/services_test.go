package intel

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/publicsuffix"

	"cardea/home"
)

func TestServices(t *testing.T) {
	for name, want := range map[string]string{
		"0.pool.ntp.org": "NTP Pool", "diag.meethue.com": "Philips Hue", "time-ios.apple.com": "Apple time", "www.apple.com": "Apple",
		"gateway.push.apple.com": "Apple push", "evil.example": "", "com": "", "notapple.com": "", "a1.tuyaus.com": "Tuya",
	} {
		got, ok := Service(name)
		if got.Name != want || ok != (want != "") {
			t.Errorf("%s: %+v, want %q", name, got, want)
		}
	}
}

func TestServiceTableIsWellFormed(t *testing.T) {
	seen := map[string]string{}
	for _, s := range slices.Concat(services, makers) {
		if s.name == "" || s.company == "" || s.purpose == "" || s.suffixes == "" {
			t.Errorf("%+v has an empty field", s)
		}
		for suffix := range strings.FieldsSeq(s.suffixes) {
			if c, ok := home.CleanName(suffix); !ok || c != suffix || !strings.Contains(suffix, ".") {
				t.Errorf("%s: %q is not a clean name", s.name, suffix)
			}
			if p, icann := publicsuffix.PublicSuffix(suffix); p == suffix && icann {
				t.Errorf("%q is a registry's", suffix)
			}
			if other, ok := seen[suffix]; ok {
				t.Errorf("%s is of %s and of %s", suffix, other, s.name)
			}
			seen[suffix] = s.name
		}
	}
	if len(seen) < 900 {
		t.Errorf("%d names", len(seen))
	}
}

func TestDomainsOfACompany(t *testing.T) {
	list := Domains("Amcrest")
	if len(list) < 3 || len(Domains("Nobody at all")) != 0 {
		t.Fatalf("%v", list)
	}
	for _, d := range list {
		if c, ok := Company(d); !ok || c != "Amcrest" {
			t.Errorf("%s is of %q", d, c)
		}
	}
}

func TestCompany(t *testing.T) {
	for name, want := range map[string]string{
		"scalews.withings.net": "Withings", "max.eq-3.de": "eQ-3", "api.xbcs.net": "Belkin", "p2p.xmeye.net": "Xiongmai", "evil.example": "", "com": "",
	} {
		if got, ok := Company(name); got != want || ok != (want != "") {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestBypass(t *testing.T) {
	b := NewBuilder()
	r := AddBypass(b)
	if len(r.Refused) != 0 || r.Entries < 250 {
		t.Errorf("%+v", r)
	}
	s := b.Build()
	got, _ := s.Name("mozilla.cloudflare-dns.com")
	if got.Class != home.ClassBypass {
		t.Errorf("got %+v", got)
	}
	for at, want := range map[string]bool{"1.1.1.1:853": true, "1.1.1.1:443": true, "1.1.1.1:53": false, "[2620:fe::fe]:853": true, "1.1.1.9:853": false} {
		if _, ok := s.Endpoint(netip.MustParseAddrPort(at)); ok != want {
			t.Errorf("%s: %v", at, ok)
		}
	}
	for name, want := range map[string]Canary{"use-application-dns.net": CanaryDNS, "mask.icloud.com": CanaryRelay, "icloud.com": 0, "x.mask-h2.icloud.com": CanaryRelay, "unmask.icloud.com": 0} {
		if got := CanaryName(name); got != want {
			t.Errorf("canary %s: %d, want %d", name, got, want)
		}
	}
}
