package uplink

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cardea/home"
	"cardea/wire"

	"github.com/google/renameio/v2"
)

// identityFile holds all of an identity, so that a new certificate and its key replace the old ones together or not at all.
const identityFile = "identity.pem"

const (
	blockAbout  = "CARDEA GATEWAY"
	blockKey    = "PRIVATE KEY"
	blockCert   = "CERTIFICATE"
	blockRoot   = "CARDEA ROOT CERTIFICATE"
	blockBundle = "CARDEA BUNDLE ROOT"
)

// Identity is who the gateway is to the cloud, and whom it believes to be the cloud.
type Identity struct {
	Place      home.Place
	Chain      []byte // PEM, the gateway's own certificate first
	Key        []byte // PEM, PKCS #8
	Roots      []byte // PEM
	Servers    []string
	Name       string // in the brokers' certificates
	BundleRoot []byte
	Until      time.Time // when the certificate ends
}

// LoadIdentity reads what Save wrote. Without one the error is fs.ErrNotExist.
func LoadIdentity(dir string) (Identity, error) {
	var id Identity
	path := filepath.Join(dir, identityFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return id, fmt.Errorf("identity: %w", err)
	}
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if err := id.take(block); err != nil {
			return Identity{}, fmt.Errorf("identity: %s: %w", path, err)
		}
	}
	if err := id.Check(); err != nil {
		return Identity{}, fmt.Errorf("identity: %s: %w", path, err)
	}
	return id, nil
}

func (id *Identity) take(block *pem.Block) (err error) {
	switch block.Type {
	case blockAbout:
		id.Place = home.Place{Tenant: block.Headers["Tenant"], Home: block.Headers["Home"], Gateway: block.Headers["Gateway"]}
		id.Name, id.Servers = block.Headers["Name"], strings.Fields(block.Headers["Servers"])
	case blockKey:
		id.Key = pem.EncodeToMemory(block)
	case blockCert:
		id.Chain = append(id.Chain, pem.EncodeToMemory(block)...)
	case blockRoot:
		id.Roots = append(id.Roots, pem.EncodeToMemory(&pem.Block{Type: blockCert, Bytes: block.Bytes})...)
	case blockBundle:
		id.BundleRoot, err = base64.StdEncoding.DecodeString(string(block.Bytes))
	}
	return err
}

// Save writes the identity into a folder, whole and for nobody else to read.
func (id *Identity) Save(dir string) error {
	if err := id.Check(); err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	var out bytes.Buffer
	about := &pem.Block{Type: blockAbout, Headers: map[string]string{
		"Tenant": id.Place.Tenant, "Home": id.Place.Home, "Gateway": id.Place.Gateway,
		"Name": id.Name, "Servers": strings.Join(id.Servers, " "),
	}}
	if err := pem.Encode(&out, about); err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	out.Write(id.Key)
	out.Write(id.Chain)
	for block, rest := pem.Decode(id.Roots); block != nil; block, rest = pem.Decode(rest) {
		out.Write(pem.EncodeToMemory(&pem.Block{Type: blockRoot, Bytes: block.Bytes}))
	}
	if len(id.BundleRoot) > 0 {
		text := base64.StdEncoding.EncodeToString(id.BundleRoot)
		out.Write(pem.EncodeToMemory(&pem.Block{Type: blockBundle, Bytes: []byte(text)}))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	if err := renameio.WriteFile(filepath.Join(dir, identityFile), out.Bytes(), 0o600); err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	if err := syncDir(dir); err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	return nil
}

// Check says what is wrong with an identity, and sets Until. The certificate must be for this place and this key and come
// from the roots; when it ends is for the cloud to judge, whose clock is right.
func (id *Identity) Check() error {
	if err := id.Place.Check(); err != nil {
		return err
	}
	if id.Name == "" || strings.ContainsAny(id.Name, "\r\n:") || len(id.Servers) == 0 {
		return errors.New("no broker is named")
	}
	for _, s := range id.Servers {
		if u, err := url.Parse(s); err != nil || u.Scheme != "tls" || u.Host == "" || strings.ContainsAny(s, " \r\n,") {
			return fmt.Errorf("broker %q: want tls://host:port", s)
		}
	}
	pair, roots, err := id.pair()
	if err != nil {
		return err
	}
	leaf := pair.Leaf
	if len(leaf.URIs) != 1 || leaf.URIs[0].String() != wire.SAN(id.Place) {
		return errors.New("the certificate is for somebody else")
	}
	opts := x509.VerifyOptions{
		Roots: roots, Intermediates: x509.NewCertPool(), CurrentTime: leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 2),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, der := range pair.Certificate[1:] {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("certificate chain: %w", err)
		}
		opts.Intermediates.AddCert(c)
	}
	if _, err := leaf.Verify(opts); err != nil {
		return fmt.Errorf("the certificate is not from the cloud's own authority: %w", err)
	}
	id.Until = leaf.NotAfter
	return nil
}

// pair parses the certificate with its key, and the roots. The error never holds the key.
func (id *Identity) pair() (tls.Certificate, *x509.CertPool, error) {
	pair, err := tls.X509KeyPair(id.Chain, id.Key)
	if err != nil {
		return pair, nil, fmt.Errorf("certificate: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(id.Roots) {
		return pair, nil, errors.New("no root certificate")
	}
	return pair, roots, nil
}

// NewKey makes a P-256 key: as PEM (PKCS #8), and a request for a certificate for it, DER. A zero place asks for none in
// particular, as before the first certificate.
func NewKey(p home.Place) (key, csr []byte, err error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	req := &x509.CertificateRequest{}
	if p != (home.Place{}) {
		u, err := url.Parse(wire.SAN(p))
		if err != nil {
			return nil, nil, fmt.Errorf("make a key: %w", err)
		}
		req.URIs = []*url.URL{u}
	}
	if csr, err = x509.CreateCertificateRequest(rand.Reader, req, k); err != nil {
		return nil, nil, fmt.Errorf("ask for a certificate: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: blockKey, Bytes: der}), csr, nil
}
