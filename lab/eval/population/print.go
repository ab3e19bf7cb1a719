package population

import (
	"bufio"
	"fmt"
	"maps"
	"slices"
)

// Print writes the report for people.
func (r *Report) Print(w *bufio.Writer) {
	fmt.Fprintln(w, Note)
	fmt.Fprintf(w, "SIMULATED: %d homes with %d devices of %d models, %d days, seed %d; %d device-days, %d contacts\n", r.Homes, r.Devices, r.Models, r.Days, r.Seed, r.DeviceDays, r.Contacts)
	fmt.Fprintf(w, "Thresholds come from homes that live by %d units' figures, alerts are counted in homes that live by %d others'\n", len(r.Calibrating), len(r.Judged))
	if r.Spoke > 0 {
		fmt.Fprintf(w, "Thresholds exist from day %d of %d on; in the end %.2f of things have days enough that sums of what is new to them may raise findings\n", r.Spoke, r.Days, r.Within)
	} else {
		fmt.Fprintln(w, "Thresholds never existed: only what needs none was told")
	}
	r.printAlerts(w)
	fmt.Fprintf(w, "Told of the past, when a profile came: %d of infections, %d falsely\n", r.Past.Ill, r.Past.False)
	fmt.Fprintln(w, "Infections found")
	for _, d := range r.Detection {
		fmt.Fprintf(w, "  %-30s %-28s %4d of %4d (%.3f), %d by hard evidence; hours: median %.1f, 95th of a hundred %.1f\n", d.Scenario, d.Kind, d.Found, d.Devices, d.Share, d.Hard, d.Median, d.P95)
	}
	fmt.Fprintf(w, "  by beacons and endpoints without hard evidence, points lost to 5 %% from the start: %.1f\n", r.Lost)
	fmt.Fprintln(w, "What became normal")
	for _, b := range r.Normal {
		fmt.Fprintf(w, "  %-66s %d of %d normal, %d pending\n", b.What, b.Normal, b.Ends, b.Pending)
	}
	if q := r.Only443; q.Share != nil {
		fmt.Fprintf(w, "  infections from the start that only call a cloud on 443: the endpoint became normal for %d of %d (%.3f), %d found\n", q.Normal, q.Infections, *q.Share, q.Found)
	} else {
		fmt.Fprintln(w, "  infections from the start that only call a cloud on 443: none")
	}
	fmt.Fprintf(w, "Herd protection: homes hit before it %d, after it %d (each gateway is taken to have it), spared %d, so that without it %d; in force %t, %.1f minutes after the fifth; %d indicators, %d of healthy endpoints\n",
		r.Herd.HitBefore, r.Herd.HitAfter, r.Herd.Spared, r.Herd.Without, r.Herd.InForce, r.Herd.Minutes, r.Herd.Indicators, r.Herd.Healthy)
	fmt.Fprintf(w, "Fleet breaker: %d incidents\n", len(r.Incidents))
	for _, i := range r.Incidents[:min(len(r.Incidents), 20)] {
		fmt.Fprintf(w, "  day %.2f: %s, %s in %d homes, called %s; in truth: %s\n", i.Day, i.Model, i.Reason, i.Homes, i.Kind, i.Truth)
	}
	for _, o := range r.Outbreaks {
		fmt.Fprintf(w, "Outbreak by %s: %d homes (besides %d with a device that nobody knows), a finding in %d, told within an hour %d, longest %.0f minutes; called an outbreak: %t\n", o.C2, o.Homes, o.Unknown, o.Found, o.Told, o.Longest, o.AsOutbreak)
	}
	fmt.Fprintf(w, "In league: %d homes, %.2f of those with their model; their C2 became normal: %t; healthy endpoint blocked: %t; %d victims, %d found, %d protected by the breaker\n",
		r.League.Homes, r.League.OfModel, r.League.C2Normal, r.League.Indicator, r.League.Victims, r.League.Found, r.League.Protected)
	fmt.Fprintf(w, "Unknown: %.3f of devices have no model; %.3f of things have no profile of theirs, %.3f no thresholds\n", r.Unknown.NoModel, r.Unknown.NoProfile, r.Unknown.NoThresholds)
	r.printTables(w)
	fmt.Fprintln(w, "Goals (simulated)")
	for _, g := range r.Goals {
		got := "nothing"
		if g.Got != nil {
			got = fmt.Sprintf("%.3g", *g.Got)
		}
		why := ""
		if g.Why != "" {
			why = " (" + g.Why + ")"
		}
		fmt.Fprintf(w, "  %-78s want %-7s got %s: %s%s\n", g.What, g.Want, got, map[string]string{Met: "met", Missed: "MISSED", NotMeasured: NotMeasured}[g.State], why)
	}
}

func (r *Report) printAlerts(w *bufio.Writer) {
	line := func(what string, a Alerts) {
		fmt.Fprintf(w, "  %-28s %.3f a home-quarter (95 %% bound %.3f), 99th of a hundred homes %.0f, worst home seen %.0f; %d alerts on %d home-days of %d homes\n",
			what, a.Mean, a.Upper, a.P99, a.Worst, a.Alerts, a.HomeDays, a.Homes)
	}
	fmt.Fprintln(w, "False alerts")
	line("homes judged", r.Alerts)
	line("homes that calibrate", r.Own)
	if r.Tails != nil {
		line("judged, tails x 3", r.Tails.Alerts)
	}
	if h := r.Holiday; h.Mean != nil {
		fmt.Fprintf(w, "  judged, people on holiday    %.3f a home-quarter (95 %% bound %.3f); %d alerts on %d home-days of %d homes\n", *h.Mean, *h.Upper, h.Alerts, h.HomeDays, h.Homes)
	} else {
		fmt.Fprintln(w, "  judged, people on holiday    not measured: no such day once thresholds existed")
	}
	for _, d := range slices.Sorted(maps.Keys(r.ByDetector)) {
		fmt.Fprintf(w, "  of these by %s: %d\n", d, r.ByDetector[d])
	}
	fmt.Fprintf(w, "  before thresholds existed: %d; about guests: %d; about devices that nobody knows: %d\n", r.Early, r.Guests, r.Strangers)
	fmt.Fprintf(w, "  healthy devices contained automatically: %.4f a home-quarter\n", r.Contained)
}

func (r *Report) printTables(w *bufio.Writer) {
	if len(r.Curve) > 0 {
		fmt.Fprintln(w, "Fleets of other sizes (simulated)")
	}
	for _, p := range r.Curve {
		fmt.Fprintf(w, "  %6d homes (%d fleets): found %.3f of %d, %.3f false alerts a home-quarter, %.3f of things without a profile of theirs\n", p.Homes, p.Fleets, p.Detection, p.Of, p.Alerts, p.Unknown)
	}
	if len(r.Scans) > 0 {
		fmt.Fprintln(w, "Scanners (generated packets, real detectors)")
	}
	for _, s := range r.Scans {
		fmt.Fprintf(w, "  port %5d, %6.0f hosts an hour, %.2f answer: found %.2f of %d, median %.0f s after %.0f hosts\n", s.Port, s.Hourly, s.Success, s.Found, s.Of, s.Seconds, s.Hosts)
	}
	if len(r.Calls) > 0 {
		fmt.Fprintln(w, "Patient C2s (generated contacts, real detectors)")
	}
	for _, c := range r.Calls {
		fmt.Fprintf(w, "  %-28s every %5.2f h, jitter %.2f, %s: found %.2f of %d, median %.1f h\n", c.C2, c.Hours, c.Jitter, c.From, c.Found, c.Of, c.Median)
	}
}
