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

// rescued is what can be known without home.json: who is held and how, and which ports are shut, from the state that enforcement keeps for
// the next boot. A lost file must not let anybody out, nor open a way in. What happened before is lost, and so are phases of probation and as
// whom a device was held to a list: then it reaches what everybody may, updates and clocks.
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
		if rule.New || rule.Device == "" || len(rule.MACs) == 0 {
			continue
		}
		m.Devices = append(m.Devices, home.Device{
			ID: rule.Device, MAC: rule.MACs[len(rule.MACs)-1], MACs: rule.MACs, Addresses: rule.Addresses, Port: rule.Port, First: now, Last: now,
		})
		m.Ports[rule.Device] = rule.Port
		if rule.Mode.Rank() <= home.ModeEndpointBlock.Rank() && rule.Mode.Rank() >= 0 && len(rule.Shut)+len(rule.Closed) == 0 {
			continue // paused, which the household knows, or single addresses are blocked
		}
		why := "It was held like this before; why is no longer known, because the gateway lost its memory."
		if rule.Mode == home.ModeQuarantine {
			why = "It was shut in before; why is no longer known, because the gateway lost its memory."
		}
		r.Recover(rule.Device, rule.Mode, rule.Shut, rule.Closed, why, now)
	}
	m.Cases = r.Snapshot()
	return m
}

// merge adds who is shut in by what enforcement keeps and about whom home.json knows nothing of it: the agent was killed
// between writing the one and the other. Whom home.json has on probation stays so: that is written after a release only. So does who is out by
// home.json, and was only not let out by the kernel yet.
func (m *memory) merge(from memory) {
	for _, c := range from.Cases.Cases {
		id := c.Incident.Device
		if c.Incident.Mode != home.ModeQuarantine || slices.Contains(m.Out, id) {
			continue // milder ones come from people and from probation: they were on the disk before
		}
		has := func(states ...home.State) int {
			return slices.IndexFunc(m.Cases.Cases, func(o respond.Case) bool {
				return o.Incident.Device == id && slices.Contains(states, o.Incident.State)
			})
		}
		at := has(home.StateOpen)
		switch {
		case has(home.StateContained, home.StateCleaning) >= 0: // of several cases one tells why
			continue
		case at < 0 && has(home.StateProbation) >= 0:
			continue
		case at < 0:
			m.Cases.Cases = append(m.Cases.Cases, c)
		default:
			o := &m.Cases.Cases[at].Incident
			o.State, o.Mode, o.Changed = c.Incident.State, c.Incident.Mode, c.Incident.Changed
			o.History = append(o.History, c.Incident.History...)
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

// out are the devices that are in quarantine by what is enforced, and are not to be by their cases any more. The disk knows of it before the
// kernel does.
func (g *Gateway) out() (list []home.DeviceID) {
	modes := g.responder.Modes()
	g.state.mu.Lock()
	defer g.state.mu.Unlock()
	for id := range g.state.shut {
		if modes[id] != home.ModeQuarantine {
			list = append(list, id)
		}
	}
	slices.Sort(list)
	return list
}

// unheard is told of transitions that happened before anybody listens.
type unheard struct{}

// Changed does nothing.
func (unheard) Changed(home.Incident, home.Transition) {}
