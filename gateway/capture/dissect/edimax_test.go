package dissect

import (
	"encoding/hex"
	"math/bits"
	"testing"

	"cardea/home"
)

func TestEdimax(t *testing.T) {
	answer, _ := hex.DecodeString("0011223344554544494d415800000000000001a1fe5e" + hex.EncodeToString([]byte("SP9999W\x00\x00\x00\x00\x00\x00\x00")) + "312e3039")
	plain := []byte("<param>\n<code value=\"1010\" />\n<model value=\"SP9999W\" />\n</param>")
	for r := range 8 {
		cloud := append([]byte{'<' + byte(r)}, plain[1:]...)
		for i := 1; i < len(cloud); i++ {
			cloud[i] = bits.RotateLeft8(cloud[i], -r)
		}
		var a home.Announce
		if !edimax(cloud, 5000, portEdimaxCloud, &a) || len(a.Details) != 2 || a.Details[1] != "modelname=SP9999W" {
			t.Errorf("rotated by %d: %v", r, a.Details)
		}
		if edimax(cloud[:20], 5000, portEdimaxCloud, &a) {
			t.Error("cut off, and read")
		}
	}
	var a home.Announce
	if !edimax(answer, portEdimaxDiscovery, 5000, &a) || a.Details[1] != "modelname=SP9999W" {
		t.Errorf("answer: %v", a.Details)
	}
	if edimax(answer[:30], portEdimaxDiscovery, 5000, &a) || edimax([]byte("hello there"), portEdimaxDiscovery, 5000, &a) {
		t.Error("read what is none")
	}
}

func FuzzEdimax(f *testing.F) {
	f.Add([]byte("<param><model value=\"SP9999W\"/>"), uint16(1), uint16(portEdimaxCloud))
	f.Fuzz(func(_ *testing.T, b []byte, src, dst uint16) {
		var a home.Announce
		edimax(b, src, dst, &a)
	})
}
