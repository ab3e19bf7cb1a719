package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"cardea/gateway/report"
	"cardea/gateway/respond"
	"cardea/home"
	"cardea/say"
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
	Mode   home.Mode     `json:"mode,omitempty"` // of mode
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
		if _, ours := c.fetchOf[b.GetName()]; ours || b.GetName() == listsBundle {
			c.wanted[b.GetName()] = b.GetVersion()
		}
	}
	c.mu.Unlock()
	c.beSought(d.GetHunts())
	c.beTried(d.GetShadow())
	if err := c.g.decided(d.GetHousehold()); err != nil {
		c.g.count("cloud_households_refused", 1)
		c.g.log.Error("what the home's people decided is not in force", "err", err)
	}
	if err := c.g.sold(d.GetPlan()); err != nil {
		c.g.count("cloud_plans_refused", 1)
		c.g.log.Error("what the home's people bought is not in force", "err", err)
	}
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
	answer, err := c.act(o, &e)
	proven := slices.Contains([]string{"check", "identify", "merge", "split", "try", "step", "code", "erase", "remedy"}, e.Verb)
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
		c.result(id, err, answer)
	}
}

// answered is what an order is answered with beside that it is done.
type answered struct {
	check *home.Check
	code  string
}

// result tells what became of an order.
func (c *cloud) result(id string, err error, a answered) {
	r := &pb.OrderResult{Id: id, InForce: err == nil, Done: report.Millis(c.g.now())}
	if err != nil {
		r.Why = report.Text(sentence(err), maxWhy)
		r.Said = wire.Words(say.Read(r.GetWhy()))
		c.g.count("cloud_orders_failed", 1)
	}
	if a.check != nil {
		r.Check = report.Check(*a.check)
	}
	r.Code = a.code
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
	errDisarmed    refusal = "Your gateway only watches now: it was told to shut nothing in."
	errProtections refusal = "There are as many protections of this device as there may be."
	errMode        refusal = "The gateway cannot hold it to that."
	errNoList      refusal = "Too little is known of devices like it to hold it to a list."
	errTrials      refusal = "As many trials run as may be at once."
	errAnswer      refusal = "That is no answer to this question."
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
	case errors.Is(err, respond.ErrOnce):
		return "It was let out for an hour already in the last day. Whoever may let it out for good decides now."
	}
	return err.Error()
}

// act does an order.
func (c *cloud) act(o *pb.Order, e *ordered) (a answered, err error) {
	now := c.g.now()
	if until := o.GetExpires(); until != 0 && now.UnixMilli() >= until {
		return a, errLate
	}
	by, ok := map[string]string{"owner": respond.ByOwner, "support": respond.BySupport}[o.GetBy()]
	if !ok {
		return a, errWhose
	}
	why := report.Text(o.GetWhy(), maxWhy)
	switch o.GetVerb() {
	case "quarantine":
		e.Device = home.DeviceID(o.GetDevice())
		return a, c.contain(e.Device, by, why, now)
	case "block", "unblock", "allow", "disallow":
		e.Device = home.DeviceID(o.GetDevice())
		return a, c.decide(e.Device, o.GetEndpoint(), o.GetVerb(), by)
	case "identify", "merge", "split", "protect", "unprotect":
		e.Device = home.DeviceID(o.GetDevice())
		return a, c.about(o, e.Device)
	case "mode":
		e.Device, e.Mode = home.DeviceID(o.GetDevice()), home.Mode(o.GetMode())
		return a, c.hold(e.Device, e.Mode, by, why, now)
	case "try":
		return a, c.g.try(home.DeviceID(o.GetDevice()), home.Mode(o.GetMode()), now)
	case "remedy":
		return a, c.g.care.order(o.GetId(), o.GetRemedy(), now)
	case "erase":
		return a, c.g.erase(home.DeviceID(o.GetDevice()), by)
	case "check", "release", "dismiss", "step", "undo", "code":
		inc, err := c.caseOf(o)
		if err != nil && !(o.GetVerb() == "undo" && errors.Is(err, respond.ErrClosed)) {
			return a, err
		}
		e.Device = inc.Device
		return c.treat(o, inc.ID, by, why, now)
	}
	return a, errVerb
}

