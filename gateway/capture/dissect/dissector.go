package dissect

import (
	"cardea/gateway/capture"
	"cardea/home"
)

// Dissector reads the messages in packets and hands events to its sink: every kind except EventFlow, EventDropped and
// EventTick, which need a flow table or a clock. It is for one goroutine.
type Dissector struct {
	sink  capture.Sink
	event home.Event // reused for every event
}

// New makes a Dissector that hands its events to sink.
func New(sink capture.Sink) *Dissector { return &Dissector{sink: sink} }

// Packet emits the events of one parsed packet.
func (d *Dissector) Packet(p *Packet) {
}

// Forget drops what is kept of an unfinished handshake of the flow with this original tuple's id.
func (d *Dissector) Forget(id uint64) {
}
