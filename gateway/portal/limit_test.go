package portal

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"testing"

	"cardea/home"
)

func TestOneDeviceCannotTakeAllConnections(t *testing.T) {
	table := &conns{of: map[netip.Addr]int{}}
	bot, phone := netip.MustParseAddr("192.168.1.20"), netip.MustParseAddr("192.168.1.30")
	for range 100 {
		table.enter(bot)
	}
	if table.all != maxOfOne {
		t.Errorf("%d connections of one device", table.all)
	}
	if !table.enter(phone) {
		t.Error("another device is turned away")
	}
	for range maxOfOne {
		table.leave(bot)
	}
	table.leave(phone)
	if table.all != 0 || len(table.of) != 0 {
		t.Errorf("%d connections of %d devices are left", table.all, len(table.of))
	}
}

// On a socket of this machine: more connections than allowed are closed, and a closed one makes room.
func TestTheListenerKeepsToTheBound(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer inner.Close()
	l := limited{inner, &conns{of: map[netip.Addr]int{}}}
	got := make(chan net.Conn, 2*maxOfOne)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			got <- c
		}
	}()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	var first net.Conn
	for range maxOfOne {
		dial()
		first = <-got
	}
	if n, err := dial().Read(make([]byte, 1)); err == nil {
		t.Errorf("one connection too many was served %d bytes", n)
	}
	first.Close()
	first.Close() // as net/http may
	dial()
	<-got
}

// At boot an address is not there yet, or tentative.
func TestThePortalWaitsForNoAddress(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, a := range []string{"192.0.2.1:0", "[2001:db8::1]:0"} {
		p := New(Config{Listen: []netip.AddrPort{netip.MustParseAddrPort(a)}}, contained(), slog.New(slog.DiscardHandler))
		l, err := (&net.ListenConfig{Control: early}).Listen(context.Background(), "tcp", a)
		if err != nil {
			t.Errorf("%s: %v", a, err)
			continue
		}
		l.Close()
		_ = p.Run(ctx) // returns
	}
}

// A contained device that uses an address which its list has not (its link-local one) is still the contained device.
func TestTheContainedDeviceIsKnownByEveryAddress(t *testing.T) {
	fk := contained()
	p := newPortal(fk)
	other := netip.MustParseAddr("fe80::1234")
	if p.visit(other).self {
		t.Fatal("nobody knows whose the address is")
	}
	p.cfg.Owner = func(a netip.Addr) home.DeviceID {
		if a == other {
			return "d"
		}
		return ""
	}
	if v := p.visit(other); !v.self || !v.suspect || v.own.Incident.ID != "i" {
		t.Error("it passes for another device at home, and could ask for its release without the code")
	}
}
