package behavior

import (
	"testing"
	"unsafe"
)

// What any device costs, whatever it does: with what is normal for it, 512 bytes. A bound, so that growth is a decision.
func TestDeviceSize(t *testing.T) {
	if got := unsafe.Sizeof(device{}); got > 1420 {
		t.Errorf("%d bytes, at most 1420 were meant", got)
	}
}
