package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"cardea/cloud/api/view"
	"cardea/lab/bench/cell"
)

// cloudFigures are milliseconds, by what was asked for.
type cloudFigures struct {
	pages, again []float64 // a home's whole page: the first time, and once more
	routes       map[string][]float64
	order        []string // of routes
}

func (m *cloudFigures) add(what string, took time.Duration) {
	if m.routes == nil {
		m.routes = map[string][]float64{}
	}
	if m.routes[what] == nil {
		m.order = append(m.order, what)
	}
	m.routes[what] = append(m.routes[what], ms(took))
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// measureCloud reads pages of homes in no order, each for the first time and once more, then the staff's.
func measureCloud(ctx context.Context, c *cell.Cell, o Options) (m *cloudFigures, err error) {
	residents, staff, err := signIn(ctx, c, cloudPages)
	if err != nil {
		return nil, err
	}
	o.Say("%d residents have signed in", len(residents))
	if err := dropCache(c.Store()); err != nil {
		return nil, err
	}
	s, err := serve(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	m = &cloudFigures{}
	end := time.Now().Add(time.Duration(o.Seconds) * time.Second)
	for i, v := range residents {
		if i >= min(staffHomes, len(residents)) && time.Now().After(end) {
			break
		}
		first, err := s.page(ctx, c, v, m.add)
		if err != nil {
			return nil, err
		}
		again, err := s.page(ctx, c, v, func(string, time.Duration) {})
		if err != nil {
			return nil, err
		}
		m.pages, m.again = append(m.pages, ms(first)), append(m.again, ms(again))
	}
	o.Say("read %d homes' pages", len(m.pages))
	return m, s.staffPages(ctx, c, staff, residents, m.add)
}

// page asks for what the residents' app shows first, in its order: who is signed in, the home with the stream of its events,
// and then together the devices, the week's refusals and the incidents. Its files and the live stream, which the gateway
// answers, are left out.
func (s *serving) page(ctx context.Context, c *cell.Cell, v visitor, add func(string, time.Duration)) (whole time.Duration, err error) {
	var mu sync.Mutex
	ask := func(what, path string, stream bool, into any) error {
		b, took, err := s.do(ctx, request{method: http.MethodGet, path: path, cookie: "cardea_resident=" + v.session, stream: stream,
			from: fmt.Sprintf("10.%d.%d.%d", v.n>>16&0xff, v.n>>8&0xff, v.n&0xff)})
		if err == nil && into != nil {
			err = json.Unmarshal(b, into)
		}
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		add(what, took)
		return nil
	}
	var session view.Session
	var home view.Home
	var devices view.List[view.Device]
	at, since := "/v1/homes/"+v.place.Home, time.Now().Truncate(24*time.Hour).AddDate(0, 0, -6).UTC().Format(time.RFC3339)
	begun := time.Now()
	if err := ask("GET /v1/session", "/v1/session", false, &session); err != nil {
		return 0, err
	}
	if err := together(
		func() error { return ask("GET /v1/homes/{home}", at, false, &home) },
		func() error { return ask("GET …/events, open", at+"/events", true, nil) },
	); err != nil {
		return 0, err
	}
	if err := together(
		func() error { return ask("GET …/devices", at+"/devices", false, &devices) },
		func() error {
			return ask("GET …/stopped, a week", at+"/stopped?since="+url.QueryEscape(since), false, nil)
		},
		func() error { return ask("GET …/incidents, all", at+"/incidents?state=all", false, nil) },
	); err != nil {
		return 0, err
	}
	whole = time.Since(begun)
	if len(devices.Items) != cell.Devices(v.n) || home.Devices != len(devices.Items) || home.Gateway == nil || session.Homes[0].ID != v.place.Home {
		return 0, fmt.Errorf("the page of home %s shows %d devices, and %+v", v.place.Home, len(devices.Items), home)
	}
	return whole, ask("GET …/devices/{device}, not of the page", at+"/devices/"+devices.Items[1].ID, false, nil)
}

// together runs all of them at once and waits.
func together(all ...func() error) error {
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, f := range all {
		wg.Go(func() { errs[i] = f() })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// staffPages asks for the fleet's lists and for some homes as staff see them.
func (s *serving) staffPages(ctx context.Context, c *cell.Cell, v visitor, homes []visitor, add func(string, time.Duration)) error {
	ask := func(what, method, path string, body any) ([]byte, error) {
		b, took, err := s.do(ctx, request{method: method, path: "/v1/staff" + path, cookie: "cardea_staff=" + v.session, from: "192.0.2.1", body: body})
		if err == nil {
			add("staff: "+what, took)
		}
		return b, err
	}
	cursor := ""
	for n := range staffRounds {
		what := "homes, a later page"
		if cursor == "" {
			what = "homes, first page"
		}
		b, err := ask(what, http.MethodGet, "/homes?limit=50&cursor="+url.QueryEscape(cursor), nil)
		if err != nil {
			return err
		}
		var page view.List[view.FleetHome]
		if err := json.Unmarshal(b, &page); err != nil {
			return err
		}
		if cursor = ""; page.Next != nil {
			cursor = *page.Next
		}
		for _, l := range []struct{ what, path string }{
			{"overview", "/overview"}, {"homes, attention", "/homes?limit=50&state=attention"}, {"homes, offline", "/homes?limit=50&state=offline"},
			{"homes, by account", fmt.Sprintf("/homes?limit=50&q=bench-%09d", homes[n%len(homes)].n)},
			{"incidents, open", "/incidents?state=open&limit=100"}, {"incident by code", "/search?code=ABCDEF"}, {"audit", "/audit?limit=100"},
		} {
			if _, err := ask(l.what, http.MethodGet, l.path, nil); err != nil {
				return err
			}
		}
	}
	for _, h := range homes[max(0, len(homes)-staffHomes):] {
		at := "/homes/" + h.place.Home
		if _, err := ask("POST looks", http.MethodPost, at+"/looks", map[string]string{"reason": "made up for a benchmark"}); err != nil {
			return err
		}
		for _, path := range []string{"", "/devices", "/incidents?state=all"} {
			if _, err := ask("home{…}"+path, http.MethodGet, at+path, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// report puts the figures into a report.
func (m *cloudFigures) report(r *Report) {
	r.add(measure("a home's page, all of its requests, first time", "ms", m.pages).withTail(m.pages, pageGoal))
	r.add(measure("a home's page, once more", "ms", m.again).withTail(m.again, pageGoal))
	for _, what := range m.order {
		r.add(measure(what, "ms", m.routes[what]).withTail(m.routes[what], 0))
	}
	r.note("the goal is for 99 of 100; all homes are made up, and one page is read at a time")
	r.note("before the first page the kernel forgets the store: what a page reads comes from the disk the first time")
	r.note("not measured: the app's files, and live contacts, which the home's gateway answers")
}
