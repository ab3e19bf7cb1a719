package gateway

import (
	"net/netip"
	"testing"
	"time"

	"cardea/gateway/observe"
	"cardea/home"
)

type onObserve func(*home.Observation)

func (f onObserve) Observe(o *home.Observation) { f(o) }
func (onObserve) Contact(*home.Contact)         {}

// A device that sends with the gateway's own MAC still talks to the internet (answers go to its address), and nobody is
// contained for what the gateway does. The port tells who it is.
func TestNobodyHidesBehindTheGatewaysMAC(t *testing.T) {
	gateway, camera, lamp := home.MAC{2, 0, 0, 0, 0, 1}, home.MAC{2, 0, 0, 0, 0, 2}, home.MAC{2, 0, 0, 0, 0, 3}
	g := &Gateway{anchors: anchors{}}
	var last home.Observation
	g.observer = observe.New(observe.Config{Gateway: []home.MAC{gateway}}, onObserve(func(o *home.Observation) {
		g.prove(o)
		last = *o
	}))
	flow := func(from home.MAC, port, src string, at time.Time) {
		s, d := netip.MustParseAddrPort(src), netip.MustParseAddrPort("198.51.100.7:23")
		g.observer.Handle(&home.Event{Kind: home.EventFlow, Time: at, Source: from, Dest: gateway, Port: port, Flow: &home.Flow{
			ID: home.FlowID(home.ProtoTCP, s, d), State: home.FlowNew, Proto: home.ProtoTCP, Src: s, Dst: d, Start: at}})
	}
	flow(camera, "lan3", "192.168.1.20:1000", noon)
	flow(lamp, "lan2", "192.168.1.30:1000", noon)
	flow(gateway, "lan3", "192.168.1.20:1001", noon)
	if last.Device == nil || last.Device.MAC != camera || !last.Proven {
		t.Errorf("by the camera's port with the gateway's MAC: %+v, proven %v", last.Device, last.Proven)
	}
	flow(gateway, "lan3", "192.168.1.30:1002", noon) // with the lamp's address as well
	if last.Device == nil || last.Device.MAC != camera {
		t.Errorf("and with the lamp's address: %+v", last.Device)
	}
	flow(gateway, "lan9", "192.168.1.30:1003", noon) // by a port of nobody
	if last.Proven || last.Device == nil || last.Device.Gateway {
		t.Errorf("by a port of nobody: %+v, proven %v", last.Device, last.Proven)
	}
}
