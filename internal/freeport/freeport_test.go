package freeport

import (
	"net"
	"testing"
)

func TestAddrIsFree(t *testing.T) {
	l, err := net.Listen("tcp", Must(t))
	if err != nil {
		t.Fatal(err)
	}
	if p := l.Addr().(*net.TCPAddr).Port; p < lowest || p >= kernels() {
		t.Errorf("port %d", p)
	}
	l.Close()
}

// Two who ask before either listens are not given the same.
func TestAddrIsGivenOnce(t *testing.T) {
	given := map[string]bool{}
	for range 500 {
		a := Must(t)
		if given[a] {
			t.Fatalf("%s is given twice", a)
		}
		given[a] = true
	}
}
