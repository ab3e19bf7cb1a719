package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"cardea/cloud"
	"cardea/cloud/account"
	"cardea/cloud/account/pki"
	"cardea/cloud/rooms"
	"cardea/gateway/uplink"
	"cardea/home"
	"cardea/internal/freeport"
	"cardea/lab/fleet"
	"cardea/wire"
	"cardea/wire/pb"
)

type simulateCmd struct {
	Homes    int           `help:"How many homes." default:"1000"`
	Rate     float64       `help:"Reports in a second, of all homes together." default:"1000"`
	Duration time.Duration `help:"How long they report." default:"20s"`
	DB       string        `help:"The cloud's database; default: SQLite in the folder."`
	Dir      string        `help:"Folder for the cloud's data; default: one that is removed at the end." type:"path"`
	JSON     bool          `help:"Print the result as one JSON object."`

	Fill   bool   `help:"Start nothing and measure nothing: put a believable fleet into the store, as if it had been there for weeks, to try the staff's console on."`
	Data   string `help:"With --fill: the cloud's data folder; default: /var/lib/cardea-cloud, as serve has it, or, where you may not write there, cardea-fleet in your own state folder (~/.local/state)." type:"path"`
	Tenant string `help:"With --fill: short name of the tenant that is made for it." default:"simulated"`
	Seed   uint64 `help:"With --fill: another number makes another fleet, the same one the same." default:"1"`
	Stay   bool   `help:"With --fill: go on, so that the gateways stay online."`
}

// Help says what is simulated.
func (simulateCmd) Help() string {
	return `This is a simulator: the homes, their devices and what they do are made up. What is real is the cloud, which is started
as a process of its own on the loopback (cardea serve), and the way to it: each home has its certificate, its TLS connection and
the agent's own uplink. What homes send: ` + fleet.Mix + `.

The simulator keeps a list of its own of what it sent and compares it with what the cloud has stored at the end. Exit status 0:
nothing was lost and nothing doubled. Simulator and cloud share this machine's processors.

With --fill nothing is measured: made-up homes with their devices, incidents and weeks of history are put into a store, under a
tenant of their own, and every screen of the staff's console says that they are simulated. Into which folder is said at once. A store
in which people's homes are is refused, whatever folder it is in.`
}

// simulation is a cloud of its own and the homes in front of it.
type simulation struct {
	cmd    simulateCmd
	dir    string
	http   string // address of the cloud's API
	rooms  *rooms.Rooms
	api    *cloud.Server // in this process, as an API server of its own: what it is asked reaches homes over the bus
	ended  chan error    // of api; capacity 1
	leave  func()        // ends it
	tenant string
	serve  *exec.Cmd
	log    *os.File

	mu   sync.Mutex
	apps map[home.Place]app // by home
}

// simulatedGC is how much the homes' heap may grow, in percent, before it is collected.
const simulatedGC = 800

// Run is called by kong.
func (c simulateCmd) Run(ctx context.Context) (err error) {
	if c.Fill {
		return c.fill(ctx)
	}
	// Thousands of homes share this one process: each real gateway collects a garbage of its own, and keeps nobody else waiting.
	defer debug.SetGCPercent(debug.SetGCPercent(simulatedGC))
	if c.Homes < 1 || c.Homes > 100000 || c.Rate <= 0 || c.Duration <= 0 {
		return errors.New("simulate: 1 to 100,000 homes, a rate and a duration above zero")
	}
	raiseFiles()
	s := &simulation{cmd: c, dir: c.Dir}
	if s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "cardea-simulate"); err != nil {
			return fmt.Errorf("simulate: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(s.dir)) }()
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.start(ctx); err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	result, err := fleet.Run(ctx, fleet.Options{
		Homes: c.Homes, Rate: c.Rate, Duration: c.Duration, Issue: s.issue, Stored: s.stored, Push: s.push, PushHomes: pushedHomes, CPU: s.cpu, Progress: s.progress,
	})
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	if n, err := s.metric(ctx, "cardea_ingest_items_stored_total"); err == nil && n > result.Acknowledged {
		result.Doubled = max(result.Doubled, n-result.Acknowledged)
	}
	if !c.JSON {
		s.tell(result)
	} else if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		return err
	}
	if result.Lost > 0 || result.Doubled > 0 || !result.Complete {
		return errSilent
	}
	return nil
}

