package cloud_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cardea/cloud/staff/rights"
	"cardea/cloud/webhook"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire"
	"cardea/wire/pb"

	"pgregory.net/rapid"
)

// code is every home's incident's: people of different homes may read out the same one.
const code = "K7QM"

// fill has a home's gateway and people tell everything that there is to tell, each text with the home's mark.
func (w *whole) fill(h *house, visitor *person) {
	t := w.t
	t.Helper()
	now := time.Now()
	ms, m := now.UnixMilli(), h.mark
	items := []*pb.Item{
		{Body: &pb.Item_Devices{Devices: &pb.Devices{Whole: true, Blocked: []string{m + ".home-blocked.example"}, Allowed: []string{m + ".home-allowed.example"},
			Devices: []*pb.Device{{Id: h.device, Name: m + " device", Vendor: m + " vendor", Macs: []string{"02:00:00:00:00:01", "02:00:00:00:00:02"}, First: ms, Last: ms, Mode: "off",
				Blocked: []string{m + ".blocked.example"}, Allowed: []string{m + ".allowed.example"},
				Model: m + " model", Class: "camera", Evidence: []string{m + " evidence"}, IdentifiedBy: "rules", Confidence: 1,
				Exposures:   []*pb.Exposure{{Id: "e1", Kind: "telnet", Proto: "tcp", Port: 23, Sentence: m + " sentence", Evidence: []string{m + " seen"}, First: ms, Last: ms}},
				Behind:      []*pb.Behind{{Name: m + " behind"}},
				Aliases:     []*pb.Alias{{Device: "old", Why: []string{m + " why"}}},
				Protections: []*pb.Protection{{Kind: "no-lan"}}},
				{Id: h.other, Name: m + " other", First: ms, Last: ms, Mode: "off"}}}}},
		{Body: &pb.Item_Sightings{Sightings: &pb.Sightings{Scheme: 1, Devices: []*pb.Sighted{
			{Device: h.device, Week: 2900, Model: m + " model", Class: "camera", By: "rules", Tokens: tokensOf(m + " camera")},
			{Device: h.other, Week: 2900, Vendor: m + " vendor", Tokens: tokensOf(m + " other")}}}}},
		{Body: &pb.Item_Correction{Correction: &pb.Correction{Device: h.other, Model: m + " correction"}}},
		{Body: &pb.Item_FirstTimes{FirstTimes: &pb.FirstTimes{Scheme: 1, FirstTimes: []*pb.FirstTime{called(h.device, ownHost(m))}}}},
		{Body: &pb.Item_RollUp{RollUp: &pb.RollUp{Scheme: 1, Hours: []*pb.DeviceHour{{Device: h.device, Hour: now.Truncate(time.Hour).UnixMilli(), Up: 10, Down: 20}}}}},
		{Body: &pb.Item_Stopped{Stopped: &pb.Stopped{Trackers: 3, Stops: []*pb.Stop{{Device: h.device, Endpoint: m + ".bad.example", Class: "malware", Family: m + " family",
			Source: m + " source", Reason: m + " reason", Count: 1, First: ms, Last: ms}}}}},
		{Body: &pb.Item_Look{Look: &pb.Look{Question: newID(t), Asker: "support", Who: m + " who", Reason: m + " reason", Why: m + " why"}}},
		{Body: &pb.Item_Incident{Incident: &pb.Incident{Id: h.incident, Code: code, Device: h.device, State: "contained", Mode: "quarantine", Grade: "port", Opened: ms, Changed: ms,
			History: []*pb.Transition{{Time: ms, From: "open", To: "contained", By: "gateway", Why: m + " why"}}}}},
		{Body: &pb.Item_Finding{Finding: &pb.Finding{Id: h.finding, Device: h.device, Incident: h.incident, Detector: "scan", Strength: "hard", Sentence: m + " sentence",
			Facts: []byte(`{"fact":"` + m + `"}`)}}},
		{Body: &pb.Item_Dropped{Dropped: &pb.Dropped{Items: 1, First: ms, Last: ms}}},
	}
	for _, i := range items {
		i.Time = ms
	}
	h.tell(t, items...)
	w.stored(h)
	w.introduce(h)
	at := "/v1/homes/" + h.place.Home
	out := w.ask("POST", at+"/orders", fmt.Sprintf(`{"verb":"block","device":%q,"endpoint":%q,"why":%q}`, h.device, m+".order.example", m+" order"), as(h.resident))
	var order struct{ ID string }
	if err := json.Unmarshal([]byte(out.body), &order); err != nil || out.code != http.StatusAccepted {
		t.Fatalf("order: %d %s", out.code, out.body)
	}
	h.order = order.ID
	w.eventually("the order of "+m+" is in force", func() bool {
		return strings.Contains(w.ask("GET", at+"/orders/"+h.order, "", as(h.resident)).body, `"in_force"`)
	})
	h.decide(w)
	point := must(h.signer.PublicKey.Bytes())(t)
	sub := fmt.Sprintf(`{"endpoint":%q,"keys":{"p256dh":%q,"auth":"AAAAAAAAAAAAAAAAAAAAAA"}}`, h.endpoint(), base64.RawURLEncoding.EncodeToString(point))
	if out := w.ask("POST", "/v1/push-subscriptions", sub, as(h.resident)); out.code != http.StatusNoContent {
		t.Fatalf("subscription: %d %s", out.code, out.body)
	}
	if out := w.ask("POST", "/v1/staff/homes/"+h.place.Home+"/looks", fmt.Sprintf(`{"reason":%q}`, m+" looked at"), as(visitor)); out.code != http.StatusCreated {
		t.Fatalf("look: %d %s", out.code, out.body)
	}
}

