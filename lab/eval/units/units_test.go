package units_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/home"
	"cardea/internal/realdata"
	"cardea/lab/eval/units"
	"cardea/wire"
)

const logTop = "#separator \\x09\n#unset_field\t-\n#path\tconn\n#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tduration\tconn_state\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\tlabel\n"

// begin is a Monday.
var begin = time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)

// flow writes a line of a log.
func flow(at time.Duration, src string, sport int, dst string, dport int, state string, up int, label string) string {
	return fmt.Sprintf("%d.%03d\t%s\t%d\t%s\t%d\ttcp\t1.0\t%s\t%d\t%d\t%d\t%d\t%s\n", begin.Add(at).Unix(), at.Milliseconds()%1000, src, sport, dst, dport, state,
		up, up*100, map[bool]int{true: up}[state == "SF"], 0, label)
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// read reads units that must be sound.
func read(t *testing.T, o units.Options, paths ...string) []*units.Unit {
	t.Helper()
	list, problems, err := units.Read(t.Context(), paths, o)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return list
}

// told lists all that a unit's home is seen to do.
func told(t testing.TB, u *units.Unit) (list []string) {
	t.Helper()
	err := u.Play(t.Context(), func(o *home.Observation) {
		s := fmt.Sprint(o.Time.UnixMilli(), o.Kind, o.Frame, o.Source, o.Dest)
		if o.Device != nil {
			s += fmt.Sprint(" ", o.Device.ID, o.Device.Model, o.Proven)
		}
		if o.Flow != nil {
			s += fmt.Sprint(" ", o.Flow.State, o.Flow.Src, o.Flow.Dst, o.Flow.UpPackets, o.Direction)
		}
		list = append(list, s)
	}, func(c *home.Contact) {
		list = append(list, fmt.Sprintf("contact %s %s %d %d %v", c.Device, c.Endpoint.IP, c.Flows, c.Up, c.Local))
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

const day = 24 * time.Hour

// Captures of one home are one unit, whatever the order in which they are named: logs that their folder says are of one, and excerpts
// of each other. What is no capture is passed over in a folder and told when it is named itself.
func TestRead(t *testing.T) {
	dir := t.TempDir()
	a := write(t, dir, "x/a.log", logTop+flow(0, "192.168.1.5", 4000, "203.0.113.7", 443, "SF", 3, "-"))
	b := write(t, dir, "x/b.log", logTop+flow(day, "192.168.1.5", 4000, "203.0.113.7", 443, "SF", 3, "-")+flow(day, "192.168.1.6", 4000, "203.0.113.7", 443, "SF", 3, "-"))
	c := write(t, dir, "y/a.log", logTop+flow(0, "192.168.1.9", 4000, "203.0.113.7", 443, "SF", 3, "-")+flow(0, "192.168.1.9", 4001, "192.168.1.1", 53, "SF", 3, "-"))
	write(t, dir, "x/_one-home.txt", "")
	d := write(t, dir, "y/d.log", logTop+flow(2*day, "192.168.1.6", 4000, "203.0.113.7", 443, "SF", 3, "-")+flow(day, "192.168.1.6", 4000, "203.0.113.7", 443, "SF", 3, "-")+flow(0, "192.168.1.6", 4001, "192.168.1.1", 53, "SF", 3, "-"))
	e := write(t, dir, "z/x/a.log", logTop+flow(0, "192.168.1.77", 4000, "203.0.113.7", 443, "SF", 3, "-"))
	write(t, dir, "x/README.md", "# not a capture\n")
	write(t, dir, "x/dns.log", "#separator \\x09\n#path\tdns\n#fields\tts\n")
	one := read(t, units.Options{}, dir)
	two := read(t, units.Options{}, e, d, filepath.Join(dir, "y"), c, b, a)
	if !reflect.DeepEqual(one, two) || len(one) != 3 {
		t.Fatalf("%d and %d units", len(one), len(two))
	}
	u := one[0]
	if u.Name != "x/a.log" || !slices.Equal(u.Files, []string{a, d, b}) || one[1].Name != "x/a.log (2)" || one[2].Name != "y/a.log" {
		t.Errorf("%s of %v; %s; %s", u.Name, u.Files, one[1].Name, one[2].Name)
	}
	if len(u.Devices) != 2 || len(u.Gateway) == 0 || u.DeviceDays() != 5 || !u.First.Equal(begin) {
		t.Errorf("%+v, %d days, from %v", u.Devices, u.DeviceDays(), u.First)
	}
	if each := read(t, units.Options{Each: true}, dir); len(each) != 5 {
		t.Errorf("%d units when each is one", len(each))
	}
	bad := write(t, dir, "w/bad.pcap", "\xd4\xc3\xb2\xa1 and then nothing")
	none := write(t, dir, "w/none.txt", "hello")
	list, problems, err := units.Read(t.Context(), []string{bad, none, a, filepath.Join(dir, "missing")}, units.Options{})
	if err != nil || len(list) != 1 || len(problems) != 3 {
		t.Errorf("%d units, %v, %v", len(list), problems, err)
	}
}

// raw is a capture of UDP packets without Ethernet addresses (LINKTYPE_RAW), a minute apart.
func raw(at time.Duration, src, dst string, ports ...uint16) string {
	b := []byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0}
	for i, port := range ports {
		for _, v := range []uint32{uint32(begin.Add(at).Unix()) + uint32(i)*60, 5, 32, 32} {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		b = append(b, 0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0)
		b = append(append(b, netip.MustParseAddr(src).AsSlice()...), netip.MustParseAddr(dst).AsSlice()...)
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, port), 9999)
		b = append(b, 0, 12, 0, 0, 1, 2, 3, 4)
	}
	return string(b)
}

// Most homes have a 192.168.1.10 and a router at 192.168.1.1 that asks for the time: captures without Ethernet addresses are of one
// home when they show the same flows, and else are not, whatever private addresses they show.
func TestPrivateAddressesDoNotJoin(t *testing.T) {
	home := func(i int, src string) string {
		at := time.Duration(i) * 5 * time.Hour
		return flow(at, src, 4000+i, fmt.Sprintf("203.0.113.%d", i), 443, "SF", 3, "-") + flow(at+time.Minute, src, 5000+i, "198.51.100.7", 123, "SF", 3, "-") +
			flow(at+time.Hour, src, 6000+i, "198.51.100.7", 8883, "SF", 3, "-")
	}
	router := flow(0, "192.168.1.1", 123, "198.51.100.123", 123, "SF", 1, "-")
	for _, c := range []struct {
		name string
		want int
		logs []string
	}{
		{"the same private address", 3, []string{logTop + home(1, "192.168.1.10"), logTop + home(2, "192.168.1.10"), logTop + home(3, "192.168.1.10")}},
		{"a router that asks for the time", 3, []string{logTop + home(1, "192.168.1.10") + router, logTop + home(2, "192.168.1.11") + strings.ReplaceAll(router, ".000\t", ".700\t"),
			logTop + home(3, "192.168.1.12") + strings.ReplaceAll(router, ".000\t", ".300\t")}},
		{"first octets", 3, []string{logTop + home(1, "10.168.1.5"), logTop + home(2, "172.16.1.5"), logTop + home(3, "192.168.1.5")}},
		{"a copy and an excerpt", 1, []string{logTop + home(1, "192.168.1.10") + home(2, "192.168.1.10"), logTop + home(1, "192.168.1.10") + home(2, "192.168.1.10"), logTop + home(2, "192.168.1.10")}},
		{"packets", 2, []string{raw(0, "192.168.1.10", "203.0.113.1", 4000, 4001), raw(time.Hour, "192.168.1.10", "203.0.113.1", 4000, 4001)}},
		{"a copy of packets", 1, []string{raw(0, "192.168.1.10", "203.0.113.1", 4000, 4001, 4002), raw(0, "192.168.1.10", "203.0.113.1", 4000, 4001)}},
	} {
		dir := t.TempDir()
		keys := map[uint64]bool{}
		for i, text := range c.logs {
			write(t, dir, fmt.Sprintf("%d", i), text)
		}
		list := read(t, units.Options{}, dir)
		for _, u := range list {
			keys[u.Key()] = true
		}
		if len(list) != c.want || len(keys) != c.want {
			t.Errorf("%s: %d units with %d keys, not %d", c.name, len(list), len(keys), c.want)
		}
		one, other := read(t, units.Options{}, filepath.Join(dir, "0"))[0], read(t, units.Options{}, filepath.Join(dir, "1"))[0]
		if why := one.Same(other); (why == "") != (c.want > 1) {
			t.Errorf("%s: read apart they are the same: %q", c.name, why)
		}
	}
	two := read(t, units.Options{}, write(t, t.TempDir(), "a.log", logTop+home(1, "10.168.1.5")+home(1, "172.168.1.5")+home(1, "192.168.1.5")+home(1, "10.0.1.1")))
	if len(two) != 1 || len(two[0].Devices) != 3 { // 172.168.0.0/16 is not private
		t.Errorf("%+v", two[0].Devices)
	}
}

// A unit can be played again, and by several at once; a second is told once, whatever number of captures cover it.
func TestPlay(t *testing.T) {
	dir := t.TempDir()
	for i := range 4 {
		var b strings.Builder
		b.WriteString(logTop)
		for k := range 50 {
			b.WriteString(flow(time.Duration(i*7+k*13)*time.Second+time.Duration(i)*time.Millisecond, "192.168.1.5", 1000*(i+1)+k, fmt.Sprintf("203.0.113.%d", k%7), 443, "SF", 3, "-"))
		}
		write(t, dir, fmt.Sprintf("%d.log", i), b.String())
	}
	write(t, dir, "_one-home.txt", "")
	u := read(t, units.Options{}, dir)
	if len(u) != 1 || len(u[0].Files) != 4 {
		t.Fatal(u)
	}
	first := told(t, u[0])
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if again := told(t, u[0]); !slices.Equal(again, first) {
				t.Error("played again it is another")
			}
		})
	}
	wg.Wait()
	var last time.Time
	ticks, flows := map[int64]int{}, 0
	err := u[0].Play(t.Context(), func(o *home.Observation) {
		if o.Time.Before(last) {
			t.Errorf("%v after %v", o.Time, last)
		}
		last = o.Time
		if o.Kind == home.EventTick {
			ticks[o.Time.Unix()]++
		} else if o.Flow.State == home.FlowNew {
			flows++
		}
	}, nil)
	if err != nil || flows != 200 {
		t.Errorf("%d flows, %v", flows, err)
	}
	for s, n := range ticks {
		if n != 1 {
			t.Errorf("%d ticks in second %d", n, s)
		}
	}
}

