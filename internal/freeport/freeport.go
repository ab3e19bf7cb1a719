// Package freeport finds addresses on loopback for servers whose address must be known before they listen. It may import nothing
// of ours.
package freeport

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// below is where the kernel's own choice begins (ip_local_port_range): no connection of a program beside takes a lower one between
// our look and the server's start.
const (
	from  = 20000
	below = 32768
)

// Addr is a free host:port.
func Addr() (string, error) {
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", from+rand.IntN(below-from)))
		if err != nil {
			continue
		}
		return l.Addr().String(), l.Close()
	}
	return "", errors.New("no free port on loopback")
}

// Must is for tests.
func Must(t interface {
	Helper()
	Fatal(args ...any)
}) string {
	t.Helper()
	addr, err := Addr()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}
