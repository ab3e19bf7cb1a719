package whole

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cardea/cloud"
	"cardea/cloud/account"
	"cardea/cloud/rooms"
	"cardea/gateway/control"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/lab/lookup"
	"cardea/lab/space"

	"github.com/google/uuid"
	"github.com/miekg/dns"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// street is many homes on one internet, each with a real agent, and one camera of the same model; and the real cloud above them.
type street struct {
	t      *testing.T
	ctx    context.Context
	net    *space.Space
	rooms  *rooms.Rooms
	tenant string
	client *http.Client
	cloud  *agent
	homes  []*house
	more   string // of the agents' configuration
}

// house is one of them.
type house struct {
	street *street
	n      int
	place  home.Place
	gate   *space.Space
	cam    *space.Space
	mac    home.MAC
	dir    string
	config string
	agent  *agent
	client *control.Client
	id     home.DeviceID // of the camera
}

const streetData = "/run/cardea/street/cloud"

var (
	streetCloud = netip.MustParseAddr("203.0.113.80")
	streetDNS   = netip.MustParseAddr("203.0.113.53")
	streetC2    = netip.MustParseAddrPort("198.51.100.66:6667")
	gateMAC     = home.MAC{0x58, 0xef, 0x68, 0, 0, 1}
)

// beginStreet brings homes up with the cloud; each comes in by an access network of its own. more is added to the agents' configuration.
func beginStreet(t *testing.T, homes int, more ...string) *street {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 12*time.Minute)
	t.Cleanup(cancel)
	s := &street{t: t, ctx: ctx, more: strings.Join(more, "")}
	s.must(os.RemoveAll("/run/cardea/street"))
	s.internet()
	for n := range homes {
		s.homes = append(s.homes, s.build(n))
	}
	s.provide()
	s.each(func(h *house) error { return h.enrol() })
	for _, h := range s.homes {
		s.must(h.start())
	}
	s.each(func(h *house) error { return h.agent.ready(ctx, h.client) })
	return s
}

func (s *street) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// each does something in all homes at once.
func (s *street) each(do func(*house) error, homes ...*house) {
	s.t.Helper()
	if len(homes) == 0 {
		homes = s.homes
	}
	errs := make([]error, len(homes))
	var g sync.WaitGroup
	for i, h := range homes {
		g.Go(func() {
			if errs[i] = do(h); errs[i] != nil {
				errs[i] = fmt.Errorf("home %d: %w", h.n, errs[i])
			}
		})
	}
	g.Wait()
	s.must(errors.Join(errs...))
}

// eventually waits for what takes its time.
func (s *street) eventually(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(4 * patient); time.Now().Before(end) && s.ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	s.t.Fatalf("waited in vain: %s", what)
}

// until is eventually for one home among several at once.
func (h *house) until(what string, ok func() bool) error {
	for end := time.Now().Add(4 * patient); time.Now().Before(end) && h.street.ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		if ok() {
			return nil
		}
	}
	return errors.New("waited in vain: " + what)
}

func (s *street) space(name string) *space.Space {
	s.t.Helper()
	sp, err := space.New(name)
	s.must(err)
	s.t.Cleanup(sp.Close)
	return sp
}

func addr(sp *space.Space, dev string, list ...netip.Prefix) error {
	link, err := sp.NL.LinkByName(dev)
	if err != nil {
		return err
	}
	for _, p := range list {
		if err := sp.NL.AddrAdd(link, &netlink.Addr{IPNet: space.IPNet(p)}); err != nil {
			return fmt.Errorf("%s: %v: %w", sp.Name, p, err)
		}
	}
	return sp.NL.LinkSetUp(link)
}

