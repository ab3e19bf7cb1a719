package evidence

import (
	"strings"
	"testing"
)

func TestSite(t *testing.T) {
	for name, want := range map[string]string{
		"example.com": "example.com", "a.b.example.com": "example.com", "shop.example.co.uk": "example.co.uk", "co.uk": "co.uk",
		"bot.duckdns.org": "bot.duckdns.org", "x.bot.duckdns.org": "bot.duckdns.org", "duckdns.org": "duckdns.org", "local": "", "": "", ".com": "",
	} {
		if got := Site(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestDynamic(t *testing.T) {
	for name, want := range map[string]bool{"bot.duckdns.org": true, "a.b.no-ip.org": true, "duckdns.org": false, "example.com": false, "": false} {
		if got := Dynamic(name); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}

func FuzzSite(f *testing.F) {
	f.Add("a.b.example.co.uk")
	f.Add("x.duckdns.org")
	f.Add(".")
	f.Fuzz(func(t *testing.T, name string) {
		if s := Site(name); !strings.HasSuffix(name, s) {
			t.Errorf("%q is no part of %q", s, name)
		}
		Dynamic(name)
	})
}
