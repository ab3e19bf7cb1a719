package profile

import (
	"net/netip"
	"testing"

	"cardea/behavior/endpoint"
	"cardea/home"
)

var (
	bulb  = Level{Class: home.ClassLight, Vendor: "Lumen", Model: "Lumen A19"}
	cloud = chain("hub.lumen.example", "lumen.example", 443)
	odd   = chain("irc.example.net", "example.net", 6667)
)

func chain(name, domain string, port uint16) endpoint.Chain {
	return endpoint.Of(&home.Endpoint{Name: name, Domain: domain, Port: port, Proto: "tcp", ASN: 64500}, false, false)
}

func TestWhatHomesUseIsNoNews(t *testing.T) {
	c := NewCounts()
	for h := range uint64(40) {
		c.Add(&Use{Level: bulb, Week: 100, Home: h + 1, Network: uint32(h%5) + 1, Active: 7, Ends: []End{{Chain: cloud, Days: 7}}})
	}
	s := c.Build(Options{Now: 100, Version: 3})
	p := s.For(bulb)
	if p.Level() != bulb || p.Homes() != 40 || s.Version() != 3 {
		t.Fatalf("%v, %d homes, version %d", p.Level(), p.Homes(), s.Version())
	}
	if b := p.Bits(&cloud); b > 0.2 {
		t.Errorf("its own cloud is worth %.1f bits", b)
	}
	if b := p.Bits(&odd); b < 8 {
		t.Errorf("an endpoint that nobody uses is worth %.1f bits", b)
	}
	if st, ok := p.Known(&cloud); !ok || st.Homes != 40 || st.Of != 40 {
		t.Errorf("%+v %t", st, ok)
	}
	if st, ok := p.Known(&odd); ok || st.Of != 40 {
		t.Errorf("%+v %t", st, ok)
	}
}

func TestNothingIsNewsWhereNothingIsKnown(t *testing.T) {
	var s *Set
	for _, s := range []*Set{s, NewCounts().Build(Options{})} {
		p := s.For(bulb)
		if p.Pi(&odd) != 1 || p.Bits(&odd) != 0 || p.Homes() != 0 || p.Hour(3) != 1./24 {
			t.Errorf("π %v, %d homes", p.Pi(&odd), p.Homes())
		}
		if _, ok := p.Known(&odd); ok {
			t.Error("known")
		}
	}
}

var home8888 = netip.MustParseAddr("8.8.8.8")
