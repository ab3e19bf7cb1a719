package bench

import (
	"context"
	"fmt"
	"os/exec"
	"time"
)

// Resolver measures the home's DNS server beside dnsmasq with the same list of a million names. The program that calls it
// calls DNSServerMain first thing in main.
func Resolver(ctx context.Context, o Options) (*Report, error) {
	o.defaults(40)
	r := newReport("dns", o)
	d := DNSOptions{Names: o.scaled(listNames), Dnsmasq: true}
	if _, err := exec.LookPath("dnsmasq"); err != nil {
		d.Dnsmasq = false
		r.note("dnsmasq is not installed: not compared")
	}
	// three phases on each of two servers, and about a tenth of the time to load the lists
	d.Phase = max(200*time.Millisecond, time.Duration(o.Seconds)*time.Second*9/10/6)
	o.Say("list of %d names, %v of questions of each kind", d.Names, d.Phase)
	res, err := DNS(ctx, d)
	if err != nil {
		return nil, err
	}
	r.Input = map[string]any{"names": res.Names, "phase_seconds": res.Phase}
	row := func(what, unit string, goal func(Measure) Measure, of func(*DNSServerResult) float64) {
		m := goal(measure(what, unit, []float64{of(&res.Cardea)}))
		if res.Dnsmasq != nil {
			m = m.beside("dnsmasq", []float64{of(res.Dnsmasq)})
		}
		r.add(m)
	}
	least := func(v float64) func(Measure) Measure { return func(m Measure) Measure { return m.atLeast(v) } }
	most := func(v float64) func(Measure) Measure { return func(m Measure) Measure { return m.atMost(v) } }
	const answers = "answers/CPU-s"
	row("names on the list, blocked", answers, least(150e3), func(s *DNSServerResult) float64 { return s.Blocked })
	row("cached names", answers, least(200e3), func(s *DNSServerResult) float64 { return s.Cached })
	row("names that are forwarded", answers, least(44e3), func(s *DNSServerResult) float64 { return s.Forwarded })
	row("from start to the first answer, list loaded", "CPU-s", most(0.5), func(s *DNSServerResult) float64 { return s.LoadCPU })
	row("resident memory, list loaded", "bytes", most(32<<20), func(s *DNSServerResult) float64 { return float64(s.RSSLoaded) })
	row("resident memory after all questions", "bytes", most(40<<20), func(s *DNSServerResult) float64 { return float64(s.RSSAfter) })
	r.note(fmt.Sprintf("cardea answered all but %d of %d questions", res.Cardea.Unanswered, res.Cardea.Queries))
	if res.Dnsmasq != nil {
		r.note(fmt.Sprintf("dnsmasq answered all but %d of %d questions", res.Dnsmasq.Unanswered, res.Dnsmasq.Queries))
	}
	r.note("the resolver alone in a process, not the whole agent; one round: the two servers do not run at the same time")
	return r.done(), nil
}
