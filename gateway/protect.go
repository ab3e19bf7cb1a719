package gateway

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"cardea/gateway/judge"
	"cardea/gateway/report"
	"cardea/home"
	"cardea/identity"
	"cardea/identity/facts"
	"cardea/intel"
)

// permitFor is how long a device that is kept vendor-only may use what the resolver answered; while it does, the kernel renews it.
const permitFor = time.Hour

// guarded is the mode that protections ask for beside an incident's, and the ports that they close.
func guarded(mode home.Mode, list []report.Protection) (home.Mode, []home.PortRule) {
	var closed []home.PortRule
	for _, p := range list {
		switch {
		case p.Kind == home.ProtectClose && p.Port != 0 && p.Proto == 0:
			closed = append(closed, home.PortRule{Proto: home.ProtoTCP, Port: p.Port}, home.PortRule{Proto: home.ProtoUDP, Port: p.Port})
		case p.Kind == home.ProtectClose:
			closed = append(closed, p.PortRule)
		case mode == home.ModeQuarantine:
		case p.Kind == home.ProtectVendorOnly:
			mode = home.ModeVendorOnly
		case p.Kind == home.ProtectNoLAN && mode != home.ModeVendorOnly:
			mode = home.ModeNoLAN
		}
	}
	return mode, closed
}

// kept says whether protections keep a device from something that the kernel has to prove; a closed port has no grade.
func (g *Gateway) kept(id home.DeviceID) bool {
	mode, _ := guarded(home.ModeOff, g.said.guards(id))
	return mode != home.ModeOff
}

// brand is a maker as the tables of names call it. known: it has address ranges; of a chip's maker brand is "" then, since what it
// is built into is others'.
func brand(vendor string) (name string, known bool) {
	name = vendor
	facts.Default().Match(facts.Maker, vendor, func(f identity.Fact) {
		if !known {
			name, known = "", true
		}
		if name == "" {
			name = f.Vendor
		}
	})
	return name, known
}

// makes says whether a vendor may have services of its own.
func makes(vendor string) bool {
	name, _ := brand(vendor)
	return name != ""
}

// makers says whether a name belongs to a maker: by the tables of ours, never by what the name looks like.
func makers(vendor, name string) bool {
	own := false
	if vendor == "" || name == "" {
		return false
	}
	of := func(company string) {
		own = own || company != "" && (strings.EqualFold(company, vendor) || strings.EqualFold(company, alsoCalled(vendor)))
	}
	if s, ok := intel.Service(name); ok {
		of(s.Company)
	}
	facts.Default().Match(facts.Name, name, func(f identity.Fact) { of(f.Vendor) })
	return own
}

func alsoCalled(vendor string) string {
	name, _ := brand(vendor)
	return name
}

// its says whether a device that is kept to its maker may use a name: the maker's, and what sets clocks and brings updates.
func its(maker, name string) bool {
	return makers(maker, name) || slices.ContainsFunc(judge.DefaultGuard, func(g string) bool { return name == g || strings.HasSuffix(name, "."+g) })
}

// foreign is the verdict about a name that a device which is kept to its maker may not have: it is refused, not asked for
// elsewhere, or names would be a way out.
func (g *Gateway) foreign(d *home.Device, name string) (v home.Verdict, kept bool) {
	if d == nil || name == "" {
		return v, false
	}
	maker := g.said.maker(d.ID)
	if maker == "" || its(maker, name) {
		return v, false
	}
	return home.Verdict{Action: home.Block, Reason: "It is kept to the services of its maker."}, true
}

// permit lets a device that is kept vendor-only reach what the resolver is about to answer, before it has the answer.
func (g *Gateway) permit(d *home.Device, name string, addrs []netip.Addr) {
	if d == nil {
		return
	}
	if maker := g.said.maker(d.ID); maker == "" || !its(maker, name) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, a := range addrs {
		if err := g.enforcer.Permit(ctx, d.ID, a, permitFor); err != nil {
			g.count("permits_failed", 1)
			g.log.Debug("an address of its maker", "device", d.ID, "err", err)
		}
	}
}

// permitKnown lets a device reach the addresses of its maker that it talks to already. The lock is held.
func (g *Gateway) permitKnown(d *home.Device) {
	var addrs []netip.Addr
	maker := g.said.maker(d.ID)
	g.observer.Contacts(d.ID, func(k home.Contact) bool {
		if !k.Local && k.Endpoint.IP.IsValid() && !k.Lookup && its(maker, k.Endpoint.Name) {
			addrs = append(addrs, k.Endpoint.IP)
		}
		return len(addrs) < 64
	})
	id := d.ID
	g.later(func(ctx context.Context) error {
		for _, a := range addrs {
			if err := g.enforcer.Permit(ctx, id, a, permitFor); err != nil {
				return err
			}
		}
		return nil
	})
}