// hold holds a device to a mode because people ask for it.
func (c *cloud) hold(id home.DeviceID, mode home.Mode, by, why string, now time.Time) error {
	if mode == home.ModeQuarantine {
		return c.contain(id, by, why, now)
	}
	c.g.mu.Lock()
	d, ok := c.g.observer.Device(id)
	c.g.mu.Unlock()
	switch {
	case !ok:
		return errDevice
	case d.Gateway:
		return errRouter
	case mode.Rank() < 0 || mode == home.ModeEndpointBlock:
		return errMode
	case mode != home.ModeOff && c.g.spared(id) && by != respond.ByOwner:
		return errProtected
	case mode.Listing() && !c.g.knows(id, mode):
		return errNoList
	}
	_, err := c.g.responder.Mode(id, mode, by, why, now)
	if errors.Is(err, respond.ErrOut) {
		return cmp.Or(c.g.stillHeld(id, now), err)
	}
	return err
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
func (c *cloud) treat(o *pb.Order, incident, by, why string, now time.Time) (a answered, err error) {
	switch o.GetVerb() {
	case "check":
		k, err := c.g.check(incident, by)
		if err == nil {
			a.check = &k
		}
		return a, err
	case "release":
		w := respond.Release{Incident: incident, By: by, Why: why}
		if until := o.GetUntil(); until != 0 {
			if w.Until = time.UnixMilli(until); !w.Until.After(now) {
				return a, errLate // who asked did not mean for good
			}
		}
		return a, c.g.responder.Release(w, now)
	case "step":
		_, err := c.g.responder.Step(respond.Answer{Incident: incident, Step: o.GetStep(), Answer: o.GetAnswer(), By: by}, now)
		return a, err
	case "undo":
		return a, c.g.responder.Undo(respond.Undoing{Incident: incident, Deed: o.GetDeed(), By: by, Why: why}, now)
	case "code":
		a.code, _, err = c.g.responder.Code(incident, by, now)
		return a, err
	}
	return a, c.dismiss(incident, by, why, o.GetAnswer(), now)
}

// outcomes are what people may say of a case that they end.
var outcomes = map[string]home.Outcome{
	"": home.OutcomeAccepted, "accepted": home.OutcomeAccepted, "false-alarm": home.OutcomeFalseAlarm, "removed": home.OutcomeRemoved,
}

// dismiss ends a case because people say so. The same is found less easily from then on; hard rules stay.
func (c *cloud) dismiss(incident, by, why, answer string, now time.Time) error {
	outcome, ok := outcomes[answer]
	if !ok {
		return errAnswer
	}
	if why == "" {
		why = map[string]string{
			respond.ByOwner: "The owner says that this is no problem.", respond.BySupport: "Support says that this is no problem.",
		}[by]
	}
	end := func() error { return c.g.responder.Close(incident, by, why, outcome, now) }
	if by != respond.ByOwner {
		return end()
	}
	return c.g.dismiss(incident, end)
}

// dismiss ends a case at the word of whose home it is, and learns from it.
func (g *Gateway) dismiss(incident string, end func() error) error {
	var about []home.Finding
	for _, i := range g.responder.Incidents() {
		if i.ID == incident {
			about = i.Findings
		}
	}
	if err := end(); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.judge.Accept(about)
	return nil
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
		c.result(o.ID, err, answered{})
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
	case o.Verb == "protect" && g.grade(o.Device, mode) == home.GradeNone && g.kept(o.Device):
		return false, errNotYet
	case o.Verb == "mode" && o.Mode == home.ModeOff && mode.Rank() > home.ModeEndpointBlock.Rank():
		return true, errAgain
	case o.Verb == "mode" && o.Mode == home.ModeOff:
		return true, g.stillHeld(o.Device, g.now())
	case o.Verb == "mode" && o.Mode != home.ModeQuarantine:
		if !contained || mode != o.Mode {
			return true, errOutAgain
		}
		if g.grade(o.Device, mode) == home.GradeNone {
			return false, errNotYet
		}
		return true, nil
	case o.Verb != "quarantine" && o.Mode != home.ModeQuarantine:
		return true, nil
	case !contained || mode != home.ModeQuarantine:
		return true, errOutAgain
	case g.grade(o.Device, mode) == home.GradeNone:
		return false, errNotYet
	}
	return true, nil
}
