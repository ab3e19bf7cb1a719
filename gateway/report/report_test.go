package report

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"cardea/behavior/endpoint"
	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func contact(device home.DeviceID, name string, at time.Time) *home.Contact {
	return &home.Contact{
		Device: device, Endpoint: home.Endpoint{Name: name, Domain: "example.com", Port: 443, Proto: "tcp"}, Flows: 1, First: at, Last: at,
	}
}

func TestAUsedEndpointIsToldOnceAWeek(t *testing.T) {
	a := NewAnnounced()
	var told []string
	for day := range 23 {
		at := monday.AddDate(0, 0, day)
		if day > 13 && day < 20 {
			continue // not used in the third week
		}
		for hour := range 24 {
			if f := a.Used(contact("camera", "cam.example.com", at), at.Add(time.Duration(hour)*time.Hour)); f != nil {
				told = append(told, fmt.Sprintf("%d %v", f.GetWeek()-wire.Week(monday), f.GetRenewed()))
			}
		}
	}
	if got := strings.Join(told, ", "); got != "0 false, 1 true, 2 true, 3 true" {
		t.Errorf("told in weeks %s", got)
	}
	if f := a.Used(contact("camera", "cam.example.com", monday), monday); f != nil {
		t.Error("told again because the clock was set back")
	}
	if f := a.Used(contact("camera", "cam7.example.com", monday), monday); f == nil {
		t.Fatal("another endpoint is not told")
	}
	if f := a.Used(contact("camera", "cam8.example.com", monday), monday); f != nil {
		t.Error("two names that differ by a number only are told as two")
	}
}

// What was told while the clock ran years ahead is told again when it is right.
func TestAWrongClockSilencesNothing(t *testing.T) {
	a := NewAnnounced()
	wrong := monday.AddDate(40, 0, 0)
	for n := range maxEndpoints {
		a.Used(contact("camera", fmt.Sprintf("%c%c.example.com", 'a'+n%26, 'a'+n/26), wrong), wrong)
	}
	if f := a.Used(contact("camera", "new.example.com", monday), monday); f == nil {
		t.Error("there is no room")
	}
	if f := a.Used(contact("camera", "aa.example.com", monday), monday); f == nil || f.GetRenewed() || f.GetDays() != 0 {
		t.Errorf("%v", f)
	}
	a.Used(contact("camera", "aa.example.com", monday), monday.AddDate(0, 0, 1))
	if f := a.Used(contact("camera", "aa.example.com", monday), monday.AddDate(0, 0, 7)); f.GetDays() != 2 || f.GetActive() != 2 {
		t.Errorf("a week later: %v", f)
	}
}

func TestWhatIsNotUsedIsNotTold(t *testing.T) {
	for what, change := range map[string]func(*home.Contact){
		"a look-up alone": func(c *home.Contact) { c.Lookup = true }, "inside the home": func(c *home.Contact) { c.Local = true },
		"begun by the far end": func(c *home.Contact) { c.Inbound = true }, "no flow": func(c *home.Contact) { c.Flows = 0 },
		"folded": func(c *home.Contact) { c.Endpoint.Name = "" },
	} {
		c := contact("camera", "cam.example.com", monday)
		change(c)
		if NewAnnounced().Used(c, monday) != nil {
			t.Errorf("told: %s", what)
		}
	}
}

func TestTheTableIsBounded(t *testing.T) {
	a := NewAnnounced()
	use := func(i int, at time.Time) bool {
		c := contact("camera", "", at)
		c.Endpoint.IP = netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)})
		return a.Used(c, at) != nil
	}
	for i := range maxEndpoints {
		if !use(i, monday) {
			t.Fatalf("endpoint %d is not told", i)
		}
	}
	if use(maxEndpoints, monday) || a.Full() != 1 {
		t.Errorf("there was room for one more; counted %d", a.Full())
	}
	if later := monday.AddDate(0, 0, 7*stale); !use(maxEndpoints, later) {
		t.Error("what was not used for weeks makes no room")
	}
	for i := range maxDevices + 5 {
		a.Used(contact(home.DeviceID(fmt.Sprint("d", i)), "cam.example.com", monday), monday)
	}
	if len(a.devices) > maxDevices {
		t.Errorf("%d devices", len(a.devices))
	}
	a.Keep(func(id home.DeviceID) bool { return id == "d3" })
	if len(a.devices) != 1 {
		t.Error("forgotten devices stay")
	}
}

func TestTheTableComesBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a := NewAnnounced()
		for range rapid.IntRange(0, 40).Draw(rt, "n") {
			c := contact(home.DeviceID(rapid.SampledFrom([]string{"a", "b", strings.Repeat("c", 36)}).Draw(rt, "device")), "", monday)
			c.Endpoint.Name = rapid.StringMatching(`[a-f]{1,3}\.example\.com`).Draw(rt, "name")
			a.Used(c, monday.AddDate(0, 0, rapid.IntRange(0, 60).Draw(rt, "day")))
		}
		b, changed := a.Marshal()
		if !changed {
			return
		}
		if _, again := a.Marshal(); again {
			rt.Fatal("written again without a change")
		}
		back, err := ParseAnnounced(b)
		if err != nil || !reflect.DeepEqual(back.devices, a.devices) {
			rt.Fatalf("%v\n%v\n%v", err, back.devices, a.devices)
		}
		b[rapid.IntRange(0, len(b)-1).Draw(rt, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		if _, err := ParseAnnounced(b); err == nil {
			rt.Fatal("damage passes")
		}
	})
}

// How often an endpoint was used is told when it is told of again.
func TestItIsToldOnHowManyDays(t *testing.T) {
	a := NewAnnounced()
	first := a.Used(contact("camera", "cam.example.com", monday), monday)
	for _, day := range []int{0, 2, 2, 5} {
		a.Used(contact("camera", "cam.example.com", monday), monday.AddDate(0, 0, day))
	}
	a.Used(contact("camera", "other.example.com", monday), monday.AddDate(0, 0, 3))
	b, _ := a.Marshal()
	a, err := ParseAnnounced(b)
	if err != nil {
		t.Fatal(err)
	}
	a.Known = func(c *home.Contact, chain endpoint.Chain) bool {
		return chain.Keys[endpoint.Host] == c.Endpoint.Hash()
	}
	again := a.Used(contact("camera", "cam.example.com", monday), monday.AddDate(0, 0, 14))
	if first.GetDays() != 0 || first.GetName() != "" || first.GetDomain() != home.HashPort("example.com", 443, "tcp") || first.GetService() == 0 {
		t.Errorf("first %v", first)
	}
	if again.GetDays() != 3 || again.GetActive() != 4 || !again.GetRenewed() || again.GetName() != "cam.example.com:443/tcp" {
		t.Errorf("again %v", again)
	}
}

func TestTheFirstFormOfTheTableIsRead(t *testing.T) {
	b := append([]byte(announcedOld), home.CollapseScheme, 1, 'c')
	b = binary.LittleEndian.AppendUint32(b, 1)
	e := contact("c", "cam.example.com", monday).Endpoint
	b = binary.LittleEndian.AppendUint64(b, e.Hash())
	b = binary.LittleEndian.AppendUint32(b, wire.Week(monday))
	a, err := ParseAnnounced(binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli)))
	if err != nil {
		t.Fatal(err)
	}
	if a.Used(contact("c", "cam.example.com", monday), monday) != nil || a.Used(contact("c", "cam.example.com", monday), monday.AddDate(0, 0, 7)) == nil {
		t.Error("what was told is not remembered")
	}
}

func FuzzParseAnnounced(f *testing.F) {
	a := NewAnnounced()
	a.Used(contact("camera", "cam.example.com", monday), monday)
	b, _ := a.Marshal()
	f.Add(b)
	f.Add([]byte(announcedMagic + "\x01\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, _ := ParseAnnounced(b); a == nil {
			t.Fatal("no table")
		}
	})
}