// internet answers names, and echoes on some ports of all of its hosts; everybody else is silent.
func (s *street) internet() {
	s.t.Helper()
	s.net = s.space("street")
	s.must(addr(s.net, "lo", netip.PrefixFrom(streetCloud, 32), netip.PrefixFrom(streetDNS, 32)))
	lo, err := s.net.NL.LinkByName("lo")
	s.must(err)
	for _, p := range []string{"198.18.0.0/16", streetC2.Addr().String() + "/32"} {
		s.must(s.net.NL.RouteReplace(&netlink.Route{LinkIndex: lo.Attrs().Index, Dst: space.IPNet(netip.MustParsePrefix(p)), Scope: netlink.SCOPE_HOST,
			Type: unix.RTN_LOCAL, Table: unix.RT_TABLE_LOCAL}))
	}
	s.must(s.net.NL.RouteAdd(&netlink.Route{Dst: space.IPNet(netip.MustParsePrefix("0.0.0.0/0")), Type: unix.RTN_BLACKHOLE}))
	var g sync.WaitGroup
	s.t.Cleanup(g.Wait) // after all are closed
	for _, port := range []string{"443", "6667"} {
		l, err := s.net.Listen("tcp4", ":"+port)
		s.must(err)
		s.t.Cleanup(func() { l.Close() })
		g.Go(func() { serveEcho(l) })
	}
	pc, err := s.net.ListenPacket("udp4", netip.AddrPortFrom(streetDNS, 53).String(), "")
	s.must(err)
	srv := &dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(answerName)}
	g.Go(func() { _ = srv.ActivateAndServe() }) // ends with Shutdown
	s.t.Cleanup(func() { _ = srv.Shutdown() })
}

func serveEcho(l net.Listener) {
	var g sync.WaitGroup
	defer g.Wait()
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		g.Go(func() {
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(3 * time.Second))
			_, _ = io.Copy(c, io.LimitReader(c, 1024))
		})
	}
}

// answerName gives each name an address of its own.
func answerName(w dns.ResponseWriter, q *dns.Msg) {
	m := new(dns.Msg).SetReply(q)
	if name := strings.ToLower(q.Question[0].Name); q.Question[0].Qtype == dns.TypeA && strings.Count(name, ".") > 1 {
		sum := home.HashPort(name, 1, "a")
		a := net.IPv4(198, 18, byte(sum>>8), byte(sum)|1)
		m.Answer = append(m.Answer, &dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60}, A: a})
	}
	_ = w.WriteMsg(m) // who asked asks again
}

