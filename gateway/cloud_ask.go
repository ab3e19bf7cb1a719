package gateway

import (
	"cmp"
	"context"
	"slices"
	"time"

	"cardea/gateway/control"
	"cardea/gateway/report"
	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

const (
	maxAsking   = 8
	maxContacts = 1000
	maxPart     = 128 << 10 // bytes of one part of an answer
	followEvery = time.Second
	// alive is after how many times of followEvery a part goes out even when it is empty: it tells who follows that there is
	// still a line to the gateway. The cloud gives up after three that did not come.
	alive = 5
	// seenEvery is how much later a device must have been seen for that alone to be told to who follows, in milliseconds.
	seenEvery = 15_000
)

const (
	errAsker    refusal = "The question does not say whether a resident or support asks."
	errQuestion refusal = "The gateway does not know this question: it may be too old."
	errBusy     refusal = "The gateway answers too many questions already."
)

// Answer answers a live question. Whoever is not of the home needs the consent of somebody who is; each look is logged.
func (c *cloud) Answer(ctx context.Context, q *pb.Question, send func(*pb.Answer) error) error {
	if c.asking.Add(1) > maxAsking {
		c.asking.Add(-1)
		return errBusy
	}
	defer c.asking.Add(-1)
	now := c.g.now()
	what, device := asked(q)
	err := c.mayLook(q, what, device, now)
	if lost := c.look(q, what, device, err, now); err == nil {
		err = lost // what cannot be logged is not answered
	}
	if err != nil {
		return err
	}
	until := now.Add(wire.MaxQuestion)
	if q.GetAsker() == askerSupport {
		if end := time.UnixMilli(q.GetConsent().GetUntil()); end.Before(until) {
			until = end
		}
	}
	ctx, cancel := context.WithTimeout(ctx, until.Sub(now))
	defer cancel()
	a := &answer{send: send, part: &pb.Answer{}, private: c.g.household.Private(), guest: c.g.household.Guest}
	switch ask := q.GetAsk().(type) {
	case *pb.Question_Devices:
		list, _ := c.g.wireDevices("")
		err = a.devices(list)
	case *pb.Question_Contacts:
		err = c.contacts(ctx, ask.Contacts, a)
	case *pb.Question_Follow:
		return c.follow(ctx, q, device, a)
	case *pb.Question_Preview:
		err = c.preview(ctx, ask.Preview, a)
	}
	if err != nil {
		return err
	}
	return a.end()
}

const (
	askerResident = "resident"
	askerSupport  = "support"
)

// asked names what a question asks for; "" when it is not known here.
func asked(q *pb.Question) (what string, device home.DeviceID) {
	switch ask := q.GetAsk().(type) {
	case *pb.Question_Devices:
		return "devices", ""
	case *pb.Question_Contacts:
		return "contacts", home.DeviceID(ask.Contacts.GetDevice())
	case *pb.Question_Follow:
		return "follow", home.DeviceID(ask.Follow.GetDevice())
	case *pb.Question_Preview:
		return "preview", home.DeviceID(ask.Preview.GetDevice())
	}
	return "", ""
}

func (c *cloud) mayLook(q *pb.Question, what string, device home.DeviceID, now time.Time) error {
	switch q.GetAsker() {
	case askerSupport:
		if err := c.consented(q.GetConsent(), now); err != nil {
			return err
		}
	case askerResident:
	default:
		return errAsker
	}
	if what == "" {
		return errQuestion
	}
	if device == "" {
		return nil
	}
	c.g.mu.Lock()
	_, ok := c.g.observer.Device(device)
	c.g.mu.Unlock()
	if !ok {
		return errDevice
	}
	return nil
}

// contacts answers from the ledger and from the window that is open.
func (c *cloud) contacts(ctx context.Context, ask *pb.AskContacts, a *answer) error {
	q := control.ContactQuery{Device: home.DeviceID(ask.GetDevice()), Limit: maxContacts}
	if n := ask.GetLimit(); n > 0 && n < maxContacts {
		q.Limit = int(n)
	}
	if ask.GetFrom() != 0 {
		q.From = time.UnixMilli(ask.GetFrom())
	}
	if ask.GetUntil() != 0 {
		q.To = time.UnixMilli(ask.GetUntil())
	}
	var failed error
	err := c.g.Contacts(ctx, q, func(k home.Contact) bool {
		failed = a.contact(report.Contact(&k))
		return failed == nil
	})
	return cmp.Or(failed, err)
}

// preview answers what a mode would have stopped.
func (c *cloud) preview(ctx context.Context, ask *pb.AskPreview, a *answer) error {
	mode := home.Mode(ask.GetMode())
	if mode.Rank() <= home.ModeEndpointBlock.Rank() {
		return errMode
	}
	t, err := c.g.preview(ctx, home.DeviceID(ask.GetDevice()), mode)
	if err != nil {
		return err
	}
	if a.private || c.g.household.Guest(home.DeviceID(ask.GetDevice())) {
		t.Stopped = nil
	}
	a.part.Preview = trialMessage(t).Message()
	return nil
}

// answer packs an answer into parts.
type answer struct {
	send    func(*pb.Answer) error
	part    *pb.Answer
	size    int
	private bool // names of contacts stay at home
	guest   func(home.DeviceID) bool
	begun   bool // something was sent: an empty first part says that there is a gateway, and nothing to tell
}

func (a *answer) room(n int) error {
	if a.size += n; a.size <= maxPart {
		return nil
	}
	err := a.flush()
	a.size = n
	return err
}

func (a *answer) contact(k *pb.Contact) error {
	if a.private || a.guest != nil && a.guest(home.DeviceID(k.GetDevice())) {
		report.PrivateContact(k)
	}
	if err := a.room(proto.Size(k) + 4); err != nil {
		return err
	}
	a.part.Contacts = append(a.part.Contacts, k)
	return nil
}

func (a *answer) devices(list []*pb.Device) error {
	for _, d := range list {
		if a.private {
			wire.NamelessDevice(d)
		}
		if err := a.room(proto.Size(d) + 4); err != nil {
			return err
		}
		a.part.Devices = append(a.part.Devices, d)
	}
	return nil
}

// flush sends what there is.
func (a *answer) flush() error {
	part := a.part
	a.part, a.size = &pb.Answer{}, 0
	if a.begun && len(part.GetDevices()) == 0 && len(part.GetContacts()) == 0 && part.GetPreview() == nil && !part.GetLast() {
		return nil
	}
	a.begun = true
	return a.send(part)
}

func (a *answer) end() error {
	a.part.Last = true
	return a.flush()
}

// contactOf tells contacts of the open window apart.
type contactOf struct {
	device          home.DeviceID
	name, ip, proto string
	port            uint16
	inbound, lookup bool
}

func keyOf(k *home.Contact) contactOf {
	key := contactOf{k.Device, k.Endpoint.Name, "", k.Endpoint.Proto, k.Endpoint.Port, k.Inbound, k.Lookup}
	if key.name == "" {
		key.ip = k.Endpoint.IP.String()
	}
	return key
}

type contactState struct {
	flows, failed, up, down, packets uint64
	named                            string
	last                             time.Time
}

// follower knows what it told.
type follower struct {
	c        *cloud
	device   home.DeviceID
	contacts map[contactOf]contactState
	devices  map[string]*pb.Device
}

// follow tells all that goes on, then each second what has changed, until the question's time is over or the consent was
// taken back.
func (c *cloud) follow(ctx context.Context, q *pb.Question, device home.DeviceID, a *answer) error {
	f := &follower{c: c, device: device, contacts: map[contactOf]contactState{}, devices: map[string]*pb.Device{}}
	t := time.NewTicker(followEvery)
	defer t.Stop()
	for n := 0; ; n++ {
		if n%alive == 0 {
			a.begun = false
		}
		if q.GetAsker() == askerSupport {
			if err := c.consented(q.GetConsent(), c.g.now()); err != nil {
				return err
			}
		}
		if err := f.tell(a); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

func (f *follower) tell(a *answer) error {
	list, _ := f.c.g.wireDevices(f.device)
	list = slices.DeleteFunc(list, func(d *pb.Device) bool {
		before := f.devices[d.GetId()]
		if before != nil && !report.Differs(before, d, seenEvery) {
			return true
		}
		f.devices[d.GetId()] = d
		return false
	})
	if err := a.devices(list); err != nil {
		return err
	}
	for _, k := range f.changed() {
		if err := a.contact(report.Contact(&k)); err != nil {
			return err
		}
	}
	return a.flush()
}

// changed lists open contacts that are not as they were told. A window that closed begins anew.
func (f *follower) changed() (out []home.Contact) {
	now := make(map[contactOf]contactState, len(f.contacts))
	g := f.c.g
	g.mu.Lock()
	defer g.mu.Unlock()
	g.observer.Contacts(f.device, func(k home.Contact) bool {
		key := keyOf(&k)
		state := contactState{k.Flows, k.Failed, k.Up, k.Down, k.Packets, k.Named, k.Last}
		if before, told := f.contacts[key]; !told || before != state {
			g.judge.Contact(&k)
			out = append(out, k)
		}
		now[key] = state
		return true
	})
	slices.SortFunc(out, func(a, b home.Contact) int { return a.Last.Compare(b.Last) })
	if len(out) > maxContacts { // the rest is told in the next second
		for _, k := range out[maxContacts:] {
			delete(now, keyOf(&k))
		}
		out = out[:maxContacts]
	}
	f.contacts = now
	return out
}
