package main_test

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cardea/internal/freeport"
	"cardea/internal/platform/db/dbtest"
)

// serving is a running cardea serve with a folder of its own.
type serving struct {
	t       *testing.T
	data    string
	url     string // of its API, by the socket that it was handed
	gateway string // where gateways connect
	cmd     *exec.Cmd
	mark    string
	log     *logged
	done    chan error // capacity 1: how it ended
}

// logged keeps what a process says.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write is called by the process's copier.
func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// serve starts a cloud and waits until it is ready.
func serve(t *testing.T, args ...string) *serving {
	t.Helper()
	s := start(t, filepath.Join(t.TempDir(), "data"), args...)
	until(t, "the cloud is ready", func() bool {
		select {
		case err := <-s.done:
			s.done <- err
			t.Fatalf("the cloud ended: %v\n%s", err, s.log)
		default:
		}
		status, _ := get(t, s.url+"/readyz")
		return status == http.StatusOK
	})
	return s
}

// start starts a process of a cloud; its API is on a socket of the test's own.
func start(t *testing.T, data string, args ...string) *serving {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := &serving{t: t, data: data, url: "http://" + l.Addr().String(), gateway: freeport.Must(t), log: &logged{}, done: make(chan error, 1)}
	s.cmd, s.mark = command(t, me, append([]string{"serve", "--data", s.data, "--http", "fd:3", "--listen", s.gateway, "--log", "debug"}, args...)...)
	s.cmd.ExtraFiles = []*os.File{f}
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.done <- s.cmd.Wait() }() // ends with the process
	t.Cleanup(s.stop)
	return s
}

// stop asks it to end, as an init system does; it has to end well.
func (s *serving) stop() {
	s.t.Helper()
	if s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself: done says how
	}
	select {
	case err := <-s.done:
		s.done <- err
		if err != nil {
			s.t.Errorf("serve ended with %v\n%s", err, s.log)
		}
	case <-time.After(30 * time.Second):
		s.t.Errorf("serve does not end\n%s", s.log)
		_ = s.cmd.Process.Kill() // it is said above
	}
	gone(s.t, s.mark)
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(b)
}

// until waits for something that comes.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for range 1800 {
		if f() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("not within 90 s: %s", what)
}

func TestServeWrongUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct {
		args   string
		status int
		says   []string
	}{
		{"--help", 0, []string{"broker, worker, api", "--routes", "--nats", "postgres://", "cardea admin", "SIGTERM", "/readyz", "--replicas"}},
		{"--frobnicate", 2, []string{"--frobnicate"}},
		{"--log loud", 2, []string{"--log", "debug"}},
		{"--connections many", 2, []string{"--connections"}},
		{"--role postman", 1, []string{`"postman"`, "broker, worker or api"}},
		{"--role worker", 1, []string{"--nats"}},
		{"--public example.net", 1, []string{`"example.net"`, "https://"}},
		{"--db mysql://db/cardea", 1, []string{"sqlite:", "postgres://"}},
		{"--db postgres://cardea:hunter22@127.0.0.1:1/cardea", 1, []string{"PGPASSFILE"}},
		{"--db sqlite:/nonexistent/x.db", 1, []string{"/nonexistent/x.db"}},
		{"--data /dev/null/x", 1, []string{"data folder", "/dev/null"}},
		{"--http nowhere", 1, []string{"serve on nowhere", "port"}},
		{"--http fd:77", 1, []string{"fd:77"}},
		{"--http fd:x", 1, []string{"fd:x"}},
		{"--listen nowhere", 1, []string{"broker", "nowhere"}},
		{"--http " + taken.Addr().String(), 1, []string{taken.Addr().String(), "in use"}},
		{"--listen " + taken.Addr().String(), 1, []string{taken.Addr().String(), "in use"}},
		{"--tls-cert /nonexistent", 1, []string{"certificate", "key"}},
		{"--proxy nobody", 1, []string{`"nobody"`}},
		{"--smtp mail.example", 1, []string{"sender"}},
		{"--replicas 3", 1, []string{"replicas"}},
	} {
		args := strings.Fields(c.args)
		for flag, value := range map[string]string{"--data": t.TempDir(), "--http": "127.0.0.1:0", "--listen": "127.0.0.1:0"} {
			if !strings.Contains(c.args, flag+" ") {
				args = append(args, flag, value)
			}
		}
		stdout, stderr, status := cardea(t, me, append([]string{"serve"}, args...)...)
		if status != c.status {
			t.Errorf("serve %s: exit status %d, want %d\n%s%s", c.args, status, c.status, stdout, stderr)
		}
		for _, s := range c.says {
			if !strings.Contains(stdout+stderr, s) {
				t.Errorf("serve %s does not say %q:\n%s%s", c.args, s, stdout, stderr)
			}
		}
		if strings.Contains(stdout+stderr, "hunter22") {
			t.Errorf("serve %s: the password is said again", c.args)
		}
	}
}

// One process is the whole cloud: it answers, keeps its secrets to itself, in files and in its log, and ends on SIGTERM.
func TestServe(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for path, want := range map[string]string{
		"/healthz": "", "/metrics": "cardea_ingest_items_stored_total", "/openapi.json": `"openapi": "3.1`,
	} {
		if status, body := get(t, s.url+path); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d, without %q: %.300s", path, status, want, body)
		}
	}
	if status, body := get(t, s.url+"/v1/session"); status != http.StatusUnauthorized || !strings.Contains(body, `"type":"/problems/`) {
		t.Errorf("/v1/session without a session: %d %s", status, body)
	}
	secrets := provoke(t, s)
	s.stop()
	for name, secret := range secrets {
		if len(secret) < 8 {
			t.Errorf("%s is %q: the test does not test", name, secret)
		} else if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log tells %s", name)
		}
	}
	if !strings.Contains(s.log.String(), "ready") {
		t.Errorf("there is no log:\n%s", s.log)
	}
	private(t, s.data)
}

