// Package dnstest runs DNS servers on loopback for the tests of resolve and its parts. It imports nothing of ours.
package dnstest

import (
	"net"
	"net/netip"
	"testing"

	"github.com/miekg/dns"
)

// Listen opens UDP and TCP on one port of loopback. Who serves them closes them.
func Listen(t *testing.T) (net.PacketConn, net.Listener, netip.AddrPort) {
	t.Helper()
	for tries := 0; ; tries++ {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		at := l.Addr().(*net.TCPAddr).AddrPort()
		pc, err := net.ListenPacket("udp", at.String())
		if err == nil {
			return pc, l, at
		}
		l.Close()
		if tries == 100 { // what is free of the one may be taken of the other, again and again on a busy machine
			t.Fatal(err)
		}
	}
}

// Serve runs a server until the test ends; when it returns, the server answers.
func Serve(t *testing.T, s *dns.Server, h dns.HandlerFunc) {
	t.Helper()
	s.Handler = h
	up, done := make(chan struct{}), make(chan error, 1)
	s.NotifyStartedFunc = func() { close(up) }
	go func() { done <- s.ActivateAndServe() }()
	select {
	case <-up:
	case err := <-done:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
