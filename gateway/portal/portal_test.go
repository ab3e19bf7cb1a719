package portal

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"cardea/home"
)

type fake struct {
	views   []View
	check   func(string) (home.Check, error)
	release func(Wish) error
}

func (f *fake) Incidents() []View                   { return f.views }
func (f *fake) Check(id string) (home.Check, error) { return f.check(id) }
func (f *fake) Release(w Wish) error                { return f.release(w) }

const hostile = `<script>alert(1)</script>"'>&`

func contained() *fake {
	return &fake{views: []View{{
		Name:   hostile,
		Device: home.Device{ID: "d", Addresses: []netip.Addr{netip.MustParseAddr("192.168.1.20")}},
		Incident: home.Incident{ID: "i", Code: "K7QM2", Mode: home.ModeQuarantine, State: home.StateContained, Changed: time.Now(),
			Findings: []home.Finding{{Sentence: "It tried 12 internet addresses on port 23."}}},
	}}}
}

func newPortal(f *fake) *Portal {
	return New(Config{
		Listen: []netip.AddrPort{netip.MustParseAddrPort("192.168.1.1:8480"), netip.MustParseAddrPort("[fd00:1::1]:8480")},
		Home:   []netip.Prefix{netip.MustParsePrefix("192.168.1.0/24")}, Provider: "Example Net", Phone: "+1 555 0100",
	}, f, slog.New(slog.DiscardHandler))
}

func ask(p *Portal, method, host, path, client string, form url.Values, origin string) (int, http.Header, string) {
	r := httptest.NewRequest(method, "http://"+host+path, strings.NewReader(form.Encode()))
	r.RemoteAddr, r.Host = client+":5555", host
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.IPv4(192, 168, 1, 1), Port: 8480}))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	w := httptest.NewRecorder()
	p.Handler().ServeHTTP(w, r)
	b, _ := io.ReadAll(w.Body)
	return w.Code, w.Header(), string(b)
}

var tokenRE = regexp.MustCompile(`name="token" value="([0-9a-f]+)"`)

func TestThePageTellsEverything(t *testing.T) {
	p := newPortal(contained())
	seen := ""
	p.cfg.Seen = func(id string) { seen = id }
	code, h, body := ask(p, "GET", "192.168.1.1:8480", "/", "192.168.1.30", nil, "")
	for _, want := range []string{"K7QM2", "tried 12 internet addresses", "Example Net", "555 0100", "never ask for a password", "check again"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if code != 200 || strings.Contains(body, "<script") || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("status %d, policy %q, hostile name as markup: %v", code, h.Get("Content-Security-Policy"), strings.Contains(body, "<script"))
	}
	if seen != "i" {
		t.Error("nobody was told that the incident was seen")
	}
	if _, _, body := ask(newPortal(&fake{}), "GET", "192.168.1.1:8480", "/", "192.168.1.30", nil, ""); !strings.Contains(body, "Everything looks fine") {
		t.Error("no word that all is well")
	}
}

func TestAContainedDeviceIsLedHereAndSeesOnlyItself(t *testing.T) {
	f := contained()
	other := f.views[0]
	other.Name, other.Incident.ID = "somebody else", "j"
	other.Device.Addresses = nil
	f.views = append(f.views, other)
	p := newPortal(f)
	code, h, _ := ask(p, "GET", "connectivitycheck.example", "/generate_204", "192.168.1.20", nil, "")
	if code != http.StatusFound || h.Get("Location") != "http://192.168.1.1/" {
		t.Errorf("%d %s", code, h.Get("Location"))
	}
	if code, h, _ = ask(p, "GET", "router.example", "/", "192.168.1.30", nil, ""); h.Get("Location") != "http://192.168.1.1:8480/" {
		t.Errorf("another device: %d %s", code, h.Get("Location"))
	}
	if _, _, body := ask(p, "GET", "192.168.1.1", "/", "192.168.1.20", nil, ""); strings.Contains(body, "somebody else") {
		t.Error("the contained device sees the incident of another")
	}
}

