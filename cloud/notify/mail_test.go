package notify

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// secureMailbox takes one mail and wants STARTTLS and a password first. It answers what it was told once it is encrypted.
func secureMailbox(t *testing.T) (addr string, roots *x509.CertPool, heard <-chan []string) {
	t.Helper()
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
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(c)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	lines := make(chan []string, 1)
	go func() {
		defer close(lines)
		plain, err := l.Accept()
		if err != nil {
			return
		}
		defer plain.Close()
		r := textproto.NewReader(bufio.NewReader(plain))
		fmt.Fprint(plain, "220 test\r\n")
		for {
			line, err := r.ReadLine()
			if err != nil {
				return
			}
			if line == "STARTTLS" {
				break
			}
			fmt.Fprint(plain, "250-test\r\n250 STARTTLS\r\n")
		}
		fmt.Fprint(plain, "220 go on\r\n")
		conn := tls.Server(plain, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
		lines <- converse(conn)
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("localhost", port), roots, lines
}

func converse(conn net.Conn) (all []string) {
	r := textproto.NewReader(bufio.NewReader(conn))
	for {
		line, err := r.ReadLine()
		if err != nil {
			return all
		}
		all = append(all, line)
		switch verb, _, _ := strings.Cut(line, " "); verb {
		case "EHLO":
			fmt.Fprint(conn, "250-test\r\n250 AUTH PLAIN\r\n")
		case "AUTH":
			fmt.Fprint(conn, "235 welcome\r\n")
		case "DATA":
			fmt.Fprint(conn, "354 go on\r\n")
			if _, err := r.ReadDotBytes(); err != nil {
				return all
			}
			fmt.Fprint(conn, "250 taken\r\n")
		case "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return all
		default:
			fmt.Fprint(conn, "250 ok\r\n")
		}
	}
}

func TestMailIsEncryptedAndSignedIn(t *testing.T) {
	addr, roots, heard := secureMailbox(t)
	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := SMTP{Server: addr, From: "c@example.net", User: "cardea", PasswordFile: secret, NeedTLS: true, TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	if err := s.send(t.Context(), "", "anna@example.org", "Subject", "id@x", "thread@x", "text\n", time.Now()); err != nil {
		t.Fatal(err)
	}
	want := "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00cardea\x00hunter2"))
	if lines := strings.Join(<-heard, "|"); !strings.Contains(lines, want) || !strings.Contains(lines, "RCPT TO:<anna@example.org>") {
		t.Errorf("heard %s", lines)
	}
}

func TestMailIsNotSentToWhomWeDoNotTrust(t *testing.T) {
	addr, _, heard := secureMailbox(t)
	s := SMTP{Server: addr, From: "c@example.net", TLS: &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}}
	if err := s.send(t.Context(), "", "anna@example.org", "Subject", "id@x", "thread@x", "text\n", time.Now()); err == nil {
		t.Error("a server with an unknown certificate was trusted")
	}
	if lines := <-heard; len(lines) > 0 {
		t.Errorf("it heard %q", lines)
	}
	plain := newMailbox(t)
	s = SMTP{Server: plain.addr, From: "c@example.net", NeedTLS: true}
	if err := s.send(t.Context(), "", "anna@example.org", "Subject", "id@x", "thread@x", "text\n", time.Now()); err == nil || len(plain.got()) > 0 {
		t.Errorf("sent without encryption: %v", err)
	}
}

// A letter has the headers that mail servers want: an id with a domain (RFC 5322, 3.6.4), and it answers nothing.
func TestALetterIsOneByTheRules(t *testing.T) {
	box := newMailbox(t)
	s := SMTP{Server: box.addr, From: "Cardea <cardea@example.net>"}
	if err := s.Letter(t.Context(), "North Net", "anna@example.org", "A new password", "0123abcd", "Open this.\n"); err != nil {
		t.Fatal(err)
	}
	mails := box.got()
	if len(mails) != 1 {
		t.Fatalf("%d mails", len(mails))
	}
	if got := header(t, mails[0], "Message-ID"); got != "<0123abcd@example.net>" {
		t.Errorf("Message-ID %q", got)
	}
	if strings.Contains(mails[0], "References") {
		t.Errorf("References %q", header(t, mails[0], "References"))
	}
}
