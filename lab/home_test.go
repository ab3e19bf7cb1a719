package lab_test

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"cardea/lab"
	"cardea/lab/plan"
)

func up(t *testing.T, o plan.Options) *lab.Home {
	t.Helper()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	began := time.Now()
	h, err := lab.Up(t.Context(), lab.Options{Options: o, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("a home of %d devices was up after %v (uid %d outside)", len(h.Devices()), time.Since(began).Round(time.Millisecond), outside())
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func outside() int {
	if os.Getenv(asNobody) != "" {
		return 65534
	}
	return 0
}

func TestEveryDeviceReachesItsCloud(t *testing.T) {
	h := up(t, plan.Options{Seed: 1, Devices: 20})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, d := range h.Devices() {
		if want, _ := h.Plan.Device(d.Name); d.IPv4 != want.IPv4 {
			t.Errorf("%s has %v, the DHCP server keeps %v for it", d.Name, d.IPv4, want.IPv4)
		}
		if err := h.Reachable(ctx, d.Name); err != nil {
			t.Errorf("IPv4: %v", err)
		}
		if err := h.Reachable6(ctx, d.Name); err != nil {
			t.Errorf("IPv6: %v", err)
		}
	}
}
