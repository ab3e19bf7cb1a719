package bench

import (
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/gateway"
)

// tiny makes a benchmark last a moment: what is tested is that it works, not how fast anything is.
func tiny() Options {
	return Options{Seconds: 1, Size: 0.002, Cardea: []string{os.Args[0], "-test.run=^TestChild$", "--"}}
}

// TestChild is not a test: it is this program standing in for cardea where a benchmark starts cardea as a process.
func TestChild(t *testing.T) {
	switch args := flag.Args(); {
	case len(args) == 1 && args[0] == "gateway":
		gatewayChild(t)
	case len(args) == 3 && args[0] == "replay":
		enc := json.NewEncoder(os.Stdout)
		if err := gateway.Replay(t.Context(), args[2:], gateway.ReplayOptions{}, enc.Encode); err != nil {
			t.Fatal(err)
		}
	}
}

// checkReport checks what every report must say, as JSON.
func checkReport(t *testing.T, r *Report, err error, measures ...string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Bench    string
		Time     time.Time
		Machine  map[string]any
		Measures []struct {
			What, Unit       string
			Value, Low, High float64
			Rounds           int
			Peers            []struct {
				Name         string
				Value, Ratio float64
			}
		}
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"cpu", "cores", "kernel", "arch", "go"} {
		if v, ok := got.Machine[key]; !ok || v == "" {
			t.Errorf("machine has no %s: %v", key, got.Machine)
		}
	}
	for _, want := range measures {
		i := slices.IndexFunc(r.Measures, func(m Measure) bool { return strings.HasPrefix(m.What, want) })
		if i < 0 {
			t.Errorf("no measure %q in %s", want, b)
			continue
		}
		m := got.Measures[i]
		if m.Value <= 0 || m.Low > m.Value || m.High < m.Value || m.Rounds < 1 || m.Unit == "" {
			t.Errorf("%s makes no sense: %+v", want, m)
		}
		for _, p := range m.Peers {
			if p.Value <= 0 || p.Ratio <= 0 {
				t.Errorf("%s: peer %+v makes no sense", want, p)
			}
		}
	}
	var text strings.Builder
	r.Print(&text)
	if !strings.Contains(text.String(), r.Measures[0].What) {
		t.Errorf("the text for people leaves %q out:\n%s", r.Measures[0].What, text.String())
	}
}

func TestReplay(t *testing.T) {
	r, err := Replay(t.Context(), tiny())
	checkReport(t, r, err, "packets per CPU-second", "peak resident memory")
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		in             []float64
		mid, low, high float64
	}{{nil, 0, 0, 0}, {[]float64{3}, 3, 3, 3}, {[]float64{5, 1, 3}, 3, 1, 5}, {[]float64{4, 1, 2, 9}, 3, 1, 9}} {
		if mid, low, high := spread(c.in); mid != c.mid || low != c.low || high != c.high {
			t.Errorf("spread(%v) = %v %v %v", c.in, mid, low, high)
		}
	}
}