// tokensOf are what was seen of a device, with texts that have the home's mark.
func tokensOf(mark string) (out []*pb.Token) {
	for i := range 6 {
		text := fmt.Sprint(mark, " ", i)
		out = append(out, &pb.Token{Hash: wire.TokenHash(2, text), Clue: 2, Telling: uint32(wire.TellVendor), Text: text})
	}
	return out
}

// group has the fleet's learning find out what resembles what: every device here is alone.
func (w *town) group() {
	w.t.Helper()
	if r := must(w.rooms.Fleet.Learn(w.t.Context()))(w.t); r.Grouped != 2*len(w.houses) {
		w.t.Fatalf("%+v", r)
	}
	for _, h := range w.houses {
		err := w.db.View(w.t.Context(), func(tx *db.Tx) error {
			return tx.Row("SELECT grp FROM fleet_device WHERE tenant = ? AND home = ? AND device = ?", h.place.Tenant, h.place.Home, h.other).Scan(&h.cluster)
		})
		if err != nil || len(h.cluster) != 16 {
			w.t.Fatalf("cluster %q, %v", h.cluster, err)
		}
	}
}

func (h *house) endpoint() string { return "https://push.example/" + h.mark }

// words are what only a home's own people may read.
func (h *house) words() []string {
	return []string{h.mark, h.place.Home, h.place.Gateway, h.device, h.other, h.cluster, h.profile, h.incident, h.finding, h.order, h.consent, h.key, h.inhabitant, h.schedule, h.resident.id}
}

// town is two tenants with two homes each, all filled.
type town struct {
	*whole
	providers []*provider
	houses    []*house
	nowhere   *house // one that does not exist
	db        *db.DB // beside the cloud, to see what no route shows
}

func newTown(t testing.TB, database string) *town {
	t.Helper()
	w := &town{whole: startWhole(t, database)}
	for range 2 {
		p := w.addProvider()
		email := p.mark + "-visitor@example.org"
		who := must(w.rooms.Accounts.AddStaff(t.Context(), p.id, email, p.mark+" visitor", "a long enough password", rights.Roles[:6]...))(t)
		visitor := &person{w: w.whole, kind: "staff", tenant: p.id, id: who.ID, email: email}
		hook, _, err := w.rooms.Webhooks.Add(t.Context(), p.id, p.mark, webhook.Endpoint{Name: p.mark + " desk", URL: "https://push.example/" + p.mark})
		if err != nil {
			t.Fatal(err)
		}
		p.hook = hook.ID
		w.providers = append(w.providers, p)
		for range 2 {
			h := w.addHouse(p)
			w.fill(h, visitor)
			w.houses = append(w.houses, h)
		}
	}
	n := &house{mark: newMark(t), device: newID(t), other: newID(t), cluster: "00000000000000ff", profile: "00000000000000fe", incident: newID(t), finding: newID(t), order: newID(t), consent: newID(t), inhabitant: newID(t), schedule: newID(t), key: strings.Repeat("0", 32),
		provider: &provider{slug: "nobody", incident: "00000000000000fd", hook: newID(t)}, resident: &person{id: newID(t), email: "nobody@example.org"}, signer: w.houses[0].signer}
	n.place.Tenant, n.place.Home, n.place.Gateway = newID(t), newID(t), newID(t)
	w.nowhere = n
	w.db = dbtest.Open(t, w.cfg.DB)
	w.group()
	w.live()
	return w
}

