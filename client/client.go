// Package client is for a provider's own systems that ask a Cardea cloud: it gives the generated requests (cardea/client/api) a token, turns
// each answer that is no success into a *Problem, and walks through pages. It may import its part api and nothing else of ours, and keeps
// no state.
//
//	c, err := client.New("https://home.example.net", token)
//	made, err := c.PutStaffProvisioningHomesAccountWithResponse(ctx, "A-1742", api.Subscriber{Name: "Mill Lane 4"})
//
// When err is nil, the field of the answer's status (JSON200, JSON201) is set.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cardea/client/api"
)

// Client asks one cloud with one token. It may be used by many goroutines at once.
type Client struct {
	*api.ClientWithResponses
}

// Bounds.
const (
	patience  = 2 * time.Minute // of one request, as long as the cloud itself takes for an answer
	maxAnswer = 64 << 20        // an archive of a home is the largest
	maxDetail = 64 << 10        // of a problem
)

// errInsecure is the error of an address to which a token would go readable.
var errInsecure = errors.New("client: a token goes by https only, or to this machine")

// New makes a client of the cloud at base, as https://home.example.net. Options of the generated client may replace the HTTP client
// (api.WithHTTPClient); no redirect should be followed by that: the token would go along.
func New(base, token string, options ...api.ClientOption) (*Client, error) {
	at, err := url.Parse(base)
	if err != nil || at.Host == "" || at.Scheme != "https" && at.Scheme != "http" {
		return nil, fmt.Errorf("client: %q is no address of a cloud", base)
	}
	if host := at.Hostname(); at.Scheme == "http" && host != "localhost" && host != "127.0.0.1" && host != "::1" {
		return nil, errInsecure
	}
	plain := &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	options = append([]api.ClientOption{api.WithHTTPClient(plain)}, options...)
	options = append(options, bearer(token), checked)
	inner, err := api.NewClientWithResponses(base, options...)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	return &Client{inner}, nil
}

func bearer(token string) api.ClientOption {
	return api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		return nil
	})
}

// checked wraps whatever asks, so that an answer that is no success is an error for every request alike.
func checked(c *api.Client) error {
	c.Client = checker{c.Client}
	return nil
}

type checker struct{ inner api.HttpRequestDoer }

func (c checker) Do(r *http.Request) (*http.Response, error) {
	res, err := c.inner.Do(r)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		res.Body = &bounded{res.Body, maxAnswer}
		return res, nil
	}
	defer res.Body.Close()
	return nil, problemOf(r, res)
}

// bounded fails where an answer is longer than any of ours: it is another server's.
type bounded struct {
	io.ReadCloser
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("client: the answer has more than %d bytes", maxAnswer)
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// Problem is an answer that is no success (RFC 9457).
type Problem struct {
	Status int
	// Kind is the stable end of its type, as not-found or right-required; "" when something between here and the cloud answered.
	Kind   string
	Title  string
	Detail string
	Fields []api.Field // which of what was sent is not as it has to be
	// After is for how long to wait before asking again; 0 when nothing was said of it.
	After   time.Duration
	request string
}

func (p *Problem) Error() string {
	text := p.request + ": " + strconv.Itoa(p.Status) + " " + p.Title
	if p.Detail != "" {
		text += ": " + p.Detail
	}
	for _, f := range p.Fields {
		text += "; " + f.Location + ": " + f.Message
	}
	return text
}

// Is says whether an error is a problem of a kind, as Is(err, "not-found").
func Is(err error, kind string) bool {
	var p *Problem
	return errors.As(err, &p) && p.Kind == kind
}

func problemOf(r *http.Request, res *http.Response) *Problem {
	p := &Problem{Status: res.StatusCode, Title: http.StatusText(res.StatusCode), request: r.Method + " " + r.URL.Path}
	if s, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && s > 0 {
		p.After = time.Duration(min(s, 24*60*60)) * time.Second
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, maxDetail))
	var told api.Problem
	if err != nil || json.Unmarshal(b, &told) != nil || !strings.HasPrefix(told.Type, "/problems/") {
		return p
	}
	p.Kind, p.Title = strings.TrimPrefix(told.Type, "/problems/"), told.Title
	if told.Detail != nil {
		p.Detail = *told.Detail
	}
	if told.Errors != nil {
		p.Fields = *told.Errors
	}
	return p
}

// Pages walks through a list, page by page: ask gets the cursor of the page that it is to ask for, nil for the first. It ends at the
// last page, or with the first error.
func Pages[T any](ask func(cursor *string) (items []T, next *string, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var cursor *string
		for {
			items, next, err := ask(cursor)
			if err == nil && next != nil && cursor != nil && *next == *cursor {
				err = errors.New("client: a list does not go on")
			}
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, one := range items {
				if !yield(one, nil) {
					return
				}
			}
			if next == nil {
				return
			}
			cursor = next
		}
	}
}
