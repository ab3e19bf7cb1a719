package gateway

import (
	"os"
	"path/filepath"
	"slices"
	"time"

	"cardea/gateway/enforce"
	"cardea/gateway/respond"
	"cardea/home"
)

// rescued is what can be known without home.json: who is shut in, from the state that enforcement keeps for the next boot. A
// lost file must not let anybody out. What happened before is lost, and so are phases of probation.
func rescued(dir string, now time.Time) (m memory) {
	b, err := os.ReadFile(filepath.Join(dir, enforcedFile))
	if err != nil {
		return memory{} // a new gateway, or nothing is left
	}
	d, err := enforce.ParseState(b)
	if err != nil {
		return memory{}
	}
	m.Ports = map[home.DeviceID]string{}
	r := respond.New(respond.Policy{}, unheard{})
	for _, rule := range d.Devices {
		if rule.Mode != home.ModeQuarantine || rule.Device == "" || len(rule.MACs) == 0 {
			continue
		}
		m.Devices = append(m.Devices, home.Device{
			ID: rule.Device, MAC: rule.MACs[len(rule.MACs)-1], MACs: rule.MACs, Addresses: rule.Addresses, Port: rule.Port, First: now, Last: now,
		})
		m.Ports[rule.Device] = rule.Port
		r.Quarantine(rule.Device, respond.ByGateway, "It was shut in before; why is no longer known, because the gateway lost its memory.", now)
	}
	m.Cases = r.Snapshot()
	return m
}

// merge adds who is shut in by what enforcement keeps and about whom home.json knows nothing of it: the agent was killed
// between writing the one and the other. Whom home.json has on probation stays so: that is written after a release only.
func (m *memory) merge(from memory) {
	for _, c := range from.Cases.Cases {
		id := c.Incident.Device
		at := slices.IndexFunc(m.Cases.Cases, func(o respond.Case) bool { return o.Incident.Device == id })
		switch {
		case at < 0:
			m.Cases.Cases = append(m.Cases.Cases, c)
		case m.Cases.Cases[at].Incident.State == home.StateOpen:
			o := &m.Cases.Cases[at].Incident
			o.State, o.Mode, o.Changed = c.Incident.State, c.Incident.Mode, c.Incident.Changed
			o.History = append(o.History, c.Incident.History...)
		default:
			continue
		}
		same := func(d home.Device) bool { return d.ID == id }
		if i := slices.IndexFunc(from.Devices, same); i >= 0 && !slices.ContainsFunc(m.Devices, same) {
			m.Devices = append(m.Devices, from.Devices[i])
		}
		if m.Ports == nil {
			m.Ports = map[home.DeviceID]string{}
		}
		if m.Ports[id] == "" {
			m.Ports[id] = from.Ports[id]
		}
	}
}

// unheard is told of transitions that happened before anybody listens.
type unheard struct{}

// Changed does nothing.
func (unheard) Changed(home.Incident, home.Transition) {}
