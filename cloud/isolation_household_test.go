package cloud_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"cardea/wire"
	"cardea/wire/pb"
)

// made posts something of a home's household and returns its id.
func (h *house) made(w *whole, path, body string) string {
	w.t.Helper()
	out := w.ask("POST", "/v1/homes/"+h.place.Home+path, body, as(h.resident))
	var v struct{ ID string }
	if err := json.Unmarshal([]byte(out.body), &v); err != nil || out.code/100 != 2 {
		w.t.Fatalf("%s: %d %s", path, out.code, out.body)
	}
	return v.ID
}

// decide has the people of a home decide something of everything.
func (h *house) decide(w *whole) {
	w.t.Helper()
	h.inhabitant = h.made(w, "/people", fmt.Sprintf(`{"name":%q,"devices":[%q],"account":%q}`, h.mark+" person", h.device, h.resident.id))
	h.schedule = h.made(w, "/schedules", fmt.Sprintf(`{"name":%q,"whose":[%q,"everybody"],"days":["mon"],"from":"21:00","to":"07:00"}`, h.mark+" bedtime", h.inhabitant))
	h.made(w, "/pauses", fmt.Sprintf(`{"whose":%q,"minutes":600}`, h.other))
	h.made(w, "/devices/"+h.other+"/admission", `{"answer":"admit","guest":true}`)
}

// household is what the gateway of a home was told last.
func (a *agent) household() *pb.Household {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.decided
}

// TestAGatewayHearsWhatItsPeopleDecide goes from the API over the bus to a gateway, and shows that residents read who did it.
func TestAGatewayHearsWhatItsPeopleDecide(t *testing.T) {
	t.Parallel()
	w := startWhole(t, "")
	h := w.addHouse(w.addProvider())
	h.tell(t, &pb.Item{Time: 1, Body: &pb.Item_Devices{Devices: &pb.Devices{Whole: true, Devices: []*pb.Device{
		{Id: h.device, Name: "Kitchen camera", First: 1, Last: 1, Mode: "off"}, {Id: h.other, Name: "Ann's tablet", First: 1, Last: 1, Mode: "off"}}}}})
	w.stored(h)
	at := "/v1/homes/" + h.place.Home
	if out := w.ask("PATCH", at+"/policy", `{"contain":"ask","approve":"hold","zone":"Europe/Berlin"}`, as(h.resident)); out.code != 200 || !strings.Contains(out.body, `"wanted":1`) {
		t.Fatalf("%d %s", out.code, out.body)
	}
	h.decide(w)
	if out := w.ask("PUT", at+"/devices/"+h.device+"/policy", `{"block":"home","contain":"home","tidy":"home","essential":"medical"}`, as(h.resident)); out.code != 200 ||
		!strings.Contains(out.body, `"holds":{"block":"auto","contain":"ask","tidy":"auto"}`) {
		t.Errorf("%d %s", out.code, out.body)
	}
	if out := w.ask("PATCH", at+"/privacy", `{"private":true}`, as(h.resident)); out.code != 200 {
		t.Errorf("%d %s", out.code, out.body)
	}
	w.eventually("the gateway was told", func() bool { return h.agent.household().GetPrivate() })
	told, err := wire.ParseHousehold(h.agent.household())
	if err != nil || len(told.People) != 1 || len(told.Schedules) != 1 || len(told.Pauses) != 1 || told.Devices["x"].Essential != "" || len(told.Zone.Offsets) < 2 ||
		string(told.Admitted[0]) != h.other || string(told.Guests[0]) != h.other {
		t.Errorf("%v %+v", err, told)
	}
	out := w.ask("GET", at+"/changes", "", as(h.resident))
	for _, want := range []string{"The home's rules were changed: contain from nothing to ask, approve from tell to hold and zone from UTC to Europe/Berlin.",
		h.mark + " person was added.", h.mark + " bedtime was added.", "Ann's tablet was paused until ", "Ann's tablet was let in.", "Ann's tablet is a guest's device now.",
		"The rules for Kitchen camera were changed: essential from nothing to medical.", "Privacy Mode was switched on.", `"name":"` + h.mark + ` resident"`} {
		if !strings.Contains(out.body, want) {
			t.Errorf("%q is not told of in %s", want, out.body)
		}
	}
	w.eventually("the gateway says what it does", func() bool {
		return strings.Contains(w.ask("GET", at+"/policy", "", as(h.resident)).body, fmt.Sprintf(`"versions":{"wanted":%d,"running":%[1]d}`, told.Version))
	})
	h.changed(w)
}

// changed is a second look: a wrong tag, a refusal, what export and erasing do.
func (h *house) changed(w *whole) {
	w.t.Helper()
	at := "/v1/homes/" + h.place.Home
	for _, c := range []struct {
		method, path, body string
		code               int
		has                string
	}{
		{"PATCH", "/policy", `{"zone":"Mars/Olympus"}`, 422, "body.zone"},
		{"PATCH", "/people/" + h.inhabitant, `{"account":"` + newID(w.t) + `"}`, 422, "body.account"},
		{"PATCH", "/people/" + h.inhabitant, `{"devices":["` + newID(w.t) + `"]}`, 422, "body.device"},
		{"POST", "/devices/" + h.other + "/admission", `{"answer":"refuse"}`, 200, `"mode":"quarantine"`},
		{"POST", "/devices/" + h.other + "/admission", `{"answer":"refuse"}`, 200, `"order":null`},
		{"POST", "/devices/" + h.other + "/admission", `{"answer":"admit"}`, 200, `"mode":"off"`},
		{"DELETE", "/pauses?whose=" + h.other, ``, 204, ""},
		{"DELETE", "/pauses?whose=" + h.other, ``, 404, ""},
		{"GET", "/export.json", ``, 200, h.mark + " bedtime"},
		{"DELETE", "/data", `{"confirm":"` + h.mark + ` home"}`, 200, `"household_changes"`},
		{"GET", "/changes", ``, 200, `"items":[]`},
		{"GET", "/schedules", ``, 200, h.mark + " bedtime"},
		{"DELETE", "/people/" + h.inhabitant, ``, 204, ""},
	} {
		if out := w.ask(c.method, at+c.path, c.body, as(h.resident)); out.code != c.code || !strings.Contains(out.body, c.has) {
			w.t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, out.code, out.body)
		}
	}
	var p struct{ ETag string }
	out := w.ask("GET", at+"/policy", "", as(h.resident))
	if err := json.Unmarshal([]byte(out.body), &p); err != nil || out.header.Get("ETag") != `"`+p.ETag+`"` || p.ETag == "" {
		w.t.Errorf("%v %v %s", err, out.header, out.body)
	}
}
