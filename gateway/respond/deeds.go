package respond

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"cardea/home"
	"cardea/say"
)

// telnet ports that are shut when nothing is known of the device's own.
var telnetPorts = []home.PortRule{{Proto: home.ProtoTCP, Port: 23}, {Proto: home.ProtoTCP, Port: 2323}}

// speaksOfEndpoints says whether a detector's endpoints are what the device called, so that cutting them helps.
func speaksOfEndpoints(d home.Detector) bool {
	switch d {
	case home.DetectIndicator, home.DetectNovelty, home.DetectBeacon, home.DetectVolume, home.DetectUsual:
		return true
	}
	return false
}

// callsHome says whether a detector's soft findings are enough to cut endpoints by themselves: they look like malware that calls home. What
// is merely new or much is told, and people are asked whether it was them.
// What is not proven to be the device's own doing cuts off only what is listed, which nobody may reach anyway: a neighbour may have used its address.
func callsHome(f *home.Finding) bool {
	switch f.Detector {
	case home.DetectIndicator:
		return true
	case home.DetectBeacon, home.DetectUsual:
		return f.Port != ""
	}
	return false
}

// endpoints are what a finding would have blocked: as its card says, else the symptom's.
func endpoints(f *home.Finding) (out []string) {
	if !speaksOfEndpoints(f.Detector) {
		return nil
	}
	add := func(s string) {
		if a, err := netip.ParseAddr(s); err == nil {
			if a = a.Unmap(); !a.IsGlobalUnicast() || a.IsPrivate() {
				return // the home's own
			}
			s = a.String()
		} else if p, err := netip.ParsePrefix(s); err == nil {
			if !p.Addr().IsGlobalUnicast() || p.Addr().IsPrivate() {
				return
			}
		} else if name, ok := home.CleanName(s); !ok || !strings.Contains(name, ".") {
			return
		}
		if !slices.Contains(out, s) && len(out) < maxDeeds/2 {
			out = append(out, s)
		}
	}
	if f.Card != nil {
		for _, s := range f.Card.Blocks {
			add(s)
		}
	}
	if len(out) == 0 {
		for _, s := range f.Symptom.Names {
			add(s)
		}
		for _, a := range f.Symptom.Addrs {
			add(a.String())
		}
	}
	return out
}

// cut blocks the endpoints of a finding for its device. The lock is held.
func (r *Responder) cut(c *Case, f *home.Finding, now time.Time) {
	for _, e := range endpoints(f) {
		r.deed(c, home.Deed{Kind: home.DeedCut, Endpoint: e, Said: say.New("It can no longer reach {0}.", say.Text(e))}, now)
	}
}

// tidy closes the ways by which this came or could come again. The lock is held.
func (r *Responder) tidy(c *Case, now time.Time) {
	var mapped, telnet []home.PortRule
	if r.policy.Exposed != nil {
		mapped, telnet = r.policy.Exposed(c.Incident.Device)
	}
	for _, p := range mapped {
		r.deed(c, home.Deed{Kind: home.DeedMapping, Port: p, Said: say.New("The internet can no longer reach its port {0}.", say.Port(p.Port))}, now)
	}
	if k := c.Incident.Kind; k == home.InfectionTelnet || k == home.InfectionLogin && len(telnet) > 0 {
		if len(telnet) == 0 {
			telnet = telnetPorts
		}
		for _, p := range telnet {
			r.deed(c, home.Deed{Kind: home.DeedShut, Port: p, Said: say.New("Nobody can log in to it by telnet (port {0}) any more.", say.Port(p.Port))}, now)
		}
	}
	if c.Incident.Kind == home.InfectionDNS {
		r.deed(c, home.Deed{Kind: home.DeedDNS, Said: say.New("This gateway answers its questions for names now, whomever it asks.")}, now)
	}
}

// deed notes an act, once: what a person took back is not done again in the same case, but for holding. The lock is held.
func (r *Responder) deed(c *Case, d home.Deed, now time.Time) {
	d.What, d.Said = said(d.Said)
	for i := range c.Incident.Deeds {
		o := &c.Incident.Deeds[i]
		if o.Kind != d.Kind || o.Endpoint != d.Endpoint || o.Port != d.Port {
			continue
		}
		if d.Kind == home.DeedHold {
			o.Time, o.What, o.Said, o.Undone, o.By = now, d.What, d.Said, time.Time{}, ""
		}
		return
	}
	if len(c.Incident.Deeds) >= maxDeeds {
		return
	}
	d.ID, d.Time = "d"+strconv.Itoa(len(c.Incident.Deeds)+1), now
	c.Incident.Deeds = append(c.Incident.Deeds, d)
	r.dirty[c.Incident.ID] = true
}

// blockMode is the mode of a case in which only endpoints are cut.
func (c *Case) blockMode() home.Mode {
	if slices.ContainsFunc(c.Incident.Deeds, func(d home.Deed) bool { return d.Kind == home.DeedCut && d.Undone.IsZero() }) {
		return home.ModeEndpointBlock
	}
	return home.ModeOff
}

// endDeeds ends what holds for the time of the case. What closes a way in stays when the case ends because the device is clean.
func (c *Case) endDeeds(now time.Time) {
	for i := range c.Incident.Deeds {
		d := &c.Incident.Deeds[i]
		if d.Undone.IsZero() && !(c.Incident.Outcome == home.OutcomeClean && lasting(d.Kind)) {
			d.Undone, d.By = now, ByGateway
		}
	}
}

func lasting(k home.DeedKind) bool {
	return k == home.DeedMapping || k == home.DeedShut || k == home.DeedDNS
}

// lasts says whether something of a closed case is still in force.
func lasts(i home.Incident) bool {
	return slices.ContainsFunc(i.Deeds, func(d home.Deed) bool { return d.Undone.IsZero() })
}

// Deeds are the acts in force, by device.
func (r *Responder) Deeds() map[home.DeviceID]Acts {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[home.DeviceID]Acts{}
	for i := range r.done {
		collect(out, &r.done[i])
	}
	for _, all := range r.devices {
		for _, c := range all {
			collect(out, &c.Incident)
		}
	}
	return out
}

func collect(out map[home.DeviceID]Acts, i *home.Incident) {
	for _, d := range i.Deeds {
		if !d.Undone.IsZero() || d.Kind == home.DeedHold {
			continue
		}
		a := out[i.Device]
		switch d.Kind {
		case home.DeedCut:
			a.Blocked = once(a.Blocked, d.Endpoint)
		case home.DeedMapping:
			a.Closed = once(a.Closed, d.Port)
		case home.DeedShut:
			a.Shut = once(a.Shut, d.Port)
		case home.DeedDNS:
			a.DNS = true
		}
		out[i.Device] = a
	}
}

func once[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}

// trusted says who needs neither proof nor code: who is signed in.
func trusted(by string) bool { return by == ByOwner || by == BySupport }

// holdText says in one sentence what a mode leaves of a device.
func holdText(m home.Mode) home.Words {
	switch m {
	case home.ModeNoLAN:
		return say.New("It reaches the internet, but none of your other devices.")
	case home.ModeProfileOnly:
		return say.New("It reaches only what devices of its model use, and none of your other devices.")
	case home.ModeVendorOnly:
		return say.New("It reaches only its maker's services and updates, and none of your other devices.")
	case home.ModeUpdateOnly:
		return say.New("It reaches only what brings its updates, and the time.")
	case home.ModeQuarantine:
		return say.New("It reaches neither the internet nor your other devices.")
	}
	return say.New("It reaches everything but single addresses.")
}
