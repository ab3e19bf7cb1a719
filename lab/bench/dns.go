package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// DNSOptions says what to measure. The zero value of a field means its default.
type DNSOptions struct {
	Names   int           // blocked names; default 1,000,000
	Phase   time.Duration // of load, for each of blocked, cached, forwarded; default 3 s
	Dnsmasq bool          // measure dnsmasq with the same list as well, when it is installed
	Folder  string        // for the list, 40 MB for a million names; default: a temporary one
}

// DNSServerResult is what one server did. Rates are answers for each second of the server's own CPU time (user and
// system, of all its threads), so that they do not depend on who else uses the machine.
type DNSServerResult struct {
	Program    string  `json:"program"`
	LoadCPU    float64 `json:"load_cpu_seconds"` // from start to first answer
	RSSLoaded  int64   `json:"rss_loaded_bytes"` // with the list loaded, before the first query
	RSSAfter   int64   `json:"rss_after_bytes"`  // after all phases
	RSSFlood   int64   `json:"rss_flood_bytes"`  // after random names that no upstream answers
	RSSPeak    int64   `json:"rss_peak_bytes"`
	Blocked    float64 `json:"blocked_per_cpu_second"`
	Cached     float64 `json:"cached_per_cpu_second"`
	Forwarded  float64 `json:"forwarded_per_cpu_second"`
	Queries    uint64  `json:"queries"`
	Unanswered uint64  `json:"unanswered"`
}

// DNSResult is the whole measurement.
type DNSResult struct {
	Names   int               `json:"names"`
	Phase   float64           `json:"phase_seconds"`
	Cardea  DNSServerResult   `json:"cardea"`
	Dnsmasq *DNSServerResult  `json:"dnsmasq,omitempty"`
	Ratios  map[string]string `json:"ratios,omitempty"` // Cardea ÷ dnsmasq
}

