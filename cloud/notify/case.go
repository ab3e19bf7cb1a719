package notify

import (
	"errors"
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
	Back     bool           `json:"back"`    // it was shown to be clean, and nothing holds it any more: it is only watched
	Silent   time.Duration  `json:"silent"`  // switched on without doing it again; 0 is not known
}

// told is a case in a message.
type told struct {
	Case
	Alarmed  bool `json:"alarmed"`  // people were told that it is infected
	Returned bool `json:"returned"` // they were told that it is back
	News     bool `json:"news"`     // that it is back, or settled, is what the message says
}

// over says that there is nothing more to do about it: what comes is news of its own.
func (t told) over() bool { return t.State == home.StateClosed || t.Back }

// clean says that it ended well, or is back and only watched.
func (t told) clean() bool {
	return t.Back || t.State == home.StateClosed && t.Outcome == home.OutcomeClean
}

const (
	calm     = time.Minute     // how long a case that is only open waits: what is done meanwhile is what people are told
	gather   = 5 * time.Second // how long an alarm waits for further devices
	oddTime  = time.Hour       // within which another odd device is news of the same question: what they did need not be the same
	joinTime = 24 * time.Hour  // within which another device of the same cause is news of the same alarm, while that is not over
	maxCases = 16              // in one message; further ones are counted
	maxRevs  = 24              // of a message: a gateway whose cases flap tells no more; twice as many of what is told aloud
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
	same.Time, same.Contact, same.Silent = c.Time, c.Contact, c.Silent
	switch {
	case c == same:
		return 0, false
	case c.Relapses > was.Relapses && c.State != home.StateClosed:
		return Important, true
	case c.infected() && !was.Alarmed:
		return Critical, true
	case c.Back && !was.Returned:
		return Info, true
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
	return n.became(tx, p, m, at, c, level)
}

// became notes in its message what a case is now.
func (n *Notify) became(tx *db.Tx, p home.Place, m *message, at int, c Case, level Level) error {
	was := m.body.Cases[at]
	now := told{Case: c, Alarmed: was.Alarmed || c.infected(), Returned: (was.Returned || c.Back) && !c.infected(), News: was.News}
	if was.Returned && now.over() { // its people know that it is back; that watching it ended is in the app
		m.body.Cases[at] = now
		return n.keepBody(tx, m)
	}
	if c.Back && level > Update {
		elsewhere, err := heldElsewhere(tx, p, c)
		if err != nil {
			return err
		}
		if elsewhere { // by another case of the same device, whose end is when it is back
			level = Update
		}
	}
	if level > Update {
		m.heard(c)
	}
	now.News = now.over() && (was.News || level > Update)
	m.body.Cases[at] = now
	return n.revise(tx, m, level, n.wait(c))
}

// heard ends what was the news of a message until now, when something else is: an alarm at once, anything else after that was told.
func (m *message) heard(c Case) {
	if m.due > 0 && !c.infected() {
		return
	}
	for i := range m.body.Cases {
		m.body.Cases[i].News = false
	}
}

// heldElsewhere says whether a device is kept from something by another of its cases.
func heldElsewhere(tx *db.Tx, p home.Place, c Case) (held bool, err error) {
	rows, err := tx.Query(selectMessage+` WHERE tenant = ? AND home = ? AND topic LIKE 'cause:%' ORDER BY changed DESC LIMIT ?`, p.Tenant, p.Home, maxDay)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		m, err := scanMessage(rows)
		if err != nil {
			return false, err
		}
		held = held || slices.ContainsFunc(m.body.Cases, func(o told) bool {
			return o.ID != c.ID && o.DeviceID == c.DeviceID && o.State != home.StateClosed && o.Mode != "" && o.Mode != home.ModeOff
		})
	}
	return held, rows.Err()
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
	now, within := n.opts.Now(), oddTime
	if c.infected() {
		within = joinTime
	}
	m, err := latest(tx, p, c.cause(), now.Add(-within))
	if err != nil {
		return err
	}
	if m != nil && !m.over() && m.alarms() == c.infected() {
		m.heard(c)
		if len(m.body.Cases) < maxCases {
			m.body.Cases = append(m.body.Cases, told{Case: c, Alarmed: c.infected()})
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
	m = &message{place: p.OfHome(), topic: c.cause(), level: level, body: body{Cases: []told{{Case: c, Alarmed: c.infected()}}}, due: now.Add(n.wait(c)).UnixMilli()}
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

// over says that all of its cases are.
func (m *message) over() bool {
	return !slices.ContainsFunc(m.body.Cases, func(t told) bool { return !t.over() })
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
