package gateway

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"cardea/gateway/observe"
	"cardea/gateway/permits"
	"cardea/gateway/report"
	"cardea/gateway/respond"
	"cardea/home"
	"cardea/identity"
	"cardea/identity/same"
	"cardea/wire/pb"
)

const (
	errBothHeld     refusal = "Both devices are shut in: let one of them out first."
	errOneSpared    refusal = "One of the two is a device that is never shut in by itself: the other must not come to that by looking alike."
	errSameDevice   refusal = "That is the same device already."
	errWhich        refusal = "Several addresses came to this one: say which of them is another device."
	errNoAddress    refusal = "The device has no such address beside another one."
	errClass        refusal = "The gateway does not know this kind of device."
	errSaid         refusal = "The model or the maker is too long."
	errProtection   refusal = "The gateway does not know this protection."
	errVendorless   refusal = "Its maker is not known, so nothing could be let through to it."
	errMergedRouter refusal = "The gateway itself is never merged or split."
)

// classes are those that people may say.
var classes = map[home.DeviceClass]bool{
	home.ClassCamera: true, home.ClassDoorbell: true, home.ClassPlug: true, home.ClassLight: true, home.ClassSensor: true, home.ClassThermostat: true,
	home.ClassHub: true, home.ClassLock: true, home.ClassAlarm: true, home.ClassMedical: true, home.ClassScale: true, home.ClassAppliance: true,
	home.ClassSpeaker: true, home.ClassTV: true, home.ClassConsole: true, home.ClassPrinter: true, home.ClassNAS: true, home.ClassRouter: true,
	home.ClassPhone: true, home.ClassTablet: true, home.ClassComputer: true, home.ClassWatch: true, home.ClassVehicle: true, home.ClassGadget: true,
	"": true,
}

// about does an order that is about who a device is, or about what protects it.
func (c *cloud) about(o *pb.Order, id home.DeviceID) error {
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	d, ok := c.g.observer.Device(id)
	switch {
	case !ok:
		return errDevice
	case d.Gateway:
		return errMergedRouter
	}
	switch o.GetVerb() {
	case "identify":
		return c.g.correct(id, o.GetIdentity(), o.GetBy())
	case "merge":
		return c.g.join(id, home.DeviceID(o.GetOther()))
	case "split":
		mac, err := home.ParseMAC(o.GetMac())
		if err != nil || !slices.Contains(d.MACs, mac) || len(d.MACs) < 2 {
			return errNoAddress
		}
		_, err = c.g.split(id, mac)
		return people(err)
	}
	if c.g.spared(id) && o.GetVerb() == "protect" && o.GetProtection().GetKind() != string(home.ProtectClose) && o.GetBy() != "owner" {
		return errProtected // what somebody's health hangs on is cut off from nothing without its owner
	}
	return c.g.protect(id, &d, o.GetProtection(), o.GetVerb() == "protect")
}

// people turns the observer's errors into what a person reads.
func people(err error) error {
	switch {
	case errors.Is(err, observe.ErrUnknown):
		return errDevice
	case errors.Is(err, observe.ErrGateway):
		return errMergedRouter
	}
	return err
}

// correct takes its owner's word of who a device is; nothing takes it back. The lock is held.
func (g *Gateway) correct(id home.DeviceID, m *pb.Correction, by string) error {
	c := identity.Correction{Model: report.Text(strings.TrimSpace(m.GetModel()), maxSaid), Vendor: report.Text(strings.TrimSpace(m.GetVendor()), maxSaid),
		Class: home.DeviceClass(m.GetClass())}
	if by == respond.BySupport {
		c.By = "operator"
	}
	switch {
	case !classes[c.Class]:
		return errClass
	case len(m.GetModel()) > 2*maxSaid || len(m.GetVendor()) > 2*maxSaid:
		return errSaid
	}
	g.said.name(id, c)
	g.who.book.Correct(id, c)
	g.who.identify(g.observer.Identify, g.Find)
	g.cloud.queue(&pb.Item{Body: &pb.Item_Correction{Correction: report.Correction(id, c.Model, c.Vendor, c.Class)}})
	return nil
}

const maxSaid = 64 // bytes of a model's or a maker's name

