package scan

import (
	"testing"
	"unsafe"

	"cardea/behavior/evidence"
)

// What a device costs when it does what the part is for. A bound, so that growth is a decision.
func TestSizes(t *testing.T) {
	for _, v := range []struct {
		what      string
		got, most uintptr
	}{
		{"blind contacts, each side", unsafe.Sizeof(scanner{}), 3800},
		{"addresses asked for", unsafe.Sizeof(evidence.Seen{}), 1024},
		{"ports of three hosts", unsafe.Sizeof(portScanner{}) + portTargets*unsafe.Sizeof(portTarget{}), 2600},
	} {
		if t.Logf("%s: %d bytes", v.what, v.got); v.got > v.most {
			t.Errorf("%s: %d bytes, at most %d were meant", v.what, v.got, v.most)
		}
	}
}
