package intel

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzRead reads anything as any format: no panic, every entry taken is found again or excused, nothing that must never
// be listed is.
func FuzzRead(f *testing.F) {
	for format, text := range map[Format]string{
		FormatPlain: "evil.example\n*.w.example\n198.51.100.1\t4\n[2001:db8::1]:5\n198.51.100.0/24\nhttp://1.2.3.4\n", FormatHosts: "0.0.0.0 a.example b.example # c\n",
		FormatAdBlock: "||a.example^$important\n@@||b.example^\n", FormatDnsmasq: "address=/a.example/\nserver=/b.example/#\n",
		FormatUnbound: "local-zone: \"a.example\" refuse\n", FormatRPZ: "$ORIGIN rpz.\n@ SOA a b (\n1)\na.example.rpz. CNAME .\n24.0.2.0.192.rpz-ip CNAME .\n48.zz.8.2001.rpz-ip CNAME .\n",
	} {
		f.Add(uint8(format), []byte(text))
	}
	if dir := os.Getenv("CARDEA_DATA"); dir != "" {
		paths, _ := filepath.Glob(filepath.Join(dir, "intel/*/*/*"))
		for _, p := range paths {
			if b, err := os.ReadFile(p); err == nil {
				f.Add(uint8(0), b[:min(len(b), 2000)])
			}
		}
	}
	f.Fuzz(func(t *testing.T, format uint8, text []byte) {
		b := NewBuilder()
		var taken []Entry
		l := List{Source: "fuzz", Format: Format(format % (uint8(FormatRPZ) + 1))}
		r, err := Read(strings.NewReader(string(text)), l, func(l *List, e Entry) Reason {
			why := b.Add(l, e)
			if why == "" {
				taken = append(taken, e)
			}
			return why
		})
		if err != nil || r.Entries != len(taken) {
			t.Fatalf("%v: %+v", err, r)
		}
		s := b.Build()
		for _, e := range taken {
			if e.Allow {
				continue
			}
			if e.Name != "" {
				if _, ok := s.Find(e.Name); !ok && !s.allow {
					t.Errorf("%s is not found", e)
				}
			} else if _, ok := s.FindAddr(netip.AddrPortFrom(e.Prefix.Addr(), e.Port)); !ok && !s.excused {
				t.Errorf("%s is not found", e)
			}
		}
		for _, at := range []string{"192.168.1.1", "127.0.0.1", "10.1.2.3", "::1", "fe80::1", "ff02::1", "224.0.0.1"} {
			if m, ok := s.FindAddr(netip.AddrPortFrom(netip.MustParseAddr(at), 80)); ok {
				t.Errorf("%s is listed: %+v", at, m)
			}
		}
		for _, n := range []string{"x.com", "x.co.uk", "x.github.io", "x.google.com"} {
			if m, ok := s.Find(n); ok && m.Name != n {
				t.Errorf("%s is listed: %+v", n, m)
			}
		}
	})
}

// FuzzApply applies arbitrary removals and additions and asks for them.
func FuzzApply(f *testing.F) {
	f.Add("a.example b.example", "b.example 198.51.100.1", "c.b.example")
	f.Fuzz(func(t *testing.T, add, remove, ask string) {
		entries := func(s string) (out []Entry) {
			for w := range strings.FieldsSeq(s) {
				if n, ok := clean(w); ok {
					out = append(out, Entry{Name: n})
				} else if p, err := netip.ParsePrefix(w); err == nil {
					out = append(out, Entry{Prefix: p})
				}
			}
			return out
		}
		var d Delta
		for _, e := range entries(add) {
			d.Add = append(d.Add, Listed{List{Source: "f"}, e})
		}
		s, _ := (*Set)(nil).Apply(d)
		s, _ = s.Apply(Delta{Remove: entries(remove)})
		for _, e := range entries(remove) {
			if m, ok := s.Find(e.Name); e.Name != "" && ok && m.Name == e.Name {
				t.Errorf("%s is still listed", e.Name)
			}
		}
		if n, ok := clean(ask); ok {
			s.Find(n)
		}
	})
}
