// Package control is the agent's control socket: HTTP with JSON over a unix socket that only root (or the user the agent
// runs as) may use, and the client that the command line uses. It may import home only; what it controls it declares as
// an interface. A Server owns its socket and its subscribers.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"cardea/home"
)

// Agent is what can be controlled.
type Agent interface {
	Status() Status
	Devices() []Device
	Contacts(ctx context.Context, q ContactQuery, yield func(home.Contact) bool) error
	Incidents() []home.Incident
	Looks() ([]Look, error)
	Ask(ctx context.Context, a Action) (any, error)
}

// Status is the agent's state in one object.
type Status struct {
	Version    string            `json:"version"`
	Started    time.Time         `json:"started"`
	Armed      bool              `json:"armed"`
	Until      time.Time         `json:"disarmed_until,omitzero"`
	Ready      bool              `json:"ready"`
	Degraded   []string          `json:"degraded"` // what does not work now, in plain words
	Devices    int               `json:"devices"`
	Contained  int               `json:"contained"`
	Incidents  int               `json:"incidents"` // open ones
	Indicators int               `json:"indicators"`
	Counters   map[string]uint64 `json:"counters"`
	Cloud      *Cloud            `json:"cloud,omitempty"` // nil: enrolled nowhere
}

// Cloud is how things stand with the cloud.
type Cloud struct {
	Place     home.Place        `json:"place"`
	Connected bool              `json:"connected"`
	Since     time.Time         `json:"since,omitzero"`    // connected, or not, since then
	Problem   string            `json:"problem,omitempty"` // why it is not connected
	LastAck   time.Time         `json:"last_ack,omitzero"` // when it last confirmed what it was told
	Until     time.Time         `json:"until,omitzero"`    // end of the certificate
	Items     uint64            `json:"spool_items"`       // not yet confirmed
	Bytes     uint64            `json:"spool_bytes"`
	Dropped   uint64            `json:"spool_dropped"`
	Desired   uint64            `json:"desired"` // version that runs
	Wanted    uint64            `json:"wanted"`
	Bundles   map[string]uint64 `json:"bundles,omitempty"`
}

// Look is an entry of the home's own log of who asked it for details.
type Look struct {
	Time     time.Time `json:"time"`
	Question string    `json:"question"`
	Asker    string    `json:"asker"` // resident, support
	Who      string    `json:"who"`
	Reason   string    `json:"reason,omitempty"`
	Consent  string    `json:"consent,omitempty"` // id
	What     string    `json:"what"`              // devices, contacts, follow
	Device   string    `json:"device,omitempty"`
	Refused  bool      `json:"refused,omitempty"`
	Why      string    `json:"why,omitempty"` // it was refused
}

// Device is a device with what holds for it.
type Device struct {
	home.Device
	Name  string     `json:"name"`
	Mode  home.Mode  `json:"mode"`
	Grade home.Grade `json:"grade"` // what of Mode is proven to be in force
}

// Is says whether a person means this device: by its id, name, MAC or address.
func (d *Device) Is(target string) bool {
	if string(d.ID) == target || strings.EqualFold(d.Name, target) {
		return true
	}
	for _, m := range d.MACs {
		if strings.EqualFold(m.String(), target) {
			return true
		}
	}
	for _, a := range d.Addresses {
		if a.String() == target {
			return true
		}
	}
	return false
}

// ContactQuery selects contacts; zero fields match everything.
type ContactQuery struct {
	Device   home.DeviceID
	From, To time.Time
	Limit    int
}

// Action is what a person asks for. Verb is quarantine (Target: device id, name, MAC or address), release, check (Target:
// the same, or an incident's id or code), block, unblock, allow, disallow (Target as for quarantine, or "" for every device;
// Endpoint: a name, an address or a block of addresses), disarm (For) or arm.
type Action struct {
	Verb     string        `json:"verb"`
	Endpoint string        `json:"endpoint,omitempty"`
	Target   string        `json:"target,omitempty"`
	Why      string        `json:"why,omitempty"`
	For      time.Duration `json:"for,omitempty"`
}

