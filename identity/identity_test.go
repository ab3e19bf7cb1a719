package identity

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cardea/home"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// thing plays a device: what it shows is told to a book by made-up observations.
type thing struct{ home.Device }

func newThing(mac string) *thing {
	m, err := home.ParseMAC(mac)
	if err != nil {
		panic(err)
	}
	return &thing{home.Device{ID: home.DeviceIDOf(mac), MAC: m, MACs: []home.MAC{m}, Maker: "Acme"}}
}

func (d *thing) lease(at time.Duration, host, vendor string) *home.Observation {
	return &home.Observation{Device: &d.Device, Direction: home.Local, Event: &home.Event{Kind: home.EventLease, Time: t0.Add(at), Source: d.MAC, Lease: &home.Lease{
		Op: 1, Client: d.MAC, Hostname: host, Vendor: vendor, Params: []byte{1, 3, 6}, MaxSize: 576, Options: []byte{53, 61, 55}, ClientID: append([]byte{1}, d.MAC[:]...),
	}}}
}

func (d *thing) lookup(at time.Duration, name, domain string) *home.Observation {
	return &home.Observation{Device: &d.Device, Direction: home.Outbound, Far: home.Endpoint{Name: name, Domain: domain}, Event: &home.Event{
		Kind: home.EventLookup, Time: t0.Add(at), Source: d.MAC, Lookup: &home.Lookup{Question: name, Type: 1},
	}}
}

func (d *thing) announce(at time.Duration, a home.Announce) *home.Observation {
	return &home.Observation{Device: &d.Device, Direction: home.Local, Event: &home.Event{Kind: home.EventAnnounce, Time: t0.Add(at), Source: d.MAC, Announce: &a}}
}

func (d *thing) flow(at time.Duration, dst string) *home.Observation {
	return &home.Observation{Device: &d.Device, Direction: home.Outbound, Event: &home.Event{Kind: home.EventFlow, Time: t0.Add(at), Source: d.MAC, Flow: &home.Flow{
		State: home.FlowNew, Proto: home.ProtoTCP, Src: netip.MustParseAddrPort("10.0.0.9:40000"), Dst: netip.MustParseAddrPort(dst),
		SYN: &home.SYN{Hops: 64, Window: 5840, MSS: 1460, Scale: 2, Options: "MSTNW"},
	}}}
}

// plug and camera are two models as their units show themselves.
func plug(mac string, n int) []*home.Observation {
	d := newThing(mac)
	return []*home.Observation{
		d.lease(0, "smartplug", "udhcp 1.2.3"), d.lookup(time.Second, "api.plug.example", "plug.example"),
		d.lookup(2*time.Second, "time.plug.example", "plug.example"), d.flow(3*time.Second, "192.0.2.1:8883"),
		d.announce(4*time.Second, home.Announce{Protocol: "mdns", Services: []string{"_plug._tcp"}, Names: []string{"plug-" + mac[12:14] + mac[15:]}, Details: []string{"md=Plug One"}}),
		d.lookup(time.Duration(5+n)*time.Second, fmt.Sprintf("h%d.cdn.example", n), "cdn.example"),
	}
}

func camera(mac string, n int) []*home.Observation {
	d := newThing(mac)
	d.Maker = "Lenswork"
	return []*home.Observation{
		d.lease(0, "ipcam", "dhcpcd-5.5"), d.lookup(time.Second, "relay.cam.example", "cam.example"),
		d.lookup(2*time.Second, "stun.cam.example", "cam.example"), d.flow(3*time.Second, "192.0.2.2:443"),
		d.announce(4*time.Second, home.Announce{Protocol: "mdns", Services: []string{"_rtsp._tcp"}, Names: []string{"cam"}, Details: []string{"md=Cam Two"}}),
		d.lookup(time.Duration(5+n)*time.Second, fmt.Sprintf("h%d.cdn.example", n), "cdn.example"),
	}
}

