package household

import (
	"testing"
	"time"

	"cardea/home"
)

// Who is taken for a guest is one until people say anything of the device; what they said holds.
func TestVisitorsAreGuestsUntilPeopleSpeak(t *testing.T) {
	h := New()
	h.Set(home.Household{Version: 1, Guests: []home.DeviceID{"said"}, People: []home.Person{{ID: "p", Devices: []home.DeviceID{"anna"}}}, Admitted: []home.DeviceID{"new"}}, time.Unix(1, 0))
	h.Visit(map[home.DeviceID]bool{"visitor": true, "anna": true, "new": true})
	for id, want := range map[home.DeviceID]bool{"visitor": true, "said": true, "anna": false, "new": false, "other": false} {
		if h.Guest(id) != want {
			t.Errorf("%s: guest %v", id, !want)
		}
	}
	h.Visit(nil)
	if h.Guest("visitor") || !h.Guest("said") {
		t.Error("what is not so any more holds")
	}
}
