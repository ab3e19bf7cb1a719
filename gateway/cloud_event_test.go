package gateway

import (
	"net/netip"
	"time"

	"cardea/home"
)

// event is a new flow of the device whose MAC ends so, to 198.51.100.7.
func event(from byte, port uint16, at time.Time) *home.Event {
	s, d := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 168, 1, from}), port), netip.MustParseAddrPort("198.51.100.7:443")
	return &home.Event{Kind: home.EventFlow, Time: at, Source: home.MAC{2, 0, 0, 0, 0, from}, Dest: home.MAC{2, 0, 0, 0, 0, 1}, Flow: &home.Flow{
		ID: home.FlowID(home.ProtoTCP, s, d), State: home.FlowNew, Proto: home.ProtoTCP, Src: s, Dst: d, Start: at}}
}
