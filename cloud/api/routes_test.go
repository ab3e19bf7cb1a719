package api

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/cloud/api/view"

	"github.com/danielgtaylor/huma/v2"
)

// every operation with a request that is right for it.
type sample struct{ method, path, body string }

var bodies = map[string]string{
	"PUT /v1/staff/plans/{plan}": `{"name":"Basic","extras":["people"]}`, "PUT /v1/staff/brand": `{"name":"N","accent":"","phone":"","support":"","hint_en":"","hint_de":""}`,
	"PUT /v1/staff/provisioning/homes/{account}": `{"name":"Mill Lane 4"}`, "POST /v1/staff/provisioning/homes/{account}/gateway": `{"revoke":true}`,
	"POST /v1/sessions": `{"email":"resident-a","password":"right password"}`, "POST /v1/staff/sessions": `{"email":"staff-a","password":"right password"}`,
	"POST /orders": `{"verb":"release","device":"d","why":"they asked"}`, "POST /keys": `{"key":"BA=="}`,
	"POST /consents":              `{"id":"x","from":"2026-01-01T00:00:00Z","until":"2026-01-01T01:00:00Z","scope":"contacts","key":"k","signature":"AA=="}`,
	"DELETE /data":                `{"confirm":"CONFIRM"}`,
	"POST /looks":                 `{"reason":"they called"}`,
	"POST /notes":                 `{"text":"they move in May"}`,
	"POST /v1/push-subscriptions": `{"endpoint":"https://push.example/1","keys":{"p256dh":"x","auth":"y"}}`, "DELETE /v1/push-subscriptions": `{"endpoint":"https://push.example/1"}`,
	"PATCH /v1/notifications": `{"push":true}`, "POST /v1/notifications/test": `{}`,
	"PUT /v1/notifications/phone": `{"number":"+49 30 123456"}`, "POST /v1/notifications/phone/verify": `{"code":"123456"}`,

	"PUT /devices/{device}/identity": `{"model":"Example Cam","class":"camera"}`, "POST /devices/{device}/merge": `{"other":"e"}`,
	"POST /devices/{device}/split":       `{"mac":"02:00:00:00:00:01"}`,
	"POST /devices/{device}/protections": `{"kind":"close","proto":"tcp","port":80}`, "DELETE /devices/{device}/protections": `{"kind":"no-lan"}`,
	"POST /v1/staff/clusters/{cluster}/name": `{"model":"Example Cam","class":"camera","reason":"we bought one"}`,
	"POST " + inRollouts:                     `{"bundle":"profiles","reason":"a new week"}`, "PUT /v1/staff/pins": `{"home":"` + homeA + `","ring":"lab","reason":"our own laboratory"}`,
	"POST " + inRollout + "/pause": `{"reason":"it is late"}`, "POST " + inRollout + "/resume": `{"reason":"it is day"}`,
	"POST " + inRollout + "/halt": `{"reason":"it is bad"}`, "POST " + inRollout + "/undo": `{"reason":"it is bad"}`,
	"POST /v1/staff/webhooks": `{"name":"Service desk","url":"https://desk.example.net/","kinds":[]}`,
	"PUT " + inWebhook:        `{"name":"Service desk","url":"https://desk.example.net/","kinds":["incident.opened"],"paused":true}`,
	"POST /v1/staff/hunts":    `{"name":"c2.example.net","port":443,"proto":"tcp","reason":"case 4711"}`,

	"PUT /v1/staff/intel/sources":                     `{"name":"list","kind":"http","url":"https://feeds.example/list","trust":50,"reason":"a test of it"}`,
	"POST /v1/staff/intel/sources/act":                `{"name":"list","act":"fetch","reason":"a test of it"}`,
	"PUT /v1/staff/intel/exceptions":                  `{"value":"good.example","reason":"a test of it"}`,
	"POST /v1/staff/intel/dry-run":                    `{"list":"bad.example","reason":"a test of it"}`,
	"POST /v1/staff/intel/hunts/end":                  `{"id":"none","reason":"a test of it"}`,
	"POST /v1/staff/fleet-incidents/{incident}/close": `{"reason":"the maker told us"}`,

	"POST /v1/staff/tokens": `{"name":"deploy","scopes":["fleet.view"],"days":30}`, "PUT /v1/staff/people/{person}/roles": `{"roles":["tier1"]}`,
	"POST /v1/staff/codes/{code}":                  `{"reason":"they asked"}`,
	"POST /v1/staff/codes/{code}/undo":             `{"reason":"they asked"}`,
	"POST /v1/staff/approvals":                     `{"kind":"home.erase","what":{},"reason":"they asked"}`,
	"POST /v1/staff/approvals/{approval}/decision": `{"yes":true,"reason":"they asked"}`,

	"POST /people": `{"name":"Ann"}`, "PATCH /people/{person}": `{"name":"Ann"}`, "PATCH /schedules/{schedule}": `{"off":true}`,
	"POST /schedules": `{"name":"Bedtime","whose":["everybody"],"days":["mon"],"from":"21:00","to":"07:00"}`, "POST /pauses": `{"whose":"everybody","minutes":30}`,
	"PATCH /policy": `{"contain":"ask"}`, "PUT /devices/{device}/policy": `{"block":"home","contain":"ask","tidy":"home","essential":"medical"}`,
	"POST /devices/{device}/admission": `{"answer":"admit"}`, "PATCH /privacy": `{"private":true}`,
}