// operation is one of the API's, as its document describes it.
type operation struct {
	method, path string
	staff        bool
	query        []string
	body         string // a template
	things       bool   // it names more than a home
}

func (o operation) String() string { return o.method + " " + o.path }

// bodies are templates of what operations take, by method and the path after the home. An operation that takes a body and has
// none here fails the test.
var bodies = map[string]string{
	"POST /orders":                  `{"verb":"check","device":"{device}","incident":"{incident}","why":"{caller} asks"}`,
	"POST /keys":                    `{"key":"BA==","signer":"{key}","signature":"AA=="}`,
	"POST /consents":                `{agree}`,
	"DELETE /data":                  `{"confirm":"{name}"}`,
	"POST /looks":                   `{"reason":"{caller} was called"}`,
	"POST /v1/push-subscriptions":   `{"endpoint":"{endpoint}","keys":{"p256dh":"{point}","auth":"AAAAAAAAAAAAAAAAAAAAAA"}}`,
	"DELETE /v1/push-subscriptions": `{"endpoint":"{endpoint}"}`,
	"PATCH /v1/notifications":       `{"push":true,"email":false}`,

	"POST /v1/notifications/test":         `{"ways":["push"]}`,
	"PUT /v1/notifications/phone":         `{"number":"+49 30 123456"}`,
	"POST /v1/notifications/phone/verify": `{"code":"123456"}`,

	"PUT /devices/{device}/identity":                  `{"model":"{caller} model","vendor":"{caller} vendor","class":"camera","why":"{caller} asks"}`,
	"POST /devices/{device}/merge":                    `{"other":"{other}","why":"{caller} asks"}`,
	"POST /devices/{device}/split":                    `{"mac":"02:00:00:00:00:01","why":"{caller} asks"}`,
	"POST /devices/{device}/protections":              `{"kind":"close","proto":"tcp","port":80,"why":"{caller} asks"}`,
	"PUT /v1/staff/intel/sources":                     `{"name":"list","kind":"http","url":"https://feeds.example/list","trust":50,"reason":"a test of it"}`,
	"POST /v1/staff/intel/sources/act":                `{"name":"list","act":"fetch","reason":"a test of it"}`,
	"PUT /v1/staff/intel/exceptions":                  `{"value":"good.example","reason":"a test of it"}`,
	"POST /v1/staff/intel/dry-run":                    `{"list":"bad.example","reason":"a test of it"}`,
	"POST /v1/staff/intel/hunts/end":                  `{"id":"none","reason":"a test of it"}`,
	"POST /v1/staff/fleet-incidents/{incident}/close": `{"reason":"{caller} was told"}`,
	"DELETE /devices/{device}/protections":            `{"kind":"close","proto":"tcp","port":80,"why":"{caller} asks"}`,
	"POST /v1/staff/clusters/{cluster}/name":          `{"model":"{caller} model","vendor":"{caller} vendor","class":"camera","reason":"{caller} bought one"}`,
	"POST /v1/sessions":                               `{"provider":"{slug}","email":"{email}","password":"not the right one"}`,
	"POST /v1/staff/sessions":                         `{"provider":"{slug}","email":"{email}","password":"not the right one"}`,
	"POST /people":                                    `{"name":"{caller} person","devices":["{device}"]}`,
	"PATCH /people/{person}":                          `{"name":"{caller} renamed","devices":["{other}"]}`,
	"POST /schedules":                                 `{"name":"{caller} schedule","whose":["{person}"],"days":["mon"],"from":"21:00","to":"07:00"}`,
	"PATCH /schedules/{schedule}":                     `{"name":"{caller} rescheduled","whose":["{device}"]}`,
	"POST /pauses":                                    `{"whose":"{person}","minutes":600}`,
	"PATCH /policy":                                   `{"contain":"never","zone":"Asia/Kathmandu"}`,
	"PUT /devices/{device}/policy":                    `{"block":"never","contain":"ask","tidy":"home","essential":"medical"}`,
	"POST /devices/{device}/admission":                `{"answer":"admit","guest":true}`,
	"PATCH /privacy":                                  `{"private":true,"guests":["{device}"]}`,
	"POST /notes":                                     `{"text":"{caller} called"}`,
	"POST /v1/staff/rollouts":                         `{"bundle":"profiles","version":9999,"reason":"{caller} asks"}`,
	"POST /v1/staff/rollouts/{rollout}/pause":         `{"reason":"{caller} asks"}`,
	"POST /v1/staff/rollouts/{rollout}/resume":        `{"reason":"{caller} asks"}`,
	"POST /v1/staff/rollouts/{rollout}/halt":          `{"reason":"{caller} asks"}`,
	"POST /v1/staff/rollouts/{rollout}/undo":          `{"reason":"{caller} asks"}`,
	"PUT /v1/staff/pins":                              `{"home":"{home}","ring":"lab","reason":"{caller} asks"}`,
	"POST /v1/staff/webhooks":                         `{"name":"{caller} desk","url":"https://push.example/{caller}","kinds":[]}`,
	"PUT /v1/staff/webhooks/{webhook}":                `{"name":"{caller} renamed","url":"https://push.example/{caller}","kinds":[],"paused":true}`,
	"POST /v1/staff/hunts":                            `{"name":"own.{caller}.example","port":443,"proto":"tcp","reason":"{caller} asks"}`,
	"POST /v1/staff/tokens":                           `{"name":"{caller} token","scopes":["fleet.view"],"days":30}`,
	"PUT /v1/staff/people/{person}/roles":             `{"roles":["tier1"]}`,
	"POST /v1/staff/approvals":                        `{"kind":"home.export","what":{"home":"{home}"},"reason":"{caller} asks"}`,
	"POST /v1/staff/approvals/{approval}/decision":    `{"yes":false,"reason":"{caller} asks"}`,
	"POST /v1/staff/codes/{code}":                     `{"reason":"{caller} asks"}`,
	"POST /v1/staff/codes/{code}/undo":                `{"reason":"{caller} asks"}`,
	"POST /v1/enrolments":                             `no enrolment of {gateway}`,
}

