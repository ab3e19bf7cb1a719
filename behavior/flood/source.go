package flood

import (
	"net/netip"
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
	"cardea/say"
)

// Source counts sender addresses that cannot be the home's own.
func (d *Detector) Source(dev *Device, o *home.Observation, now int64) {
	src := o.Flow.Src.Addr().Unmap()
	if o.Flow.State != home.FlowNew || dev.Gateway || !o.Proven || !src.Is4() || !evidence.Outside(src) || shared(src) {
		return
	}
	if dev.flood == nil {
		dev.flood = new(flood)
	}
	f := dev.flood
	if now-f.since > int64(forgedSpan) {
		if f.since, f.forged = now, 0; f.sources == nil {
			f.sources = new(evidence.Seen)
		}
		*f.sources = evidence.Seen{}
	}
	if !f.sources.Add(evidence.Hash(src)) {
		return
	}
	if f.forged++; f.forged < forgedMin || !d.mayFlood(dev, o) {
		return
	}
	took := time.Duration(now - f.since)
	d.tellFlood(dev, o, float64(f.forged)/max(took.Seconds(), .001), say.New("sent packets from {0} forged addresses in {1}, the last to {2}",
		say.Count(f.forged), say.Span(took), say.Text(evidence.AddrText(o.Flow.Dst.Addr()))),
		map[string]any{"sources": f.forged, "seconds": took.Seconds(), "unit": "sources a second"})
}

// shared is the carriers' own range (RFC 6598), which some homes use inside.
func shared(a netip.Addr) bool {
	b := a.As4()
	return b[0] == 100 && b[1]&0xc0 == 64
}
