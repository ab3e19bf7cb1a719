package units_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cardea/behavior/profile"
	"cardea/home"
	"cardea/internal/realdata"
	"cardea/lab/eval/units"
)

var (
	plugMAC   = home.MAC{0x50, 0xc7, 0xbf, 1, 2, 3}
	routerMAC = home.MAC{0xc0, 0x56, 0x27, 4, 5, 6}
)

// call is a question that a device sends, and the answer.
type call struct {
	at       time.Duration
	src, dst string
}

// framed is a capture with Ethernet addresses (LINKTYPE_ETHERNET) of UDP calls.
func framed(calls ...call) string {
	b := []byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0}
	packet := func(at time.Duration, from, to home.MAC, src, dst netip.AddrPort) {
		for _, v := range []uint32{uint32(begin.Add(at).Unix()), uint32(at.Microseconds() % 1_000_000), 46, 46} {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		b = append(append(append(b, to[:]...), from[:]...), 8, 0, 0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0)
		b = append(append(b, src.Addr().AsSlice()...), dst.Addr().AsSlice()...)
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, src.Port()), dst.Port())
		b = append(b, 0, 12, 0, 0, 1, 2, 3, 4)
	}
	for _, c := range calls {
		packet(c.at, plugMAC, routerMAC, addr(c.src), addr(c.dst))
		packet(c.at+20*time.Millisecond, routerMAC, plugMAC, addr(c.dst), addr(c.src))
	}
	return string(b)
}

// logged is a log of such calls that tells times to the second, as some tools do.
func logged(calls ...call) string {
	text := logTop
	for _, c := range calls {
		src, dst := addr(c.src), addr(c.dst)
		text += fmt.Sprintf("%d\t%s\t%d\t%s\t%d\tudp\t0.02\tSF\t1\t32\t1\t32\t-\n", begin.Add(c.at).Unix(), src.Addr(), src.Port(), dst.Addr(), dst.Port())
	}
	return text
}

// calls are a home's, one in each quarter of an hour.
func calls(from, n, port int) (list []call) {
	for i := range n {
		at := time.Duration(from+i)*15*time.Minute + 730*time.Millisecond
		list = append(list, call{at, fmt.Sprintf("192.168.1.10:%d", port+i), fmt.Sprintf("203.0.113.%d:9999", i%5)})
	}
	return list
}

// Packets and a log that was made of them are one home, whose device has one address and did all once, whichever of both tells it;
// a log of another home in which the device has the same private address is not theirs, though it asks for the time in the same second.
func TestCaptureAndItsLog(t *testing.T) {
	ntp := call{time.Hour, "192.168.1.10:123", "198.51.100.7:123"}
	own := calls(0, 40, 4000)
	whole := slices.Insert(slices.Clone(own), 5, ntp)
	for _, c := range []struct {
		name         string
		log          []call
		units, flows int
	}{
		{"a log of it", whole, 1, 41},
		{"a log of some of it", own[3:20], 1, 41},
		{"a log that goes on", append(slices.Clone(own[30:]), calls(40, 20, 5000)...), 1, 61},
		{"a log of half of it and as much else", append(calls(0, 20, 6000), own[20:]...), 1, 61},
		{"a log of less than half of it and more else", append(calls(0, 30, 6000), own[30:]...), 2, 0},
		{"another home's log", append(calls(0, 1, 7000), ntp), 2, 0},
		{"a log of another time with the same ports", calls(400, 40, 4000), 2, 0},
	} {
		dir := t.TempDir()
		a, b := write(t, dir, "a.pcap", framed(whole...)), write(t, dir, "b.log", logged(c.log...))
		one, two := read(t, units.Options{}, a, b), read(t, units.Options{}, b, a)
		if len(one) != c.units || len(two) != c.units || !slices.Equal(told(t, one[0]), told(t, two[0])) {
			t.Errorf("%s: %d and %d units", c.name, len(one), len(two))
		}
		packets, log := read(t, units.Options{}, a)[0], read(t, units.Options{}, b)[0]
		if why := packets.Same(log); (why == "") != (c.units > 1) || (log.Same(packets) == "") != (c.units > 1) {
			t.Errorf("%s: read apart they are the same: %q", c.name, why)
		}
		if c.units > 1 {
			continue
		}
		u := one[0]
		if len(u.Devices) != 1 || u.Devices[0].MAC != plugMAC || u.Devices[0].Flows != uint64(c.flows) || len(u.Gateway) != 1 || u.Gateway[0].MAC != routerMAC {
			t.Errorf("%s: %+v, router %+v", c.name, u.Devices, u.Gateway)
		}
		if u.Key() != packets.Key() {
			t.Errorf("%s: the home has another key than the packets alone", c.name)
		}
	}
}

// A real capture and the log that was made of it are one home with one infected device; each flow is told once.
func TestCaptureAndItsLogReal(t *testing.T) {
	dir := filepath.Join(realdata.Dir(t), "attack/iot-23")
	pcap, log := filepath.Join(dir, "CTU-IoT-Malware-Capture-42-1.pcap"), filepath.Join(dir, "CTU-Malware-Capture-42-1-labeled.csv")
	read := func(paths ...string) []*units.Unit {
		list, _, err := units.Read(t.Context(), paths, units.Options{}) // its last packet is cut
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	both, alone := read(log, pcap), read(pcap)
	if len(both) != 1 || len(both[0].Devices) != 1 || both[0].Devices[0].Flows != alone[0].Devices[0].Flows || both[0].Devices[0].MAC != alone[0].Devices[0].MAC {
		t.Fatalf("%d units, %+v", len(both), both[0].Devices)
	}
	votes := func(u *units.Unit) []profile.Use {
		uses, err := units.Uses(t.Context(), u, units.UseOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return uses
	}
	one, two := votes(alone[0]), votes(both[0])
	if len(one) != 1 || len(two) != 1 || len(one[0].Ends) != len(two[0].Ends) || one[0].Home != two[0].Home {
		t.Errorf("the log beside the packets changes what is learned: %d and %d endpoints", len(one[0].Ends), len(two[0].Ends))
	}
}
