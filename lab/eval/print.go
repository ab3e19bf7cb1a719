package eval

import (
	"bufio"
	"fmt"
	"maps"
	"slices"
)

// Print writes the report for people.
func (r *Report) Print(w *bufio.Writer) {
	fmt.Fprintf(w, "%d types learned; %d captures of them judged, %d of others\n", r.TrainTypes, r.KnownCaptures, r.UnknownCaptures)
	for _, n := range []string{"top1", "top1_hub", "accepted", "right_and_accepted", "unknown_rejected", "wrong_accepted", "vendor", "vendor_unseen", "class"} {
		i, ok := r.Intervals[n]
		if !ok {
			continue
		}
		u := r.Units[n]
		fmt.Fprintf(w, "  %-19s %.3f  (%.3f to %.3f of %d captures; by unit %.3f to %.3f of %d)\n", n, i.Share, i.Low, i.High, i.Of, u.Low, u.High, u.Of)
	}
	if r.Macro != nil {
		fmt.Fprintf(w, "  %-19s %.3f\n", "macro", *r.Macro)
	}
	if r.Micros != nil {
		fmt.Fprintf(w, "  %-19s %.0f\n", "us_per_capture", *r.Micros)
	}
	for _, c := range r.Confusions {
		fmt.Fprintf(w, "  %s taken for %s: %d, accepted %d%s\n", c.Type, c.TakenFor, c.Captures, c.Accepted, map[bool]string{true: " (behind the same address)"}[c.ByHub])
	}
	for _, n := range slices.Sorted(maps.Keys(r.PerType)) {
		if l := r.PerType[n]; !l.Known && l.Accepted > 0 {
			fmt.Fprintf(w, "  %s was not learned, and of %d captures %.2f were taken for something else\n", n, l.Captures, l.Accepted)
		}
	}
	for _, t := range r.Twins {
		fmt.Fprintf(w, "  nothing tells %s from %s by itself\n", t.Model, t.Other)
	}
}

// Print writes the reports for people.
func (c *CrossReport) Print(w *bufio.Writer) {
	for _, p := range []struct {
		title string
		r     *Report
	}{{"Leaving out each type's days", c.Day}, {"Ten folds", c.Folds}, {"Leaving out each type", c.Type}, {"Leaving out days, as another build might show itself", c.Build}} {
		fmt.Fprintln(w, p.title)
		p.r.Print(w)
	}
	if i, ok := c.Copy.Intervals["unknown_rejected"]; ok {
		fmt.Fprintf(w, "Copied names and DHCP habits of another type: %.3f accepted as it of %d, a finding in %.3f\n", 1-i.Share, i.Of, *c.CopyFound)
	}
}
