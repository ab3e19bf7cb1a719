package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"cardea/gateway/report"
	"cardea/gateway/respond"
	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"
)

const (
	maxID      = 64  // bytes of any id that comes down
	maxWhy     = 400 // bytes of a person's reason
	maxOrdered = 512 // orders that are remembered; the oldest that are done go first
	proveEvery = time.Second
	// proveFor is how long an order may take to be in force before it is told as failed. It is tried on.
	proveFor = 30 * time.Second
)

// ordered is an order that was begun.
type ordered struct {
	ID     string        `json:"id"`
	Verb   string        `json:"verb"`
	Device home.DeviceID `json:"device,omitempty"`
	Done   bool          `json:"done,omitempty"` // its result was told

	since time.Time // when it was begun, or the agent was started
	need  uint64    // version of enforcement that has to be in force; 0: any
}

// Apply does what the cloud wants. Results are told when they are proven, not here. The lists are fetched meanwhile.
func (c *cloud) Apply(_ context.Context, d *pb.Desired) error {
	if len(d.GetOrders()) > wire.MaxOrders || len(d.GetKeys()) > 4*maxKeys || len(d.GetRevokedConsents()) > 4*maxRevoked {
		return fmt.Errorf("desired state %d is too large", d.GetVersion())
	}
	c.mu.Lock()
	keys, refused := takeKeys(c.mem.Keys, c.mem.Place, d.GetKeys())
	c.mem.Keys, c.mem.Revoked = keys, revoke(c.mem.Revoked, d.GetRevokedConsents())
	for _, b := range d.GetBundles() {
		if _, ours := c.fetchOf[b.GetName()]; (ours || b.GetName() == listsBundle) && b.GetVersion() > c.wanted[b.GetName()] {
			c.wanted[b.GetName()] = b.GetVersion()
		}
	}
	c.mu.Unlock()
	if refused > 0 {
		c.g.count("cloud_keys_refused", uint64(refused))
	}
	if c.behind(listsBundle) {
		c.ask(c.fetch)
	}
	for name, ask := range c.fetchOf {
		if c.behind(name) {
			c.ask(ask)
		}
	}
	for _, o := range d.GetOrders() {
		c.order(o)
	}
	c.ask(c.proofs)
	return c.g.remember()
}

// order begins an order that was not begun yet. What it does and that it was done get onto the disk together: the lock keeps
// anybody from writing one without the other.
func (c *cloud) order(o *pb.Order) {
	id := o.GetId()
	if id == "" || len(id) > maxID {
		c.g.count("cloud_orders_refused", 1)
		return
	}
	c.mu.Lock()
	begun := slices.ContainsFunc(c.mem.Orders, func(b ordered) bool { return b.ID == id })
	c.mu.Unlock()
	if begun {
		return
	}
	c.g.saving.Lock()
	defer c.g.saving.Unlock()
	e := ordered{ID: id, Verb: cut(o.GetVerb(), 16), since: c.g.now(), need: c.g.nextVersion()}
	check, err := c.act(o, &e)
	proven := slices.Contains([]string{"check", "identify", "merge", "split"}, e.Verb)
	e.Done = err != nil || proven
	c.mu.Lock()
	c.mem.Orders = append(c.mem.Orders, e)
	if n := len(c.mem.Orders); n > maxOrdered {
		i := max(0, slices.IndexFunc(c.mem.Orders, func(b ordered) bool { return b.Done }))
		c.mem.Orders = slices.Delete(c.mem.Orders, i, i+1)
	}
	c.mu.Unlock()
	c.g.count("cloud_orders", 1)
	c.g.log.Info("order", "id", id, "verb", e.Verb, "by", report.Text(o.GetBy(), maxID), "err", err)
	if e.Done {
		c.result(id, err, check)
	}
}

// result tells what became of an order.
func (c *cloud) result(id string, err error, check *home.Check) {
	r := &pb.OrderResult{Id: id, InForce: err == nil, Done: report.Millis(c.g.now())}
	if err != nil {
		r.Why = report.Text(sentence(err), maxWhy)
		c.g.count("cloud_orders_failed", 1)
	}
	if check != nil {
		r.Check = report.Check(*check)
	}
	c.queue(&pb.Item{Body: &pb.Item_OrderResult{OrderResult: r}})
}

// refusal says to people why an order was not done.
type refusal string

func (r refusal) Error() string { return string(r) }

