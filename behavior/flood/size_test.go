package flood

import (
	"testing"
	"unsafe"
)

// What a device that sends costs. A bound, so that growth is a decision.
func TestSize(t *testing.T) {
	if got := unsafe.Sizeof(flood{}); got > 400 {
		t.Errorf("%d bytes, at most 400 were meant", got)
	}
}
