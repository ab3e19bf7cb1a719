package broker_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"cardea/internal/platform/bus/broker"
)

// process is a broker in a program of its own, that can be killed.
type process struct {
	a    *authority
	dir  string
	conf childConfig
	cmd  *exec.Cmd
	in   io.WriteCloser
}

type childConfig struct {
	Name, Listen, Cluster string
	Routes                []string
}

func newBroker(t testing.TB, a *authority, conf childConfig) *process {
	t.Helper()
	b := &process{a: a, dir: t.TempDir(), conf: conf}
	cert := a.issue(t, nil)
	key, err := x509.MarshalECPrivateKey(cert.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	pemFile(t, filepath.Join(b.dir, "ca.pem"), "CERTIFICATE", a.cert.Raw)
	pemFile(t, filepath.Join(b.dir, "cert.pem"), "CERTIFICATE", cert.Certificate[0])
	pemFile(t, filepath.Join(b.dir, "key.pem"), "EC PRIVATE KEY", key)
	data, err := json.Marshal(conf)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "config.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.kill)
	return b
}

// start returns when the broker takes connections.
func (b *process) start(t testing.TB) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b.cmd = exec.Command(exe)
	b.cmd.Env = append(os.Environ(), "BUS_TEST_BROKER="+b.dir)
	b.cmd.Stderr = os.Stderr
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if b.in, err = b.cmd.StdinPipe(); err != nil { // the child ends when its standard input does
		t.Fatal(err)
	}
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != "ready" {
		t.Fatal("the broker did not start", line, err)
	}
}

// kill is SIGKILL: nothing is flushed.
func (b *process) kill() {
	if b.cmd != nil {
		_ = b.cmd.Process.Kill() // it may have ended
		_ = b.cmd.Wait()         // says that it was killed
		b.in.Close()
		b.cmd = nil
	}
}

// child is what runs in the other program.
func child(dir string) error {
	var conf childConfig
	data, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err == nil {
		err = json.Unmarshal(data, &conf)
	}
	if err != nil {
		return err
	}
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		return err
	}
	block, _ := pem.Decode(ca)
	if block == nil {
		return errors.New("no CA")
	}
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	a := &authority{pool: x509.NewCertPool(), revoked: map[string]bool{}}
	a.pool.AddCert(root)
	cfg := broker.Config{Name: conf.Name, Dir: filepath.Join(dir, "data"), Listen: conf.Listen, TLS: a.serverTLS(cert), Authenticate: a.permit}
	if conf.Cluster != "" {
		cfg.Cluster = broker.Cluster{Name: "test", Listen: conf.Cluster, Routes: conf.Routes, TLS: a.serverTLS(cert)}
	}
	log := quiet()
	if os.Getenv("BUS_TEST_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	s, err := broker.NewServer(cfg, log)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		<-s.Ready()
		fmt.Println("ready")
		_, _ = io.Copy(io.Discard, os.Stdin) // ends when the test does
		cancel()
	}()
	return s.Run(ctx)
}