func sessionOf(list []*home.Observation) Session {
	b := NewBook(Config{})
	for _, o := range list {
		b.Observe(o)
	}
	return b.Session(list[0].Device.ID)
}

var (
	plugLabel   = Label{"Acme Plug One", "Acme", home.ClassPlug}
	cameraLabel = Label{"Lenswork Cam Two", "Lenswork", home.ClassCamera}
)

func learnTwo() *Model {
	var units []Unit
	for i := range 4 {
		p, c := Unit{Home: fmt.Sprint(i), Label: plugLabel}, Unit{Home: fmt.Sprint(i), Label: cameraLabel}
		for k := range 3 {
			p.Sessions = append(p.Sessions, sessionOf(plug(fmt.Sprintf("00:11:22:33:4%d:5%d", i, k), k)))
			c.Sessions = append(c.Sessions, sessionOf(camera(fmt.Sprintf("00:66:77:33:4%d:5%d", i, k), k)))
		}
		units = append(units, p, c)
	}
	return Learn(units, LearnOptions{})
}

func TestOtherUnitsAreKnown(t *testing.T) {
	m := learnTwo()
	for _, c := range []struct {
		list []*home.Observation
		want string
	}{{plug("00:11:22:99:aa:bb", 9), plugLabel.Model}, {camera("00:66:77:99:aa:bb", 9), cameraLabel.Model}} {
		b := NewBook(Config{})
		b.Set(m)
		for _, o := range c.list {
			b.Observe(o)
		}
		who := b.Identity(c.list[0].Device.ID)
		if who.Model != c.want || who.By != byLearned || who.Confidence < .8 || len(who.Evidence) == 0 {
			t.Errorf("%+v, want %s", who, c.want)
		}
		if got := b.Changed(); len(got) != 1 || len(b.Changed()) != 0 {
			t.Errorf("changed %v, then again", got)
		}
	}
}

func TestAStrangerIsUnknown(t *testing.T) {
	d := newThing("00:aa:bb:01:02:03")
	d.Maker = "Nobody"
	b := NewBook(Config{})
	b.Set(learnTwo())
	for _, o := range []*home.Observation{d.lease(0, "fridge", "udhcp 1.2.3"), d.lookup(time.Second, "fridge.example", "fridge.example"), d.flow(2*time.Second, "192.0.2.1:8883")} {
		b.Observe(o)
	}
	if who := b.Identity(d.ID); who.Model != "" || who.Vendor != "Nobody" {
		t.Errorf("%+v, want an unknown model of the address range's maker", who)
	}
}

// A camera with a plug's names and DHCP habits is not taken for one, and found.
func TestACopyIsFound(t *testing.T) {
	own, other := camera("00:66:77:99:aa:bb", 1), plug("00:66:77:99:aa:bb", 1)
	b := NewBook(Config{})
	b.Set(learnTwo())
	for i, o := range own {
		if o.Kind == home.EventLease || o.Kind == home.EventAnnounce {
			o.Lease, o.Announce = other[i].Lease, other[i].Announce
		}
		b.Observe(o)
	}
	id := own[0].Device.ID
	if who := b.Identity(id); who.Model == plugLabel.Model {
		t.Errorf("taken for what it copies: %+v", who)
	}
	b.Identity(id)
	found := b.Findings()
	if len(found) != 1 || found[0].Detector != home.DetectIdentity || found[0].Strength != home.Soft || found[0].Device != id || found[0].Time.Sub(t0).Abs() > time.Minute {
		t.Errorf("%+v, want one soft finding of its identity, at its time", found)
	}
}