// join merges two devices because their owner says so. The lock is held.
func (g *Gateway) join(into, from home.DeviceID) error {
	if into == from {
		return errSameDevice
	}
	if err := g.merge(into, from, same.Owner); err != nil {
		return people(err)
	}
	g.later(func(context.Context) error { return g.rememberWho() })
	return nil
}

// protect puts a protection into force, or ends it. The lock is held.
func (g *Gateway) protect(id home.DeviceID, d *home.Device, m *pb.Protection, on bool) error {
	p := report.Protection{Kind: home.Protection(m.GetKind())}
	switch p.Kind {
	case home.ProtectClose:
		p.Proto = map[string]uint8{"tcp": home.ProtoTCP, "udp": home.ProtoUDP}[m.GetProto()]
		if m.GetPort() > 65535 || p.Proto == 0 && m.GetProto() != "" {
			return errProtection
		}
		p.Port = uint16(m.GetPort())
	case home.ProtectNoLAN:
	case home.ProtectVendorOnly:
		if on && !makes(d.Vendor) {
			return errVendorless
		}
	default:
		return errProtection
	}
	if err := g.said.guard(id, p, d.Vendor, on); err != nil {
		return err
	}
	if on && p.Kind == home.ProtectVendorOnly { // names are refused from now on, not only when the kernel has it
		g.book.Hold(id, home.ModeVendorOnly, permits.SubjectOf(d))
		g.permitKnown(d)
	}
	g.wake()
	return nil
}

// whoIs is what is told of a device beside the device. The lock is held.
func (g *Gateway) whoIs(d *home.Device, now time.Time) (w report.Who) {
	w.Strictest = g.who.book.Strictest(d.ID, now)
	w.Exposures = g.who.exposed.List(d.ID, d.Identity, now)
	for _, b := range g.who.links.Behind(d.ID) {
		w.Behind = append(w.Behind, report.Behind{Name: b.Name, Identity: home.Identity{Evidence: []string{"has the address " + b.Address.String()}}})
	}
	w.Aliases = g.aliasesOf(d.ID)
	w.Protections = g.said.guards(d.ID)
	return w
}

// aliasesOf are what was merged into a device, and what may be the same. The lock is held.
func (g *Gateway) aliasesOf(id home.DeviceID) (out []report.Alias) {
	by := map[home.MAC]string{}
	for _, j := range g.who.links.Links() {
		if j.By == same.Owner {
			by[j.MAC] = same.Owner.String()
		}
	}
	for _, j := range g.observer.Aliases() {
		if j.Into != id {
			continue
		}
		i := slices.IndexFunc(out, func(a report.Alias) bool { return a.Device == j.From })
		if i < 0 {
			i, out = len(out), append(out, report.Alias{Device: j.From, Merged: j.At, Confidence: 1, By: cmp.Or(by[j.MAC], "gateway")})
		}
		out[i].MACs = append(out[i].MACs, j.MAC)
	}
	for _, l := range g.proposed {
		if from := g.observer.Borrow(l.From); l.Into == id && from != nil {
			out = append(out, report.Alias{Device: l.From, MACs: from.MACs, Confidence: l.Confidence, Why: l.Why, By: "gateway", Proposed: true})
		}
	}
	return out
}

// tellSights tells what the fleet may learn of who the devices are. The second's.
func (c *cloud) tellSights(now time.Time) {
	var list []report.Seen
	known := map[home.DeviceID]bool{}
	c.g.mu.Lock()
	for _, d := range c.g.observer.Devices() {
		known[d.ID] = true
		if d.Gateway {
			continue
		}
		own, corrected := c.g.said.identity(d.ID)
		session := c.g.who.book.Session(d.ID)
		s := report.Seen{Device: d.ID, Identity: d.Identity, Personal: corrected && own.Class.Personal(), Age: session.Age}
		if corrected { // its owner's word goes by itself
			s.Identity = home.Identity{}
		}
		for _, t := range session.Tokens {
			telling, text := c.g.who.text(t.Token)
			s.Tokens = append(s.Tokens, report.Token{Hash: t.Hash, Clue: byte(t.Clue), Telling: telling, Text: text, Age: t.Age})
		}
		list = append(list, s)
	}
	c.g.mu.Unlock()
	for _, m := range c.sights.Changes(now, list) {
		c.put(&pb.Item{Body: &pb.Item_Sightings{Sightings: m}})
	}
	c.sights.Forget(func(id home.DeviceID) bool { return known[id] })
}
