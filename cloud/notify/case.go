package notify

import (
	"fmt"
	"slices"
	"time"

	"cardea/cloud/notify/words"
	"cardea/home"
	"cardea/internal/platform/db"
)

// Case is an incident as its gateway told it last, as far as people are told of it. Its texts are untrusted.
type Case struct {
	ID       string         `json:"id"`
	Code     string         `json:"code"`
	DeviceID string         `json:"device_id"`
	Device   words.Device   `json:"device"`
	State    home.State     `json:"state"`
	Mode     home.Mode      `json:"mode"`
	Grade    home.Grade     `json:"grade"`
	Kind     home.Infection `json:"kind"`
	Detector home.Detector  `json:"detector"`
	Waits    bool           `json:"waits"`
	Relapses uint32         `json:"relapses"`
	Outcome  home.Outcome   `json:"outcome"`
	Contact  string         `json:"contact"` // company, country or name that it contacted
	Time     time.Time      `json:"time"`    // when it began
}

// told is a case in a message.
type told struct {
	Case
	Alarmed bool `json:"alarmed"` // people were told that it is infected
}

const (
	calm     = time.Minute     // how long a case that is only open waits: what is done meanwhile is what people are told
	gather   = 5 * time.Second // how long an alarm waits for further devices
	joinTime = time.Hour       // within which another device of the same cause is news of the same message
	maxCases = 16              // in one message; further ones are counted
	maxRevs  = 24              // of a message: a gateway whose cases flap tells no more
	// maxDay is how many messages a home's people get in 24 hours. Others' must not wait behind a home's whose gateway invents cases.
	maxDay = 40
)

// infected says whether people are to be alarmed: it is contained or to be, or what was seen names a kind of infection. Anything
// else is a question.
func (c Case) infected() bool {
	switch c.State {
	case home.StateContained:
		return true
	case home.StateOpen:
		return c.Waits || c.Kind != "" && c.Kind != home.InfectionUnknown
	}
	return false
}

func (c Case) cause() string {
	switch {
	case !c.infected():
		return "cause:odd"
	case c.Kind != "" && c.Kind != home.InfectionUnknown:
		return "cause:" + string(c.Kind)
	}
	return "cause:" + words.Line(string(c.Detector), 40)
}

// news says how much what a case has become matters to those who know it as it was; nil: nobody knows it.
func (c Case) news(was *told) (Level, bool) {
	if was == nil {
		switch {
		case c.infected():
			return Critical, true
		case c.State == home.StateOpen:
			return Important, true
		}
		return 0, false // it began while we did not look, and goes its way
	}
	same := was.Case
	same.Time, same.Contact = c.Time, c.Contact
	switch {
	case c == same:
		return 0, false
	case c.Relapses > was.Relapses && c.State != home.StateClosed:
		return Important, true
	case c.infected() && !was.Alarmed:
		return Critical, true
	case c.State == home.StateClosed && was.State != home.StateClosed:
		if c.Outcome == home.OutcomeFalseAlarm || c.Outcome == home.OutcomeAccepted { // somebody there said so
			return Update, true
		}
		return Info, true
	}
	return Update, true
}

// Case notes what a case has become, in the transaction that stores it. Of one cause there is one message: another device with
// the same trouble joins it, and what comes later replaces what people were told.
func (n *Notify) Case(tx *db.Tx, p home.Place, c Case) error {
	c.Code, c.Contact = words.Line(c.Code, 16), words.Line(c.Contact, 100)
	c.Device.Name, c.Device.Vendor = words.Line(c.Device.Name, 120), words.Line(c.Device.Vendor, 60)
	m, err := messageOf(tx, p, c.ID)
	if err != nil {
		return err
	}
	if m == nil {
		return n.newCase(tx, p, c)
	}
	at := slices.IndexFunc(m.body.Cases, func(t told) bool { return t.ID == c.ID })
	if at < 0 { // one of those that are only counted
		return nil
	}
	level, ok := c.news(&m.body.Cases[at])
	if !ok {
		return nil
	}
	m.body.Cases[at] = told{c, m.body.Cases[at].Alarmed || c.infected()}
	return n.revise(tx, m, level, n.wait(c))
}

// wait is how long what is new may wait.
func (n *Notify) wait(c Case) time.Duration {
	if c.State == home.StateOpen && !c.infected() {
		return calm
	}
	return gather
}