// queries are templates of query parameters; "" leaves one out. One that is not here fails the test.
var queries = map[string]string{"cursor": "{cursor}", "limit": "100", "state": "all", "q": "{mark}", "code": code, "incident": "{incident}", "device": "{device}",
	"from": "", "until": "", "since": "", "why": "{caller}%20asks", "mode": "vendor-only", "lang": "de", "kind": "telnet", "whose": "{person}", "model": "{mark}%20model", "provider": "{slug}",
	"home": "{home}", "act": "", "days": "7", "by": "model", "sort": "", "up": "true", "down": "true", "repeated": "", "before": "", "indicator": "", "detector": "telnet", "version": "", "platform": "", "troubled": "", "at": "", "hours": "24"}

// places are the parts of a path that the walk can fill.
var places = []string{"{home}", "{device}", "{incident}", "{order}", "{gateway}", "{consent}", "{cluster}", "{profile}", "{person}", "{schedule}", "{token}", "{approval}", "{week}", "{webhook}", "{delivery}", "{rollout}", "{code}"}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// operations reads them out of the document that the server serves.
func (w *town) operations() (list []operation) {
	w.t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				In, Name string
				Schema   struct{ Enum []string }
			}
			RequestBody *json.RawMessage `json:"requestBody"`
		}
	}
	if err := json.Unmarshal([]byte(w.ask("GET", "/openapi.json", "").body), &doc); err != nil {
		w.t.Fatal(err)
	}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(doc.Paths[path])) {
			o := operation{method: strings.ToUpper(method), path: path, staff: strings.HasPrefix(path, "/v1/staff/")}
			for _, p := range placeholder.FindAllString(path, -1) {
				if !slices.Contains(places, p) {
					w.t.Errorf("%s: the walk does not know what %s is", o, p)
				}
				o.things = o.things || p != "{home}"
			}
			described := doc.Paths[path][method]
			for _, p := range described.Parameters {
				if p.In != "query" {
					continue
				}
				with, known := queries[p.Name]
				if !known {
					w.t.Errorf("%s: the walk does not know what to ask for with %s", o, p.Name)
				}
				if len(p.Schema.Enum) > 0 && !slices.Contains(p.Schema.Enum, with) {
					with = ""
				}
				if with != "" {
					o.query = append(o.query, p.Name+"="+with)
					o.things = o.things || placeholder.MatchString(with)
				}
			}
			if described.RequestBody != nil {
				key := path
				if _, rest, found := strings.Cut(path, "{home}"); found {
					key = rest
				}
				known := false
				if o.body, known = bodies[o.method+" "+key]; !known {
					w.t.Errorf("%s: the walk does not know what to send", o)
				}
				o.things = o.things || placeholder.MatchString(o.body)
			}
			list = append(list, o)
		}
	}
	if len(list) < 50 {
		w.t.Fatalf("%d operations only", len(list))
	}
	return list
}