// private checks that nobody else can read what a cloud keeps.
func private(t *testing.T, dir string) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		n++
		switch b, _ := os.ReadFile(path); { // a folder has no content
		case path == dir && info.Mode().Perm() != 0o700:
			t.Errorf("%s: %v", path, info.Mode())
		case bytes.Contains(b, []byte("PRIVATE KEY")) && info.Mode().Perm() != 0o600:
			t.Errorf("a private key in %s: %v", path, info.Mode())
		case !e.IsDir() && filepath.Dir(path) != dir && strings.Contains(path, "key") && info.Mode().Perm()&0o077 != 0:
			t.Errorf("%s: %v", path, info.Mode())
		}
		return nil
	})
	if err != nil || n < 8 {
		t.Errorf("%d files in %s, %v", n, dir, err)
	}
}

// provoke uses, rightly and wrongly, everything that is secret, and tells what it was.
func provoke(t *testing.T, s *serving) map[string]string {
	t.Helper()
	h := provide(t, s.data)
	secrets := map[string]string{"the password": residentPassword, "a wrong password": "wrong " + residentPassword, "the sign-in token": "", "the session": ""}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Timeout: 30 * time.Second}
	post := func(body map[string]string, want int) {
		t.Helper()
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Post(s.url+"/v1/sessions", "application/json", bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != want {
			answer, _ := io.ReadAll(resp.Body)
			t.Errorf("sign in: %s, want %d: %s", resp.Status, want, answer)
		}
		for _, c := range resp.Cookies() {
			secrets["the session"] = c.Value
		}
	}
	post(map[string]string{"email": residentEmail, "password": "wrong " + residentPassword}, http.StatusUnauthorized)
	post(map[string]string{"email": residentEmail, "password": residentPassword}, http.StatusCreated)
	link := strings.TrimSpace(admin(t, s.data, "", "link", "resident", residentEmail, "--tenant", "example"))
	_, secrets["the sign-in token"], _ = strings.Cut(link, "#")
	post(map[string]string{"token": secrets["the sign-in token"]}, http.StatusCreated)
	post(map[string]string{"token": secrets["the sign-in token"]}, http.StatusUnauthorized)

	secrets["the claim code"] = h.claim(t)
	if out, status := enroll(t, t.TempDir(), s.url, secrets["the claim code"]); status != 0 {
		t.Errorf("enroll: %s", out)
	}
	if out, status := enroll(t, t.TempDir(), s.url, secrets["the claim code"]); status != 1 {
		t.Errorf("a code that was used: status %d: %s", status, out)
	}
	return secrets
}

// Who starts a second one beside the first hears why it does not work, and the first goes on.
func TestServeTwice(t *testing.T) {
	t.Parallel()
	s := serve(t)
	_, stderr, status := cardea(t, me, "serve", "--data", filepath.Join(t.TempDir(), "other"), "--http", strings.TrimPrefix(s.url, "http://"), "--listen", "127.0.0.1:0")
	if status != 1 || !strings.Contains(stderr, "in use") {
		t.Errorf("the same port: status %d\n%s", status, stderr)
	}
	_, stderr, status = cardea(t, me, "serve", "--data", filepath.Join(t.TempDir(), "other"), "--http", "127.0.0.1:0", "--listen", s.gateway)
	if status != 1 || !strings.Contains(stderr, "in use") {
		t.Errorf("the same port for gateways: status %d\n%s", status, stderr)
	}
	if status, body := get(t, s.url+"/readyz"); status != http.StatusOK {
		t.Errorf("the first one: %d %s", status, body)
	}
}

// Broker, worker and API as processes of their own on one PostgreSQL, with certificates that admin made.
func TestServeByRole(t *testing.T) {
	t.Parallel()
	where := dbtest.PostgresURL(t)
	first := filepath.Join(t.TempDir(), "first")
	h := provide(t, first, "--db", where)
	b := start(t, apart(t, first, "broker", "tls"), "--role", "broker")
	worker := start(t, apart(t, first, "worker", "ca"), "--role", "worker", "--db", where, "--nats", b.gateway)
	api := start(t, apart(t, first, "api", "ca"), "--role", "api", "--db", where, "--nats", b.gateway, "--advertise", b.gateway)
	until(t, "the API is ready", func() bool {
		status, _ := get(t, api.url+"/readyz")
		return status == http.StatusOK
	})
	dir := t.TempDir()
	if out, status := enroll(t, dir, api.url, h.claim(t)); status != 0 {
		t.Fatalf("enroll: %s\n%s", out, api.log)
	}
	g := connect(t, dir)
	until(t, "the gateway is told what the worker knows", func() bool { return g.Status().Running > 0 })
	if s := worker.log.String(); !strings.Contains(s, "ready") {
		t.Errorf("the worker: %s", s)
	}
}

// apart makes the folder of a process on a server of its own, with the part of the first one's that it needs.
func apart(t *testing.T, first, role, part string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), role)
	if part == "tls" {
		if out, errs, status := cardea(t, me, "admin", "--data", first, "certificate", role, filepath.Join(dir, "tls"), "--host", "127.0.0.1"); status != 0 {
			t.Fatalf("certificate: %s%s", out, errs)
		}
		return dir
	}
	if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join(first, part))); err != nil {
		t.Fatal(err)
	}
	return dir
}
