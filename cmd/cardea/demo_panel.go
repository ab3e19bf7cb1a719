package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"cardea/lab"
)

//go:embed panel.html
var panelHTML string

//go:embed panel.css
var panelCSS []byte

var panelPage = template.Must(template.New("panel").Parse(panelHTML))

// panel is the page with the lab's buttons: infect, take off the mains, cut the cloud.
type panel struct {
	home *lab.Home
	look *seat                                                  // the gateway's page, seen from a device; nil without one
	link func(ctx context.Context, kind string) (string, error) // that signs a resident or staff in, once
	told func(text string)

	mu   sync.Mutex
	cut  bool
	said string
}

// run serves until ctx ends.
func (p *panel) run(ctx context.Context, l net.Listener) error {
	srv := &http.Server{Handler: p.handler(), ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the lab's page: %w", err)
	}
	return nil
}

func (p *panel) handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", p.show)
	m.HandleFunc("GET /panel.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		_, _ = w.Write(panelCSS) // the browser is gone: nobody to tell
	})
	for _, kind := range []string{"resident", "staff"} {
		m.HandleFunc("GET /open/"+kind, func(w http.ResponseWriter, r *http.Request) {
			to, err := p.link(r.Context(), kind)
			if err != nil {
				http.Error(w, err.Error(), http.StatusServiceUnavailable)
				return
			}
			w.Header().Set("Referrer-Policy", "no-referrer")
			http.Redirect(w, r, to, http.StatusSeeOther)
		})
	}
	m.HandleFunc("POST /infect", p.deed(func(ctx context.Context, r *http.Request) (string, error) {
		name, err := p.home.Infect(ctx, r.PostFormValue("device"))
		return name + " is infected. The agent is not told.", err
	}))
	m.HandleFunc("POST /power", p.deed(func(ctx context.Context, r *http.Request) (string, error) {
		name := r.PostFormValue("device")
		return name + " was off the mains for a moment.", p.home.PowerCycle(ctx, name)
	}))
	m.HandleFunc("POST /sit", p.deed(func(_ context.Context, r *http.Request) (string, error) {
		if p.look == nil {
			return "", errors.New("there is no way into this home")
		}
		name := r.PostFormValue("device")
		return "A browser that uses this page as its proxy now sits at " + name + ".", p.look.sit(name)
	}))
	m.HandleFunc("POST /cloud", p.deed(func(_ context.Context, r *http.Request) (string, error) {
		return "", p.cutCloud(r.PostFormValue("cut") == "yes")
	}))
	// Another page of the same browser presses no button here, not under another name of this address either.
	inside := http.NewCrossOriginProtection().Handler(m)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.look != nil && r.URL.IsAbs() { // only who has us as a proxy asks like this; a page in a browser cannot
			p.look.handler().ServeHTTP(w, r)
			return
		}
		if host, _, err := net.SplitHostPort(r.Host); err != nil || host != "localhost" && host != "127.0.0.1" {
			http.Error(w, "This page is at localhost only.", http.StatusMisdirectedRequest)
			return
		}
		inside.ServeHTTP(w, r)
	})
}

func (p *panel) cutCloud(cut bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut == cut {
		return nil
	}
	if err := p.home.CutCloud(cut); err != nil {
		return err
	}
	p.cut = cut
	return nil
}

func (p *panel) show(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	data := struct {
		Said    string
		Cut     bool
		Devices []lab.Info
	}{p.said, p.cut, p.home.Devices()}
	p.mu.Unlock()
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	_ = panelPage.Execute(w, data) // the browser is gone: nobody to tell
}

// deed does what a button asks for and shows the page again.
func (p *panel) deed(do func(context.Context, *http.Request) (string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), actTime)
		defer cancel()
		r.Body = http.MaxBytesReader(w, r.Body, 4096)
		says, err := do(ctx, r)
		if err != nil {
			says = "That did not work: " + err.Error() + "."
		}
		p.mu.Lock()
		p.said = says
		p.mu.Unlock()
		if p.told != nil && says != "" {
			p.told(says)
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}
