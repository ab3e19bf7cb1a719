package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/cloud"
	"cardea/cloud/rooms"
	"cardea/internal/freeport"
	"cardea/internal/platform/bus"
	"cardea/internal/platform/db/dbtest"
	"cardea/lab/fleet"
	"cardea/wire"
)

// spread is a cloud of three brokers, two workers and an API server, each with a data folder of its own.
type spread struct {
	t       *testing.T
	sql     *dbtest.Server
	rooms   *rooms.Rooms
	bus     *bus.Conn
	addr    []string // of brokers
	brokers []*process
	workers []*process
	api     *process
	base    string // URL of the API
}

// grow brings it up. Brokers and workers get what cardea admin certificate writes; workers and API server share the
// keys of the first data folder.
func grow(t *testing.T) *spread {
	t.Helper()
	s := &spread{t: t, sql: dbtest.NewServer(t)}
	dir, http := t.TempDir(), freeport.Must(t)
	s.base = "http://" + http
	var cluster []string
	for range 3 {
		s.addr, cluster = append(s.addr, freeport.Must(t)), append(cluster, freeport.Must(t))
	}
	first := filepath.Join(dir, "api")
	var err error
	if s.rooms, err = cloud.Open(t.Context(), cloud.Config{Data: first, DB: s.sql.URL(), Advertise: s.addr}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.rooms.Close(); err != nil {
			t.Error(err)
		}
	})
	for i := range 3 {
		name := fmt.Sprintf("b%d", i+1)
		data := filepath.Join(dir, name)
		if err := cloud.WriteCertificate(s.rooms.CA, cloud.RoleBroker, nil, filepath.Join(data, "tls")); err != nil {
			t.Fatal(err)
		}
		args := []string{"--role", "broker", "--data", data, "--name", name, "--listen", s.addr[i], "--cluster", cluster[i], "--replicas", "3"}
		for j, c := range cluster {
			if j != i {
				args = append(args, "--routes", c)
			}
		}
		s.brokers = append(s.brokers, serve(t, name, args...))
	}
	nats := strings.Join(s.addr, ",")
	for _, name := range []string{"w1", "w2"} {
		data := filepath.Join(dir, name)
		if err := errors.Join(copyKeys(data, first), cloud.WriteCertificate(s.rooms.CA, cloud.RoleWorker, nil, filepath.Join(data, "tls"))); err != nil {
			t.Fatal(err)
		}
		s.workers = append(s.workers, serve(t, name, "--role", "worker", "--data", data, "--nats", nats, "--db", s.sql.URL()))
	}
	s.api = serve(t, "api", "--role", "api", "--data", first, "--nats", nats, "--db", s.sql.URL(), "--http", http)
	eventually(t, "the API server is ready", s.ready)
	for _, p := range slices.Concat(s.brokers, s.workers) {
		eventually(t, p.name+" is ready", func() bool { return p.says("msg=ready") })
	}
	s.connect()
	eventually(t, "the stream has three replicas", func() bool { return len(s.stream().Replicas) == 2 && s.stream().Config.Num == 3 })
	return s
}

// copyKeys gives a further server the keys of the first.
func copyKeys(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		rel, err2 := filepath.Rel(from, path)
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), b, 0o600)
	})
}

// connect gives the test a connection to the brokers, as a part of the cloud.
func (s *spread) connect() {
	s.t.Helper()
	cert, err := s.rooms.CA.Cloud(cloud.RoleWorker)
	if err != nil {
		s.t.Fatal(err)
	}
	own, err := cert.TLS()
	if err != nil {
		s.t.Fatal(err)
	}
	conf := bus.DialConfig{Name: "test", Delay: func(int) time.Duration { return 50 * time.Millisecond }}
	conf.TLS = trust(own, s.rooms.CA.Pool())
	for _, a := range s.addr {
		conf.Servers = append(conf.Servers, "tls://"+a)
	}
	if s.bus, err = bus.Dial(s.t.Context(), conf); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(s.bus.Close)
}

func (s *spread) ready() bool {
	resp, err := http.Get(s.base + "/readyz") //nolint:noctx // on the loopback, in a test
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// stream is what the cluster says of the stream of reports.
type stream struct {
	Config struct {
		Num int `json:"num_replicas"`
	} `json:"config"`
	Cluster struct {
		Leader   string    `json:"leader"`
		Replicas []replica `json:"replicas"`
	} `json:"cluster"`
	Replicas []replica `json:"-"`
	State    struct {
		Messages uint64 `json:"messages"`
	} `json:"state"`
}

type replica struct {
	Name    string `json:"name"`
	Current bool   `json:"current"`
}

// stream is empty while the cluster elects.
func (s *spread) stream() (out stream) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Second)
	defer cancel()
	b, err := s.bus.Request(ctx, "$JS.API.STREAM.INFO."+wire.Stream, nil)
	if err != nil || json.Unmarshal(b, &out) != nil {
		return stream{}
	}
	out.Replicas = out.Cluster.Replicas
	return out
}

func (st stream) whole() bool {
	return st.Cluster.Leader != "" && len(st.Replicas) == 2 && !slices.ContainsFunc(st.Replicas, func(r replica) bool { return !r.Current })
}

