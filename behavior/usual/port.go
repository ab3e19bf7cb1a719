package usual

import (
	"slices"

	"cardea/behavior/endpoint"
	"cardea/behavior/evidence"
	"cardea/behavior/profile"
	"cardea/home"
	"cardea/say"
)

// A device that answers where it never did. What nobody asked for says nothing: the page of a plug that its owner opens for the first
// time was there all along. So it is told of a port that was seen closed, and of the ports of remote control also without that, where
// the device is of a class without people's programs and its model is not known to answer there. Only ports by which intruders and
// remote control come are looked at: programs of the home listen on high ports of their own, which change with each restart.

// ports are those, by TCP: shells and remote control (evidence.Remote has most), files, mail relays, proxies, the web. At most 32;
// their order is kept by states that were written.
var ports = [...]uint16{21, 22, 23, 25, 80, 81, 135, 139, 443, 445, 512, 513, 514, 1080, 1433, 2222, 2323, 3128, 3389, 4444, 5555, 5900, 6379, 7547,
	8080, 8443, 9527, 9530, 23231, 37215, 48101, 52869}

// control are those by which others control a device: a shell, a desktop, or a hole that bots know.
func control(port uint16) bool {
	switch port {
	case 22, 512, 513, 514, 2222, 4444, 5900, 48101:
		return true
	}
	return evidence.Remote(port)
}

// Answers takes a flow's event as of the device that was reached: it answered, or it refused. who is that device.
func (d *Detector) Answers(dev *Device, who *home.Device, o *home.Observation, now int64) {
	f := o.Flow
	if dev.Gateway || f.Proto != home.ProtoTCP || f.State != home.FlowAnswered && f.State != home.FlowRefused || evidence.ReplyLike(f) {
		return
	}
	port := f.Dst.Port()
	if f.ReplySrc.IsValid() { // forwarded: the device's port, not the router's
		port = f.ReplySrc.Port()
	}
	at := slices.Index(ports[:], port)
	if at < 0 {
		return
	}
	if f.State == home.FlowRefused {
		dev.shut |= 1 << at &^ dev.open
		return
	}
	wasShut, fresh := dev.shut&(1<<at) != 0, dev.open&(1<<at) == 0
	dev.open, dev.shut = dev.open|1<<at, dev.shut&^(1<<at)
	class := d.cfg.Class(who)
	switch {
	case !fresh, !dev.Learnt(now), class.Personal(), class == "":
		return
	case wasShut:
	case !control(port) || !Headless(class):
		return
	}
	p := d.cfg.Profiles().For(d.cfg.Level(who))
	if answersThere(p, port) {
		return
	}
	d.tellPort(dev, p, o, port, wasShut, now)
}

// answersThere: the model is known to be reached on the port, from the home or from the internet.
func answersThere(p *profile.Profile, port uint16) bool {
	if p.Homes() == 0 || p.Level().Model == "" {
		return false
	}
	e := home.Endpoint{Port: port, Proto: "tcp"}
	for _, local := range [2]bool{true, false} {
		if c := endpoint.Of(&e, local, true); p.Bits(&c) < unheard {
			return true
		}
	}
	return false
}

func (d *Detector) tellPort(dev *Device, p *profile.Profile, o *home.Observation, port uint16, wasShut bool, now int64) {
	if !d.tell.May(dev.Device, home.DetectPort, uint64(port), false, now) {
		return
	}
	why := say.Word("where it never answered before")
	if wasShut {
		why = say.Word("which was closed before")
	}
	from := say.Word("from the home")
	if o.Direction == home.Inbound {
		from = say.Word("from the internet")
	}
	began, active, endpoints := dev.Seen()
	card := &home.Card{
		Of: p.Homes(), Seen: []home.Seen{}, Blocks: []string{},
		Numbers: []home.Number{{Name: "port", Value: float64(port)}, {Name: "days watched", Value: float64(active), Unit: "days"}},
		History: home.History{Days: uint32(active), Endpoints: uint32(endpoints), New: dev.FreshPerDay(), Since: unix(began)},
	}
	if p.Homes() > 0 && p.Level() != (profile.Level{}) {
		none := uint32(0)
		card.Model, card.Homes = p.Level().String(), &none
	}
	d.tell.Find(dev.Device, evidence.MomentOf(o), home.Finding{
		Detector: home.DetectPort, Strength: home.Soft, Score: 1,
		Said:    say.New("answers on port {0} ({1}), {2}", say.Port(port), from, why),
		Facts:   map[string]any{"port": port, "proto": "tcp", "closed_before": wasShut, "inbound": o.Direction == home.Inbound, "unit": "ports", "profile": d.cfg.Profiles().Version()},
		Symptom: home.Symptom{Proto: home.ProtoTCP, Ports: []uint16{port}},
		Card:    card,
	})
}
