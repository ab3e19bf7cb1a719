package cluster

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cardea/cloud"
	"cardea/cloud/rooms"
	"cardea/internal/freeport"
	"cardea/internal/platform/db/dbtest"
	"cardea/lab/fleet"
)

// alone is a cloud of one process over SQLite.
type alone struct {
	*process
	rooms *rooms.Rooms
	db    string
	base  string
}

func one(t *testing.T) *alone {
	t.Helper()
	data, broker, http := t.TempDir(), freeport.Must(t), freeport.Must(t)
	a := &alone{db: "sqlite:" + filepath.Join(data, "cardea.db"), base: "http://" + http}
	var err error
	if a.rooms, err = cloud.Open(t.Context(), cloud.Config{Data: data, Listen: broker, Advertise: []string{broker}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.rooms.Close(); err != nil {
			t.Error(err)
		}
	})
	a.process = serve(t, "cloud", "--data", data, "--listen", broker, "--advertise", broker, "--http", http)
	eventually(t, "the cloud is ready", a.ready)
	return a
}

func (a *alone) ready() bool {
	resp, err := http.Get(a.base + "/readyz") //nolint:noctx // on the loopback, in a test
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// A cloud that is asked to end while homes report ends cleanly. They keep what they have to tell while it is away, and tell
// everything once, in order, when it is back on the same data; and so after a kill.
func TestHomesTellEverythingAfterACloudWasAway(t *testing.T) {
	a := one(t)
	const homes = 40
	c := move(t, a.rooms, homes, 1)
	var most uint64
	reporting := make(chan struct{})
	var once sync.Once
	var res fleet.Result
	var failed error
	var running sync.WaitGroup
	running.Go(func() {
		res, failed = fleet.Run(t.Context(), fleet.Options{
			Homes: homes, Rate: 500, Duration: 14 * time.Second, Settle: 3 * time.Minute, Issue: c.issue, Stored: c.stored,
			Progress: func(p fleet.Progress) {
				most = max(most, p.Waiting)
				if p.Phase == "report" {
					once.Do(func() { close(reporting) })
				}
			},
		})
		once.Do(func() { close(reporting) })
	})
	<-reporting
	time.Sleep(time.Second) // while they report
	took, err := a.end(syscall.SIGTERM)
	t.Logf("SIGTERM under load took %v", took.Round(time.Millisecond))
	if err != nil {
		t.Errorf("it did not end cleanly: %v\n%s", err, a.tail())
	}
	time.Sleep(8 * time.Second) // it is away for long, for homes that have so much to tell
	a.start()
	eventually(t, "the cloud is ready on the same data", a.ready)
	a.restart(time.Second)
	eventually(t, "the cloud is ready after a kill", a.ready)
	running.Wait()
	if failed != nil {
		t.Fatal(failed)
	}
	t.Logf("%d items waited at most; %+v", most, res)
	if most < 2000 {
		t.Errorf("only %d items waited", most)
	}
	if !res.Complete || res.Lost+res.Doubled != 0 || res.Stored != res.Sent {
		t.Errorf("%+v", res)
	}
	onceInTheStore(t, dbtest.Open(t, a.db), c, 0)
	if _, err := a.end(syscall.SIGTERM); err != nil {
		t.Errorf("it did not end cleanly: %v\n%s", err, a.tail())
	}
}

// Whoever starts it wrongly is told what is wrong, at once.
func TestServeSaysWhatIsWrong(t *testing.T) {
	taken := one(t)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"role":              {[]string{"--role", "janitor"}, `role "janitor": want broker, worker or api`},
		"no brokers":        {[]string{"--role", "worker"}, "--nats has to name the brokers"},
		"half of TLS":       {[]string{"--tls-cert", "/nowhere.pem"}, "TLS needs a certificate and a key"},
		"password":          {[]string{"--db", "postgres://cardea:geheim@127.0.0.1/cardea"}, "PGPASSFILE"},
		"public":            {[]string{"--public", "example"}, "want https://host"},
		"database":          {[]string{"--db", "oracle://there"}, "want sqlite:/path/file.db or postgres:"},
		"listen":            {[]string{"--listen", "there"}, "there"},
		"proxy":             {[]string{"--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--proxy", "x"}, `proxy "x"`},
		"no socket":         {[]string{"--listen", "127.0.0.1:0", "--http", "fd:x", "--public", "http://localhost"}, "not a socket that was handed over"},
		"cluster, no route": {[]string{"--role", "broker", "--listen", "127.0.0.1:0", "--cluster", "127.0.0.1:0"}, "routes"},
		"address is taken":  {[]string{"--listen", "127.0.0.1:0", "--http", strings.TrimPrefix(taken.base, "http://")}, "address already in use"},
		"unknown flag":      {[]string{"--colour"}, "--colour"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"serve", "--data", t.TempDir()}, c.args...)
			out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
			if err == nil || !strings.Contains(string(out), c.want) {
				t.Errorf("%v: %s", err, out)
			}
			if strings.Contains(string(out), "geheim") || strings.Contains(string(out), "panic") {
				t.Errorf("%s", out)
			}
		})
	}
}

// A broker does without a worker and without a database, and says that it is ready.
func TestABrokerAloneBecomesReady(t *testing.T) {
	data, web := t.TempDir(), freeport.Must(t)
	b := serve(t, "broker", "--role", "broker", "--data", data, "--listen", "127.0.0.1:0", "--http", web)
	eventually(t, "the broker is ready", func() bool {
		resp, err := http.Get(fmt.Sprintf("http://%s/readyz", web)) //nolint:noctx // on the loopback, in a test
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	// the page and the log are two ways out of the process: the line may come a moment later
	eventually(t, "its log says so", func() bool { return b.says("msg=ready") })
	if _, err := b.end(syscall.SIGTERM); err != nil {
		t.Errorf("it did not end cleanly: %v\n%s", err, b.tail())
	}
}