// DNS measures the resolver beside dnsmasq on loopback. The servers are processes of their own: the program that calls
// this must call DNSServerMain first thing in main, because it is started again as the server.
func DNS(ctx context.Context, o DNSOptions) (res DNSResult, err error) {
	if o.Names == 0 {
		o.Names = 1_000_000
	}
	if o.Phase == 0 {
		o.Phase = 3 * time.Second
	}
	res = DNSResult{Names: o.Names, Phase: o.Phase.Seconds()}
	dir, err := os.MkdirTemp(o.Folder, "cardea-bench-dns-")
	if err != nil {
		return res, fmt.Errorf("DNS benchmark: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	list := filepath.Join(dir, "list.conf")
	if err := dnsWriteList(list, o.Names); err != nil {
		return res, fmt.Errorf("DNS benchmark: writing the list: %w", err)
	}
	up, err := newDNSUpstream()
	if err != nil {
		return res, fmt.Errorf("DNS benchmark: %w", err)
	}
	defer up.close()
	self, err := dnsSelf(list, up.addr)
	if err != nil {
		return res, fmt.Errorf("DNS benchmark: %w", err)
	}
	if res.Cardea, err = dnsMeasure(ctx, "cardea", self, netip.AddrPort{}, up, o); err != nil {
		return res, err
	}
	if !o.Dnsmasq {
		return res, nil
	}
	cmd, at, err := dnsmasq(list, dir, up.addr)
	if err != nil {
		return res, fmt.Errorf("DNS benchmark: %w", err)
	}
	other, err := dnsMeasure(ctx, "dnsmasq", cmd, at, up, o)
	if err != nil {
		return res, err
	}
	res.Dnsmasq = &other
	c := &res.Cardea
	ratio := func(a, b float64) string { return fmt.Sprintf("%.2f", a/max(b, 1e-9)) }
	res.Ratios = map[string]string{
		"blocked": ratio(c.Blocked, other.Blocked), "cached": ratio(c.Cached, other.Cached),
		"forwarded": ratio(c.Forwarded, other.Forwarded), "load_cpu": ratio(c.LoadCPU, other.LoadCPU),
		"rss_loaded": ratio(float64(c.RSSLoaded), float64(other.RSSLoaded)),
		"rss_after":  ratio(float64(c.RSSAfter), float64(other.RSSAfter)),
	}
	return res, nil
}

// dnsMeasure runs one server through all phases. at is where it listens; a server that chooses says so itself.
func dnsMeasure(ctx context.Context, name string, cmd *exec.Cmd, at netip.AddrPort, up *dnsUpstream, o DNSOptions) (r DNSServerResult, err error) {
	r.Program = name
	fail := func(err error) (DNSServerResult, error) {
		return r, fmt.Errorf("DNS benchmark of %s: %w", name, err)
	}
	p, err := dnsStart(cmd, at)
	if err != nil {
		return fail(err)
	}
	defer p.stop()
	load := &dnsLoad{server: p.addr}
	if err := load.untilAnswer(ctx, time.Minute); err != nil {
		return fail(err)
	}
	if r.LoadCPU, err = p.cpu(); err != nil {
		return fail(err)
	}
	r.RSSLoaded = p.memory("VmRSS:")
	for _, phase := range []struct {
		what string
		name func(i uint64) string
		rate *float64
	}{
		{"blocked", func(i uint64) string { return dnsListed(int(i*7919) % o.Names) }, &r.Blocked},
		{"cached", func(i uint64) string { return fmt.Sprintf("w%d.cached.test-site.net", i%1000) }, &r.Cached},
		{"forwarded", func(i uint64) string { return fmt.Sprintf("r%x.random.test-site.net", i*0x9e3779b97f4a7c15) }, &r.Forwarded},
	} {
		if phase.what == "cached" { // fill the cache first
			if _, err := load.run(ctx, phase.name, 300*time.Millisecond); err != nil {
				return fail(err)
			}
		}
		before, err := p.cpu()
		if err != nil {
			return fail(err)
		}
		n, err := load.run(ctx, phase.name, o.Phase)
		if err != nil {
			return fail(fmt.Errorf("%s: %w", phase.what, err))
		}
		after, err := p.cpu()
		if err != nil {
			return fail(err)
		}
		*phase.rate = float64(n.answered) / max(after-before, 0.01)
		r.Queries += n.sent
		r.Unanswered += n.sent - n.answered
	}
	r.RSSAfter = p.memory("VmRSS:")
	up.silent.Store(true)
	defer up.silent.Store(false)
	if _, err := load.run(ctx, func(i uint64) string { return fmt.Sprintf("f%x.flood.test-site.net", i) }, o.Phase); err != nil {
		return fail(fmt.Errorf("flood: %w", err))
	}
	r.RSSFlood, r.RSSPeak = p.memory("VmRSS:"), p.memory("VmHWM:")
	return r, nil
}

// dnsmasq prepares dnsmasq with the list.
func dnsmasq(list, dir string, up netip.AddrPort) (*exec.Cmd, netip.AddrPort, error) {
	at, err := dnsFreePort()
	if err != nil {
		return nil, at, err
	}
	user := "nobody"
	if os.Getuid() == 0 {
		user = "root"
	}
	return exec.Command("dnsmasq", "--keep-in-foreground", "--conf-file="+list, "--no-hosts", "--no-resolv", "--user="+user,
		"--pid-file="+filepath.Join(dir, "pid"), "--listen-address=127.0.0.1", "--bind-interfaces", fmt.Sprintf("--port=%d", at.Port()),
		fmt.Sprintf("--server=%s#%d", up.Addr(), up.Port()), "--cache-size=10000", "--dns-forward-max=1024"), at, nil
}

// dnsChild is how a server process is told what to do.
type dnsChild struct {
	List     string         `json:"list"`
	Upstream netip.AddrPort `json:"upstream"`
}

// dnsChildEnv marks a process that is to be the server.
const dnsChildEnv = "CARDEA_BENCH_DNS_SERVER"

func dnsSelf(list string, up netip.AddrPort) (*exec.Cmd, error) {
	b, err := json.Marshal(dnsChild{list, up})
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), dnsChildEnv+"="+string(b))
	return cmd, nil
}
