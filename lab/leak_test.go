package lab_test

import (
	"os"
	"runtime"
	"testing"
	"time"

	"cardea/lab"
	"cardea/lab/plan"
)

// held counts what this process holds: goroutines, and descriptors, by which namespaces are held.
func held(t *testing.T) (goroutines, descriptors int) {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return runtime.NumGoroutine(), len(list)
}

func TestCloseLeavesNothing(t *testing.T) {
	round := func() {
		h := up(t, plan.Options{Seed: 4, Devices: 12, Scenario: "shared-port"})
		if _, err := h.Infect(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the attack", func() bool { return h.Malicious().WAN > 20 })
		if _, err := h.AddForeign("stranger"); err != nil {
			t.Fatal(err)
		}
		if err := h.PowerCycle(t.Context(), "kitchen-camera"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Infect(t.Context(), ""); err != nil { // and closed in the middle of it
			t.Fatal(err)
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Infect(t.Context(), ""); err == nil {
			t.Error("a closed home can be infected")
		}
		if err := h.Close(); err != nil {
			t.Errorf("closed again: %v", err)
		}
	}
	round() // what Go itself keeps (netpoll, resolver) is there after the first
	g, d := held(t)
	for range 3 {
		round()
	}
	var g2, d2 int
	for range 100 { // connections end by themselves a moment after their listener
		if g2, d2 = held(t); g2 <= g+2 && d2 <= d+2 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	buf := make([]byte, 1<<20)
	t.Errorf("%d goroutines and %d descriptors after one home, %d and %d after four\n%s", g, d, g2, d2, buf[:runtime.Stack(buf, true)])
}

func TestABadHomeIsRefused(t *testing.T) {
	for _, o := range []plan.Options{{Devices: 3}, {Scenario: "nonsense"}} {
		if h, err := lab.Up(t.Context(), lab.Options{Options: o}); err == nil {
			h.Close()
			t.Errorf("%+v was accepted", o)
		}
	}
}
