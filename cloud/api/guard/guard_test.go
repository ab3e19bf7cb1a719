package guard

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestLimiterLetsNoMoreThroughThanItSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1_800_000_000, 0)
		burst := rapid.IntRange(1, 20).Draw(t, "burst")
		l := NewLimiter(time.Second, burst, 100, func() time.Time { return now })
		start, let := now, 0
		for _, wait := range rapid.SliceOfN(rapid.IntRange(0, 3000), 1, 200).Draw(t, "waits") {
			now = now.Add(time.Duration(wait) * time.Millisecond)
			after := l.Take("x")
			if after == 0 {
				let++
			} else if after > time.Second {
				t.Fatalf("wait %v, more than one request's time", after)
			}
		}
		if most := burst + int(now.Sub(start)/time.Second); let > most {
			t.Fatalf("%d in %v, want at most %d", let, now.Sub(start), most)
		}
		now = now.Add(time.Duration(burst) * time.Second)
		for i := range burst {
			if l.Take("x") != 0 {
				t.Fatalf("request %d of a full burst was refused", i)
			}
		}
	})
}

func TestLimiterKeepsAtMostSoManyKeys(t *testing.T) {
	l := NewLimiter(time.Hour, 1, 50, time.Now)
	for i := range 5000 {
		l.Take(fmt.Sprint(i))
	}
	if len(l.due) > 50 {
		t.Errorf("%d keys", len(l.due))
	}
}

func TestFrom(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, one := range []struct{ peer, forwarded, want string }{
		{"192.0.2.1:5", "", "192.0.2.1"}, {"192.0.2.1:5", "198.51.100.1", "192.0.2.1"}, {"10.1.1.1:5", "198.51.100.1", "198.51.100.1"},
		{"10.1.1.1:5", "1.1.1.1, 198.51.100.2", "198.51.100.2"}, {"10.1.1.1:5", "nonsense", "invalid IP"}, {"[2001:db8:1:2:3::4]:5", "", "2001:db8:1:2::/64"},
		{"[::ffff:192.0.2.1]:5", "", "192.0.2.1"}, {"", "", "invalid IP"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = one.peer
		if one.forwarded != "" {
			r.Header.Set("X-Forwarded-For", one.forwarded)
		}
		if got := From(r, proxies); got != one.want {
			t.Errorf("%+v: %q", one, got)
		}
	}
}

func TestAPanicIsAProblem(t *testing.T) {
	h := Chain(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret") }), RequestID, Recover(slog.New(slog.DiscardHandler)))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != 500 || w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("X-Request-Id") == "" {
		t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
	}
}
