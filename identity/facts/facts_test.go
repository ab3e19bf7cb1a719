package facts

import (
	"strings"
	"testing"

	"golang.org/x/net/publicsuffix"

	"cardea/home"
	"cardea/identity"
)

// The table is what identity asks for.
var _ identity.Facts = Default()

// all lists the facts of a value.
func all(clue, value string) (facts []Fact) {
	Default().Match(clue, value, func(f Fact) { facts = append(facts, f) })
	return facts
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		clue, value   string
		model, vendor string
		class         home.DeviceClass
	}{
		{Maker, "Belkin", "", "Belkin", ""},
		{Maker, "eQ-3 Entwicklung", "", "eQ-3", ""},
		{Maker, "Espressif", "", "", home.ClassGadget},
		{Maker, "Sonos", "", "Sonos", home.ClassSpeaker},
		{DHCPVendor, "MSFT 5.0", "", "", home.ClassComputer},
		{DHCPVendor, "android-dhcp-13", "", "", home.ClassPhone},
		{DHCPVendor, "udhcp 1.22.1", "", "", home.ClassGadget},
		{DHCPParams, "1,3,28,6", "", "", home.ClassGadget},
		{HostName, "Annas-iPhone", "", "Apple", home.ClassPhone},
		{HostName, "DESKTOP-4F7Q2ZK", "", "", home.ClassComputer},
		{HostName, "ESP_0A1B2C", "", "", home.ClassGadget},
		{HostName, "HS110(EU)", "TP-Link HS110", "TP-Link", home.ClassPlug},
		{HostName, "Philips-hue", "Philips Hue Bridge", "Philips", home.ClassHub},
		{HostName, "shellyplug-s-12AB34", "", "Shelly", home.ClassPlug},
		{HostName, "wiz_a1b2c3", "", "WiZ", home.ClassLight},
		{HostName, "tapo-p110-kitchen", "", "TP-Link", home.ClassPlug},
		{Service, "_ipp._tcp", "", "", home.ClassPrinter},
		{Service, "_hue._tcp", "Philips Hue Bridge", "Philips", home.ClassHub},
		{Text, "md=Chromecast", "Google Chromecast", "Google", home.ClassTV},
		{Text, "ci=9", "", "", home.ClassThermostat},
		{Text, "model=AppleTV5,3", "Apple TV", "Apple", home.ClassTV},
		{Text, "md=D-Link DCS-935L", "D-Link DCS-935L", "D-Link", home.ClassCamera},
		{SSDPType, "urn:Belkin:device:insight:1", "Belkin WeMo Insight Switch", "Belkin", home.ClassPlug},
		{SSDPServer, "Linux/3.14.0 UPnP/1.0 IpBridge/1.16.0", "Philips Hue Bridge", "Philips", home.ClassHub},
		{SSDPServer, "Linux, UPnP/1.0 DCS-935L/1.0", "D-Link DCS-935L", "D-Link", home.ClassCamera},
		{Text, "model_number=DSP-W215", "D-Link DSP-W215", "D-Link", home.ClassPlug},
		{Text, "IC-3115W Network Camera", "Edimax IC camera", "Edimax", home.ClassCamera},
		{HostName, "KEQ0123456", "eQ-3 MAX! Cube", "eQ-3", home.ClassHub},
		{UPnP, "modelname=DCH-S150", "D-Link DCH-S150", "D-Link", home.ClassSensor},
		{UPnP, "manufacturer=Royal Philips Electronics", "", "Philips", ""},
		{Agent, "Mozilla/5.0 (Linux; Android 13; SM-G991B) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36", "", "", home.ClassPhone},
		{Agent, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Gecko/20100101", "", "", home.ClassComputer},
		{Name, "api.xbcs.net", "", "Belkin", ""},
		{Name, "scalews.withings.net", "", "Withings", home.ClassScale},
		{Name, "MAX.eq-3.de", "", "eQ-3", home.ClassHub},
		{Name, "3.h.myedimax.com", "", "Edimax", ""},
		{Port, "tcp/62078", "", "Apple", home.ClassPhone},
		{Software, "Hikvision-Webs", "", "Hikvision", home.ClassCamera},
	} {
		found := false
		facts := all(c.clue, c.value)
		for _, f := range facts {
			found = found || f.Model == c.model && f.Vendor == c.vendor && f.Class == c.class
		}
		if !found {
			t.Errorf("%s %q: %+v, want %q %q %q among it", c.clue, c.value, facts, c.model, c.vendor, c.class)
		}
	}
}

