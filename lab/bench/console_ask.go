package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cardea/cloud"
	"cardea/cloud/api/view"
)

// question is one that a screen asks.
type question struct {
	route string // as it is told of
	path  string // below /v1/staff, with its filters
	list  bool   // in pages: asked for deep in it as well
}

func questionOf(route string, list bool, filter ...string) question {
	q := url.Values{}
	for n := 0; n+1 < len(filter); n += 2 {
		if filter[n+1] != "" {
			q.Set(filter[n], filter[n+1])
		}
	}
	path := route
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return question{route: "GET /v1/staff" + route, path: path, list: list}
}

// homeQuestions ask the table of homes in each order, both ways, with each filter alone and several together; some of what they look
// for is rare, some is nowhere.
func homeQuestions() (out []question) {
	filters := [][]string{nil, {"version", "0.7.2"}, {"version", "0.8.0-rc1"}, {"version", "9.9.9"}, {"platform", "linux-amd64"}, {"platform", "none"}, {"troubled", "true"},
		{"version", "0.8.0-rc1", "platform", "linux-amd64", "troubled", "true"}, {"version", "0.7.2", "state", "attention"}, {"platform", "linux-amd64", "state", "offline"},
		{"version", "9.9.9", "state", "fine"}}
	for _, s := range []string{"fine", "attention", "working", "offline", "new"} {
		filters = append(filters, []string{"state", s})
	}
	for _, f := range filters {
		for _, sort := range []string{"home", "state", "version", "platform", "contact", "devices", "incidents"} {
			for _, down := range []string{"", "true"} {
				out = append(out, questionOf("/tables/homes", true, append([]string{"sort", sort, "down", down}, f...)...))
			}
		}
	}
	return out
}

// caseQuestions ask the table of incidents likewise.
func caseQuestions(now time.Time) (out []question) {
	ago := func(days int) string { return now.AddDate(0, 0, -days).UTC().Format(time.RFC3339) }
	filters := [][]string{nil, {"detector", "indicator"}, {"detector", "none"}, {"model", "Aldervik Cam 3"}, {"model", "Vitalis Monitor M1"}, {"indicator", "c2.harbour.example"},
		{"indicator", "nowhere.example"}, {"since", ago(1)}, {"before", ago(50)}, {"since", ago(30), "before", ago(29)}, {"repeated", "true"},
		{"detector", "novelty", "model", "Vitalis Monitor M1", "state", "open"}, {"repeated", "true", "state", "open"}}
	for _, s := range []string{"open", "contained", "cleaning", "probation", "closed"} {
		filters = append(filters, []string{"state", s})
	}
	for _, f := range filters {
		for _, sort := range []string{"changed", "opened", "repeats"} {
			for _, up := range []string{"", "true"} {
				out = append(out, questionOf("/tables/incidents", true, append([]string{"sort", sort, "up", up}, f...)...))
			}
		}
	}
	return out
}

// worstTexts are looked for: many, one, none, of each kind, and what matches nearly everything.
var worstTexts = []string{"SIM-1", "SIM-1000007", "sim-10999", "si", "zz", "Mill Lane 12", "mill", "la", "ne", "am anger 1", "sg30000007", "sg", "30000007", "garden camera", "phone", "06:a1", "06:a1:01",
	"06:a1:01:00:00:00", "ABCD", "0.7.2", "linux", "%", "__", "s", "aldervik", "198.18.0.7", "no such home"}

// consoleQuestions are all that need no home's own name.
var consoleQuestions = func(now time.Time) []question {
	out := slices.Concat(homeQuestions(), caseQuestions(now))
	for _, text := range worstTexts {
		if len(text) >= 2 {
			out = append(out, questionOf("/tables/find", false, "q", text))
		}
		out = append(out, questionOf("/homes", true, "q", text), questionOf("/homes", true, "q", text, "state", "attention"))
		for _, sort := range []string{"home", "contact", "incidents"} {
			out = append(out, questionOf("/tables/homes", true, "q", text, "sort", sort))
		}
		out = append(out, questionOf("/tables/homes", true, "q", text, "state", "attention"), questionOf("/tables/homes", true, "q", text, "version", "0.8.0-rc1", "sort", "devices", "down", "true"))
	}
	for _, s := range []string{"", "fine", "attention", "working", "offline", "new"} {
		out = append(out, questionOf("/homes", true, "state", s))
	}
	for _, s := range []string{"open", "contained", "cleaning", "probation", "closed", "all"} {
		out = append(out, questionOf("/incidents", true, "state", s))
	}
	for _, by := range []string{"all", "detector", "model", "indicator"} {
		for _, days := range []string{"1", "30", "90"} {
			out = append(out, questionOf("/tables/detections", false, "by", by, "days", days))
		}
	}
	for _, f := range [][]string{{"detector", "indicator"}, {"model", "Aldervik Cam 3"}, {"indicator", "c2.harbour.example"}, nil} {
		out = append(out, questionOf("/tables/reach", false, f...))
	}
	for _, days := range []string{"7", "60", "365"} {
		out = append(out, questionOf("/tables/trends", false, "days", days))
	}
	for _, path := range []string{"/session", "/overview", "/models", "/clusters", "/exposures", "/profiles", "/fleet-incidents", "/intel/sources", "/intel/lists", "/intel/exceptions", "/intel/shadow",
		"/intel/hunts", "/indicators", "/rollouts", "/pins", "/plans", "/brand", "/webhooks", "/tokens", "/people", "/approvals", "/rights"} {
		out = append(out, questionOf(path, false))
	}
	for _, q := range []string{"aldervik", "camera", "nobody has it"} {
		out = append(out, questionOf("/models", true, "q", q), questionOf("/profiles", true, "q", q))
	}
	return append(out, questionOf("/audit", true), questionOf("/search", false, "code", "ABCD"))
}

