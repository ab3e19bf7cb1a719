package detect

import (
	"bufio"
	"fmt"
	"strings"
)

// Print writes the report for people.
func (r *Report) Print(w *bufio.Writer) {
	fmt.Fprintf(w, "Alert budget: %g false alerts a quarter in a home of %d devices, p <= %.2g of a device-day; a quarter of it: %.2g\n",
		r.Budget.PerHomeQuarter, r.Budget.Devices, r.Budget.P, r.Budget.QuarterP)
	if len(r.Ablations) > 0 {
		fmt.Fprintf(w, "Switched off: %s\n", strings.Join(r.Ablations, ", "))
	}
	r.Split.print(w)
	printCalibration(w, r.Calibration)
	f := &r.Fresh
	fmt.Fprintf(w, "New endpoints after a day of learning, by domain and port, in %.2f device-days: %d new to the device (%s a day), %d of them to its model (%s)\n",
		f.DeviceDays, f.Device, number(f.PerDay), f.Both, number(f.BothPerDay))
	for _, e := range f.Examples {
		fmt.Fprintf(w, "  %s\n", e)
	}
	for _, m := range r.Methods {
		m.print(w)
	}
	r.Past.print(w)
	for _, n := range r.Notes {
		fmt.Fprintf(w, "Note: %s\n", n)
	}
	for _, f := range r.Failed {
		fmt.Fprintf(w, "FAILED: %s\n", f)
	}
}

func (s *Split) print(w *bufio.Writer) {
	for _, p := range []struct {
		name  string
		units []Unit
	}{{"learned from", s.Train}, {"calibrated on", s.Calibration}, {"tested on", s.Test}} {
		fmt.Fprintf(w, "%-13s %d units\n", p.name, len(p.units))
		for _, u := range p.units {
			fmt.Fprintf(w, "  %-40s %s to %s  %s\n", u.Name, u.First.Format("2006-01-02 15:04"), u.Last.Format("2006-01-02 15:04"), strings.Join(u.Devices, ", "))
		}
	}
	for _, u := range s.Refused {
		for i := range u.Evidence {
			fmt.Fprintf(w, "not learned from %s: %s\n", u.Name, u.Evidence[i].String())
		}
	}
	switch {
	case s.Forward == nil:
		fmt.Fprintln(w, "  forward in time: not asked, since nothing was learned from, or no benign unit was tested on")
	case *s.Forward:
		fmt.Fprintln(w, "  forward in time: learned on the past, tested on the future")
	default:
		fmt.Fprintln(w, "  NOT forward in time")
	}
	if s.After != nil && !*s.After {
		fmt.Fprintln(w, "  the test is not later than the calibration")
	}
	for _, why := range s.Why {
		fmt.Fprintf(w, "  %s\n", why)
	}
}

func printCalibration(w *bufio.Writer, list []Calibration) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintln(w, "Calibration by block maximum: of the test's benign device-days, so many reached a p as rare as that")
	for _, c := range list {
		fmt.Fprintf(w, "  %-12s n %d device-days of %d units, floor of p %.2g; threshold %s, a quarter of the budget %s: %s\n",
			c.Statistic, c.DeviceDays, c.Homes, c.Floor, number(c.Threshold), number(c.Quarter), c.How)
		for _, l := range c.Levels {
			fmt.Fprintf(w, "    p <= %-8.3g expected %8.2f, observed %d of %d\n", l.P, l.Expected, l.Observed, l.Of)
		}
	}
}

func (m *Method) print(w *bufio.Writer) {
	if m.How == HowNotRun {
		fmt.Fprintf(w, "\n== %s ==  %s\n", m.Name, m.How)
		return
	}
	fmt.Fprintf(w, "\n== %s ==  threshold: %s", m.Name, m.How)
	if m.Threshold != nil {
		fmt.Fprintf(w, ", above %s (a quarter of the budget: %s)", number(m.Threshold), number(m.Quarter))
	}
	if m.Floor != nil {
		fmt.Fprintf(w, "; n %d device-days, floor of p %.2g", m.DeviceDays, *m.Floor)
	}
	fmt.Fprintln(w)
	m.False.print(w)
	printFamilies(w, "", m.Families)
	printCaptures(w, m.Captures)
	if m.Sham == nil {
		return
	}
	printFamilies(w, "spliced: ", m.Spliced)
	printCaptures(w, m.Splices)
	fmt.Fprintf(w, "  sham splices (benign into benign, of the same model): %d played, %d of another unit; %d alerts\n", m.Sham.Played, m.Sham.Siblings, m.Sham.Alerts)
	for _, s := range m.Sham.Findings {
		fmt.Fprintf(w, "    FOUND %s\n", s)
	}
	fmt.Fprintf(w, "  benign conduct of another model, for comparison: %d played, %d alerts\n", m.Sham.Other.Played, m.Sham.Other.Alerts)
	for _, s := range m.Sham.Other.Findings {
		fmt.Fprintf(w, "    %s\n", s)
	}
}

func (b *Benign) print(w *bufio.Writer) {
	fmt.Fprintf(w, "  benign: %.2f device-days watched (%d blocks)\n", b.DeviceDays, b.Blocks)
	for _, l := range []struct {
		name string
		r    Rate
	}{{"false alerts", b.Alerts}, {"at a quarter", b.AtQuarter}, {"contained", b.Containments}} {
		fmt.Fprintf(w, "    %-13s %d: %s a device-day (95 %%: below %s); %s a home-quarter (below %s)\n", l.name, l.r.Count,
			number(l.r.PerDeviceDay), number(l.r.UpperPerDeviceDay), number(l.r.PerHomeQuarter), number(l.r.UpperPerHomeQuarter))
	}
	for _, e := range b.Examples {
		fmt.Fprintf(w, "    %s\n", e)
	}
}

func printFamilies(w *bufio.Writer, prefix string, list []Family) {
	for _, f := range list {
		fmt.Fprintf(w, "  %-36s %s", prefix+f.Name, f.Detected.text(f.Captures))
		fmt.Fprintf(w, "; at a quarter %d\n", f.Quarter.Detected)
	}
}

func (o *Outcome) text(of int) string {
	return fmt.Sprintf("%d of %d (%.2f, 95 %% %.2f to %.2f); s median %s, p95 %s; packets median %s, p95 %s", o.Detected, of, o.Share, o.Low, o.High,
		missed(o.Seconds.Median), missed(o.Seconds.P95), missed(o.Packets.Median), missed(o.Packets.P95))
}

func printCaptures(w *bufio.Writer, list []Capture) {
	for _, c := range list {
		name := c.File
		if c.Host != "" {
			name += " in " + c.Host
		}
		if c.Detection.Detected {
			fmt.Fprintf(w, "    %-60s %s s, %s packets, %s %s: %s\n", name, number(c.Detection.Seconds), number(c.Detection.Packets),
				c.Detection.Strength, c.Detection.Detector, c.Detection.Sentence)
		} else {
			fmt.Fprintf(w, "    %-60s missed (%d malicious flows)\n", name, c.Malicious)
		}
		for _, o := range c.Others {
			fmt.Fprintf(w, "      besides: %s\n", o)
		}
	}
}

func number(v *float64) string {
	if v == nil {
		return "none"
	}
	return fmt.Sprintf("%.4g", *v)
}

func missed(v *float64) string {
	if v == nil {
		return "missed"
	}
	return fmt.Sprintf("%.4g", *v)
}
