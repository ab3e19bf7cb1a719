package gateway

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"cardea/home"
	"cardea/wire/pb"

	"github.com/google/renameio/v2"
)

const (
	runningFile = "running"      // is there while the agent runs, and says since which start of the machine: at a start it tells of a crash
	crashesFile = "crashes.json" // when crashes were noticed
	cutsFile    = "cuts.json"    // when the machine was found to have restarted without a stop of the agent
	manyCuts    = 3              // so many in a day are not the power's doing
	maxCrashes  = 32
	maxStops    = 1_000_000
	day         = 24 * time.Hour
)

// vitals are figures of the last day, by hour. A rollout's gates look at them.
type vitals struct {
	mu      sync.Mutex
	crashes []time.Time
	hours   [25]vital // by hours since 1970, modulo
	last    struct {  // counters as they were sampled
		at                     time.Time
		findings, stops, moved uint64
	}
}

type vital struct {
	hour            int64
	findings, stops uint64
	peak            uint64 // bytes a second
}

// bootFile names the start of the machine: the kernel draws it anew each time. A test has another.
const bootFile = "/proc/sys/kernel/random/boot_id"

// bootOf reads it; "" when it is not known.
func bootOf(path string) string {
	b, err := os.ReadFile(path)
	if err != nil || len(b) > 64 {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// start notes a start, and a crash when no stop came before it and the machine has run all the time since: where the power failed, the
// agent did not. A machine that restarts again and again may do so because of the agent: the third time in a day counts. boot names this
// start of the machine; "": that is not known, and then a missing stop counts as a crash.
func (v *vitals) start(dir, boot string, now time.Time) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.crashes = readTimes(filepath.Join(dir, crashesFile))
	running := filepath.Join(dir, runningFile)
	was, err := os.ReadFile(running)
	before := strings.TrimSpace(string(was))
	crashed := err == nil && (boot == "" || before == "" || before == boot)
	if err == nil && !crashed {
		cuts := append(readTimes(filepath.Join(dir, cutsFile)), now)
		if err := writeTimes(filepath.Join(dir, cutsFile), cuts); err != nil {
			return err
		}
		crashed = lately(cuts, now) >= manyCuts
	}
	if crashed {
		v.crashes = append(v.crashes, now)
		if err := writeTimes(filepath.Join(dir, crashesFile), v.crashes); err != nil {
			return err
		}
	}
	return renameio.WriteFile(running, []byte(boot+"\n"), 0o600)
}

// readTimes reads a file of times; what cannot be read is begun anew.
func readTimes(path string) (out []time.Time) {
	b, err := os.ReadFile(path)
	if err != nil || len(b) > 64<<10 || json.Unmarshal(b, &out) != nil {
		return nil
	}
	return out
}

func writeTimes(path string, list []time.Time) error {
	b, err := json.Marshal(list[max(0, len(list)-maxCrashes):])
	if err != nil {
		return err
	}
	return renameio.WriteFile(path, b, 0o600)
}

// lately counts the times of the last day.
func lately(list []time.Time, now time.Time) (n int) {
	for _, t := range list {
		if age := now.Sub(t); age >= 0 && age < day {
			n++
		}
	}
	return n
}

// stop notes that the agent ends as it should.
func (v *vitals) stop(dir string) error {
	err := os.Remove(filepath.Join(dir, runningFile))
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// sample takes counters, that begin with the program, and gives the sums of the last day.
func (v *vitals) sample(now time.Time, findings, stops, moved uint64) (out vital) {
	v.mu.Lock()
	defer v.mu.Unlock()
	hour := now.Unix() / 3600
	h := &v.hours[((hour%25)+25)%25]
	if h.hour != hour {
		*h = vital{hour: hour}
	}
	if took := now.Sub(v.last.at); !v.last.at.IsZero() && took > 0 {
		h.findings += findings - min(findings, v.last.findings)
		h.stops += stops - min(stops, v.last.stops)
		if took >= 30*time.Second {
			h.peak = max(h.peak, uint64(float64(moved-min(moved, v.last.moved))/took.Seconds()))
		}
	} else {
		h.findings, h.stops = h.findings+findings, h.stops+stops
	}
	if took := now.Sub(v.last.at); took >= 30*time.Second || took < 0 {
		v.last.moved, v.last.at = moved, now
	}
	v.last.findings, v.last.stops = findings, stops
	for _, h := range v.hours {
		if hour-h.hour >= 0 && hour-h.hour <= 24 {
			out.findings, out.stops, out.peak = out.findings+h.findings, out.stops+h.stops, max(out.peak, h.peak)
		}
	}
	return out
}

func (v *vitals) crashed(now time.Time) (n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return lately(v.crashes, now)
}

// health is what a rollout's gates look at.
func (g *Gateway) health() *pb.Health {
	now := g.now()
	s := g.resolver.Stats()
	g.mu.Lock()
	findings := g.judge.Stats().Findings
	g.mu.Unlock()
	d := g.vitals.sample(now, findings, s.Blocked+s.BlockedAnswers, moved(g.cfg.WAN))
	broken, asks := g.disturbed(now)
	return &pb.Health{
		Crashes: uint32(g.vitals.crashed(now)), Asked: s.Queries, Unanswered: s.Failed, Broken: broken, Findings: uint32(min(d.findings, maxStops)),
		Stops: uint32(min(d.stops, maxStops)), Memory: resident(), Throughput: d.peak, Asks: asks,
	}
}

// disturbed counts devices whose normal work a block or a containment disturbs now, and how often people let out or dismissed in the last
// day.
func (g *Gateway) disturbed(now time.Time) (broken, asks uint32) {
	devices := map[home.DeviceID]bool{}
	for _, i := range g.responder.Incidents() {
		if i.Harm != nil && i.State != home.StateClosed {
			devices[i.Device] = true
		}
		for _, t := range i.History {
			people := t.By == "owner" || t.By == "portal" || t.By == "support"
			if age := now.Sub(t.Time); people && age >= 0 && age < day && (t.To == home.StateProbation || t.To == home.StateClosed) {
				asks++
			}
		}
	}
	return uint32(len(devices)), asks
}

// software is the agent's own program.
func (g *Gateway) software() *pb.Software {
	out := &pb.Software{Platform: platform(), Version: g.version, Bundle: g.runs.Bundle, State: "steady"}
	s, err := g.versions.State()
	if err != nil {
		return out
	}
	if !g.runs.Trial || s.Trial == nil {
		out.Bundle = s.Has()
	}
	out.Tried, out.Why = s.Tried()
	switch {
	case g.runs.Trial && s.Trial != nil:
		out.State = "proving"
	case s.Returned:
		out.State = "returned"
	}
	return out
}

// moved is how many bytes an interface received and sent; 0 when that is not known.
func moved(name string) uint64 {
	b, err := os.ReadFile("/proc/self/net/dev")
	if err != nil {
		return 0
	}
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		is, rest, ok := strings.Cut(strings.TrimSpace(s.Text()), ":")
		if f := strings.Fields(rest); ok && is == name && len(f) > 8 {
			in, _ := strconv.ParseUint(f[0], 10, 64) // the kernel's own numbers
			out, _ := strconv.ParseUint(f[8], 10, 64)
			return in + out
		}
	}
	return 0
}

// resident is the memory that the agent has.
func resident() uint64 {
	b, err := os.ReadFile("/proc/self/statm")
	if f := strings.Fields(string(b)); err == nil && len(f) > 1 {
		pages, _ := strconv.ParseUint(f[1], 10, 64) // the kernel's own number
		return pages * uint64(os.Getpagesize())
	}
	return 0
}
