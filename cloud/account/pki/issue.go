package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"cardea/home"
	"cardea/wire"
)

// MaxCSR bounds a signing request in bytes; one with a P-256 key takes about 250.
const MaxCSR = 4096

const (
	roleURI     = "cardea://cloud/"
	roleLetters = "abcdefghijklmnopqrstuvwxyz"
)

// Cert is a certificate that was issued.
type Cert struct {
	Chain  []byte // PEM
	Key    []byte // PEM; nil when the other side has it
	Serial string // hexadecimal
	Until  time.Time
}

// TLS is the certificate as crypto/tls wants it.
func (c Cert) TLS() (tls.Certificate, error) { return tls.X509KeyPair(c.Chain, c.Key) }

// Request is a signing request that was checked.
type Request struct {
	public crypto.PublicKey
	// KeyHash names the key: SHA-256 of its SubjectPublicKeyInfo, hexadecimal.
	KeyHash string
}

// ParseRequest checks a signing request in DER: whoever made it has the key, and the key is P-256 or Ed25519. Whatever else
// it asks for counts for nothing.
func ParseRequest(der []byte) (Request, error) {
	if len(der) > MaxCSR {
		return Request{}, fmt.Errorf("signing request: %d bytes, want at most %d", len(der), MaxCSR)
	}
	r, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return Request{}, fmt.Errorf("signing request: %w", err)
	}
	switch k := r.PublicKey.(type) {
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return Request{}, errors.New("signing request: want a P-256 key")
		}
	case ed25519.PublicKey:
	default:
		return Request{}, errors.New("signing request: want a P-256 or Ed25519 key")
	}
	if err := r.CheckSignature(); err != nil {
		return Request{}, fmt.Errorf("signing request: %w", err)
	}
	h := sha256.Sum256(r.RawSubjectPublicKeyInfo)
	return Request{public: r.PublicKey, KeyHash: hex.EncodeToString(h[:])}, nil
}

// Issue signs a gateway's certificate for a place.
func (c *CA) Issue(p home.Place, r Request) (Cert, error) {
	if err := p.Check(); err != nil {
		return Cert{}, fmt.Errorf("certificate: %w", err)
	}
	if r.public == nil {
		return Cert{}, errors.New("certificate: no signing request")
	}
	san, err := url.Parse(wire.SAN(p))
	if err != nil {
		return Cert{}, fmt.Errorf("certificate: %w", err)
	}
	return c.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: p.Gateway}, URIs: []*url.URL{san},
		NotAfter: c.now().Add(ClientLife), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, r.public)
}

// Server makes key and certificate of a broker: names are DNS names and addresses by which it is reached. It is good for the
// routes between brokers too, where each is the other's client.
func (c *CA) Server(names ...string) (Cert, error) {
	if len(names) == 0 {
		return Cert{}, errors.New("server certificate: no name")
	}
	t := &x509.Certificate{
		Subject: pkix.Name{CommonName: names[0]}, URIs: []*url.URL{{Scheme: "cardea", Host: "cloud", Path: "/broker"}},
		NotAfter:    c.now().Add(ServerLife),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	return c.withKey(t)
}

// Cloud makes key and certificate of a worker or API server.
func (c *CA) Cloud(role string) (Cert, error) {
	if role == "" || strings.Trim(role, roleLetters) != "" {
		return Cert{}, fmt.Errorf("certificate: role %q", role)
	}
	return c.withKey(&x509.Certificate{
		Subject: pkix.Name{CommonName: "cardea " + role}, URIs: []*url.URL{{Scheme: "cardea", Host: "cloud", Path: "/" + role}},
		NotAfter: c.now().Add(ServerLife), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

func (c *CA) withKey(t *x509.Certificate) (Cert, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Cert{}, err
	}
	out, err := c.sign(t, key.Public())
	if err != nil {
		return Cert{}, err
	}
	out.Key, err = keyText(key)
	return out, err
}

func (c *CA) sign(t *x509.Certificate, public crypto.PublicKey) (Cert, error) {
	t.SerialNumber = serial()
	t.NotBefore = c.now().Add(-backdate)
	t.KeyUsage = x509.KeyUsageDigitalSignature
	t.BasicConstraintsValid = true
	if t.NotAfter.After(c.cert.NotAfter) {
		t.NotAfter = c.cert.NotAfter // a chain is good for no longer than its root
	}
	der, err := x509.CreateCertificate(rand.Reader, t, c.cert, public, c.key)
	if err != nil {
		return Cert{}, fmt.Errorf("certificate: %w", err)
	}
	return Cert{Chain: certText(der), Serial: t.SerialNumber.Text(16), Until: t.NotAfter.Truncate(time.Second)}, nil
}

// Place says which gateway a certificate is of. The certificate must have been verified (TLS does) before.
func Place(cert *x509.Certificate) (home.Place, error) {
	if cert == nil || len(cert.URIs) != 1 {
		return home.Place{}, errors.New("certificate: want exactly one URI that says whose it is")
	}
	return wire.ParseSAN(cert.URIs[0].String())
}

// Role says which of the cloud's roles a certificate is of (broker, worker, api), if it is of one. It must have been
// verified before.
func Role(cert *x509.Certificate) (string, bool) {
	if cert == nil || len(cert.URIs) != 1 {
		return "", false
	}
	role, ok := strings.CutPrefix(cert.URIs[0].String(), roleURI)
	if !ok || role == "" || strings.Trim(role, roleLetters) != "" {
		return "", false
	}
	return role, true
}
