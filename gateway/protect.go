package gateway

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/gateway/judge"
	"cardea/gateway/permits"
	"cardea/gateway/report"
	"cardea/home"
)

// permitFor is how long a device that is held to a list may use what the resolver answered; while it does, the kernel renews it.
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

// stillHeld is why a device is not free, though its cases hold it no more; nil: it is.
func (g *Gateway) stillHeld(id home.DeviceID, now time.Time) error {
	mode, _ := guarded(home.ModeOff, g.said.guards(id))
	d := g.known(id)
	if d == nil {
		d = &home.Device{ID: id}
	}
	w := g.wishes(d, now)
	switch {
	case w.held:
		return errWaits
	case mode == home.ModeVendorOnly:
		return errKeptMaker
	case mode != home.ModeOff:
		return errKeptAlone
	case !w.paused.IsZero():
		return errPaused
	}
	return nil
}

const (
	errWaits     refusal = "No case holds it any more. It is new, and waits for somebody's yes still."
	errKeptMaker refusal = "No case holds it any more. A protection that people chose still keeps it to its maker's services."
	errKeptAlone refusal = "No case holds it any more. A protection that people chose still keeps it from your other devices."
	errPaused    refusal = "No case holds it any more. It is paused still."
)

// makes says whether a vendor may have services of its own.
func makes(vendor string) bool { return permits.Makes(vendor) }

// models adapts the profiles that the cloud learned to permits: what many homes with the same model use is what that model needs.
type models struct{ in func() *profile.Set }

// Uses says whether an endpoint is normal for a model, or its vendor's things of that class.
func (m models) Uses(s permits.Subject, c *endpoint.Chain) bool {
	st, ok := m.in().For(profile.Level{Class: s.Class, Vendor: s.Vendor, Model: s.Model}).Known(c)
	return ok && st.Standing == profile.Normal && st.Level.Vendor != ""
}

// permitsConfig ties what devices may use to the rest of the gateway.
func (g *Gateway) permitsConfig() permits.Config {
	return permits.Config{Profiles: models{g.profiles.Load}, Guard: judge.DefaultGuard, Domain: registrable, Own: g.ownAddr}
}

// ownAddr says whether an address of the home is the gateway's.
func (g *Gateway) ownAddr(a netip.Addr) bool {
	return g.kernel != nil && slices.Contains(g.kernel.Ports().GatewayAddrs(), a)
}

// reasons are what people read where a name is refused.
var reasons = map[home.Mode]string{
	home.ModeProfileOnly: "It is kept to what devices of its model are known to use.",
	home.ModeVendorOnly:  "It is kept to the services of its maker.",
	home.ModeUpdateOnly:  "It is kept to what brings its updates.",
}

// heldTo is to which list a device is held, and as whom; false: to none.
func (g *Gateway) heldTo(id home.DeviceID) (permits.Held, bool) { return g.book.Of(id) }

// its says whether a device that is held to a list may use a name. It needs no lock.
func (g *Gateway) its(h permits.Held, name string) bool {
	return g.book.Permits(h.Subject, h.Mode, name)
}

// foreign is the verdict about a name that a device which is kept to its maker may not have: it is refused, not asked for
// elsewhere, or names would be a way out.
func (g *Gateway) foreign(d *home.Device, name string) (v home.Verdict, kept bool) {
	if d == nil || name == "" {
		return v, false
	}
	h, held := g.heldTo(d.ID)
	if !held || g.its(h, name) {
		return v, false
	}
	return home.Verdict{Action: home.Block, Reason: reasons[h.Mode]}, true
}

// permit lets a device that is held to a list reach what the resolver is about to answer, before it has the answer.
func (g *Gateway) permit(d *home.Device, name string, addrs []netip.Addr) {
	if d == nil {
		return
	}
	g.book.Answered(d.ID, name, addrs)
	h, held := g.heldTo(d.ID)
	strictest, listed := g.book.Strictest(h.Subject, name)
	if !held || !listed {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, a := range addrs {
		if err := g.enforcer.Permit(ctx, d.ID, strictest, a, permitFor); err != nil {
			g.count("permits_failed", 1)
			g.log.Debug("an address of its maker", "device", d.ID, "err", err)
		}
	}
}

// maxBare bounds the contacts without a name that are looked at when a device begins to be held to a list.
const maxBare = 512

// permitKnown lets a device that is held to a list reach the addresses of its list that it has, from the moment on at which it is held: those
// that the resolver gave it, and bare ones that its model is known to use. The lock is held.
func (g *Gateway) permitKnown(d *home.Device) {
	h, held := g.heldTo(d.ID)
	if !held || g.enforcer == nil {
		return
	}
	for _, a := range g.book.Answers(d.ID) {
		if m, ok := g.book.Strictest(h.Subject, a.Name); ok {
			g.enforcer.Expect(d.ID, m, a.Addr, permitFor)
		}
	}
	n := 0
	g.observer.Contacts(d.ID, func(k home.Contact) bool {
		if e := &k.Endpoint; !k.Local && !k.Lookup && !k.Inbound && e.Name == "" && g.book.PermitsAddr(h.Subject, home.ModeProfileOnly, e.IP, e.Port, e.Proto) {
			g.enforcer.Expect(d.ID, home.ModeProfileOnly, e.IP, permitFor)
		}
		n++
		return n < maxBare
	})
}
