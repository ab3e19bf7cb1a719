package api

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// certFile reads a certificate again when its file has changed, so that a renewed one needs no restart.
type certFile struct {
	cert, key string
	mu        sync.Mutex // guards what follows
	changed   time.Time
	have      *tls.Certificate
}

func (f *certFile) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.cert)
	if err == nil && f.have != nil && info.ModTime().Equal(f.changed) {
		return f.have, nil
	}
	if err == nil {
		var c tls.Certificate
		if c, err = tls.LoadX509KeyPair(f.cert, f.key); err == nil {
			f.have, f.changed = &c, info.ModTime()
			return f.have, nil
		}
	}
	if f.have != nil { // half written, or gone: what we have still serves
		return f.have, nil
	}
	return nil, fmt.Errorf("api: certificate: %w", err)
}
