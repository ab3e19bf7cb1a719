package gateway

import (
	"os"
	"path/filepath"
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

// unheard is told of transitions that happened before anybody listens.
type unheard struct{}

// Changed does nothing.
func (unheard) Changed(home.Incident, home.Transition) {}
