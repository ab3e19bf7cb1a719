package upstream

import (
	"context"
	"net/netip"
	"testing"

	"cardea/gateway/resolve/dnstest"

	"github.com/miekg/dns"
)

// The times of answers are kept until somebody takes them, the last ones only; another server is asked first where that is wanted.
func TestTimesAndTurn(t *testing.T) {
	server := func() netip.AddrPort {
		pc, _, at := dnstest.Listen(t)
		dnstest.Serve(t, &dns.Server{PacketConn: pc}, echo)
		return at
	}
	one, two := server(), server()
	p := run(t, Config{Servers: []Server{plainAt(one), plainAt(two)}})
	for range maxTimes + 3 {
		first(t, p, "a.example")
	}
	list := p.Times()
	if len(list) != maxTimes || len(p.Times()) != 0 {
		t.Fatalf("%d times", len(list))
	}
	for _, one := range list {
		if one.Lost || one.Took <= 0 {
			t.Errorf("%+v", one)
		}
	}
	if !p.Turn(1) || p.Turn(-1) {
		t.Fatal("turn")
	}
	before := p.Health()
	first(t, p, "b.example")
	if err := p.Measure(context.Background()); err != nil {
		t.Fatal(err)
	}
	after := p.Health()
	if after[1].Answered != before[1].Answered+1 || after[0].Asked != before[0].Asked || len(p.Times()) != 2 {
		t.Errorf("before %+v, after %+v", before, after)
	}
	p.Turn(0)
	first(t, p, "c.example")
	if p.Health()[0].Answered != before[0].Answered+1 {
		t.Error("the first one is not asked again")
	}
	alone := run(t, Config{Servers: []Server{plainAt(one)}})
	if alone.Turn(1) || !alone.Turn(0) {
		t.Error("there is no other one")
	}
}
