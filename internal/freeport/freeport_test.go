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
	if p := l.Addr().(*net.TCPAddr).Port; p < from || p >= below {
		t.Errorf("port %d", p)
	}
	l.Close()
}
