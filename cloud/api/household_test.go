package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/home"
)

// fakeFamily and fakeRules answer with marked text of the place that they are asked for, and note what was to be changed.
type fakeFamily struct{ *cloud }
type fakeRules struct{ *cloud }

func (c *cloud) decide(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.decided = append(c.decided, what)
}

func (fakeFamily) People(_ context.Context, p home.Place) ([]view.HousePerson, error) {
	return []view.HousePerson{{Name: mark(p)}}, nil
}
func (fakeFamily) Person(_ context.Context, p home.Place, _ string) (view.HousePerson, error) {
	return view.HousePerson{Name: mark(p), ETag: "tag"}, nil
}
func (f fakeFamily) AddPerson(_ context.Context, p home.Place, _ Session, n view.NewHousePerson) (view.HousePerson, error) {
	f.decide("add " + n.Name)
	return view.HousePerson{ID: "new", Name: mark(p), ETag: "tag"}, nil
}
func (f fakeFamily) ChangePerson(_ context.Context, p home.Place, _ Session, id, want string, _ view.HousePersonPatch) (view.HousePerson, error) {
	f.decide("change " + id + " from " + want)
	if want == "old" {
		return view.HousePerson{}, problem.New(problem.Changed, "")
	}
	return view.HousePerson{Name: mark(p), ETag: "tag"}, nil
}
func (f fakeFamily) RemovePerson(_ context.Context, _ home.Place, _ Session, id, want string) error {
	f.decide("remove " + id + " from " + want)
	return nil
}
func (fakeFamily) Schedules(_ context.Context, p home.Place) ([]view.Schedule, error) {
	return []view.Schedule{{Name: mark(p)}}, nil
}
func (fakeFamily) Schedule(_ context.Context, p home.Place, _ string) (view.Schedule, error) {
	return view.Schedule{Name: mark(p)}, nil
}
func (f fakeFamily) AddSchedule(_ context.Context, p home.Place, _ Session, n view.NewSchedule) (view.Schedule, error) {
	f.decide("schedule " + n.From + " to " + n.To + " on " + strings.Join(n.Days, " "))
	return view.Schedule{Name: mark(p)}, nil
}
func (f fakeFamily) ChangeSchedule(_ context.Context, p home.Place, _ Session, id, want string, _ view.SchedulePatch) (view.Schedule, error) {
	f.decide("reschedule " + id + " from " + want)
	return view.Schedule{Name: mark(p)}, nil
}
func (f fakeFamily) RemoveSchedule(_ context.Context, _ home.Place, _ Session, id, want string) error {
	f.decide("unschedule " + id + " from " + want)
	return nil
}
func (fakeFamily) Pauses(_ context.Context, p home.Place) ([]view.Pause, error) {
	return []view.Pause{{Whose: mark(p)}}, nil
}
func (f fakeFamily) Pause(_ context.Context, p home.Place, _ Session, n view.NewPause) (view.Pause, error) {
	f.decide("pause " + n.Whose)
	return view.Pause{Whose: mark(p)}, nil
}
func (f fakeFamily) Resume(_ context.Context, _ home.Place, _ Session, whose string) error {
	f.decide("resume " + whose)
	return nil
}

