// Package upstream asks other DNS servers over UDP, TCP, TLS (RFC 7858) and HTTPS (RFC 8484), with failover. It imports
// the standard library and resolve/message. A Pool owns its connections and what it remembers of the servers' health.
package upstream

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Proto is how a server is asked.
type Proto string

// The protocols of a server.
const (
	UDP   Proto = "udp" // with TCP when an answer is truncated
	TCP   Proto = "tcp"
	TLS   Proto = "tls"
	HTTPS Proto = "https"
)

// Server is one upstream.
type Server struct {
	Proto Proto
	Host  string       // name, for TLS and HTTPS also the name its certificate must have; "" when Addrs say it all
	Addrs []netip.Addr // its addresses; none: looked up through the bootstrap servers
	Port  uint16
	Path  string         // HTTPS only
	Roots *x509.CertPool // nil: the system's
}

// ErrServer says that the text does not name an upstream.
var ErrServer = errors.New("want an address, or udp://, tcp://, tls:// or https:// with a name or an address")

// Parse reads an upstream as people write it: 192.0.2.1, [2001:db8::1]:5353, tls://dns.example, tls://192.0.2.1,
// https://dns.example/dns-query. A name may be given addresses behind '@', so that nothing has to be looked up:
// tls://dns.example@192.0.2.1@2001:db8::1.
func Parse(s string) (Server, error) {
	u := Server{Proto: UDP, Port: 53}
	text, addresses, _ := strings.Cut(s, "@")
	if !strings.Contains(text, "://") {
		if ip, err := netip.ParseAddr(text); err == nil && ip.Is6() {
			text = "[" + text + "]"
		}
		text = "udp://" + text
	}
	p, err := url.Parse(text)
	if err != nil || p.Hostname() == "" || p.User != nil || p.RawQuery != "" || p.Fragment != "" {
		return u, fmt.Errorf("upstream %q: %w", s, ErrServer)
	}
	switch u.Proto, u.Host = Proto(p.Scheme), p.Hostname(); u.Proto {
	case UDP, TCP:
	case TLS:
		u.Port = 853
	case HTTPS:
		u.Port, u.Path = 443, p.EscapedPath()
		if u.Path == "" || u.Path == "/" {
			u.Path = "/dns-query"
		}
	default:
		return u, fmt.Errorf("upstream %q: %w", s, ErrServer)
	}
	if u.Proto != HTTPS && p.Path != "" {
		return u, fmt.Errorf("upstream %q: a path makes sense with https:// only", s)
	}
	if p.Port() != "" {
		n, err := strconv.ParseUint(p.Port(), 10, 16)
		if err != nil || n == 0 {
			return u, fmt.Errorf("upstream %q: port %s", s, p.Port())
		}
		u.Port = uint16(n)
	}
	if ip, err := netip.ParseAddr(u.Host); err == nil {
		u.Addrs = append(u.Addrs, ip)
	}
	for a := range strings.SplitSeq(addresses, "@") {
		if a == "" {
			continue
		}
		ip, err := netip.ParseAddr(a)
		if err != nil {
			return u, fmt.Errorf("upstream %q: address: %w", s, err)
		}
		u.Addrs = append(u.Addrs, ip)
	}
	return u, nil
}

func (u Server) String() string {
	host := u.Host
	if host == "" && len(u.Addrs) > 0 {
		host = u.Addrs[0].String()
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return fmt.Sprintf("%s://%s:%d%s", u.Proto, host, u.Port, u.Path)
}
