package judge_test

import (
	"net/netip"
	"testing"

	"cardea/gateway/judge"
	"cardea/home"
)

// What the detectors of what is not normal found is looked for again when somebody asks whether it is clean.
func TestSymptomsOfWhatIsNotNormal(t *testing.T) {
	j := judge.New(judge.Config{}, &pipeline{})
	c2 := home.Symptom{Detector: home.DetectBeacon, Proto: home.ProtoTCP, Ports: []uint16{6667}, Addrs: []netip.Addr{bad}}
	named := home.Symptom{Detector: home.DetectNovelty, Proto: home.ProtoTCP, Ports: []uint16{443}, Names: []string{"c2.example"}}
	flow := func(kind home.EventKind, addr string, port uint16, name string) *home.Observation {
		a := netip.MustParseAddr(addr)
		return &home.Observation{Event: &home.Event{Kind: kind, Flow: &home.Flow{Proto: home.ProtoTCP, State: home.FlowNew, Dst: netip.AddrPortFrom(a, port)}},
			Device: camera, Direction: home.Outbound, Far: home.Endpoint{IP: a, Port: port, Name: name}}
	}
	lookup := func(l home.Lookup) *home.Observation {
		return &home.Observation{Event: &home.Event{Kind: home.EventLookup, Lookup: &l, Source: camera.MAC}, Device: camera}
	}
	mapping := &home.Observation{Event: &home.Event{Kind: home.EventMapping, Mapping: &home.Mapping{}}, Device: camera}
	for what, v := range map[string]struct {
		s    home.Symptom
		o    *home.Observation
		want bool
	}{
		"the same server":          {c2, flow(home.EventFlow, bad.String(), 6667, ""), true},
		"dropped by the kernel":    {c2, flow(home.EventDropped, bad.String(), 6667, ""), true},
		"another port":             {c2, flow(home.EventFlow, bad.String(), 443, ""), false},
		"another server":           {c2, flow(home.EventFlow, "203.0.113.1", 6667, ""), false},
		"by its name":              {named, flow(home.EventFlow, "203.0.113.1", 443, "c2.example"), true},
		"asked for":                {named, lookup(home.Lookup{Question: "c2.example"}), true},
		"another name":             {named, lookup(home.Lookup{Question: "www.example"}), false},
		"a name that is none":      {home.Symptom{Detector: home.DetectNames}, lookup(home.Lookup{Question: "x", Answer: true, Rcode: 3}), true},
		"a name that is one":       {home.Symptom{Detector: home.DetectNames}, lookup(home.Lookup{Question: "x", Answer: true}), false},
		"an answer of its own":     {home.Symptom{Detector: home.DetectDNSSpoof}, lookup(home.Lookup{Question: "x", Answer: true}), true},
		"a question":               {home.Symptom{Detector: home.DetectDNSSpoof}, lookup(home.Lookup{Question: "x"}), false},
		"the internet is let in":   {home.Symptom{Detector: home.DetectMapping}, mapping, true},
		"somebody's other symptom": {c2, mapping, false},
	} {
		if got := j.Matches(v.s, v.o); got != v.want {
			t.Errorf("%s: %v", what, got)
		}
	}
}