func (fakeRules) Policy(_ context.Context, p home.Place) (view.Policy, error) {
	return view.Policy{Zone: mark(p)}, nil
}
func (f fakeRules) ChangePolicy(_ context.Context, p home.Place, _ Session, want string, _ view.PolicyPatch) (view.Policy, error) {
	f.decide("policy from " + want)
	return view.Policy{Zone: mark(p)}, nil
}
func (fakeRules) DevicePolicy(_ context.Context, p home.Place, _ string) (view.DevicePolicy, error) {
	return view.DevicePolicy{ETag: mark(p)[:8]}, nil
}
func (f fakeRules) SetDevicePolicy(_ context.Context, _ home.Place, _ Session, device, want string, n view.NewDevicePolicy) (view.DevicePolicy, error) {
	f.decide("policy of " + device + " from " + want + " contain " + n.Contain)
	return view.DevicePolicy{NewDevicePolicy: n}, nil
}
func (f fakeRules) Admit(_ context.Context, p home.Place, _ Session, device string, a view.Answer) (view.Admission, error) {
	f.decide(a.Answer + " " + device)
	return view.Admission{Device: mark(p)}, nil
}
func (fakeRules) Privacy(_ context.Context, p home.Place) (view.PrivacyChoice, error) {
	return view.PrivacyChoice{Guests: []string{mark(p)}}, nil
}
func (f fakeRules) ChangePrivacy(_ context.Context, p home.Place, _ Session, want string, _ view.PrivacyPatch) (view.PrivacyChoice, error) {
	f.decide("privacy from " + want)
	return view.PrivacyChoice{Guests: []string{mark(p)}}, nil
}
func (fakeRules) Changes(_ context.Context, p home.Place, page Page) (Slice[view.HouseholdChange], error) {
	return Slice[view.HouseholdChange]{[]view.HouseholdChange{{Sentence: mark(p), Time: time.Unix(0, 0), ID: page.After}}, "older"}, nil
}

func TestWhatPeopleDecideIsChecked(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	const h = "/v1/homes/" + homeA
	for _, r := range []struct {
		method, path, body string
		code               int
		done               string
	}{
		{"POST", "/people", `{"name":"Ann"}`, 201, "add Ann"},
		{"POST", "/people", `{"name":""}`, 422, ""},
		{"POST", "/people", `{"name":"` + strings.Repeat("x", 65) + `"}`, 422, ""},
		{"POST", "/people", `{"name":"Ann","rich":true}`, 422, ""},
		{"POST", "/people", `{"name":"Ann","level":"family"}`, 201, "add Ann"},
		{"POST", "/people", `{"name":"Ann","level":"grown"}`, 422, ""},
		{"PATCH", "/people/p", `{"level":"everything"}`, 200, "change p from "},
		{"PATCH", "/people/p", `{"level":""}`, 422, ""},
		{"PATCH", "/people/p", `{}`, 200, "change p from "},
		{"DELETE", "/people/p", ``, 204, "remove p from "},
		{"POST", "/schedules", `{"name":"Bed","whose":["p"],"days":["mon","sun"],"from":"21:00","to":"24:00"}`, 201, "schedule 21:00 to 24:00 on mon sun"},
		{"POST", "/schedules", `{"name":"Bed","whose":["p"],"days":["monday"],"from":"21:00","to":"07:00"}`, 422, ""},
		{"POST", "/schedules", `{"name":"Bed","whose":["p"],"days":[],"from":"21:00","to":"07:00"}`, 422, ""},
		{"POST", "/schedules", `{"name":"Bed","whose":[],"days":["mon"],"from":"21:00","to":"07:00"}`, 422, ""},
		{"POST", "/schedules", `{"name":"Bed","whose":["p"],"days":["mon"],"from":"24:00","to":"07:00"}`, 422, ""},
		{"POST", "/schedules", `{"name":"Bed","whose":["p"],"days":["mon"],"from":"9:00","to":"10:00"}`, 422, ""},
		{"PATCH", "/schedules/s", `{"off":true}`, 200, "reschedule s from "},
		{"PATCH", "/schedules/s", `{"from":"25:00"}`, 422, ""},
		{"DELETE", "/schedules/s", ``, 204, "unschedule s from "},
		{"POST", "/pauses", `{"whose":"everybody","minutes":30}`, 201, "pause everybody"},
		{"POST", "/pauses", `{"whose":"p","until":"2026-11-22T20:00:00Z"}`, 201, "pause p"},
		{"POST", "/pauses", `{"whose":"p","until":"2026-11-22T20:00:00Z","minutes":30}`, 422, ""},
		{"POST", "/pauses", `{"whose":"p"}`, 422, ""},
		{"POST", "/pauses", `{"whose":"p","minutes":10081}`, 422, ""},
		{"POST", "/pauses", `{"whose":"","minutes":1}`, 422, ""},
		{"DELETE", "/pauses?whose=everybody", ``, 204, "resume everybody"},
		{"DELETE", "/pauses", ``, 422, ""},
		{"PATCH", "/policy", `{"contain":"ask","approve":"hold","zone":"Europe/Berlin"}`, 200, "policy from "},
		{"PATCH", "/policy", `{"contain":"perhaps"}`, 422, ""},
		{"PATCH", "/policy", `{"approve":"vote"}`, 422, ""},
		{"PUT", "/devices/d/policy", `{"block":"home","contain":"never","tidy":"auto","essential":"medical"}`, 200, "policy of d from  contain never"},
		{"PUT", "/devices/d/policy", `{"block":"home","contain":"never","tidy":"auto"}`, 422, ""},
		{"PUT", "/devices/d/policy", `{"block":"","contain":"never","tidy":"auto","essential":"none"}`, 422, ""},
		{"POST", "/devices/d/admission", `{"answer":"admit","guest":true}`, 200, "admit d"},
		{"POST", "/devices/d/admission", `{"answer":"maybe"}`, 422, ""},
		{"PATCH", "/privacy", `{"private":true,"guests":["d"]}`, 200, "privacy from "},
		{"PATCH", "/privacy", `{"private":"yes"}`, 422, ""},
		{"GET", "/changes?limit=0", ``, 422, ""},
	} {
		c.decided = nil
		w := request(s, r.method, h+r.path, "resident-a", r.body)
		if w.Code != r.code || strings.Join(c.decided, "; ") != r.done {
			t.Errorf("%s %s %s: %d %q %s", r.method, r.path, r.body, w.Code, c.decided, w.Body)
		}
	}
}

