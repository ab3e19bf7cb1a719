package usual

import (
	"testing"
	"unsafe"
)

func TestStateSize(t *testing.T) {
	if got := unsafe.Sizeof(State{}); got > 512 {
		t.Errorf("%d bytes, at most 512 were promised", got)
	} else {
		t.Logf("%d bytes; serialised %d", got, stateSize)
	}
}