// What is not known, or means nothing by itself, says nothing.
func TestSaysNothing(t *testing.T) {
	for _, c := range [][2]string{
		{Maker, "Murata"}, {Maker, "Foxconn"}, {Maker, "AzureWave"}, {Maker, "Lite-On"}, {Maker, "Realtek Semiconductor"}, {Maker, ""},
		{DHCPVendor, "something else"}, {DHCPParams, "1,2,3"}, {HostName, "renee"}, {HostName, "after"}, {HostName, "kitchen"}, {HostName, "Aria"},
		{HostName, "camera"}, {HostName, "Max"}, {HostName, "wireless"},
		{HostName, "boring"}, {Service, "_http._tcp"}, {Service, "_unknown._tcp"}, {Text, "fn=Sonos in my room"}, {Text, "md=XQ-9"}, {Text, "noequals"},
		{SSDPType, "upnp:rootdevice"}, {SSDPServer, "Linux UPnP/1.0"}, {UPnP, "friendlyname=Anna's WeMo"}, {Agent, "curl/8.5"},
		{Name, "example.com"}, {Name, "com"}, {Name, "notxbcs.net"}, {Name, "a"}, {Name, "."}, {Name, "pool.ntp.org"}, {Port, "tcp/80"}, {Software, "nginx"},
		{"no such clue", "Belkin"},
	} {
		if facts := all(c[0], c[1]); len(facts) != 0 {
			t.Errorf("%s %q: %+v", c[0], c[1], facts)
		}
	}
}

func TestAppsAreToldFromDevices(t *testing.T) {
	for name, want := range map[string]bool{"www.meethue.com": true, "diag.meethue.com": false, "wap.tplinkcloud.com": true, "devs.tplinkcloud.com": false} {
		facts := all(Name, name)
		if len(facts) == 0 || facts[0].Apps != want {
			t.Errorf("%s: %+v", name, facts)
		}
	}
}

// each calls f with every rule of the table.
func each(f func(clue, pattern string, fact Fact)) {
	for clue, r := range Default().rules {
		for pattern, facts := range r.exact {
			for _, fact := range facts {
				f(clue, pattern, fact)
			}
		}
		for i := range r.anchored {
			for _, rule := range r.anchored[i] {
				f(clue, rule.pattern, rule.fact)
			}
			for _, rule := range r.floating[i] {
				f(clue, "*"+rule.pattern, rule.fact)
			}
		}
	}
}

// sample is a value that a pattern describes.
func sample(pattern string) string {
	return strings.NewReplacer("*", "xy", "#", "a", "%", "7", "?", "q", "~", ";").Replace(pattern)
}

// upper is a text in capitals, of ASCII only, as case is told apart nowhere else.
func upper(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, s)
}

func TestTablesAreConsistent(t *testing.T) {
	type said struct{ clue, pattern, vendor, model, class string }
	seen, n := map[said]bool{}, 0
	spelling := map[string]string{}
	each(func(clue, pattern string, f Fact) {
		n++
		s := said{clue, pattern, f.Vendor, f.Model, string(f.Class)}
		if seen[s] {
			t.Errorf("%s %q says the same twice", clue, pattern)
		}
		seen[s] = true
		if f.Vendor == "" && f.Class == "" || f.Weight <= 0 || f.Weight > 6 || f.Words == "" || len(f.Words) > 90 || f.Forgeable < 1 || f.Forgeable > 3 {
			t.Errorf("%s %q: %+v", clue, pattern, f)
		}
		if f.Model != "" && !strings.HasPrefix(f.Model, f.Vendor+" ") {
			t.Errorf("%s %q: the model %q does not begin with its vendor", clue, pattern, f.Model)
		}
		if low := strings.ToLower(f.Vendor); f.Vendor != "" && spelling[low] == "" {
			spelling[low] = f.Vendor
		} else if spelling[low] != f.Vendor {
			t.Errorf("%q and %q", spelling[low], f.Vendor)
		}
		if lit := strings.Trim(pattern, "*"); pattern[0] == '*' && len(lit) < 3 {
			t.Errorf("%s %q is found in too much", clue, pattern)
		}
		for _, value := range []string{sample(pattern), upper(sample(pattern))} {
			found := false
			Default().Match(clue, value, func(g Fact) { found = found || g == f })
			if !found {
				t.Errorf("%s %q does not find %q", clue, pattern, value)
			}
		}
	})
	if n < 1500 {
		t.Errorf("%d facts", n)
	}
	t.Logf("%d facts, %d words", n, len(Default().words.entries))
}