func TestTheOwnersWordCountsAtOnce(t *testing.T) {
	list := plug("00:11:22:99:aa:bb", 1)
	id := list[0].Device.ID
	b := NewBook(Config{})
	b.Set(learnTwo())
	for _, o := range list {
		b.Observe(o)
	}
	b.Correct(id, Correction{Model: "Pulse", Vendor: "Heartbeat", Class: home.ClassMedical})
	if who := b.Identity(id); who.Model != "Pulse" || who.Class != home.ClassMedical || who.By != byOwner || who.Confidence != 1 {
		t.Errorf("%+v", who)
	}
	if c := b.Strictest(id, t0); c != home.ClassMedical {
		t.Errorf("judged as %q", c)
	}
	b.Correct(id, Correction{})
	if who := b.Identity(id); who.Model != plugLabel.Model {
		t.Errorf("taken back, but %+v", who)
	}
}

// What only people may say is not learned from how a device behaves.
func TestMedicalIsNotLearned(t *testing.T) {
	u := Unit{Home: "a", Label: Label{"Pump", "Acme", home.ClassMedical}, Sessions: []Session{sessionOf(plug("00:11:22:33:44:55", 1))}}
	b := NewBook(Config{})
	b.Set(Learn([]Unit{u}, LearnOptions{}))
	list := plug("00:11:22:99:aa:bb", 1)
	for _, o := range list {
		b.Observe(o)
	}
	if who := b.Identity(list[0].Device.ID); who.Model != "Pump" || who.Class != "" {
		t.Errorf("%+v", who)
	}
}

func TestTheStrictestOfThirtyDaysCounts(t *testing.T) {
	b := NewBook(Config{})
	d := b.at("x")
	d.classes = []classDay{{home.ClassCamera, dayOf(t0)}, {home.ClassPhone, dayOf(t0) + 5}}
	for _, c := range []struct {
		days int
		want home.DeviceClass
	}{{6, home.ClassCamera}, {29, home.ClassCamera}, {31, home.ClassPhone}, {40, ""}} {
		if got := b.Strictest("x", t0.AddDate(0, 0, c.days)); got != c.want {
			t.Errorf("after %d days judged as %q, want %q", c.days, got, c.want)
		}
	}
}

// The order of sightings does not matter, however many there are.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 250).Draw(t, "sightings")
		list := make([]seen, n)
		for i := range list {
			list[i] = seen{rapid.Uint64Range(0, 400).Draw(t, "hash"), rapid.Uint32().Draw(t, "at") % 100000, uint16(rapid.IntRange(100, 130).Draw(t, "day")), Clue(rapid.IntRange(1, clueEnd-1).Draw(t, "clue"))}
		}
		var a, b evidence
		for _, s := range list {
			a.add(s)
		}
		for _, i := range rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)).Perm(n) {
			b.add(list[i])
		}
		equal(t, &a, &b)
		if len(a.tokens) > maxTokens {
			t.Fatalf("%d tokens kept", len(a.tokens))
		}
	})
}

// What was kept is the same however it was split over devices that turn out to be one.
func TestMergingIsAssociative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var parts [3]evidence
		for range rapid.IntRange(0, 200).Draw(t, "sightings") {
			s := seen{rapid.Uint64Range(0, 400).Draw(t, "hash"), rapid.Uint32().Draw(t, "at") % 100000, 100, Clue(rapid.IntRange(1, clueEnd-1).Draw(t, "clue"))}
			parts[rapid.IntRange(0, 2).Draw(t, "part")].add(s)
		}
		join := func(order ...int) *evidence {
			var e evidence
			for _, i := range order {
				e.merge(&parts[i])
			}
			return &e
		}
		left := join(0, 1)
		left.merge(&parts[2])
		right := join(1, 2)
		whole := join(0)
		whole.merge(right)
		equal(t, left, whole)
		equal(t, left, join(2, 0, 1))
	})
}

func equal(t *rapid.T, a, b *evidence) {
	if a.any != b.any || a.first != b.first || a.last != b.last || len(a.tokens) != len(b.tokens) {
		t.Fatalf("%d tokens %v, %d tokens %v", len(a.tokens), a.any, len(b.tokens), b.any)
	}
	for i := range a.tokens {
		x, y := a.tokens[i], b.tokens[i]
		if x.hash != y.hash || x.clue != y.clue {
			t.Fatalf("token %d: %v and %v", i, x, y)
		}
	}
}