// killLeader kills the broker that leads the stream, and starts it again after another leads.
func (s *spread) killLeader() {
	s.t.Helper()
	var before string
	eventually(s.t, "the stream has a leader and all replicas", func() bool {
		st := s.stream()
		before = st.Cluster.Leader
		return st.whole()
	})
	i := slices.IndexFunc(s.brokers, func(p *process) bool { return p.name == before })
	began := time.Now()
	s.brokers[i].end(killed)
	eventually(s.t, "another broker leads", func() bool { l := s.stream().Cluster.Leader; return l != "" && l != before })
	s.t.Logf("%s led the stream and was killed; another one led %v later", before, time.Since(began).Round(time.Millisecond))
	s.brokers[i].start()
	eventually(s.t, "it has caught up", func() bool { return s.stream().whole() })
}

// restartSQL ends PostgreSQL while everything writes, and starts it again.
func (s *spread) restartSQL(signal string) {
	s.t.Helper()
	if err := s.sql.Stop(signal); err != nil {
		s.t.Fatal(err)
	}
	time.Sleep(time.Second) // it is away for a while
	if err := s.sql.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Logf("PostgreSQL was ended by SIG%s", signal)
	eventually(s.t, "the API answers again", s.ready)
}

// TestAClusterLosesNothingWhenItsPartsDie has homes report while the leader of the stream, the worker and PostgreSQL are
// killed and started again, and an app that asks for orders all the while.
func TestAClusterLosesNothingWhenItsPartsDie(t *testing.T) {
	rounds, homes, few := 1, 150, 10
	if os.Getenv("CARDEA_SOAK") == "1" {
		rounds, homes = 10, 600
	}
	const each = 100 // items of a home: of more its day would not hold all roll-ups
	lasts := time.Duration(rounds) * 20 * time.Second
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	s := grow(t)
	c := move(t, s.rooms, homes, few)
	app := c.signIn(s.base)

	started, over, carried := make(chan struct{}), make(chan struct{}), make(chan struct{})
	leave := sync.OnceFunc(func() { close(carried) })
	t.Cleanup(leave)
	var once sync.Once
	var orders []asked
	var res fleet.Result
	var failed, unasked error
	var running, asking sync.WaitGroup
	running.Go(func() {
		res, failed = fleet.Run(t.Context(), fleet.Options{
			Homes: homes, Rate: float64(homes*each) / lasts.Seconds(), Duration: lasts, Settle: 3 * time.Minute, Issue: c.issue, Stored: c.stored,
			Stay: func(ctx context.Context) { // homes that have left confirm nothing
				select {
				case <-carried:
				case <-ctx.Done():
				}
			},
			Progress: func(p fleet.Progress) {
				if p.Phase == "report" {
					once.Do(func() { close(started) })
				}
			},
		})
		once.Do(func() { close(started) })
	})
	asking.Go(func() {
		<-started
		gone := time.After(lasts - 5*time.Second)
		for n := 0; unasked == nil; n++ {
			select {
			case <-over:
				return
			case <-gone:
				return
			case <-time.After(100 * time.Millisecond):
			}
			var o asked
			o, unasked = app.ask(t.Context(), c.homes[n%few], fmt.Sprintf("name%d.example.net", n))
			orders = append(orders, o)
		}
	})
	<-started
	for range rounds {
		faults := []func(){
			s.killLeader,
			func() { s.workers[rnd.IntN(2)].restart(500 * time.Millisecond) },
			func() { s.restartSQL("QUIT") },
			func() { s.restartSQL("INT") },
		}
		rnd.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
		for _, f := range faults {
			time.Sleep(time.Duration(rnd.Int64N(int64(time.Second)))) // at random points
			f()
		}
	}
	close(over)
	asking.Wait()
	s.carriedOut(app, orders)
	leave()
	running.Wait()
	if err := errors.Join(failed, unasked); err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", res)
	if !res.Complete || res.Lost+res.Doubled != 0 || res.Stored != res.Sent || res.Disconnects != 0 {
		t.Errorf("%+v", res)
	}
	onceInTheStore(t, dbtest.Open(t, s.sql.URL()), c, few)
	if st := s.stream(); st.Config.Num != 3 || !st.whole() {
		t.Errorf("the stream at the end: %+v", st)
	}
}

// carriedOut checks that each order which the API took has ended, in force.
func (s *spread) carriedOut(a *app, orders []asked) {
	s.t.Helper()
	s.t.Logf("%d orders", len(orders))
	if len(orders) == 0 {
		s.t.Error("no order was taken")
	}
	ids := map[string]bool{}
	for _, o := range orders {
		if ids[o.ID] {
			s.t.Errorf("order %s was told for two", o.ID)
		}
		ids[o.ID] = true
		eventually(s.t, "order "+o.ID+" has ended", func() bool {
			_, err := a.call(s.t.Context(), http.MethodGet, "/v1/homes/"+o.place.Home+"/orders/"+o.ID, "", nil, &o)
			return err == nil && o.Status != "asked"
		})
		if o.Status != "in_force" {
			s.t.Errorf("order %s: %s", o.ID, o.Status)
		}
	}
}