// What is told of an hour is what the contacts say, however they are spread.
func TestHoursSumUpToTheContacts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var h Hours
		var up, down, unnamed, flows, blocked uint64
		for range rapid.IntRange(0, 300).Draw(rt, "contacts") {
			c := contact(home.DeviceID(fmt.Sprint("device", rapid.IntRange(0, 5).Draw(rt, "device"))), "", monday.Add(time.Duration(rapid.IntRange(0, 300).Draw(rt, "minute"))*time.Minute))
			if rapid.Bool().Draw(rt, "named") {
				c.Endpoint.Name = rapid.SampledFrom([]string{"a.example.com", "b.example.com", "c1.example.com", "c2.example.com"}).Draw(rt, "name")
			} else {
				c.Endpoint.IP = netip.AddrFrom4([4]byte{192, 0, 2, byte(rapid.IntRange(0, 9).Draw(rt, "ip"))})
			}
			c.Up, c.Down = uint64(rapid.IntRange(0, 1e6).Draw(rt, "up")), uint64(rapid.IntRange(0, 1e9).Draw(rt, "down"))
			c.Flows = uint64(rapid.IntRange(1, 9).Draw(rt, "flows"))
			c.Local, c.Inbound = rapid.Bool().Draw(rt, "local"), rapid.Bool().Draw(rt, "inbound")
			c.Action = rapid.SampledFrom([]home.Action{home.Allow, home.Block}).Draw(rt, "action")
			h.Add(c)
			if c.Local {
				continue
			}
			up, down, flows = up+c.Up, down+c.Down, flows+c.Flows
			if c.Endpoint.Name == "" {
				unnamed += c.Up + c.Down
			}
			if c.Action == home.Block {
				blocked += c.Flows
			}
		}
		for _, m := range h.Take() {
			for _, d := range m.GetHours() {
				if d.GetHour()%time.Hour.Milliseconds() != 0 {
					rt.Fatalf("an hour begins at %d", d.GetHour())
				}
				var ofUsage uint64
				for _, u := range d.GetUsage() {
					up, down, flows, blocked = up-u.GetUp(), down-u.GetDown(), flows-u.GetFlows(), blocked-uint64(u.GetBlocked())
					ofUsage += u.GetUp() + u.GetDown()
				}
				if ofUsage != d.GetUp()+d.GetDown() {
					rt.Fatalf("a device's sum is %d, its endpoints' %d", d.GetUp()+d.GetDown(), ofUsage)
				}
				unnamed -= d.GetUnnamed()
			}
		}
		if up|down|flows|unnamed|blocked != 0 {
			rt.Fatalf("missing: %d up, %d down, %d flows, %d unnamed, %d blocked", up, down, flows, unnamed, blocked)
		}
		if len(h.Take()) != 0 {
			rt.Fatal("told twice")
		}
	})
}

