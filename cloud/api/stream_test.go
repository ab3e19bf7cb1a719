package api

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"

	"go.uber.org/goleak"
)

// tap is an open event stream over a real HTTP/1.1 connection.
type tap struct {
	t    *testing.T
	body io.ReadCloser
	in   *bufio.Reader
	code int
	head http.Header
}

func openTap(t *testing.T, base, path, token, last string) *tap {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: cookieName(Resident), Value: token})
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Body.Close(); http.DefaultClient.CloseIdleConnections() })
	return &tap{t, a.Body, bufio.NewReader(a.Body), a.StatusCode, a.Header}
}

// event reads the next event or comment as it is; "EOF" at the end.
func (p *tap) event() string {
	p.t.Helper()
	var out []string
	for {
		line, err := p.in.ReadString('\n')
		if err != nil {
			return "EOF"
		}
		if line = strings.TrimSuffix(line, "\n"); line == "" {
			return strings.Join(out, "|")
		}
		if !strings.HasPrefix(line, "retry:") {
			out = append(out, line)
		}
	}
}

// named reads until an event of that name.
func (p *tap) named(name string) string {
	p.t.Helper()
	for {
		e := p.event()
		if e == "EOF" || strings.Contains(e, "event: "+name+"|") {
			return e
		}
	}
}

func served(t *testing.T, c *cloud, conf Config) (*Server, *httptest.Server) {
	t.Helper()
	s := testServer(t, c, conf)
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	return s, web
}

