package device

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"cardea/lab/lookup"
)

// Resolve asks the resolver that DHCP gave.
func (d *Device) Resolve(ctx context.Context, name string, v6 bool) (netip.Addr, error) {
	l := d.Lease()
	if !l.DNS.IsValid() {
		return netip.Addr{}, errors.New("no lease")
	}
	return lookup.Addr(ctx, d.Space, l.DNS, name, v6)
}

// Dial connects to host:port as a program on the device would: it resolves names, and tries IPv6 first when v6 is true.
func (d *Device) Dial(ctx context.Context, network, address string, v6 bool) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return d.Space.Dial(ctx, network, net.JoinHostPort(a.String(), port))
	}
	if v6 {
		if a, err := d.Resolve(ctx, host, true); err == nil {
			short, cancel := context.WithTimeout(ctx, time.Second)
			c, err := d.Space.Dial(short, network, net.JoinHostPort(a.String(), port))
			cancel()
			if err == nil {
				return c, nil
			}
		}
	}
	a, err := d.Resolve(ctx, host, false)
	if err != nil {
		return nil, err
	}
	return d.Space.Dial(ctx, network, net.JoinHostPort(a.String(), port))
}

// client is a web client with connections of its own.
func (d *Device) client(v6 bool) *http.Client {
	return &http.Client{
		Timeout: 5 * time.Second,
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return d.Dial(ctx, network, address, v6)
			},
			TLSClientConfig:     &tls.Config{RootCAs: d.Pool},
			ForceAttemptHTTP2:   true,
			TLSHandshakeTimeout: 3 * time.Second,
			IdleConnTimeout:     30 * time.Second,
			MaxIdleConns:        8,
		},
	}
}

// Reach makes a fresh TLS connection to the device's cloud, over IPv6 or IPv4 alone, and asks for a page.
func (d *Device) Reach(ctx context.Context, v6 bool) error {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	a, err := d.Resolve(ctx, d.Cloud, v6)
	if err != nil {
		return err
	}
	c, err := d.Space.Dial(ctx, "tcp", netip.AddrPortFrom(a, 443).String())
	if err != nil {
		return fmt.Errorf("reach %s: %w", d.Cloud, err)
	}
	defer c.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return err
		}
	}
	t := tls.Client(c, &tls.Config{RootCAs: d.Pool, ServerName: d.Cloud})
	if _, err := fmt.Fprintf(t, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", d.Cloud); err != nil {
		return fmt.Errorf("reach %s: %w", d.Cloud, err)
	}
	b, err := io.ReadAll(io.LimitReader(t, 4096))
	if err == nil && !bytes.HasPrefix(b, []byte("HTTP/1.1 200")) {
		err = fmt.Errorf("answer %.40q", b)
	}
	if err != nil {
		return fmt.Errorf("reach %s: %w", d.Cloud, err)
	}
	return nil
}

// Page is what a browser got.
type Page struct {
	Status int
	URL    string // after redirects
	Header http.Header
	Body   string // up to 256 KiB
}

// Browse fetches a page as a browser on the device would, with redirects followed. A form that is not nil is posted.
func (d *Device) Browse(ctx context.Context, address string, form url.Values) (Page, error) {
	c := d.client(false)
	defer c.CloseIdleConnections()
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return Page{}, fmt.Errorf("browse: %w", err)
	}
	req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", req.URL.Scheme+"://"+req.URL.Host)
	}
	resp, err := c.Do(req)
	if err != nil {
		return Page{}, fmt.Errorf("browse: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 256<<10))
	if err != nil {
		return Page{}, fmt.Errorf("browse: read %s: %w", address, err)
	}
	return Page{Status: resp.StatusCode, URL: resp.Request.URL.String(), Header: resp.Header, Body: string(b)}, nil
}
