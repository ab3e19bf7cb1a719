package report

import (
	"slices"

	"cardea/home"
	"cardea/say"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// Of a guest's device it is kept nowhere by name whom it talks to, also not at home. What is told of it says what happened, and what was
// done.

// guestsHome is said where a sentence named something.
var guestsHome = say.New("It is a guest's device: whom it was about is not kept.")

// GuestsHome is the same in English.
var GuestsHome = say.English(guestsHome)

// Nameless is a contact as it is kept of a guest: what it was like, not with whom.
func Nameless(c *home.Contact) *home.Contact {
	out := *c
	if !c.Local {
		out.Endpoint = home.Endpoint{Port: c.Endpoint.Port, Proto: c.Endpoint.Proto}
		out.Named, out.Service, out.Listed, out.Reason = "", nil, nil, ""
	}
	return &out
}

// OfGuest takes out of a finding about a guest's device what names whom it was about. What it takes to cut that off (Card.Blocks) and to
// know when the device is clean (Symptom) stays.
func OfGuest(f *home.Finding) {
	f.Said = nameless(string(f.Detector), guestsHome)
	f.Sentence, f.Facts = say.English(f.Said), map[string]any{}
	if f.Card != nil {
		k := *f.Card
		k.Seen, k.Breaks, k.Said = nil, "", home.Words{}
		f.Card = &k
	}
}

// WithoutGuests is an item as it may leave the home, by which devices are guests'; nil: nothing of it may. It changes nothing of what it
// is given, and gives that back when it is about no guest.
func WithoutGuests(item *pb.Item, guest func(home.DeviceID) bool) *pb.Item {
	is := func(id string) bool { return id != "" && guest(home.DeviceID(id)) }
	switch b := item.GetBody().(type) {
	case *pb.Item_Finding:
		if is(b.Finding.GetDevice()) {
			return strip(item, guestsHome)
		}
	case *pb.Item_Incident:
		if is(b.Incident.GetDevice()) {
			return strip(item, guestsHome)
		}
	case *pb.Item_FirstTimes:
		if !slices.ContainsFunc(b.FirstTimes.GetFirstTimes(), func(f *pb.FirstTime) bool { return is(f.GetDevice()) }) {
			return item
		}
		out := proto.CloneOf(item)
		m := out.GetFirstTimes()
		m.FirstTimes = slices.DeleteFunc(m.GetFirstTimes(), func(f *pb.FirstTime) bool { return is(f.GetDevice()) })
		return unless(len(m.GetFirstTimes()) == 0, out)
	case *pb.Item_Sightings:
		if !slices.ContainsFunc(b.Sightings.GetDevices(), func(d *pb.Sighted) bool { return is(d.GetDevice()) }) {
			return item
		}
		out := proto.CloneOf(item)
		m := out.GetSightings()
		m.Devices = slices.DeleteFunc(m.GetDevices(), func(d *pb.Sighted) bool { return is(d.GetDevice()) })
		return unless(len(m.GetDevices()) == 0, out)
	case *pb.Item_ShadowHits:
		if !slices.ContainsFunc(b.ShadowHits.GetHits(), func(h *pb.ShadowHit) bool { return is(h.GetDevice()) }) {
			return item
		}
		out := proto.CloneOf(item)
		m := out.GetShadowHits()
		m.Hits = slices.DeleteFunc(m.GetHits(), func(h *pb.ShadowHit) bool { return is(h.GetDevice()) })
		return unless(len(m.GetHits()) == 0, out)
	case *pb.Item_HuntResult: // which of those looked for was met; that the home has answered is told
		if !slices.ContainsFunc(b.HuntResult.GetHits(), func(h *pb.HuntHit) bool { return is(h.GetDevice()) }) {
			return item
		}
		out := proto.CloneOf(item)
		m := out.GetHuntResult()
		m.Hits = slices.DeleteFunc(m.GetHits(), func(h *pb.HuntHit) bool { return is(h.GetDevice()) })
		return out
	}
	return item
}

func unless(empty bool, item *pb.Item) *pb.Item {
	if empty {
		return nil
	}
	return item
}