func (n *Notify) newCase(tx *db.Tx, p home.Place, c Case) error {
	level, ok := c.news(nil)
	if !ok {
		return nil
	}
	now := n.opts.Now()
	m, err := latest(tx, p, c.cause(), now.Add(-joinTime))
	if err != nil {
		return err
	}
	if m != nil && !m.over() && m.alarms() == c.infected() {
		if len(m.body.Cases) < maxCases {
			m.body.Cases = append(m.body.Cases, told{c, c.infected()})
		} else {
			m.body.More++
		}
		if m.due == 0 { // people know of the cause; that another device has it too is no second alarm
			level = Update
		}
		if err := n.revise(tx, m, level, n.wait(c)); err != nil {
			return err
		}
		return inMessage(tx, p, c.ID, m.id)
	}
	full, err := n.full(tx, p)
	if err != nil || full {
		return err
	}
	m = &message{place: p.OfHome(), topic: c.cause(), level: level, body: body{Cases: []told{{c, c.infected()}}}, due: now.Add(n.wait(c)).UnixMilli()}
	if err := n.insert(tx, m); err != nil {
		return err
	}
	return inMessage(tx, p, c.ID, m.id)
}

func inMessage(tx *db.Tx, p home.Place, incident, id string) error {
	_, err := tx.Exec(`INSERT INTO notify_case (tenant, home, incident, message) VALUES (?, ?, ?, ?) ON CONFLICT (tenant, home, incident) DO NOTHING`,
		p.Tenant, p.Home, incident, id)
	return err
}

// over says that all of its cases are closed.
func (m *message) over() bool {
	return !slices.ContainsFunc(m.body.Cases, func(t told) bool { return t.State != home.StateClosed })
}

// alarms says that a case of it is an alarm by now: a question does not join that.
func (m *message) alarms() bool {
	return slices.ContainsFunc(m.body.Cases, func(t told) bool { return t.Alarmed })
}

// full says that a home was told enough for a day.
func (n *Notify) full(tx *db.Tx, p home.Place) (bool, error) {
	var today int
	err := tx.Row(`SELECT COUNT(*) FROM notify_message WHERE tenant = ? AND home = ? AND made > ? AND topic NOT IN ('test', 'report')`, p.Tenant, p.Home,
		n.opts.Now().Add(-24*time.Hour).UnixMilli()).Scan(&today)
	return today >= maxDay, err
}

// caseFacts is what a message of cases says now: of those that matter most.
func caseFacts(b body) words.Facts {
	groups := []struct {
		kind words.Kind
		is   func(told) bool
	}{
		{words.Infected, func(t told) bool { return t.infected() }},
		{words.Odd, func(t told) bool { return t.State == home.StateOpen }},
		{words.Handled, func(t told) bool { return t.State != home.StateClosed }},
		{words.Clean, func(t told) bool { return t.Outcome == home.OutcomeClean }},
		{words.Settled, func(told) bool { return true }},
	}
	for _, g := range groups {
		var in []told
		for _, t := range b.Cases {
			if g.is(t) {
				in = append(in, t)
			}
		}
		if len(in) > 0 {
			f := factsOf(g.kind, in)
			f.More += b.More
			return f
		}
	}
	return words.Facts{Kind: words.Settled}
}

func factsOf(k words.Kind, in []told) words.Facts {
	c := in[0]
	f := words.Facts{Kind: k, Detector: c.Detector, Infection: c.Kind, Did: c.deed(), Contact: c.Contact, Outcome: c.Outcome, Time: c.Time, Code: c.Code}
	seen := map[words.Device]bool{}
	for _, t := range in {
		if f.Did != t.deed() {
			f.Did = words.Mixed
		}
		if t.Relapses > 0 && k == words.Infected && len(in) == 1 {
			f.Kind = words.Again
		}
		if t.Device.Name != "" && seen[t.Device] { // two cases of one device
			continue
		}
		seen[t.Device] = true
		if len(f.Devices) < words.MaxDevices {
			f.Devices = append(f.Devices, t.Device)
		} else {
			f.More++
		}
	}
	return f
}

// deed is what was done, as far as it is proven.
func (c Case) deed() words.Deed {
	switch {
	case c.Waits:
		return words.Waits
	case c.Mode == "" || c.Mode == home.ModeOff:
		return words.Nothing
	case c.Mode == home.ModeEndpointBlock:
		return words.Blocked
	case c.Grade == home.GradeNone || c.Grade == "":
		return words.Pending
	case c.Grade == home.GradeMAC:
		return words.Partly
	}
	return words.Apart
}

// messageOf finds the message that a case is in; nil for none.
func messageOf(tx *db.Tx, p home.Place, incident string) (*message, error) {
	m, err := scanMessage(tx.Row(selectMessage+` WHERE tenant = ? AND home = ? AND message =
		(SELECT message FROM notify_case WHERE tenant = ? AND home = ? AND incident = ?)`, p.Tenant, p.Home, p.Tenant, p.Home, incident))
	if db.NoRows(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("message of a case: %w", err)
	}
	return m, nil
}