// things are parts of paths and what stands there in a sample.
var things = []string{"{device}", "d", "{incident}", "i", "{order}", "o", "{gateway}", "g", "{consent}", "c", "{cluster}", "0a", "{profile}", "0b", "{week}", "2026-W47", "{person}", "p", "{schedule}", "s", "{token}", "t", "{approval}", "a", "{account}", "A-17", "{plan}", "basic"}

func fillPath(path, home string) string {
	return strings.NewReplacer(append([]string{"{home}", home}, things...)...).Replace(path)
}

func samples(s *Server, home string) (all []sample) {
	for path, item := range s.huma.OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PATCH": item.Patch, "DELETE": item.Delete, "PUT": item.Put} {
			if op == nil {
				continue
			}
			p := fillPath(path, home)
			if path == "/v1/staff/search" {
				p += "?code=K7QM"
			}
			if path == "/v1/staff/tables/find" {
				p += "?q=K7QM"
			}
			if method == "DELETE" && strings.HasSuffix(path, "/pauses") {
				p += "?whose=everybody"
			}
			body := bodies[method+" "+path]
			if _, rest, ok := strings.Cut(path, "{home}"); ok {
				body = bodies[method+" "+rest]
			}
			name, _ := json.Marshal(mark(placeOf(home)))
			all = append(all, sample{method, p, strings.Replace(body, `"CONFIRM"`, string(name), 1)})
		}
	}
	slices.SortFunc(all, func(a, b sample) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return all
}

// isStream says whether the sample's answer has no end of its own.
func (s sample) isStream() bool { return strings.HasSuffix(s.path, "/events") }

func TestNoRouteWorksWithoutASession(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	n := 0
	for _, r := range samples(s, homeA) {
		if slices.Contains(open, r.method+" "+r.path) {
			continue
		}
		n++
		wrong := "staff-a"
		if strings.HasPrefix(r.path, "/v1/staff") {
			wrong = "resident-a"
		}
		for _, token := range []string{"", "unknown", wrong} {
			if w := requestFrom(s, fmt.Sprintf("192.0.2.%d:1234", n%250), r.method, r.path, token, r.body); w.Code != 401 || !strings.Contains(w.Body.String(), "/problems/session-required") {
				t.Errorf("%s %s with session %q: %d %s", r.method, r.path, token, w.Code, w.Body)
			}
		}
	}
	if n < 40 {
		t.Errorf("looked at %d routes only", n)
	}
}

