package portal

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"cardea/home"
)

const (
	camera = "192.168.1.20"
	phone  = "192.168.1.30"
	other  = "192.168.1.40" // has a case of its own, and is not contained
)

// withSuspect adds a second case, of a device that is still free.
func withSuspect(g *guided) *guided {
	v := g.views[0]
	v.Name = "Lamp"
	v.Device = home.Device{ID: "e", Addresses: []netip.Addr{netip.MustParseAddr(other)}}
	v.Incident.ID, v.Incident.Mode, v.Incident.State, v.Incident.Steps = "j", home.ModeOff, home.StateOpen, nil
	v.Incident.Findings = []home.Finding{{Detector: home.DetectScanLAN, Strength: home.Hard}}
	soft := v
	soft.Incident.ID, soft.Device = "k", home.Device{ID: "f", Addresses: []netip.Addr{netip.MustParseAddr(phone)}}
	soft.Incident.Findings = []home.Finding{{Detector: home.DetectNovelty, Strength: home.Soft}}
	g.views = append(g.views, v, soft) // a soft case of the phone takes nothing from its word
	return g
}

func post(p *Portal, client, path string, fields ...string) (int, string) {
	id := "i"
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
		if fields[i] == "incident" {
			id = fields[i+1]
		}
	}
	form.Set("incident", id)
	form.Set("token", p.token(netip.MustParseAddr(client), id))
	code, _, body := ask(p, "POST", "192.168.1.1:8480", path, client, form, "http://192.168.1.1:8480")
	return code, body
}

// Each form becomes one wish; what comes from a device that is a case itself is marked so.
func TestFormsBecomeWishes(t *testing.T) {
	for name, c := range map[string]struct {
		path, client string
		fields       []string
		want         Wish
		status       int
	}{
		"done":                        {"/step", phone, []string{"step", "reboot", "answer", "done"}, Wish{Incident: "i", Step: "reboot", Answer: Done}, 200},
		"skipped":                     {"/step", phone, []string{"step", "password", "answer", "skip"}, Wish{Incident: "i", Step: "password", Answer: Skip}, 200},
		"done, by itself":             {"/step", camera, []string{"step", "reboot", "answer", "done", "code", " 1234 5678 "}, Wish{Incident: "i", Step: "reboot", Answer: Done, Code: "1234 5678", Self: true}, 200},
		"done, by a case":             {"/step", other, []string{"step", "reboot", "answer", "done"}, Wish{Incident: "i", Step: "reboot", Answer: Done, Self: true}, 200},
		"must not skip":               {"/step", phone, []string{"step", "reboot", "answer", "skip"}, Wish{}, 400},
		"the gateway's":               {"/step", phone, []string{"step", "cut", "answer", "done"}, Wish{}, 400},
		"no such step":                {"/step", phone, []string{"step", "dance", "answer", "done"}, Wish{}, 400},
		"no such answer":              {"/step", phone, []string{"step", "reboot", "answer", "maybe"}, Wish{}, 400},
		"undone":                      {"/undo", phone, []string{"deed", "x1", "code", "1"}, Wish{Incident: "i", Deed: "x1", Code: "1"}, 200},
		"undone by itself":            {"/undo", camera, []string{"deed", "x1"}, Wish{Incident: "i", Deed: "x1", Self: true}, 200},
		"undone by a free one itself": {"/undo", phone, []string{"incident", "k", "deed", "x1"}, Wish{Incident: "k", Deed: "x1", Self: true}, 200},
		"no such deed":                {"/undo", phone, []string{"deed", "x9"}, Wish{}, 400},
		"it was me":                   {"/dismiss", phone, []string{"answer", "accepted", "code", "1", "acknowledged", "yes"}, Wish{Incident: "i", Outcome: home.OutcomeAccepted, Code: "1", Acknowledged: true}, 200},
		"false alarm, by itself":      {"/dismiss", camera, []string{"answer", "false-alarm"}, Wish{Incident: "i", Outcome: home.OutcomeFalseAlarm, Self: true}, 200},
		"false alarm, of a free one":  {"/dismiss", phone, []string{"incident", "k", "answer", "false-alarm"}, Wish{Incident: "k", Outcome: home.OutcomeFalseAlarm, Self: true}, 200},
		"it is clean, people say":     {"/dismiss", phone, []string{"answer", "clean"}, Wish{}, 400},
		"read":                        {"/read", phone, nil, Wish{Incident: "i"}, 200},
		"read, in German":             {"/read", phone, []string{"lang", "de"}, Wish{Incident: "i"}, 200},
		"nothing waits":               {"/contain", phone, nil, Wish{}, 400},
		"of another's case":           {"/read", camera, []string{"incident", "j"}, Wish{}, 404},
	} {
		g := withSuspect(infected())
		status, body := post(portalOf(g), c.client, c.path, c.fields...)
		if status != c.status {
			t.Errorf("%s: status %d, want %d", name, status, c.status)
		}
		var got Wish
		if len(g.did) > 0 {
			got = g.did[0]
		}
		if got != c.want || len(g.did) > 1 {
			t.Errorf("%s: %+v, want %+v", name, g.did, c.want)
		}
		if c.status == 200 && !strings.Contains(body, `role="status">`) {
			t.Errorf("%s: nobody is told that it was taken", name)
		}
	}
}

