// Package pki is the cloud's certificate authority: it signs what gateways, brokers and the other roles prove themselves
// with. Its state is one folder: ca.key (the key and its certificate, for the owner only) and ca.pem (the certificate, to
// hand out). It may import home and wire.
//
// Renewal of the authority itself: the certificate is good for 20 years. To change over sooner, put the next authority's
// certificate into ca-also.pem: it is handed out with every enrolment and renewal and trusted from then on; once every
// gateway has renewed (90 days at most), put the next authority's ca.key in the place of this one.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

const (
	// ClientLife is how long a gateway's certificate is good for; it renews at two thirds of it.
	ClientLife = 90 * 24 * time.Hour
	// ServerLife is the same for brokers and other roles, which get a new one at each start.
	ServerLife = 90 * 24 * time.Hour

	caLife = 20 * 365 * 24 * time.Hour
	// backdate is how much earlier than now a certificate begins, for peers whose clock is late.
	backdate = time.Hour
)

// CA is the authority. It is safe for use by several goroutines; it does not change once it is open.
type CA struct {
	cert  *x509.Certificate
	key   crypto.Signer
	roots []byte // PEM, own first
	pool  *x509.CertPool
	now   func() time.Time
}

// Open reads the authority in dir, or makes one when there is none. Several processes may do it at once: one makes it, the
// others read that one. now is nil for the machine's clock.
func Open(dir string, now func() time.Time) (*CA, error) {
	if now == nil {
		now = time.Now
	}
	path := filepath.Join(dir, "ca.key")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(dir, 0o700); err == nil {
			err = create(path, now())
		}
		if err == nil {
			b, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	c, err := parse(b, now)
	if err != nil {
		return nil, fmt.Errorf("certificate authority %s: %w", path, err)
	}
	if err := c.trust(dir); err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	return c, nil
}

// create makes key and certificate. The file appears whole or not at all, and never in another's place.
func create(path string, now time.Time) (err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	t := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Cardea authority"},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(caLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return err
	}
	keyPEM, err := keyText(key)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".ca-*") // made with mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.Write(append(keyPEM, certText(der)...))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func parse(b []byte, now func() time.Time) (*CA, error) {
	keyBlock, rest := pem.Decode(b)
	if keyBlock == nil || keyBlock.Type != "PRIVATE KEY" {
		return nil, errors.New("want a private key first")
	}
	certBlock, _ := pem.Decode(rest)
	if certBlock == nil || certBlock.Type != "CERTIFICATE" {
		return nil, errors.New("want a certificate after the key")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, errors.New("the key cannot be read") // the cause might quote it
	}
	cert, err := x509.ParseCertificate(certBlock.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(crypto.Signer)
	if !ok || !cert.IsCA {
		return nil, errors.New("that is no authority's key and certificate")
	}
	if pub, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !pub.Equal(cert.PublicKey) {
		return nil, errors.New("the key does not belong to the certificate")
	}
	return &CA{cert: cert, key: key, now: now, roots: certText(cert.Raw), pool: x509.NewCertPool()}, nil
}

// trust puts together whom to trust, and hands out the own certificate in ca.pem.
func (c *CA) trust(dir string) error {
	pub := filepath.Join(dir, "ca.pem")
	if _, err := os.Stat(pub); errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(pub, c.roots, 0o644); err != nil {
			return err
		}
	}
	also, err := os.ReadFile(filepath.Join(dir, "ca-also.pem"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	c.roots = append(c.roots, also...)
	if !c.pool.AppendCertsFromPEM(c.roots) {
		return errors.New("no certificate to trust")
	}
	return nil
}

// Roots is whom gateways are to trust, as PEM.
func (c *CA) Roots() []byte { return append([]byte(nil), c.roots...) }

// Pool is the same to check certificates with.
func (c *CA) Pool() *x509.CertPool { return c.pool.Clone() }

func serial() *big.Int {
	var b [16]byte
	rand.Read(b[:])
	b[0] &= 0x7f // positive in DER (RFC 5280 section 4.1.2.2)
	b[0] |= 0x40 // never short, never zero
	return new(big.Int).SetBytes(b[:])
}

func certText(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func keyText(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
