package report

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"cardea/home"
	"cardea/say"
	"cardea/wire"
	"cardea/wire/pb"
)

// maxStops bounds what is told at once; what does not fit is counted under its class, without an endpoint.
const maxStops = 128

// OwnerClass stands where a list's class would stand when the owner blocked something.
const OwnerClass = "owner"

type stopOf struct {
	device                  home.DeviceID
	endpoint, class, source string
}

// Stops sums up what was refused. It is used under its owner's lock.
type Stops struct {
	stops    map[stopOf]*pb.Stop
	trackers uint64
}

// Add notes that something was refused, and why. Trackers, and names that a person's level refuses, are counted together and only counted: what a
// person reads is nobody's business. card is asked for the evidence once for each that is told; nil: there is none to tell.
func (s *Stops) Add(device home.DeviceID, endpoint string, v *home.Verdict, at time.Time, card func() *home.Card) {
	k := stopOf{device: device, endpoint: endpoint, class: OwnerClass}
	family, sure := "", uint8(0)
	if v.Listed != nil {
		if v.Listed.Class == home.ClassTracking || v.Listed.Class == home.ClassAdult {
			s.trackers++
			return
		}
		k.class, k.source, family, sure = string(v.Listed.Class), v.Listed.Source, v.Listed.Family, v.Listed.Confidence
	}
	if s.stops == nil {
		s.stops = map[stopOf]*pb.Stop{}
	}
	if s.stops[k] == nil && len(s.stops) >= maxStops {
		k = stopOf{class: k.class}
		family, sure, card = "", 0, nil
	}
	p := s.stops[k]
	if p == nil {
		k.endpoint = strings.Clone(k.endpoint) // a look-up's is the resolver's, which writes the next one over it
		p = &pb.Stop{Device: string(k.device), Endpoint: Text(k.endpoint, home.MaxName), Class: k.class, Family: Text(family, maxName),
			Source: Text(k.source, maxName), Confidence: uint32(sure), First: Millis(at)}
		if card != nil {
			p.Card = stopCard(card())
		}
		if k.device == "" {
			p.Reason = "Too much was refused at once to tell it one by one."
		} else {
			p.Reason = Text(v.Reason, maxText)
		}
		p.Said = wire.Words(say.Read(p.GetReason(), reasons...))
		s.stops[k] = p
	}
	p.Count++
	p.Last = max(p.Last, Millis(at))
}

// Lifted notes that what a list names is refused to a device no more, since it did not do its work by it. Of trackers it is told as well: this is
// what a device needs, and not what a person reads.
func (s *Stops) Lifted(device home.DeviceID, endpoint string, list *home.Indicator, at time.Time) {
	said := say.New("Without {0} this device no longer did its normal work, so it reaches it again. It is on list {1}.", say.Text(endpoint), say.Text(list.Source))
	if s.stops == nil {
		s.stops = map[stopOf]*pb.Stop{}
	}
	k := stopOf{device: device, endpoint: endpoint, class: string(list.Class), source: list.Source}
	p := s.stops[k]
	if p == nil {
		p = &pb.Stop{Device: string(device), Endpoint: Text(endpoint, home.MaxName), Class: k.class, Family: Text(list.Family, maxName), Source: Text(list.Source, maxName), First: Millis(at)}
		s.stops[k] = p
	}
	p.Reason, p.Said = Text(say.English(said), maxText), wire.Words(said)
	p.Confidence, p.Card = uint32(list.Confidence), nil // nothing is cut any more
	p.Count++
	p.Last = max(p.Last, Millis(at))
}

// maxBreaks bounds what a card says that would stop working, in bytes.
const maxBreaks = 300

// stopCard is the card as it goes up, within wire.MaxCard: what it takes too many bytes to say is left out.
func stopCard(c *home.Card) []byte {
	if c == nil {
		return nil
	}
	k := home.Card{Model: Text(c.Model, maxName), Homes: c.Homes, Of: c.Of, History: c.History, Numbers: []home.Number{}, Seen: []home.Seen{}, Blocks: []string{},
		Breaks: Text(c.Breaks, maxBreaks), Said: c.Said}
	for _, b := range c.Blocks[:min(len(c.Blocks), 1)] {
		k.Blocks = append(k.Blocks, Text(b, home.MaxName))
	}
	for _, shorten := range []func(){func() {}, func() { k.Breaks, k.Said = "", home.Words{} }, func() { k.Blocks = []string{} }} {
		shorten()
		if b, err := json.Marshal(&k); err == nil && len(b) <= wire.MaxCard {
			return b
		}
	}
	return nil
}

// namelessCard is a card without whom it is about. The number of homes goes as well: so few endpoints share one that it would be a name.
func namelessCard(b []byte) []byte {
	var c home.Card
	if len(b) == 0 || json.Unmarshal(b, &c) != nil {
		return nil
	}
	c.Homes, c.Blocks, c.Breaks, c.Said = nil, nil, "", home.Words{}
	return stopCard(&c)
}

// Take empties it; nil when nothing was refused.
func (s *Stops) Take() (list []*pb.Stopped) {
	if !s.Waiting() {
		return nil
	}
	var stops []*pb.Stop
	for _, p := range s.stops {
		stops = append(stops, p)
	}
	slices.SortFunc(stops, func(a, b *pb.Stop) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Device, b.Device), cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Class, b.Class))
	})
	const each = 16 // of at most 3 KiB
	for part := range slices.Chunk(stops, each) {
		list = append(list, &pb.Stopped{Stops: part})
	}
	if len(list) == 0 {
		list = append(list, &pb.Stopped{})
	}
	list[0].Trackers = s.trackers
	s.stops, s.trackers = nil, 0
	return list
}

// Waiting says whether there is anything to tell.
func (s *Stops) Waiting() bool { return len(s.stops) > 0 || s.trackers > 0 }

// Forget drops what was noted of a device and not taken yet; "" of all.
func (s *Stops) Forget(id home.DeviceID) {
	maps.DeleteFunc(s.stops, func(k stopOf, _ *pb.Stop) bool { return id == "" || k.device == id })
	if id == "" {
		s.trackers = 0
	}
}

// reasons are the sentences of verdicts that refuse.
var reasons = []say.Pattern{
	"{0} is on list {1} as {2} ({3}). The entry is {4}.", "{0} is on list {1} as {2}. The entry is {3}.", "{0} is on list {1} as {2} ({3}).", "{0} is on list {1} as {2}.",
	"The name {0} is blocked by the home's own list ({1}).", "The name {0} is blocked by this device's own list ({1}).",
	"The address {0} is blocked by the home's own list ({1}).", "The address {0} is blocked by this device's own list ({1}).",
	"Since you blocked {0}, this device no longer does its normal work.",
}
