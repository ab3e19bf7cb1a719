package api

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"cardea/cloud/api/guard"
	"cardea/cloud/api/problem"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// meter counts; no label names a home, a person or an address.
type meter struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	streams  prometheus.Gauge
	limited  prometheus.Counter
}

func newMeter(reg prometheus.Registerer) (*meter, error) {
	m := &meter{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "cardea_http_requests_total", Help: "Requests by route and status."}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "cardea_http_request_seconds", Help: "How long requests took, without event streams.",
			Buckets: []float64{.002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10}}, []string{"route"}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{Name: "cardea_http_streams", Help: "Open event streams."}),
		limited: prometheus.NewCounter(prometheus.CounterOpts{Name: "cardea_http_limited_total", Help: "Requests refused because there were too many from one address."}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.seconds, m.streams, m.limited} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("api: metrics: %w", err)
		}
	}
	return m, nil
}

// count counts requests by the pattern that they match; what matches none is one route.
func (m *meter) count(mux *http.ServeMux) guard.Step {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			route := "app"
			if isAPI(r.URL.Path) {
				if _, route = mux.Handler(r); route == "" {
					route = "none"
				}
			}
			c := &counted{ResponseWriter: w, status: http.StatusOK}
			from := time.Now()
			next.ServeHTTP(c, r)
			m.requests.WithLabelValues(route, strconv.Itoa(c.status)).Inc()
			if c.Header().Get("Content-Type") != "text/event-stream" {
				m.seconds.WithLabelValues(route).Observe(time.Since(from).Seconds())
			}
		})
	}
}

type counted struct {
	http.ResponseWriter
	status int
}

func (c *counted) WriteHeader(code int)        { c.status = code; c.ResponseWriter.WriteHeader(code) }
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// operations are for whoever runs the server. Metrics are for this machine only: a proxy's requests are not.
func (s *Server) operations(mux *http.ServeMux, document []byte) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if s.parts.Ready != nil {
			if err := s.parts.Ready(r.Context()); err != nil {
				s.log.Warn("not ready", "err", err)
				problem.Write(w, problem.New(problem.NotReady, "").After(2*time.Second))
				return
			}
		}
		fmt.Fprintln(w, "ready")
	})
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(document) // the client may have gone
	})
	metrics := promhttp.HandlerFor(s.config.Metrics, promhttp.HandlerOpts{})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if !guard.Local(r) {
			problem.Write(w, problem.New(problem.NotFound, ""))
			return
		}
		metrics.ServeHTTP(w, r)
	})
}
