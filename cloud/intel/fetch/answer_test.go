package fetch

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Retry-After is seconds, or a date by the server's clock, however wrong that is; and a day at most.
func TestWhenToAskAgain(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		after, date string
		want        time.Duration
	}{
		{"120", "", 2 * time.Minute}, {"", "", 0}, {"soon", "", 0}, {"-5", "", 0}, {"99999999", "", 24 * time.Hour},
		{"Sun, 01 Mar 2026 12:10:00 GMT", "", 10 * time.Minute}, {"Sun, 01 Mar 2026 11:00:00 GMT", "", 0},
		{"Thu, 01 Jan 2099 00:10:00 GMT", "Thu, 01 Jan 2099 00:00:00 GMT", 10 * time.Minute},
	} {
		if got := again(c.after, c.date, now); got != c.want {
			t.Errorf("%q at %q: %v, want %v", c.after, c.date, got, c.want)
		}
	}
}

// A server that says that nothing changed before it was asked whether, packs as nobody asked, or leads elsewhere.
func TestAnswersThatCannotBe(t *testing.T) {
	var leaked []string
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		leaked = append(leaked, r.Header.Get("Authorization")+r.Header.Get("Referer"))
	}))
	defer other.Close()
	s, c := served(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/same":
			w.WriteHeader(http.StatusNotModified)
		case "/packed":
			w.Header().Set("Content-Encoding", "br")
		case "/other":
			http.Redirect(w, r, other.URL, http.StatusFound)
		}
	}))
	if _, _, err := get(t, c, From{URL: s.URL + "/same", Inside: true}, Mark{}); err == nil || errors.Is(err, ErrSame) {
		t.Errorf("never asked whether: %v", err)
	}
	if _, _, err := get(t, c, From{URL: s.URL + "/packed", Inside: true}, Mark{}); err == nil || !strings.Contains(err.Error(), "not asked for") {
		t.Errorf("packed: %v", err)
	}
	if _, _, err := get(t, c, From{URL: s.URL + "/other", Inside: true, Secret: "Bearer abc"}, Mark{}); err != nil || len(leaked) != 1 || leaked[0] != "" {
		t.Errorf("%v: %q", err, leaked)
	}
}
