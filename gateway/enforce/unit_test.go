package enforce

import (
	"encoding/json"
	"net/netip"
	"slices"
	"testing"

	"cardea/gateway/enforce/nfnl"
	"cardea/home"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

func anyPrefix(t *rapid.T) netip.Prefix {
	if rapid.Bool().Draw(t, "v4") {
		b := rapid.SliceOfN(rapid.ByteRange(0, 3), 4, 4).Draw(t, "addr")
		return netip.PrefixFrom(netip.AddrFrom4([4]byte(b)), rapid.SampledFrom([]int{0, 8, 24, 30, 31, 32, 32, 32}).Draw(t, "bits"))
	}
	b := [16]byte{0x20, 1, 14: rapid.ByteRange(0, 3).Draw(t, "hi"), 15: rapid.Byte().Draw(t, "lo")}
	return netip.PrefixFrom(netip.AddrFrom16(b), rapid.SampledFrom([]int{64, 120, 126, 127, 128, 128}).Draw(t, "bits"))
}

// The compact set answers as a plain list of prefixes does, and its ranges are sorted, disjoint and within one family.
func TestAddrSetIsAListOfPrefixes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Custom(anyPrefix), 0, 30).Draw(t, "list")
		s := newAddrSet(slices.Values(list))
		for range 50 {
			a := anyPrefix(t).Addr()
			want := slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Bits() > 0 && p.Contains(a) })
			if s.has(a) != want {
				t.Fatalf("%s in %v: %v", a, list, !want)
			}
		}
		for i, n := range s.nets {
			if n.first.BitLen() != n.last.BitLen() || n.first.Compare(n.last) > 0 || i > 0 && s.nets[i-1].last.Compare(n.first) >= 0 {
				t.Fatalf("ranges %v", s.nets)
			}
		}
		other := newAddrSet(slices.Values(rapid.SliceOfN(rapid.Custom(anyPrefix), 0, 30).Draw(t, "other")))
		back := s.without(other).changed(&addrSet{v4: s.v4, v6: s.v6}, &addrSet{})
		if !slices.Equal(back.v4, s.v4) || !slices.Equal(back.v6, s.v6) {
			t.Fatal("taking away and adding again is not the same")
		}
	})
}

func TestDifferenceFindsWhatToCut(t *testing.T) {
	m, n := home.MAC{2, 0, 0, 0, 0, 1}, home.MAC{2, 0, 0, 0, 0, 2}
	block := []home.Endpoint{{IP: far4, Port: 443}}
	dev := func(mode home.Mode, blocked []home.Endpoint, macs ...home.MAC) home.Desired {
		return home.Desired{Devices: []home.DeviceRule{{Device: "x", Mode: mode, MACs: macs, Blocked: blocked}}}
	}
	for name, c := range map[string]struct {
		old, now      home.Desired
		gone, blocked int
		relaxed       bool
	}{
		"the same":       {dev(home.ModeQuarantine, nil, m), dev(home.ModeQuarantine, nil, m), 0, 0, false},
		"contained":      {dev(home.ModeOff, nil, m), dev(home.ModeQuarantine, nil, m), 1, 0, false},
		"another MAC":    {dev(home.ModeQuarantine, nil, m), dev(home.ModeQuarantine, nil, m, n), 2, 0, false},
		"released":       {dev(home.ModeQuarantine, nil, m), home.Desired{}, 1, 0, true},
		"blocked":        {home.Desired{}, dev(home.ModeOff, block, m), 0, 1, false},
		"still blocked":  {dev(home.ModeOff, block, m), dev(home.ModeOff, block, m), 0, 0, false},
		"unblocked":      {dev(home.ModeOff, block, m), dev(home.ModeOff, nil, m), 0, 0, true},
		"kill switch on": {dev(home.ModeQuarantine, nil, m), home.Desired{Dormant: true}, 1, 0, true},
	} {
		got := difference(&c.old, c.now)
		if len(got.gone) != c.gone || len(got.blocked) != c.blocked || got.relaxed != c.relaxed {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if c := difference(nil, dev(home.ModeQuarantine, nil, m)); len(c.gone) != 1 {
		t.Errorf("first state of a process: %+v", c)
	}
}

func FuzzParseState(f *testing.F) {
	b, _ := json.Marshal(testDesired())
	f.Add(b)
	f.Add([]byte(`{"Devices":[{"MACs":["00:00:00:00:00:00"],"Port":"\u0000"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ParseState(b)
		if err != nil {
			return
		}
		if rs, err := Compile(testConfig(), d); err == nil { // what compiles can be sent: no attribute overflows
			for _, table := range rs.Tables {
				_ = nfnl.Kernel{}
				batch := &nfnl.Batch{}
				plan(batch, nfnl.Kernel{}, table)
			}
		}
	})
}

func FuzzNetlinkMessages(f *testing.F) {
	f.Add([]byte{20, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{8, 0, 1, 0, 'a', 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		nfnl.Messages(b, func(_ unix.NlMsghdr, body []byte) {
			nfnl.Each(body, func(_ uint16, data []byte) { nfnl.Each(data, func(uint16, []byte) {}) })
		})
	})
}
