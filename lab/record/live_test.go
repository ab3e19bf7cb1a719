package record_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"cardea/home"
	"cardea/lab/record"
)

func open(t *testing.T) *record.House {
	t.Helper()
	h, err := record.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// TestRecord makes the recordings anew, if that is asked for. The golden files are another matter: -update, in a second run.
func TestRecord(t *testing.T) {
	if !*again {
		return
	}
	h := open(t)
	for _, c := range record.Scenarios() {
		began := time.Now()
		r, err := h.Record(t.Context(), c)
		if err != nil {
			t.Error(err)
			continue
		}
		if err := os.WriteFile(filepath.Join("testdata", c.Name+".pcap"), r, 0o644); err != nil {
			t.Fatal(err)
		}
		t.Logf("%-16s %6d bytes, %v", c.Name, len(r), time.Since(began).Round(time.Millisecond))
	}
}

// The recordings are true: the same clients, run now, tell the same of themselves.
func TestLiveClientsTellWhatWasRecorded(t *testing.T) {
	if *again || *update {
		return
	}
	h := open(t)
	var all errgroup.Group
	all.SetLimit(6)
	var last []record.Scenario // one after the other
	recordings := map[string][]byte{}
	for _, c := range record.Scenarios() {
		recordings[c.Name] = recorded(t, c.Name+".pcap")
	}
	for _, c := range record.Scenarios() {
		if slices.Contains(c.Needs, "miniupnpd") {
			last = append(last, c)
			continue
		}
		all.Go(func() error { return live(t, h, c, recordings[c.Name]) })
	}
	all.Go(func() error {
		for _, c := range last {
			if err := live(t, h, c, recordings[c.Name]); err != nil {
				return err
			}
		}
		return nil
	})
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	if len(last) == 0 {
		t.Error("nobody asks the router for anything")
	}
}

// live plays a scenario and compares it with its recording.
func live(t *testing.T, h *record.House, c record.Scenario, recording []byte) error {
	pcap, err := h.Record(t.Context(), c)
	if err != nil { // a client may give up on a machine that is busy; what it tells is compared all the same
		t.Logf("%v; once more", err)
		if pcap, err = h.Record(t.Context(), c); err != nil {
			return err
		}
	}
	who := record.MACs(h.Plan, c.Name)
	was, is := kinds(c, replay(t, recording), who), kinds(c, replay(t, pcap), who)
	if was != is {
		t.Errorf("%s tells other things than were recorded:\n%s", c.Name, difference(was, is))
	}
	return nil
}

// kinds is what a recording tells, without what changes from version to version and from kernel to kernel, sorted.
func kinds(c record.Scenario, w *told, who map[string]home.MAC) string {
	var out []string
	for _, role := range roles(c) {
		for _, line := range w.sightings[who[role]] {
			clue, value, _ := strings.Cut(line, " ")
			switch clue {
			case "syn", "hops", "habit", "group": // the kernel's
				continue
			case "ja4", "dhcp-form", "seeks": // it looks for more when an answer is late
				value = ""
			}
			if strings.HasSuffix(value, " ip/0") { // IGMP, the kernel's too
				continue
			}
			out = append(out, role+" "+clue+" "+numbers.ReplaceAllString(strings.TrimSpace(value), "#"))
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), "\n") + "\n" + c.Name + "\n" + kindsOf(w.exposures(c, who))
}

// drawn is a port that was drawn at random.
var drawn = regexp.MustCompile(`/[3-6][0-9]{4}`)

// numbers are those of versions.
var numbers = regexp.MustCompile(`[0-9]+([.][0-9]+)+[0-9A-Za-z.+~-]*`)

// kindsOf is an exposure's first line, which says what it is.
func kindsOf(exposed string) string {
	var out []string
	for line := range strings.Lines(exposed) {
		if strings.Contains(line, ": ") && !strings.HasPrefix(line, " ") {
			out = append(out, drawn.ReplaceAllString(strings.TrimSpace(line), "/high"))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}
