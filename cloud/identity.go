package cloud

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"cardea/cloud/account/pki"

	"github.com/google/renameio/v2"
)

// identity is how a process of the cloud proves what it is to brokers and gateways.
type identity struct {
	cert  tls.Certificate
	roots *x509.CertPool
}

// Files of an identity that was made elsewhere: cardea admin certificate writes them, serve reads them in data/tls.
const (
	certFile  = "cert.pem"
	keyFile   = "key.pem"
	rootsFile = "roots.pem"
)

// identity is read from data/tls; without that folder it is made with the authority in data/ca.
func (s *Server) identity(role string) (identity, error) {
	dir := filepath.Join(s.cfg.Data, "tls")
	if _, err := os.Stat(filepath.Join(dir, certFile)); err == nil {
		return readIdentity(dir)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return identity{}, fmt.Errorf("certificate: %w", err)
	}
	ca, err := pki.Open(filepath.Join(s.cfg.Data, "ca"), time.Now)
	if err != nil {
		return identity{}, err
	}
	made, err := certificate(ca, role, nil)
	if err != nil {
		return identity{}, err
	}
	cert, err := made.TLS()
	return identity{cert, ca.Pool()}, err
}

func certificate(ca *pki.CA, role string, hosts []string) (pki.Cert, error) {
	if role == RoleBroker {
		return ca.Server(append([]string{BrokerName}, hosts...)...)
	}
	return ca.Cloud(role)
}

func readIdentity(dir string) (identity, error) {
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, certFile), filepath.Join(dir, keyFile))
	if err != nil {
		return identity{}, fmt.Errorf("certificate in %s: %w", dir, err)
	}
	pem, err := os.ReadFile(filepath.Join(dir, rootsFile))
	if err != nil {
		return identity{}, fmt.Errorf("certificate in %s: %w", dir, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return identity{}, fmt.Errorf("certificate in %s: %s has none", dir, rootsFile)
	}
	return identity{cert, roots}, nil
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

func (i identity) server() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{i.cert}, ClientCAs: i.roots,
		ClientAuth: tls.RequireAndVerifyClientCert}
}

func (i identity) client() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{i.cert}, RootCAs: i.roots, ServerName: BrokerName}
}

// both serves and calls, as brokers of a cluster do.
func (i identity) both() *tls.Config {
	c := i.server()
	c.RootCAs, c.ServerName = i.roots, BrokerName
	return c
}
