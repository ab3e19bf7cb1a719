package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardea/cloud/intel/fetch/taxiitest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// served serves with TLS, and gives a client that believes it.
func served(t *testing.T, h http.Handler) (*httptest.Server, *Client) {
	t.Helper()
	s := httptest.NewTLSServer(h)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	c := New(roots)
	t.Cleanup(func() {
		c.open.CloseIdleConnections()
		c.inside.CloseIdleConnections()
		s.Close()
	})
	return s, c
}

func get(t *testing.T, c *Client, f From, was Mark) (string, Mark, error) {
	t.Helper()
	body, _, m, err := c.Get(context.Background(), f, "text/plain", was)
	if err != nil {
		return "", m, err
	}
	defer body.Close()
	b, err := io.ReadAll(body)
	return string(b), m, err
}

// A folder of files behind a real web server: what is not newer is not sent again.
func TestAFileThatDidNotChangeIsNotSentAgain(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "bad.txt")
	write := func(text string, at time.Time) {
		if err := errors.Join(os.WriteFile(file, []byte(text), 0o600), os.Chtimes(file, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	write("c2.example\n", time.Unix(1_700_000_000, 0))
	s, c := served(t, http.FileServer(http.Dir(dir)))
	f := From{URL: s.URL + "/bad.txt", Inside: true}
	text, mark, err := get(t, c, f, Mark{})
	if err != nil || text != "c2.example\n" || mark.Modified == "" {
		t.Fatalf("%q %+v %v", text, mark, err)
	}
	if _, _, err := get(t, c, f, mark); !errors.Is(err, ErrSame) {
		t.Errorf("the same file: %v", err)
	}
	write("c3.example\n", time.Unix(1_700_000_900, 0))
	if text, _, err := get(t, c, f, mark); err != nil || text != "c3.example\n" {
		t.Errorf("the new file: %q %v", text, err)
	}
	var no *StatusError
	if _, _, err := get(t, c, From{URL: s.URL + "/none.txt", Inside: true}, Mark{}); !errors.As(err, &no) || no.Code != 404 {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestETagGzipSecretAndRefusals(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("c2.example\n"))
	_ = z.Close()
	s, c := served(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/list":
			if r.Header.Get("Authorization") != "Bearer abc" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			if w.Header().Set("ETag", `"v1"`); r.Header.Get("If-None-Match") == `"v1"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed.Bytes())
		case "/busy":
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusTooManyRequests)
		case "/broken":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed.Bytes()[:packed.Len()-4])
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/down":
			http.Redirect(w, r, "ftp://host.example/", http.StatusFound)
		}
	}))
	f := From{URL: s.URL + "/list", Inside: true, Secret: "Bearer abc\n"}
	text, mark, err := get(t, c, f, Mark{})
	if err != nil || text != "c2.example\n" || mark.ETag != `"v1"` {
		t.Fatalf("%q %+v %v", text, mark, err)
	}
	if _, _, err := get(t, c, f, mark); !errors.Is(err, ErrSame) {
		t.Errorf("the same: %v", err)
	}
	var no *StatusError
	if _, _, err := get(t, c, From{URL: f.URL, Inside: true}, Mark{}); !errors.As(err, &no) || no.Code != 401 || !strings.Contains(err.Error(), "secret") {
		t.Errorf("without the secret: %v", err)
	}
	if _, _, err := get(t, c, From{URL: s.URL + "/busy", Inside: true}, Mark{}); !errors.As(err, &no) || no.Again != 2*time.Minute {
		t.Errorf("a busy server: %v", err)
	}
	if text, _, err := get(t, c, From{URL: s.URL + "/broken", Inside: true}, Mark{}); err == nil {
		t.Errorf("a list that was cut off: %q", text)
	}
	for path, why := range map[string]string{"/round": "redirects", "/down": "want https"} {
		if _, _, err := get(t, c, From{URL: s.URL + path, Inside: true}, Mark{}); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, secret := range []string{"alone", "a:b\r\nX-Y: z"} {
		if _, _, err := get(t, c, From{URL: f.URL, Inside: true, Secret: secret}, Mark{}); err == nil {
			t.Errorf("secret %q was sent", secret)
		}
	}
	if _, _, err := get(t, New(nil), From{URL: f.URL, Inside: true}, Mark{}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an authority that nobody knows: %v", err)
	}
}

func TestWhatLiesInsideIsAskedOnlyWhenThatWasSaid(t *testing.T) {
	asked := 0
	s, c := served(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{s.URL, "https://localhost:" + u.Port()} { // by address, and by a name that leads to it
		if _, _, err := get(t, c, From{URL: place}, Mark{}); !errors.Is(err, ErrPlace) {
			t.Errorf("%s: %v", place, err)
		}
	}
	if asked != 0 {
		t.Errorf("%d requests came in", asked)
	}
	for _, c := range []struct {
		url    string
		inside bool
		ok     bool
	}{
		{"https://feeds.example/list.txt", false, true}, {"http://feeds.example/list.txt", false, false}, {"http://feeds.example/list.txt", true, true},
		{"https://169.254.169.254/latest", true, false}, {"https://[fe80::1]/x", true, false}, {"https://10.0.0.1/x", false, false}, {"https://10.0.0.1/x", true, true},
		{"https://[::1]/x", false, false}, {"https://[::ffff:127.0.0.1]/x", false, false}, {"https://0.0.0.0/x", true, false}, {"https://100.64.0.1/", false, false},
		{"https://user:pw@feeds.example/", false, false}, {"file:///etc/passwd", true, false}, {"https:///x", true, false}, {"https://a.example/#x", false, false}, {"https://" + strings.Repeat("a", 2000), false, false},
	} {
		if err := CheckURL(c.url, c.inside); (err == nil) != c.ok {
			t.Errorf("%.60s inside %v: %v", c.url, c.inside, err)
		}
	}
	if mayReach(netip.MustParseAddr("64:ff9b::7f00:1"), true) == nil {
		t.Error("loopback behind a translator may be asked")
	}
}

func TestMoreThanIsTakenIsAnError(t *testing.T) {
	b := &bounded{r: strings.NewReader("12345"), left: 4}
	got, err := io.ReadAll(b)
	if !errors.Is(err, ErrLarge) || string(got) != "1234" {
		t.Errorf("%q %v", got, err)
	}
	b = &bounded{r: strings.NewReader("1234"), left: 4}
	if got, err := io.ReadAll(b); err != nil || string(got) != "1234" {
		t.Errorf("%q %v", got, err)
	}
	s, c := served(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(MaxWire+1))
	}))
	if _, _, err := get(t, c, From{URL: s.URL, Inside: true}, Mark{}); !errors.Is(err, ErrLarge) {
		t.Errorf("a server that tells before that it sends too much: %v", err)
	}
}

func TestACollectionIsReadPageByPage(t *testing.T) {
	peer := &taxiitest.Server{User: "cardea", Password: "hinge", Max: 2}
	s, c := served(t, peer)
	f := From{URL: s.URL + "/api/collections/intel/", Inside: true, Secret: "cardea:hinge"}
	read := func(since string) (ids []string, until string) {
		t.Helper()
		until, err := c.Collection(context.Background(), f, since, func(p Page) error {
			for _, x := range p.Indicators {
				ids = append(ids, strings.TrimPrefix(x.ID, "indicator--"))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return ids, until
	}
	if ids, until := read(""); len(ids) > 0 || until != "" {
		t.Errorf("an empty collection: %v %q", ids, until)
	}
	for i := range 5 {
		peer.Add(taxiitest.Indicator(fmt.Sprint(i), fmt.Sprintf("[domain-name:value = 'c%d.example']", i), "2026-01-01T00:00:00.000Z"), map[string]any{"type": "identity", "id": "identity--x"})
	}
	peer.Asked()
	ids, until := read("")
	if strings.Join(ids, " ") != "0 1 2 3 4" || until == "" || len(peer.Asked()) != 3 {
		t.Fatalf("%v %q", ids, until)
	}
	peer.Add(taxiitest.Revoked("1", "2026-02-01T00:00:00.000Z"))
	if ids, now := read(until); strings.Join(ids, " ") != "1" || now <= until {
		t.Errorf("what was added since: %v %q", ids, now)
	}
	if asked := peer.Asked(); len(asked) != 1 || !strings.Contains(asked[0], "added_after=2026-") {
		t.Errorf("%q", asked)
	}
	f.Secret = "cardea:wrong"
	var no *StatusError
	if _, err := c.Collection(context.Background(), f, "", func(Page) error { return nil }); !errors.As(err, &no) || no.Code != 401 {
		t.Errorf("a wrong password: %v", err)
	}
}

func TestAServerThatIsNoneOfTAXII21IsRefused(t *testing.T) {
	for body, kind := range map[string]string{
		`{}`:                                 "text/html",
		`{"more":true}`:                      taxiiAsk,
		`{"more":true,"next":"a"}`:           taxiiAsk, // for ever the same
		`{"type":"bundle","objects":[]}`:     taxiiAsk,
		`{"objects":[],"more":false,"next":`: taxiiAsk,
		`{ }`:                                "application/taxii+json;version=2.0",
	} {
		s, c := served(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = io.WriteString(w, body)
		}))
		if until, err := c.Collection(context.Background(), From{URL: s.URL, Inside: true}, "2026-01-01T00:00:00Z", func(Page) error { return nil }); err == nil || until != "2026-01-01T00:00:00Z" {
			t.Errorf("%s as %s: %q %v", body, kind, until, err)
		}
	}
	s, c := served(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", taxiiAsk)
		w.Header().Set("X-TAXII-Date-Added-Last", "soon")
		_, _ = io.WriteString(w, `{"objects":[{}]}`)
	}))
	if _, err := c.Collection(context.Background(), From{URL: s.URL, Inside: true}, "", func(Page) error { return nil }); err == nil {
		t.Error("a time that is none was taken")
	}
}

// A secret that was to be sent by TLS is not sent without, whoever asks for that: inside of a provider's network http may be asked.
func TestARedirectTakesNoSecretOutOfTLS(t *testing.T) {
	for to, kept := range map[string]bool{"https://feed.lan/new": true, "http://feed.lan/new": false, "https://other.lan/new": false} {
		first, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://feed.lan/list", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		next, err := http.NewRequestWithContext(t.Context(), http.MethodGet, to, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		next.Header.Set("Authorization", "Bearer abc")
		if err := New(nil).inside.CheckRedirect(next, []*http.Request{first}); err != nil {
			t.Error(to, err)
		}
		if got := next.Header.Get("Authorization") != ""; got != kept {
			t.Errorf("%s: the secret is sent: %v, want %v", to, got, kept)
		}
	}
}
