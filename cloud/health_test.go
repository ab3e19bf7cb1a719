package cloud

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A broker without the API role tells how it is, and its counters.
func TestABrokerAloneTellsItsHealth(t *testing.T) {
	s, err := New(t.Context(), Config{Roles: []string{RoleBroker}, Data: t.TempDir(), Listen: "127.0.0.1:0", HTTP: []string{"127.0.0.1:0"},
		StreamBytes: 1 << 20}, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	base := "http://" + s.health.listeners[0].Addr().String()
	get := func(path string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
	for code := 0; code != http.StatusOK; code, _ = get("/readyz") {
		select {
		case err := <-done:
			done <- err
			t.Fatal("the broker ended")
		case <-time.After(10 * time.Millisecond):
		}
	}
	if code, text := get("/healthz"); code != http.StatusOK || text != "ok\n" {
		t.Errorf("healthz: %d %q", code, text)
	}
	if code, text := get("/metrics"); code != http.StatusOK || !strings.Contains(text, "cardea_broker_connections") {
		t.Errorf("metrics: %d", code)
	}
}
