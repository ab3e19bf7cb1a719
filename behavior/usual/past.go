package usual

import (
	"net/netip"

	"cardea/behavior/endpoint"
	"cardea/behavior/evidence"
	"cardea/behavior/profile"
	"cardea/home"
	"cardea/say"
)

// Past judges contacts of the past by what has been learnt of their device's model since then. It is a copy of what is known of
// devices, so that a ledger can be read while they live on; one goroutine uses it.
type Past struct {
	network func(netip.Addr) uint32
	all     *profile.Profile
	version uint64
	devices map[home.DeviceID]*pastDevice
}

type pastDevice struct {
	Device
	heard bool
}

// NewPast is of no device; see Add. Nil where no profile is in force.
func (d *Detector) NewPast() *Past {
	set := d.cfg.Profiles()
	if set == nil {
		return nil
	}
	return &Past{network: d.cfg.Network, all: set.For(profile.Level{}), version: set.Version(), devices: map[home.DeviceID]*pastDevice{}}
}

// Add takes a device up whose very model was learnt, if better says so of it, its model and in how many homes that is known. dev is nil
// where nothing of the device is remembered.
func (d *Detector) Add(p *Past, dev *Device, who *home.Device, now int64, better func(home.DeviceID, profile.Level, uint32) bool) {
	level := d.cfg.Level(who)
	of := d.cfg.Profiles().For(level)
	if who.Gateway || level.Model == "" || of.Level() != level || of.Homes() == 0 || !better(who.ID, level, of.Homes()) {
		return
	}
	x := &pastDevice{}
	if dev != nil {
		x.State = dev.State
		x.heard = dev.names >= heardFrom && dev.since != 0 && now-dev.since >= int64(heardFor)
	}
	x.profile, x.class = of, d.cfg.Class(who)
	p.devices[who.ID] = x
}

// Contact returns a soft finding where the contact would have been told at once had the device's model been known then as it is now; nil:
// nothing to tell. What a finding was about already is not told again. Of a bare address it is not kept whether DNS gave it, so that web
// ports and services that its kind uses are nothing.
func (p *Past) Contact(c *home.Contact) *home.Finding {
	if c.Local || c.Inbound || c.Lookup || c.Flows == 0 || c.Listed != nil || !someone(c.Endpoint.IP) {
		return nil
	}
	x := p.devices[c.Device]
	if x == nil {
		return nil
	}
	far := c.Endpoint
	if far.ASN == 0 {
		far.ASN = p.network(far.IP)
	}
	chain := endpoint.Of(&far, false, false)
	if web(&far) || served(x.profile, &chain, &far) {
		return nil
	}
	e := x.find(x.key(&chain, x.Address(&far)))
	if e != nil && e.marks&reported != 0 {
		return nil
	}
	why, ok := First(x.profile, p.all, &chain, &far, &x.State, x.class, x.heard)
	if !ok {
		return nil
	}
	whose, bits := x.profile.Level(), x.profile.Bits(&chain)
	said := say.New("contacted {0} on port {1} on {2:day} at {2:clock} UTC; as was learnt since then, nothing like it is known of any {3}",
		say.Text(host(&far)), say.Port(far.Port), say.Time(c.Last), kind(whose))
	f := &found{dev: &x.Device, who: who{profile: x.profile, all: p.all, version: p.version, class: x.class}, far: &far, chain: &chain}
	if e != nil && e.days > 0 {
		f.met.Days = e.days - 1 // one of them is of this contact
	}
	card := f.card([]home.Number{{Name: "surprise", Value: bits, Unit: "bits"}, {Name: "new endpoints of its model", Value: x.profile.Fresh(), Unit: "a day"}})
	card.Seen = []home.Seen{{Endpoint: c.Endpoint, Flows: c.Flows, Failed: c.Failed, Up: c.Up, Down: c.Down, First: c.First, Last: c.Last}}
	return &home.Finding{
		Device: c.Device, Detector: home.DetectNovelty, Strength: home.Soft, Score: bits, Said: said, Sentence: say.English(said), Symptom: symptom(&far),
		Facts: map[string]any{
			"unit": "bits", "why": why, "endpoint": place(&far), "model": whose.Model, "homes": x.profile.Homes(), "profile": p.version,
			"contacts": c.Flows, "first": c.First, "last": c.Last, "retrospective": true, "proven": false,
		},
		Card: card,
	}
}

// CauseOf is equal for endpoints of the internet of which the first contact is told once: of bare addresses the port.
func CauseOf(e *home.Endpoint) uint64 {
	chain := endpoint.Of(e, false, false)
	return (&found{far: e, chain: &chain}).cause()
}

// Doubt takes an endpoint that a finding was about for unusual of its device.
func (d *Detector) Doubt(dev *Device, far *home.Endpoint) {
	e := *far
	chain := d.chainOf(&e, !evidence.Outside(e.IP), false)
	dev.report(dev.key(&chain, dev.Address(&e)))
}
