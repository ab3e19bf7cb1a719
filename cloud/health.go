package cloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// health serves /healthz, /readyz and /metrics for a process without the API role, which serves them itself.
type health struct{ listeners []net.Listener }

func (s *Server) openHealth(ctx context.Context) (_ *health, err error) {
	h := &health{}
	for _, a := range s.cfg.HTTP {
		l, err := listen(ctx, a)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("serve on %s: %w", a, err), h.close())
		}
		h.listeners = append(h.listeners, l)
	}
	return h, nil
}

func (h *health) close() error {
	for _, l := range h.listeners {
		l.Close()
	}
	return nil
}

func (h *health) run(ctx context.Context, s *Server) error {
	srv := &http.Server{Handler: h.handler(s), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	defer context.AfterFunc(ctx, func() { srv.Close() })()
	ended := make(chan error, len(h.listeners)) // one value from each
	for _, l := range h.listeners {
		go func() { ended <- srv.Serve(l) }()
	}
	var errs []error
	for range h.listeners {
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (h *health) handler(s *Server) http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plainText(w, "ok") })
	m.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := s.ready(r.Context()); err != nil {
			s.log.Debug("not ready", "err", err)
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		plainText(w, "ready")
	})
	metrics := promhttp.HandlerFor(s.registry(), promhttp.HandlerOpts{})
	m.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !from.Addr().IsLoopback() || r.Header.Get("X-Forwarded-For") != "" {
			http.NotFound(w, r) // as the API does: counters are for the machine itself
			return
		}
		metrics.ServeHTTP(w, r)
	})
	return m
}

func plainText(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(text + "\n")) // whoever asked is gone: nobody to tell
}
