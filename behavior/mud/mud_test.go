package mud

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/home"
)

// lastTwo is the registrable domain, as far as these tests go.
func lastTwo(name string) string {
	labels := strings.Split(name, ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}

// real is the folder of real files; "" where there is none, which CI does not put up with.
func real(t *testing.T) string {
	data := os.Getenv("CARDEA_DATA")
	switch {
	case data != "":
		return filepath.Join(data, "facts/mud-unsw")
	case os.Getenv("CI") == "true":
		t.Fatal("CARDEA_DATA is not set: the real files are needed in CI")
	}
	t.Log("NOT RUN: CARDEA_DATA is not set, so no real file was read")
	return ""
}

// The files that UNSW Sydney made of its devices' traffic (Hamza et al. 2018).
func TestRealFiles(t *testing.T) {
	dir := real(t)
	if dir == "" {
		return
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) != 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	rules := 0
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Parse(b)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(name), err)
			continue
		}
		ends := f.Ends(lastTwo)
		rules += len(f.Rules)
		if len(f.Rules) == 0 || len(ends) == 0 || f.URL == "" || f.Left > len(f.Rules) {
			t.Errorf("%s: %d rules, %d endpoints, %d left out", filepath.Base(name), len(f.Rules), len(ends), f.Left)
		}
		again, left, err := Export(Product{URL: f.URL, Maker: "UNSW", Model: f.Info, Hours: 48}, f.Rules)
		if err != nil || left > 0 {
			t.Errorf("%s: %d rules cannot be written, %v", filepath.Base(name), left, err)
		}
		back, err := Parse(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sorted(f.Rules), sorted(back.Rules), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
			t.Errorf("%s: written and read again it is another: %s", filepath.Base(name), diff)
		}
	}
	if rules < 300 {
		t.Errorf("%d rules", rules)
	}
}

func sorted(rules []Rule) []Rule {
	key := func(r Rule) string {
		b, _ := json.Marshal(r)
		return string(b)
	}
	return slices.SortedFunc(slices.Values(rules), func(a, b Rule) int { return strings.Compare(key(a), key(b)) })
}

