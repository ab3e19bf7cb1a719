package gateway

import (
	"testing"

	"cardea/home"
)

// A restart that was none would let a device pass as clean in whose memory the malware still is: only a question for a first address, in
// the device's own frame, counts as one.
func TestOnlyAQuestionForAnAddressCountsAsARestart(t *testing.T) {
	camera := &home.Device{ID: "camera"}
	lease := func(l home.Lease, device *home.Device, proven bool) *home.Observation {
		return &home.Observation{Event: &home.Event{Kind: home.EventLease, Lease: &l}, Device: device, Proven: proven}
	}
	for name, c := range map[string]struct {
		o    *home.Observation
		want bool
	}{
		"a question for an address":         {lease(home.Lease{Op: discover}, camera, true), true},
		"for the address that it had":       {lease(home.Lease{Op: 3}, camera, true), false}, // REQUEST: after sleep, too
		"in another's frame":                {lease(home.Lease{Op: discover}, camera, false), false},
		"of nobody":                         {lease(home.Lease{Op: discover}, nil, true), false},
		"by IPv6, where one is a SOLICIT":   {lease(home.Lease{Op: discover, V6: true}, camera, true), false},
		"of a server":                       {lease(home.Lease{Op: discover, Server: true}, camera, true), false},
		"that it is there, when it wakes":   {&home.Observation{Event: &home.Event{Kind: home.EventAnnounce, Announce: &home.Announce{Protocol: "ssdp"}}, Device: camera, Proven: true}, false},
		"who has its address, when it does": {&home.Observation{Event: &home.Event{Kind: home.EventNeighbor}, Device: camera, Proven: true}, false},
	} {
		if got := starts(c.o); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
