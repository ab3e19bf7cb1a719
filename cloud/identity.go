package cloud

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"cardea/cloud/account/pki"
	"cardea/cloud/rooms"

	"github.com/google/renameio/v2"
)

// identity is how a process of the cloud proves what it is to brokers and gateways. Its certificate is made, or read, again
// when two thirds of its life are over: a process may run for longer than any certificate is good.
type identity struct {
	roots *x509.CertPool
	load  func() (tls.Certificate, error)
	now   func() time.Time
	log   *slog.Logger

	mu    sync.Mutex // guards what follows
	cert  tls.Certificate
	again time.Time // when to load
}

// reloadEvery is how often it is tried to load a certificate whose time is coming.
const reloadEvery = time.Minute

func newIdentity(roots *x509.CertPool, load func() (tls.Certificate, error), log *slog.Logger) (*identity, error) {
	i := &identity{roots: roots, load: load, now: time.Now, log: log}
	_, err := i.current()
	return i, err
}

// current is the certificate to show now. One that cannot be loaded again is shown for as long as it is good for.
func (i *identity) current() (tls.Certificate, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.now()
	if i.cert.Leaf != nil && now.Before(i.again) {
		return i.cert, nil
	}
	cert, err := i.load()
	if err == nil && cert.Leaf == nil {
		err = errors.New("certificate: it has not been read")
	}
	if err != nil {
		if i.cert.Leaf == nil {
			return cert, err
		}
		i.log.Error("the own certificate cannot be renewed", "until", i.cert.Leaf.NotAfter, "err", err)
		i.again = now.Add(reloadEvery)
		return i.cert, nil
	}
	i.cert = cert
	i.again = cert.Leaf.NotBefore.Add(cert.Leaf.NotAfter.Sub(cert.Leaf.NotBefore) * 2 / 3)
	if i.again.Before(now.Add(reloadEvery)) {
		i.again = now.Add(reloadEvery)
	}
	return cert, nil
}

// Files of an identity that was made elsewhere: cardea admin certificate writes them, serve reads them in data/tls.
const (
	certFile  = "cert.pem"
	keyFile   = "key.pem"
	rootsFile = "roots.pem"
)

// identity is read from data/tls; without that folder it is made with the authority in data/ca.
func (s *Server) identity(role string) (*identity, error) {
	dir := filepath.Join(s.cfg.Data, "tls")
	if _, err := os.Stat(filepath.Join(dir, certFile)); err == nil {
		return readIdentity(dir, s.log)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	ca, err := pki.Open(filepath.Join(s.cfg.Data, "ca"), time.Now)
	if err != nil {
		return nil, err
	}
	return newIdentity(ca.Pool(), func() (tls.Certificate, error) {
		made, err := certificate(ca, role, nil)
		if err != nil {
			return tls.Certificate{}, err
		}
		return made.TLS()
	}, s.log)
}

func certificate(ca *pki.CA, role string, hosts []string) (pki.Cert, error) {
	if role == RoleBroker {
		return ca.Server(append([]string{rooms.BrokerName}, hosts...)...)
	}
	return ca.Cloud(role)
}

func readIdentity(dir string, log *slog.Logger) (*identity, error) {
	pem, err := os.ReadFile(filepath.Join(dir, rootsFile))
	if err != nil {
		return nil, fmt.Errorf("certificate in %s: %w", dir, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("certificate in %s: %s has none", dir, rootsFile)
	}
	return newIdentity(roots, func() (tls.Certificate, error) {
		cert, err := tls.LoadX509KeyPair(filepath.Join(dir, certFile), filepath.Join(dir, keyFile))
		if err != nil {
			return cert, fmt.Errorf("certificate in %s: %w", dir, err)
		}
		return cert, nil
	}, log)
}

// WriteCertificate makes what a broker, worker or API server on a server of its own needs in data/tls.
func WriteCertificate(ca *pki.CA, role string, hosts []string, dir string) error {
	made, err := certificate(ca, role, hosts)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	for name, b := range map[string][]byte{certFile: made.Chain, keyFile: made.Key, rootsFile: ca.Roots()} {
		if err := renameio.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return fmt.Errorf("certificate: %w", err)
		}
	}
	return nil
}

func (i *identity) server() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, ClientCAs: i.roots, ClientAuth: tls.RequireAndVerifyClientCert,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return pointer(i.current()) }}
}

func (i *identity) client() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: i.roots, ServerName: rooms.BrokerName,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pointer(i.current()) }}
}

func pointer(c tls.Certificate, err error) (*tls.Certificate, error) { return &c, err }

// both serves and calls, as brokers of a cluster do.
func (i *identity) both() *tls.Config {
	c := i.server()
	c.GetClientCertificate = i.client().GetClientCertificate
	c.RootCAs, c.ServerName = i.roots, rooms.BrokerName
	return c
}