// The wemo switch's file: what it asks of its maker is found, what only lets answers pass is not.
func TestARealFileIsAPrior(t *testing.T) {
	dir := real(t)
	if dir == "" {
		return
	}
	b, err := os.ReadFile(filepath.Join(dir, "wemoswitchMud.json"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(f.Rules, Rule{Name: "api.xbcs.net", Proto: tcp, Port: 8443, Last: 8443}) {
		t.Errorf("%+v", f.Rules)
	}
	level := profile.Level{Class: home.ClassPlug, Vendor: "Belkin", Model: "Belkin WeMo Switch"}
	s := profile.NewCounts().Build(profile.Options{Priors: []profile.Prior{f.Prior(level, lastTwo)}})
	own := endpoint.Of(&home.Endpoint{Name: "api.xbcs.net", Domain: "xbcs.net", Port: 8443, Proto: "tcp"}, false, false)
	other := endpoint.Of(&home.Endpoint{Name: "c2.example.com", Domain: "example.com", Port: 8443, Proto: "tcp"}, false, false)
	p := s.For(level)
	if p.Bits(&own) > 3 || p.Bits(&other) < p.Bits(&own)+3 {
		t.Errorf("its maker's cloud %.1f bits, another's %.1f", p.Bits(&own), p.Bits(&other))
	}
	if st, ok := p.Known(&own); ok && st.Standing != profile.Rare {
		t.Errorf("a file made it %v", st.Standing)
	}
}

func TestWhatEntriesMean(t *testing.T) {
	const head = `{"ietf-mud:mud":{"mud-version":1,"mud-url":"https://x.example/m","from-device-policy":{"access-lists":{"access-list":[{"name":"out"}]}},
		"to-device-policy":{"access-lists":{"access-list":[{"name":"in"}]}}},"ietf-access-control-list:access-lists":{"acl":[{"name":"LIST","type":"ipv4-acl-type","aces":{"ace":[{"name":"a","matches":MATCH,"actions":{"forwarding":"accept"}}]}}]}}`
	for _, c := range []struct {
		name, list, match string
		want              []Rule
		left              int
	}{
		{"a name", "out", `{"ipv4":{"protocol":6,"ietf-acldns:dst-dnsname":"A.Example.com"},"tcp":{"destination-port":{"operator":"eq","port":443}}}`,
			[]Rule{{Name: "a.example.com", Proto: tcp, Port: 443, Last: 443}}, 0},
		{"its answers", "in", `{"ipv4":{"protocol":6,"ietf-acldns:src-dnsname":"a.example.com"},"tcp":{"source-port":{"operator":"eq","port":443}}}`, nil, 0},
		{"a server in the device", "in", `{"ietf-mud:mud":{"local-networks":[null]},"ipv4":{"protocol":17},"udp":{"destination-port":{"operator":"eq","port":5353}}}`,
			[]Rule{{Scope: Local, Proto: udp, Port: 5353, Last: 5353, Inbound: true}}, 0},
		{"one's own controller", "out", `{"ietf-mud:mud":{"my-controller":[null]},"ipv6":{},"tcp":{"destination-port":{"operator":"range","lower-port":8000,"upper-port":8010}}}`,
			[]Rule{{Scope: Controller, Proto: tcp, Port: 8000, Last: 8010}}, 0},
		{"the home's DNS", "out", `{"ietf-mud:mud":{"controller":"urn:ietf:params:mud:dns"},"ipv4":{"protocol":17},"udp":{"destination-port":{"operator":"eq","port":53}}}`,
			[]Rule{{Scope: Controller, Class: "urn:ietf:params:mud:dns", Proto: udp, Port: 53, Last: 53}}, 0},
		{"multicast", "out", `{"ipv4":{"protocol":17,"destination-ipv4-network":"239.255.255.250/32"},"udp":{"destination-port":{"operator":"eq","port":1900}}}`,
			[]Rule{{Scope: Local, Net: netip.MustParsePrefix("239.255.255.250/32"), Proto: udp, Port: 1900, Last: 1900}}, 0},
		{"anything anywhere", "out", `{"ipv4":{"protocol":6}}`, nil, 1},
		{"an address that is none", "out", `{"ipv4":{"destination-ipv4-network":"300.1.1.1/32"}}`, nil, 1},
		{"all ports but one", "out", `{"ipv4":{"protocol":6},"tcp":{"destination-port":{"operator":"neq","port":23}}}`, nil, 1},
		{"below IP", "out", `{"eth":{"ethertype":"0x888e"}}`, nil, 1},
		{"a name that is none", "out", `{"ipv4":{"protocol":6,"ietf-acldns:dst-dnsname":"<b>x</b>"},"tcp":{"destination-port":{"operator":"eq","port":443}}}`, nil, 1},
	} {
		f, err := Parse([]byte(strings.NewReplacer("LIST", c.list, "MATCH", c.match).Replace(head)))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if !slices.Equal(f.Rules, c.want) || f.Left != c.left {
			t.Errorf("%s: %+v, %d left out", c.name, f.Rules, f.Left)
		}
	}
	for _, bad := range []string{"", "{}", "[]", `{"ietf-mud:mud":{"mud-version":2}}`, strings.Repeat(" ", MaxFile+1)} {
		if _, err := Parse([]byte(bad)); err == nil {
			t.Errorf("%.30q is a MUD file", bad)
		}
	}
}

func TestWhatWasLearnedIsWritten(t *testing.T) {
	level := profile.Level{Class: home.ClassCamera, Vendor: "Optic", Model: "Optic C1"}
	all := []Candidate{
		{Endpoint: home.Endpoint{Name: "api.optic.example", Domain: "optic.example", Port: 443, Proto: "tcp"}},
		{Endpoint: home.Endpoint{IP: netip.MustParseAddr("203.0.113.7"), Port: 8883, Proto: "tcp"}},
		{Endpoint: home.Endpoint{Port: 554, Proto: "tcp"}, Local: true, Inbound: true},
		{Endpoint: home.Endpoint{Name: "rare.example.net", Domain: "example.net", Port: 80, Proto: "tcp"}},
	}
	c := profile.NewCounts()
	for h := range uint64(60) {
		for w := range uint32(4) {
			u := &profile.Use{Level: level, Week: 100 + w, Home: h + 1, Network: uint32(h%5) + 1, Active: 7}
			for i, e := range all {
				if i < 3 || h == 0 {
					u.Ends = append(u.Ends, profile.End{Chain: endpoint.Of(&e.Endpoint, e.Local, e.Inbound), Days: 7})
				}
			}
			c.Add(u)
		}
	}
	rules := Learned(c.Build(profile.Options{Now: 103}).For(level), all)
	want := []Rule{
		{Name: "api.optic.example", Proto: tcp, Port: 443, Last: 443},
		{Net: netip.MustParsePrefix("203.0.113.7/32"), Proto: tcp, Port: 8883, Last: 8883},
		{Scope: Local, Proto: tcp, Port: 554, Last: 554, Inbound: true},
	}
	if !slices.Equal(rules, want) {
		t.Fatalf("%+v", rules)
	}
	file, left, err := Export(Product{URL: "https://mud.example/optic-c1.json", Maker: "Optic", Model: "C1", Updated: time.Unix(1e9, 0), Hours: 48},
		append(rules, Rule{Name: "cam#.optic.example", Proto: tcp, Port: 443, Last: 443}))
	if err != nil || left != 1 {
		t.Fatal(left, err)
	}
	f, err := Parse(file)
	if err != nil || !slices.Equal(sorted(f.Rules), sorted(want)) || f.Left != 0 || f.Updated != "2001-09-09T01:46:40Z" {
		t.Fatalf("%+v %v", f, err)
	}
	for _, p := range []Product{{URL: "http://x.example", Hours: 5}, {URL: "https://x.example"}, {URL: "https://x.example", Hours: 169}} {
		if _, _, err := Export(p, rules); err == nil {
			t.Errorf("%+v", p)
		}
	}
}

// Whatever can be told is read back as it was.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rules []Rule
		for range rapid.IntRange(0, 12).Draw(t, "rules") {
			port := rapid.Uint16Range(1, 65000).Draw(t, "port")
			r := Rule{
				Scope: Scope(rapid.Uint8Range(0, 2).Draw(t, "scope")), Proto: rapid.SampledFrom([]uint8{tcp, udp}).Draw(t, "proto"),
				Port: port, Last: port + rapid.Uint16Range(0, 9).Draw(t, "more"), Inbound: rapid.Bool().Draw(t, "inbound"),
			}
			switch {
			case r.Scope == Controller:
				r.Class = rapid.SampledFrom([]string{"", "urn:ietf:params:mud:dns"}).Draw(t, "class")
			case r.Scope == Internet && rapid.Bool().Draw(t, "named"):
				r.Name = rapid.SampledFrom([]string{"a.example", "b-1.example.org"}).Draw(t, "name")
			case r.Scope == Internet:
				r.Net = rapid.SampledFrom([]netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::7/128")}).Draw(t, "net")
			}
			if !slices.Contains(rules, r) {
				rules = append(rules, r)
			}
		}
		b, left, err := Export(Product{URL: "https://x.example/y", Hours: 1}, rules)
		if err != nil || left != 0 {
			t.Fatal(left, err)
		}
		f, err := Parse(b)
		if err != nil || f.Left != 0 || !slices.Equal(sorted(f.Rules), sorted(rules)) {
			t.Fatalf("%v\n%+v\n%+v", err, rules, f.Rules)
		}
	})
}

func FuzzParse(f *testing.F) {
	b, _, _ := Export(Product{URL: "https://x.example/y", Hours: 1}, []Rule{{Name: "a.example", Proto: tcp, Port: 443, Last: 443}, {Scope: Local, Proto: udp, Port: 5353, Last: 5353, Inbound: true}})
	f.Add(b)
	f.Add([]byte(`{"ietf-mud:mud":{"mud-version":1}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Parse(b)
		if err != nil {
			return
		}
		if len(file.Rules) > MaxRules {
			t.Fatal(len(file.Rules))
		}
		_ = file.Ends(lastTwo)
		out, _, err := Export(Product{URL: "https://x.example/y", Hours: 1}, file.Rules)
		if err != nil {
			t.Fatal(err)
		}
		if len(out) <= MaxFile {
			if _, err := Parse(out); err != nil {
				t.Fatal(err)
			}
		}
		if bytes.Contains(out, []byte("<")) {
			t.Fatal("markup")
		}
	})
}
