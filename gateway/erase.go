package gateway

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"cardea/behavior/usual"
	"cardea/gateway/respond"
	"cardea/home"
)

const errNotOwner refusal = "Only the home's own people have erased what its gateway keeps."

// erase forgets what a device did, or ("") what all did: the ledger, the window that is open, what was told and what waits to be told, what was
// normal for it, which names it is known by, its closed cases. What people decided stays, and so do open cases: without them nobody would know
// why a device is shut in. Gateway.saving is held.
func (g *Gateway) erase(id home.DeviceID, by string) error {
	if by != respond.ByOwner {
		return errNotOwner
	}
	g.mu.Lock()
	devices := g.observer.Devices()
	if _, ok := g.observer.Device(id); id != "" && !ok {
		g.mu.Unlock()
		return errDevice
	}
	g.observer.Erase(id)
	g.who.book.EraseNames(id)
	g.who.links.EraseNames(id)
	for i := range devices {
		if d := devices[i].ID; id == "" || d == id {
			g.judge.Forget(d)
			g.judge.Restore(d, usual.State{})
			g.book.Forget(d)
			g.harm.Forget(d)
			g.hindered.Forget(d)
		}
	}
	g.hits.forget(id)
	maps.DeleteFunc(g.hunted, func(key string, _ time.Time) bool { return id == "" || strings.HasPrefix(key, string(id)+" ") })
	g.mu.Unlock()

	c := g.cloud
	c.mu.Lock()
	c.announced.Forget(id)
	c.hours.Forget(id)
	c.stops.Forget(id)
	c.shadow.forget(id)
	c.profiles.forget(id)
	c.first = nil // of other devices they come again
	clear(c.lastTold)
	c.anew.Store(true)
	c.mu.Unlock()
	g.responder.Erase(id)
	if g.resolver != nil {
		g.resolver.Flush()
	}

	g.writeContacts() // what waits for the disk, too
	erase := func() error { return g.ledger.Erase(id) }
	if id == "" {
		erase = g.ledger.EraseAll
	}
	if err := errors.Join(erase(), g.rememberNormal(), g.saveWho(), c.saveAnnounced()); err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	return c.seal() // home.json is written with the order's own result
}

// seal has what was told leave the disk when the cloud has it.
func (c *cloud) seal() error {
	c.mu.Lock()
	l := c.line
	c.mu.Unlock()
	if l == nil {
		return nil
	}
	s, ok := l.spool.(interface{ Seal() error })
	if !ok {
		return nil
	}
	return s.Seal()
}
