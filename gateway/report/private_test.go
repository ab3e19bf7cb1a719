package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

const secret = "secret.example"

// What leaves a home in Privacy Mode has no name of a contact in it, whatever is told; what was given is as it was.
func TestPrivacyModeKeepsNamesAtHome(t *testing.T) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	far := home.Endpoint{Name: secret, Domain: secret, Port: 443, Proto: "tcp"}
	words := home.Words{Pattern: "calls {0}", Args: []string{"s" + secret}}
	symptom := home.Symptom{Detector: home.DetectBeacon, Names: []string{secret}}
	f := home.Finding{ID: "f", Device: "d", Time: at, Detector: home.DetectBeacon, Strength: home.Soft, Sentence: "It calls " + secret + ".", Said: words,
		Facts: map[string]any{"name": secret}, Symptom: symptom, Card: &home.Card{Blocks: []string{secret}, Seen: []home.Seen{{Endpoint: far}}, Breaks: secret, Said: words}}
	homes := uint32(4321)
	card := &home.Card{Model: "Example Cam", Homes: &homes, Of: 5000, History: home.History{Days: 9}, Blocks: []string{secret}, Breaks: "It would no longer reach " + secret + ".", Said: words}
	i := home.Incident{ID: "i", Code: "K7QM2", Device: "d", State: home.StateOpen, Symptom: symptom,
		History: []home.Transition{{Time: at, To: home.StateOpen, By: "gateway", Why: f.Sentence, Said: words}, {Time: at, To: home.StateOpen, By: "owner", Why: "It was me."},
			{Time: at, To: home.StateOpen, By: "portal", Why: "Taken back: It can no longer reach " + secret + ".", Said: words}},
		Deeds: []home.Deed{{ID: "e", Kind: home.DeedCut, What: "It can no longer reach " + secret + ".", Said: words, Endpoint: secret}},
		Steps: []home.Step{{ID: "s", State: home.StepFailed, Result: "It called " + secret + ".", Said: words}}, Harm: &home.Harm{Sentence: "It misses " + secret + ".", Said: words}}
	items := map[string]*pb.Item{
		"finding":  {Body: &pb.Item_Finding{Finding: Finding(&f, "i")}},
		"incident": {Body: &pb.Item_Incident{Incident: Incident(&i, home.GradePort, &home.Check{Sentence: "It called " + secret + " again.", Said: words})}},
		"stopped": {Body: &pb.Item_Stopped{Stopped: &pb.Stopped{Stops: []*pb.Stop{{Device: "d", Endpoint: secret, Reason: secret + " is listed.", Said: wire.Words(words), Count: 1,
			Confidence: 90, Card: stopCard(card)}}}}},
		"devices": {Body: &pb.Item_Devices{Devices: &pb.Devices{Devices: []*pb.Device{{Id: "d", Evidence: []string{"asks for " + secret}, KnownBy: []*pb.Words{wire.Words(words)},
			Exposures: []*pb.Exposure{{Evidence: []string{secret}}}, Behind: []*pb.Behind{{Evidence: []string{secret}}}, Aliases: []*pb.Alias{{Why: []string{secret}}},
			Trial: &pb.Trial{Stopped: []string{secret}, Stops: 1}}}}}},
		"roll-up":     {Body: &pb.Item_RollUp{RollUp: &pb.RollUp{Hours: []*pb.DeviceHour{{Device: "d", Up: 1, Usage: []*pb.Usage{{Endpoint: 7}}}}}}},
		"first times": {Body: &pb.Item_FirstTimes{FirstTimes: &pb.FirstTimes{FirstTimes: []*pb.FirstTime{{Device: "d", Endpoint: 7, Name: secret}}}}},
		"sightings":   {Body: &pb.Item_Sightings{Sightings: &pb.Sightings{Devices: []*pb.Sighted{{Tokens: []*pb.Token{{Text: secret}}}}}}},
		"shadow hits": {Body: &pb.Item_ShadowHits{ShadowHits: &pb.ShadowHits{Hits: []*pb.ShadowHit{{Device: "d", What: secret}}}}},
		"hunt":        {Body: &pb.Item_HuntResult{HuntResult: &pb.HuntResult{Hits: []*pb.HuntHit{{Device: "d", Incident: secret}}}}},
		"result":      {Body: &pb.Item_OrderResult{OrderResult: &pb.OrderResult{Id: "o", InForce: true}}},
	}
	for what, item := range items {
		before := proto.CloneOf(item)
		out := Private(item)
		if !proto.Equal(item, before) {
			t.Errorf("%s: what was given has changed", what)
		}
		if out == nil {
			if what != "first times" && what != "sightings" {
				t.Errorf("%s is not told at all", what)
			}
			continue
		}
		b, err := proto.Marshal(out)
		if err != nil || bytes.Contains(b, []byte(secret)) {
			t.Errorf("%s: %v %v", what, out, err)
		}
		if h := out.GetRollUp().GetHours(); len(h) > 0 && (len(h[0].GetUsage()) > 0 || h[0].GetUp() != 1) {
			t.Errorf("roll-up: %v", h)
		}
	}
	if c := string(Private(items["stopped"]).GetStopped().GetStops()[0].GetCard()); strings.Contains(c, "4321") || !strings.Contains(c, "Example Cam") || !strings.Contains(c, `"days":9`) {
		t.Errorf("the card of what was stopped: %s", c)
	}
	if why := Private(items["incident"]).GetIncident().GetHistory()[1].GetWhy(); why != "It was me." {
		t.Errorf("a person's own words are %q", why)
	}
	k := Contact(&home.Contact{Device: "d", Endpoint: far, Flows: 3, Verdict: home.Verdict{Action: home.Block, Reason: secret, Listed: &home.Indicator{Value: secret},
		Service: &home.Service{Name: secret}}, First: at, Last: at})
	PrivateContact(k)
	b, err := proto.Marshal(k)
	if err != nil || bytes.Contains(b, []byte(secret)) || k.GetFlows() != 3 {
		t.Errorf("%v %v", k, err)
	}
	n := Nameless(&home.Contact{Device: "d", Endpoint: far, Flows: 3})
	if n.Endpoint.Name != "" || n.Endpoint.Domain != "" || n.Endpoint.IP.IsValid() || n.Flows != 3 {
		t.Errorf("%+v", n)
	}
	neighbour := home.Contact{Device: "d", Local: true, Peer: "p", Endpoint: home.Endpoint{Name: "tv.local"}}
	if Nameless(&neighbour).Endpoint.Name != "tv.local" {
		t.Error("a neighbour lost its name")
	}
}