// consoleFigures are milliseconds, by what was asked.
type consoleFigures struct {
	rounds    int
	questions map[string]map[string][]float64 // by route and by path
}

func (m *consoleFigures) add(route, path string, took time.Duration) {
	if m.questions[route] == nil {
		m.questions[route] = map[string][]float64{}
	}
	m.questions[route][path] = append(m.questions[route][path], ms(took))
}

// asking asks as staff do, with a session and an address after the other, so that none is told to wait.
type asking struct {
	*serving
	session func() (string, error)
}

func (a *asking) ask(ctx context.Context, method, path string, body any) ([]byte, time.Duration, error) {
	session, err := a.session()
	if err != nil {
		return nil, 0, err
	}
	sum := 0
	for _, b := range []byte(session) {
		sum = sum*31 + int(b)
	}
	return a.do(ctx, request{method: method, path: "/v1/staff" + path, cookie: "cardea_staff=" + session, body: body, from: fmt.Sprintf("10.%d.%d.%d", sum>>16&0xff, sum>>8&0xff, sum&0xff)})
}

// deepPages is how far down a list is gone before it is asked for there: so many pages of the largest size.
const deepPages = 10

// deep is a question in the depth of its list; "" where the list is not that long.
func (a *asking) deep(ctx context.Context, q question) (string, error) {
	at := func(cursor string, limit int) string {
		u, _ := url.Parse(q.path) // it is made above
		v := u.Query()
		v.Set("limit", fmt.Sprint(limit))
		if cursor != "" {
			v.Set("cursor", cursor)
		}
		return u.Path + "?" + v.Encode()
	}
	cursor, limit := "", 200
	for n := range deepPages {
		b, _, err := a.ask(ctx, http.MethodGet, at(cursor, limit), nil)
		if err != nil {
			return "", err
		}
		var page view.List[json.RawMessage]
		if err := json.Unmarshal(b, &page); err != nil {
			return "", err
		}
		if page.Next == nil || *page.Next == "" {
			if n == 0 {
				return "", nil
			}
			break
		}
		cursor = *page.Next
	}
	return at(cursor, 50), nil
}

func measureConsole(ctx context.Context, cfg cloud.Config, session func() (string, error), o Options) (m *consoleFigures, err error) {
	s, err := serveAs(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	a := &asking{serving: s, session: session}
	m = &consoleFigures{rounds: max(3, o.scaled(consoleRounds)), questions: map[string]map[string][]float64{}}
	list := consoleQuestions(time.Now())
	homes, err := a.homes(ctx)
	if err != nil {
		return nil, err
	}
	for n, q := range slices.Concat(list, homes) {
		if n%100 == 0 {
			o.Say("%d of %d questions", n, len(list)+len(homes))
		}
		paths := []string{q.path}
		if q.list {
			deep, err := a.deep(ctx, q)
			if err != nil {
				return nil, err
			}
			if deep != "" {
				paths = append(paths, deep)
			}
		}
		for _, path := range paths {
			for range m.rounds {
				_, took, err := a.ask(ctx, http.MethodGet, path, nil)
				if err != nil {
					return nil, err
				}
				m.add(q.route, path, took)
			}
		}
	}
	return m, nil
}

// homes are the questions of some homes' own screens, after a reason was given.
func (a *asking) homes(ctx context.Context) (out []question, err error) {
	b, _, err := a.ask(ctx, http.MethodGet, "/tables/homes?sort=incidents&down=true&limit=5", nil)
	if err != nil {
		return nil, err
	}
	var page view.List[view.ConsoleHome]
	if err := json.Unmarshal(b, &page); err != nil {
		return nil, err
	}
	for _, h := range page.Items {
		at := "/homes/" + h.ID
		if _, _, err := a.ask(ctx, http.MethodPost, at+"/looks", map[string]string{"reason": "made up for a benchmark"}); err != nil {
			return nil, err
		}
		for _, path := range []string{"", "/care", "/devices", "/incidents?state=all", "/orders", "/line"} {
			route, _, _ := strings.Cut(path, "?")
			out = append(out, question{route: "GET /v1/staff/homes/{home}" + route, path: at + path})
		}
	}
	return out, nil
}

// report puts the figures into a report: each route with all that was asked of it, and what of it was slowest.
func (m *consoleFigures) report(r *Report) {
	for _, route := range slices.Sorted(maps.Keys(m.questions)) {
		var all []float64
		worst, slowest := 0.0, ""
		for _, path := range slices.Sorted(maps.Keys(m.questions[route])) {
			rounds := m.questions[route][path]
			all = append(all, rounds...)
			if p := p95(rounds); p > worst {
				worst, slowest = p, path
			}
		}
		x := measure(route, "ms", all).withTail(all, 0)
		x.Tail.P95 = p95(all)
		x.Slowest = &Slowest{What: shortly(slowest), P95: worst, Of: len(m.questions[route])}
		x.Goal = &Goal{AtMost: consoleGoal, Met: worst <= consoleGoal}
		r.add(x)
	}
	r.note("the goal is for 95 of 100 of each single question: the slowest one of a route decides; all homes are made up, and one question is asked at a time")
	r.note("each question is asked several times one after the other: what it reads is in memory but for the first time, and the fleet's counts are kept for a while, as always")
}

func shortly(path string) string {
	if at, cursor, ok := strings.Cut(path, "cursor="); ok {
		_, rest, _ := strings.Cut(cursor, "&")
		return at + "cursor=…&" + rest
	}
	return path
}

func p95(rounds []float64) float64 {
	s := slices.SortedFunc(slices.Values(rounds), cmp.Compare[float64])
	return s[(len(s)*95+99)/100-1]
}