const (
	errLate        refusal = "The order came too late: it was not to begin any more."
	errWhose       refusal = "The order does not say whether the owner or support asks."
	errDevice      refusal = "The gateway does not know this device."
	errRouter      refusal = "That is the gateway itself: it cannot be shut in."
	errProtected   refusal = "This device is protected: only its owner can have it shut in."
	errCase        refusal = "The gateway knows no such case."
	errTooMany     refusal = "The gateway has shut in as many devices today as it does for the cloud in a day."
	errEndpoint    refusal = "That is neither a name nor an address."
	errWide        refusal = "That is too much to block from afar."
	errOverruled   refusal = "The configuration of the gateway says otherwise, and comes first."
	errAgain       refusal = "It was shut in again meanwhile."
	errOutAgain    refusal = "It was let out again meanwhile."
	errNotYet      refusal = "The rules are not in force yet; the gateway goes on trying."
	errDisarmed    refusal = "Nothing is enforced now: the agent is disarmed."
	errProtections refusal = "There are as many protections of this device as there may be."
	errVerb        refusal = "The gateway does not know this order: it may be too old."
)

// sentence turns an error into what a person reads.
func sentence(err error) string {
	switch {
	case errors.Is(err, respond.ErrUnknown):
		err = errCase
	case errors.Is(err, respond.ErrClosed):
		return "The case is closed."
	case errors.Is(err, respond.ErrOut):
		return "Nothing is shut in."
	}
	return err.Error()
}

// act does an order.
func (c *cloud) act(o *pb.Order, e *ordered) (*home.Check, error) {
	now := c.g.now()
	if until := o.GetExpires(); until != 0 && now.UnixMilli() >= until {
		return nil, errLate
	}
	by, ok := map[string]string{"owner": respond.ByOwner, "support": respond.BySupport}[o.GetBy()]
	if !ok {
		return nil, errWhose
	}
	why := report.Text(o.GetWhy(), maxWhy)
	switch o.GetVerb() {
	case "quarantine":
		e.Device = home.DeviceID(o.GetDevice())
		return nil, c.contain(e.Device, by, why, now)
	case "block", "unblock", "allow", "disallow":
		e.Device = home.DeviceID(o.GetDevice())
		return nil, c.decide(e.Device, o.GetEndpoint(), o.GetVerb(), by)
	case "identify", "merge", "split", "protect", "unprotect":
		e.Device = home.DeviceID(o.GetDevice())
		return nil, c.about(o, e.Device)
	case "check", "release", "dismiss":
		inc, err := c.caseOf(o)
		if err != nil {
			return nil, err
		}
		e.Device = inc.Device
		return c.treat(o.GetVerb(), inc.ID, by, why, now)
	}
	return nil, errVerb
}

// contain shuts a device in, if that is within what the cloud may do.
func (c *cloud) contain(id home.DeviceID, by, why string, now time.Time) error {
	c.g.mu.Lock()
	d, ok := c.g.observer.Device(id)
	c.g.mu.Unlock()
	switch {
	case !ok:
		return errDevice
	case d.Gateway:
		return errRouter
	case c.g.spared(id) && by != respond.ByOwner:
		return errProtected
	}
	if c.g.responder.Modes()[id] != home.ModeQuarantine && !c.mayContain(now) {
		c.g.count("cloud_containments_refused", 1)
		return errTooMany
	}
	if why == "" {
		why = map[string]string{respond.ByOwner: "The owner asked for it.", respond.BySupport: "Support asked for it."}[by]
	}
	c.g.responder.Quarantine(id, by, why, now)
	return nil
}

// mayContain counts a containment that the cloud orders. An entry that is to come was noted before the clock was set back.
func (c *cloud) mayContain(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mem.Contained = slices.DeleteFunc(c.mem.Contained, func(t time.Time) bool {
		return now.Sub(t) >= 24*time.Hour || t.Sub(now) > 24*time.Hour
	})
	if len(c.mem.Contained) >= c.g.cfg.Cloud.ContainPerDay {
		return false
	}
	c.mem.Contained = append(c.mem.Contained, now)
	return true
}

// decide changes a rule and makes sure that it is what counts.
func (c *cloud) decide(id home.DeviceID, endpoint, verb, by string) error {
	name, addr, err := endpointOf(endpoint)
	if err != nil || len(endpoint) > home.MaxName+2 {
		return errEndpoint
	}
	// That the owner asks is the cloud's word: nobody may take the internet away with it. An owner may block a home's address
	// for one device.
	if verb == "block" && (c.wide(name, addr) || (by != respond.ByOwner || id == "") && c.own(addr)) {
		return errWide
	}
	dev := &home.Device{ID: id}
	if id != "" {
		c.g.mu.Lock()
		d, ok := c.g.observer.Device(id)
		c.g.mu.Unlock()
		if !ok {
			return errDevice
		}
		dev = &d
	}
	if err := c.g.rule(id, endpoint, verb); err != nil {
		return err
	}
	v := c.g.judge.Name(dev, name)
	if name == "" {
		v = c.g.judge.Answer(dev, "", nil, []netip.Addr{addr.Addr()})
	}
	fixed := c.g.rules.get(id)
	same := func(s string) bool { return sameEndpoint(s, endpoint) }
	if verb == "block" && v.Action < home.Block || verb == "allow" && v.Action >= home.Block ||
		verb == "unblock" && slices.ContainsFunc(fixed.Block, same) || verb == "disallow" && slices.ContainsFunc(fixed.Allow, same) {
		return errOverruled
	}
	return nil
}

