// Package portal is the walled-garden page: static HTML from the gateway itself that tells which device was shut in, when
// and why, what to do, and lets it out again. It needs no cloud and no JavaScript. It may import home only; what it shows
// and asks for it declares as an interface. Everything a device calls itself is untrusted text and rendered as text.
package portal

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"cardea/home"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// View is one incident as the page shows it.
type View struct {
	Incident home.Incident
	Device   home.Device
	Name     string // what its owner calls it, else what it calls itself
	Grade    home.Grade
}

// Home is what the portal asks of the gateway.
type Home interface {
	// Incidents lists the open incidents, the newest first. What a Home can do besides: see Planner and the like.
	Incidents() []View
	// Check looks whether an incident's symptom is gone.
	Check(id string) (home.Check, error)
	// Release lets a device out.
	Release(Wish) error
}

// Config is where the portal listens and what it says of the provider.
type Config struct {
	Listen   []netip.AddrPort // the gateway's own addresses on the LAN, with the portal's port
	Home     []netip.Prefix   // who may ask: the home's networks, live as returned by Clients if that is set
	Clients  func(netip.Addr) bool
	Owner    func(netip.Addr) home.DeviceID // whose an address is, "" if unknown; nil: what the device's list says
	Provider string
	Phone    string
	Brand    func() home.Brand // as the cloud said it; over Provider and Phone. nil, or empty: nothing was said
	// Seen is called when somebody at home was shown an incident.
	Seen  func(incident string)
	Clock func(time.Time) time.Time // a time in the home's own zone; nil: the gateway's
	Now   func() time.Time          // nil: time.Now
}

const (
	captivePath = "/captive-portal-api"
	maxForm     = 4 << 10
	maxRequests = 64 // at once; more wait at most a moment and are turned away
)

// Portal serves the page.
type Portal struct {
	cfg   Config
	home  Home
	log   *slog.Logger
	key   [32]byte      // signs the form's token
	slots chan struct{} // owned by the portal; a request holds one while it is answered
	hosts map[string]bool
}

// New makes a Portal.
func New(cfg Config, h Home, log *slog.Logger) *Portal {
	p := &Portal{cfg: cfg, home: h, log: log, slots: make(chan struct{}, maxRequests), hosts: map[string]bool{}}
	rand.Read(p.key[:])
	for _, a := range cfg.Listen {
		host := a.Addr().String()
		if a.Addr().Is6() {
			host = "[" + host + "]"
		}
		for _, port := range []string{"", ":80", fmt.Sprint(":", a.Port())} {
			p.hosts[host+port] = true
		}
	}
	return p
}

// answerTime is how long an answer may take to be sent. It counts anew from when the page is made: what was asked for, as to let a
// device out, may take a busy gateway longer.
const answerTime = 10 * time.Second

// Run serves until ctx ends.
func (p *Portal) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	table := &conns{of: map[netip.Addr]int{}}
	for _, a := range p.cfg.Listen {
		inner, err := (&net.ListenConfig{Control: early}).Listen(ctx, "tcp", a.String())
		if err != nil {
			return fmt.Errorf("portal: %w", err)
		}
		l := limited{inner, table}
		srv := &http.Server{
			Handler: p.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
			WriteTimeout: answerTime, IdleTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10,
			ErrorLog: slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
		}
		g.Go(func() error {
			if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("portal: %w", err)
			}
			return nil
		})
		g.Go(func() error {
			<-ctx.Done()
			return srv.Close()
		})
	}
	return g.Wait()
}

// early lets us listen on an address that is not usable yet: at boot an IPv6 address is tentative for a second or two
// (RFC 4862 section 5.4), and an agent that cannot start until then protects nobody.
func early(network, _ string, c syscall.RawConn) error {
	var inner error
	err := c.Control(func(fd uintptr) {
		if network == "tcp6" {
			inner = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_FREEBIND, 1)
			return
		}
		inner = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_FREEBIND, 1)
	})
	return errors.Join(err, inner)
}

// Handler is the portal without its listeners.
func (p *Portal) Handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /", p.show)
	m.HandleFunc("GET "+captivePath, p.captive)
	m.HandleFunc("POST /check", p.check)
	m.HandleFunc("POST /release", p.release)
	m.HandleFunc("POST /step", p.step)
	m.HandleFunc("POST /undo", p.undo)
	m.HandleFunc("POST /contain", p.contain)
	m.HandleFunc("POST /dismiss", p.dismiss)
	m.HandleFunc("POST /read", p.read)
	return p.guard(m)
}

// guard turns away who is not at home, names that are not ours (a web page elsewhere must not steer this one by DNS
// rebinding) and floods.
func (p *Portal) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client := remote(r)
		if !p.atHome(client) {
			http.Error(w, "This page is for the home network only.", http.StatusForbidden)
			return
		}
		select {
		case p.slots <- struct{}{}:
			defer func() { <-p.slots }()
		default:
			http.Error(w, "Too many requests at once. Please try again.", http.StatusServiceUnavailable)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", policy(""))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		if !p.hosts[strings.ToLower(r.Host)] {
			// A contained device asks for any page: lead it here. RFC 6585 section 6 has 511 for this, but the checks that
			// phones and computers make expect a redirect.
			if r.Method == http.MethodGet || r.Method == http.MethodHead {
				http.Redirect(w, r, "http://"+p.own(r, p.visit(client))+"/", http.StatusFound)
				return
			}
			http.Error(w, "This is not the page you asked for.", http.StatusMisdirectedRequest)
			return
		}
		if o := r.Header.Get("Origin"); r.Method == http.MethodPost && o != "" && o != "null" && o != "http://"+r.Host {
			http.Error(w, "Please use the form on this page.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func remote(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

func (p *Portal) atHome(a netip.Addr) bool {
	if p.cfg.Clients != nil {
		return p.cfg.Clients(a)
	}
	for _, n := range p.cfg.Home {
		if n.Contains(a) {
			return true
		}
	}
	return a.IsLinkLocalUnicast()
}

// own is the address under which the client reached us. Contained devices come by port 80 (the kernel redirects it), so
// no port is named: for them port 80 is the only one open.
func (p *Portal) own(r *http.Request, v visit) string {
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		if ap, err := netip.ParseAddrPort(local.String()); err == nil {
			host := ap.Addr().Unmap().WithZone("").String()
			if ap.Addr().Unmap().Is6() {
				host = "[" + host + "]"
			}
			if p.hosts[host] {
				if v.self && shutsOff(v.own.Incident.Mode) {
					return host
				}
				return fmt.Sprint(host, ":", ap.Port())
			}
		}
	}
	return p.cfg.Listen[0].String()
}

func (p *Portal) ownerOf(a netip.Addr) home.DeviceID {
	if p.cfg.Owner == nil {
		return ""
	}
	return p.cfg.Owner(a)
}

func (p *Portal) now() time.Time {
	if p.cfg.Now != nil {
		return p.cfg.Now()
	}
	return time.Now()
}

// token ties a form to the client that was shown it.
func (p *Portal) token(client netip.Addr, incident string) string {
	m := hmac.New(sha256.New, p.key[:])
	fmt.Fprint(m, client, "\n", incident)
	return hex.EncodeToString(m.Sum(nil)[:16])
}
