package report

import (
	"bytes"
	"testing"

	"cardea/home"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// Of a guest's device nothing that is told names whom it was about; what is told of others goes as it is, the same item even.
func TestNothingToldOfGuestsNamesAnybody(t *testing.T) {
	symptom := &pb.Symptom{Detector: "novelty", Names: []string{secret}}
	of := func(device string) map[string]*pb.Item {
		return map[string]*pb.Item{
			"finding":     {Body: &pb.Item_Finding{Finding: &pb.Finding{Device: device, Detector: "novelty", Sentence: "It called " + secret, Facts: []byte(secret), Card: []byte(secret), Symptom: symptom}}},
			"incident":    {Body: &pb.Item_Incident{Incident: &pb.Incident{Device: device, Symptom: symptom, Deeds: []*pb.Deed{{What: secret, Endpoint: secret}}}}},
			"first times": {Body: &pb.Item_FirstTimes{FirstTimes: &pb.FirstTimes{FirstTimes: []*pb.FirstTime{{Device: device, Name: secret}, {Device: "camera"}}}}},
			"sightings":   {Body: &pb.Item_Sightings{Sightings: &pb.Sightings{Devices: []*pb.Sighted{{Device: device, Tokens: []*pb.Token{{Text: secret}}}}}}},
			"shadow hits": {Body: &pb.Item_ShadowHits{ShadowHits: &pb.ShadowHits{Hits: []*pb.ShadowHit{{Device: device, What: secret}, {Device: "camera"}}}}},
			"hunt result": {Body: &pb.Item_HuntResult{HuntResult: &pb.HuntResult{Hits: []*pb.HuntHit{{Device: device, Incident: secret}, {Device: "camera"}}}}},
		}
	}
	guest := func(id home.DeviceID) bool { return id == "phone" }
	for what, item := range of("phone") {
		before := proto.CloneOf(item)
		out := WithoutGuests(item, guest)
		b, err := proto.Marshal(out)
		if err != nil || bytes.Contains(b, []byte(secret)) {
			t.Errorf("%s: %v %v", what, out, err)
		}
		if !proto.Equal(item, before) {
			t.Errorf("%s: what was given has changed", what)
		}
		if (out == nil) != (what == "sightings") {
			t.Errorf("%s is told as %v", what, out)
		}
		if h := out.GetHuntResult(); h != nil && (len(h.GetHits()) != 1 || h.GetHits()[0].GetDevice() != "camera") {
			t.Errorf("it is told which of those looked for it met: %v", h)
		}
		if f := out.GetFinding(); f != nil && f.GetSentence() != "It contacted something that devices like it do not use. "+GuestsHome {
			t.Errorf("it says %q", f.GetSentence())
		}
	}
	for what, item := range of("lamp") {
		if WithoutGuests(item, guest) != item {
			t.Errorf("%s of another device is not told as it is", what)
		}
	}
}

// A finding about a guest keeps what it takes to cut off what it is about, and to know when the device is clean.
func TestAFindingAboutAGuest(t *testing.T) {
	f := home.Finding{Detector: home.DetectBeacon, Sentence: "It calls " + secret, Facts: map[string]any{"name": secret}, Symptom: home.Symptom{Names: []string{secret}},
		Card: &home.Card{Blocks: []string{secret}, Seen: []home.Seen{{Endpoint: home.Endpoint{Name: secret}}}, Breaks: secret}}
	card := f.Card
	OfGuest(&f)
	if f.Sentence != "It calls one address again and again. "+GuestsHome || len(f.Facts) != 0 || len(f.Card.Seen) != 0 || f.Card.Breaks != "" {
		t.Errorf("%+v %+v", f, f.Card)
	}
	if len(f.Symptom.Names) != 1 || len(f.Card.Blocks) != 1 || card.Breaks == "" {
		t.Errorf("it cannot be acted upon: %+v %+v", f, f.Card)
	}
}
