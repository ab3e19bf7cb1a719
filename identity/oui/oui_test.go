package oui

import (
	"testing"

	"cardea/home"
)

func TestVendor(t *testing.T) {
	for mac, want := range map[string]string{
		"00:17:88:74:c2:dc": "Philips Lighting", "50:c7:bf:ed:0a:54": "TP-Link", "ec:1a:59:00:00:01": "Belkin", "b8:27:eb:01:02:03": "Raspberry Pi",
		"00:00:0c:01:02:03": "Cisco", "a4:cf:12:00:00:01": "Espressif", "00:0e:58:00:00:01": "Sonos", "18:b4:30:00:00:01": "Nest",
		"20:85:93:b0:00:01": "IOG Products",  // 28 bits
		"70:b3:d5:f2:f0:01": "Teleplatforms", // 36 bits
		"00:50:c2:7d:50:01": "DEUTA-WERKE",   // 36 bits, the older kind
		"74:1a:e0:90:00:00": "",              // private
		"02:17:88:74:c2:dc": "", "01:00:5e:00:00:fb": "", "ff:ff:ff:ff:ff:ff": "", "00:00:00:00:00:00": "", "fc:ff:fe:00:00:01": "",
	} {
		m, err := home.ParseMAC(mac)
		if err != nil {
			t.Fatal(err)
		}
		if got := Vendor(m); got != want {
			t.Errorf("%s: %q, want %q", mac, got, want)
		}
	}
	if len(registry) > 500<<10 {
		t.Errorf("the registry is %d bytes", len(registry))
	}
}

func FuzzFind(f *testing.F) {
	f.Add(registry[:20_000], []byte{0, 0x17, 0x88, 1, 2, 3})
	f.Add(magic+"\x00\x01\x00\x00\x00\x00\x00\x00\x05\x03\x00", []byte{0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, reg string, mac []byte) {
		find(reg, home.MACOf(mac))
		search([]byte(reg), 1, 2)
	})
}

func BenchmarkVendor(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Vendor(home.MAC{0, 0x17, 0x88, 1, 2, 3})
	}
}