// wide says whether a block would take more than one service away: a public suffix, a great part of the internet.
func (c *cloud) wide(name string, p netip.Prefix) bool {
	if name != "" {
		return registrable(name) == ""
	}
	return p.Addr().IsLoopback() || p.Addr().IsMulticast() || p.Addr().Is4() && p.Bits() < 16 || p.Addr().Is6() && p.Bits() < 32
}

// own says whether an address is of the home itself.
func (c *cloud) own(p netip.Prefix) bool {
	if !p.IsValid() {
		return false
	}
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	return c.g.observer.IsHome(p.Addr())
}

// caseOf finds the case that an order means.
func (c *cloud) caseOf(o *pb.Order) (home.Incident, error) {
	for _, i := range c.g.responder.Incidents() {
		switch {
		case o.GetIncident() != "" && i.ID != o.GetIncident() && i.Code != o.GetIncident():
		case o.GetDevice() != "" && i.Device != home.DeviceID(o.GetDevice()):
		case o.GetIncident() == "" && (o.GetDevice() == "" || i.State == home.StateClosed):
		case i.State == home.StateClosed:
			return i, respond.ErrClosed
		default:
			return i, nil
		}
	}
	if o.GetIncident() == "" && o.GetVerb() == "release" {
		return home.Incident{}, respond.ErrOut
	}
	return home.Incident{}, errCase
}

// treat does what is asked for about a case.
func (c *cloud) treat(verb, incident, by, why string, now time.Time) (*home.Check, error) {
	switch verb {
	case "check":
		k, err := c.g.check(incident, by)
		if err != nil {
			return nil, err
		}
		return &k, nil
	case "release":
		return nil, c.g.responder.Release(respond.Release{Incident: incident, By: by, Why: why}, now)
	}
	if why == "" {
		why = map[string]string{
			respond.ByOwner: "The owner says that this is no problem.", respond.BySupport: "Support says that this is no problem.",
		}[by]
	}
	return nil, c.g.responder.Close(incident, by, why, now)
}

// prove tells an order's result when the kernel has it, or when it took too long.
func (c *cloud) prove(ctx context.Context) error {
	again := time.NewTimer(time.Hour)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.proofs:
		case <-again.C:
			c.g.wake() // it may be in force after another try
		}
		if c.proveAll(c.g.now()) {
			again.Reset(proveEvery)
		}
	}
}

// proveAll looks at every order that was begun, and says whether some are not in force yet.
func (c *cloud) proveAll(now time.Time) (waiting bool) {
	c.mu.Lock()
	var open []ordered
	for _, o := range c.mem.Orders {
		if !o.Done {
			open = append(open, o)
		}
	}
	c.mu.Unlock()
	for _, o := range open {
		done, err := c.g.proven(o)
		if !done && now.Sub(o.since) < proveFor && o.since.Sub(now) < proveFor {
			waiting = true
			continue
		}
		c.g.saving.Lock()
		c.mu.Lock()
		if i := slices.IndexFunc(c.mem.Orders, func(b ordered) bool { return b.ID == o.ID }); i >= 0 {
			c.mem.Orders[i].Done = true
		}
		c.mu.Unlock()
		c.result(o.ID, err, nil)
		c.g.saving.Unlock()
	}
	return waiting
}

// nextVersion is the first version of enforcement that has what happens from now on.
func (g *Gateway) nextVersion() uint64 {
	g.state.mu.Lock()
	defer g.state.mu.Unlock()
	return g.state.version + 1
}

// proven says whether the kernel has what an order asked for; err is why it is not so, as things stand.
func (g *Gateway) proven(o ordered) (done bool, err error) {
	g.state.mu.Lock()
	current, broken := g.state.done >= max(o.need, 1), g.state.err
	g.state.mu.Unlock()
	mode, contained := g.responder.Modes()[o.Device]
	switch {
	case o.Verb == "release" && mode == home.ModeQuarantine:
		return true, errAgain
	case broken != nil:
		return false, refusal("The rules are not in force: " + broken.Error())
	case !current:
		return false, errNotYet
	case o.Verb == "release" || o.Verb == "dismiss":
		return true, nil
	case g.disarmed():
		return false, errDisarmed
	case o.Verb == "protect" && g.grade(o.Device) == home.GradeNone && g.kept(o.Device):
		return false, errNotYet
	case o.Verb != "quarantine":
		return true, nil
	case !contained || mode != home.ModeQuarantine:
		return true, errOutAgain
	case g.grade(o.Device) == home.GradeNone:
		return false, errNotYet
	}
	return true, nil
}
