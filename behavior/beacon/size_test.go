package beacon

import (
	"testing"
	"unsafe"
)

// What a device costs that calls bare addresses. A bound, so that growth is a decision.
func TestSize(t *testing.T) {
	if got := unsafe.Sizeof(callers{}); got > 2200 {
		t.Errorf("%d bytes, at most 2200 were meant", got)
	}
	t.Log(unsafe.Sizeof(callers{}), unsafe.Sizeof(Device{}))
}