// randomUnits draws units of some models with some tokens.
func randomUnits(t *rapid.T, from uint64) []Unit {
	var out []Unit
	for range rapid.IntRange(1, 12).Draw(t, "units") {
		u := Unit{Label: Label{Model: fmt.Sprint("m", rapid.IntRange(0, 4).Draw(t, "model")), Vendor: "v", Class: home.ClassPlug}}
		for range rapid.IntRange(1, 3).Draw(t, "sessions") {
			var s Session
			for range rapid.IntRange(1, 10).Draw(t, "tokens") {
				h := from + rapid.Uint64Range(0, 30).Draw(t, "hash")
				s.Tokens = append(s.Tokens, Shown{Token{h, Clue(1 + h%30)}, uint8(rapid.IntRange(0, ages-1).Draw(t, "age"))})
			}
			slices.SortFunc(s.Tokens, func(a, b Shown) int { return compareHashes(a.Hash, b.Hash) })
			s.Tokens = slices.CompactFunc(s.Tokens, func(a, b Shown) bool { return a.Hash == b.Hash })
			u.Sessions = append(u.Sessions, s)
		}
		out = append(out, u)
	}
	return out
}

// Counts of disjoint homes merge by addition, in any order.
func TestCountsMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		units := randomUnits(t, 0)
		all, a, b := NewCounts(), NewCounts(), NewCounts()
		for i, u := range units {
			all.Add(u)
			if i%2 == 0 {
				a.Add(u)
			} else {
				b.Add(u)
			}
		}
		ab, ba := NewCounts(), NewCounts()
		ab.Merge(a)
		ab.Merge(b)
		ba.Merge(b)
		ba.Merge(a)
		want := bundle(t, all)
		if !bytes.Equal(bundle(t, ab), want) || !bytes.Equal(bundle(t, ba), want) {
			t.Fatal("merged counts are not the sum")
		}
	})
}

func bundle(t *rapid.T, c *Counts) []byte {
	b, err := c.Model(nil).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// More evidence for a model never lowers its rank: a token that the model shows more often than any other does.
func TestMoreEvidenceNeverLowersTheRank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := NewCounts()
		for _, u := range randomUnits(t, 0) {
			c.Add(u)
		}
		m := c.Model(nil)
		s := Session{Age: uint8(rapid.IntRange(0, ages-1).Draw(t, "age"))}
		for range rapid.IntRange(1, 8).Draw(t, "shown") {
			h := rapid.Uint64Range(0, 35).Draw(t, "hash")
			if !slices.ContainsFunc(s.Tokens, func(x Shown) bool { return x.Hash == h }) {
				s.Tokens = append(s.Tokens, Shown{Token: Token{h, Clue(1 + h%30)}})
			}
		}
		h := rapid.Uint64Range(0, 30).Draw(t, "more")
		l := m.tokens[h]
		if l == nil || slices.ContainsFunc(s.Tokens, func(x Shown) bool { return x.Hash == h }) {
			return
		}
		for i := range m.leaves { // a model for which it is evidence: at every age none shows it more
			if !shownMost(m, i, h, s.Age) {
				continue
			}
			before := rank(m.scores(s), i)
			more := s
			more.Tokens = append(slices.Clone(s.Tokens), Shown{Token: Token{h, Clue(1 + h%30)}})
			if after := rank(m.scores(more), i); after > before {
				t.Fatalf("rank %d became %d", before, after)
			}
		}
	})
}

func shownMost(m *Model, i int, h uint64, age uint8) bool {
	at := func(k int) (float64, float64) {
		f := &m.leaves[k]
		var s sums
		s.at = make([]float32, len(m.units))
		s.set(m.tokens[h])
		p, _ := m.share(f, &s)
		by := 0.
		for _, t := range f.tokens {
			if t.hash == h {
				n := m.units[f.places[levelModel]]
				by = min(.98, float64(t.by[age])*n/(n+kappa))
			}
		}
		return p, by
	}
	p, by := at(i)
	for k := range m.leaves {
		if q, b := at(k); q > p || b > by {
			return false
		}
	}
	return true
}