func TestNoItemIsTooLarge(t *testing.T) {
	var h Hours
	var s Stops
	var r Roll
	var first []*pb.FirstTime
	long := strings.Repeat("a", 60) + "." + strings.Repeat("b", 60) + ".example.com"
	hostile := func() *home.Card {
		return &home.Card{Model: strings.Repeat("<", 500), Blocks: []string{strings.Repeat("<", 500), long}, Breaks: strings.Repeat("b", 1000),
			Said: home.Words{Pattern: strings.Repeat("b", 400)}, Seen: make([]home.Seen, 100)}
	}
	var devices []*pb.Device
	for d := range 40 {
		id := home.DeviceID(fmt.Sprintf("%036d", d))
		dev := &home.Device{ID: id, Names: []string{strings.Repeat("\u202ename<b>", 500)}, Identity: home.Identity{Vendor: long}}
		for i := range 100 {
			dev.MACs = append(dev.MACs, home.MAC{2, 0, 0, 0, byte(d), byte(i)})
			dev.Addresses = append(dev.Addresses, netip.AddrFrom16([16]byte{0x20, 1, 15: byte(i)}))
		}
		rules := make([]string, 500)
		for i := range rules {
			rules[i] = fmt.Sprint(i, ".", long)
		}
		devices = append(devices, Device(dev, Held{Blocked: rules, Allowed: rules}))
		for i := range 1024 {
			c := contact(id, fmt.Sprintf("%s.%c%c.example.com", long[:60], 'a'+i%26, 'a'+i/26), monday)
			h.Add(c)
			first = append(first, &pb.FirstTime{Device: string(id), Endpoint: uint64(i), Week: 3})
			s.Add(id, c.Endpoint.Name, &home.Verdict{Reason: strings.Repeat("x", 5000), Listed: &home.Indicator{Class: home.ClassMalware, Source: long, Confidence: 100}}, monday, hostile)
		}
	}
	check := func(what string, list []proto.Message) {
		if len(list) == 0 {
			t.Errorf("%s: nothing", what)
		}
		for _, m := range list {
			if n := proto.Size(m); n > wire.MaxReport/2 {
				t.Errorf("%s: %d bytes", what, n)
			}
		}
	}
	check("hours", messages(h.Take()))
	stops := s.Take()
	check("stops", messages(stops))
	for _, m := range stops {
		if n := proto.Size(m); n > MaxItem {
			t.Errorf("stops: %d bytes", n)
		}
		for _, p := range m.GetStops() {
			if p.GetDevice() != "" && (len(p.GetCard()) == 0 || len(p.GetCard()) > wire.MaxCard) {
				t.Errorf("a card of %d bytes", len(p.GetCard()))
			}
		}
	}
	check("first times", messages(FirstTimes(first)))
	whole := r.Changes(devices, make([]string, 999), nil)
	check("devices", messages(whole))
	if !whole[0].GetWhole() || whole[1].GetWhole() {
		t.Error("the first message is the whole, and only the first")
	}
	if n := len(devices[0].GetName()); n > maxName || strings.Contains(devices[0].GetName(), "\u202e") {
		t.Errorf("a device's name of %d bytes", n)
	}
}

func messages[T proto.Message](list []T) (out []proto.Message) {
	for _, m := range list {
		out = append(out, m)
	}
	return out
}

func TestOnlyChangesOfDevicesAreTold(t *testing.T) {
	var r Roll
	camera := &pb.Device{Id: "camera", Mode: "off", Last: 1000}
	lamp := &pb.Device{Id: "lamp", Mode: "off", Last: 1000}
	ids := func(list []*pb.Devices) (out string) {
		for _, m := range list {
			out += fmt.Sprint(m.GetWhole())
			for _, d := range m.GetDevices() {
				out += " " + d.GetId() + " " + d.GetMode()
				if d.GetRemoved() {
					out += "removed"
				}
			}
		}
		return out
	}
	held := proto.CloneOf(camera)
	held.Mode = "quarantine"
	seen := proto.CloneOf(lamp)
	seen.Last += lastSeen
	for i, c := range []struct {
		now     []*pb.Device
		blocked []string
		want    string
	}{
		{[]*pb.Device{camera, lamp}, nil, "true camera off lamp off"},
		{[]*pb.Device{camera, lamp}, nil, ""},
		{[]*pb.Device{held, lamp}, nil, "false camera quarantine"},
		{[]*pb.Device{held, seen}, nil, "false lamp off"},
		{[]*pb.Device{held, seen}, []string{"ads.example"}, "false"},
		{[]*pb.Device{seen}, []string{"ads.example"}, "false camera removed"},
		{[]*pb.Device{seen}, []string{"ads.example"}, ""},
	} {
		if got := ids(r.Changes(c.now, c.blocked, nil)); got != c.want {
			t.Errorf("%d: %q, want %q", i, got, c.want)
		}
	}
}

