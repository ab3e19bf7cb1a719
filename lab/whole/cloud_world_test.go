package whole

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"os"
	"os/exec"
	"syscall"
	"time"

	"cardea/cloud"
	"cardea/cloud/account"
	"cardea/cloud/rooms"
	"cardea/home"

	"github.com/google/uuid"
)

const (
	cloudData = "/run/cardea/cloud"
	// apiAddress is on the loopback of the lab's internet: people reach the API while the gateway does not reach the cloud.
	apiAddress = "127.0.0.1:8490"
)

// sky is the real cloud, a process on the lab's internet, with the lab's home in it.
type sky struct {
	w       *world
	rooms   *rooms.Rooms // beside the running process, as cardea admin
	place   home.Place
	process *agent // any process
	flags   []string
	client  *http.Client
}

// above brings the cloud up, enrols the gateway and starts the agent: it is what options.first does.
func above(s *sky) func(*world) error {
	return func(w *world) error {
		s.w = w
		f, err := os.OpenFile(w.config, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString("cloud:\n  reconnect: 200ms\n  contain_per_day: 1000\n")
		if err := errors.Join(err, f.Close(), os.RemoveAll(cloudData)); err != nil {
			return err
		}
		code, err := s.provide()
		if err != nil {
			return err
		}
		if err := errors.Join(s.start(), s.signIn()); err != nil {
			return err
		}
		if err := os.WriteFile("/run/cardea/claim", []byte(code+"\n"), 0o600); err != nil {
			return err
		}
		out, err := w.home.Exec(w.ctx, "gateway", agentProgram(), "enroll", "--config", w.config, "--cloud", "http://"+s.address(8490), "--code-file", "/run/cardea/claim")
		if err != nil {
			return fmt.Errorf("enrol: %w\n%s", err, out)
		}
		return w.start()
	}
}

func (s *sky) address(port uint16) string {
	return netip.AddrPortFrom(s.w.home.Plan.WAN.Cloud4, port).String()
}

// provide makes a tenant with one home and its resident, and a claim code.
func (s *sky) provide() (code string, err error) {
	ctx, broker := s.w.ctx, s.address(4222)
	if s.rooms, err = cloud.Open(ctx, cloud.Config{Data: cloudData, Listen: broker, Advertise: []string{broker}}); err != nil {
		return "", err
	}
	s.w.t.Cleanup(func() {
		if err := s.rooms.Close(); err != nil {
			s.w.t.Error(err)
		}
	})
	tenant, err := s.rooms.Accounts.CreateTenant(ctx, "example", "Example Net")
	if err != nil {
		return "", err
	}
	if err := s.rooms.Accounts.SaveSharing(ctx, tenant.ID, account.Sharing{Share: true, Helping: account.HelpingOn}, "admin"); err != nil {
		return "", err
	}
	h, err := s.rooms.Accounts.CreateHome(ctx, tenant.ID, "Home", "100-4711")
	if err != nil {
		return "", err
	}
	s.place = h.Place()
	code, _, err = s.rooms.Accounts.CreateClaim(ctx, s.place, "admin", false)
	return code, err
}

// start starts cardea serve and waits until it is ready.
func (s *sky) start() error {
	if err := s.launch(); err != nil {
		return err
	}
	return s.ready()
}

func (s *sky) ready() error {
	space, err := s.w.home.Space("internet")
	if err != nil {
		return err
	}
	if s.client == nil {
		jar, err := cookiejar.New(nil)
		if err != nil {
			return err
		}
		s.client = &http.Client{Jar: jar, Timeout: 20 * time.Second, Transport: &http.Transport{DialContext: space.Dial}}
	}
	for range 1500 {
		if status, err := s.call(s.w.ctx, http.MethodGet, "/readyz", "", nil, nil); err == nil && status == http.StatusOK {
			return nil
		}
		if s.process.ended() {
			return fmt.Errorf("the cloud ended: %w\n%s", s.process.err, s.process.tail())
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("the cloud is not ready\n%s", s.process.tail())
}

func (s *sky) launch() error {
	broker := s.address(4222)
	p := &agent{cmd: exec.Command(os.Getenv(cloudVariable), append([]string{"serve", "--data", cloudData, "--http", apiAddress, "--http", s.address(8490), "--listen", broker,
		"--advertise", broker, "--stream-bytes", "33554432"}, s.flags...)...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p, p
	if err := s.w.home.Start("internet", p.cmd); err != nil {
		return err
	}
	go func() { p.err = p.cmd.Wait(); close(p.done) }() // ends with the process
	s.process = p
	s.w.t.Cleanup(func() {
		p.end(syscall.SIGKILL)
		if s.w.t.Failed() && p == s.process {
			s.w.t.Logf("the cloud's log ends:\n%s", p.tail())
		}
	})
	return nil
}

// signIn makes a resident of the home and signs them in.
func (s *sky) signIn() error {
	r, err := s.rooms.Accounts.AddResident(s.w.ctx, s.place.Tenant, []string{s.place.Home}, "resident@example.net", "Resident", uuid.NewString())
	if err != nil {
		return err
	}
	token, err := s.rooms.Accounts.SignInLink(s.w.ctx, account.Resident, s.place.Tenant, r.ID, time.Minute)
	if err != nil {
		return err
	}
	_, err = s.call(s.w.ctx, http.MethodPost, "/v1/sessions", "", map[string]string{"token": token}, nil)
	return err
}

// call speaks the API as the app does.
func (s *sky) call(ctx context.Context, method, path, key string, in, out any) (status int, err error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return 0, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+apiAddress+path, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return 0, err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return resp.StatusCode, fmt.Errorf("%s %s: %s: %.300s", method, path, resp.Status, b)
	}
	if out != nil {
		err = json.Unmarshal(b, out)
	}
	return resp.StatusCode, err
}

// order is what the resident asked for in the app.
type order struct {
	ID       string `json:"id"`
	Verb     string `json:"verb"`
	Device   string `json:"device"`
	Incident string `json:"incident"`
	Endpoint string `json:"endpoint"`
	Why      string `json:"why"`
	Status   string `json:"status"`
	Reason   string `json:"reason"`
}

// ask asks for an order, again with the same key while the cloud is away. ok is false when the cloud says no.
func (s *sky) ask(o order) (taken order, ok bool) {
	s.w.t.Helper()
	key, in := uuid.NewString(), map[string]string{"verb": o.Verb, "why": o.Why}
	for name, v := range map[string]string{"device": o.Device, "incident": o.Incident, "endpoint": o.Endpoint} {
		if v != "" {
			in[name] = v
		}
	}
	for end := time.Now().Add(patient); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		status, err := s.call(s.w.ctx, http.MethodPost, "/v1/homes/"+s.place.Home+"/orders", key, in, &taken)
		if err == nil && status == http.StatusAccepted {
			return taken, true
		}
		if status >= 400 && status < 500 && status != http.StatusTooManyRequests {
			return taken, false
		}
	}
	s.w.t.Fatalf("the API does not answer: %+v", o)
	return taken, false
}
