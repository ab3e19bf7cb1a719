package detect

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"cardea/gateway/judge"
	"cardea/home"
	"cardea/lab/eval/units"
	"cardea/lab/eval/usual"
)

// back looks back at units as a gateway does whose devices' models are learnt only now.
type back struct {
	report *Past
	days   map[dayKey]bool         // of benign units, on which there was something to tell
	hosts  map[*units.Unit]pastOne // what is told of benign units by themselves
}

// pastOne is what is told of one unit: devices and causes.
type pastOne map[pastKey]bool

type pastKey struct {
	device home.DeviceID
	cause  string
}

// looking begins; nil where no profile was learnt or nothing new is to be told.
func (r *run) looking() *back {
	if len(r.parts.train) == 0 || r.o.Ablation.NoFleet || slices.Contains(r.o.Ablation.Off, home.DetectNovelty) {
		return nil
	}
	return &back{
		report: &Past{Reasons: map[string]int{}, Examples: []string{}, Attacks: []PastAttack{}, Splices: []PastAttack{}},
		days:   map[dayKey]bool{}, hosts: map[*units.Unit]pastOne{},
	}
}

func (r *run) lookBack(ctx context.Context, u *units.Unit, watch func(*home.Observation)) (*usual.Back, error) {
	return usual.LookBack(ctx, u, usual.Options{Profiles: r.learned.set}, watch)
}

// lookAt looks back at a benign unit that no profile was learned from.
func (r *run) lookAt(ctx context.Context, u *units.Unit) error {
	if r.back == nil {
		return nil
	}
	w := newWatched()
	b, err := r.lookBack(ctx, u, w.observe)
	if err != nil {
		return err
	}
	p, one := r.back.report, pastOne{}
	r.back.hosts[u] = one
	if len(b.Judged) > 0 {
		p.Units++
	}
	p.Devices += len(b.Judged)
	p.DeviceDays += w.deviceDays()
	p.Findings += len(b.Found)
	told := map[home.DeviceID]bool{}
	for _, f := range b.Found {
		one[pastKey{f.Device, judge.Cause(f)}] = true
		told[f.Device] = true
		at, _ := f.Facts["last"].(time.Time)
		r.back.days[dayKey{f.Device, dayOf(at)}] = true
		p.Reasons[reason(f)]++
		if len(p.Examples) < 20 {
			p.Examples = append(p.Examples, u.Name+": "+f.Sentence)
		}
	}
	p.Told += len(told)
	return nil
}

// reason is why it is told, and of what kind the endpoint is.
func reason(f *home.Finding) string {
	e := &f.Card.Seen[0].Endpoint
	who := "bare address"
	if e.Name != "" {
		who = "name"
	}
	return fmt.Sprintf("%s, %d/%s", who, e.Port, e.Proto)
}

// lookAtAttack looks back at an attack that began before its device's model was learnt: is it told of the past?
func (r *run) lookAtAttack(ctx context.Context, c *captured, u, host *units.Unit, is func(home.DeviceID) bool) error {
	if r.back == nil {
		return nil
	}
	b, err := r.lookBack(ctx, u, nil)
	if err != nil {
		return err
	}
	out := PastAttack{File: c.file, Family: c.family, Judged: slices.ContainsFunc(b.Judged, is)}
	if host != nil {
		out.Host = host.Name
	}
	for _, f := range b.Found {
		if is(f.Device) && !r.back.hosts[host][pastKey{f.Device, judge.Cause(f)}] {
			out.Findings++
			out.Sentence = cmp.Or(out.Sentence, f.Sentence)
		}
	}
	out.Told = out.Findings > 0
	if host == nil {
		r.back.report.Attacks = append(r.back.report.Attacks, out)
	} else {
		r.back.report.Splices = append(r.back.report.Splices, out)
	}
	return nil
}

// done puts the sums into the report.
func (b *back) done(devices int) *Past {
	if b == nil {
		return nil
	}
	b.report.Alerts = rate(len(b.days), b.report.DeviceDays, devices)
	b.report.DeviceDays = math.Round(b.report.DeviceDays*1e6) / 1e6
	return b.report
}

func (p *Past) print(w *bufio.Writer) {
	if p == nil {
		fmt.Fprintln(w, "\n== told of the past ==  not asked: no model was learned, or first contacts are switched off")
		return
	}
	fmt.Fprintln(w, "\n== told of the past ==  as if the models had been learned after all of it")
	fmt.Fprintf(w, "  benign: devices of learned models %d, in units %d, device-days watched %.2f; findings %d, devices told of %d\n", p.Devices, p.Units, p.DeviceDays, p.Findings, p.Told)
	a := &p.Alerts
	fmt.Fprintf(w, "    %-13s %d: %s a device-day (95 %%: below %s); %s a home-quarter (below %s)\n", "false alerts", a.Count,
		number(a.PerDeviceDay), number(a.UpperPerDeviceDay), number(a.PerHomeQuarter), number(a.UpperPerHomeQuarter))
	for _, k := range slices.Sorted(maps.Keys(p.Reasons)) {
		fmt.Fprintf(w, "    %s: %d\n", k, p.Reasons[k])
	}
	for _, e := range p.Examples {
		fmt.Fprintf(w, "    %s\n", e)
	}
	for _, l := range []struct {
		name string
		list []PastAttack
	}{{"attacks", p.Attacks}, {"spliced", p.Splices}} {
		told, judged := 0, 0
		for _, x := range l.list {
			if x.Judged {
				judged++
			}
			if x.Told {
				told++
			}
		}
		fmt.Fprintf(w, "  %s: %d of %d told, whose device is of a learned model; %d in all\n", l.name, told, judged, len(l.list))
		for _, x := range l.list {
			if x.Judged {
				name := strings.TrimSuffix(x.File+" in "+x.Host, " in ")
				fmt.Fprintf(w, "    %-60s %s\n", name, cmp.Or(x.Sentence, "missed"))
			}
		}
	}
}