func TestAReleaseKeepsThatThePersonWasWarned(t *testing.T) {
	g := infected()
	var got []Wish
	g.release = func(w Wish) error { got = append(got, w); return nil }
	p := portalOf(g)
	post(p, phone, "/release", "code", "1", "acknowledged", "yes")
	post(p, camera, "/release", "code", "2")
	want := []Wish{{Incident: "i", Code: "1", Acknowledged: true}, {Incident: "i", Code: "2", Self: true}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

// A device that is a case itself has no say in whether another one is shut in.
func TestContainNeedsSomebodyElse(t *testing.T) {
	g := withSuspect(waiting())
	p := portalOf(g)
	if status, body := post(p, other, "/contain"); status != http.StatusConflict || !strings.Contains(body, "another device") || len(g.did) > 0 {
		t.Errorf("a case: %d %v", status, g.did)
	}
	if status, body := post(p, phone, "/contain", "lang", "de"); status != 200 || !strings.Contains(body, "Es ist jetzt eingesperrt.") || len(g.did) != 1 {
		t.Errorf("a phone: %d %v", status, g.did)
	}
	if _, _, body := ask(p, "GET", "192.168.1.1:8480", "/", other, nil, ""); strings.Contains(body, `action="/contain"`) {
		t.Error("a case is offered it")
	}
}

// What the gateway saw after a step is what the page says, in the person's language.
func TestWhatCameOfAStep(t *testing.T) {
	for _, c := range []struct {
		state  home.StepState
		result string
		lang   string
		want   string
	}{
		{home.StepPassed, "We saw it start again.", "en", "We saw it start again."},
		{home.StepPassed, "We saw it start again.", "de", "Wir haben gesehen, dass es neu gestartet ist."},
		{home.StepFailed, "", "en", "We have not seen it start anew yet."},
		{home.StepFailed, "x", "de", "Wir haben noch nicht gesehen, dass es neu gestartet ist."},
		{home.StepChecked, "", "de", "Wir sehen nach. Bitte laden Sie diese Seite in einer Minute neu."},
		{home.StepNow, "", "en", "Thank you."},
	} {
		g := infected()
		g.views[0].Incident.Steps[1].State, g.views[0].Incident.Steps[1].Result = c.state, c.result
		_, body := post(portalOf(g), phone, "/step", "step", "reboot", "answer", "done", "lang", c.lang)
		_, rest, _ := strings.Cut(body, `role="status">`)
		if said, _, _ := strings.Cut(rest, "<"); !strings.HasPrefix(said, c.want) {
			t.Errorf("%s in %s: %q, want %q", c.state, c.lang, said, c.want)
		}
	}
}

// What cannot be done is said in the person's language, and what went wrong inside is not lost.
func TestErrorsInWords(t *testing.T) {
	for err, want := range map[error][2]string{
		ErrCode:                          {"That is not the code on", "Das ist weder der Code"},
		fmt.Errorf("at x: %w", ErrTries): {"There were too many wrong codes", "Es gab zu viele falsche Codes"},
		ErrNeedsHelp:                     {"It was let out twice", "Es wurde zweimal herausgelassen"},
		ErrWarned:                        {"Please say first", "Bitte sagen Sie zuerst"},
		ErrNotClean:                      {"It still does what", "Es tut noch, wofür"},
		ErrGone:                          {"This case is closed", "Dieser Fall ist abgeschlossen"},
		errors.New("the moon is full"):   {"The moon is full.", "Das hat nicht geklappt: the moon is full."},
	} {
		for i, l := range languages {
			g := infected()
			g.err = err
			status, body := post(portalOf(g), phone, "/step", "step", "reboot", "answer", "done", "lang", l.Lang)
			if status != http.StatusConflict || !strings.Contains(body, want[i]) {
				t.Errorf("%v in %s: status %d, want %q", err, l.Lang, status, want[i])
			}
		}
	}
}

// Without what a gateway may have besides, the page offers nothing of it, and its forms do nothing.
func TestAGatewayWithoutPlaybooks(t *testing.T) {
	p := portalOf(infected().fake)
	_, _, body := ask(p, "GET", "192.168.1.1:8480", "/", phone, nil, "")
	for _, path := range []string{"/step", "/undo", "/contain", "/read", "/dismiss"} {
		if strings.Contains(body, `action="`+path+`"`) {
			t.Errorf("%s is offered", path)
		}
		if status, _ := post(p, phone, path, "step", "reboot", "answer", map[bool]string{true: "accepted", false: "done"}[path == "/dismiss"], "deed", "x1"); status != 400 {
			t.Errorf("%s: status %d", path, status)
		}
	}
}

func TestCaptivePortalAPI(t *testing.T) {
	for name, c := range map[string]struct {
		client string
		mode   home.Mode
		want   map[string]any
	}{
		"contained":          {camera, home.ModeQuarantine, map[string]any{"captive": true, "user-portal-url": "http://192.168.1.1/", "can-extend-session": false}},
		"updates only":       {camera, home.ModeUpdateOnly, map[string]any{"captive": true, "user-portal-url": "http://192.168.1.1/", "can-extend-session": false}},
		"no other devices":   {camera, home.ModeNoLAN, map[string]any{"captive": false}},
		"another":            {phone, home.ModeQuarantine, map[string]any{"captive": false}},
		"nothing is wrong":   {camera, home.ModeOff, map[string]any{"captive": false}},
		"one address is cut": {camera, home.ModeEndpointBlock, map[string]any{"captive": false}},
	} {
		g := infected()
		g.views[0].Incident.Mode = c.mode
		code, h, body := ask(portalOf(g), "GET", "192.168.1.1:8480", "/captive-portal-api", c.client, nil, "")
		var got map[string]any
		if err := json.Unmarshal([]byte(body), &got); err != nil || code != 200 || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %d %s %v", name, code, body, err)
		}
		if h.Get("Content-Type") != "application/captive+json" || !strings.Contains(h.Get("Cache-Control"), "private") {
			t.Errorf("%s: %v", name, h)
		}
	}
}

func TestTheLanguageIsThePersons(t *testing.T) {
	for header, want := range map[string]string{
		"":                                    "en",
		"de":                                  "de",
		"de-AT,en;q=0.5":                      "de",
		"fr-CH, fr;q=0.9, de;q=0.7, en;q=0.3": "de",
		"en;q=0.3, de;q=0.7":                  "de",
		"de;q=0, en":                          "en",
		"de;q=x, en;q=0.1":                    "en",
		"DE":                                  "de",
		"*":                                   "en",
		"den":                                 "en",
		strings.Repeat("de,", 500):            "en",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Language", header)
		if got := language(r, ""); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
		if got := language(r, "de"); got != "de" {
			t.Errorf("%q: %s though German was chosen", header, got)
		}
		if got := language(r, "<script>"); got != want {
			t.Errorf("%q: %s for a language that is none", header, got)
		}
	}
}

// Whatever is posted: no crash, nothing is done without the token of this client, and what is shown is whole.
func FuzzForms(f *testing.F) {
	f.Add("/step", "incident=i&step=reboot&answer=done&lang=de", "192.168.1.1:8480", "192.168.1.30", "de")
	f.Add("/undo", "incident=i&deed=x1&token=0", "192.168.1.1", "192.168.1.20", "en;q=0.1,de;q=1e9")
	f.Add("/captive-portal-api", "%zz", "[fd00:1::1]:8480", "192.168.1.20", "")
	f.Fuzz(func(t *testing.T, path, body, host, client, lang string) {
		g := withSuspect(infected())
		g.release = func(Wish) error { t.Fatal("released without a token"); return nil }
		g.check = func(string) (home.Check, error) { t.Fatal("checked without a token"); return home.Check{}, nil }
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			r := httptest.NewRequest(method, "/", strings.NewReader(body))
			r.URL.Path, r.Host, r.RemoteAddr = path, host, client+":1"
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Accept-Language", lang)
			w := httptest.NewRecorder()
			portalOf(g).Handler().ServeHTTP(w, r)
			if w.Code == http.StatusInternalServerError {
				t.Errorf("%s %s: %s", method, path, w.Body)
			}
		}
		if len(g.did) > 0 {
			t.Errorf("%+v was done without a token", g.did)
		}
	})
}

// A stranger that invents devices must neither fill the page nor push the infected one out of it.
func TestManyCases(t *testing.T) {
	g := infected()
	was := g.views[0]
	g.views = nil
	for n := range 255 {
		v := was
		v.Name, v.Device, v.Incident.ID = "invented", home.Device{ID: home.DeviceID(fmt.Sprint("x", n))}, fmt.Sprint("x", n)
		v.Incident.Mode, v.Incident.State = home.ModeOff, home.StateOpen
		g.views = append(g.views, v)
	}
	g.views = append(g.views, was)
	_, _, body := ask(portalOf(g), "GET", "192.168.1.1:8480", "/", phone, nil, "")
	first := strings.Index(body, "<h2>")
	if !strings.HasPrefix(body[first:], "<h2>Kitchen camera</h2>") {
		t.Error("what is contained does not come first")
	}
	if n := strings.Count(body, "<section"); n != maxCases || !strings.Contains(body, "There are 208 more.") || !strings.Contains(body, "256 devices") {
		t.Errorf("%d cases on the page", n)
	}
	if status, _ := post(portalOf(g), phone, "/read", "incident", "x254"); status != 200 {
		t.Errorf("one that is not shown: %d", status)
	}
}
