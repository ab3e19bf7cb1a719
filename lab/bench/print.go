package bench

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"
)

// Print writes a report for people. Errors of the writer are its own to keep.
func (r *Report) Print(w io.Writer) {
	m := r.Machine
	fmt.Fprintf(w, "%s  (%s; %d × %s, Linux %s %s, %s; load %.1f before)\n", r.Bench, r.Time.Format("2006-01-02 15:04 MST"),
		m.Cores, m.CPU, m.Kernel, m.Arch, m.Go, m.Load)
	t := tabwriter.NewWriter(w, 2, 8, 2, ' ', 0)
	for _, x := range r.Measures {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", x.What, amount(x.Value, x.Unit), extent(x.Low, x.High, x.Unit, x.Rounds)+x.Tail.words(x.Unit), x.Goal.words(x.Unit))
		if s := x.Slowest; s != nil && s.Of > 1 {
			fmt.Fprintf(t, "    slowest of %d\tp95 %s\t%s\t\n", s.Of, amount(s.P95, x.Unit), s.What)
		}
		for _, p := range x.Peers {
			fmt.Fprintf(t, "    %s\t%s\t%s\t× %.3g\n", p.Name, amount(p.Value, x.Unit), extent(p.Low, p.High, x.Unit, x.Rounds), p.Ratio)
		}
	}
	_ = t.Flush() // the error is w's
	for _, n := range r.Notes {
		fmt.Fprintf(w, "  - %s\n", n)
	}
}

// words is the tail in words; "" for none.
func (t *Tail) words(unit string) string {
	if t == nil {
		return ""
	}
	middle := ""
	if t.P95 > 0 {
		middle = fmt.Sprintf(" p95 %s,", amount(t.P95, unit))
	}
	return fmt.Sprintf("%s p99 %s, max %s", middle, amount(t.P99, unit), amount(t.Max, unit))
}

// words is the goal in words; "" for none.
func (g *Goal) words(unit string) string {
	if g == nil {
		return ""
	}
	if unit != "bytes" {
		unit = ""
	}
	verdict := "missed"
	if g.Met {
		verdict = "met"
	}
	if g.AtLeast != 0 {
		return fmt.Sprintf("goal ≥ %s: %s", amount(g.AtLeast, unit), verdict)
	}
	return fmt.Sprintf("goal ≤ %s: %s", amount(g.AtMost, unit), verdict)
}

func extent(low, high float64, unit string, rounds int) string {
	if rounds < 2 {
		return ""
	}
	if unit != "bytes" {
		unit = ""
	}
	return fmt.Sprintf("(%s – %s in %d rounds)", amount(low, unit), amount(high, unit), rounds)
}

// amount writes a number with three or four digits that count.
func amount(v float64, unit string) string {
	s := ""
	switch a := math.Abs(v); {
	case unit == "bytes":
		return fmt.Sprintf("%.1f MiB", v/(1<<20))
	case a >= 1e6:
		s = fmt.Sprintf("%.2f M", v/1e6)
	case a >= 1e4:
		s = fmt.Sprintf("%.1f k", v/1e3)
	case a >= 100:
		s = fmt.Sprintf("%.0f", v)
	default:
		s = fmt.Sprintf("%.3g", v)
	}
	if unit != "" && unit != "ratio" {
		s += " " + unit
	}
	return s
}
