package respond

import (
	"testing"
	"time"

	"cardea/home"
)

// What is recovered holds as before, strict where the mode is not known, and its people can end it.
func TestRecover(t *testing.T) {
	port := []home.PortRule{{Proto: home.ProtoTCP, Port: 23}}
	for was, want := range map[home.Mode]home.Mode{
		home.ModeOff: home.ModeOff, home.ModeEndpointBlock: home.ModeOff, home.ModeNoLAN: home.ModeNoLAN, home.ModeProfileOnly: home.ModeProfileOnly,
		home.ModeVendorOnly: home.ModeVendorOnly, home.ModeUpdateOnly: home.ModeUpdateOnly, home.ModeQuarantine: home.ModeQuarantine, "of-a-newer-one": home.ModeQuarantine,
	} {
		p := everything()
		p.Knows = nil // nothing is known of it any more, and it is not let out by that
		b := open(t, p)
		b.r.Recover("camera", was, port, port, "It was so before.", b.now)
		state := home.StateContained
		if want == home.ModeOff {
			state = home.StateOpen
		}
		b.now = b.now.Add(time.Hour)
		b.r.Tick(b.now)
		b.is(state, want)
		b.r = again(b)
		b.is(state, want)
		if a := b.r.Deeds()["camera"]; len(a.Shut) != 1 || len(a.Closed) != 1 {
			t.Errorf("%s: %+v", was, a)
		}
		b.must(b.r.Close(b.of().ID, ByOwner, "", home.OutcomeAccepted, b.now))
		if a := b.r.Deeds()["camera"]; len(a.Shut)+len(a.Closed) != 0 || b.r.Modes()["camera"] != "" {
			t.Errorf("%s: ended, and %+v", was, a)
		}
	}
}