// A capture that was stopped and gone on does not know what was sent on its days; one that heard the device all the time does.
func TestBytesOfWatchedUnitsOnly(t *testing.T) {
	for _, v := range []struct {
		each time.Duration
		told bool
	}{{50 * time.Minute, true}, {3 * time.Hour, false}} {
		text := logTop
		for at := time.Duration(0); at < 4*day; at += v.each {
			text += flow(at, "192.168.1.5", 4000, "203.0.113.7", 443, "SF", 10, "-")
		}
		u := read(t, units.Options{}, write(t, t.TempDir(), "a.log", text))[0]
		for _, watched := range []bool{false, true} {
			uses, err := units.Uses(t.Context(), u, units.UseOptions{Watched: watched})
			if err != nil || len(uses) == 0 || len(uses[0].Ends) == 0 {
				t.Fatal(uses, err)
			}
			if got := len(uses[0].Up) > 0; got != (v.told || !watched) {
				t.Errorf("a flow each %v, watched %v: bytes %v", v.each, watched, uses[0].Up)
			}
		}
	}
}

// A week of a device, counted by hand. Monday was watched from nine on: what it sent then and when is not told.
func TestUses(t *testing.T) {
	text := logTop
	text += flow(9*time.Hour, "192.168.1.5", 4000, "203.0.113.7", 443, "SF", 10, "-") // Monday
	text += flow(9*time.Hour+time.Minute, "192.168.1.5", 4001, "203.0.113.7", 443, "SF", 10, "-")
	text += flow(day+9*time.Hour, "192.168.1.5", 4000, "203.0.113.7", 443, "SF", 30, "-")
	text += flow(day+11*time.Hour, "192.168.1.5", 4000, "198.51.100.7", 8883, "SF", 1, "-")
	text += flow(6*day, "192.168.1.5", 4000, "192.168.1.1", 53, "SF", 1, "-")              // Sunday, at home
	text += flow(6*day+time.Hour, "198.51.100.9", 4000, "192.168.1.5", 23, "S0", 1, "-")   // from outside
	text += flow(7*day+time.Hour, "192.168.1.5", 4000, "198.51.100.7", 8883, "SF", 1, "-") // Monday after
	u := read(t, units.Options{}, write(t, t.TempDir(), "a.log", text))[0]
	uses, err := units.Uses(t.Context(), u, units.UseOptions{Level: func(*units.Device) profile.Level { return profile.Level{Model: "x"} },
		Skip: func(d *units.Device) bool { return d.Addresses[0].String() != "192.168.1.5" }})
	if err != nil || len(uses) != 2 {
		t.Fatal(uses, err)
	}
	w := uses[0]
	if w.Week != wire.Week(begin) || w.Level.Model != "x" || w.Active != 3 || !w.First || w.Fresh != 3 || w.Hours[9] != 1 || w.Hours[11] != 1 || w.Hours[0] != 1 ||
		!slices.Equal(w.Up, []uint64{3100, 0}) || w.Home != u.Key() || w.Home == 0 {
		t.Errorf("%+v", w)
	}
	got := map[string]profile.End{}
	for _, e := range w.Ends {
		switch {
		case e.Chain.Flags&endpoint.Inbound != 0:
			got["in"] = e
		case e.Chain.Flags&endpoint.LAN != 0:
			got["lan"] = e
		case e.Chain.Flags&endpoint.Usual != 0:
			got["443"] = e
		default:
			got["8883"] = e
		}
	}
	if len(w.Ends) != 4 || got["443"].Days != 2 || got["443"].Flows != 3 || got["8883"].Days != 1 || got["lan"].Days != 1 || got["in"].Days != 1 {
		t.Errorf("%+v", w.Ends)
	}
	if n := uses[1]; n.Week != w.Week+1 || n.Active != 1 || n.First || n.Fresh != 0 || len(n.Ends) != 1 {
		t.Errorf("%+v", n)
	}
	uses[1].Week += 40
	if c := units.Compact(uses); c[1].Week != units.AsOf || c[0].Week != units.AsOf-1 || uses[0].Week != w.Week {
		t.Errorf("weeks %d and %d", c[0].Week, c[1].Week)
	}
}