// caller is somebody at one of the doors, or at the wrong one.
type caller struct {
	name    string
	cookies func() []*http.Cookie
	mark    string
	at      func(operation) bool // whether it is let in at this operation's door
	home    func(*house) bool    // homes whose things it may see
	own     *house               // of which it sends own things
	foreign []string             // words it must never read
	person  *person              // nil for nobody
}

// callers are all kinds that there are.
func (w *town) callers() (list []*caller) {
	for _, h := range w.houses {
		r := h.resident
		list = append(list,
			&caller{name: "resident", mark: h.mark, own: h, person: r, at: func(o operation) bool { return !o.staff }, home: func(x *house) bool { return x == h },
				cookies: func() []*http.Cookie { return []*http.Cookie{as(r)} }})
	}
	first := w.houses[0]
	wrong := func(name string, cookies func() []*http.Cookie) *caller {
		return &caller{name: name, mark: "nobody", own: first, at: func(operation) bool { return false }, home: func(*house) bool { return false }, cookies: cookies}
	}
	list = append(list, wrong("nobody", func() []*http.Cookie { return nil }),
		wrong("a resident at the staff's door", func() []*http.Cookie { return []*http.Cookie{{Name: "cardea_staff", Value: first.resident.token()}} }),
		wrong("staff at the residents' door", func() []*http.Cookie {
			return []*http.Cookie{{Name: "cardea_resident", Value: first.provider.staff.token()}}
		}))
	for _, looking := range []bool{false, true} {
		for _, p := range w.providers {
			c := &caller{name: "staff", mark: p.mark, own: p.houses[0], person: p.staff, at: func(o operation) bool { return o.staff },
				home: func(x *house) bool { return x.provider == p }, cookies: func() []*http.Cookie { return []*http.Cookie{as(p.staff)} }}
			if looking {
				c.name = "staff who look"
			}
			list = append(list, c)
		}
	}
	for _, c := range list {
		for _, h := range w.houses {
			if !c.home(h) {
				c.foreign = append(c.foreign, h.words()...)
			}
			if p := h.provider; c.person == nil || c.person.tenant != p.id {
				c.foreign = append(c.foreign, p.id, p.mark, p.incident, p.hook)
			}
		}
	}
	return list
}

// call is one request of the walk: an operation under one home, with the things of another.
type call struct {
	o      operation
	at, of *house
}

// send makes it. What comes back is read to its end; an event stream until everything of the home's feed was there.
func (w *town) send(c *caller, q call) (sent string, out answer) {
	w.t.Helper()
	agree := q.of.agree(w.t, newID(w.t))
	point := base64.RawURLEncoding.EncodeToString(must(q.of.signer.PublicKey.Bytes())(w.t))
	name := q.of.mark + " home"
	if q.at == q.of && c.home(q.at) {
		name = "not its name" // erasing comes later
	}
	incident := q.of.incident
	if strings.Contains(q.o.path, "/fleet-incidents/") {
		incident = q.of.provider.incident
	}
	fill := strings.NewReplacer("{home}", q.at.place.Home, "{device}", q.of.device, "{incident}", incident, "{order}", q.of.order, "{gateway}", q.of.place.Gateway,
		"{consent}", q.of.consent, "{other}", q.of.other, "{person}", q.of.inhabitant, "{schedule}", q.of.schedule, "{token}", q.of.order, "{webhook}", q.of.provider.hook, "{delivery}", q.of.order, "{rollout}", q.of.order, "{code}", code, "{approval}", q.of.order, "{cluster}", q.of.cluster, "{profile}", q.of.profile, "{week}", "2026-W47", "{key}", q.of.key, "{mark}", q.of.mark, "{caller}", c.mark, "{agree}", agree, "{name}", name, "{endpoint}", q.of.endpoint(),
		"{point}", point, "{slug}", q.of.provider.slug, "{email}", q.of.resident.email,
		"{cursor}", base64.RawURLEncoding.EncodeToString([]byte("1"+q.of.place.Home)))
	someone := strings.NewReplacer(q.of.someone()...)
	path, body := someone.Replace(fill.Replace(q.o.path)), fill.Replace(q.o.body)
	if len(q.o.query) > 0 && !q.o.isWay() {
		path += "?" + fill.Replace(strings.Join(q.o.query, "&"))
	}
	if strings.HasSuffix(q.o.path, "/events") {
		return path, w.events(path, q.at, c)
	}
	out = w.ask(q.o.method, path, body, c.cookies()...)
	if q.o.method == "DELETE" && strings.HasSuffix(q.o.path, "/session") && c.person != nil {
		c.person.out()
	}
	return path + " " + body, out
}

