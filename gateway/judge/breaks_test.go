package judge_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"cardea/gateway/judge"
	"cardea/home"
)

type catalogue map[string]home.Service

func (c catalogue) Service(e *home.Endpoint) (home.Service, bool) { s, ok := c[e.Name]; return s, ok }

// What would stop is told from the service, from its model's homes and from its own days; what is not known is not made up.
func TestBreaks(t *testing.T) {
	n := func(x uint32) *uint32 { return &x }
	known := catalogue{"updates.example": {Name: "Example updates", Company: "Example", Purpose: "software updates"}}
	for _, v := range []struct {
		name string
		card home.Card
		want string
	}{
		{"hard evidence", home.Card{Blocks: []string{"*"}}, "The whole device: nothing that it does over the network would work."},
		{"nothing is blocked", home.Card{Homes: n(0), Of: 30}, ""},
		{"nobody with its model uses it", home.Card{Blocks: []string{"c2.example"}, Homes: n(0), Of: 30}, "Nothing that this model usually does."},
		{"few do: how many is not told", home.Card{Blocks: []string{"x.example"}, Homes: n(19), Of: 30}, "Some homes with this model use it, so a feature may stop."},
		{"most do", home.Card{Blocks: []string{"x.example"}, Homes: n(300), Of: 500}, "Most homes with this model use it, so part of what it does would stop."},
		{"its own habit", home.Card{Blocks: []string{"x.example"}, Homes: n(0), Of: 30, History: home.History{Before: 12}}, "It was used on 12 days before, and whatever that was for would stop."},
		{"a model that nobody knows, long watched", home.Card{Blocks: []string{"x.example"}, History: home.History{Days: 9}}, "Nothing that this device did before."},
		{"a device of today", home.Card{Blocks: []string{"x.example"}, History: home.History{Days: 1}}, ""},
		{"a service that is known", home.Card{Blocks: []string{"updates.example"}, Homes: n(400), Of: 500},
			"It would no longer reach Example updates (software updates). Most homes with this model use it, so part of what it does would stop."},
		{"an address", home.Card{Blocks: []string{"203.0.113.9"}, Homes: n(0), Of: 40}, "Nothing that this model usually does."},
	} {
		j := judge.New(judge.Config{Services: known}, nil)
		f := home.Finding{Card: &v.card}
		j.Card(&f, slices.Values([]home.Contact(nil)))
		if f.Card.Breaks != v.want {
			t.Errorf("%s: %q, want %q", v.name, f.Card.Breaks, v.want)
		}
	}
}

// Of what was refused it is told what that cuts and breaks. Where the device may have been refused each time before, its tries are no use.
func TestCardOfWhatWasRefused(t *testing.T) {
	known := catalogue{"updates.example": {Name: "Example updates", Company: "Example"}}
	j := judge.New(judge.Config{Services: known}, nil)
	cam := &home.Device{ID: "camera"}
	at := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	far := home.Endpoint{IP: netip.MustParseAddr("203.0.113.9"), Port: 4444, Proto: "tcp"}
	flow := func() *home.Observation {
		return &home.Observation{Event: &home.Event{Kind: home.EventFlow, Time: at, Flow: &home.Flow{ID: uint64(at.Unix()) * 2, State: home.FlowNew, Proto: home.ProtoTCP,
			Src: netip.MustParseAddrPort("192.168.1.9:40000"), Dst: netip.AddrPortFrom(far.IP, far.Port)}}, Device: cam, Proven: true, Direction: home.Outbound, Far: far}
	}
	for range 6 {
		j.Observe(flow())
		at = at.Add(24 * time.Hour)
	}
	j.Observe(flow())
	if c := j.Refused(flow()); c.History.Before != 6 || !slices.Equal(c.Blocks, []string{"203.0.113.9"}) || c.Breaks != "" {
		t.Errorf("an address that it tries each day: %+v", c)
	}
	asks := &home.Observation{Event: &home.Event{Kind: home.EventLookup, Time: at, Lookup: &home.Lookup{Question: "updates.example", Blocked: true}}, Device: cam}
	if c := j.Refused(asks); !slices.Equal(c.Blocks, []string{"updates.example"}) || c.Breaks != "It would no longer reach Example updates. Nothing that this device did before." || c.Said.Pattern == "" {
		t.Errorf("a name: %+v", c)
	}
	named := flow()
	named.Kind, named.Name = home.EventName, &home.Name{Flow: *named.Flow, Host: "c2.example"}
	if c := j.Refused(named); !slices.Equal(c.Blocks, []string{"c2.example"}) {
		t.Errorf("the name in a first packet: %+v", c)
	}
	named.Device = nil
	if c := j.Refused(named); c == nil || c.Model != "" || !c.History.Since.IsZero() {
		t.Errorf("of nobody: %+v", c)
	}
}