func TestAChangeIsFromWhatWasRead(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	const person = "/v1/homes/" + homeA + "/people/p"
	if w := request(s, "GET", person, "resident-a", ""); w.Header().Get("ETag") != `"tag"` {
		t.Errorf("ETag %q", w.Header().Get("ETag"))
	}
	for header, want := range map[string]string{`If-Match: "tag"`: "change p from tag", "If-Match: *": "change p from ", `If-Match: "old"`: "change p from old"} {
		c.decided = nil
		w := request(s, "PATCH", person, "resident-a", `{"name":"Ann"}`, header)
		if strings.Join(c.decided, "") != want || (w.Code == http.StatusPreconditionFailed) != strings.Contains(header, "old") {
			t.Errorf("%s: %d %q", header, w.Code, c.decided)
		}
	}
}

// TestStaffSeeAndDoNotDecide: at the staff's door there is no way to change a household.
func TestStaffSeeAndDoNotDecide(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	c.looks["staff-a"+homeA] = true
	n := 0
	for _, rest := range []string{"/people", "/people/{person}", "/schedules", "/schedules/{schedule}", "/pauses", "/policy", "/devices/{device}/policy", "/privacy", "/changes"} {
		item := s.huma.OpenAPI().Paths["/v1/staff/homes/{home}"+rest]
		if item == nil || item.Get == nil || item.Post != nil || item.Patch != nil || item.Put != nil || item.Delete != nil {
			t.Errorf("%s: %+v", rest, item)
			continue
		}
		if w := request(s, "GET", fillPath("/v1/staff/homes/{home}"+rest, homeA), "staff-a", ""); w.Code != 200 {
			t.Errorf("%s: %d %s", rest, w.Code, w.Body)
		}
		for _, method := range []string{"POST", "PATCH", "PUT", "DELETE"} {
			if w := request(s, method, fillPath("/v1/staff/homes/{home}"+rest, homeA), "staff-a", `{}`); w.Code < 400 {
				t.Errorf("%s %s: %d", method, rest, w.Code)
			}
			n++
		}
	}
	if len(c.decided) > 0 || n < 30 {
		t.Errorf("staff decided %q", c.decided)
	}
}
