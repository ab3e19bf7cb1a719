package intel

import (
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"cardea/home"
)

// collect reads a feed and gives what it names, refusals included as "refused …".
func collect(t testing.TB, l List, text string) ([]string, Report) {
	t.Helper()
	var out []string
	r, err := Read(strings.NewReader(text), l, func(_ *List, e Entry) Reason {
		s := e.String()
		if e.Exact {
			s = "exactly " + s
		}
		out = append(out, s)
		return ""
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, r
}

func TestFormats(t *testing.T) {
	for _, c := range []struct {
		name, text   string
		format       Format
		want         []string
		skipped, bad int
	}{
		{
			"hosts", "# hosts\n127.0.0.1 localhost\n::1 ip6-localhost\n0.0.0.0 A.example b.example # c.example\n192.168.1.1 router.example\n0.0.0.0 bad_?name\n",
			FormatHosts, []string{"a.example", "b.example"}, 3, 1,
		},
		{
			"plain", "\ufeff# c\nEvil.Example.\n*.wild.example\n.dot.example\n198.51.100.1\n198.51.100.0/24 ; SBL1\n2001:db8::/32\n198.51.100.9:23\n/bin.sh\n" +
				"http://198.51.100.8\nhttp://p.example/x\np.example/y\nhttps://u.example\nn.example:8080\n-\n",
			FormatPlain, []string{
				"evil.example", "wild.example", "dot.example", "198.51.100.1/32", "198.51.100.0/24", "2001:db8::/32",
				"198.51.100.9/32 port 23", "198.51.100.8/32 port 80", "u.example", "n.example", "-",
			}, 3, 0,
		},
		{"ipsum", "# IP\tn\n198.51.100.1\t8\n198.51.100.2\tx\n", FormatPlain, []string{"198.51.100.1/32"}, 0, 1},
		{
			"adblock", "[Adblock Plus 2.0]\n! c\n||a.example^\n||b.example^$third-party\n||c.example^$important,document\n@@||ok.example^\n" +
				"|d.example^\n||e.example\n||f.example/path^\n/ads[0-9]/\n##.banner\na.example##.x\n||*.g.example^\n||198.51.100.1^\n0.0.0.0 h.example\n||-a*b.example^\n||bad..example^\n",
			FormatAdBlock, []string{
				"a.example", "c.example", "not ok.example", "exactly d.example", "g.example", "198.51.100.1/32", "h.example",
			}, 7, 1,
		},
		{
			"dnsmasq", "# c\naddress=/a.example/\naddress=/b.example/c.example/0.0.0.0\naddress=/d.example/#\nserver=/e.example/\nlocal=/f.example/\n" +
				"server=/ok.example/#\nserver=/g.example/9.9.9.9\naddress=/h.example/198.51.100.1\ncache-size=1\naddress=/i.example/::\nnonsense\n",
			FormatDnsmasq, []string{"a.example", "b.example", "c.example", "d.example", "e.example", "f.example", "not ok.example", "i.example"}, 3, 1,
		},
		{
			"unbound", "server:\n# c\nlocal-zone: \"a.example.\" always_nxdomain\n local-zone: b.example refuse\nlocal-zone: \"ok.example\" always_transparent\n" +
				"local-zone: \"c.example\" transparent\nlocal-data: \"d.example. A 0.0.0.0\"\nlocal-data: 'e.example 60 IN AAAA ::1'\nlocal-data: \"f.example A 198.51.100.1\"\ninterface: ::\nlocal-zone: \"g.example\"\n",
			FormatUnbound, []string{"a.example", "b.example", "not ok.example", "exactly d.example", "exactly e.example"}, 3, 1,
		},
		{
			"rpz", "$TTL 60\n@ SOA ns.example. root.example. (\n 1 2 3\n 4 5 )\n NS localhost.\na.example CNAME .\n*.b.example 300 IN CNAME *.\nok.example CNAME rpz-passthru.\n" +
				"c.example IN CNAME rpz-drop.\nd.example CNAME garden.example.\ne.example A 127.0.0.1\n24.0.100.51.198.rpz-ip CNAME .\n48.zz.1.db8.2001.rpz-ip CNAME .\n" +
				"32.1.2.0.192.rpz-client-ip CNAME .\n ; c\nbroken\n25.1.100.51.198.rpz-ip CNAME .\n",
			FormatRPZ, []string{
				"exactly a.example", "b.example", "not exactly ok.example", "exactly c.example", "exactly e.example", "198.51.100.0/24", "2001:db8:1::/48",
			}, 2, 2,
		},
		{
			"rpz absolute", "$ORIGIN rpz.local.\nx.example.rpz.local. CNAME .\n*.x.example.rpz.local. CNAME .\ny.example CNAME .\nelse.where. CNAME .\n",
			FormatRPZ, []string{"exactly x.example", "x.example", "exactly y.example"}, 0, 1,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, r := collect(t, List{Source: c.name}, c.text)
			for i, s := range got {
				if strings.HasPrefix(s, "exactly not ") {
					got[i] = "not exactly " + s[12:]
				}
			}
			if r.Format != c.format {
				t.Errorf("taken for %s, want %s", r.Format, c.format)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if r.Skipped != c.skipped || r.Bad != c.bad {
				t.Errorf("skipped %d, bad %d (%v); want %d, %d", r.Skipped, r.Bad, r.Named, c.skipped, c.bad)
			}
		})
	}
}

func TestNoFeedBlocksTheInternet(t *testing.T) {
	text := "com\nco.uk\ngithub.io\nduckdns.org\nlocalhost\ngoogle.com\nntp.org\n" +
		"0.0.0.0/0\n::/0\n1.0.0.0/7\n2000::/3\n2001::/18\n192.168.1.5\n10.0.0.0/8\n127.0.0.1\n169.254.1.1\n224.0.0.251\n0.0.0.0\n::1\nfe80::1\nfd00::1\nff02::1\n172.0.0.0/8\n255.255.255.255\n8.8.8.8\n1.1.1.0/24\n9.9.9.9:53\n2606:4700::/32\n" +
		"evil.github.io\nbad.google.com\n198.51.100.7\n"
	s, r := listOf(t, List{Source: "hostile"}, text)
	if r.Entries != 3 || s.Len() != 3 {
		t.Errorf("%d entries taken, want 3: %v", r.Entries, r.Refused)
	}
	n := 0
	for _, k := range r.Refused {
		n += k
	}
	if n != 28 || r.Bad != 0 {
		t.Errorf("%d refused, %d bad; want 28, 0: %v %v", n, r.Bad, r.Refused, r.Named)
	}
	for _, name := range []string{"www.google.com", "example.com", "x.github.io", "mail.example.co.uk"} {
		if got, ok := s.Name(name); ok {
			t.Errorf("%s is listed: %+v", name, got)
		}
	}
	var many strings.Builder
	for i := range 200 {
		many.WriteString(strings.Replace("N.0.0.0/8\n", "N", string(rune('0'+i/100))+string(rune('0'+i/10%10))+string(rune('0'+i%10)), 1))
	}
	_, r = listOf(t, List{Source: "many", Format: FormatPlain}, strings.ReplaceAll(strings.ReplaceAll("\n"+many.String(), "\n00", "\n"), "\n0", "\n"))
	if r.Entries > 16 {
		t.Errorf("%d blocks of /8 taken", r.Entries)
	}
}

func TestCountsGiveConfidence(t *testing.T) {
	s, _ := listOf(t, List{Source: "ipsum"}, "198.51.100.1\t1\n198.51.100.2\t3\n198.51.100.3\t10\n")
	var got []uint8
	s.Addrs(func(_ netip.Addr, c *Class) bool { got = append(got, c.Confidence); return true })
	if !slices.Equal(got, []uint8{25, 60, 95}) {
		t.Errorf("confidence %v", got)
	}
}

func TestLongAndBinaryLinesAreCounted(t *testing.T) {
	text := "a.example\n" + strings.Repeat("x", 200_000) + "\nb.example\n\x00\x01\n" + strings.Repeat("y", MaxLine+1) + "\nc.example"
	got, r := collect(t, List{Format: FormatPlain}, text)
	if !slices.Equal(got, []string{"a.example", "b.example", "c.example"}) || r.Bad != 3 || r.Lines != 6 {
		t.Errorf("got %q, %+v", got, r)
	}
	if len(r.Named) != 3 || r.Named[0].Line != 2 || r.Named[1].Line != 4 {
		t.Errorf("named %v", r.Named)
	}
}

func TestReadErrorIsTold(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, r := range []io.Reader{
		iotest.ErrReader(broken), io.MultiReader(strings.NewReader(strings.Repeat("a.example\n", 9000)), iotest.ErrReader(broken)),
	} {
		if _, err := Read(r, List{Source: "l"}, NewBuilder().Add); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	}
}

// data is the folder of real lists kept outside the repository.
func data(t testing.TB) string {
	dir := os.Getenv("CARDEA_DATA")
	if dir == "" && os.Getenv("CI") == "true" {
		t.Fatal("CARDEA_DATA is not set: the real lists are needed in CI")
	}
	if dir == "" {
		t.Log("NOT RUN: CARDEA_DATA is not set, so the real lists were not read")
	}
	return dir
}

func readFile(t testing.TB, b *Builder, path string, l List) Report {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l.Source = filepath.Base(path)
	r, err := Read(f, l, b.Add)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The same real list in six formats lists the same names.
func TestSameListInSixFormats(t *testing.T) {
	dir := data(t)
	if dir == "" {
		return
	}
	files := map[string]Format{
		"adblock/doh-vpn-proxy-bypass.txt": FormatAdBlock, "dnsmasq/doh-vpn-proxy-bypass.txt": FormatDnsmasq,
		"domains/doh-vpn-proxy-bypass.txt": FormatPlain, "hosts/doh-vpn-proxy-bypass.txt": FormatHosts,
		"unbound/doh-vpn-proxy-bypass.blacklist.conf": FormatUnbound, "wildcard/doh-vpn-proxy-bypass.txt": FormatPlain,
	}
	sets, names := map[string]*Set{}, map[string]bool{}
	for file, format := range files {
		b := NewBuilder()
		path := filepath.Join(dir, "intel/dns-blocklists", file)
		r := readFile(t, b, path, List{Class: home.ClassBypass})
		if r.Format != format || r.Bad != 0 || r.Entries < 700 {
			t.Errorf("%s: %+v", file, r)
		}
		sets[file] = b.Build()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(strings.NewReader(string(text)), List{}, func(_ *List, e Entry) Reason {
			names[e.Name] = true
			return ""
		}); err != nil {
			t.Fatal(err)
		}
	}
	for file, s := range sets {
		for n := range names {
			for _, q := range []string{n, "below." + n} {
				if _, ok := s.Find(q); !ok && Refuse(Entry{Name: n}) == "" {
					t.Errorf("%s does not list %s", file, q)
				}
			}
		}
	}
}

func TestRealLists(t *testing.T) {
	dir := data(t)
	if dir == "" {
		return
	}
	for _, c := range []struct {
		glob                string
		entries, bad, other int // at least, at most, at least (skipped and refused)
	}{
		{"maltrail/elf_mirai.txt", 15_000, 0, 20_000}, {"maltrail/elf_torii.txt", 12, 0, 0}, {"maltrail/*", 10, 0, 0},
		{"ipsum/ipsum.txt", 120_000, 0, 0}, {"ipsum/levels/3.txt", 14_000, 0, 0}, {"smart-tv/*", 10, 0, 0},
		{"dns-blocklists/domains/personal.txt", 12_000, 0, 0},
	} {
		paths, err := filepath.Glob(filepath.Join(dir, "intel", c.glob))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: no such lists (%v)", c.glob, err)
		}
		for _, path := range paths {
			b := NewBuilder()
			r := readFile(t, b, path, List{})
			other := r.Skipped
			for _, n := range r.Refused {
				other += n
			}
			s := b.Build()
			t.Logf("%s: %s, %d lines, %d entries, %d skipped, refused %v, bad %d %v; set %d, %d bytes",
				filepath.Base(path), r.Format, r.Lines, r.Entries, r.Skipped, r.Refused, r.Bad, r.Named, s.Len(), s.Bytes())
			if r.Entries < c.entries || r.Bad > c.bad || other < c.other || s.Len() > r.Entries {
				t.Errorf("%s: want at least %d entries, at most %d bad, at least %d skipped or refused",
					path, c.entries, c.bad, c.other)
			}
		}
	}
}