// What is asked for may take a busy gateway longer than an answer may take to be sent: the page comes all the same, and whole.
func TestAnAnswerThatTakesLong(t *testing.T) {
	f := contained()
	f.views[0].Device.Addresses = []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	f.release = func(Wish) error { time.Sleep(300 * time.Millisecond); return nil }
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().(*net.TCPAddr).AddrPort()
	p := New(Config{Listen: []netip.AddrPort{at}, Home: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, f, slog.New(slog.DiscardHandler))
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: p.Handler(), WriteTimeout: 100 * time.Millisecond}}
	s.Start()
	defer s.Close()
	r, err := http.PostForm(s.URL+"/release", url.Values{"incident": {"i"}, "token": {p.token(at.Addr(), "i")}, "code": {"123"}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK || r.ContentLength != int64(len(body)) || !strings.Contains(string(body), "</html>") {
		t.Errorf("%v, status %d, %d of %d bytes", err, r.StatusCode, len(body), r.ContentLength)
	}
}

func TestReleaseNeedsTheFormOfThisPage(t *testing.T) {
	f, asked := contained(), ""
	f.release = func(w Wish) error {
		asked = w.Incident + "/" + w.Code
		if w.Self {
			asked += "/self"
		}
		if w.Code == "wrong" {
			return fmt.Errorf("adapted: %w", ErrCode)
		}
		return nil
	}
	f.check = func(string) (home.Check, error) { return home.Check{Sentence: "Not clean: it did it again."}, nil }
	p := newPortal(f)
	_, _, body := ask(p, "GET", "192.168.1.1", "/", "192.168.1.20", nil, "")
	token := tokenRE.FindStringSubmatch(body)[1]
	form := url.Values{"incident": {"i"}, "token": {token}, "code": {" 123 "}}

	for name, try := range map[string]func() (int, http.Header, string){
		"no token": func() (int, http.Header, string) {
			return ask(p, "POST", "192.168.1.1", "/release", "192.168.1.20", url.Values{"incident": {"i"}}, "")
		},
		"another's token": func() (int, http.Header, string) {
			return ask(p, "POST", "192.168.1.1", "/release", "192.168.1.30", form, "")
		},
		"another site": func() (int, http.Header, string) {
			return ask(p, "POST", "192.168.1.1", "/release", "192.168.1.20", form, "http://evil.example")
		},
		"rebound name": func() (int, http.Header, string) {
			return ask(p, "POST", "evil.example", "/release", "192.168.1.20", form, "")
		},
		"from outside": func() (int, http.Header, string) {
			return ask(p, "POST", "192.168.1.1", "/release", "198.51.100.1", form, "")
		},
		"too large": func() (int, http.Header, string) {
			return ask(p, "POST", "192.168.1.1", "/release", "192.168.1.20", url.Values{"x": {strings.Repeat("x", maxForm)}}, "")
		},
	} {
		if code, _, _ := try(); code < 400 || asked != "" {
			t.Errorf("%s: status %d, asked %q", name, code, asked)
		}
	}
	if code, _, body := ask(p, "POST", "192.168.1.1", "/check", "192.168.1.20", form, ""); code != 200 || !strings.Contains(body, "Not clean") {
		t.Errorf("check: %d", code)
	}
	if code, _, _ := ask(p, "POST", "192.168.1.1", "/release", "192.168.1.20", form, "http://192.168.1.1"); code != 200 || asked != "i/123/self" {
		t.Errorf("release: %d, asked %q", code, asked)
	}
	form.Set("code", "wrong")
	if code, _, body := ask(p, "POST", "192.168.1.1", "/release", "192.168.1.20", form, ""); code != http.StatusConflict || !strings.Contains(body, "That is not the code") {
		t.Errorf("wrong code: %d", code)
	}
}

func FuzzForm(f *testing.F) {
	f.Add("/release", "incident=i&token=x&code=1", "192.168.1.1")
	f.Add("/check", "%zz", "[fd00:1::1]:8480")
	f.Fuzz(func(t *testing.T, path, body, host string) {
		fk := contained()
		fk.release = func(Wish) error { t.Fatal("released without a token"); return nil }
		fk.check = func(string) (home.Check, error) { t.Fatal("checked without a token"); return home.Check{}, nil }
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.URL.Path, r.Host, r.RemoteAddr = path, host, "192.168.1.20:1"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		newPortal(fk).Handler().ServeHTTP(httptest.NewRecorder(), r)
	})
}
