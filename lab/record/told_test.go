package record_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/publicsuffix"

	"cardea/exposure"
	"cardea/gateway/capture/file"
	"cardea/gateway/observe"
	"cardea/home"
	"cardea/identity"
	"cardea/identity/oui"
	"cardea/lab/record"
)

// told is what a recording tells.
type told struct {
	sightings map[home.MAC][]string // "clue value", each once, by when it was first seen
	seen      map[home.MAC]map[string]bool
	exposed   *exposure.Book
	observer  *observe.Observer
	now       time.Time
	leaks     []string // strings of events in which a user's name or a password stands
}

// Observe takes what the observer makes of the recording.
func (w *told) Observe(o *home.Observation) {
	w.now = o.Time
	w.leaks = append(w.leaks, leaks(o)...)
	w.exposed.Observe(o)
	identity.Sightings(o, func(s identity.Sighting) {
		for _, m := range o.Device.MACs {
			w.sight(m, fmt.Sprintf("%-12s %s", s.Clue, s.Value))
		}
	})
}

func (w *told) sight(m home.MAC, line string) {
	if w.seen[m] == nil {
		w.seen[m] = map[string]bool{}
	}
	if !w.seen[m][line] {
		w.seen[m][line] = true
		w.sightings[m] = append(w.sightings[m], line)
	}
}

// Contact is of no use here.
func (w *told) Contact(*home.Contact) {}

// replay hands a recording to the same observer that a gateway has.
func replay(t *testing.T, pcap []byte) *told {
	t.Helper()
	w := &told{sightings: map[home.MAC][]string{}, seen: map[home.MAC]map[string]bool{}, exposed: exposure.New(exposure.Config{})}
	domain := func(name string) string {
		d, err := publicsuffix.EffectiveTLDPlusOne(name)
		if err != nil {
			return ""
		}
		return d
	}
	w.observer = observe.New(observe.Config{Vendor: oui.Vendor, Domain: domain}, w)
	st, err := file.Replay(t.Context(), bytes.NewReader(pcap), w.observer, file.Options{})
	if err != nil {
		t.Error(err)
	}
	w.observer.Close()
	if st.Malformed != 0 || st.Truncated != 0 || st.Packets == 0 {
		t.Errorf("%d packets, %d malformed, %d cut", st.Packets, st.Malformed, st.Truncated)
	}
	return w
}

// roles of a scenario, in the order of the golden files.
func roles(c record.Scenario) []string {
	if c.Router {
		return []string{"client", "peer", "router"}
	}
	return []string{"client", "peer"}
}

// identities is the golden text of who the devices are.
func (w *told) identities(c record.Scenario, macs map[string]home.MAC) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s.\n", c.Name, c.Words)
	for _, role := range roles(c) {
		if list := w.sightings[macs[role]]; len(list) > 0 {
			fmt.Fprintf(&b, "\n%s\n  %s\n", role, strings.Join(list, "\n  "))
		}
	}
	return b.String()
}

// exposures is the golden text of how the devices are exposed; "" when none is.
func (w *told) exposures(c record.Scenario, macs map[string]home.MAC) string {
	var b strings.Builder
	for _, role := range roles(c) {
		id := w.observer.Known(macs[role])
		if id == "" {
			continue
		}
		for _, e := range w.exposed.List(id, home.Identity{}, w.now) {
			w.leaks = append(w.leaks, leaks(&e)...)
			fmt.Fprintf(&b, "\n%s: %s", role, e.Kind)
			if e.Proto != "" {
				fmt.Fprintf(&b, " %s/%d", e.Proto, e.Port)
			}
			if e.External != 0 {
				fmt.Fprintf(&b, " from %d", e.External)
			}
			fmt.Fprintf(&b, "\n  %s\n", e.Sentence)
			if e.Advice != "" {
				fmt.Fprintf(&b, "  advice: %s\n", e.Advice)
			}
			for _, v := range e.Evidence {
				fmt.Fprintf(&b, "  evidence: %s\n", v)
			}
			fmt.Fprintf(&b, "  protect: %v\n", e.Protect)
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return fmt.Sprintf("%s: %s.\n", c.Name, c.Words) + b.String()
}

// difference shows two texts line by line: what was there and is gone, and what is new.
func difference(was, is string) string {
	a, b := strings.Split(was, "\n"), strings.Split(is, "\n")
	common := make([][]int, len(a)+1) // length of the longest common subsequence of what follows
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for k := len(b) - 1; k >= 0; k-- {
			common[i][k] = max(common[i+1][k], common[i][k+1])
			if a[i] == b[k] {
				common[i][k] = common[i+1][k+1] + 1
			}
		}
	}
	var out []string
	for i, k := 0, 0; i < len(a) || k < len(b); {
		switch {
		case i < len(a) && k < len(b) && a[i] == b[k]:
			i, k = i+1, k+1
		case k == len(b) || i < len(a) && common[i+1][k] >= common[i][k+1]:
			out = append(out, "- "+a[i])
			i++
		default:
			out = append(out, "+ "+b[k])
			k++
		}
	}
	return strings.Join(out, "\n")
}
