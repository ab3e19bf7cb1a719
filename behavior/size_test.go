package behavior

import (
	"testing"
	"unsafe"
)

// What any device costs, whatever it does. A bound, so that growth is a decision.
func TestDeviceSize(t *testing.T) {
	if got := unsafe.Sizeof(device{}); got > 800 {
		t.Errorf("%d bytes, at most 800 were meant", got)
	}
}
