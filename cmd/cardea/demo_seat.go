package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"sync"

	"cardea/lab"
)

// seat is a proxy by which a browser on this machine sees the gateway's own page as it looks from a device of the home. It
// leads to the gateway and nowhere else.
type seat struct {
	home    *lab.Home
	gateway netip.Addr

	mu sync.Mutex
	at string // the device at which the browser sits
}

// sit moves the browser to another device.
func (s *seat) sit(name string) error {
	if _, err := s.home.Space(name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = name
	return nil
}

func (s *seat) dial(ctx context.Context, network, address string) (net.Conn, error) {
	s.mu.Lock()
	at := s.at
	s.mu.Unlock()
	room, err := s.home.Space(at)
	if err != nil {
		return nil, err
	}
	return room.Dial(ctx, network, address)
}

// handler answers requests that a browser sends to its proxy.
func (s *seat) handler() http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.Out.Host = r.In.Host },
		Transport: &http.Transport{DialContext: s.dial, DisableKeepAlives: true}, // a kept connection would be of the device before
		ErrorHandler: func(out http.ResponseWriter, _ *http.Request, err error) {
			http.Error(out, fmt.Sprintf("From this device the gateway's page cannot be reached: %v", err), http.StatusBadGateway)
		},
	}
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if a, err := netip.ParseAddr(r.URL.Hostname()); r.URL.Scheme != "http" || err != nil || a != s.gateway {
			http.Error(out, "This leads to the lab's gateway only.", http.StatusForbidden)
			return
		}
		proxy.ServeHTTP(out, r)
	})
}