// raiseFiles lets a process have as many sockets as the machine allows: each home is one.
func raiseFiles() {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) == nil {
		l.Cur = l.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l) // with fewer, fewer homes connect, and the result says so
	}
}

// start runs cardea serve and waits until it is ready.
func (s *simulation) start(ctx context.Context) (err error) {
	broker, err := freeport.Addr()
	if err != nil {
		return err
	}
	if s.http, err = freeport.Addr(); err != nil {
		return err
	}
	cfg := cloud.Config{Data: filepath.Join(s.dir, "cloud"), DB: s.cmd.DB}
	before, err := cloud.Open(ctx, cfg)
	if err != nil {
		return err
	}
	t, err := before.Accounts.CreateTenant(ctx, "sim-"+strconv.FormatInt(time.Now().UnixNano(), 36), "Simulated tenant")
	if err == nil {
		err = before.Accounts.SaveSharing(ctx, t.ID, account.Sharing{Share: true, Helping: account.HelpingOn}, "admin")
	}
	if err := errors.Join(err, before.Close()); err != nil {
		return err
	}
	s.tenant = t.ID
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if s.log, err = os.Create(filepath.Join(s.dir, "cloud.log")); err != nil {
		return err
	}
	s.serve = exec.Command(self, "serve", "--data", cfg.Data, "--db", s.cmd.DB, "--listen", broker, "--advertise", broker, "--http", s.http)
	s.serve.Stdout, s.serve.Stderr = s.log, s.log
	s.serve.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.serve.Start(); err != nil {
		return err
	}
	for range 600 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.http+"/readyz", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return s.join(ctx, broker)
			}
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	b, _ := os.ReadFile(s.log.Name()) // it is said below that the cloud did not start
	return fmt.Errorf("the cloud did not become ready:\n%s", b)
}

// join makes this process the cloud's API server too.
func (s *simulation) join(ctx context.Context, broker string) error {
	cfg := cloud.Config{Roles: []string{cloud.RoleAPI}, Data: filepath.Join(s.dir, "cloud"), DB: s.cmd.DB, NATS: []string{broker},
		HTTP: []string{"127.0.0.1:0"}, Advertise: []string{broker}}
	var err error
	if s.api, err = cloud.New(ctx, cfg, version, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	s.rooms, s.ended = s.api.Rooms(), make(chan error, 1)
	ctx, s.leave = context.WithCancel(ctx)
	go func() { s.ended <- s.api.Run(ctx) }()
	return nil
}

func (s *simulation) stop() error {
	var errs []error
	if s.ended != nil {
		s.leave()
		errs = append(errs, <-s.ended)
	}
	if s.serve != nil && s.serve.Process != nil {
		errs = append(errs, s.serve.Process.Signal(syscall.SIGTERM), s.serve.Wait())
	}
	if s.log != nil {
		errs = append(errs, s.log.Close())
	}
	return errors.Join(errs...)
}

// issue makes a home and enrols its gateway, as cardea admin and the agent do.
func (s *simulation) issue(ctx context.Context, n int) (id uplink.Identity, err error) {
	a := s.rooms.Accounts
	h, err := a.CreateHome(ctx, s.tenant, "Simulated home", strconv.Itoa(n))
	if err != nil {
		return id, err
	}
	code, _, err := a.CreateClaim(ctx, h.Place(), "simulator", false)
	if err != nil {
		return id, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return id, err
	}
	m := &pb.Enrolment{Protocol: wire.Protocol, Version: version}
	if m.Csr, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key); err != nil {
		return id, err
	}
	if m.Claim, err = wire.ClaimID(code); err != nil {
		return id, err
	}
	mac, err := wire.ClaimKey(code)
	if err != nil {
		return id, err
	}
	wire.SignEnrolment(m, mac)
	r, err := a.Enrol(ctx, m)
	if err != nil {
		return id, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return id, err
	}
	if n < pushedHomes {
		if err := s.move(ctx, h.Place(), n); err != nil {
			return id, err
		}
	}
	return uplink.Identity{Place: wire.PlaceOf(r), Chain: r.GetChain(), Key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		Roots: r.GetRoots(), Servers: r.GetServers(), Name: r.GetName(), Until: time.Now().Add(pki.ClientLife)}, nil
}

