package notify

import (
	"context"
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

	"github.com/SherClockHolmes/webpush-go"
)

// pusher sends to push services. Where they are, browsers say: hostile input, so only public addresses are dialled, and no
// redirect is followed.
type pusher struct {
	keys   Keys
	public string
	client *http.Client
}

const pushTime = 15 * time.Second

func newPusher(o Options) *pusher {
	d := &net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		if a := to.Addr().Unmap(); !public(a) && !(o.Loopback && a.IsLoopback()) {
			return errPrivate
		}
		return nil
	}}
	return &pusher{keys: o.Keys, public: o.Public, client: &http.Client{
		Timeout:       pushTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: d.DialContext, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4, MaxConnsPerHost: 16,
			IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 16 << 10, TLSHandshakeTimeout: 5 * time.Second},
	}}
}

var (
	errPrivate = permanent{errors.New("the push service is not on the public internet")}
	errGone    = errors.New("the browser does not want to be told any more")
)

// permanent is an error that trying again does not heal.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// later is an error with the time that the other side asked for.
type later struct {
	error
	after time.Duration
}

// notPublic are ranges that netip does not name (RFC 6890 and what leads to such addresses in IPv6).
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("fec0::/10"),
}

func public(a netip.Addr) bool {
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

// send tells one browser. A push service keeps it for a day at most; a newer state of the same incident replaces it.
func (p *pusher) send(ctx context.Context, s Subscription, m message) error {
	body, err := m.push(p.public)
	if err != nil {
		return permanent{err}
	}
	o := &webpush.Options{HTTPClient: p.client, Subscriber: contact(p.public), TTL: int(giveUp / time.Second), Urgency: webpush.UrgencyNormal,
		Topic: topic(m.Incident), VAPIDPublicKey: p.keys.Public, VAPIDPrivateKey: p.keys.Private}
	if urgent(m.State) {
		o.Urgency = webpush.UrgencyHigh
	}
	r, err := webpush.SendNotificationWithContext(ctx, body, &webpush.Subscription{Endpoint: s.Endpoint,
		Keys: webpush.Keys{Auth: s.Auth, P256dh: s.P256dh}}, o)
	if err != nil {
		return fmt.Errorf("push: %w", err)
	}
	defer r.Body.Close()
	_, _ = io.CopyN(io.Discard, r.Body, 4<<10) // so that the connection can be used again
	return outcome(r)
}

// contact is how a push service may reach us: an https URL, else an address (the library writes mailto: before it).
func contact(public string) string {
	if strings.HasPrefix(public, "https:") {
		return public
	}
	return "postmaster@localhost"
}

func outcome(r *http.Response) error {
	err := fmt.Errorf("push: the push service answered %d", r.StatusCode)
	switch {
	case r.StatusCode >= 200 && r.StatusCode < 300:
		return nil
	case r.StatusCode == http.StatusNotFound, r.StatusCode == http.StatusGone:
		return errGone
	case r.StatusCode == http.StatusTooManyRequests, r.StatusCode == http.StatusRequestTimeout, r.StatusCode >= 500:
		if s, e := strconv.Atoi(r.Header.Get("Retry-After")); e == nil && s > 0 {
			return later{err, min(time.Duration(s)*time.Second, time.Hour)}
		}
		return err
	}
	return permanent{err}
}

// topic is at most 32 characters of base64url (RFC 8030 section 5.4): an incident's UUID without its hyphens fits.
func topic(incident string) string {
	var b []byte
	for i := 0; i < len(incident) && len(b) < 32; i++ {
		if c := incident[i]; c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			b = append(b, c)
		}
	}
	return string(b)
}
