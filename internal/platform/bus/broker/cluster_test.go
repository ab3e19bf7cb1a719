package broker_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/freeport"
	"cardea/internal/platform/bus"
	"cardea/internal/platform/bus/broker"

	"github.com/nats-io/nats-server/v2/server"
)

func newCluster(t *testing.T, a *authority) (brokers []*process, listen []string) {
	t.Helper()
	var routes []string
	for range 3 {
		listen, routes = append(listen, freeport.Must(t)), append(routes, freeport.Must(t))
	}
	for i, name := range []string{"one", "two", "three"} {
		brokers = append(brokers, newBroker(t, a, childConfig{Name: name, Listen: listen[i], Cluster: routes[i], Routes: routes}))
	}
	return brokers, listen
}

// The leader of the stream is killed while homes report. What was acknowledged is there, in order, and the homes go on by themselves.
func TestAClusterWhoseLeaderIsKilledLosesNothingAcknowledged(t *testing.T) {
	a := newAuthority(t)
	brokers, listen := newCluster(t, a)
	brokers[0].start(t)
	brokers[1].start(t)
	cloud := dial(t, config(t, a, nil, listen[:2]...))
	long, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	made := make(chan error, 1)
	go func() { made <- cloud.EnsureStream(long, bus.StreamConfig{Replicas: 3}) }()
	brokers[2].start(t) // the stream waits for it
	if err := <-made; err != nil {
		t.Fatal(err)
	}
	rounds, each := 1, 60
	if os.Getenv("CARDEA_SOAK") == "1" {
		rounds, each = 10, 2000
	}
	var places []home.Place
	var conns []*bus.Conn
	for range 6 {
		p := newPlace()
		cfg := config(t, a, &p, listen...)
		cfg.Delay = func(int) time.Duration { return 50*time.Millisecond + rand.N(50*time.Millisecond) }
		places, conns = append(places, p), append(conns, dial(t, cfg))
	}
	for round := range rounds {
		var wg sync.WaitGroup
		half := make(chan bool, len(conns))
		for i, c := range conns {
			wg.Go(func() {
				if err := publish(t.Context(), c, places[i], round*each+1, round*each+each/2); err != nil {
					t.Error(err)
				}
				half <- true
				if err := publish(t.Context(), c, places[i], round*each+each/2, (round+1)*each+1); err != nil {
					t.Error(err)
				}
			})
		}
		<-half
		leader := leaderOf(t, cloud, brokers)
		leader.kill()
		wg.Wait() // with two brokers
		leader.start(t)
	}
	if err := cloud.Wait(long); err != nil {
		t.Fatal(err)
	}
	collect(t, cloud, all(places, rounds*each))
}

func leaderOf(t *testing.T, c *bus.Conn, brokers []*process) *process {
	t.Helper()
	ctx := context30(t)
	for {
		if err := c.Wait(ctx); err != nil {
			t.Fatal(err)
		}
		state, err := c.StreamState(ctx)
		for _, b := range brokers {
			if err == nil && b.conf.Name == state.Leader {
				return b
			}
		}
		if ctx.Err() != nil {
			t.Fatalf("no leader: %+v, %v", state, err)
		}
		time.Sleep(50 * time.Millisecond) // it elects
	}
}

// A gateway's certificate is of the same CA as a broker's: it must not get into the cluster with it, where there are no permissions.
func TestAGatewayIsNoRoute(t *testing.T) {
	a := newAuthority(t)
	s := start(t, a, func(c *broker.Config) {
		c.Cluster = broker.Cluster{Name: "test", Listen: "127.0.0.1:0", Routes: []string{freeport.Must(t)}, TLS: c.TLS}
	})
	join := func(p *home.Place) bool {
		cert := a.serverTLS(a.issue(t, p))
		opts := &server.Options{ServerName: "thief", Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true,
			Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: -1, TLSConfig: cert, TLSTimeout: 10},
			Routes:  server.RoutesFromStr("nats://" + s.ClusterAddr().String())}
		thief, err := server.NewServer(opts)
		if err != nil {
			t.Fatal(err)
		}
		thief.Start()
		defer thief.WaitForShutdown()
		defer thief.Shutdown()
		before := refused(t, s)
		for s.Routes() == 0 && refused(t, s) < before+2 {
			time.Sleep(10 * time.Millisecond) // until it is in or was refused twice
		}
		return s.Routes() > 0
	}
	p := newPlace()
	if join(&p) {
		t.Error("a gateway joined the cluster")
	}
	if !join(nil) {
		t.Error("a broker did not join the cluster")
	}
}

func TestABrokerOnItsOwnKeepsNoReplicas(t *testing.T) {
	s := start(t, newAuthority(t), nil)
	if err := local(t, s).EnsureStream(context30(t), bus.StreamConfig{Replicas: 3}); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}

func refused(t *testing.T, s *broker.Server) uint64 {
	t.Helper()
	f, err := s.Figures()
	if err != nil {
		t.Fatal(err)
	}
	return f.Refused
}

func TestABrokerSaysWhatIsMissing(t *testing.T) {
	for want, cfg := range map[string]broker.Config{
		"folder":      {},
		"TLS":         {Dir: t.TempDir(), Listen: "127.0.0.1:0"},
		"cluster":     {Dir: t.TempDir(), Cluster: broker.Cluster{Listen: "127.0.0.1:0"}},
		"listen: add": {Dir: t.TempDir(), Listen: "nowhere", TLS: newAuthority(t).serverTLS(newAuthority(t).issue(t, nil)), Authenticate: newAuthority(t).permit},
	} {
		if _, err := broker.NewServer(cfg, quiet()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestABrokerThatCannotStartSaysWhy(t *testing.T) {
	a := newAuthority(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := broker.NewServer(broker.Config{
		Name: "one", Dir: t.TempDir(), Listen: l.Addr().String(), TLS: a.serverTLS(a.issue(t, nil)), Authenticate: a.permit,
	}, quiet())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Fatal(err)
	}
	if _, err := s.Local(t.Context(), "test"); err == nil {
		t.Fatal("connected to a broker that ended")
	}
}
