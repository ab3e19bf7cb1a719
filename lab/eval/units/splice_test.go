package units_test

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cardea/home"
	"cardea/internal/realdata"
	"cardea/lab/eval/units"
)

func addr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// An attack becomes the chosen device's: whoever it was, and its router, are nowhere to be seen; time keeps its gaps; who else
// spoke there gets an address that nobody has here.
func TestSplice(t *testing.T) {
	dir := t.TempDir()
	benign := logTop
	for i := range 20 {
		benign += flow(time.Duration(i)*time.Hour, "192.168.7.20", 4000, "203.0.113.7", 443, "SF", 3, "-") + flow(time.Duration(i)*time.Hour, "192.168.7.20", 4001, "192.168.7.254", 53, "SF", 3, "-") +
			flow(time.Duration(i)*time.Hour, "192.168.7.30", 4000, "203.0.113.9", 443, "SF", 3, "-")
	}
	attack := logTop
	for i, dst := range []string{"192.168.1.1", "198.51.100.1", "198.51.100.2", "192.168.1.20", "192.168.1.30", "192.168.1.99", "192.168.1.254", "192.168.1.255", "224.0.0.251"} {
		attack += flow(-300*day+time.Duration(i*i)*time.Second, "192.168.1.99", 5000+i, dst, 53, map[bool]string{true: "SF", false: "S0"}[i == 0 || i == 4], 2, "-")
	}
	attack += flow(-300*day+200*time.Second, "192.168.1.30", 4000, "192.168.1.99", 23, "SF", 2, "-") + flow(-300*day+200*time.Second, "192.168.1.30", 4000, "198.51.100.3", 23, "SF", 2, "-")
	b, a := read(t, units.Options{}, write(t, dir, "b.log", benign))[0], read(t, units.Options{}, write(t, dir, "a.log", attack))[0]
	victim := b.Devices[slices.IndexFunc(b.Devices, func(d units.Device) bool { return d.Addresses[0].String() == "192.168.7.20" })]
	at := begin.Add(5*time.Hour + time.Second)
	s, err := b.Splice(victim.ID, units.Splice{Attack: a, At: at, From: a.Devices[0].ID})
	if err != nil {
		t.Fatal(err)
	}
	if s.Attack == nil || s.Attack.Device != victim.ID || !s.Attack.At.Equal(at) || b.Attack != nil || !s.Attack.End.Equal(a.Last.Add(s.Attack.Shift)) {
		t.Errorf("%+v", s.Attack)
	}
	var got []string
	err = s.Play(t.Context(), func(o *home.Observation) {
		if o.Flow == nil || o.Flow.State != home.FlowNew || o.Frame == 0 {
			return
		}
		got = append(got, fmt.Sprint(o.Time.Sub(at), " ", o.Flow.Src, " ", o.Flow.Dst))
		if o.Device == nil || o.Device.ID != victim.ID && o.Direction != home.Local || o.Source != victim.MAC && o.Dest != victim.MAC || o.Flow.ID != home.FlowID(o.Flow.Proto, o.Flow.Src, o.Flow.Dst) {
			t.Errorf("%s is %+v's, from %s to %s", got[len(got)-1], o.Device, o.Source, o.Dest)
		}
	}, nil)
	want := []string{
		"0s 192.168.7.20:5000 192.168.7.254:53",    // the router
		"1s 192.168.7.20:5001 198.51.100.1:53",     // outside
		"4s 192.168.7.20:5002 198.51.100.2:53",     //
		"9s 192.168.7.20:5003 192.168.7.99:53",     // nobody there, whose number is the victim's here
		"16s 192.168.7.20:5004 192.168.7.253:53",   // a device there, whose number another device has here
		"25s 192.168.7.20:5005 192.168.7.20:53",    // itself
		"36s 192.168.7.20:5006 192.168.7.99:53",    // nobody there, whose number is the router's here
		"49s 192.168.7.20:5007 192.168.7.255:53",   // everybody
		"1m4s 192.168.7.20:5008 224.0.0.251:53",    //
		"3m20s 192.168.7.253:4000 192.168.7.20:23", // that device, back
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\n%s\nwant\n%s", err, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// The benign part is as it was.
	alone, both := told(t, b), told(t, s)
	flows := func(list []string) (out []string) {
		for _, l := range list {
			if strings.Contains(l, "192.168.7.30:4000") && strings.Contains(l, " new") {
				out = append(out, strip(l))
			}
		}
		return out
	}
	if !slices.Equal(flows(alone), flows(both)) {
		t.Error("the other device of the home does something else")
	}
	for _, bad := range []struct {
		device home.DeviceID
		s      units.Splice
	}{{"nobody", units.Splice{Attack: a}}, {victim.ID, units.Splice{}}, {victim.ID, units.Splice{Attack: a, From: "nobody"}}, {victim.ID, units.Splice{Attack: s}}} {
		if _, err := b.Splice(bad.device, bad.s); err == nil {
			t.Errorf("%+v is no error", bad)
		}
	}
}

// strip takes the frame off what told tells.
func strip(l string) string {
	w := strings.Fields(l)
	return strings.Join(append(w[:2:2], w[3:]...), " ")
}

// Wherever an attack is put, time runs forward, all of its flows are there, and the same splice plays the same.
func TestSpliceAnywhere(t *testing.T) {
	dir := t.TempDir()
	benign, attack := logTop, logTop
	for i := range 30 {
		benign += flow(time.Duration(i)*time.Minute, "192.168.7.20", 4000, "203.0.113.7", 443, "SF", 3, "-")
		attack += flow(time.Duration(i*i)*time.Second, "10.0.0.2", 5000+i, fmt.Sprintf("198.51.100.%d", i), 23, "S0", 2, "-")
	}
	b, a := read(t, units.Options{}, write(t, dir, "b.log", benign))[0], read(t, units.Options{}, write(t, dir, "a.log", attack))[0]
	rapid.Check(t, func(rt *rapid.T) {
		at := begin.Add(time.Duration(rapid.Int64Range(int64(-40*time.Minute), int64(80*time.Minute)).Draw(rt, "at")))
		s, err := b.Splice(b.Devices[0].ID, units.Splice{Attack: a, At: at})
		if err != nil {
			rt.Fatal(err)
		}
		var last time.Time
		n := [2]int{}
		err = s.Play(t.Context(), func(o *home.Observation) {
			if o.Time.Before(last) {
				rt.Fatalf("%v after %v", o.Time, last)
			}
			last = o.Time
			if o.Kind != home.EventFlow || o.Flow.State != home.FlowNew {
				return
			}
			if o.Device == nil || o.Device.ID != b.Devices[0].ID {
				rt.Fatalf("a flow of %v", o.Device)
			}
			n[min(o.Frame, 1)]++
		}, nil)
		if err != nil || n != [2]int{30, 30} {
			rt.Fatalf("%v flows, %v", n, err)
		}
	})
}

// A real attack of packets with its labels, spliced into a real benign week; and a sham.
func TestSpliceReal(t *testing.T) {
	dir := realdata.Dir(t)
	week := filepath.Join(dir, "benign-long/fit-7day/pcaps")
	benign := read(t, units.Options{}, filepath.Join(week, "blink-cam-01.pcap"), filepath.Join(week, "schlage-lock-01.pcap"))
	if len(benign) != 2 {
		t.Fatalf("%d units of a week", len(benign))
	}
	attacks, problems, err := units.Read(t.Context(), []string{filepath.Join(dir, "attack/iot-23/CTU-IoT-Malware-Capture-42-1.pcap")}, units.Options{Each: true})
	if err != nil || len(attacks) != 1 || len(problems) != 1 || !problems[0].Part {
		t.Fatal(attacks, problems, err) // its last packet is cut
	}
	onset, err := attacks[0].Onset(t.Context(), "", filepath.Join(dir, "attack/iot-23/CTU-Malware-Capture-42-1-labeled.csv"))
	// tcpdump shows the SYN to 104.24.97.120 at 13:34:47.987.
	if err != nil || onset.Rows != 6 || onset.Frame == 0 || onset.Device != attacks[0].Devices[0].ID || onset.Time.Sub(attacks[0].First) > 10*time.Second {
		t.Errorf("%+v, %v", onset, err)
	}
	for _, from := range []*units.Unit{attacks[0], benign[1]} {
		u := benign[0]
		s, err := u.Splice(u.Devices[0].ID, units.Splice{Attack: from})
		if err != nil {
			t.Fatal(err)
		}
		was := from.Devices[0]
		ids := map[home.DeviceID]bool{}
		n := 0
		err = s.Play(t.Context(), func(o *home.Observation) {
			if o.Device != nil && !o.Device.Gateway {
				ids[o.Device.ID] = true
			}
			if o.Frame == 0 {
				return
			}
			n++
			if slices.Contains(was.MACs, o.Source) || slices.Contains(was.MACs, o.Dest) || o.Flow != nil && (o.Flow.Src.Addr() == was.Addresses[0] || o.Flow.Dst.Addr() == was.Addresses[0]) {
				t.Fatalf("the attacker's own address: %+v", o.Event)
			}
		}, nil)
		if err != nil || n < 1000 || !ids[u.Devices[0].ID] || ids[was.ID] {
			t.Errorf("%s: %d events of it, devices %v, %v", s.Name, n, ids, err)
		}
	}
}
