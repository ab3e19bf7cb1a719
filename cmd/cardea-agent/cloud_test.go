package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/account/pki"
	"cardea/home"
	"cardea/internal/platform/bus"
	"cardea/internal/platform/bus/broker"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// asCloud makes this test binary a cloud of one gateway, in the folder that it names: accounts, a broker, and a person who
// asks for one thing after the other.
const asCloud = "CARDEA_TEST_AS_CLOUD"

// serveCloud runs until a device was shut in and let out by order.
func serveCloud(dir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Second)
	defer cancel()
	d, err := db.Open(ctx, "sqlite:"+filepath.Join(dir, "cloud.db"))
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Migrate(ctx, "account", account.Migrations); err != nil {
		return err
	}
	ca, err := pki.Open(filepath.Join(dir, "ca"), time.Now)
	if err != nil {
		return err
	}
	server, err := newBroker(dir, ca)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	broken, stop := context.WithCancel(context.Background())
	go func() { ended <- server.Run(broken) }()
	defer func() { stop(); <-ended }()
	conn, err := server.Local(ctx, "cloud")
	if err != nil {
		return err
	}
	defer conn.Close()
	accounts := account.New(d, ca, account.Options{Brokers: []string{"tls://" + server.Addr().String()}, Name: "broker.test"})
	tenant, err := accounts.CreateTenant(ctx, "example", "Example Net")
	if err != nil {
		return err
	}
	h, err := accounts.CreateHome(ctx, tenant.ID, "Home", "1")
	if err != nil {
		return err
	}
	code, _, err := accounts.CreateClaim(ctx, h.Place(), "staff", false)
	if err != nil {
		return err
	}
	p := &person{conn: conn, done: make(chan error, 1), devices: map[string]*pb.Device{}}
	if err := p.listen(ctx, h.ID); err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	web := &http.Server{ReadHeaderTimeout: time.Second, Handler: enrolments(accounts)}
	defer web.Close()
	go func() { _ = web.Serve(l) }()
	for name, text := range map[string]string{"code": code, "url": "http://" + l.Addr().String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	select {
	case <-ctx.Done():
		p.mu.Lock()
		defer p.mu.Unlock()
		return fmt.Errorf("the story does not end; it went: %s", p.story)
	case err := <-p.done:
		return err
	}
}

func newBroker(dir string, ca *pki.CA) (*broker.Server, error) {
	cert, err := ca.Server("broker.test")
	if err != nil {
		return nil, err
	}
	pair, err := cert.TLS()
	if err != nil {
		return nil, err
	}
	return broker.NewServer(broker.Config{
		Name: "one", Dir: filepath.Join(dir, "streams"), Listen: "127.0.0.1:0",
		TLS: &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: ca.Pool(), MinVersion: tls.VersionTLS13},
		Authenticate: func(cert *x509.Certificate) (broker.Permit, error) {
			p, err := pki.Place(cert)
			return broker.Permit{Name: p.String(), Publish: wire.MayPublish(p), Subscribe: wire.MaySubscribe(p)}, err
		},
	}, slog.New(slog.DiscardHandler))
}

func enrolments(a *account.Accounts) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
		m := &pb.Enrolment{}
		if err = errors.Join(err, proto.Unmarshal(b, m)); err == nil {
			var out *pb.Enrolled
			if out, err = a.Enrol(r.Context(), m); err == nil {
				if b, err = proto.Marshal(out); err == nil {
					w.Header().Set("Content-Type", "application/x-protobuf")
					_, _ = w.Write(b)
					return
				}
			}
		}
		http.Error(w, err.Error(), http.StatusForbidden)
	})
}

// person asks for something and waits until it is confirmed.
type person struct {
	conn *bus.Conn
	done chan error // capacity 1; the story's end

	mu      sync.Mutex
	place   home.Place
	devices map[string]*pb.Device
	desired pb.Desired
	story   []string
	high    uint64
}

func (p *person) listen(ctx context.Context, homeID string) error {
	if err := p.conn.EnsureStream(ctx, bus.StreamConfig{}); err != nil {
		return err
	}
	if _, err := p.conn.Subscribe("r.*.*.*.desired", "", func(m bus.Msg) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.place, _, _ = wire.ParseSubject(m.Subject)
		p.desired.Protocol = wire.Protocol
		if b, err := proto.Marshal(&p.desired); err == nil {
			_ = m.Respond(b)
		}
	}); err != nil {
		return err
	}
	h := fnv.New32a()
	h.Write([]byte(homeID))
	go func() {
		_ = p.conn.Consume(ctx, int(h.Sum32()%wire.Partitions), 64, func(_ context.Context, list []bus.Msg) error {
			for _, m := range list {
				r := &pb.Report{}
				if err := proto.Unmarshal(m.Data, r); err != nil {
					return err
				}
				for _, item := range r.GetItems() {
					p.hear(item)
				}
			}
			return nil
		})
	}()
	return nil
}

