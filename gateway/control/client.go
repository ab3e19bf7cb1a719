package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"cardea/home"
)

// Client talks to a running agent.
type Client struct {
	path string
	http *http.Client
}

// Dial makes a Client; nothing is sent yet.
func Dial(path string) *Client {
	return &Client{path: path, http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
	}}}
}

func (c *Client) do(ctx context.Context, method, path string, body any) (io.ReadCloser, error) {
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("ask the agent: %w", err)
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://agent"+path, in)
	if err != nil {
		return nil, fmt.Errorf("ask the agent: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the agent at %s (is it running, are you root?): %w", c.path, err)
	}
	if resp.StatusCode/100 == 2 {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	var p struct{ Detail string }
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(&p); err != nil || p.Detail == "" {
		return nil, fmt.Errorf("the agent answered %s", resp.Status)
	}
	return nil, errors.New(p.Detail)
}

func get[T any](ctx context.Context, c *Client, path string) (v T, err error) {
	body, err := c.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return v, err
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(&v); err != nil {
		return v, fmt.Errorf("read the agent's answer: %w", err)
	}
	return v, nil
}

// Status asks for the agent's state.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return get[Status](ctx, c, "/v1/status")
}

// Devices asks for all devices.
func (c *Client) Devices(ctx context.Context) ([]Device, error) {
	return get[[]Device](ctx, c, "/v1/devices")
}

// Incidents asks for all incidents.
func (c *Client) Incidents(ctx context.Context) ([]home.Incident, error) {
	return get[[]home.Incident](ctx, c, "/v1/incidents")
}

// Looks asks who asked this home for details, the oldest first.
func (c *Client) Looks(ctx context.Context) ([]Look, error) {
	return get[[]Look](ctx, c, "/v1/looks")
}

// Contacts asks for contacts, the oldest first, then those of the window that is open.
func (c *Client) Contacts(ctx context.Context, q ContactQuery, yield func(home.Contact) bool) error {
	v := url.Values{}
	if q.Device != "" {
		v.Set("device", string(q.Device))
	}
	if !q.From.IsZero() {
		v.Set("from", q.From.Format(time.RFC3339))
	}
	if !q.To.IsZero() {
		v.Set("to", q.To.Format(time.RFC3339))
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	return stream(ctx, c, "/v1/contacts?"+v.Encode(), yield)
}

// Events follows the agent until ctx ends.
func (c *Client) Events(ctx context.Context, yield func(Event) bool) error {
	return stream(ctx, c, "/v1/events", yield)
}

func stream[T any](ctx context.Context, c *Client, path string, yield func(T) bool) error {
	body, err := c.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	for dec := json.NewDecoder(body); ; {
		var v T
		if err := dec.Decode(&v); err != nil {
			if errors.Is(err, io.EOF) || ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("read the agent's answer: %w", err)
		}
		if !yield(v) {
			return nil
		}
	}
}

// Ask asks for something to be done; out receives the answer, unless nil.
func (c *Client) Ask(ctx context.Context, a Action, out any) error {
	body, err := c.do(ctx, http.MethodPost, "/v1/actions", a)
	if err != nil {
		return err
	}
	defer body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(body).Decode(out); err != nil {
		return fmt.Errorf("read the agent's answer: %w", err)
	}
	return nil
}
