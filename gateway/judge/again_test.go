package judge_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"cardea/gateway/judge"
	"cardea/home"
)

// What was contacted before it was known as malware is found when it becomes known, once for each device and indicator.
func TestThePastIsJudgedAgain(t *testing.T) {
	j := judge.New(judge.Config{Policy: policyOf()}, &pipeline{})
	day := time.Date(2026, 3, 2, 14, 2, 0, 0, time.UTC)
	past := func(device home.DeviceID, name string, change func(*home.Contact)) *home.Contact {
		c := &home.Contact{Device: device, Endpoint: home.Endpoint{Name: name, IP: bad, Port: 443, Proto: "tcp"}, Flows: 2, First: day, Last: day}
		if name != "" {
			c.Endpoint.IP = netip.MustParseAddr("198.18.0.1")
		}
		if change != nil {
			change(c)
		}
		return c
	}
	all := []*home.Contact{
		past("tv", "x.c2.example", nil), past("tv", "y.c2.example", func(c *home.Contact) { c.Last = day.Add(time.Hour) }), past("camera", "", nil),
		past("tv", "x.c2.example", func(c *home.Contact) { c.Lookup = true }), past("tv", "", func(c *home.Contact) { c.Inbound = true }),
		past("tv", "ads.example", nil), past("tv", "www.example.org", nil), past("tv", "shop.family.example", nil),
		past("phone", "c2.example", func(c *home.Contact) { i := malware("c2.example"); c.Listed = &i }),
	}
	hunt := func() *judge.Hunt {
		h := j.Hunt(8)
		for _, c := range all {
			h.Contact(c)
		}
		return h
	}
	if got := hunt().Findings(); len(got) != 0 {
		t.Fatalf("before anything is known: %v", got)
	}
	j.SetIntel(feeds)
	got := hunt().Findings()
	if len(got) != 2 {
		t.Fatalf("%d findings", len(got))
	}
	if f := got[0]; f.Device != "tv" || f.Strength != home.Soft || f.Facts["contacts"] != uint64(4) || len(f.Card.Seen) != 2 || !strings.Contains(f.Sentence, "15:02") {
		t.Errorf("%+v", f)
	}
	if f := got[1]; f.Device != "camera" || f.Symptom.Addrs[0] != bad || f.Card.Blocks[0] != bad.String() {
		t.Errorf("%+v", f)
	}
	h := j.Hunt(1)
	for _, c := range all {
		h.Contact(c)
	}
	if len(h.Findings()) != 1 || h.Left != 1 {
		t.Errorf("%d and %d more", len(h.Findings()), h.Left)
	}
}
