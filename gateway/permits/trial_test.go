package permits

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"cardea/home"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func contact(name string, bytes uint64) *home.Contact {
	return &home.Contact{Device: "camera", Endpoint: home.Endpoint{Name: name, IP: netip.MustParseAddr("198.51.100.7"), Port: 443, Proto: "tcp"},
		Flows: 1, Up: bytes, First: noon, Last: noon.Add(time.Minute)}
}

func sample() []*home.Contact {
	bare := contact("", 300)
	bare.Endpoint.Port, bare.Endpoint.Proto = 6667, "tcp"
	known := contact("", 50)
	known.Endpoint = home.Endpoint{IP: netip.MustParseAddr("203.0.113.9"), Port: 32100, Proto: "udp"}
	lan := contact("", 100)
	lan.Local, lan.Endpoint.IP, lan.Endpoint.Port = true, netip.MustParseAddr("192.168.1.9"), 554
	dns := contact("", 10)
	dns.Local, dns.Endpoint = true, home.Endpoint{IP: netip.MustParseAddr("192.168.1.1"), Port: 53, Proto: "udp"}
	admin := contact("", 10)
	admin.Local, admin.Endpoint = true, home.Endpoint{IP: netip.MustParseAddr("192.168.1.1"), Port: 80, Proto: "tcp"}
	inbound := contact("", 20)
	inbound.Inbound = true
	asked := contact("only.asked.example", 0)
	asked.Lookup, asked.Flows = true, 0
	return []*home.Contact{contact("updates.hikvision.com", 5), contact("dev.hik-connect.com", 100), contact("relay.example.com", 200), contact("relay.example.com", 200),
		contact("ads.example.net", 400), bare, known, lan, dns, admin, inbound, asked}
}

func theBook() *Book {
	b := aBook()
	b.cfg.Own = func(a netip.Addr) bool { return a == netip.MustParseAddr("192.168.1.1") }
	return b
}

func TestPreviewSaysWhatWouldBreak(t *testing.T) {
	b := theBook()
	const all = 5 + 100 + 400 + 400 + 300 + 50 + 100 + 10 + 10 + 20
	for _, c := range []struct {
		mode        home.Mode
		kept, stops uint32
		bytes       float64
		first       string
	}{
		{home.ModeOff, 10, 0, 0, ""},
		{home.ModeEndpointBlock, 10, 0, 0, ""},
		{home.ModeNoLAN, 9, 1, 100, "192.168.1.9 554/tcp"},
		{home.ModeProfileOnly, 5, 5, 400 + 300 + 100 + 10 + 20, "ads.example.net"},
		{home.ModeVendorOnly, 3, 7, 400 + 400 + 300 + 50 + 100 + 10 + 20, "ads.example.net"},
		{home.ModeUpdateOnly, 2, 8, all - 5 - 10, "ads.example.net"},
		{home.ModeQuarantine, 1, 9, all - 10, "ads.example.net"},
	} {
		got := b.Preview(cam, c.mode, slices.Values(sample()))
		if got.Mode != c.mode || got.Kept != c.kept || got.Stops != c.stops || math.Abs(got.Share-c.bytes/all) > 1e-9 || int(got.Stops) != len(got.Stopped) || got.Since != noon {
			t.Errorf("%+v, want %+v", got, c)
		}
		if c.first != "" && got.Stopped[0] != c.first {
			t.Errorf("%s: the heaviest is %v", c.mode, got.Stopped)
		}
	}
	if got := b.Preview(cam, home.ModeVendorOnly, slices.Values([]*home.Contact(nil))); got.Share != 0 || got.Stops != 0 || got.Stopped == nil {
		t.Errorf("of nothing: %+v", got)
	}
}

func TestATrialCountsLive(t *testing.T) {
	b := theBook()
	b.Tried(contact("before.example", 5))
	if _, ok := b.Trial("camera", nil); ok {
		t.Error("nothing is tried")
	}
	b.Try("camera", home.ModeVendorOnly, cam, noon)
	for _, c := range sample() {
		b.Tried(c)
	}
	b.Tried(&home.Contact{Device: "lamp", Endpoint: home.Endpoint{Name: "x.example"}, Flows: 1, First: noon, Last: noon})
	old := contact("old.example", 5)
	old.First, old.Last = noon.Add(-2*time.Hour), noon.Add(-time.Hour)
	b.Tried(old)
	if got := b.Trials(); len(got) != 1 || got[0] != "camera" {
		t.Errorf("%v", got)
	}
	for range 2 { // what is open is told, and not counted
		got, ok := b.Trial("camera", slices.Values([]*home.Contact{contact("new.example", 1)}))
		if !ok || got.Stops != 8 || got.Kept != 3 || got.Since != noon || got.Mode != home.ModeVendorOnly {
			t.Errorf("%+v %v", got, ok)
		}
	}
	b.Try("camera", home.ModeVendorOnly, cam, noon.Add(time.Hour))
	if got, _ := b.Trial("camera", nil); got.Stops != 7 {
		t.Errorf("the same once more begins anew: %+v", got)
	}
	b.Try("camera", home.ModeUpdateOnly, cam, noon.Add(time.Hour))
	if got, _ := b.Trial("camera", nil); got.Stops != 0 || got.Mode != home.ModeUpdateOnly {
		t.Errorf("another mode goes on: %+v", got)
	}
	b.Stop("camera")
	if _, ok := b.Trial("camera", nil); ok {
		t.Error("it is tried still")
	}
}

func TestTrialsAreBounded(t *testing.T) {
	b := theBook()
	for i := range MaxTrials {
		if !b.Try(home.DeviceID(fmt.Sprint(i)), home.ModeVendorOnly, cam, noon) {
			t.Fatal("refused")
		}
	}
	if b.Try("one more", home.ModeVendorOnly, cam, noon) {
		t.Error("one too many")
	}
	b.Stop("0")
	b.Try("camera", home.ModeVendorOnly, cam, noon)
	for i := range 3 * maxEndpoints {
		b.Tried(contact(fmt.Sprintf("n%d.example", i), 1))
	}
	got, _ := b.Trial("camera", nil)
	if got.Stops != maxEndpoints || len(got.Stopped) != MaxStopped || got.Share != 1 {
		t.Errorf("%d stops, %d named, %v", got.Stops, len(got.Stopped), got.Share)
	}
	c := contact("n1.example", 1)
	if n := testing.AllocsPerRun(100, func() { b.Tried(c) }); n > 0 {
		t.Errorf("%v allocations a contact", n)
	}
}

func BenchmarkPermits(b *testing.B) {
	book := aBook()
	for _, name := range []string{"pool.ntp.org", "dev.hik-connect.com", "relay.example.com", "other.example.net"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				book.Permits(cam, home.ModeProfileOnly, name)
			}
		})
	}
}
