package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardea/home"

	"go.uber.org/goleak"
)

// fake panics on what a test does not expect.
type fake struct {
	ask func(Action) (any, error)
}

func (f *fake) Status() Status { return Status{Version: "v1", Armed: true} }
func (f *fake) Devices() []Device {
	return []Device{{Device: home.Device{ID: "d"}, Name: "<b>", Mode: home.ModeOff}}
}
func (f *fake) Incidents() []home.Incident { return nil }
func (f *fake) Looks() ([]Look, error) {
	return []Look{{Asker: "support", Who: "<i>", What: "contacts", Refused: true}}, nil
}
func (f *fake) Contacts(_ context.Context, q ContactQuery, yield func(home.Contact) bool) error {
	for i := range q.Limit {
		if !yield(home.Contact{Device: q.Device, Flows: uint64(i)}) {
			return nil
		}
	}
	return nil
}
func (f *fake) Ask(_ context.Context, a Action) (any, error) { return f.ask(a) }

func start(t *testing.T, f *fake) (*Server, *Client, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run", "agent.sock")
	s := New(path, f, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	c := Dial(path)
	t.Cleanup(func() {
		c.http.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		goleak.VerifyNone(t)
	})
	for {
		if _, err := c.Status(ctx); err == nil { // the file is there before somebody listens
			return s, c, path
		}
		select {
		case err := <-done:
			t.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
}

func TestAskAndAnswer(t *testing.T) {
	_, c, path := start(t, &fake{ask: func(a Action) (any, error) {
		switch a.Target {
		case "nobody":
			return nil, fmt.Errorf("device %q: %w", a.Target, ErrNotFound)
		case "busy":
			return nil, errors.New("not now")
		}
		return a, nil
	}})
	ctx := context.Background()
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v %v", st.Mode(), err)
	}
	if s, err := c.Status(ctx); err != nil || !s.Armed {
		t.Errorf("status: %+v %v", s, err)
	}
	if d, err := c.Devices(ctx); err != nil || len(d) != 1 || d[0].Name != "<b>" {
		t.Errorf("devices: %+v %v", d, err)
	}
	n := 0
	if err := c.Contacts(ctx, ContactQuery{Device: "d", Limit: 5}, func(home.Contact) bool { n++; return true }); err != nil || n != 5 {
		t.Errorf("contacts: %d %v", n, err)
	}
	var a Action
	if err := c.Ask(ctx, Action{Verb: "release", Target: "K7QM2"}, &a); err != nil || a.Target != "K7QM2" {
		t.Errorf("ask: %+v %v", a, err)
	}
	for target, want := range map[string]string{"nobody": `device "nobody": not found`, "busy": "not now"} {
		if err := c.Ask(ctx, Action{Target: target}, nil); err == nil || err.Error() != want {
			t.Errorf("%s: %v", target, err)
		}
	}
	if err := New(path, &fake{}, slog.Default()).Run(ctx); err == nil || !strings.Contains(err.Error(), "another agent") {
		t.Errorf("a second agent on the same socket: %v", err)
	}
}

func TestEventsAndSlowReaders(t *testing.T) {
	s, c, _ := start(t, &fake{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	got := make(chan Event, 4096)
	done := make(chan error, 1)
	gate := make(chan struct{})
	go func() {
		done <- c.Events(ctx, func(e Event) bool { <-gate; got <- e; return true })
	}()
	for {
		s.mu.Lock()
		n := len(s.subs)
		s.mu.Unlock()
		if n == 1 {
			break
		}
		select {
		case err := <-done:
			t.Fatal("nobody reads:", err)
		case <-time.After(time.Millisecond):
		}
	}
	s.Publish(Event{Event: "finding", Device: "d"})
	for range 200000 { // never blocks, whatever the reader does
		s.Publish(Event{Event: "state"})
	}
	close(gate)
	first := <-got
	if strings.Contains(first.Detail, "too fast") {
		first = <-got
	}
	if first.Event != "finding" || first.Device != "d" {
		t.Errorf("first event: %+v", first)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestStaleSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.sock")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := removeStale(path); err != nil {
		t.Error(err)
	}
}
