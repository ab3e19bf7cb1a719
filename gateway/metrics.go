package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"cardea/gateway/control"
)

// counters are the gateway's own; the stages keep theirs.
type counters struct {
	mu sync.Mutex
	n  map[string]uint64
}

func (g *Gateway) count(name string, n uint64) {
	g.tally.mu.Lock()
	defer g.tally.mu.Unlock()
	if g.tally.n == nil {
		g.tally.n = map[string]uint64{}
	}
	g.tally.n[name] += n
}

// counts gathers the counters of all stages under their metric names, without prefix and suffix.
func (g *Gateway) counts() map[string]uint64 {
	g.tally.mu.Lock()
	out := maps.Clone(g.tally.n)
	g.tally.mu.Unlock()
	if out == nil {
		out = map[string]uint64{}
	}
	g.mu.Lock()
	o := g.observer.Stats()
	b := g.judge.Stats()
	g.mu.Unlock()
	out["contacts"], out["flows_unattributed"], out["flows_forgotten"] = o.Contacts, o.Unattributed, o.FlowsForgotten
	out["contacts_folded"], out["devices_forgotten"] = o.ContactsFolded, o.DevicesForgotten
	out["observations"], out["findings"], out["findings_suppressed"] = b.Observations, b.Findings, b.Suppressed
	addStages(g, out)
	g.cloud.mu.Lock()
	defer g.cloud.mu.Unlock()
	out["cloud_announced_full"], out["cloud_hours_dropped"] = g.cloud.announced.Full(), g.cloud.hours.Dropped()
	return out
}

// writeMetrics writes all counters and gauges in the Prometheus text format, version 0.0.4. No metric has a label: none
// names a device. (The client library would be much code for this.)
func (g *Gateway) writeMetrics(w io.Writer) {
	counts := g.counts()
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		full := "cardea_agent_" + strings.ReplaceAll(name, "-", "_") + "_total"
		fmt.Fprintf(w, "# TYPE %s counter\n%s %d\n", full, full, counts[name])
	}
	s := g.Status()
	cloud := s.Cloud
	if cloud == nil {
		cloud = &control.Cloud{}
	}
	for _, v := range []struct {
		name  string
		value int
	}{
		{"cloud_enrolled", truth(s.Cloud != nil)}, {"cloud_connected", truth(cloud.Connected)}, {"cloud_spool_items", int(cloud.Items)},
		{"cloud_spool_bytes", int(cloud.Bytes)}, {"cloud_desired_version", int(cloud.Desired)}, {"cloud_wanted_version", int(cloud.Wanted)},
		{"armed", truth(s.Armed)}, {"contained", s.Contained}, {"devices", s.Devices}, {"incidents", s.Incidents},
		{"indicators", s.Indicators}, {"ready", truth(s.Ready)},
	} {
		fmt.Fprintf(w, "# TYPE cardea_agent_%s gauge\ncardea_agent_%s %d\n", v.name, v.name, v.value)
	}
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// serveMetrics serves /metrics, /healthz and /readyz at the configured address, which is never one of the WAN side.
func (g *Gateway) serveMetrics(ctx context.Context) error {
	if g.cfg.Metrics == "" {
		<-ctx.Done()
		return nil
	}
	m := http.NewServeMux()
	m.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		g.writeMetrics(w)
	})
	m.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	m.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		g.state.mu.Lock()
		err := g.state.err
		g.state.mu.Unlock()
		if !g.ready.Load() || err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, "not ready: names are not answered yet, or the rules are not in force; cardea-agent status says more")
			return
		}
		fmt.Fprintln(w, "ready")
	})
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", g.cfg.Metrics)
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	srv := &http.Server{Handler: g.localOnly(m), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10}
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}

// localOnly turns away who is neither on the gateway nor at home, also when the address was configured to be any.
func (g *Gateway) localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a := clientAddr(r); a.IsLoopback() || g.atHome(a) {
			next.ServeHTTP(w, r)
			return
		}
		http.Error(w, "For the gateway and the home only.", http.StatusForbidden)
	})
}

// addStages adds the stages' own counters.
func addStages(g *Gateway, out map[string]uint64) {
	k, r, l := g.kernel.Stats(), g.resolver.Stats(), g.ledger.Stats()
	for name, n := range map[string]uint64{
		"conntrack_events": k.Conntrack, "first_packets": k.Packets, "capture_overruns": k.Overruns, "capture_resyncs": k.Resyncs,
		"capture_lost_packets": k.LostPackets, "capture_malformed": k.Malformed, "capture_shed": k.Shed, "flows_unproven": k.Unproven,
		"flows_evicted": k.Evicted, "flows_missed": k.Missed, "dns_queries": r.Queries, "dns_blocked": r.Blocked,
		"dns_blocked_answers": r.BlockedAnswers, "dns_cache_hits": r.Hits, "dns_forwarded": r.Forwarded, "dns_failed": r.Failed,
		"dns_malformed": r.Malformed, "dns_foreign": r.Foreign, "dns_rate_limited": r.RateLimited, "dns_rebinds": r.Rebinds,
		"dns_contained": r.Contained, "ledger_appended": l.Appended, "ledger_corrupt": l.Corrupt, "ledger_dropped": l.Dropped,
		"enforce_writes": g.enforcer.Writes(), "enforce_healed": g.enforcer.Healed(),
	} {
		out[name] = n
	}
}
