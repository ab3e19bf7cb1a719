package portal

import (
	"net/netip"
	"slices"

	"cardea/home"
)

// visit is who asks, and what there is to be told.
type visit struct {
	client  netip.Addr
	views   []View // the open ones, those that are contained first
	own     View   // the client's own case, if it is contained; of several the strictest
	self    bool   // there is one
	owner   home.DeviceID
	suspect bool // the client is contained or surely infected: what it says, malware may have said
}

// visit looks the cases up once: a home that is under attack may have many.
func (p *Portal) visit(client netip.Addr) visit {
	v := visit{client: client, views: p.home.Incidents()}
	v.views = slices.DeleteFunc(v.views, func(x View) bool { return x.Incident.State == home.StateClosed })
	slices.SortStableFunc(v.views, func(a, b View) int {
		switch x, y := held(&a.Incident), held(&b.Incident); {
		case x == y:
			return 0
		case x:
			return -1
		}
		return 1
	})
	v.owner = p.ownerOf(client)
	for n := range v.views {
		x := &v.views[n]
		if !v.mine(x) {
			continue
		}
		// A soft case makes none suspect: many a computer by which people clean others has one.
		v.suspect = v.suspect || held(&x.Incident) || hard(&x.Incident)
		if rank := x.Incident.Mode.Rank(); rank > home.ModeOff.Rank() && rank > v.own.Incident.Mode.Rank() {
			v.own, v.self = *x, true
		}
	}
	return v
}

// mine says whether a case is about the client itself.
func (v *visit) mine(x *View) bool { return x.has(v.client, v.owner) }

// held says whether a device is kept from more than single addresses.
func held(i *home.Incident) bool { return i.Mode.Rank() > home.ModeEndpointBlock.Rank() }

func hard(i *home.Incident) bool {
	return slices.ContainsFunc(i.Findings, func(f home.Finding) bool { return f.Strength == home.Hard })
}

// has says whether an address is the device's: by its owner, else by what its list says.
func (v *View) has(a netip.Addr, owner home.DeviceID) bool {
	return owner != "" && owner == v.Device.ID || slices.Contains(v.Device.Addresses, a)
}
