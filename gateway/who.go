package gateway

import (
	"context"
	"net/netip"
	"time"

	"cardea/exposure"
	"cardea/gateway/observe"
	"cardea/gateway/stay"
	"cardea/home"
	"cardea/identity"
	"cardea/identity/facts"
	"cardea/identity/same"
)

// who is what is known of who the devices are: identity, which addresses are the same device, and how exposed each is. Live
// and replay use the same; the pipeline's lock guards it.
type who struct {
	book    *identity.Book
	links   *same.Linker
	stays   stay.Book // has a lock of its own
	exposed *exposure.Book
	texts   texts // of tokens; nil in a replay, which tells nobody
}

// newWho makes an empty one. owner tells which device has an address; nil: what is seen of it is believed.
func newWho(c same.Config, owner func(netip.Addr) home.DeviceID) *who {
	return &who{
		book:    identity.NewBook(identity.Config{Facts: facts.Default(), Domain: registrable}),
		links:   same.New(c),
		exposed: exposure.New(exposure.Config{Find: owner}),
	}
}

// observe takes an observation. What came in by another device's port says nothing about the one whose address it bears.
func (w *who) observe(o *home.Observation) {
	var known home.Identity
	if o.Device != nil {
		known = o.Device.Identity
	}
	w.links.Observe(o, known)
	if o.Proven || o.Source.IsZero() {
		w.book.Observe(o)
		if w.texts != nil {
			w.texts.gather(o)
		}
	} else if o.Kind != home.EventFlow {
		return
	}
	w.exposed.Observe(o) // what the internet begins is nobody's frame
}

// identify hands on who devices are taken for where that may have changed.
func (w *who) identify(set func(home.DeviceID, home.Identity), find func(*home.Finding)) {
	for _, id := range w.book.Changed() {
		set(id, w.book.Identity(id))
	}
	for _, f := range w.book.Findings() {
		find(&f)
	}
}

// holder is the device that has an address. The lock is held.
func (g *Gateway) holder(a netip.Addr) home.DeviceID {
	d, _ := g.observer.ByAddr(a)
	return d.ID
}

// know is the step of the pipeline that gathers who is who.
func (g *Gateway) know(o *home.Observation) { g.who.observe(o) }

// standing tells the linker what must survive a merge. The lock is held.
func (g *Gateway) standing(id home.DeviceID) same.Standing {
	_, open := g.responder.SymptomOf(id)
	return same.Standing{Contained: open, Protected: g.spared(id)}
}

// linksEvery is how often devices are looked at that may be one.
const linksEvery = 10 * time.Second

// meetAgain identifies devices, and merges those that are one beyond doubt. The lock is held.
func (g *Gateway) meetAgain(now time.Time) {
	g.who.identify(g.observer.Identify, g.Find)
	if !due(&g.nextLinks, now, linksEvery) {
		return
	}
	g.proposed = g.who.links.Proposals()
	for _, l := range g.proposed {
		if !l.Automatic || l.Protected || g.waits(l.Into) || g.waits(l.From) {
			continue // its owner is asked
		}
		if err := g.merge(l.Into, l.From, same.Evidence); err != nil {
			g.log.Warn("two devices that are one stay two", "into", l.Into, "from", l.From, "err", err)
			continue
		}
		g.count("devices_merged", 1)
		g.log.Info("the same device again", "device", l.Into, "was", l.From, "why", l.Why)
	}
}

// waits says whether a device is new and nobody has said yes to it yet: it must not get in by looking like one that is known. The lock
// is held.
func (g *Gateway) waits(id home.DeviceID) bool {
	d := g.observer.Borrow(id)
	return d != nil && !d.Gateway && g.household.Held(id, d.First)
}

