package usual

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"cardea/home"
)

// Evidence knows a name by its domain as the device's memory does, on the ports that such names are used by, and the try of today is no
// day before.
func TestCardKnowsWhatTheDeviceDidBefore(t *testing.T) {
	s := newScene(t, lamp)
	s.d.cfg.Domain = func(name string) string { return strings.TrimPrefix(name, "api.") }
	own := named("mqtt.example.com", "example.com", 8883)
	for range 5 {
		s.calls(own)
		s.waits(24 * time.Hour)
	}
	s.calls(own) // the sixth day
	s.calls(at("203.0.113.66", 6667, "tcp"))
	for what, c := range map[string]struct {
		symptom home.Symptom
		before  uint32
	}{
		"another host of a domain that it uses": {home.Symptom{Names: []string{"api.example.com"}}, 5},
		"on that port":                          {home.Symptom{Names: []string{"api.example.com"}, Ports: []uint16{8883}, Proto: home.ProtoTCP}, 5},
		"on another":                            {home.Symptom{Names: []string{"api.example.com"}, Ports: []uint16{25}, Proto: home.ProtoTCP}, 0},
		"another domain":                        {home.Symptom{Names: []string{"api.example.org"}}, 0},
		"what it tries today for the first time": {home.Symptom{Addrs: []netip.Addr{netip.MustParseAddr("203.0.113.66")}, Ports: []uint16{6667},
			Proto: home.ProtoTCP}, 0},
	} {
		if got := s.d.Card(s.dev, &c.symptom); got.History.Before != c.before || !strings.HasSuffix(got.Model, "Example Lamp") || got.Of != 30 {
			t.Errorf("%s: %+v, want %d days before", what, got, c.before)
		}
	}
	api := home.Symptom{Names: []string{"api.example.com"}}
	if got := s.d.Card(s.dev, &api); got.Homes == nil || *got.Homes != 30 {
		t.Errorf("homes with its model: %v", got.Homes)
	}
}