func TestNothingOfAnotherHomeIsAnswered(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	for _, r := range samples(s, homeB) { // B's home, asked for by A's people
		if r.isStream() || r.method == "DELETE" && strings.HasSuffix(r.path, "/session") {
			continue
		}
		token := "resident-a"
		if strings.HasPrefix(r.path, "/v1/staff") {
			token = "staff-a"
		}
		w := request(s, r.method, r.path, token, r.body)
		if strings.Contains(w.Body.String(), tenantB) {
			t.Errorf("%s %s told A of B: %s", r.method, r.path, w.Body)
		}
		if strings.Contains(r.path, "/homes/"+homeB) && w.Code != 404 {
			t.Errorf("%s %s: %d, want 404", r.method, r.path, w.Code)
		}
		if !strings.Contains(r.path, "/homes/"+homeB) {
			continue
		}
		unknown := strings.Replace(r.path, homeB, "0197a000-0000-7000-8000-0000000000ff", 1)
		if w2 := request(s, r.method, unknown, token, r.body); w2.Code != w.Code || w2.Body.String() != w.Body.String() {
			t.Errorf("%s %s: another's home is told apart from none: %s", r.method, r.path, w2.Body)
		}
	}
	if len(c.asked) > 0 || len(c.recorded) > 0 {
		t.Errorf("something was done: %v %v", c.asked, c.recorded)
	}
}

func TestANeighboursHomeIsNotThere(t *testing.T) {
	s := testServer(t, newCloud(), Config{})
	for _, r := range samples(s, homeA2) {
		if strings.HasPrefix(r.path, "/v1/homes/") {
			if w := request(s, r.method, r.path, "resident-a", r.body); w.Code != 404 {
				t.Errorf("%s %s: %d %s", r.method, r.path, w.Code, w.Body)
			}
		}
	}
}

func TestEveryRouteAnswersItsOwn(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	c.looks["staff-a"+homeA] = true
	for _, r := range samples(s, homeA) {
		if r.isStream() || r.path == "/v1/enrolments" || strings.HasPrefix(r.path, awayPath) || strings.HasPrefix(r.path, awayStaff) || r.method == "DELETE" && strings.HasSuffix(r.path, "/session") {
			continue
		}
		token := "resident-a"
		if strings.HasPrefix(r.path, "/v1/staff") {
			token = "staff-a"
		}
		w := request(s, r.method, r.path, token, r.body)
		if strings.HasPrefix(r.path, "/v1/staff") && (strings.HasSuffix(r.path, "/contacts") || strings.HasSuffix(r.path, "/preview")) {
			if w.Code != 403 || !strings.Contains(w.Body.String(), "/problems/consent-required") {
				t.Errorf("contacts for staff: %d %s", w.Code, w.Body)
			}
			continue
		}
		if w.Code >= 300 {
			t.Errorf("%s %s: %d %s", r.method, r.path, w.Code, w.Body)
		}
		checkHeaders(t, r, w.Header(), w.Body.Bytes())
	}
}

func checkHeaders(t *testing.T, r sample, h http.Header, body []byte) {
	t.Helper()
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin"} {
		if h.Get(name) != want {
			t.Errorf("%s %s: %s is %q", r.method, r.path, name, h.Get(name))
		}
	}
	if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("%s: CSP %q", r.path, csp)
	}
	if len(body) > 0 && h.Get("Content-Type") != "text/event-stream" && h.Get("Content-Type") != "application/zip" && !strings.HasPrefix(h.Get("Content-Type"), "text/csv") {
		if !json.Valid(body) || h.Get("Content-Type") != "application/json" || bytes.ContainsAny(body, "<>") || bytes.Contains(body, []byte("null,null")) {
			t.Errorf("%s %s: %s %s", r.method, r.path, h.Get("Content-Type"), body)
		}
	}
}

func TestListsAreNeverNull(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	w := request(s, "GET", "/v1/homes/"+homeA+"/incidents/x", "resident-a", "")
	for _, want := range []string{`"orders":[]`, `"history":[]`, `"what_to_do":[]`, `"facts":{}`, `"check":null`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %s in %s", want, w.Body)
		}
	}
	var m map[string]any
	w = request(s, "GET", "/v1/homes/"+homeA+"/devices", "resident-a", "")
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil || m["items"].([]any)[0].(map[string]any)["name"] != mark(placeOf(homeA)) {
		t.Errorf("a hostile name did not come back as it is: %s", w.Body)
	}
}

