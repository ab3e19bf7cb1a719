package gateway

import (
	"testing"

	"cardea/home"
)

// Whatever made a computer or a phone, its system and its virus scanner have updates of their own: so there is a list for it. A lamp of nobody
// knows whom has none.
func TestWhatCanBeScannedCanBeHeldToUpdates(t *testing.T) {
	g, _ := start(t, t.TempDir())
	who := (*g.roster.Load()).ids
	who["phone"].Class, who["lamp"].Class = home.ClassPhone, home.ClassLight
	for id, want := range map[home.DeviceID]bool{"phone": true, "lamp": false, "nobody": false} {
		if g.knows(id, home.ModeUpdateOnly) != want || g.knows(id, home.ModeVendorOnly) {
			t.Errorf("%s: not %v", id, want)
		}
	}
}