func (s *simulation) stored(ctx context.Context, p home.Place, epoch uint64) (fleet.Stored, error) {
	highest, items, err := s.rooms.Stored(ctx, p, epoch)
	return fleet.Stored{Highest: highest, Items: items}, err
}

// pushedHomes is how many homes have somebody who presses buttons.
const pushedHomes = 200

// app is how a resident reaches the cloud: signed in, and from an address of their own, as limits count by address.
type app struct {
	session string
	client  *http.Client
}

// move has a resident move into a home and sign in.
func (s *simulation) move(ctx context.Context, p home.Place, n int) error {
	a := s.rooms.Accounts
	who, err := a.AddResident(ctx, p.Tenant, []string{p.Home}, fmt.Sprintf("resident-%d@example.net", n), "Simulated resident", "")
	if err != nil {
		return err
	}
	link, err := a.SignInLink(ctx, account.Resident, p.Tenant, who.ID, time.Hour)
	if err != nil {
		return err
	}
	_, session, err := a.SignInBy(ctx, account.Resident, link)
	if err != nil {
		return err
	}
	dial := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 2, byte(n+1))}}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.apps == nil {
		s.apps = map[home.Place]app{}
	}
	s.apps[p.OfHome()] = app{session, &http.Client{Transport: &http.Transport{DialContext: dial.DialContext}, Timeout: 30 * time.Second}}
	return nil
}

// push presses a button of a home's app.
func (s *simulation) push(ctx context.Context, p home.Place) error {
	s.mu.Lock()
	a, ok := s.apps[p.OfHome()]
	s.mu.Unlock()
	if !ok {
		return errors.New("nobody lives there")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.http+"/v1/homes/"+p.Home+"/orders",
		strings.NewReader(`{"verb":"block","endpoint":"example.net","why":"simulated"}`))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", rand.Text())
	req.AddCookie(&http.Cookie{Name: "cardea_resident", Value: a.session})
	resp, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		b, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10)) // to tell
		return fmt.Errorf("the order was answered with %s: %s", resp.Status, b)
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // the connection is used again
	return err
}

// cpu is what the cloud's process has used.
func (s *simulation) cpu() (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.serve.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0, errors.New("the cloud's processor time cannot be read")
	}
	user, err1 := strconv.ParseUint(f[11], 10, 64) // utime and stime in ticks of 10 ms: proc_pid_stat(5)
	system, err2 := strconv.ParseUint(f[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond, errors.Join(err1, err2)
}

// metric reads one of the cloud's counters.
func (s *simulation) metric(ctx context.Context, name string) (uint64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.http+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(io.LimitReader(resp.Body, 4<<20)); lines.Scan(); {
		if v, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			n, err := strconv.ParseFloat(v, 64)
			return uint64(n), err
		}
	}
	return 0, fmt.Errorf("no counter %s", name)
}

func (s *simulation) progress(p fleet.Progress) {
	fmt.Fprintf(os.Stderr, "%-8s %6d connected  %9d sent  %9d acknowledged  %5d waiting\n", p.Phase, p.Connected, p.Sent, p.Acknowledged, p.Waiting)
}

func (s *simulation) tell(r fleet.Result) {
	fmt.Printf("A simulation: %d made-up homes on this machine, beside their cloud.\n", r.Homes)
	fmt.Printf("sent %d, acknowledged %d (%.0f a second), stored %d, lost %d, doubled %d\n", r.Sent, r.Acknowledged, r.Rate, r.Stored, r.Lost, r.Doubled)
	fmt.Printf("the cloud used %.2f cores, %.0f µs for each report\n", r.Cores, r.CPUPerReport)
	fmt.Printf("push to a home and back: p50 %.1f ms, p99 %.1f ms (%d pushes)\n", r.PushP50MS, r.PushP99MS, r.Pushes)
	fmt.Printf("%d connections in %.1f s\n", r.Homes, r.ConnectMS/1000)
}
