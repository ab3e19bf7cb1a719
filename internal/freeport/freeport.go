// Package freeport finds addresses on loopback for servers whose address must be known before they listen. It may import nothing
// of ours.
package freeport

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
)

// lowest is above what programs beside listen on by habit and what a browser refuses (10080); usual is where the kernel's own choice
// begins when nobody changed it.
const (
	lowest = 11000
	usual  = 32768
)

// Addr is a free host:port. Until this process ends no other caller is given it, in this process or another: between our look and
// the server's start it listens nowhere, and two who look at once would both find it free.
func Addr() (string, error) {
	below := kernels()
	for range 200 {
		port := lowest + rand.IntN(below-lowest)
		if !reserve(port) {
			continue
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		return l.Addr().String(), l.Close()
	}
	return "", errors.New("no free port on loopback")
}

// reserved keeps the names that mark our ports: they go with the process.
var reserved struct {
	sync.Mutex
	marks []net.Listener
}

// reserve marks a port as given away, by a name in the abstract namespace of Unix sockets: like ports, those belong to the network
// namespace, and end with their process.
func reserve(port int) bool {
	l, err := net.Listen("unix", fmt.Sprintf("@cardea-port-%d", port))
	if err != nil {
		return false
	}
	reserved.Lock()
	defer reserved.Unlock()
	reserved.marks = append(reserved.marks, l)
	return true
}

// kernels is where the ports begin that the kernel gives to connections (ip_local_port_range): a lower one is taken by no connection
// of a program beside.
func kernels() int {
	b, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	var low int
	if err == nil {
		_, err = fmt.Sscan(string(b), &low)
	}
	if err != nil || low < lowest+1000 || low > usual {
		return usual
	}
	return low
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
