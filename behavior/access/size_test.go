package access

import (
	"testing"
	"unsafe"
)

// What a device costs that logs in somewhere, or that is tried. A bound, so that growth is a decision.
func TestSizes(t *testing.T) {
	if got := unsafe.Sizeof(logins{}); got > 1400 {
		t.Errorf("log-ins: %d bytes, at most 1400 were meant", got)
	}
	if got := unsafe.Sizeof(inbound{}); got > 800 {
		t.Errorf("inbound: %d bytes, at most 800 were meant", got)
	}
}
