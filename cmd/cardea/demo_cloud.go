package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"cardea/cloud"
	"cardea/cloud/account"
	"cardea/cloud/rooms"
	"cardea/cloud/staff/rights"
	"cardea/home"

	"github.com/google/uuid"
)

// Where the demo's cloud is inside the lab: its folder in the lab's own tmpfs, its ports on the lab's internet.
const (
	cloudData   = "/run/cardea/cloud"
	claimFile   = "/run/cardea/claim"
	cloudPort   = 8490 // the same number outside, on localhost, unless it is taken there
	panelPort   = 8491
	brokerPort  = 4222
	appSocket   = 3 // file descriptors that the lab's process was given
	panelSocket = 4
	linkLife    = 12 * time.Hour
	demoStream  = 32 << 20 // bytes of the stream of reports: the lab's disk is small
)

// demoCloud is the real cloud as a process of its own on the lab's internet.
type demoCloud struct {
	demo     *demo
	public   string // as a browser on this machine reaches it
	panelURL string
	inside   string // as the lab reaches it
	process  *agentProcess
	rooms    *rooms.Rooms // beside the running process, as cardea admin
	place    home.Place
	resident account.Person
	staff    account.Person
	api      *apiClient
}

// sockets opens, outside of the lab, what the browser connects to. A port that is taken gives way to any free one.
func sockets() ([]*os.File, error) {
	var files []*os.File
	for _, port := range []int{cloudPort, panelPort} {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			l, err = net.Listen("tcp", "127.0.0.1:0")
		}
		if err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
		f, err := l.(*net.TCPListener).File()
		l.Close()
		if err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
		files = append(files, f)
	}
	return files, nil
}

// socketURL says how a browser reaches a socket that was handed over.
func socketURL(fd int) (string, net.Listener, error) {
	f := os.NewFile(uintptr(fd), "socket")
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return "", nil, fmt.Errorf("demo: %w", err)
	}
	at, err := netip.ParseAddrPort(l.Addr().String())
	if err != nil {
		return "", nil, fmt.Errorf("demo: %w", err)
	}
	return fmt.Sprintf("http://localhost:%d", at.Port()), l, nil
}

// startCloud makes a tenant with one home in it and starts the cloud.
func (d *demo) startCloud(ctx context.Context) (*demoCloud, error) {
	c := &demoCloud{demo: d, inside: fmt.Sprintf("http://%v", netip.AddrPortFrom(d.home.Plan.WAN.Cloud4, cloudPort))}
	var l net.Listener
	var err error
	if c.public, l, err = socketURL(appSocket); err != nil {
		return nil, err
	}
	defer l.Close()
	if err := c.provide(ctx); err != nil {
		return nil, fmt.Errorf("demo: prepare the cloud: %w", err)
	}
	if err := c.start(l); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *demoCloud) config() cloud.Config {
	at := c.demo.home.Plan.WAN.Cloud4
	broker := netip.AddrPortFrom(at, brokerPort).String()
	return cloud.Config{Data: cloudData, HTTP: []string{netip.AddrPortFrom(at, cloudPort).String()}, Public: c.public,
		Listen: broker, Advertise: []string{broker}, Demo: true}
}

// provide does what cardea admin does for a new customer.
func (c *demoCloud) provide(ctx context.Context) (err error) {
	if c.rooms, err = cloud.Open(ctx, c.config()); err != nil {
		return err
	}
	a := c.rooms.Accounts
	tenant, err := a.CreateTenant(ctx, "example", "Example Net")
	if err != nil {
		return err
	}
	if err := a.SaveSharing(ctx, tenant.ID, account.Sharing{Share: true, Helping: account.HelpingOn}, "admin"); err != nil {
		return err
	}
	h, err := a.CreateHome(ctx, tenant.ID, "Home", "100-4711")
	if err != nil {
		return err
	}
	c.place = home.Place{Tenant: tenant.ID, Home: h.ID}
	if c.resident, err = a.AddResident(ctx, tenant.ID, []string{h.ID}, "resident@example.net", "Resident", uuid.NewString()); err != nil {
		return err
	}
	if c.staff, err = a.AddStaff(ctx, tenant.ID, "support@example.net", "Support", uuid.NewString(), rights.Tier2, rights.SOC, rights.Privacy, rights.Admin); err != nil {
		return err
	}
	if _, err := c.rooms.Rollout.Publish(ctx, "lists", os.DirFS(c.demo.facts.Lists)); err != nil {
		return fmt.Errorf("publish lists: %w", err)
	}
	code, _, err := a.CreateClaim(ctx, c.place, "admin", false)
	if err != nil {
		return err
	}
	return os.WriteFile(claimFile, []byte(code+"\n"), 0o600)
}

// start runs cardea serve with the socket that the browser connects to.
func (c *demoCloud) start(l net.Listener) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer f.Close()
	cfg := c.config()
	cmd := exec.Command(self, "serve", "--demo", "--data", cfg.Data, "--http", "fd:3", "--http", cfg.HTTP[0], "--public", cfg.Public,
		"--listen", cfg.Listen, "--advertise", cfg.Advertise[0], "--stream-bytes", strconv.Itoa(demoStream))
	cmd.ExtraFiles = []*os.File{f}
	log := ""
	if c.demo.cmd.Log != "" {
		log = c.demo.cmd.Log + ".cloud"
	}
	c.process, err = startProcess(c.demo.home, "internet", cmd, log)
	return err
}

