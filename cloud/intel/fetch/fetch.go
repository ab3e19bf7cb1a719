// Package fetch brings intelligence from where others keep it: by HTTP(S) with ETag, Last-Modified and gzip, and from collections of
// TAXII 2.1 servers page by page. It bounds bytes, time and redirects, and never talks to an address inside the provider's network
// unless that was said of the source. It is a part of cloud/intel, imports intel/stix for what pages hold, and keeps nothing.
package fetch

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"cardea/internal/platform/hook"
)

// Bounds of one document.
const (
	MaxWire      = 96 << 20  // bytes as they come
	MaxText      = 256 << 20 // bytes when they are unpacked
	MaxRedirects = 3
	MaxTime      = 5 * time.Minute // for all of it
	headTime     = 30 * time.Second
)

// From says where and how.
type From struct {
	URL    string
	Inside bool   // it may be in the provider's own network, or on loopback
	Secret string // "user:password", or "Bearer …"; "" none. It is sent to the URL's own host only
}

// Mark is what a server said of a document, so that it need not be sent again.
type Mark struct{ ETag, Modified string }

// Errors that a source's state names.
var (
	ErrSame  = errors.New("it has not changed")
	ErrLarge = fmt.Errorf("it is larger than is taken: %d MB as it comes, %d MB of text", MaxWire>>20, MaxText>>20)
	ErrPlace = errors.New("that address is not to be asked")
)

// StatusError is a server's refusal.
type StatusError struct {
	Code  int
	Again time.Duration // as the server asked; 0: it did not say
}

func (e *StatusError) Error() string {
	switch e.Code {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Sprintf("the server does not let us in (%d): look at the secret", e.Code)
	case http.StatusNotFound, http.StatusGone:
		return fmt.Sprintf("there is no such document any more (%d)", e.Code)
	case http.StatusTooManyRequests:
		return "the server says that it is asked too often (429)"
	}
	return fmt.Sprintf("the server answered %d %s", e.Code, http.StatusText(e.Code))
}

// Client asks servers. It is safe for concurrent use.
type Client struct{ open, inside *http.Client }

// New makes a client. Roots are the authorities that are believed; nil: the machine's.
func New(roots *x509.CertPool) *Client {
	return &Client{open: client(roots, false), inside: client(roots, true)}
}

func client(roots *x509.CertPool, inside bool) *http.Client {
	d := &net.Dialer{Timeout: 15 * time.Second, Control: func(_, address string, _ syscall.RawConn) error { return mayDial(address, inside) }}
	return &http.Client{
		Timeout: MaxTime,
		Transport: &http.Transport{DialContext: d.DialContext, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}, TLSHandshakeTimeout: 15 * time.Second,
			ResponseHeaderTimeout: headTime, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10, IdleConnTimeout: 30 * time.Second, MaxConnsPerHost: 2, ForceAttemptHTTP2: true},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > MaxRedirects {
				return fmt.Errorf("more than %d redirects", MaxRedirects)
			}
			// URLs of feeds hold keys; and a secret is for one host, and not to be read on the way where it was not before
			if req.Header.Del("Referer"); req.URL.Host != via[0].URL.Host || via[0].URL.Scheme == "https" && req.URL.Scheme != "https" {
				req.Header.Del("Authorization")
			}
			return CheckURL(req.URL.String(), inside)
		},
	}
}

// CheckURL says whether a URL may be asked at all: https, or http inside.
func CheckURL(s string, inside bool) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Fragment != "" || len(s) > 2000 {
		return fmt.Errorf("%w: it is no URL of a document", ErrPlace)
	}
	if u.User != nil {
		return fmt.Errorf("%w: a password in a URL is read by too many", ErrPlace)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !inside) {
		return fmt.Errorf("%w: want https", ErrPlace)
	}
	if a, err := netip.ParseAddr(strings.Trim(u.Hostname(), "[]")); err == nil {
		return mayReach(a, inside)
	}
	return nil
}

// mayDial is asked with the address that a name led to, right before it is called: a name cannot lead somewhere else meanwhile.
func mayDial(address string, inside bool) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", ErrPlace, address)
	}
	return mayReach(ap.Addr(), inside)
}

var nat64 = netip.MustParsePrefix("64:ff9b::/96")

func mayReach(a netip.Addr, inside bool) error {
	a = a.Unmap().WithZone("")
	switch {
	case !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.IsLinkLocalUnicast() || nat64.Contains(a):
		return fmt.Errorf("%w: %s", ErrPlace, a) // metadata services of clouds live on link-local addresses
	case !inside && !hook.IsPublic(a):
		return fmt.Errorf("%w: %s is inside the own network, and that was not said of the source", ErrPlace, a)
	}
	return nil
}

