package flood

import (
	"testing"
	"unsafe"
)

// What a device costs when it does what the part is for. A bound, so that growth is a decision.
func TestSizes(t *testing.T) {
	for _, v := range []struct {
		what      string
		got, most uintptr
	}{
		{"floods", unsafe.Sizeof(flood{}), 400},
	} {
		if t.Logf("%s: %d bytes", v.what, v.got); v.got > v.most {
			t.Errorf("%s: %d bytes, at most %d were meant", v.what, v.got, v.most)
		}
	}
}