// events reads a home's feed from its beginning to where it was when it was asked for.
func (w *town) events(path string, h *house, c *caller) answer {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	last := must(w.rooms.Feed.Last(ctx, h.place.OfHome()))(w.t)
	r := must(w.request(ctx, "GET", path, "", c.cookies()...))(w.t)
	defer r.Body.Close()
	out := answer{code: r.StatusCode, header: r.Header}
	if r.StatusCode != http.StatusOK {
		out.body = string(must(io.ReadAll(r.Body))(w.t))
		return out
	}
	var b strings.Builder
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		b.WriteString(lines.Text() + "\n")
		if id, found := strings.CutPrefix(lines.Text(), "id: "); found {
			if n, err := strconv.ParseInt(id, 10, 64); err == nil && n >= last {
				break
			}
		}
	}
	out.body = b.String()
	return out
}

// leaks says which word of another's is in an answer though it was not in the question.
func (c *caller) leaks(sent string, out answer) (string, bool) {
	var head strings.Builder
	_ = out.header.Write(&head) // to memory
	for _, word := range c.foreign {
		if !strings.Contains(sent, word) && (strings.Contains(out.body, word) || strings.Contains(head.String(), word)) {
			return word, true
		}
	}
	return "", false
}

var (
	anyID   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	anyTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`)
	anyMark = regexp.MustCompile(`mk[0-9a-f]{12}km`)
)

// same is what two answers must have in common when nothing may be told by their difference: of successes the status.
func (o answer) same() string {
	if o.code < 300 {
		return strconv.Itoa(o.code)
	}
	h := o.header.Clone()
	for _, k := range []string{"Date", "X-Request-Id", "Content-Length"} {
		h.Del(k)
	}
	var b strings.Builder
	_ = h.Write(&b) // to memory
	return fmt.Sprintf("%d\n%s\n%s", o.code, b.String(), anyMark.ReplaceAllString(anyTime.ReplaceAllString(anyID.ReplaceAllString(o.body, "ID"), "TIME"), "MARK"))
}

// check sends a call and holds its answer to what may be told.
func (w *town) check(fatalf func(string, ...any), c *caller, q call) answer {
	w.t.Helper()
	sent, out := w.send(c, q)
	at := fmt.Sprintf("%s (%s) %s at %s with things of %s", c.name, c.mark, q.o, q.at.mark, q.of.mark)
	if word, leaked := c.leaks(sent, out); leaked {
		fatalf("%s: %q of another in %d %v %s", at, word, out.code, out.header, out.body)
	}
	if out.code == http.StatusTooManyRequests || out.code >= 500 && out.code != http.StatusServiceUnavailable {
		fatalf("%s: %d %s", at, out.code, out.body)
	}
	open := strings.HasSuffix(q.o.path, "/sessions") && q.o.method == "POST" || q.o.path == "/v1/enrolments"
	switch inHome := strings.Contains(q.o.path, "{home}"); {
	case q.o.isWay():
		if out.cameIn() {
			fatalf("%s: came in: %d %v", at, out.code, out.header)
		}
	case open:
		if out.code < 400 {
			fatalf("%s: came in: %d %s", at, out.code, out.body)
		}
	case q.o.path == "/v1/genuine" || q.o.path == "/v1/help": // for everybody
	case !c.at(q.o):
		if out.code != http.StatusUnauthorized {
			fatalf("%s: %d %s, want 401", at, out.code, out.body)
		}
	case inHome && !c.home(q.at):
		if out.code != http.StatusNotFound {
			fatalf("%s: %d %s, want 404", at, out.code, out.body)
		}
	}
	return out
}

// walk sends every operation as a caller: at each home, with things of each. The answers to another's and to nobody's are the
// same.
func (w *town) walk(c *caller, list []operation) (n int) {
	w.t.Helper()
	ask := func(q call) answer { n++; return w.check(w.t.Errorf, c, q) }
	for _, o := range list {
		if c.name == "staff" && strings.HasSuffix(o.path, "/looks") || (o.isDoor() || o.isWay()) && c.name != "nobody" {
			continue
		}
		ofNone := ask(call{o, c.own, w.nowhere}).same()
		if !strings.Contains(o.path, "{home}") || !c.at(o) {
			for _, of := range w.houses {
				if !o.things && of != c.own {
					continue
				}
				if got := ask(call{o, c.own, of}).same(); !c.home(of) && got != ofNone && !o.isProvisioning() {
					w.t.Errorf("%s %s: things of another are told from nothing:\n%s\n%s", c.name, o, got, ofNone)
				}
			}
			continue
		}
		atNone := ask(call{o, w.nowhere, w.nowhere}).same()
		for _, at := range w.houses {
			if !c.home(at) {
				for _, of := range []*house{at, w.nowhere, c.own} {
					if got := ask(call{o, at, of}).same(); got != atNone {
						w.t.Errorf("%s %s: a home of another's is told from none:\n%s\n%s", c.name, o, got, atNone)
					}
				}
				continue
			}
			if ask(call{o, at, at}); !o.things {
				continue
			}
			none := ask(call{o, at, w.nowhere}).same()
			for _, of := range w.houses {
				if of == at {
					continue
				}
				if got := ask(call{o, at, of}).same(); got != none {
					w.t.Errorf("%s %s: things of another under one's own home are told from nothing:\n%s\n%s", c.name, o, got, none)
				}
			}
		}
	}
	return n
}

// settled waits until the gateway has done what was asked of it and has said so.
func (w *town) settled(h *house) {
	w.t.Helper()
	w.stored(h)
	w.eventually("the gateway of "+h.mark+" runs what is wanted", func() bool {
		var seen struct {
			Gateway struct{ Online bool }
			Desired struct{ Wanted, Running uint64 }
		}
		out := w.ask("GET", "/v1/homes/"+h.place.Home, "", as(h.resident))
		if err := json.Unmarshal([]byte(out.body), &seen); err != nil {
			w.t.Fatalf("%v: %s", err, out.body)
		}
		return seen.Gateway.Online && seen.Desired.Wanted == seen.Desired.Running
	})
}

// state is what a home's people see, and what is kept for them, without what time alone changes.
func (w *town) state(h *house) string {
	w.t.Helper()
	w.settled(h)
	var b strings.Builder
	for _, path := range []string{"/v1/homes/" + h.place.Home + "/export.json", "/v1/homes/" + h.place.Home + "/looks", "/v1/notifications"} {
		out := w.ask("GET", path, "", as(h.resident))
		if out.code != http.StatusOK {
			w.t.Errorf("%s: %d %s", path, out.code, out.body)
			continue
		}
		b.WriteString(compact(w.t, out.body, "made", "as_of", "last_seen"))
	}
	fmt.Fprintf(&b, "events %d\n", must(w.rooms.Feed.Last(w.t.Context(), h.place.OfHome()))(w.t))
	err := w.db.View(w.t.Context(), func(tx *db.Tx) error {
		var n int
		err := tx.Row("SELECT COUNT(*) FROM notify_subscriptions WHERE tenant = ? AND person = ? AND endpoint = ?", h.place.Tenant, h.resident.id, h.endpoint()).Scan(&n)
		fmt.Fprintf(&b, "subscriptions %d\n", n)
		return err
	})
	if err != nil {
		w.t.Error(err)
	}
	return b.String()
}

// different is where two states begin to differ.
func different(was, now string) string {
	x, y := strings.Split(was, "\n"), strings.Split(now, "\n")
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			return strings.Join(x[max(i-5, 0):min(i+10, len(x))], "\n") + "\n-- now --\n" + strings.Join(y[max(i-5, 0):min(i+10, len(y))], "\n")
		}
	}
	return "more is there now"
}

// untouched says whether a caller may not have changed anything of a home.
func (c *caller) untouched(h *house) bool { return !c.home(h) || c.name == "staff" }

// TestNobodySeesAnothersHome walks every operation of the API as everybody. No answer has a word of a home or tenant that is
// not the caller's, what is another's is as what does not exist, and nothing of another's changes.
func TestNobodySeesAnothersHome(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": dbtest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			isolation(t, database(t))
		})
	}
}

func isolation(t *testing.T, database string) {
	w := newTown(t, database)
	list := w.operations()
	for _, h := range w.houses { // the marks are where they have to be found if somebody else were let in
		if got := w.state(h); strings.Count(got, h.mark) < 20 {
			t.Fatalf("the home has its mark in few places:\n%s", got)
		}
	}
	w.fewAreNotTold()
	n := 0
	callers := w.callers()
	for _, c := range callers {
		w.reopen()
		before := map[*house]string{}
		for _, h := range w.houses {
			if c.name == "staff who look" && c.home(h) {
				if out := w.ask("POST", "/v1/staff/homes/"+h.place.Home+"/looks", `{"reason":"`+c.mark+` was called"}`, c.cookies()...); out.code != http.StatusCreated {
					t.Fatalf("look: %d %s", out.code, out.body)
				}
			}
			if c.untouched(h) {
				before[h] = w.state(h)
			}
		}
		n += w.walk(c, list)
		for _, p := range w.providers {
			if may := c.at(operation{staff: true}) && c.person.tenant == p.id; w.isOpen(p) == may {
				t.Errorf("%s (%s) may close the fleet's incident of %s: %v, but it is open: %v", c.name, c.mark, p.mark, may, !may)
			}
		}
		for h, was := range before {
			if now := w.state(h); now != was {
				t.Errorf("%s (%s) changed the home of %s: %s", c.name, c.mark, h.mark, different(was, now))
			}
		}
	}
	t.Logf("%d operations, %d callers, %d requests", len(list), len(callers), n)
	if t.Failed() {
		return
	}
	rapid.Check(t, func(rt *rapid.T) {
		c := rapid.SampledFrom(callers).Draw(rt, "caller")
		all := append(slices.Clone(w.houses), w.nowhere)
		q := call{rapid.SampledFrom(list).Draw(rt, "operation"), rapid.SampledFrom(all).Draw(rt, "at"), rapid.SampledFrom(all).Draw(rt, "of")}
		if q.o.isDoor() || q.o.isWay() {
			rt.Skip("signing in too often is refused") // and is walked above
		}
		w.check(rt.Fatalf, c, q)
	})
	w.heardNothingOfOthers()
	w.eraseOne()
}

// heardNothingOfOthers: whatever was asked above, each gateway got the orders and questions of its own people only.
func (w *town) heardNothingOfOthers() {
	w.t.Helper()
	for _, h := range w.houses {
		own := []string{h.mark, h.provider.mark}
		for _, o := range h.agent.ordered() {
			erases := o.GetVerb() == "erase" && (o.GetDevice() == h.device || o.GetDevice() == h.other) // says of what, never why
			if _, ok := has(o.GetWhy(), own); !ok && !erases {
				w.t.Errorf("the gateway of %s was ordered %v", h.mark, o)
			}
		}
		questions := h.agent.asked()
		for _, q := range questions {
			if _, ok := has(q.GetWho(), own); !ok {
				w.t.Errorf("the gateway of %s was asked %v", h.mark, q)
			}
		}
		if len(questions) == 0 {
			w.t.Errorf("the gateway of %s was asked nothing", h.mark)
		}
	}
}

// eraseOne: erasing what is stored of one home takes nothing of another's.
func (w *town) eraseOne() {
	w.t.Helper()
	gone, before := w.houses[0], map[*house]string{}
	for _, h := range w.houses[1:] {
		before[h] = w.state(h)
	}
	if out := w.ask("DELETE", "/v1/homes/"+gone.place.Home+"/data", `{"confirm":"`+gone.mark+` home"}`, as(gone.resident)); out.code != http.StatusOK {
		w.t.Errorf("erase: %d %s", out.code, out.body)
	}
	if out := w.ask("GET", "/v1/homes/"+gone.place.Home+"/incidents/"+gone.incident, "", as(gone.resident)); out.code != http.StatusNotFound {
		w.t.Errorf("erased and still there: %d %s", out.code, out.body)
	}
	for h, was := range before {
		if now := w.state(h); now != was {
			w.t.Errorf("erasing one home changed %s: %s", h.mark, different(was, now))
		}
	}
}
