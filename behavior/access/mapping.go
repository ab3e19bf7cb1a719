package access

import (
	"net/netip"
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
	"cardea/say"
)

// Mapping takes a request to the router to let the internet in. Computers, consoles, cameras and stores of files ask for that by
// design. Always soft, and by class only: told of devices of classes that never do, and of anybody but a person's own machine who
// opens another device, or telnet and its like, to the internet.
func (d *Detector) Mapping(dev *Device, o *home.Observation, now int64) {
	m := o.Mapping
	if m.Answer || m.Delete || dev.Gateway || o.Device == nil || m.Protocol != "upnp" && m.Lifetime == 0 { // lifetime 0 ends it (RFC 6886)
		return
	}
	class := o.Device.Class
	other := m.Addr.IsValid() && !owns(o.Device, m.Addr.Unmap())
	remote := m.Proto == home.ProtoTCP && (evidence.Remote(m.Internal) || m.Internal == 22)
	switch {
	case class.Personal(), class == home.ClassRouter:
		return
	case neverMaps(class):
	case class != "" && (other || remote):
	default:
		return
	}
	if !d.tell.May(dev.Device, home.DetectMapping, uint64(m.Internal)<<8|uint64(m.Proto), false, now) {
		return
	}
	whose := say.Word("itself")
	if other {
		whose = say.Text(m.Addr.Unmap().String())
	}
	why := say.Said(say.New("which a device of its kind ({0}) never does", say.Class(class)))
	if !neverMaps(class) {
		why = say.Word("which is not its own to open")
		if !other {
			why = say.Word("by which others control machines")
		}
	}
	f := home.Finding{
		Detector: home.DetectMapping, Strength: home.Soft, Score: 1,
		Said: say.New("asked the router to lead the internet to {0} on port {1}, {2}", whose, say.Port(m.Internal), why),
		Facts: map[string]any{
			"port": m.Internal, "external": m.External, "proto": home.ProtoName(m.Proto), "protocol": m.Protocol, "class": string(class),
			"lifetime_s": m.Lifetime / time.Second, "unit": "requests",
		},
		Card: &home.Card{Numbers: []home.Number{{Name: "requests", Value: 1, Unit: "requests"}}},
	}
	if m.Addr.IsValid() {
		f.Facts["address"] = m.Addr.Unmap().String()
		f.Symptom.Addrs = []netip.Addr{m.Addr.Unmap()}
	}
	f.Symptom.Proto, f.Symptom.Ports = m.Proto, []uint16{m.Internal}
	d.tell.Find(dev.Device, evidence.MomentOf(o), f)
}

// neverMaps: classes whose makers reach them by a cloud or not at all.
func neverMaps(c home.DeviceClass) bool {
	switch c {
	case home.ClassPlug, home.ClassLight, home.ClassSensor, home.ClassThermostat, home.ClassLock, home.ClassScale, home.ClassAppliance, home.ClassPrinter,
		home.ClassMedical:
		return true
	}
	return false
}

func owns(d *home.Device, a netip.Addr) bool {
	for _, x := range d.Addresses {
		if x.Unmap() == a {
			return true
		}
	}
	return false
}
