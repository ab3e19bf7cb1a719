package cloud_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/wire/pb"
)

// Who is taken for a guest is shown as one; a guest that people take from the list is of the household from then on, as its gateway is told.
func TestAGuestIsShownAndTakenIn(t *testing.T) {
	t.Parallel()
	w := startWhole(t, "")
	h := w.addHouse(w.addProvider())
	at, now := "/v1/homes/"+h.place.Home, time.Now().UnixMilli()
	h.tell(t, &pb.Item{Time: now, Body: &pb.Item_Devices{Devices: &pb.Devices{Devices: []*pb.Device{{Id: h.device, Name: "A phone", First: now, Last: now, Mode: "off", Guest: true},
		{Id: h.other, Name: "A camera", First: now, Last: now, Mode: "off"}}}}})
	w.stored(h)
	for device, want := range map[string]string{h.device: `"guest":true`, h.other: `"guest":false`} {
		if out := w.ask("GET", at+"/devices/"+device, "", as(h.resident)); !strings.Contains(out.body, want) {
			t.Errorf("%s: %s", want, out.body)
		}
	}
	for _, list := range []string{`["` + h.device + `"]`, `[]`} {
		if out := w.ask("PATCH", at+"/privacy", `{"guests":`+list+`}`, as(h.resident)); out.code != http.StatusOK {
			t.Fatalf("%s: %d %s", list, out.code, out.body)
		}
	}
	w.eventually("the gateway hears that it is of the household", func() bool {
		m := h.agent.household()
		return slices.Contains(m.GetAdmitted(), h.device) && len(m.GetGuests()) == 0
	})
}
