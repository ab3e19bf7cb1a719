package kernel

import (
	"net/netip"
	"testing"

	"cardea/gateway/capture/dissect"
	"cardea/gateway/capture/kernel/nl/nltest"
	"cardea/home"
)

type synSink struct{ got []home.SYN }

func (s *synSink) Handle(e *home.Event) {
	if e.Kind == home.EventFlow && e.Flow.SYN != nil {
		s.got = append(s.got, *e.Flow.SYN)
	}
}

// The kernel counts itself as a hop before it logs what it forwards; what stays on the bridge has the sender's own number.
func TestSYNAsTheDeviceSentIt(t *testing.T) {
	s := &synSink{}
	k := offline(s)
	ip := nltest.IP(home.ProtoTCP, client, server, dissect.SYN, "")
	ip[8] = 63
	k.log6(routed, 9<<16, 4, camera, ip, now0)
	lan := nltest.IP(home.ProtoTCP, client, netip.MustParseAddrPort("192.168.1.30:5000"), dissect.SYN, "")
	k.log6(bridged, 0, 9, camera, lan, now0)
	if len(s.got) != 2 || s.got[0].Hops != 64 || s.got[1].Hops != 64 || s.got[0].Window != 0xffff {
		t.Errorf("%+v", s.got)
	}
}
