package enroll

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode"

	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

const (
	maxAnswer   = 256 << 10
	askTime     = 30 * time.Second
	contentType = "application/x-protobuf"
)

// newHTTP makes a client that does not ask who the other side is: the MAC over the whole answer says so, by the claim code,
// whatever carries it. So a cloud with a certificate of its own works, and a gateway whose clock is not set.
func newHTTP() *http.Client {
	return &http.Client{
		Timeout: askTime,
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			TLSHandshakeTimeout: askTime,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ask sends the enrolment once.
func (c client) ask(ctx context.Context, body []byte) (*pb.Enrolled, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", contentType+", application/problem+json")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if len(b) > maxAnswer {
		return nil, errors.New("the answer is too long: this is not the cloud")
	}
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case resp.StatusCode/100 != 2:
		return nil, problem(resp.StatusCode, kind, b)
	case err != nil || kind != contentType:
		return nil, errors.New("the answer is not one of a cloud: check its address")
	}
	m := new(pb.Enrolled)
	if err := proto.Unmarshal(b, m); err != nil {
		return nil, errors.New("the answer is not one of a cloud: check its address")
	}
	return m, nil
}

// problem says what a refusal means. Its text is not trusted: it is cut and has no control characters.
func problem(status int, kind string, b []byte) error {
	var p struct{ Type, Title, Detail string }
	if kind != "application/problem+json" || json.Unmarshal(b, &p) != nil {
		if status/100 == 5 {
			return fmt.Errorf("%w: it answers with status %d", ErrUnreachable, status)
		}
		return fmt.Errorf("the cloud refuses with status %d: check its address", status)
	}
	name := p.Type[strings.LastIndexByte(p.Type, '/')+1:]
	switch {
	case strings.HasSuffix(name, "-used"):
		return ErrUsed
	case strings.HasSuffix(name, "-expired"):
		return ErrExpired
	case strings.HasPrefix(name, "claim"):
		return ErrCode
	case status == http.StatusTooManyRequests:
		return fmt.Errorf("%w: it was asked too often, wait a minute and try again", ErrUnreachable)
	case status/100 == 5:
		return fmt.Errorf("%w: it says %q", ErrUnreachable, plain(p.Title, p.Detail))
	}
	return fmt.Errorf("the cloud refuses: %q", plain(p.Title, p.Detail))
}

func plain(title, detail string) string {
	s := strings.TrimSpace(title + " " + detail)
	return clip(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s))
}