// hear takes the story on.
func (p *person) hear(item *pb.Item) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if item.GetSequence() <= p.high {
		return
	}
	p.high = item.GetSequence()
	for _, d := range item.GetDevices().GetDevices() {
		p.devices[d.GetId()] = d
		if len(p.desired.GetOrders()) == 0 && !d.GetGateway() && len(d.GetAddresses()) > 0 {
			p.ask("quarantine", d.GetId())
		}
	}
	if i := item.GetIncident(); i != nil {
		p.story = append(p.story, i.GetState()+" "+i.GetGrade())
	}
	r := item.GetOrderResult()
	if r != nil {
		p.story = append(p.story, fmt.Sprint(r.GetId(), " ", r.GetInForce(), r.GetWhy()))
	}
	if r.GetId() == "quarantine" {
		p.ask("release", p.desired.GetOrders()[0].GetDevice())
	}
	p.end()
}

// end ends the story when both its case and its orders have come to where they go. What a case became and what became of an order are told
// side by side: either may come first.
func (p *person) end() {
	var cases, orders []string
	for _, s := range slices.Compact(slices.Clone(p.story)) {
		if strings.HasPrefix(s, "quarantine ") || strings.HasPrefix(s, "release ") {
			orders = append(orders, s)
		} else {
			cases = append(cases, s)
		}
	}
	if len(orders) < 2 || len(cases) < 3 {
		return
	}
	var err error
	if cases, orders := strings.Join(slices.Compact(cases), ", "), strings.Join(orders, ", "); cases != "contained none, contained port, probation port" || orders != "quarantine true, release true" {
		err = fmt.Errorf("the story went: %s", strings.Join(p.story, ", "))
	}
	select {
	case p.done <- err:
	default: // it ended before
	}
}

// ask adds an order and tells the gateway. mu is held.
func (p *person) ask(verb, device string) {
	p.desired.Version++
	p.desired.Orders = append(p.desired.Orders, &pb.Order{Id: verb, Verb: verb, Device: device, By: "owner", Asked: time.Now().UnixMilli()})
	b, err := proto.Marshal(&pb.Command{Protocol: wire.Protocol, Body: &pb.Command_Nudge{Nudge: &pb.Nudge{Version: p.desired.GetVersion()}}})
	if err == nil {
		_ = p.conn.Publish(wire.Down(p.place), b)
	}
}

// A running agent is enrolled with the code from standard input, notices it, tells of the home, and does what is ordered.
func TestEnrollAndObey(t *testing.T) {
	h, config := startHome(t)
	if s := ask[object](t, "status"); s["cloud"] != nil {
		t.Errorf("a cloud before there is one: %v", s["cloud"])
	}
	dir := t.TempDir()
	said := new(bytes.Buffer)
	cloud := exec.Command("/proc/self/exe")
	cloud.Env = append(os.Environ(), asCloud+"="+dir)
	cloud.Stdout, cloud.Stderr = said, said
	if err := h.Start("gateway", cloud); err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		for range 600 {
			if b, err := os.ReadFile(filepath.Join(dir, name)); err == nil && len(b) > 0 {
				return string(b)
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Fatalf("no %s: %s", name, said)
		return ""
	}
	url, code := read("url"), read("code")
	enroll := func(more ...string) (string, error) {
		out := new(bytes.Buffer)
		cmd := exec.Command("/proc/self/exe", append([]string{"enroll", "--cloud", url, "--config", config}, more...)...)
		cmd.Env = append(os.Environ(), asCommand+"=1")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(code+"\n"), out, out
		if err := h.Start("gateway", cmd); err != nil {
			t.Fatal(err)
		}
		err := cmd.Wait()
		if strings.Contains(out.String(), code) {
			t.Error("it prints the code")
		}
		return out.String(), err
	}
	if out, err := enroll(); err != nil || !strings.Contains(out, "enrolled as gateway") {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := enroll(); err == nil || !strings.Contains(out, "--replace") {
		t.Errorf("enrolled twice: %s", out)
	}
	if err := cloud.Wait(); err != nil {
		t.Errorf("%v: %s", err, said)
	}
	s := ask[object](t, "status")
	c, _ := s["cloud"].(object)
	if c == nil || c["desired"] != float64(2) {
		t.Errorf("status: %v", s["cloud"])
	}
	if out, _, status := agent(t, "looks"); status != 0 || !strings.HasPrefix(out, "TIME") {
		t.Errorf("looks: %s", out)
	}
}