func rank(scores []float64, i int) int {
	n := 0
	for _, v := range scores {
		if v > scores[i]+1e-9 {
			n++
		}
	}
	return n
}

func TestBundleKeepsWhatItSays(t *testing.T) {
	m := learnTwo()
	b, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	n, err := ParseModel(b)
	if err != nil {
		t.Fatal(err)
	}
	s := sessionOf(plug("00:11:22:99:aa:bb", 2))
	x, y := m.Judge(s), n.Judge(s)
	if x.Accepted != y.Accepted || x.Candidates[0] != y.Candidates[0] || x.Fit != y.Fit || x.Margin != y.Margin {
		t.Errorf("%+v became %+v", x, y)
	}
	again, err := n.MarshalBinary()
	if err != nil || !bytes.Equal(b, again) {
		t.Errorf("not the same bytes again: %v", err)
	}
}

func TestParseModelRefuses(t *testing.T) {
	good, err := learnTwo().MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(good) {
		if _, err := ParseModel(good[:i]); err == nil {
			t.Fatalf("cut off at byte %d, and read", i)
		}
	}
	if _, err := ParseModel(append(slices.Clone(good), 0)); err == nil {
		t.Error("more behind the end, and read")
	}
	bad := slices.Clone(good)
	bad[4] = 9
	if _, err := ParseModel(bad); err == nil {
		t.Error("another version, and read")
	}
}

func FuzzParseModel(f *testing.F) {
	good, err := learnTwo().MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:60])
	f.Add([]byte(bundleMagic))
	s := sessionOf(plug("00:11:22:99:aa:bb", 2))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseModel(b)
		if err != nil {
			return
		}
		m.Judge(s)
		again, err := m.MarshalBinary()
		if err != nil || !bytes.Equal(b, again) {
			t.Fatalf("read, but written otherwise: %v", err)
		}
	})
}

func FuzzCollapse(f *testing.F) {
	f.Add("dchE143.local", uint8(ClueAlias))
	f.Add("md=BSB001 uuid:12345678-1234-1234-1234-123456789abc", uint8(ClueModelText))
	macs := []home.MAC{{0x90, 0x8d, 0x78, 0xa8, 0xe1, 0x43}}
	f.Fuzz(func(t *testing.T, s string, c uint8) {
		clue := Clue(c % clueEnd)
		out := collapse(nil, s, clue, macs)
		if len(out) > maxValue {
			t.Fatalf("%d bytes of %d", len(out), len(s))
		}
		if !clue.info().fixed && bytes.Contains(out, []byte("a8e143")) {
			t.Fatalf("%q still tells its unit: %q", s, out)
		}
	})
}

func TestCollapse(t *testing.T) {
	macs := []home.MAC{{0x90, 0x8d, 0x78, 0xa8, 0xe1, 0x43}}
	for _, c := range []struct {
		clue       Clue
		value, out string
	}{
		{ClueHostName, "dchE143", "dch#"},
		{ClueHostName, "GainSpanca9152", "gainspan#"},
		{ClueHostName, "ESP_07AEFB", "esp_#"},
		{ClueHostName, "KEQ0817541", "keq#"},
		{ClueHostName, "HS100(EU)", "hs100(eu)"},
		{ClueAlias, "[90:8d:78:a8:e1:43]", "[#]"},
		{ClueAlias, "Philips hue - 2476FF", "philips hue - #"},
		{ClueModelText, "md=BSB001", "md=bsb001"},
		{ClueModelText, "model=SP1101W", "model=sp1101w"},
		{ClueModelText, "model=12345678", "model=#"},
		{ClueModelText, "serial 2016", "serial #"},
		{ClueModelText, "model=SP-1101W", "model=sp-1101w"},
		{ClueDHCPVendor, "udhcp 1.22.1", "udhcp 1.22.1"},
		{ClueDHCPClient, "udhcp 1.22.1", "udhcp #"},
		{ClueSSDPServer, "Linux/3.14.0 UPnP/1.0 IpBridge/1.9.0", "linux/# upnp/# ipbridge/#"},
		{ClueSSDPType, "uuid:12345678-1234-1234-1234-123456789abc", "uuid:#"},
		{ClueDHCPParams, "1,3,28,6", "1,3,28,6"},
		{ClueJA4, "t13d1516h2_8daaf6152771_b186095e22b6", "t13d1516h2_8daaf6152771_b186095e22b6"},
	} {
		if got := string(collapse(nil, c.value, c.clue, macs)); got != c.out {
			t.Errorf("%s %q became %q, want %q", c.clue, c.value, got, c.out)
		}
	}
}

