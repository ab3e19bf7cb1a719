package file

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"cardea/home"
	"cardea/internal/realdata"
)

// facts collects what is looked for in real captures.
type facts struct {
	seen  map[string]bool
	flows map[string]int
}

func (f *facts) Handle(e *home.Event) {
	switch e.Kind {
	case home.EventFlow:
		f.flows[home.ProtoName(e.Flow.Proto)+" "+e.Flow.State.String()]++
	case home.EventLease:
		f.seen[fmt.Sprint("lease ", e.Source, " op ", e.Lease.Op, " ", e.Lease.Hostname, " ", e.Lease.Addr)] = true
	case home.EventRouter:
		f.seen[fmt.Sprint("router ", e.Source, " ", e.Router.Prefixes)] = true
	case home.EventAnnounce:
		for _, list := range [][]string{e.Announce.Names, e.Announce.Services, e.Announce.Details} {
			for _, s := range list {
				f.seen[e.Announce.Protocol+" "+e.Source.String()+" "+s] = true
			}
		}
	}
}

// Facts about real captures that their publishers state or that other programs (tcpdump, nDPI, Zeek's labels) agree on.
func TestFactsOfRealCaptures(t *testing.T) {
	dir := realdata.Dir(t)
	const hue = "00:17:88:74:c2:dc"
	for path, want := range map[string]struct {
		seen  []string
		flows map[string]int
	}{
		"lan/uclouvain-benign/philips-hue/no-firewall/lan.pcap": {seen: []string{
			"mdns " + hue + " _hap._tcp", "mdns " + hue + " modelid=BSB002", "mdns " + hue + " Philips Hue - 74C2DC",
			"ssdp " + hue + " server=Hue/1.0 UPnP/1.0 IpBridge/1.57.0", "mdns 3c:cd:5d:a2:a9:d7 Android",
			"lease " + hue + " op 3 00178874c2dc 192.168.1.141", "router c0:56:27:73:46:0b [fd12:49d4:94fb::/64]"}},
		"lan/uclouvain-small/xiaomi-cam/dhcp-xiaomi.pcap": {seen: []string{
			"lease 78:8b:2a:b2:20:ea op 3 chuangmi_camera_ipc019 192.168.1.161"}},
		"protocols/ndpi/netbios.pcap": {seen: []string{"netbios 00:30:48:b0:b1:94 NVR9"}},
		// 1,994 flows by nDPI; of nmap's 1,000 ports, 3 are open.
		"protocols/ndpi/synscan.pcap": {flows: map[string]int{"tcp new": 1994, "tcp answered": 3, "tcp refused": 5, "tcp end": 1994}},
		// By Zeek's labels 1,055 connections were accepted and 4 were met in the middle.
		"attack/iot-23/CTU-IoT-Malware-Capture-42-1.pcap": {flows: map[string]int{"tcp answered": 1059}},
	} {
		f, err := os.Open(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		got := &facts{seen: map[string]bool{}, flows: map[string]int{}}
		_, err = Replay(context.Background(), f, got, Options{})
		f.Close()
		if err != nil && !slices.Contains([]string{"CTU-IoT-Malware-Capture-42-1.pcap"}, filepath.Base(path)) { // its last packet is cut
			t.Errorf("%s: %v", path, err)
		}
		for _, s := range want.seen {
			if !got.seen[s] {
				t.Errorf("%s: %q was not seen", path, s)
			}
		}
		for k, n := range want.flows {
			if got.flows[k] != n {
				t.Errorf("%s: %s %d times, want %d", path, k, got.flows[k], n)
			}
		}
	}
}