// Event is one line of the event stream.
type Event struct {
	Time       time.Time        `json:"time"`
	Event      string           `json:"event"` // device, finding, incident, enforced, state
	Device     home.DeviceID    `json:"device,omitempty"`
	Finding    *home.Finding    `json:"finding,omitempty"`
	Incident   *home.Incident   `json:"incident,omitempty"`
	Transition *home.Transition `json:"transition,omitempty"`
	Detail     string           `json:"detail,omitempty"`
}

// ErrNotFound is returned by Ask for a target that is not known.
var ErrNotFound = errors.New("not found")

const (
	maxBody        = 64 << 10
	maxSubscribers = 16
	// Each subscriber's channel is owned by its request; when it is full the subscriber is too slow and its events are
	// dropped and counted in the next line it gets.
	subscriberQueue = 256
	maxLimit        = 100000
)

// Server answers on the socket.
type Server struct {
	path  string
	agent Agent
	log   *slog.Logger
	mu    sync.Mutex
	subs  map[chan Event]*uint64 // events dropped
}

// New makes a Server for the socket at path.
func New(path string, agent Agent, log *slog.Logger) *Server {
	return &Server{path: path, agent: agent, log: log, subs: map[chan Event]*uint64{}}
}

// Run serves until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o755); err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	if err := removeStale(s.path); err != nil {
		return err
	}
	old := umask()
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", s.path)
	restoreUmask(old)
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	srv := &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() {
		end, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if err := srv.Shutdown(end); err != nil { // somebody follows the events still
			err = errors.Join(err, srv.Close())
			s.log.Debug("control socket closed on its users", "err", err)
		}
	})
	defer stop()
	if err := srv.Serve(onlyRoot{l, s.log}); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("control socket: %w", err)
	}
	return nil
}

// removeStale removes the socket of an agent that died; one that answers is left alone.
func removeStale(path string) error {
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		c.Close()
		return fmt.Errorf("control socket %s: another agent is running", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("control socket: %w", err)
	}
	return nil
}

func (s *Server) handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.agent.Status()) })
	m.HandleFunc("GET /v1/devices", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.agent.Devices()) })
	m.HandleFunc("GET /v1/incidents", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.agent.Incidents()) })
	m.HandleFunc("GET /v1/looks", s.looks)
	m.HandleFunc("GET /v1/contacts", s.contacts)
	m.HandleFunc("GET /v1/events", s.events)
	m.HandleFunc("POST /v1/actions", s.action)
	return m
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client is gone: nobody to tell
}

func (s *Server) looks(w http.ResponseWriter, _ *http.Request) {
	list, err := s.agent.Looks()
	if err != nil {
		problem(w, http.StatusInternalServerError, err.Error())
		return
	}
	reply(w, list)
}

// problem answers as RFC 9457 says.
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(status), "status": status, "detail": detail})
}

func (s *Server) contacts(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	q := ContactQuery{Device: home.DeviceID(v.Get("device")), Limit: 1000}
	for name, t := range map[string]*time.Time{"from": &q.From, "to": &q.To} {
		if v.Get(name) == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, v.Get(name))
		if err != nil {
			problem(w, http.StatusBadRequest, name+": want a time as 2026-01-02T15:04:05Z")
			return
		}
		*t = at
	}
	if l := v.Get("limit"); l != "" {
		n, err := strconv.Atoi(l)
		if err != nil || n < 1 || n > maxLimit {
			problem(w, http.StatusBadRequest, fmt.Sprintf("limit: want a number from 1 to %d", maxLimit))
			return
		}
		q.Limit = n
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	enc := json.NewEncoder(w)
	if err := s.agent.Contacts(r.Context(), q, func(c home.Contact) bool { return enc.Encode(c) == nil }); err != nil {
		s.log.Warn("contacts", "err", err)
	}
}

func (s *Server) action(w http.ResponseWriter, r *http.Request) {
	var a Action
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&a); err != nil {
		problem(w, http.StatusBadRequest, "body: "+err.Error())
		return
	}
	v, err := s.agent.Ask(r.Context(), a)
	switch {
	case errors.Is(err, ErrNotFound):
		problem(w, http.StatusNotFound, err.Error())
	case err != nil:
		problem(w, http.StatusConflict, err.Error())
	default:
		reply(w, v)
	}
}
