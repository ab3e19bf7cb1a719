package exposure

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardea/exposure/eol"
	"cardea/exposure/kev"
	"cardea/home"

	"pgregory.net/rapid"
)

func entry(cve, vendor, product, text, action string) kev.Entry {
	return kev.Entry{CVE: cve, Vendor: vendor, Product: product, Name: vendor + " " + product + " Vulnerability", Added: t0.AddDate(-1, 0, 0), Text: text, Action: action}
}

func testFacts(t testing.TB) *Facts {
	t.Helper()
	over := "The impacted product is end-of-life and should be disconnected if still in use."
	c := &kev.Catalog{Entries: []kev.Entry{
		entry("CVE-2016-11021", "D-Link", "DCS-930L Devices", "", over),
		entry("CVE-2020-25079", "D-Link", "DCS-2530L and DCS-2670L Devices", "", ""),
		entry("CVE-2018-6530", "D-Link", "Multiple Routers", "Multiple D-Link routers.", ""),
		entry("CVE-2023-33538", "TP-Link", "Multiple Routers", "TP-Link TL-WR940N V2/V4 and TL-WR841N V8/V10 contain it.", ""),
		entry("CVE-2021-36260", "Hikvision", "Security cameras web server", "", ""),
		entry("CVE-2018-14847", "MikroTik", "RouterOS", "", ""),
		entry("CVE-2020-10987", "Tenda", "AC1900 Router AC15 Model", "", ""),
		entry("CVE-2023-47565", "QNAP", "VioStor NVR", "", ""),
		entry("CVE-2022-42827", "Apple", "iOS and iPadOS", "", ""),
		entry("CVE-2022-22265", "Samsung", "Mobile Devices", "", ""),
		entry("CVE-2021-0001", "Microsoft", "Exchange Server", "", ""),
	}}
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	return Compile(c, []eol.Product{
		{Name: "iphone", Label: "Apple iPhone", Category: "device", Security: true, Releases: []eol.Release{{Cycle: "8", Label: "8", End: day(2023, 4, 12)}, {Cycle: "17", Label: "17"}}},
		{Name: "samsung-mobile", Label: "Samsung Mobile", Category: "device", Security: true, Releases: []eol.Release{{Cycle: "galaxy-s8", Label: "Galaxy S8", Ended: true}}},
		{Name: routerOS, Label: "RouterOS", Category: "os", Security: true, Releases: []eol.Release{{Cycle: "6.49", Label: "RouterOS 6.49", End: day(2023, 4, 30)}, {Cycle: "7.24"}}},
		{Name: "openwrt", Label: "OpenWrt", Category: "os", Security: true, Releases: []eol.Release{{Cycle: "19.07", End: day(2022, 4, 20)}, {Cycle: "30.01", End: day(2030, 1, 1)}}},
		{Name: "android", Label: "Android OS", Category: "os", Security: true, Releases: []eol.Release{{Cycle: "9", End: day(2022, 1, 1)}, {Cycle: "16"}}},
		{Name: "raspberry-pi", Label: "Raspberry Pi", Category: "device", Security: true, Releases: []eol.Release{{Cycle: "1", Ended: true}}},
	})
}