func TestStaffLookOnlyWithAReasonAndLeaveATrace(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	at := "/v1/staff/homes/" + homeA
	if w := request(s, "GET", at+"/devices", "staff-a", ""); w.Code != 403 || !strings.Contains(w.Body.String(), "/problems/look-required") {
		t.Fatalf("without a look: %d %s", w.Code, w.Body)
	}
	if w := request(s, "POST", at+"/looks", "staff-a", `{"reason":"x"}`); w.Code != 422 {
		t.Errorf("a reason of one letter: %d", w.Code)
	}
	if w := request(s, "POST", at+"/looks", "staff-a", `{"reason":"they called, case 4711"}`); w.Code != 201 {
		t.Fatalf("look: %d %s", w.Code, w.Body)
	}
	for range 3 {
		if w := request(s, "GET", at+"/devices", "staff-a", ""); w.Code != 200 {
			t.Fatalf("with a look: %d", w.Code)
		}
	}
	if w := request(s, "POST", at+"/orders", "staff-a", `{"verb":"release"}`); w.Code != 422 {
		t.Errorf("an order without a reason: %d", w.Code)
	}
	request(s, "POST", at+"/orders", "staff-a", `{"verb":"release","why":"they asked"}`)
	want := "staff-a get /devices a reason; staff-a post /orders a reason; staff-a post /orders a reason"
	if got := strings.Join(c.recorded, "; "); got != want {
		t.Errorf("recorded %s", got)
	}
}

func TestProblemsHaveStableTypes(t *testing.T) {
	c := newCloud()
	c.fail = errSecret
	s := testServer(t, c, Config{})
	at := "/v1/homes/" + homeA
	for _, one := range []struct {
		method, path, body, header string
		code                       int
		kind                       string
	}{
		{"GET", "/v1/nothing", "", "", 404, "not-found"},
		{"PUT", "/v1/session", "", "", 405, "method-not-allowed"},
		{"POST", at + "/orders", `{"verb":"explode"}`, "", 422, "invalid"},
		{"POST", at + "/orders", `{"verb":`, "", 400, "bad-request"},
		{"POST", at + "/orders", `{"verb":"check"}`, "Content-Type: text/plain", 415, "media-type"},
		{"POST", at + "/orders", `{"verb":"check"}`, "Sec-Fetch-Site: cross-site", 403, "cross-origin"},
		{"POST", at + "/orders", `{"verb":"check"}`, "Origin: https://evil.example", 403, "cross-origin"},
		{"POST", at + "/orders", `{"why":"` + strings.Repeat("x", 70_000) + `"}`, "", 413, "too-large"},
		{"POST", at + "/orders", `{"verb":"check","colour":"red"}`, "", 422, "invalid"},
		{"GET", at + "/incidents?cursor=AAAA", "", "", 422, "invalid"},
		{"GET", at + "/incidents?limit=100000", "", "", 422, "invalid"},
		{"GET", at + "/devices?who=me", "", "", 422, "invalid"},
		{"GET", at + "/incidents/x", "", "", 500, "internal"},
		{"DELETE", at + "/data", `{"confirm":"something"}`, "", 422, "invalid"},
		{"GET", "/v1/homes/..%2f" + homeA, "", "", 404, "not-found"},
	} {
		var headers []string
		if one.header != "" {
			headers = []string{one.header}
		}
		w := request(s, one.method, one.path, "resident-a", one.body, headers...)
		var p struct {
			Type, Title string
			Status      int
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Type != "/problems/"+one.kind || p.Status != one.code || w.Code != one.code || p.Title == "" ||
			w.Header().Get("Content-Type") != "application/problem+json" || strings.Contains(w.Body.String(), "hunter2") {
			t.Errorf("%s %s: %d %s (%v)", one.method, one.path, w.Code, w.Body, err)
		}
	}
	if w := request(s, "PUT", "/v1/session", "resident-a", ""); w.Header().Get("Allow") != "DELETE, GET, HEAD" {
		t.Errorf("Allow %q", w.Header().Get("Allow"))
	}
}

func TestSignInIsSlowedDownAndTellsNothing(t *testing.T) {
	c := newCloud()
	now := time.Unix(1_800_000_000, 0)
	s := testServer(t, c, Config{Now: func() time.Time { return now }, Secure: true})
	w := request(s, "POST", "/v1/sessions", "", `{"email":"resident-a","password":"right password"}`)
	cookie := w.Result().Cookies()[0]
	if w.Code != 201 || !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" || cookie.Name != "cardea_resident" {
		t.Fatalf("%d %s %v", w.Code, w.Body, cookie)
	}
	if w.Header().Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS")
	}
	codes := map[int]int{}
	for i := range 60 {
		w = request(s, "POST", "/v1/sessions", "", fmt.Sprintf(`{"email":"somebody%d","password":"wrong password"}`, i))
		codes[w.Code]++
		if strings.Contains(w.Body.String(), "wrong password") {
			t.Fatal("a password came back")
		}
	}
	if w.Code != 429 || w.Header().Get("Retry-After") == "" || codes[401] != doorBurst-1 {
		t.Errorf("%v, then %d, Retry-After %q", codes, w.Code, w.Header().Get("Retry-After"))
	}
	before := c.signIns
	for i := range 40 { // one account from many addresses
		r := fmt.Sprintf(`{"email":"Resident-B","password":"wrong %d"}`, i)
		now = now.Add(time.Second / 10)
		requestFrom(s, fmt.Sprintf("198.51.100.%d:1", i), "POST", "/v1/sessions", "", r)
	}
	if n := c.signIns - before; n != accountBurst {
		t.Errorf("%d attempts on one account came through", n)
	}
	if w := request(s, "POST", "/v1/sessions", "", `{"email":"a","token":"b"}`); w.Code != 422 && w.Code != 429 {
		t.Errorf("both kinds at once: %d", w.Code)
	}
}