// Labels say when an attack begins and who it is; without labels it is the device's first packet.
func TestOnset(t *testing.T) {
	text := logTop + flow(0, "192.168.1.6", 4000, "203.0.113.7", 443, "SF", 3, "Benign") + flow(time.Minute, "192.168.1.5", 4001, "203.0.113.8", 23, "S0", 3, "Malicious") +
		flow(30*time.Second, "192.168.1.5", 4002, "203.0.113.9", 23, "S0", 3, "Malicious")
	dir := t.TempDir()
	u := read(t, units.Options{}, write(t, dir, "a.log", text))[0]
	o, err := u.Onset(t.Context(), "", "")
	if err != nil || !o.Time.Equal(begin.Add(30*time.Second)) || o.Rows != 2 || o.Frame != 7 || o.Flow != home.FlowID(home.ProtoTCP, addr("192.168.1.5:4002"), addr("203.0.113.9:23")) {
		t.Errorf("%+v, %v", o, err)
	}
	if d, ok := u.Device(o.Device); !ok || d.Addresses[0].String() != "192.168.1.5" {
		t.Errorf("the infected device is %v", d)
	}
	plain := read(t, units.Options{}, write(t, dir, "b.log", strings.ReplaceAll(text, "Malicious", "-")))[0]
	if o, err = plain.Onset(t.Context(), "", ""); err != nil || !o.Time.IsZero() {
		t.Errorf("with labels of nothing: %+v, %v", o, err)
	}
	if o, err = plain.Onset(t.Context(), "", filepath.Join(dir, "a.log")); err != nil || !o.Time.Equal(begin.Add(30*time.Second)) || o.Frame != 7 {
		t.Errorf("with labels beside: %+v, %v", o, err)
	}
	none := strings.NewReplacer("\tlabel\n", "\n", "\tMalicious\n", "\n", "\tBenign\n", "\n").Replace(text)
	bare := read(t, units.Options{}, write(t, dir, "c.log", none))[0]
	if o, err = bare.Onset(t.Context(), "", ""); err != nil || !o.Time.Equal(begin.Add(30*time.Second)) || o.Rows != 0 || o.Device != bare.Devices[0].ID {
		t.Errorf("without labels: %+v, %v", o, err)
	}
	if _, err = bare.Onset(t.Context(), "", filepath.Join(dir, "missing")); err == nil {
		t.Error("labels that are missing")
	}
}