// build makes a home: camera, gateway with a bridge, a line to the internet.
func (s *street) build(n int) *house {
	s.t.Helper()
	h := &house{street: s, n: n, mac: home.MAC{0xc0, 0x56, 0xe3, 0, 1, byte(n)}, dir: fmt.Sprintf("/run/cardea/street/%d", n)}
	h.gate, h.cam = s.space(fmt.Sprintf("gate%d", n)), s.space(fmt.Sprintf("cam%d", n))
	wan := func(last byte) netip.Addr { return netip.AddrFrom4([4]byte{45, byte(10 + n), 0, last}) }
	lan := func(last byte) netip.Addr { return netip.AddrFrom4([4]byte{192, 168, byte(10 + n), last}) }
	cable := func(a *space.Space, name string, b *space.Space, peer string, mac home.MAC) {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = name
		v := &netlink.Veth{LinkAttrs: attrs, PeerName: peer, PeerNamespace: netlink.NsFd(b.FD())}
		if mac != (home.MAC{}) {
			v.PeerHardwareAddr = mac[:]
		}
		s.must(a.NL.LinkAdd(v))
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.HardwareAddr = "br-lan", gateMAC[:]
	s.must(h.gate.NL.LinkAdd(&netlink.Bridge{LinkAttrs: attrs}))
	cable(h.gate, "lan1", h.cam, "eth0", h.mac)
	cable(s.net, fmt.Sprintf("home%d", n), h.gate, "wan", home.MAC{})
	port, err := h.gate.NL.LinkByName("lan1")
	s.must(err)
	br, err := h.gate.NL.LinkByName("br-lan")
	s.must(err)
	s.must(h.gate.NL.LinkSetMaster(port, br))
	s.must(h.gate.Sysctl("net/ipv4/ip_forward", "1"))
	s.must(errors.Join(addr(h.gate, "lan1"), addr(h.gate, "br-lan", netip.PrefixFrom(lan(1), 24)), addr(h.gate, "wan", netip.PrefixFrom(wan(2), 24)),
		addr(h.cam, "eth0", netip.PrefixFrom(lan(20), 24)), addr(s.net, fmt.Sprintf("home%d", n), netip.PrefixFrom(wan(1), 24))))
	up, err := s.net.NL.LinkByName(fmt.Sprintf("home%d", n))
	s.must(err)
	for sp, r := range map[*space.Space]*netlink.Route{
		h.gate: {Gw: wan(1).AsSlice()}, h.cam: {Gw: lan(1).AsSlice()},
		s.net: {Dst: space.IPNet(netip.PrefixFrom(lan(0), 24)), Gw: wan(2).AsSlice(), LinkIndex: up.Attrs().Index},
	} {
		s.must(sp.NL.RouteAdd(r))
	}
	return h
}

// provide starts the cloud with a home for each, and signs a resident of all of them in.
func (s *street) provide() {
	s.t.Helper()
	broker := netip.AddrPortFrom(streetCloud, 4222).String()
	var err error
	s.rooms, err = cloud.Open(s.ctx, cloud.Config{Data: streetData, Listen: broker, Advertise: []string{broker}})
	s.must(err)
	s.t.Cleanup(func() {
		if err := s.rooms.Close(); err != nil {
			s.t.Error(err)
		}
	})
	tenant, err := s.rooms.Accounts.CreateTenant(s.ctx, "example", "Example Net")
	s.must(err)
	s.must(s.rooms.Accounts.SaveSharing(s.ctx, tenant.ID, account.Sharing{Share: true, Helping: account.HelpingOn}, "admin"))
	s.tenant = tenant.ID
	var ids []string
	for _, h := range s.homes {
		made, err := s.rooms.Accounts.CreateHome(s.ctx, tenant.ID, fmt.Sprint("Home ", h.n), fmt.Sprint("100-", h.n))
		s.must(err)
		h.place = made.Place()
		ids = append(ids, h.place.Home)
	}
	s.cloud = launched(s.t, s.net, os.Getenv(cloudVariable), "serve", "--data", streetData, "--http", apiAddress, "--http", netip.AddrPortFrom(streetCloud, 8490).String(),
		"--listen", broker, "--advertise", broker, "--stream-bytes", "33554432")
	jar, err := cookiejar.New(nil)
	s.must(err)
	s.client = &http.Client{Jar: jar, Timeout: 20 * time.Second, Transport: &http.Transport{DialContext: s.net.Dial}}
	s.eventually("the cloud is ready", func() bool {
		status, err := s.api().call(s.ctx, http.MethodGet, "/readyz", "", nil, nil)
		return err == nil && status == http.StatusOK
	})
	r, err := s.rooms.Accounts.AddResident(s.ctx, s.tenant, ids, "resident@example.net", "Resident", uuid.NewString())
	s.must(err)
	token, err := s.rooms.Accounts.SignInLink(s.ctx, account.Resident, s.tenant, r.ID, time.Minute)
	s.must(err)
	_, err = s.api().call(s.ctx, http.MethodPost, "/v1/sessions", "", map[string]string{"token": token}, nil)
	s.must(err)
}

// api speaks to the cloud as the app does.
func (s *street) api() *sky { return &sky{client: s.client} }

// launched starts a program in a namespace; it ends with the test.
func launched(t *testing.T, sp *space.Space, argv ...string) *agent {
	t.Helper()
	a := &agent{cmd: exec.Command(argv[0], argv[1:]...), done: make(chan struct{})}
	a.cmd.Stdout, a.cmd.Stderr = a, a
	if err := sp.Start(a.cmd); err != nil {
		t.Fatal(err)
	}
	go func() { a.err = a.cmd.Wait(); close(a.done) }() // ends with the process
	t.Cleanup(func() {
		a.end(syscall.SIGKILL)
		if t.Failed() {
			t.Logf("%s %s in %s, the log ends:\n%s", filepath.Base(argv[0]), argv[1], sp.Name, a.tail())
		}
	})
	return a
}

func (a *agent) ready(ctx context.Context, c *control.Client) error {
	for end := time.Now().Add(4 * patient); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if st, err := c.Status(ctx); err == nil && st.Ready {
			return nil
		}
		if a.ended() {
			return fmt.Errorf("the agent ended: %w", a.err)
		}
	}
	return errors.New("the agent is not ready")
}