func TestSignOutEndsTheSession(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	w := request(s, "DELETE", "/v1/session", "resident-a", "")
	if w.Code != 204 || w.Result().Cookies()[0].Value != "" || !w.Result().Cookies()[0].Expires.Before(time.Now()) {
		t.Errorf("%d %v", w.Code, w.Result().Cookies())
	}
	if w := request(s, "GET", "/v1/session", "resident-a", ""); w.Code != 401 {
		t.Errorf("after signing out: %d", w.Code)
	}
}

func TestNotificationsAreNotOverwritten(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	tag := request(s, "GET", "/v1/notifications", "resident-a", "").Header().Get("ETag")
	if w := request(s, "PATCH", "/v1/notifications", "resident-a", `{"push":true}`, "If-Match: "+tag); w.Code != 200 || !strings.Contains(w.Body.String(), `"email":true,"push":true`) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := request(s, "PATCH", "/v1/notifications", "resident-a", `{"push":false}`, "If-Match: "+tag); w.Code != 412 {
		t.Errorf("with the old tag: %d", w.Code)
	}
}

func TestAnIdempotencyKeyIsForOneOrder(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	at := "/v1/homes/" + homeA + "/orders"
	w := request(s, "POST", at, "resident-a", `{"verb":"release","device":"d"}`, "Idempotency-Key: k1")
	if w.Code != 202 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	c.reuse = &view.Order{ID: "1", Verb: "block", Device: "d"}
	if w := request(s, "POST", at, "resident-a", `{"verb":"release","device":"d"}`, "Idempotency-Key: k1"); w.Code != 422 || !strings.Contains(w.Body.String(), "idempotency-key-reused") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestEnrolmentIsProtobuf(t *testing.T) {
	s := testServer(t, newCloud(), Config{})
	w := request(s, "POST", "/v1/enrolments", "", "enrolment", "Content-Type: application/x-protobuf")
	if w.Code != 200 || w.Body.String() != "enrolled" || w.Header().Get("Content-Type") != "application/x-protobuf" {
		t.Errorf("%d %s %s", w.Code, w.Body, w.Header().Get("Content-Type"))
	}
	w = request(s, "POST", "/v1/enrolments", "", "something", "Content-Type: application/x-protobuf")
	if w.Code != 403 || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAppsAreServedStrictly(t *testing.T) {
	s := testServer(t, newCloud(), Config{})
	for _, one := range []struct {
		path, body, cache string
		code              int
	}{
		{"/", "<title>resident</title>", "no-cache", 200}, {"/devices/x", "<title>resident</title>", "no-cache", 200},
		{"/assets/app-1a2b.js", "js", "public, max-age=31536000, immutable", 200}, {"/assets/gone.js", "", "no-store", 404}, {"/sw.js", "sw", "no-cache", 200},
		{"/staff/", "<title>staff</title>", "no-cache", 200}, {"/staff/homes/1", "<title>staff</title>", "no-cache", 200}, {"/../etc/passwd", "", "no-cache", 200},
		{"/.env", "", "no-store", 404},
	} {
		w := request(s, "GET", one.path, "", "")
		if w.Code != one.code || one.body != "" && w.Body.String() != one.body || w.Header().Get("Cache-Control") != one.cache {
			t.Errorf("%s: %d %q %q", one.path, w.Code, w.Body, w.Header().Get("Cache-Control"))
		}
		if csp := w.Header().Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: CSP %q", one.path, csp)
		}
	}
	tag := request(s, "GET", "/", "", "").Header().Get("ETag")
	if w := request(s, "GET", "/devices", "", "", "If-None-Match: "+tag); w.Code != 304 || w.Body.Len() != 0 {
		t.Errorf("the same page again: %d", w.Code)
	}
	w := request(s, "GET", "/assets/big-3c4d.js", "", "", "Accept-Encoding: br, gzip")
	z, err := gzip.NewReader(w.Body)
	if err != nil || w.Header().Get("Content-Encoding") != "gzip" || read(t, z) != strings.Repeat("big ", 1000) {
		t.Errorf("zipped: %v, %v", w.Header(), err)
	}
	if w := request(s, "HEAD", "/v1/homes/"+homeA+"/events", "resident-a", ""); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("HEAD of a stream: %d %q", w.Code, w.Body)
	}
	if w := request(s, "POST", "/", "", "x"); w.Code != 405 {
		t.Errorf("POST /: %d", w.Code)
	}
}