func TestTrackersAreCountedOnly(t *testing.T) {
	var s Stops
	listed := func(class home.Class) *home.Verdict {
		return &home.Verdict{Action: home.Block, Reason: "why", Listed: &home.Indicator{Class: class, Source: "list"}}
	}
	s.Add("tv", "ads.example.com", listed(home.ClassTracking), monday, nil)
	s.Add("tv", "ads.example.com", listed(home.ClassTracking), monday, nil)
	s.Add("tv", "read.example.com", listed(home.ClassAdult), monday, nil)
	s.Add("tv", "bad.example.com", listed(home.ClassMalware), monday, nil)
	s.Add("tv", "bad.example.com", listed(home.ClassMalware), monday.Add(time.Minute), nil)
	s.Add("tv", "shop.example.com", &home.Verdict{Action: home.Block}, monday, nil)
	list := s.Take()
	if len(list) != 1 || list[0].GetTrackers() != 3 || len(list[0].GetStops()) != 2 {
		t.Fatalf("%v", list)
	}
	if a := list[0].GetStops()[0]; a.GetEndpoint() != "bad.example.com" || a.GetCount() != 2 || a.GetLast()-a.GetFirst() != 60_000 {
		t.Errorf("%v", a)
	}
	if b := list[0].GetStops()[1]; b.GetClass() != OwnerClass {
		t.Errorf("%v", b)
	}
	if s.Waiting() || s.Take() != nil {
		t.Error("told twice")
	}
}

// The evidence is asked for once for what is told, and never for what is only counted; of a list it is told how sure it is.
func TestEvidenceOfWhatWasStopped(t *testing.T) {
	var s Stops
	asked := 0
	card := func() *home.Card {
		asked++
		return &home.Card{Model: "Example Cam", Of: 40, Blocks: []string{"bad.example.com"}, Breaks: "Nothing that this model usually does."}
	}
	listed := home.Verdict{Action: home.Block, Reason: "why", Listed: &home.Indicator{Class: home.ClassMalware, Source: "list", Confidence: 90}}
	tracks := home.Verdict{Action: home.Block, Listed: &home.Indicator{Class: home.ClassTracking, Source: "list"}}
	s.Add("tv", "ads.example.com", &tracks, monday, card)
	if asked != 0 {
		t.Error("asked for what is counted only")
	}
	s.Add("tv", "bad.example.com", &listed, monday, card)
	if n := testing.AllocsPerRun(100, func() { s.Add("tv", "bad.example.com", &listed, monday, card) }); n != 0 {
		t.Errorf("another refusal allocates %v times", n)
	}
	s.Add("tv", "shop.example.com", &home.Verdict{Action: home.Block}, monday, card)
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	list := s.Take()[0].GetStops()
	var got home.Card
	if err := json.Unmarshal(list[0].GetCard(), &got); err != nil || got.Model != "Example Cam" || len(got.Blocks) != 1 || got.Breaks == "" || list[0].GetConfidence() != 90 {
		t.Errorf("%+v %v, %d", got, err, list[0].GetConfidence())
	}
	if own := list[1]; own.GetClass() != OwnerClass || own.GetConfidence() != 0 || len(own.GetCard()) == 0 {
		t.Errorf("an owner's rule: %v", own)
	}
	s.Add("tv", "bad.example.com", &listed, monday, card)
	s.Lifted("tv", "bad.example.com", listed.Listed, monday)
	if p := s.Take()[0].GetStops()[0]; asked != 3 || p.GetCard() != nil || p.GetConfidence() != 90 {
		t.Errorf("after the next report: asked %d times, %v", asked, p)
	}
}

func FuzzText(f *testing.F) {
	f.Add("\u202eevil\x1b[31m\xff", 10)
	f.Fuzz(func(t *testing.T, s string, n int) {
		n = min(max(n, 0), 300)
		got := Text(s, n)
		if len(got) > n || !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\x1b\n\u202e") {
			t.Errorf("Text(%q, %d) = %q", s, n, got)
		}
	})
}
