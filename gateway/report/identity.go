package report

import (
	"cmp"
	"math"
	"time"

	"cardea/home"
	"cardea/say"
	"cardea/wire"
	"cardea/wire/pb"
)

// Bounds of what is told of who a device is.
const (
	maxEvidence  = 5
	maxWords     = 120 // bytes of one piece of evidence
	maxExposures = 16  // of a device
	maxBehind    = 16
	maxAliases   = 16
	maxProtected = 16
	maxSentence  = 300
)

// Who is what the home knows of a device beside the device itself.
type Who struct {
	Strictest   home.DeviceClass // by which it is judged
	Exposures   []home.Exposure  // the most important first
	Behind      []Behind
	Aliases     []Alias
	Protections []Protection
}

// Behind is a device that speaks by another's network interface.
type Behind struct {
	Device home.DeviceID // "" when it has no id of its own
	Name   string        // untrusted text
	home.Identity
}

// Alias is a device that is the same as another, or may be.
type Alias struct {
	Device     home.DeviceID // the id it had
	MACs       []home.MAC
	Merged     time.Time // zero while it is proposed only
	Confidence float64
	Why        []string
	By         string // gateway, owner
	Proposed   bool
}

// Protection is what its owner asked for against an exposure.
type Protection struct {
	Kind home.Protection
	home.PortRule
}

// identify adds to a message who the device is.
func identify(out *pb.Device, d *home.Device, w *Who) {
	out.Model, out.Class, out.Confidence = Text(d.Model, maxName), Text(string(d.Class), maxName), share(d.Confidence)
	out.Evidence, out.IdentifiedBy = words(d.Evidence, maxEvidence), Text(d.By, 16)
	out.KnownBy = knownBy(out.Evidence)
	out.Maker, out.Strictest = Text(d.Maker, maxName), Text(string(w.Strictest), maxName)
	for i := range w.Exposures[:min(len(w.Exposures), maxExposures)] {
		out.Exposures = append(out.Exposures, exposure(&w.Exposures[i]))
	}
	for i := range w.Behind[:min(len(w.Behind), maxBehind)] {
		b := &w.Behind[i]
		out.Behind = append(out.Behind, &pb.Behind{Device: string(b.Device), Name: Text(b.Name, maxName), Model: Text(b.Model, maxName),
			Vendor: Text(b.Vendor, maxName), Class: Text(string(b.Class), maxName), Evidence: words(b.Evidence, 2), KnownBy: knownBy(words(b.Evidence, 2))})
	}
	for i := range w.Aliases[:min(len(w.Aliases), maxAliases)] {
		out.Aliases = append(out.Aliases, alias(&w.Aliases[i]))
	}
	for _, p := range w.Protections[:min(len(w.Protections), maxProtected)] {
		out.Protections = append(out.Protections, &pb.Protection{Kind: string(p.Kind), Proto: protoName(p.Proto), Port: uint32(p.Port)})
	}
}

// exposure makes the message. When it was seen last is told by the hour, so that it alone is news at most once an hour.
func exposure(e *home.Exposure) *pb.Exposure {
	out := &pb.Exposure{Id: Text(e.ID, maxName), Kind: Text(string(e.Kind), maxName), Proto: Text(e.Proto, 8), Port: uint32(e.Port),
		External: uint32(e.External), Sentence: Text(e.Sentence, maxSentence), Said: wire.Words(e.Said),
		Advice: Text(e.Advice, maxSentence), Advised: wire.Words(e.Advised), Evidence: words(e.Evidence, 4),
		Reference: Text(e.Reference, maxName), Source: Text(e.Source, maxName), First: Millis(e.First), Last: Millis(e.Last.Truncate(time.Hour)), Certain: e.Certain}
	for _, w := range e.Shown[:min(len(e.Shown), len(out.Evidence))] {
		out.Shown = append(out.Shown, cmp.Or(wire.Words(w), &pb.Words{}))
	}
	for _, p := range e.Protect[:min(len(e.Protect), 4)] {
		out.Protect = append(out.Protect, string(p))
	}
	return out
}

func alias(a *Alias) *pb.Alias {
	out := &pb.Alias{Device: string(a.Device), Merged: Millis(a.Merged), Confidence: share(a.Confidence), Why: words(a.Why, 4), Said: knownBy(words(a.Why, 4)), By: Text(a.By, 16),
		Proposed: a.Proposed}
	for _, m := range a.MACs[max(0, len(a.MACs)-maxPerDev):] {
		out.Macs = append(out.Macs, m.String())
	}
	return out
}

// share is a probability to two digits: less than that is no news.
func share(p float64) float64 {
	if math.IsNaN(p) {
		return 0
	}
	return math.Round(min(max(p, 0), 1)*100) / 100
}

func words(list []string, most int) (out []string) {
	for _, s := range list[:min(len(list), most)] {
		out = append(out, Text(s, maxWords))
	}
	return out
}

func protoName(p uint8) string {
	switch p {
	case home.ProtoTCP:
		return "tcp"
	case home.ProtoUDP:
		return "udp"
	}
	return ""
}

// clues are how evidence of who a device is begins; what is in it is a maker's, a product's or a protocol's word.
var clues = []say.Pattern{
	"{0} address range", "has the address {0}", "DHCP class of {0}", "DHCP class {0}", "DHCP options as {0} asks", "DHCP options {0}", "calls itself {0}", "offers {0}", "says {0}",
	"announces itself with {0}", "announces itself as {0}", "announces {0}", "describes itself with {0}", "describes itself as {0}", "HTTP agent of {0}", "HTTP agent {0}",
	"asks for {0}", "answers on {0}", "serves with {0}", "browser of {0}",
}

// knownBy are the words of evidence; empty ones where there are none, so that the order is kept.
func knownBy(evidence []string) (out []*pb.Words) {
	for _, e := range evidence {
		out = append(out, cmp.Or(wire.Words(say.Read(e, clues...)), &pb.Words{}))
	}
	return out
}