func TestMetricsAreForThisMachineAndNameNobody(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	request(s, "GET", "/v1/homes/"+homeA, "resident-a", "")
	if w := request(s, "GET", "/metrics", "", ""); w.Code != 404 {
		t.Errorf("from elsewhere: %d", w.Code)
	}
	w := requestFrom(s, "127.0.0.1:9", "GET", "/metrics", "", "")
	if w.Code != 200 || !strings.Contains(w.Body.String(), `route="GET /v1/homes/{home}"`) || strings.Contains(w.Body.String(), homeA) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := requestFrom(s, "127.0.0.1:9", "GET", "/metrics", "", "", "X-Forwarded-For: 192.0.2.1"); w.Code != 404 {
		t.Errorf("through a proxy: %d", w.Code)
	}
	for _, p := range []string{"/healthz", "/readyz"} {
		if w := request(s, "GET", p, "", ""); w.Code != 200 {
			t.Errorf("%s: %d", p, w.Code)
		}
	}
}

func TestTheDocumentIsTheCommittedOne(t *testing.T) {
	want, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("../../web/openapi.json")
	if err != nil || !bytes.Equal(want, have) {
		t.Errorf("web/openapi.json is old: run go generate ./cloud/api (%v)", err)
	}
	s := testServer(t, newCloud(), Config{})
	if w := request(s, "GET", "/openapi.json", "", ""); w.Code != 200 || !json.Valid(w.Body.Bytes()) {
		t.Errorf("/openapi.json: %d", w.Code)
	}
}
