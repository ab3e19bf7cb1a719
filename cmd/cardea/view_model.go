package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"cardea/gateway/control"
	"cardea/home"
	"cardea/lab"
)

// mood says what colour a thing has; never alone: it always comes with an icon and a word.
type mood uint8

const (
	plain mood = iota
	quiet      // of less weight
	good
	careful
	bad // needs somebody now
)

// deviceState is a device's state as icon, word and colour.
type deviceState struct {
	icon, word string
	mood       mood
}

// The states of a device in the view.
var (
	stateFine      = deviceState{"●", "fine", good}
	stateNoticed   = deviceState{"▲", "noticed", careful}
	stateShut      = deviceState{"■", "shut in", bad}
	statePending   = deviceState{"▲", "shutting in", bad}
	stateNoLAN     = deviceState{"◐", "internet only", careful}
	stateProbation = deviceState{"◐", "on probation", careful}
	stateOff       = deviceState{"○", "off", quiet}
	stateUnknown   = deviceState{"○", "not seen yet", quiet}
	stateNobody    = deviceState{"○", "unprotected", quiet}
)

// row is one device.
type row struct {
	name    string
	target  string // what the agent knows it by: its id; "" when the agent has not seen it
	inLab   bool   // the lab can infect it and switch it off
	addr    string
	state   deviceState
	infect  string // what the lab knows of malware on it; the agent is not told
	recent  []talk // the latest first
	protect bool
}

// talk is what a device did with one endpoint.
type talk struct {
	what, how, note string
	last            time.Time
	stopped         bool
}

// entry is one line of the log.
type entry struct {
	at   time.Time
	mood mood
	text string
}

const maxEntries = 500

// model is everything that the view shows; draw makes lines of it. The view's loop owns it.
type model struct {
	scenario string
	seed     uint64
	agent    string // how the agent is
	alarm    bool   // agent is bad news
	count    lab.Counters
	rows     []row
	selected string // name of the selected device
	log      []entry
	help     bool
	busy     string // what is being done; "" when nothing
}

// say adds a line to the log. What comes from outside is cleaned when it is drawn.
func (m *model) say(at time.Time, how mood, format string, a ...any) {
	m.log = append(m.log, entry{at, how, fmt.Sprintf(format, a...)})
	if n := len(m.log) - maxEntries; n > 0 {
		m.log = slices.Delete(m.log, 0, n)
	}
}

// at is the index of the selected row; 0 when it is gone.
func (m *model) at() int {
	return max(0, slices.IndexFunc(m.rows, func(r row) bool { return r.name == m.selected }))
}

func (m *model) current() (row, bool) {
	if len(m.rows) == 0 {
		return row{}, false
	}
	return m.rows[m.at()], true
}

// move selects another device.
func (m *model) move(by int) {
	if len(m.rows) > 0 {
		m.selected = m.rows[min(max(m.at()+by, 0), len(m.rows)-1)].name
	}
}

// snapshot is what was asked of lab and agent at one moment.
type snapshot struct {
	infos     []lab.Info
	count     lab.Counters
	agent     string
	alarm     bool
	watched   bool // there is an agent and it answers
	devices   []control.Device
	incidents []home.Incident
	contacts  map[home.DeviceID][]talk
}

// take replaces the model's devices by what a snapshot says.
func (m *model) take(s *snapshot) {
	m.count, m.agent, m.alarm = s.count, s.agent, s.alarm
	m.rows = m.rows[:0]
	known := map[home.DeviceID]bool{}
	for _, i := range s.infos {
		r := row{name: i.Name, inLab: true, protect: i.Protected, infect: infection(i)}
		if i.IPv4.IsValid() {
			r.addr = i.IPv4.String()
		}
		d := find(s.devices, i)
		r.state = s.state(d, i.On)
		if d != nil {
			known[d.ID] = true
			r.target, r.recent = string(d.ID), s.contacts[d.ID]
		}
		m.rows = append(m.rows, r)
	}
	for _, d := range s.devices { // a forged or changed address makes a device that the lab does not know
		if known[d.ID] || d.Gateway {
			continue
		}
		m.rows = append(m.rows, row{name: d.Name, target: string(d.ID), addr: address(d.Addresses), state: s.state(&d, true), recent: s.contacts[d.ID]})
	}
	if m.selected == "" && len(m.rows) > 0 {
		m.selected = m.rows[0].name
	}
}

func infection(i lab.Info) string {
	switch {
	case i.Active:
		return "malware runs"
	case i.Infected:
		return "malware sleeps"
	}
	return ""
}

func find(list []control.Device, i lab.Info) *control.Device {
	for _, mac := range []home.MAC{i.Now, i.MAC} {
		for n := range list {
			if !mac.IsZero() && slices.Contains(list[n].MACs, mac) {
				return &list[n]
			}
		}
	}
	return nil
}

// address is the one that people know a device by: its first IPv4 address.
func address(list []netip.Addr) string {
	for _, a := range list {
		if a.Is4() {
			return a.String()
		}
	}
	if len(list) > 0 {
		return list[0].String()
	}
	return ""
}

func (s *snapshot) state(d *control.Device, on bool) deviceState {
	switch {
	case !on && (d == nil || d.Mode == home.ModeOff):
		return stateOff
	case !s.watched:
		return stateNobody
	case d == nil:
		return stateUnknown
	case d.Mode == home.ModeQuarantine && d.Grade == home.GradeNone:
		return statePending
	case d.Mode == home.ModeQuarantine:
		return stateShut
	case d.Mode == home.ModeNoLAN:
		return stateNoLAN
	}
	for _, i := range s.incidents {
		switch {
		case i.Device != d.ID:
		case i.State == home.StateProbation:
			return stateProbation
		case i.State != home.StateClosed:
			return stateNoticed
		}
	}
	return stateFine
}

const maxTalks = 12

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// talks makes each device's latest dealings of contacts. That it asks the gateway for names and addresses is left out,
// as is what it tells everybody.
func talks(list []home.Contact, gateway ...netip.Addr) map[home.DeviceID][]talk {
	slices.SortFunc(list, func(a, b home.Contact) int { return b.Last.Compare(a.Last) })
	out := map[home.DeviceID][]talk{}
	seen := map[string]bool{}
	for _, c := range list {
		if ip := c.Endpoint.IP; !c.Lookup && (slices.Contains(gateway, ip) || ip.IsMulticast() || ip == broadcast) {
			continue
		}
		t := talk{what: endpointName(c.Endpoint), last: c.Last, stopped: c.Action >= home.Block}
		switch {
		case c.Lookup:
			t.how = "looked up"
		case c.Endpoint.Port == 0:
			t.how = c.Endpoint.Proto
		default:
			t.how = fmt.Sprintf("%s/%d", c.Endpoint.Proto, c.Endpoint.Port)
		}
		switch {
		case t.stopped:
			t.note = "stopped: " + c.Reason
		case c.Service != nil:
			t.note = c.Service.Name + " (" + c.Service.Company + ")"
		case c.Flows > 0 && c.Failed == c.Flows:
			t.note = "no answer"
		}
		key := strings.Join([]string{string(c.Device), t.what, t.how}, "\x00")
		if list := out[c.Device]; len(list) < maxTalks && !seen[key] {
			seen[key] = true
			out[c.Device] = append(list, t)
		}
	}
	return out
}

func endpointName(e home.Endpoint) string {
	switch {
	case e.Name != "":
		return e.Name
	case e.IP.IsValid():
		return e.IP.String()
	}
	return "many addresses"
}
