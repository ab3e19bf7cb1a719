package report

import (
	"slices"
	"strings"

	"cardea/home"
	"cardea/say"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// In Privacy Mode names and addresses of contacts never leave the gateway. What is told then says that something happened, to which
// device, and what was done; whom it was about stays at home.

// staysHome is said where a sentence named something.
var staysHome = say.New("Privacy Mode is on: whom it was about stays on your gateway.")

// plain are sentences without names, by detector.
var plain = map[home.Detector]say.Pattern{
	home.DetectScanWAN: "It tried many addresses on the internet.", home.DetectScanLAN: "It tried many addresses in your home.",
	home.DetectScanPorts: "It tried many doors of one other device.", home.DetectFlood: "It sent far more than any use of it needs.",
	home.DetectBruteForce: "It tried one password after another.", home.DetectInbound: "It was reached from the internet.",
	home.DetectIndicator: "It contacted an address that is known to be bad.", home.DetectNovelty: "It contacted something that devices like it do not use.",
	home.DetectBeacon: "It calls one address again and again.", home.DetectNames: "It asks for many names that do not exist.",
	home.DetectVolume: "It sent far more than it ever does.", home.DetectUsual: "It did several unusual things at once.",
}

// nameless is the sentence of a detector without names; why says why there are none.
func nameless(detector string, why home.Words) home.Words {
	p, ok := plain[home.Detector(detector)]
	if !ok {
		return say.Sentences(say.New("It did something unusual."), why)
	}
	return say.Sentences(say.New(p), why)
}

// said is a sentence and its words as they leave the home.
func said(w home.Words) (string, *pb.Words) { return say.English(w), wire.Words(w) }

// Unsaid stands where Privacy Mode leaves out what something was about.
const Unsaid = "-"

// Private makes an item fit to leave a home in Privacy Mode; nil: nothing of it does. It changes nothing of what it is given.
func Private(item *pb.Item) *pb.Item { return strip(item, staysHome) }

func strip(item *pb.Item, why home.Words) *pb.Item {
	out := proto.CloneOf(item)
	switch b := out.GetBody().(type) {
	case *pb.Item_Finding:
		f := b.Finding
		f.Sentence, f.Said = said(nameless(f.GetDetector(), why))
		f.Facts, f.Card = []byte("{}"), nil
		f.Symptom = wire.NamelessSymptom(f.GetSymptom())
	case *pb.Item_Incident:
		privateCase(b.Incident, why)
	case *pb.Item_FirstTimes, *pb.Item_Sightings:
		return nil // hashes of names that many know can be guessed
	case *pb.Item_HuntResult:
		b.HuntResult.Hits = nil // which of those looked for was met; the case that was opened is told by its kind
	case *pb.Item_RollUp:
		for _, h := range b.RollUp.GetHours() {
			h.Usage = nil
		}
	case *pb.Item_Stopped:
		for _, s := range b.Stopped.GetStops() {
			s.Endpoint, s.Card = "", namelessCard(s.GetCard())
			s.Reason, s.Said = said(why)
		}
	case *pb.Item_ShadowHits:
		for _, h := range b.ShadowHits.GetHits() {
			if d := home.Difference(h.GetWhat()); !d.Known() || d.Of() != b.ShadowHits.GetBundle() { // in what profiles and models differ names nobody
				h.What = Unsaid
			}
		}
	case *pb.Item_Devices:
		for _, d := range b.Devices.GetDevices() {
			wire.NamelessDevice(d)
		}
	}
	return out
}

// privateCase takes names out of a case. What the gateway itself did is told by its kind.
func privateCase(c *pb.Incident, why home.Words) {
	detector := c.GetSymptom().GetDetector()
	names := slices.Concat(c.GetSymptom().GetNames(), c.GetSymptom().GetAddrs())
	for _, d := range c.GetDeeds() {
		names = append(names, d.GetEndpoint())
	}
	names = slices.DeleteFunc(names, func(n string) bool { return n == "" })
	c.Symptom = wire.NamelessSymptom(c.GetSymptom())
	for _, t := range c.GetHistory() {
		if t.GetBy() == "gateway" && t.GetWhy() != "" {
			t.Why, t.Said = said(nameless(detector, why))
		} else {
			t.Said = nil
		}
		for _, n := range names { // what a person took back is named
			t.Why = strings.ReplaceAll(t.GetWhy(), n, "one address")
		}
	}
	for _, d := range c.GetDeeds() {
		if d.GetEndpoint() != "" {
			d.Endpoint = ""
			d.What, d.Said = said(say.Sentences(say.New("It can no longer reach one address."), why))
		}
	}
	for _, s := range c.GetSteps() {
		if s.GetResult() != "" {
			s.Result, s.Said = said(say.New(map[string]say.Pattern{"passed": "It is done.", "failed": "It is not done yet."}[s.GetState()]))
		}
	}
	if c.GetCheck() != nil {
		c.Check.Sentence, c.Check.Said = said(say.New(map[bool]say.Pattern{true: "Clean: it did not do it again.", false: "Not clean yet."}[c.GetCheck().GetClean()]))
	}
	if c.GetHarm() != nil {
		c.Harm.Sentence, c.Harm.Said = said(say.Sentences(say.New("It no longer does its normal work."), why))
	}
}

// PrivateContact takes out of a contact whom it is with; what it was like stays.
func PrivateContact(c *pb.Contact) {
	if c.GetLocal() {
		return // a neighbour in the home
	}
	c.Name, c.Domain, c.Ip, c.Service, c.Named = "", "", "", nil, ""
	if c.GetReason() != "" {
		c.Reason = say.English(staysHome)
	}
	if c.GetListed() != nil {
		c.Listed.Value = ""
	}
}