// The text of the tables is all that can be told: no mistake in a row passes for a rule.
func TestMistakesAreRefused(t *testing.T) {
	for _, text := range []string{
		"Belkin | Belkin", "[nothing]", "[maker]\nX | X | spaceship", "[maker]\nX | X | alarm", "[maker]\nX | X | - | much", "[maker]\nX;; Y | X",
		"[hostname]\n#a* | X", "[hostname]\n* | X", "[hostname]\na*b*c*d | X", "[kind]\nthing | X | plug", "[vendor]\nx | - | plug", "[vendor]\nx | X\nX | Y",
		"[product]\n; | X", "[maker]\na | b | - | - | - | - | g",
	} {
		table := &Table{rules: map[string]*rules{}, words: newLexicon()}
		for _, c := range clues {
			table.rules[c] = &rules{exact: map[string][]Fact{}}
		}
		if err := table.read(text); err == nil {
			t.Errorf("%q: accepted", text)
		}
	}
}

// A domain of the table is never one below which names belong to others.
func TestNamesAreNoSuffixes(t *testing.T) {
	each(func(clue, pattern string, _ Fact) {
		if clue != Name {
			return
		}
		if c, ok := home.CleanName(pattern); !ok || c != pattern || !strings.Contains(pattern, ".") {
			t.Errorf("%q is not a clean name", pattern)
		}
		if s, _ := publicsuffix.PublicSuffix(pattern); s == pattern {
			t.Errorf("%q is a public suffix", pattern)
		}
	})
}

func TestNothingIsAllocatedForNothing(t *testing.T) {
	table := Default()
	n := 0
	yield := func(Fact) { n++ }
	for _, c := range [][2]string{
		{HostName, "kitchen-of-nobody-known-1234"}, {Text, "md=QX 4000 Series of nobody"}, {Name, "a.b.c.example.com"}, {Agent, strings.Repeat("nothing known here ", 20)},
		{Service, "_nothing._tcp"}, {Maker, "Belkin"}, {Name, "api.xbcs.net"},
	} {
		if got := testing.AllocsPerRun(100, func() { table.Match(c[0], c[1], yield) }); got != 0 {
			t.Errorf("%s %q: %v allocations", c[0], c[1], got)
		}
	}
}

func FuzzMatch(f *testing.F) {
	f.Add(HostName, "HS110(EU)")
	f.Add(Text, "md=WeMo Insight Switch 2")
	f.Add(Name, "a..b.xbcs.net")
	f.Add(Agent, strings.Repeat("Mozilla/5.0 (Linux; ", 40))
	f.Add(UPnP, "modelname=\xff\x00D-Link")
	f.Fuzz(func(t *testing.T, clue, value string) {
		Default().Match(clue, value, func(g Fact) {
			if g.Vendor == "" && g.Class == "" || g.Words == "" || g.Weight <= 0 || g.Weight > 6 {
				t.Errorf("%s %q: %+v", clue, value, g)
			}
		})
		Default().Label(value)
	})
}

func BenchmarkMatch(b *testing.B) {
	for _, c := range [][2]string{{HostName, "kitchen-of-nobody-known"}, {Text, "md=QX 4000 Series of nobody"}, {Name, "a.b.c.example.com"}, {Agent, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari"}, {Maker, "Belkin"}} {
		b.Run(c[0], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Default().Match(c[0], c[1], func(Fact) {})
			}
		})
	}
}