// What is taken for normal holds nothing that its own labels call an attack, or that nobody understands; what was left out is counted.
func TestBenign(t *testing.T) {
	dir := t.TempDir()
	fine := flow(0, "192.168.1.5", 4000, "203.0.113.7", 443, "SF", 3, "Benign") + flow(time.Hour, "192.168.1.5", 4001, "203.0.113.7", 443, "SF", 3, "-")
	bad := flow(time.Minute, "192.168.1.5", 4002, "198.51.100.66", 6667, "SF", 3, "C&C") + flow(2*time.Minute, "192.168.1.66", 4003, "198.51.100.9", 23, "S0", 3, "PartOfAHorizontalPortScan")
	odd := flow(3*time.Minute, "192.168.1.5", 4004, "198.51.100.77", 443, "SF", 3, "Suspicious")
	path := write(t, dir, "a.log", logTop+fine+bad+odd)
	u := read(t, units.Options{Benign: true}, path)[0]
	uses, err := units.Uses(t.Context(), u, units.UseOptions{})
	if err != nil || len(u.Devices) != 1 || u.Packets != 12 || len(uses) != 1 || len(uses[0].Ends) != 1 || u.Left.Malicious != 2 || u.Left.Unknown != 1 || !slices.Equal(u.Left.Words, []string{"Suspicious"}) {
		t.Errorf("%v, %+v, left %+v, %+v", err, u.Devices, u.Left, uses)
	}
	if got := u.Left.String(); got != `2 rows labelled as part of an attack and 1 row with a label that is not known ("Suspicious")` {
		t.Error(got)
	}
	if whole := read(t, units.Options{}, path)[0]; len(whole.Devices) != 2 || whole.Left.Any() {
		t.Errorf("%+v", whole.Devices)
	}
	list, problems, err := units.Read(t.Context(), []string{write(t, dir, "b.log", logTop+bad)}, units.Options{Benign: true})
	if err != nil || len(list) != 0 || len(problems) != 1 || !strings.Contains(problems[0].Err.Error(), "nothing in it is normal: 2 rows") {
		t.Errorf("%v, %v, %v", list, problems, err)
	}
}

