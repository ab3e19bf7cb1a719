package uplink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

const renewRetry = time.Hour

func (l *Link) setIdentity(id Identity) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.identity = id
	if pair, _, err := id.pair(); err == nil {
		l.floor = later(l.floor, pair.Leaf.NotBefore)
		life := pair.Leaf.NotAfter.Sub(pair.Leaf.NotBefore)
		l.renewAt = pair.Leaf.NotBefore.Add(life*2/3 + rand.N(life/20+1)) // all certificates of an evening are not renewed in one
	}
}

// time is the clock's, but never before what is known to be past: a gateway without a battery begins in 1970.
func (l *Link) time() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return later(l.cfg.Now(), l.floor)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// renewIfDue is asked at each heartbeat, so that a clock that is set meanwhile counts.
func (l *Link) renewIfDue(ctx context.Context) {
	l.mu.Lock()
	due := !l.renewAt.IsZero() && !later(l.cfg.Now(), l.floor).Before(l.renewAt)
	l.mu.Unlock()
	if !due {
		return
	}
	if err := l.renew(ctx); err != nil && ctx.Err() == nil {
		l.log.Warn("the certificate was not renewed", "error", err)
		wait := renewRetry
		if errors.Is(err, ErrOffline) {
			wait = l.cfg.Heartbeat
		}
		l.mu.Lock()
		l.renewAt = later(l.cfg.Now(), l.floor).Add(wait/2 + rand.N(wait/2+1))
		l.mu.Unlock()
	}
}

// renew gets a new certificate for a new key. It is used from the next connect on; until then the old one is good.
func (l *Link) renew(ctx context.Context) error {
	key, csr, err := NewKey(l.place)
	if err != nil {
		return err
	}
	req, err := proto.Marshal(&pb.RenewRequest{Csr: csr})
	if err != nil {
		return err
	}
	b, err := l.Request(ctx, "renew", req)
	if err != nil {
		return err
	}
	reply := new(pb.RenewReply)
	if err := proto.Unmarshal(b, reply); err != nil {
		return fmt.Errorf("answer of the cloud: %w", err)
	}
	if reply.GetError() != "" {
		return fmt.Errorf("the cloud refuses: %q", clip(reply.GetError()))
	}
	l.mu.Lock()
	id := l.identity
	l.mu.Unlock()
	id.Key, id.Chain = key, reply.GetChain()
	if len(reply.GetRoots()) > 0 {
		id.Roots = reply.GetRoots()
	}
	if err := id.Check(); err != nil {
		return fmt.Errorf("answer of the cloud: %w", err)
	}
	if l.cfg.Dir != "" {
		if err := id.Save(l.cfg.Dir); err != nil {
			return err
		}
	}
	l.setIdentity(id)
	l.log.Info("the certificate was renewed", "until", id.Until)
	return nil
}

// reload is asked before each connect.
func (l *Link) reload() (tls.Certificate, *x509.CertPool, error) {
	l.mu.Lock()
	id := l.identity
	l.mu.Unlock()
	return id.pair()
}

// tls is how the cloud is known: its brokers' certificates come from the identity's roots and have the identity's name. The
// library's own check is replaced by the same one at another time: see verify.
func (l *Link) tls() (*tls.Config, error) {
	pair, roots, err := l.reload()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}, RootCAs: roots, ServerName: l.identity.Name,
		InsecureSkipVerify: true, VerifyConnection: l.verify,
	}, nil
}

// verify checks a broker's certificate. A clock that is before the own certificate's time is not set: then a broker's
// certificate from later does not count as one from the future.
func (l *Link) verify(s tls.ConnectionState) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("the broker shows no certificate")
	}
	_, roots, err := l.reload()
	if err != nil {
		return err
	}
	leaf := s.PeerCertificates[0]
	at := l.time()
	if l.cfg.Now().Before(at) {
		at = later(at, leaf.NotBefore)
	}
	l.mu.Lock()
	name := l.identity.Name
	l.mu.Unlock()
	opts := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool(), CurrentTime: at, DNSName: name}
	for _, c := range s.PeerCertificates[1:] {
		opts.Intermediates.AddCert(c)
	}
	if _, err := leaf.Verify(opts); err != nil {
		return fmt.Errorf("the broker's certificate: %w", err)
	}
	l.mu.Lock()
	l.floor = later(l.floor, leaf.NotBefore)
	l.mu.Unlock()
	return nil
}
