package whole

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"cardea/lab/device"
	"cardea/lab/frame"
	"cardea/lab/plan"

	"github.com/miekg/dns"
)

const (
	floodFlows = 60_000
	floodNames = 30_000
	// mostMemory is what the agent may ever use, in kB of resident memory, whatever one device does (33 MB were measured, November
	// 2026); the pages of the program itself are part of it.
	mostMemory = 48 << 10
)

// One device opens as many flows and asks for as many names as it can: the agent's memory stays bounded, everybody else is
// served, and what was not done is counted and said.
func TestShortageIsShedAndShown(t *testing.T) {
	w := begin(t, options{Options: plan.Options{Seed: 91}, config: "  automatic: false\n"})
	before := w.memory("VmHWM")
	flood := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() { defer close(flood); w.flood(camera) })
	served := 0
	names := w.sticky(laptop, false)
	for done := false; !done; served++ {
		select {
		case <-flood:
			done = true
		default:
		}
		names.works(w, plan.VideoName, "during the flood")
		w.online(laptop)
		w.alive()
	}
	running.Wait()
	w.online(laptop, phone, alarm)
	w.alive()
	peak := w.memory("VmHWM")
	t.Logf("resident memory: %d kB before, %d kB at most; others were served %d times during the flood", before, peak, served)
	if peak > mostMemory {
		t.Errorf("the agent used %d kB, more than %d", peak, mostMemory)
	}
	var shed []string
	s := w.status()
	for _, name := range []string{"capture_shed", "contacts_folded", "flows_forgotten", "flows_evicted", "dns_rate_limited"} {
		shed = append(shed, fmt.Sprintf("%s %d", name, s.Counters[name]))
	}
	t.Logf("shed: %s", strings.Join(shed, ", "))
	if s.Counters["capture_shed"]+s.Counters["contacts_folded"]+s.Counters["flows_forgotten"] == 0 || s.Counters["dns_rate_limited"] == 0 {
		t.Error("nothing was shed, or it was not counted")
	}
	w.eventually("the status says what was shed", func() bool { return len(w.status().Degraded) > 0 })
	t.Logf("the status says: %s", strings.Join(w.status().Degraded, " "))
}

// flood sends first packets of flows to everywhere, and questions for names that nobody has, as fast as it can.
func (w *world) flood(name string) {
	s, err := w.home.Space(name)
	if err != nil {
		w.t.Error(err)
		return
	}
	raw, err := frame.Open(s, device.Iface, nil)
	if err != nil {
		w.t.Error(err)
		return
	}
	defer raw.Close()
	d := w.info(name)
	r := rand.New(rand.NewPCG(91, 0))
	from := func() netip.AddrPort { return netip.AddrPortFrom(d.IPv4, uint16(1024+r.IntN(60000))) }
	for i := range floodFlows {
		to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 19, byte(r.IntN(256)), byte(r.IntN(256))}), uint16(r.IntN(65536)))
		raw.Write(frame.SYN(d.Now, w.home.Plan.LAN.MAC, from(), to, r.Uint32())) // a full queue is the flooder's own loss
		if i < floodNames {
			q := new(dns.Msg).SetQuestion(fmt.Sprintf("%x.%x.example.", r.Uint64(), r.Uint32()), dns.TypeA)
			b, err := q.Pack()
			if err != nil {
				continue
			}
			raw.Write(frame.UDP(d.Now, w.home.Plan.LAN.MAC, from(), netip.AddrPortFrom(w.facts.Gateway4, 53), b))
		}
	}
}

// memory is a line of the agent's /proc/PID/status, in kB. VmHWM is the most that was ever resident.
func (w *world) memory(what string) int {
	w.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.agent.cmd.Process.Pid))
	w.must(err)
	f := strings.Fields(string(b))
	i := slices.Index(f, what+":")
	if i < 0 {
		w.t.Fatalf("no %s in %s", what, b)
	}
	n, err := strconv.Atoi(f[i+1])
	w.must(err)
	return n
}