// What two captures of one home both show happened once: one of the whole and one cut out of it are as the whole alone.
func TestTwice(t *testing.T) {
	dir := t.TempDir()
	whole, part := logTop, logTop
	for k := range 50 {
		line := flow(time.Duration(k*13)*time.Second, "192.168.1.5", 1000+k, fmt.Sprintf("203.0.113.%d", k%7), 443, "SF", 3, "-")
		whole += line
		if k > 10 && k < 30 {
			part += line
		}
	}
	a, b := write(t, dir, "a.log", whole), write(t, dir, "b.log", part)
	one, two := read(t, units.Options{}, a), read(t, units.Options{}, a, b)
	if len(two) != 1 || len(two[0].Files) != 2 || !slices.Equal(told(t, one[0]), told(t, two[0])) {
		t.Error("a part beside the whole changes what is seen")
	}
}

// A real capture beside itself is itself.
func TestTwiceReal(t *testing.T) {
	from, err := os.ReadFile(filepath.Join(realdata.Dir(t), "device-id/iot-sentinel/WeMoSwitch/Setup-C-7-STA.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	a, b := write(t, dir, "a.pcap", string(from)), write(t, dir, "b.pcap", string(from))
	one, two := read(t, units.Options{}, a), read(t, units.Options{}, a, b)
	if len(two) != 1 || len(two[0].Files) != 2 || !slices.Equal(told(t, one[0]), told(t, two[0])) {
		t.Error("a copy beside a capture changes what is seen")
	}
}