func TestSnapshotAndRestore(t *testing.T) {
	list := plug("00:11:22:99:aa:bb", 1)
	b := NewBook(Config{})
	b.Set(learnTwo())
	for _, o := range list {
		b.Observe(o)
	}
	id := list[0].Device.ID
	want := b.Identity(id)
	c := NewBook(Config{})
	c.Set(learnTwo())
	c.Restore(b.Snapshot())
	if got := c.Identity(id); got.Model != want.Model || got.Confidence != want.Confidence || c.Strictest(id, t0) != home.ClassPlug {
		t.Errorf("%+v became %+v", want, got)
	}
}

func TestABookIsBounded(t *testing.T) {
	b := NewBook(Config{Devices: 8})
	for i := range 100 {
		d := newThing(fmt.Sprintf("00:11:22:33:44:%02x", i))
		for k := range 300 {
			b.Observe(d.lookup(time.Duration(i)*time.Minute, fmt.Sprintf("n%c%c.example", 'a'+k%26, 'a'+k/26), "example"))
		}
	}
	if len(b.devices) != 8 {
		t.Errorf("%d devices kept", len(b.devices))
	}
	for id, d := range b.devices {
		if len(d.ev.tokens) > maxTokens || len(b.Evidence(id)) > maxTokens {
			t.Errorf("%d tokens kept", len(d.ev.tokens))
		}
	}
	if len(b.Changed()) != 8 {
		t.Error("forgotten devices are told as changed")
	}
}

func TestMergeAndSplit(t *testing.T) {
	one, two := plug("00:11:22:99:aa:bb", 1), plug("00:11:22:99:aa:cc", 1)
	b := NewBook(Config{})
	b.Set(learnTwo())
	for _, o := range one[:2] {
		b.Observe(o)
	}
	for _, o := range two[2:] {
		b.Observe(o)
	}
	into, from := one[0].Device.ID, two[0].Device.ID
	b.Merge(into, from)
	if who := b.Identity(into); who.Model != plugLabel.Model {
		t.Errorf("together they are %+v", who)
	}
	if who := b.Identity(from); who.Model != "" {
		t.Errorf("and what was merged is %+v", who)
	}
	b.Split(into, from)
	if who := b.Identity(into); who.Model != "" {
		t.Errorf("split, but %+v", who)
	}
}

// TestManyClassesShedNoStrictness: who pretends to be one thing after another is still judged as the strictest of them.
func TestManyClassesShedNoStrictness(t *testing.T) {
	b := NewBook(Config{})
	d := b.at("x")
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	d.ev.add(seen{hash: 1, at: ticks(now), day: dayOf(now), clue: ClueName})
	for _, c := range []home.DeviceClass{home.ClassCamera, home.ClassPhone, home.ClassTablet, home.ClassComputer, home.ClassWatch, home.ClassConsole, home.ClassTV, home.ClassNAS, home.ClassRouter} {
		b.remember(d, home.Identity{Class: c})
	}
	if got := b.Strictest("x", now); got != home.ClassCamera || len(d.classes) > maxClasses {
		t.Errorf("judged as %q of %d classes", got, len(d.classes))
	}
}
