package hook

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func TestOnlyPublicAddressesArePublic(t *testing.T) {
	for _, a := range []string{"127.0.0.1", "::1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "100.64.0.1", "fd00::1", "fe80::1", "0.0.0.0",
		"::", "224.0.0.1", "255.255.255.255", "64:ff9b::a00:1", "2002:a00:1::", "192.0.2.1", "198.18.0.1", "ff02::1"} {
		if IsPublic(netip.MustParseAddr(a).Unmap()) {
			t.Errorf("%s counts as public", a)
		}
	}
	for _, a := range []string{"9.9.9.9", "2620:fe::fe", "142.250.1.1"} {
		if !IsPublic(netip.MustParseAddr(a)) {
			t.Errorf("%s does not count as public", a)
		}
	}
}

// A receiver verifies with the library that Standard Webhooks give it, by the old secret and by the new one.
func TestPost(t *testing.T) {
	secrets := [][]byte{[]byte(strings.Repeat("n", 32)), []byte(strings.Repeat("o", 32))}
	var status int
	var after string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		for _, key := range secrets {
			v, e := standardwebhooks.NewWebhook(WriteSecret(key))
			err = errors.Join(err, e, v.Verify(b, r.Header))
		}
		if err != nil || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%v, %v", err, r.Header)
		}
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		http.Redirect(w, r, "http://127.0.0.1:1/", status) // followed by nobody
	}))
	defer s.Close()
	post := func(r Reach) (int, error) {
		return Post(t.Context(), Client(r, 2), s.URL, secrets, Message{ID: "a", At: time.Now(), ContentType: "application/json", Body: []byte(`{"a":1}`)})
	}
	for _, c := range []struct {
		status           int
		after            string
		permanent, later bool
	}{{200, "", false, false}, {204, "", false, false}, {400, "", true, false}, {410, "", true, false}, {404, "", false, false}, {503, "9", false, true}, {302, "", false, false}} {
		status, after = c.status, c.after
		got, err := post(Loopback)
		var p Permanent
		var l Later
		if got != c.status || (err == nil) != (c.status < 300) || errors.As(err, &p) != c.permanent || errors.As(err, &l) != c.later || c.later && l.After != 9*time.Second {
			t.Errorf("%d: %d, %v", c.status, got, err)
		}
	}
	if _, err := post(Public); !errors.Is(err, ErrPrivate) {
		t.Errorf("a server on this machine: %v", err)
	}
	if _, err := Post(context.Background(), Client(Public, 1), "ht tp://x", secrets, Message{}); err == nil {
		t.Error("no address")
	}
}

func TestSecrets(t *testing.T) {
	key := []byte(strings.Repeat("k", 32))
	if got, err := ParseSecret(WriteSecret(key)); err != nil || string(got) != string(key) {
		t.Errorf("%q, %v", got, err)
	}
	for _, s := range []string{"", "whsec_", "whsec_!!", WriteSecret(key[:23]), WriteSecret(append(key, append(key, 1)...)), "k" + WriteSecret(key)} {
		if _, err := ParseSecret(s); err == nil || s != "" && strings.Contains(err.Error(), s) && len(s) > 6 {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestBackoff(t *testing.T) {
	for tries, want := range map[int64]time.Duration{0: 30 * time.Second, 1: 30 * time.Second, 2: time.Minute, 7: 32 * time.Minute, 8: time.Hour, 1 << 60: time.Hour} {
		if got := Backoff(tries); got != want {
			t.Errorf("%d: %v, want %v", tries, got, want)
		}
	}
}