// ready waits until the cloud answers, and signs the resident in.
func (c *demoCloud) ready(ctx context.Context) error {
	s, err := c.demo.home.Space("internet")
	if err != nil {
		return err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	c.api = &apiClient{base: c.inside, http: &http.Client{Jar: jar, Timeout: 10 * time.Second,
		Transport: &http.Transport{DialContext: s.Dial}}}
	deadline := time.NewTimer(15 * time.Second)
	defer deadline.Stop()
	for c.api.call(ctx, http.MethodGet, "/readyz", nil, nil) != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.process.done:
			return fmt.Errorf("demo: the cloud ended: %w\n%s", c.process.err, c.process.tail())
		case <-deadline.C:
			return fmt.Errorf("demo: the cloud is not ready after 15 s\n%s", c.process.tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
	token, err := c.rooms.Accounts.SignInLink(ctx, account.Resident, c.place.Tenant, c.resident.ID, time.Minute)
	if err != nil {
		return err
	}
	return c.api.call(ctx, http.MethodPost, "/v1/sessions", map[string]string{"token": token}, nil)
}

// enrol gives the gateway its certificate with the agent's own command.
func (c *demoCloud) enrol(ctx context.Context, program, config string) error {
	out, err := c.demo.home.Exec(ctx, "gateway", program, "enroll", "--config", config, "--cloud", c.inside, "--code-file", claimFile)
	if err != nil {
		return fmt.Errorf("demo: enrol the gateway: %w\n%s", err, out)
	}
	return nil
}

// linked waits until the cloud knows the home's devices.
func (c *demoCloud) linked(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for {
		var h struct {
			Gateway *struct{ Online bool } `json:"gateway"`
			Devices int                    `json:"devices"`
		}
		err := c.api.call(ctx, http.MethodGet, c.path(""), nil, &h)
		if err == nil && h.Gateway != nil && h.Gateway.Online && h.Devices > 0 {
			return nil
		}
		if e := pause(ctx, 50*time.Millisecond); e != nil {
			return fmt.Errorf("demo: the cloud does not hear of the home: %w; %w\n%s", e, err, c.process.tail())
		}
	}
}

func (c *demoCloud) path(rest string) string { return "/v1/homes/" + c.place.Home + rest }

// link makes an address that signs somebody in, once.
func (c *demoCloud) link(ctx context.Context, kind string) (string, error) {
	who, as, page := c.resident.ID, account.Resident, "/sign-in#"
	if kind == "staff" {
		who, as, page = c.staff.ID, account.Staff, "/staff/sign-in#"
	}
	token, err := c.rooms.Accounts.SignInLink(ctx, as, c.place.Tenant, who, linkLife)
	if err != nil {
		return "", err
	}
	return c.public + page + token, nil
}

func (c *demoCloud) stop() error {
	if c == nil {
		return nil
	}
	var errs []error
	if c.process != nil {
		if err := c.process.stop(); !errors.Is(err, os.ErrProcessDone) {
			errs = append(errs, err)
		}
	}
	if c.rooms != nil {
		errs = append(errs, c.rooms.Close())
	}
	return errors.Join(errs...)
}

// apiClient speaks the cloud's HTTP API as the app does.
type apiClient struct {
	base string
	http *http.Client
}

// call sends in as JSON, unless nil, and reads the answer into out, unless nil.
func (a *apiClient) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", uuid.NewString())
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s: %.300s", method, path, resp.Status, strings.TrimSpace(string(b)))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(b, out)
}

// order is an act that was asked of the gateway, as the API tells it.
type order struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Reason string `json:"reason"`
	Check  *struct {
		Clean    bool   `json:"clean"`
		Sentence string `json:"sentence"`
	} `json:"check"`
}

// ask presses a button of the app and waits until the gateway has confirmed it.
func (c *demoCloud) ask(ctx context.Context, verb, incident string) (o order, err error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := c.api.call(ctx, http.MethodPost, c.path("/orders"), map[string]string{"verb": verb, "incident": incident}, &o); err != nil {
		return o, err
	}
	for o.Status == "asked" {
		if err := pause(ctx, 60*time.Millisecond); err != nil {
			return o, fmt.Errorf("%s was not confirmed by the gateway: %w", verb, err)
		}
		if err := c.api.call(ctx, http.MethodGet, c.path("/orders/"+o.ID), nil, &o); err != nil {
			return o, err
		}
	}
	if o.Status != "in_force" {
		return o, fmt.Errorf("%s: %s: %s", verb, o.Status, o.Reason)
	}
	return o, nil
}

// incident waits until the cloud has a device's case in a state.
func (c *demoCloud) incident(ctx context.Context, device, state string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, catchTime)
	defer cancel()
	for {
		var list struct {
			Items []struct {
				ID     string `json:"id"`
				State  string `json:"state"`
				Device struct {
					Name string `json:"name"`
				} `json:"device"`
			} `json:"items"`
		}
		if err := c.api.call(ctx, http.MethodGet, c.path("/incidents?state=open"), nil, &list); err != nil {
			return "", err
		}
		for _, i := range list.Items {
			if i.Device.Name == device && i.State == state {
				return i.ID, nil
			}
		}
		if err := pause(ctx, 60*time.Millisecond); err != nil {
			return "", fmt.Errorf("the cloud has no case of %s that is %s: %w", device, state, err)
		}
	}
}