// enrol gives the home's gateway its place in the cloud.
func (h *house) enrol() error {
	s := h.street
	h.config = filepath.Join(h.dir, "agent.yaml")
	text := fmt.Sprintf("lan: br-lan\nwan: wan\nstate: %s/state\nsocket: %s/agent.sock\nlog: info\ndns:\n  upstreams:\n    - udp://%s:53\ncloud:\n  reconnect: 200ms\n%s", h.dir, h.dir, streetDNS, s.more)
	code, _, err := s.rooms.Accounts.CreateClaim(s.ctx, h.place, "admin", false)
	if err := errors.Join(err, os.MkdirAll(h.dir, 0o755)); err != nil {
		return err
	}
	claim := filepath.Join(h.dir, "claim")
	if err := errors.Join(os.WriteFile(h.config, []byte(text), 0o600), os.WriteFile(claim, []byte(code+"\n"), 0o600)); err != nil {
		return err
	}
	cmd := exec.CommandContext(s.ctx, agentProgram(), "enroll", "--config", h.config, "--cloud", "http://"+netip.AddrPortFrom(streetCloud, 8490).String(), "--code-file", claim)
	var out []byte
	err = h.gate.Do(func() (err error) { out, err = cmd.CombinedOutput(); return err })
	if err != nil {
		return fmt.Errorf("enrol: %w: %s", err, out)
	}
	return nil
}

func (h *house) start() error {
	h.agent = launched(h.street.t, h.gate, agentProgram(), "run", "--config", h.config)
	h.client = control.Dial(filepath.Join(h.dir, "agent.sock"))
	return nil
}

// uses has the camera ask for a name and talk to who is there.
func (h *house) uses(name string) error {
	a, err := lookup.Addr(h.street.ctx, h.cam, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 168, byte(10 + h.n), 1}), 53), name, false)
	if err != nil {
		return err
	}
	return h.talks(netip.AddrPortFrom(a, 443))
}

// talks says something, and hears it again.
func (h *house) talks(to netip.AddrPort) error {
	ctx, cancel := context.WithTimeout(h.street.ctx, 2*time.Second)
	defer cancel()
	c, err := h.cam.Dial(ctx, "tcp4", to.String())
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(1500 * time.Millisecond))
	for range 12 { // a flow that is cut may lose its first packets only a moment later
		if _, err := c.Write([]byte("hello")); err != nil {
			return err
		}
		if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}

// sql changes what the cloud has stored: time that passes, and what it is told beforehand.
func (s *street) sql(statements ...string) {
	s.t.Helper()
	d, err := db.Open(s.ctx, "sqlite:"+filepath.Join(streetData, "cardea.db"))
	s.must(err)
	defer d.Close()
	for _, q := range statements {
		s.must(d.Tx(s.ctx, func(tx *db.Tx) error { _, err := tx.Exec(q); return err }))
	}
}

// count is how many rows a query finds.
func (s *street) count(query string) (n int) {
	s.t.Helper()
	d, err := db.Open(s.ctx, "sqlite:"+filepath.Join(streetData, "cardea.db"))
	s.must(err)
	defer d.Close()
	s.must(d.View(s.ctx, func(tx *db.Tx) error { return tx.Row(query).Scan(&n) }))
	return n
}
