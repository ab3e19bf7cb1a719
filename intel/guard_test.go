package intel

import (
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestGuard(t *testing.T) {
	g := NewGuard([]netip.Prefix{netip.MustParsePrefix("203.0.113.0/28"), netip.MustParsePrefix("2001:db8:77::/48")},
		[]string{"Provider.Example.", "acs.other.example", "not a name"})
	for _, c := range []struct {
		e    Entry
		want Reason
	}{
		{Entry{Name: "bad.example"}, ""},
		{Entry{Name: "pool.ntp.org"}, ReasonShared},
		{Entry{Name: "2.de.pool.ntp.org"}, ReasonProtected},
		{Entry{Name: "time.cloudflare.com"}, ReasonProtected},
		{Entry{Name: "xtime.cloudflare.com"}, ""},
		{Entry{Name: "debian.org"}, ReasonProtected}, // holds deb.debian.org
		{Entry{Name: "debian.org", Exact: true}, ""}, // does not
		{Entry{Name: "deb.debian.org", Exact: true}, ReasonProtected},
		{Entry{Name: "a.b.provider.example"}, ReasonProtected},
		{Entry{Name: "other.example"}, ReasonProtected},
		{Entry{Name: "www.other.example"}, ""},
		{Entry{Name: "co.uk"}, ReasonSuffix},
		{Entry{Name: "com"}, ReasonSuffix},
		{Entry{Name: "debian.org", Allow: true}, ""},
		{Entry{Prefix: netip.MustParsePrefix("203.0.113.9/32")}, ReasonOwn},
		{Entry{Prefix: netip.MustParsePrefix("203.0.112.0/20")}, ReasonOwn},
		{Entry{Prefix: netip.MustParsePrefix("2001:db8:77:1::5/128"), Port: 80}, ReasonOwn},
		{Entry{Prefix: netip.MustParsePrefix("203.0.113.16/32")}, ""},
		{Entry{Prefix: netip.MustParsePrefix("192.168.1.1/32")}, ReasonPrivate},
		{Entry{Prefix: netip.MustParsePrefix("216.239.35.4/32"), Port: 123}, ReasonProtected},
		{Entry{Prefix: netip.MustParsePrefix("8.8.8.8/32")}, ReasonShared},
		{Entry{Prefix: netip.MustParsePrefix("0.0.0.0/0")}, ReasonPrivate},
		{Entry{}, ReasonAddress},
	} {
		if got := g.Refuse(c.e); got != c.want {
			t.Errorf("%v: %q, want %q", c.e, got, c.want)
		}
	}
}

func TestGuardID(t *testing.T) {
	a, b := netip.MustParsePrefix("203.0.113.0/28"), netip.MustParsePrefix("2001:db8:77::/48")
	id := NewGuard([]netip.Prefix{a, b}, []string{"x.example", "y.example"}).ID()
	if NewGuard([]netip.Prefix{b, a}, []string{"y.example", "x.example"}).ID() != id {
		t.Error("the order makes another guard")
	}
	for _, g := range []*Guard{NewGuard(nil, nil), NewGuard([]netip.Prefix{a}, []string{"x.example", "y.example"}),
		NewGuard([]netip.Prefix{a, b}, []string{"x.example"})} {
		if g.ID() == id {
			t.Error("other guards have the same id")
		}
	}
}

// A feed in any syntax cannot list a protected host, nor anything that holds or is below one.
func TestNoFeedListsAProtectedName(t *testing.T) {
	g := NewGuard(nil, nil)
	b := NewBuilder()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(strings.Fields(protectedNames)).Draw(t, "name")
		below := rapid.SampledFrom([]string{"", "a.", "x.y."}).Draw(t, "below")
		form := rapid.SampledFrom([]string{"%\n", "0.0.0.0 %\n", "||%^\n", "address=/%/\n", "*.%\n", "https://%/\n"}).Draw(t, "form")
		format := map[string]Format{"0": FormatHosts, "|": FormatAdBlock, "a": FormatDnsmasq}[form[:1]]
		if format == 0 {
			format = FormatPlain
		}
		took := 0
		_, err := Read(strings.NewReader(strings.ReplaceAll(form, "%", below+name)), List{Source: "feed", Format: format},
			func(l *List, e Entry) Reason {
				why := g.Refuse(e)
				if why == "" {
					took++
					return b.Add(l, e)
				}
				return why
			})
		if err != nil || took != 0 {
			t.Fatalf("%s%s: taken %d times, %v", below, name, took, err)
		}
	})
	set := b.Build()
	for name := range strings.FieldsSeq(protectedNames) {
		if i, ok := set.Name(name); ok {
			t.Errorf("%s: %+v", name, i)
		}
	}
}