func TestKnown(t *testing.T) {
	lease := func(v string) *home.Observation {
		return &home.Observation{Event: &home.Event{Kind: home.EventLease, Time: t0, Lease: &home.Lease{Vendor: v}}, Device: camera, Proven: true}
	}
	id := func(vendor, model string, class home.DeviceClass) home.Identity {
		return home.Identity{Vendor: vendor, Model: model, Class: class, Confidence: 0.95, By: "learned"}
	}
	const replace = " [vendor-only] [no-lan]"
	for name, test := range map[string]struct {
		who  home.Identity
		seen []*home.Observation
		want string
	}{
		"nobody": {},
		"a model that nobody repairs": {who: id("D-Link Systems, Inc.", "D-Link DCS-930L", home.ClassCamera),
			want: "exploited  0 sure: This product has a weakness that attackers are known to use, and its maker no longer repairs it." + replace},
		"the same, a guess": {who: home.Identity{Vendor: "D-Link", Model: "DCS 930L", Class: home.ClassCamera, Confidence: 0.7, By: "learned"},
			want: "exploited  0 unsure: It seems to be a product with a weakness that attackers are known to use, and that its maker no longer repairs." + replace},
		"a model whose version is not known": {who: id("D-Link", "D-Link DCS-2670L camera", ""),
			want: "exploited  0 unsure: Some versions of this product have a weakness that attackers are known to use." + replace},
		"a neighbour in the catalogue":             {who: id("D-Link", "D-Link DCS-931L", home.ClassCamera)},
		"another maker's model":                    {who: id("Foscam", "DCS-930L", home.ClassCamera)},
		"a model of the description":               {who: id("TP-LINK TECHNOLOGIES CO.,LTD.", "TP-Link TL-WR841N(EU)", home.ClassRouter), want: "exploited  0 unsure: Some versions of this product have a weakness that attackers are known to use." + replace},
		"a router that the description leaves out": {who: id("TP-Link", "TP-Link Archer C7", home.ClassRouter)},
		"a plug of a maker of routers":             {who: id("TP-Link", "TP-Link HS110", home.ClassPlug)},
		"a phone of a maker of routers":            {who: id("D-Link", "", home.ClassPhone)},
		"some of a maker's routers":                {who: id("D-Link", "D-Link DIR-9999", home.ClassRouter), want: "exploited  0 unsure: Some versions of this maker's routers have a weakness that attackers are known to use. [no-lan] [vendor-only]"},
		"some of a maker's cameras":                {who: id("Hangzhou Hikvision Digital Technology Co.,Ltd.", "", home.ClassCamera), want: "exploited  0 unsure: Some versions of this maker's cameras have a weakness that attackers are known to use. [no-lan] [vendor-only]"},
		"how fast is not which":                    {who: id("Tenda", "Tenda AC1900", "")},
		"Tenda":                                    {who: id("Shenzhen Tenda Technology", "Tenda AC15", home.ClassRouter), want: "exploited  0 unsure: Some versions of this product have a weakness that attackers are known to use." + replace},
		"a name without a number":                  {who: id("QNAP Systems, Inc.", "QNAP VioStor", ""), want: "exploited  0 unsure: Some versions of this product have a weakness that attackers are known to use." + replace},
		"phones update themselves":                 {who: id("Apple", "Apple iPhone 17", home.ClassPhone)},
		"what a device says of itself": {who: home.Identity{Vendor: "D-Link"}, seen: []*home.Observation{announces(t0, "model=DCS-2530L")},
			want: "exploited  0 unsure: Some versions of this product have a weakness that attackers are known to use." + replace},
		"a model at its end":         {who: id("Apple", "Apple iPhone 8", home.ClassPhone), want: "end-of-life  0 sure: It no longer gets security updates since April 2023. [no-lan]"},
		"a model with a longer name": {who: id("Apple", "Apple iPhone 8 Plus", home.ClassPhone)},
		"a model, the day unknown":   {who: id("Samsung Electronics", "Samsung Galaxy S8", home.ClassPhone), want: "end-of-life  0 sure: It no longer gets security updates. [no-lan]"},
		"the end of sale":            {who: id("Raspberry Pi", "Raspberry Pi 1", "")},
		"a system at its end": {who: id("MikroTik", "", ""), seen: []*home.Observation{announces(t0, "server=MikroTik RouterOS/6.49.10 UPnP/1.0")},
			want: "exploited  0 unsure: Some versions of this product have a weakness that attackers are known to use." + replace +
				"\nend-of-life  0 sure: It no longer gets security updates since April 2023." + replace},
		"a newer version since":   {seen: []*home.Observation{announces(t0.Add(-time.Hour), "server=RouterOS/6.49.10"), announces(t0, "server=RouterOS/7.24")}},
		"a version of two cycles": {seen: []*home.Observation{announces(t0, "server=RouterOS/6")}},
		"its end is to come":      {seen: []*home.Observation{announces(t0, "server=OpenWrt/30.01.2")}},
		"OpenWrt":                 {seen: []*home.Observation{announces(t0, "server=OpenWrt/19.07.3 UPnP/1.1")}, want: "end-of-life  0 sure: It no longer gets security updates since April 2022." + replace},
		"Android by DHCP":         {who: id("", "", home.ClassPhone), seen: []*home.Observation{lease("android-dhcp-9")}, want: "end-of-life  0 sure: It no longer gets security updates since January 2022. [no-lan]"},
		"Android by DHCP, newer":  {seen: []*home.Observation{lease("android-dhcp-16")}},
		"Android 19 is not 9":     {seen: []*home.Observation{lease("android-dhcp-19")}},
	} {
		b := New(Config{Facts: testFacts(t)})
		for _, o := range test.seen {
			b.Observe(o)
		}
		if got := told(b.List("camera", test.who, t0.Add(time.Second))); got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, test.want)
		}
	}
}

