package main_test

import (
	"encoding/json"
	"strings"
	"testing"
)

type fleetOut struct {
	Simulated bool
	Homes     int
	Detection []any
	Breaker   []any
	Normal    []any `json:"became_normal"`
	Holiday   map[string]any
	Only443   map[string]any `json:"only_on_443_became_normal"`
	Herd      map[string]any
	Goals     []struct {
		What, Want, State string
		Got               *float64
		Met               *bool
	}
	Tails *struct{ Tail float64 } `json:"tails_times_3"`
	Curve []struct {
		Homes, Fleets, Of int
		Detection         *float64
		Alerts            *float64 `json:"alerts_per_home_quarter"`
		Unknown           *float64 `json:"things_without_a_profile"`
	}
}

func fleet(t *testing.T, args ...string) (r fleetOut) {
	t.Helper()
	out, stderr, status := cardea(t, me, append([]string{"eval", "fleet", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &r); err != nil || status != 0 {
		t.Fatalf("%v: exit status %d, %v, %s", args, status, err, stderr)
	}
	if !r.Simulated || r.Detection == nil || r.Breaker == nil || r.Normal == nil {
		t.Errorf("%v: %s", args, out)
	}
	for _, what := range []string{"homes_hit_before", "homes_spared_after", "homes_hit_before_protection", "homes_hit_after_protection", "homes_spared_by_protection", "homes_hit_without_protection"} {
		if _, ok := r.Herd[what].(float64); !ok {
			t.Errorf("%v: herd has no %s: %v", args, what, r.Herd)
		}
	}
	if _, ok := r.Holiday["per_home_quarter"]; !ok {
		t.Errorf("%v: holiday %v", args, r.Holiday)
	}
	if _, ok := r.Only443["share"]; !ok {
		t.Errorf("%v: only on 443 %v", args, r.Only443)
	}
	for _, g := range r.Goals {
		if (g.Met == nil) != (g.State == "not measured") {
			t.Errorf("%v: %+v", args, g)
		}
	}
	return r
}

// A tiny fleet measures next to nothing, and says so; its tails' goals and the curve's stand with the others.
func TestEvalFleet(t *testing.T) {
	t.Parallel()
	r := fleet(t, "--homes", "1", "--days", "7")
	tails := 0
	for _, g := range r.Goals {
		if g.State != "not measured" || g.Got != nil {
			t.Errorf("%+v", g)
		}
		if strings.HasPrefix(g.What, "tails x 3: ") {
			tails++
		}
	}
	if r.Homes != 1 || tails != 4 || r.Tails == nil || r.Tails.Tail != 3 || r.Curve != nil {
		t.Errorf("%+v", r)
	}
	r = fleet(t, "--homes", "2", "--days", "7", "--curve", "--no-tails")
	smarter := 0
	for _, g := range r.Goals {
		if strings.HasPrefix(g.What, "gets smarter: ") {
			smarter++
		}
	}
	if len(r.Curve) != 3 || smarter != 3 || r.Tails != nil {
		t.Fatalf("%+v", r)
	}
	for i, p := range r.Curve {
		if p.Homes != []int{1, 10, 100}[i] || p.Fleets == 0 || p.Detection == nil || p.Alerts == nil || p.Unknown == nil {
			t.Errorf("%+v", p)
		}
	}
	text, _, status := cardea(t, me, "eval", "fleet", "--homes", "1", "--days", "7")
	if status != 0 || !strings.HasPrefix(text, "SIMULATED") || !strings.Contains(text, "tails x 3: alerts per home-quarter") || !strings.Contains(text, "not measured") {
		t.Errorf("exit status %d\n%s", status, text)
	}
	for _, league := range []string{"5", "-1", "NaN"} {
		_, stderr, status := cardea(t, me, "eval", "fleet", "--homes", "1", "--days", "7", "--league="+league)
		if failed(t, "--league "+league, stderr, status); !strings.Contains(stderr, "a share of homes in league from 0 to 1") {
			t.Error(stderr)
		}
	}
}