// Get asks for a document. The body is bounded and unpacked, and the caller's to close. ErrSame: it is as it was at the mark.
func (c *Client) Get(ctx context.Context, f From, accept string, was Mark) (io.ReadCloser, http.Header, Mark, error) {
	if err := CheckURL(f.URL, f.Inside); err != nil {
		return nil, nil, was, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, http.NoBody)
	if err != nil {
		return nil, nil, was, err
	}
	req.Header.Set("User-Agent", "cardea")
	req.Header.Set("Accept", accept)
	req.Header.Set("Accept-Encoding", "gzip")
	if was.ETag != "" {
		req.Header.Set("If-None-Match", was.ETag)
	} else if was.Modified != "" {
		req.Header.Set("If-Modified-Since", was.Modified)
	}
	if f.Secret != "" {
		if err := authorize(req, f.Secret); err != nil {
			return nil, nil, was, err
		}
	}
	h := c.open
	if f.Inside {
		h = c.inside
	}
	resp, err := h.Do(req)
	if err != nil {
		return nil, nil, was, plainly(err)
	}
	body, err := answer(resp, was)
	if err != nil {
		_ = resp.Body.Close() // the answer is not used
		return nil, nil, was, err
	}
	return body, resp.Header, Mark{ETag: short(resp.Header.Get("ETag")), Modified: short(resp.Header.Get("Last-Modified"))}, nil
}

func short(s string) string {
	if len(s) > 300 {
		return ""
	}
	return s
}

func authorize(req *http.Request, secret string) error {
	secret = strings.TrimSpace(secret)
	for _, c := range secret {
		if c < ' ' || c == 0x7f {
			return errors.New("the secret has to be one line of text")
		}
	}
	switch {
	case strings.HasPrefix(secret, "Bearer "):
		req.Header.Set("Authorization", secret)
	case strings.Contains(secret, ":"):
		req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(secret)))
	default:
		return errors.New("the secret has to be user:password or Bearer and a token")
	}
	return nil
}

// answer gives an answer's body, bounded.
func answer(resp *http.Response, was Mark) (io.ReadCloser, error) {
	switch {
	case resp.StatusCode == http.StatusNotModified && was == Mark{}:
		return nil, errors.New("the server says that nothing changed, and it was never asked whether")
	case resp.StatusCode == http.StatusNotModified:
		return nil, ErrSame
	case resp.StatusCode != http.StatusOK:
		return nil, &StatusError{Code: resp.StatusCode, Again: again(resp.Header.Get("Retry-After"), resp.Header.Get("Date"), time.Now())}
	case resp.ContentLength > MaxWire:
		return nil, ErrLarge
	}
	wire := &bounded{r: resp.Body, left: MaxWire}
	switch packed := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding"))); packed {
	case "gzip", "x-gzip":
	case "", "identity":
		return &document{Reader: wire, body: resp.Body}, nil
	default:
		return nil, fmt.Errorf("the answer is packed in a way that was not asked for: %.20q", packed)
	}
	z, err := gzip.NewReader(wire)
	if err != nil {
		return nil, fmt.Errorf("the packed answer cannot be read: %w", err)
	}
	return &document{Reader: &bounded{r: z, left: MaxText}, body: resp.Body}, nil
}

// again reads Retry-After: seconds, or a date by the server's own clock, which may be wrong.
func again(after, date string, now time.Time) time.Duration {
	wait := time.Duration(0)
	if n, err := strconv.ParseUint(after, 10, 32); err == nil {
		wait = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(after); err == nil {
		if theirs, err := http.ParseTime(date); err == nil {
			now = theirs
		}
		wait = at.Sub(now)
	}
	return min(max(wait, 0), 24*time.Hour)
}

// media is an answer's media type and its version.
func media(h http.Header) (kind, version string) {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return "", ""
	}
	return kind, params["version"]
}

type document struct {
	io.Reader
	body io.Closer
}

// Close implements io.Closer.
func (d *document) Close() error { return d.body.Close() }

// bounded fails where more comes than is taken: a list that is cut off is not the list.
type bounded struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n - 1, ErrLarge
	}
	return n, err
}

// plainly takes the URL out of an error, which may hold what is nobody's business, and says what people can do about it.
func plainly(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, ErrPlace), errors.Is(err, ErrLarge), errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &dns):
		return fmt.Errorf("the server's name cannot be resolved: %w", err)
	case errors.As(err, &cert):
		return fmt.Errorf("the server's certificate is not believed: %w", err)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("the server did not answer in time: %w", err)
	}
	return fmt.Errorf("the server cannot be reached: %w", err)
}
