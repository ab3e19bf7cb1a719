package notify

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db/dbtest"
	"cardea/internal/platform/hook"
)

// aiosmtpd is a real mail server (Debian's python3-aiosmtpd) that wants TLS and a password.
func aiosmtpd(t *testing.T) (s SMTP, folder string) {
	t.Helper()
	dir := t.TempDir()
	folder = filepath.Join(dir, "mails")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pemCert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	cert, private2 := write("cert.pem", pemCert), write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	password := write("password", []byte("right horse\n"))
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	// Debian's own Python: its packages are no other one's.
	cmd := exec.Command("/usr/bin/python3", "testdata/smtp.py", folder, cert, private2) //nolint:noctx // it ends when its standard input does
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("python3 with aiosmtpd (tools/install-deps installs it): %v", err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the mail server does not start (tools/install-deps installs python3-aiosmtpd): %v", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pemCert)
	return SMTP{Server: "localhost:" + strings.TrimSpace(port), From: "Cardea <cardea@example.net>", User: "cardea", PasswordFile: password, NeedTLS: true,
		TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}, folder
}

func TestARealMailServerTakesIt(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	server, folder := aiosmtpd(t)
	w.opts.SMTP = server
	c := camera("i1", home.StateContained)
	c.Device.Name, c.Device.Vendor = hostile, ".\r\n.\r\nQUIT"
	w.change(func(s *Settings) { s.Language = "de" })
	w.tell(c)
	w.pass(gather)
	w.send()
	if got := w.statuses(); got != "infected email sent 1" {
		t.Fatal(got)
	}
	all, err := os.ReadDir(folder)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	b, err := os.ReadFile(filepath.Join(folder, all[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(strings.NewReader(string(b)))
	if err != nil || m.Header.Get("X-Sender") != "cardea@example.net" || m.Header.Get("X-Receivers") != "anna@example.org" || m.Header.Get("Bcc") != "" ||
		m.Header.Get("Auto-Submitted") != "auto-generated" || !strings.HasSuffix(m.Header.Get("Message-ID"), "@cardea.example>") {
		t.Errorf("%v: %v", m.Header, err)
	}
}

func TestARealMailServerRefuses(t *testing.T) {
	server, folder := aiosmtpd(t)
	var lasting hook.Permanent
	if err := server.send(t.Context(), "", "nobody@example.org", "Subject", "id@x", "thread@x", "text\n", time.Now()); !errors.As(err, &lasting) {
		t.Errorf("nobody: %v", err)
	}
	if all, err := os.ReadDir(folder); err != nil || len(all) != 0 {
		t.Error(all, err)
	}
}