func TestMakerOf(t *testing.T) {
	for in, want := range map[string]string{
		"D-Link": "dlink", "D-Link Systems, Inc.": "dlink", "D-Link International": "dlink", "TP-LINK TECHNOLOGIES CO.,LTD.": "tplink", "Tp-Link": "tplink",
		"Hewlett Packard (HP)": "hp", "HP Inc.": "hp", "ASUSTek COMPUTER INC.": "asus", "QNAP Systems": "qnap", "Cisco Linksys": "linksys",
		"Samsung Electronics Co.,Ltd": "samsung", "LG Electronics": "lg", "LGC Biosearch": "lgcbiosearch", "Routerboard.com": "mikrotik", "": "",
		"Ring LLC": "ring", "Springboard": "springboard", "Google, Inc.": "google",
	} {
		if got, _ := makerOf(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestVersions(t *testing.T) {
	for _, test := range []struct{ text, name, want string }{
		{"openwrt/6.48.1", "openwrt", "6.48.1"}, {"openwrt v7.1beta6", "openwrt", "7.1"}, {"myopenwrt 6", "openwrt", ""}, {"cpu iphone os 14_4 like", "cpu iphone os", "14.4"},
		{"android 19c", "android", ""}, {"android-dhcp-13", "android", "13"}, {"androids 9 android 8", "android", "8"}, {"openwrt", "openwrt", ""}, {"tvos 1234567", "tvos", ""},
	} {
		if got := versionAfter(test.text, test.name); got != test.want {
			t.Errorf("%q: got %q, want %q", test.text, got, test.want)
		}
	}
	for _, test := range []struct {
		version, cycle string
		want           bool
	}{{"6.49.10", "6.49", true}, {"6.49.10", "6", true}, {"6.4", "6.49", false}, {"6", "6.49", false}, {"19.07.3", "19.07", true}, {"19.7", "19.07", true}, {"10", "1", false}} {
		if within(test.version, test.cycle) != test.want {
			t.Errorf("%+v", test)
		}
	}
}

func TestFactsTravel(t *testing.T) {
	f := testFacts(t)
	b, err := f.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	g, err := ParseFacts(b)
	if err != nil {
		t.Fatal(err)
	}
	again, err := g.MarshalBinary()
	if err != nil || !bytes.Equal(b, again) {
		t.Errorf("%v: it changed on its way", err)
	}
	if n, m := g.Len(); n == 0 || m == 0 {
		t.Errorf("%d flaws, %d ends", n, m)
	}
	for cut := range b {
		if _, err := ParseFacts(b[:cut]); err == nil {
			t.Fatalf("cut at %d was taken", cut)
		}
	}
	for name, bad := range map[string][]byte{"more": append(bytes.Clone(b), 0), "number": []byte("cxf1\xff\xff\xff\xff\xff\xff"), "padded": []byte("cxf1\x80\x00\x00"), "empty": {}} {
		if _, err := ParseFacts(bad); err == nil || !strings.HasPrefix(err.Error(), "exposure facts: ") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	var none *Facts
	if b, err := none.MarshalBinary(); err != nil || len(b) != 6 {
		t.Errorf("nil: %x, %v", b, err)
	}
}

// The order of the feeds' lines does not matter.
func TestCompileIgnoresOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.Custom(func(t *rapid.T) kev.Entry {
			return entry(rapid.SampledFrom([]string{"CVE-2020-0001", "CVE-2020-0002"}).Draw(t, "cve"), rapid.SampledFrom([]string{"D-Link", "NETGEAR", "D-Link and TRENDnet"}).Draw(t, "vendor"),
				rapid.SampledFrom([]string{"DIR-645 Router", "Multiple Routers", "DCS-930L", "R7000 and R6400"}).Draw(t, "product"), "", "")
		})
		list := rapid.SliceOfN(line, 0, 8).Draw(t, "entries")
		other := rapid.Permutation(list).Draw(t, "other order")
		a, _ := Compile(&kev.Catalog{Entries: list}, nil).MarshalBinary()
		b, _ := Compile(&kev.Catalog{Entries: other}, nil).MarshalBinary()
		if !bytes.Equal(a, b) {
			t.Fatalf("%x and %x", a, b)
		}
		if _, err := ParseFacts(a); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzParseFacts(f *testing.F) {
	b, err := testFacts(f).MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("cxf1\x00\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		facts, err := ParseFacts(in)
		if err != nil {
			return
		}
		again, err := facts.MarshalBinary()
		if err != nil || !bytes.Equal(in, again) {
			t.Fatalf("%x became %x, %v", in, again, err)
		}
		New(Config{Facts: facts}).List("x", aCam, t0)
	})
}

// The real feeds, asked for things that homes have.
func TestRealFeeds(t *testing.T) {
	dir := os.Getenv("CARDEA_DATA")
	if dir == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("CARDEA_DATA is not set: the real feeds are needed in CI")
		}
		t.Log("NOT RUN: CARDEA_DATA is not set, so the real feeds were not compiled")
		return
	}
	f := realFacts(t, dir)
	flaws, ends := f.Len()
	b, err := f.MarshalBinary()
	if err != nil || flaws < 60 || flaws > 250 || ends < 300 || len(b) > 64<<10 {
		t.Errorf("%d flaws, %d ends, %d bytes, %v", flaws, ends, len(b), err)
	}
	if _, err := ParseFacts(b); err != nil {
		t.Error(err)
	}
	t.Logf("%d flaws, %d ends, %d bytes", flaws, ends, len(b))
	now := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		vendor, model string
		class         home.DeviceClass
		want          string // references
	}{
		{"D-Link", "D-Link DCS-930L", home.ClassCamera, "CVE-2016-11021"},
		{"D-Link", "D-Link DCS-935L", home.ClassCamera, ""},
		{"D-Link", "D-Link DSP-W215", home.ClassPlug, ""},
		{"Edimax", "Edimax IC-3115W", home.ClassCamera, ""},
		{"Edimax", "Edimax IC-7100", home.ClassCamera, "CVE-2025-1316"},
		{"Reolink", "Reolink RLC-410W", home.ClassCamera, "CVE-2021-40407 CVE-2019-11001"},
		{"NETGEAR", "NETGEAR R7000", home.ClassRouter, "CVE-2016-1555"},
		{"Belkin", "Belkin WeMo Switch", home.ClassPlug, ""},
		{"Philips", "Philips Hue Bridge", home.ClassHub, ""},
		{"Samsung", "Samsung SmartThings Hub", home.ClassHub, ""},
		{"Apple", "Apple iPhone 8", home.ClassPhone, "iphone"},
		{"Apple", "Apple iPhone 17", home.ClassPhone, ""},
		{"Samsung", "Samsung Galaxy S8", home.ClassPhone, "samsung-mobile"},
		{"Google", "Google Pixel 2", home.ClassPhone, "pixel"},
		{"Google", "Google Chromecast", home.ClassTV, ""},
		{"Amazon", "Amazon Kindle Touch (4th Generation)", home.ClassTablet, "kindle"},
		{"Amazon", "Amazon Echo", home.ClassSpeaker, ""},
		{"Raspberry Pi", "Raspberry Pi 3B", home.ClassComputer, ""},
		{"Microsoft", "Microsoft Xbox One", home.ClassConsole, ""},
		{"Hewlett Packard", "HP Envy 4500", home.ClassPrinter, ""},
		{"Cisco", "", home.ClassPhone, ""},
	} {
		var refs []string
		for _, x := range New(Config{Facts: f}).List("x", home.Identity{Vendor: test.vendor, Model: test.model, Class: test.class, Confidence: 1, By: "owner"}, now) {
			refs = append(refs, x.Reference)
		}
		if got := strings.Join(refs, " "); got != test.want {
			t.Errorf("%s: got %q, want %q", test.model, got, test.want)
		}
	}
}

func realFacts(t testing.TB, dir string) *Facts {
	t.Helper()
	r, err := os.Open(filepath.Join(dir, "facts/kev/known_exploited_vulnerabilities.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c, err := kev.Read(r)
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "facts/endoflife/*.md"))
	var all []eol.Product
	for _, path := range files {
		r, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		ps, err := eol.Read(strings.TrimSuffix(filepath.Base(path), ".md"), r)
		r.Close()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, ps...)
	}
	return Compile(c, all)
}
