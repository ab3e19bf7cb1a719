package upstream

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"cardea/gateway/resolve/message"
)

// https asks by POST over HTTP/2 where the server speaks it (RFC 8484). The ID is 0 on the wire, as section 4.1 asks.
type https struct {
	name   string
	url    string
	client *http.Client
	tr     *http.Transport
}

func newHTTPS(s Server, addrs func(context.Context) ([]netip.Addr, error), cfg *tls.Config) *https {
	tr := &http.Transport{
		ForceAttemptHTTP2:   true,
		TLSClientConfig:     cfg,
		MaxConnsPerHost:     4,
		TLSHandshakeTimeout: dialTimeout,
		IdleConnTimeout:     streamIdle,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			list, err := addrs(ctx)
			if err != nil {
				return nil, err
			}
			ctx, cancel := context.WithTimeout(ctx, dialTimeout)
			defer cancel()
			return dialAny(ctx, list, s.Port, nil)
		},
	}
	host := net.JoinHostPort(s.Host, strconv.Itoa(int(s.Port)))
	return &https{name: s.String(), url: "https://" + host + s.Path, tr: tr, client: &http.Client{
		Transport:     tr,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (h *https) exchange(ctx context.Context, query, _ []byte, timeout time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout+dialTimeout)
	defer cancel()
	binary.BigEndian.PutUint16(query, 0)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(query))
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", h.name, err)
	}
	req.Header.Set("Content-Type", "application/dns-message")
	req.Header.Set("Accept", "application/dns-message")
	req.Header.Set("User-Agent", "")
	res, err := h.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", h.name, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/dns-message" {
		return nil, fmt.Errorf("asking %s: answered %s with %q", h.name, res.Status, res.Header.Get("Content-Type"))
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", h.name, err)
	}
	if len(answer) == 1<<16 || !message.Matches(answer, query[:questionLen(query)]) {
		return nil, fmt.Errorf("asking %s: too long, or an answer to another question", h.name)
	}
	return answer, nil
}

func (h *https) close() { h.tr.CloseIdleConnections() }

// plain is UDP with TCP for what does not fit.
type plain struct {
	udp *udp
	tcp *stream
}

func (p *plain) exchange(ctx context.Context, query, buf []byte, timeout time.Duration) ([]byte, error) {
	answer, err := p.udp.exchange(ctx, query, buf, timeout)
	if err != nil || !truncated(answer) {
		return answer, err
	}
	return p.tcp.exchange(ctx, query, buf, timeout)
}

func (p *plain) close() {
	p.udp.close()
	p.tcp.close()
}

func (p *Pool) newPlain(a netip.AddrPort) *plain {
	fixed := func(context.Context) ([]netip.Addr, error) { return []netip.Addr{a.Addr()}, nil }
	return &plain{
		udp: &udp{addr: a, stray: &p.Stray, wg: &p.wg},
		tcp: p.newStream("tcp://"+a.String(), fixed, a.Port(), nil),
	}
}

func (p *Pool) newStream(name string, addrs func(context.Context) ([]netip.Addr, error), port uint16, cfg *tls.Config) *stream {
	return &stream{name: name, addrs: addrs, port: port, tls: cfg, stray: &p.Stray, wg: &p.wg, turn: make(chan struct{}, 1)}
}

func (p *Pool) newExchanger(s Server, boot *bootstrap, earliest time.Time) exchanger {
	addrs := boot.addrs(s)
	cfg := &tls.Config{ServerName: s.Host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(4)}
	if s.Host == "" && len(s.Addrs) > 0 {
		cfg.ServerName = s.Addrs[0].String()
	}
	cfg.Time = func() time.Time {
		if now := time.Now(); now.After(earliest) {
			return now
		}
		return earliest
	}
	switch s.Proto {
	case TCP:
		return p.newStream(s.String(), addrs, s.Port, nil)
	case TLS:
		return p.newStream(s.String(), addrs, s.Port, cfg)
	case HTTPS:
		return newHTTPS(s, addrs, cfg)
	}
	if len(s.Addrs) == 1 {
		return p.newPlain(netip.AddrPortFrom(s.Addrs[0], s.Port))
	}
	return &named{pool: p, addrs: addrs, port: s.Port}
}

// named is plain DNS to a server given by name or with several addresses: the first is asked, the others in turn when it fails.
type named struct {
	pool  *Pool
	addrs func(context.Context) ([]netip.Addr, error)
	port  uint16
	turn  atomic.Uint32

	mu     sync.Mutex
	plain  map[netip.Addr]*plain // at most maxAddrs, as the list is
	closed bool
}

func (n *named) exchange(ctx context.Context, query, buf []byte, timeout time.Duration) ([]byte, error) {
	list, err := n.addrs(ctx)
	if err != nil {
		return nil, err
	}
	a := list[int(n.turn.Load())%len(list)]
	p, err := n.server(a)
	if err != nil {
		return nil, err
	}
	answer, err := p.exchange(ctx, query, buf, timeout)
	if err != nil {
		n.turn.Add(1)
	}
	return answer, err
}

func (n *named) server(a netip.Addr) (*plain, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, errClosed
	}
	if p := n.plain[a]; p != nil {
		return p, nil
	}
	if n.plain == nil || len(n.plain) >= maxAddrs {
		for _, old := range n.plain {
			old.close()
		}
		n.plain = map[netip.Addr]*plain{}
	}
	p := n.pool.newPlain(netip.AddrPortFrom(a, n.port))
	n.plain[a] = p
	return p, nil
}

func (n *named) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	for _, p := range n.plain {
		p.close()
	}
}
