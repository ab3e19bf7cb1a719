package judge_test

import (
	"net/netip"
	"strings"
	"testing"

	"cardea/gateway/judge"
	"cardea/home"
	"cardea/intel"
)

func adultJudge(t *testing.T, p judge.Policy) (*judge.Judge, *pipeline) {
	t.Helper()
	b := intel.NewBuilder()
	for class, text := range map[home.Class]string{
		home.ClassAdult:  "||red.example^\n||own.example^\n||time.apple.com^\n||blind.example^\n203.0.113.9\n",
		home.ClassBypass: "||blind.example^\n", home.ClassMalware: "||c2.red.example^\n", intel.ClassAllow: "||shop.red.example^\n",
	} {
		if _, err := intel.Read(strings.NewReader(text), intel.List{Source: "list", Class: class}, b.Add); err != nil {
			t.Fatal(err)
		}
	}
	sink := &pipeline{}
	return judge.New(judge.Config{Intel: b.Build(), Policy: p, Level: func(id home.DeviceID) home.Level {
		if id == "child" {
			return home.LevelFamily
		}
		return ""
	}}, sink), sink
}

// Names of class adult are refused to a device whose person's level says so, in look-ups only; what people said comes first.
func TestAdultNames(t *testing.T) {
	j, _ := adultJudge(t, judge.Policy{Rules: judge.Rules{Allow: []string{"own.example"}}})
	child, adult := &home.Device{ID: "child"}, &home.Device{ID: "adult"}
	for _, v := range []struct {
		device *home.Device
		name   string
		want   home.Action
		class  home.Class
	}{
		{child, "www.red.example", home.Block, home.ClassAdult},
		{adult, "www.red.example", home.Allow, ""},
		{nil, "www.red.example", home.Allow, ""},
		{child, "own.example", home.Allow, ""},                // the home's own list wins
		{child, "shop.red.example", home.Allow, ""},           // and the list of exceptions
		{child, "time.apple.com", home.Allow, ""},             // and the guard
		{child, "blind.example", home.Block, home.ClassAdult}, // what is only watched is refused all the same
		{adult, "blind.example", home.Watch, home.ClassBypass},
		{adult, "c2.red.example", home.Block, home.ClassMalware}, // malware below it is malware to everybody
		{child, "c2.red.example", home.Block, home.ClassMalware},
		{child, "www.example.org", home.Allow, ""},
	} {
		got := j.Name(v.device, v.name)
		var class home.Class
		if got.Listed != nil {
			class = got.Listed.Class
		}
		if got.Action != v.want || class != v.class || got.Reason == "" {
			t.Errorf("%v %s: %s %q %s", v.device, v.name, got.Action, class, got.Reason)
		}
	}
	addr := []netip.Addr{netip.MustParseAddr("203.0.113.9")}
	if v := j.Answer(child, "cdn.example.org", []string{"www.red.example"}, nil); v.Action != home.Block {
		t.Errorf("an alias leads there: %+v", v)
	}
	if v := j.Answer(child, "cdn.example.org", nil, addr); v.Action != home.Allow {
		t.Errorf("an address is refused: %+v", v)
	}
	if v := j.Answer(adult, "cdn.example.org", []string{"www.red.example"}, addr); v.Action != home.Allow || v.Listed != nil {
		t.Errorf("%+v", v)
	}
	if !j.Shields("child") || j.Shields("adult") || j.Shields("") {
		t.Error("Shields")
	}
	if j.SetIntel(nil); j.Shields("child") {
		t.Error("without lists nothing is refused")
	}
}

// A contact with such a name is nothing: not listed, no finding, not now and not in the past.
func TestAdultContactsAreNobodysBusiness(t *testing.T) {
	j, sink := adultJudge(t, judge.Policy{})
	for _, id := range []home.DeviceID{"child", "adult"} {
		c := &home.Contact{Device: id, Flows: 3, Endpoint: home.Endpoint{Name: "www.red.example", IP: netip.MustParseAddr("203.0.113.9"), Port: 443}}
		if f := j.Again(c); f != nil {
			t.Errorf("a finding of the past: %+v", f)
		}
		if j.Contact(c); c.Listed != nil || c.Action != home.Allow || strings.Contains(c.Reason, "adult") {
			t.Errorf("%+v", c.Verdict)
		}
		j.Observe(&home.Observation{Event: &home.Event{Kind: home.EventName, Name: &home.Name{Host: "www.red.example"}}, Device: &home.Device{ID: id}})
	}
	if len(sink.findings) > 0 {
		t.Errorf("%+v", sink.findings)
	}
}