func TestEventsResume(t *testing.T) {
	c := newCloud()
	_, web := served(t, c, Config{})
	path := "/v1/homes/" + homeA + "/events"
	p := openTap(t, web.URL, path, "resident-a", "")
	if p.code != 200 || p.head.Get("Content-Type") != "text/event-stream" || p.head.Get("X-Accel-Buffering") != "no" || !strings.Contains(p.head.Get("Cache-Control"), "no-transform") {
		t.Fatalf("%d %v", p.code, p.head)
	}
	c.happen(placeOf(homeA), "incident")
	c.happen(placeOf(homeA), "bad kind\nid: 7")
	if e := p.named("incident"); !strings.HasPrefix(e, "id: 1|event: incident|data: {") || strings.Contains(e, "<script>") || strings.Count(e, "|") != 2 {
		t.Errorf("first event %q", e)
	}
	if e := p.named("state"); !strings.HasPrefix(e, "id: 2|") {
		t.Errorf("second event %q", e)
	}
	for range 3 {
		c.happen(placeOf(homeA), "order")
	}
	again := openTap(t, web.URL, path, "resident-a", "4")
	if e := again.named("order"); !strings.HasPrefix(e, "id: 5|") {
		t.Errorf("after 4 comes %q", e)
	}
	for _, last := range []string{"99", "x", "-1", "18446744073709551616"} {
		if e := openTap(t, web.URL, path, "resident-a", last).named("resync"); !strings.HasPrefix(e, "id: 5|event: resync") {
			t.Errorf("after %q comes %q", last, e)
		}
	}
	c.mu.Lock()
	c.events, c.first = nil, 6 // all are forgotten
	second := c.signedIn["resident-a"]
	second.ID = "another browser"
	c.signedIn["resident-a2"] = second
	c.mu.Unlock()
	if e := openTap(t, web.URL, path, "resident-a2", "2").named("resync"); !strings.HasPrefix(e, "id: 5|") {
		t.Errorf("after a forgotten event comes %q", e)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	c := newCloud()
	_, web := served(t, c, Config{Streams: streamsEach + 1})
	path := "/v1/homes/" + homeA + "/events"
	var taps []*tap
	for range streamsEach {
		taps = append(taps, openTap(t, web.URL, path, "resident-a", ""))
	}
	if p := openTap(t, web.URL, path, "resident-a", ""); p.code != 429 || p.head.Get("Retry-After") == "" {
		t.Errorf("one more of the session: %d", p.code)
	}
	other := openTap(t, web.URL, "/v1/homes/"+homeB+"/events", "resident-b", "")
	if other.code != 200 {
		t.Errorf("another session's first: %d", other.code)
	}
	if p := openTap(t, web.URL, "/v1/homes/"+homeB+"/events", "resident-b", ""); p.code != 429 {
		t.Errorf("more than all: %d", p.code)
	}
	taps[0].body.Close()
	for { // the server sees the end of the connection when it does
		if p := openTap(t, web.URL, path, "resident-a", ""); p.code == 200 {
			break
		}
	}
}

func TestSigningOutEndsOpenStreams(t *testing.T) {
	c := newCloud()
	_, web := served(t, c, Config{Heartbeat: 20 * time.Millisecond})
	p := openTap(t, web.URL, "/v1/homes/"+homeA+"/events", "resident-a", "")
	for p.event() != ":" { // a heartbeat
	}
	if err := c.SignOut(t.Context(), Resident, "resident-a"); err != nil {
		t.Fatal(err)
	}
	for {
		if e := p.event(); e == "EOF" {
			return
		}
	}
}

func TestLiveShowsEndsAndSaysOffline(t *testing.T) {
	c := newCloud()
	_, web := served(t, c, Config{})
	path := "/v1/homes/" + homeA + "/live?device=d"
	c.follow = func(_ context.Context, yield func(LivePart) error) error {
		return yield(LivePart{Devices: []view.Device{{Name: hostile}}, Contacts: []view.Contact{{Name: "n"}}})
	}
	p := openTap(t, web.URL, path, "resident-a", "")
	for _, want := range []string{"event: devices|data: {\"items\":[{", "event: contacts|data: {\"items\":[{", "event: end|data: {}", "EOF"} {
		e := p.event()
		for e == "" {
			e = p.event()
		}
		if !strings.HasPrefix(e, want) || strings.Contains(e, "null,\"macs\":null") || strings.Contains(e, `"macs":null`) {
			t.Errorf("got %q, want %q", e, want)
		}
	}
	c.follow = func(context.Context, func(LivePart) error) error {
		return fmt.Errorf("follow: %w", problem.New(problem.Offline, ""))
	}
	if e := openTap(t, web.URL, path, "resident-a", "").named("offline"); e != `event: offline|data: {"last_seen":null}` {
		t.Errorf("got %q", e)
	}
}

func TestLeavingEndsTheQuestion(t *testing.T) {
	c := newCloud()
	ended := make(chan struct{})
	c.follow = func(ctx context.Context, yield func(LivePart) error) error {
		defer close(ended)
		if err := yield(LivePart{Contacts: []view.Contact{{}}}); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	}
	_, web := served(t, c, Config{})
	p := openTap(t, web.URL, "/v1/homes/"+homeA+"/live", "resident-a", "")
	p.named("contacts")
	p.body.Close()
	<-ended
}

func TestRunServesAndStops(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	c := newCloud()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := testServer(t, c, Config{Listeners: []net.Listener{l}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	<-s.Ready()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr().String()+"/v1/homes/"+homeA+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: cookieName(Resident), Value: "resident-a"})
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	cancel() // an open stream does not hold it up
	read(t, a.Body)
	a.Body.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
}

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add(makeCursor("1,2,3"))
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, c string) {
		after, err := readCursor(c)
		if err != nil {
			return
		}
		if again, err := readCursor(makeCursor(after)); c != "" && (err != nil || again != after || len(after) >= maxCursor) {
			t.Fatalf("cursor %q is %q, then %q: %v", c, after, again, err)
		}
	})
}

func FuzzLastEventID(f *testing.F) {
	f.Add("1")
	f.Add("-1")
	f.Add("99999999999999999999")
	f.Fuzz(func(t *testing.T, id string) {
		n, known := lastSeq(id)
		if again, ok := lastSeq(fmt.Sprint(n)); known && (!ok || again != n || n > math.MaxInt64) {
			t.Fatalf("%q is %d, then %d", id, n, again)
		}
	})
}

func FuzzBody(f *testing.F) {
	f.Add(`{"verb":"release","device":"d"}`, "application/json")
	f.Add(`{"verb":`, "application/json")
	f.Add("[]", "text/html")
	c := newCloud()
	s := testServer(f, c, Config{Now: clock()})
	f.Fuzz(func(t *testing.T, body, kind string) {
		w := request(s, "POST", "/v1/homes/"+homeA+"/orders", "resident-a", body, "Content-Type: "+kind)
		if w.Code >= 500 || w.Code >= 400 && w.Header().Get("Content-Type") != "application/problem+json" {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}

// clock goes an hour forward each time, so that no limit is met.
func clock() func() time.Time {
	var n int64
	return func() time.Time { n++; return time.Unix(n*3600, 0) }
}
