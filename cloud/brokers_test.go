package cloud

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"cardea/cloud/api/view"
	"cardea/wire"
)

// running runs a process of the cloud until the test ends, or stop is called.
func running(t *testing.T, cfg Config) (s *Server, stop func()) {
	t.Helper()
	s, err := New(t.Context(), cfg, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stopped := false
	stop = func() {
		if cancel(); !stopped {
			stopped = true
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(stop)
	return s, stop
}

// readied waits until a process can do its work.
func readied(t *testing.T, addr string) {
	t.Helper()
	for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(until) {
			t.Fatalf("%s is not ready: %v", addr, err)
		}
	}
}

// told asks until the answer is as wanted.
func told(t *testing.T, s *Server, want func(view.Brokers) bool) view.Brokers {
	t.Helper()
	for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		s.brokers.mu.Lock()
		s.brokers.at = time.Time{} // anew
		s.brokers.mu.Unlock()
		v := s.Brokers(t.Context())
		if want(v) {
			return v
		}
		if time.Now().After(until) {
			t.Fatalf("%+v", v)
		}
	}
}

func whole(v view.Brokers) bool {
	return v.Words == "" && len(v.Brokers) == 1 && len(v.Streams) == 1 && v.Streams[0].Unread == 0
}

// A process with a broker of its own, and one that reaches it over the network, tell the same of it; when it is gone, that is said.
func TestTheBrokersAreToldWithTheirStreams(t *testing.T) {
	data := t.TempDir()
	one, stop := running(t, Config{Roles: []string{RoleBroker}, Data: data, Name: "one", Listen: "127.0.0.1:0", HTTP: []string{"127.0.0.1:0"}, StreamBytes: 1 << 20})
	select {
	case <-one.broker.Ready():
	case <-time.After(time.Minute):
		t.Fatal("the broker is not ready")
	}
	far, _ := running(t, Config{Roles: []string{RoleWorker, RoleAPI}, Data: data, NATS: []string{one.broker.Addr().String()}, HTTP: []string{"127.0.0.1:0"}, NoLearn: true})
	readied(t, one.health.listeners[0].Addr().String())
	readied(t, far.web.listeners[0].Addr().String())
	v := told(t, far, whole)
	st := v.Streams[0]
	if st.Name != wire.Stream || *st.Limit != 1<<20 || st.Hours != 14*24 || st.Oldest != nil || len(st.Readers) != wire.Partitions || !strings.HasPrefix(st.Readers[0].Name, "Partition ") || st.Leader != "one" {
		t.Errorf("%+v", st)
	}
	if b := v.Brokers[0]; b.Name != "one" || b.Gateways != 0 || b.Parts != 3 || b.Routes != 0 {
		t.Errorf("%+v", b)
	}
	if near := told(t, one, whole); near.Brokers[0].Name != "one" || near.Streams[0].Name != wire.Stream {
		t.Errorf("by itself: %+v", near)
	}
	again := far.Brokers(t.Context())
	if third := far.Brokers(t.Context()); third.AsOf != again.AsOf {
		t.Error("the brokers are asked each time")
	}
	stop()
	told(t, far, func(v view.Brokers) bool { return strings.Contains(v.Words, "does not answer") && len(v.Streams) == 0 })
	far.brokers.turn <- struct{}{} // somebody asks and gets no answer
	if v := far.Brokers(t.Context()); !strings.Contains(v.Words, "does not answer") {
		t.Errorf("%+v", v)
	}
	<-far.brokers.turn
}