// merge makes two devices one. Who is shut in, or was decided about, keeps its id, so that nothing is shed by it. The lock is held.
func (g *Gateway) merge(into, from home.DeviceID, by same.By) error {
	_, heldInto := g.responder.SymptomOf(into)
	_, heldFrom := g.responder.SymptomOf(from)
	switch {
	case heldInto && heldFrom:
		return errBothHeld
	case g.spared(into) != g.spared(from) && by == same.Evidence:
		return errOneSpared
	case heldFrom || g.spared(from) && !heldInto:
		into, from = from, into
	}
	if g.spared(from) { // it would lose what its owner said
		return errOneSpared
	}
	if a, b := g.observer.Borrow(into), g.observer.Borrow(from); a == nil || b == nil {
		return observe.ErrUnknown
	} else if a.Gateway || b.Gateway {
		return observe.ErrGateway
	}
	if by == same.Evidence && g.said.twoBy(g.observer.Borrow(into).MACs, g.observer.Borrow(from).MACs) {
		return same.ErrDecided
	}
	if err := g.who.links.Merge(into, from, by); err != nil {
		return err
	}
	g.said.reconcile(g.observer.Borrow(into).MACs, g.observer.Borrow(from).MACs)
	if err := g.observer.Merge(into, from); err != nil {
		return err
	}
	g.who.book.Merge(into, from)
	g.who.exposed.Merge(into, from)
	g.said.merge(into, from)
	g.anchors.merge(into, from)
	g.judge.Drop(from)
	g.follow()
	if g.rules.merge(into, from) {
		g.applyPolicy()
	}
	g.wake() // its addresses are those of both now
	return nil
}

// split makes an address of a device a device of its own again, with what was said of it before. The lock is held.
func (g *Gateway) split(id home.DeviceID, mac home.MAC) (home.DeviceID, error) {
	mac, err := g.guest(id, mac)
	if err != nil {
		return "", err
	}
	to, err := g.observer.Split(id, mac)
	if err != nil {
		return "", err
	}
	g.who.links.Split(id, mac, to)
	g.who.book.Split(id, to)
	if c, ok := g.said.identity(to); ok {
		g.who.book.Correct(to, c)
	}
	g.said.separate(g.observer.Borrow(id).MACs, g.observer.Borrow(to).MACs)
	g.follow()
	g.anchorAnew(id)
	g.anchorAnew(to)
	g.later(func(context.Context) error { return g.rememberWho() })
	g.wake()
	return to, nil
}

// anchorAnew forgets by which port a device was heard when it was another one too: that may be the other one's. The bridge says
// where it is; else it is seen. The lock is held.
func (g *Gateway) anchorAnew(id home.DeviceID) {
	delete(g.anchors, id)
	g.state.mu.Lock()
	delete(g.state.alone, id)
	g.state.mu.Unlock()
	if g.kernel == nil {
		return
	}
	if port, _, ok := g.kernel.Ports().PortOf(g.observer.Borrow(id).MAC); ok {
		g.anchors[id] = &anchor{port: port}
	}
}

// guest is the address that leaves when one is said to be another device's: what holds for a device (that it is shut in, or never
// is) is its own first address's, and that is not to get out of it, nor anybody else into it. So when the device's own address is
// named, the one that came to it goes.
func (g *Gateway) guest(id home.DeviceID, mac home.MAC) (home.MAC, error) {
	d := g.observer.Borrow(id)
	if d == nil {
		return mac, observe.ErrUnknown
	}
	came := map[home.MAC]home.DeviceID{}
	for _, a := range g.observer.Aliases() {
		if a.Into == id {
			came[a.MAC] = a.From
		}
	}
	others := map[home.DeviceID]home.MAC{}
	for _, m := range d.MACs {
		if m != mac {
			others[came[m]] = m
		}
	}
	_, own := others[""]
	_, held := g.responder.SymptomOf(id)
	switch {
	case came[mac] != "" || own:
		return mac, nil
	case len(others) == 1:
		for _, m := range others {
			return m, nil
		}
	case held || g.spared(id):
		return mac, errWhich
	}
	return mac, nil
}

// headless says whether a device is of a class that has no browser. Names and habits can be copied: it counts when any of
// its recent classes is one, so that nobody gets more leave by pretending.
func (g *Gateway) headless(id home.DeviceID) bool {
	return headless[g.who.book.Strictest(id, g.now())]
}

var headless = func() map[home.DeviceClass]bool {
	m := map[home.DeviceClass]bool{}
	for _, c := range []home.DeviceClass{
		home.ClassCamera, home.ClassDoorbell, home.ClassPlug, home.ClassLight, home.ClassSensor, home.ClassThermostat, home.ClassHub,
		home.ClassLock, home.ClassAlarm, home.ClassMedical, home.ClassScale, home.ClassAppliance, home.ClassPrinter,
	} {
		m[c] = true
	}
	return m
}()
