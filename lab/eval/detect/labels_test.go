package detect

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardea/home"
)

func TestParseRules(t *testing.T) {
	r, err := parseRules(strings.NewReader("# who\n\ufefffamily\tMirai\ndevice 192.168.1.9\ndevice\t B8-27-EB-C7-E9-C9 # by MAC\nonset 506.5\n\n" +
		"malicious 192.0.2.1:23\nmalicious 198.51.100.77/24\nmalicious 2001:db8::1\n"))
	if err != nil {
		t.Fatal(err)
	}
	if r.family != "Mirai" || r.after != 506500*time.Millisecond || len(r.endpoints) != 3 ||
		strings.Join(r.devices, " ") != "192.168.1.9 b8:27:eb:c7:e9:c9" {
		t.Errorf("%+v", r)
	}
	for to, want := range map[string]bool{"192.0.2.1:23": true, "192.0.2.1:24": false, "198.51.100.3:9": true, "[2001:db8::1]:1": true, "[2001:db8::2]:1": false} {
		is := false
		for _, e := range r.endpoints {
			is = is || e.is(netip.MustParseAddrPort(to))
		}
		if is != want {
			t.Errorf("%s: %v", to, is)
		}
	}
	r, err = parseRules(strings.NewReader("onset 2018-03-09T12:00:00Z"))
	if err != nil || r.onset.Year() != 2018 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestParseRulesRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"colour red": "line 1: \"colour\": want family", "device me": "want a MAC or an IP address", "onset soon": "onset: want seconds",
		"onset -1": "onset: want seconds", "family": "want a name", "malicious 300.1.1.1": "want an address",
		"family " + strings.Repeat("x", 65): "at most 64", "\n\nonset NaN": "line 3", strings.Repeat("x", 1<<13): "line 1",
	} {
		if _, err := parseRules(strings.NewReader(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", line, err, want)
		}
	}
}

// Labels come from outside: they are read or refused, and what was read says only what it can.
func FuzzParseRules(f *testing.F) {
	f.Add("family Mirai\ndevice 192.168.1.9\nonset 506.5\nmalicious 192.0.2.1:23")
	f.Add("onset 1e300\nmalicious ::/0\ndevice fe80::1%eth0")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parseRules(strings.NewReader(s))
		if err != nil {
			return
		}
		if r.after < 0 || len(r.devices) > maxRules || len(r.endpoints) > maxRules || len(r.family) > 64 {
			t.Errorf("%+v", r)
		}
		for _, e := range r.endpoints {
			if !e.prefix.IsValid() || e.prefix != e.prefix.Masked() {
				t.Errorf("prefix %v", e.prefix)
			}
		}
	})
}

func TestInfected(t *testing.T) {
	m, _ := home.ParseMAC("02:00:00:00:00:01")
	d := &home.Device{MAC: m, MACs: []home.MAC{m}, Addresses: []netip.Addr{netip.MustParseAddr("192.168.1.9")}}
	for _, c := range []struct {
		devices []string
		want    bool
	}{{nil, true}, {[]string{"192.168.1.9"}, true}, {[]string{"02:00:00:00:00:01"}, true}, {[]string{"192.168.1.8"}, false}} {
		if got := (&labels{devices: c.devices}).infected(d); got != c.want {
			t.Errorf("%v: %v", c.devices, got)
		}
	}
}

func TestMost(t *testing.T) {
	for _, c := range []struct {
		l    labels
		want string
	}{
		{labels{}, ""},
		{labels{kinds: map[string]int{"": 9, "C&C": 2, "DDoS": 3}}, "DDoS"},
		{labels{kinds: map[string]int{"b": 2, "a": 2}}, "a"},
		{labels{family: "Torii", kinds: map[string]int{"C&C": 2}}, "Torii"},
	} {
		if got := c.l.most(); got != c.want {
			t.Errorf("%+v: %q", c.l, got)
		}
	}
}

func TestParseAttack(t *testing.T) {
	dir := t.TempDir()
	file, odd, labels := filepath.Join(dir, "a.pcap"), filepath.Join(dir, "x=y.pcap"), filepath.Join(dir, "l.csv")
	for _, p := range []string{file, odd, labels} {
		if err := os.WriteFile(p, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		in   string
		want Attack
		err  string
	}{
		{in: file, want: Attack{File: file}},
		{in: odd, want: Attack{File: odd}},
		{in: file + "=" + labels, want: Attack{File: file, Labels: labels}},
		{in: odd + "=" + labels, want: Attack{File: odd, Labels: labels}},
		{in: file + "=Mirai", want: Attack{File: file, Family: "Mirai"}},
		{in: file + "=no/such.csv", err: "no such file of labels"},
		{in: file + "=gone.csv", err: "no such file of labels"},
		{in: file + "=", err: "no such file of labels"},
		{in: dir + "/gone.pcap", err: "no such file"},
		{in: "", err: "want a file"},
	} {
		got, err := ParseAttack(c.in)
		if c.err == "" && (err != nil || got != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %+v, %v", c.in, got, err)
		}
	}
}
