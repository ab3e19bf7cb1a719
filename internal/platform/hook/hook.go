// Package hook is how we call other people's servers: who may be reached, what their answers mean, and the signature of Standard
// Webhooks. It imports no room of the project.
package hook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Permanent is an error that trying again does not heal.
type Permanent struct{ Err error }

func (p Permanent) Error() string { return p.Err.Error() }
func (p Permanent) Unwrap() error { return p.Err }

// Later is an error with the time that the other side asked for.
type Later struct {
	Err   error
	After time.Duration
}

func (l Later) Error() string { return l.Err.Error() }
func (l Later) Unwrap() error { return l.Err }

// ErrPrivate is the error of a server that is not on the public internet.
var ErrPrivate = errors.New("the server is not on the public internet")

// Bounds of one call.
const (
	Time       = 15 * time.Second
	maxHeaders = 16 << 10
	maxLater   = time.Hour
)

// Reach says who may be called.
type Reach int

// Where servers may be.
const (
	Public   Reach = iota // the public internet only: their addresses come from people
	Loopback              // this machine too: demo and tests
	Anywhere              // their addresses come from the operator
)

// Client makes a client that follows no redirect.
func Client(r Reach, each int) *http.Client {
	d := net.Dialer{Timeout: 5 * time.Second}
	if r != Anywhere {
		d.Control = func(_, address string, _ syscall.RawConn) error { // after the name was looked up: a name cannot lie its way in
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			if a := to.Addr().Unmap(); !IsPublic(a) && !(r == Loopback && a.IsLoopback()) {
				return Permanent{ErrPrivate}
			}
			return nil
		}
	}
	return &http.Client{
		Timeout:       Time,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: d.DialContext, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4, MaxConnsPerHost: each,
			IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: maxHeaders, TLSHandshakeTimeout: 5 * time.Second},
	}
}

// notPublic are ranges that netip does not name (RFC 6890 and what leads to such addresses in IPv6).
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("fec0::/10"),
}

// IsPublic says whether an address is one of the public internet.
func IsPublic(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// Message is one event for one receiver. The id is the same for each try: a receiver that has seen it does nothing.
type Message struct {
	ID          string
	At          time.Time // of this try
	ContentType string
	Body        []byte
}

// Post hands a message to a receiver. status is 0 when there was no answer.
func Post(ctx context.Context, c *http.Client, to string, secrets [][]byte, m Message) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(m.Body))
	if err != nil {
		return 0, Permanent{fmt.Errorf("webhook: %w", err)}
	}
	r.Header.Set("Content-Type", m.ContentType)
	r.Header.Set("User-Agent", "Cardea")
	sign(r.Header, m, secrets)
	res, err := c.Do(r)
	if err != nil {
		return 0, fmt.Errorf("webhook: %w", err)
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, 4<<10) // so that the connection can be used again
	return res.StatusCode, Answered(res, "the webhook")
}

// sign sets the headers of Standard Webhooks (standardwebhooks.com, Webhook Headers): HMAC-SHA256 over id, time and body, one
// signature for each secret.
func sign(h http.Header, m Message, secrets [][]byte) {
	stamp := strconv.FormatInt(m.At.Unix(), 10)
	var all []string
	for _, key := range secrets {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(m.ID + "." + stamp + "."))
		mac.Write(m.Body)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	h.Set("Webhook-Id", m.ID)
	h.Set("Webhook-Timestamp", stamp)
	h.Set("Webhook-Signature", strings.Join(all, " "))
}

// ParseSecret reads whsec_ and 24 to 64 bytes in base64. The error has nothing of it.
func ParseSecret(text string) ([]byte, error) {
	text, ok := strings.CutPrefix(text, "whsec_")
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New("want whsec_ and 24 to 64 bytes in base64")
	}
	return key, nil
}

// WriteSecret is the text of a key.
func WriteSecret(key []byte) string { return "whsec_" + base64.StdEncoding.EncodeToString(key) }

// Answered is what came of a request. What another try heals is no Permanent error.
func Answered(r *http.Response, who string) error {
	err := fmt.Errorf("%s answered %d", who, r.StatusCode)
	switch c := r.StatusCode; {
	case c >= 200 && c < 300:
		return nil
	case c == http.StatusTooManyRequests, c == http.StatusRequestTimeout, c == http.StatusTooEarly, c == http.StatusConflict, c >= 500, c >= 300 && c < 400,
		c == http.StatusUnauthorized, c == http.StatusForbidden, c == http.StatusNotFound: // it may be set up anew
		if s, e := strconv.Atoi(r.Header.Get("Retry-After")); e == nil && s > 0 {
			return Later{err, min(time.Duration(s)*time.Second, maxLater)}
		}
		return err
	}
	return Permanent{err}
}

// Backoff is how long to wait after so many tries: 30 s, then twice as long each time up to an hour.
func Backoff(tries int64) time.Duration {
	return min(30*time.Second<<min(max(tries-1, 0), 10), time.Hour)
}
