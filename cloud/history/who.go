package history

import (
	"cmp"

	"cardea/wire"
	"cardea/wire/pb"
)

// Bounds of what is kept of who a device is.
const (
	maxExposures = 32
	maxBehind    = 32
	maxAliases   = 32
	maxWords     = 256
)

// boundWho copies who a device is, with texts of a size that can be kept and shown, and times that are not of the future.
func boundWho(out, d *pb.Device, at int64) {
	out.Model, out.Class, out.Maker, out.Strictest = text(d.GetModel(), maxID), text(d.GetClass(), maxID), text(d.GetMaker(), maxID), text(d.GetStrictest(), maxID)
	out.IdentifiedBy, out.Confidence, out.Evidence = text(d.GetIdentifiedBy(), maxID), share(d.GetConfidence()), texts(d.GetEvidence(), 8)
	out.KnownBy = words(d.GetKnownBy(), 8)
	for _, e := range d.GetExposures()[:min(len(d.GetExposures()), maxExposures)] {
		out.Exposures = append(out.Exposures, &pb.Exposure{Id: text(e.GetId(), maxID), Kind: text(e.GetKind(), maxID), Proto: text(e.GetProto(), 8),
			Port: e.GetPort() & 0xffff, External: e.GetExternal() & 0xffff, Sentence: text(e.GetSentence(), maxText), Advice: text(e.GetAdvice(), maxText),
			Said: wire.Bounded(e.GetSaid()), Advised: wire.Bounded(e.GetAdvised()), Shown: words(e.GetShown(), 4),
			Evidence: texts(e.GetEvidence(), 4), Reference: text(e.GetReference(), maxID), Source: text(e.GetSource(), maxID), Protect: texts(e.GetProtect(), 4),
			First: min(e.GetFirst(), at), Last: min(e.GetLast(), at), Certain: e.GetCertain()})
	}
	for _, b := range d.GetBehind()[:min(len(d.GetBehind()), maxBehind)] {
		out.Behind = append(out.Behind, &pb.Behind{Device: text(b.GetDevice(), maxID), Name: text(b.GetName(), maxWords), Model: text(b.GetModel(), maxID),
			Vendor: text(b.GetVendor(), maxID), Class: text(b.GetClass(), maxID), Evidence: texts(b.GetEvidence(), 4), KnownBy: words(b.GetKnownBy(), 4)})
	}
	for _, a := range d.GetAliases()[:min(len(d.GetAliases()), maxAliases)] {
		out.Aliases = append(out.Aliases, &pb.Alias{Device: text(a.GetDevice(), maxID), Macs: texts(a.GetMacs(), 16), Merged: min(a.GetMerged(), at),
			Confidence: share(a.GetConfidence()), Why: texts(a.GetWhy(), 4), Said: words(a.GetSaid(), 4), By: text(a.GetBy(), maxID), Proposed: a.GetProposed()})
	}
	for _, p := range d.GetProtections()[:min(len(d.GetProtections()), maxExposures)] {
		out.Protections = append(out.Protections, &pb.Protection{Kind: text(p.GetKind(), maxID), Proto: text(p.GetProto(), 8), Port: p.GetPort() & 0xffff})
	}
}

// words are the words of a list of sentences, in its order: empty ones where there are none that fit.
func words(list []*pb.Words, most int) (out []*pb.Words) {
	for _, w := range list[:min(len(list), most)] {
		out = append(out, cmp.Or(wire.Bounded(w), &pb.Words{}))
	}
	return out
}

// boundHeld copies what holds for a device beside its case, bounded in the same way.
func boundHeld(out, d *pb.Device, at int64) {
	const year = 366 * 24 * 3_600_000 // a pause is over some day
	out.Held, out.PausedBy = d.GetHeld(), text(d.GetPausedBy(), maxWords)
	out.Paused = max(min(d.GetPaused(), at+year), 0)
	out.Essential, out.Firmware, out.Guest = text(d.GetEssential(), maxID), text(d.GetFirmware(), maxWords), d.GetGuest()
	if t := d.GetTrial(); t != nil {
		out.Trial = &pb.Trial{Mode: text(t.GetMode(), maxID), Since: max(min(t.GetSince(), at), 0), Kept: t.GetKept(), Stopped: texts(t.GetStopped(), 32),
			Stops: t.GetStops(), Share: share(t.GetShare())}
	}
}

// cutWho makes what is said of who a device is short.
func cutWho(d *pb.Device) {
	d.Exposures, d.Behind, d.Aliases = d.Exposures[:min(len(d.Exposures), 8)], d.Behind[:min(len(d.Behind), 4)], d.Aliases[:min(len(d.Aliases), 4)]
	if t := d.GetTrial(); t != nil {
		t.Stopped = t.Stopped[:min(len(t.Stopped), 8)]
	}
}

// share is a probability; JSON knows no other numbers.
func share(p float64) float64 {
	if p >= 0 && p <= 1 {
		return p
	}
	return 0
}
