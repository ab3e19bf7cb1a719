package cloud

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"cardea/cloud/account/pki"
	"cardea/home"
	"cardea/internal/platform/bus"
	"cardea/internal/platform/bus/broker"
	"cardea/wire"
)

// doorman says who may come in to the broker and what for. Revoked gateways are kept in memory: a broker has no database.
type doorman struct {
	log     *slog.Logger
	mu      sync.Mutex
	revoked map[string]bool // ids of gateways
}

// Subjects between the parts of a cloud.
const (
	subjectRevoked     = "cloud.revoked"     // ids of gateways, a line each, all of them
	subjectRevocations = "cloud.revocations" // asks for them
	subjectNews        = "cloud.news"        // a place whose feed has something new
	revokedEvery       = time.Minute
)

var errRevoked = errors.New("the gateway's certificate was revoked")

// permit says what a certificate allows.
func (d *doorman) permit(cert *x509.Certificate) (broker.Permit, error) {
	if role, ok := pki.Role(cert); ok {
		return broker.Permit{Name: "cloud/" + role, Cloud: true}, nil
	}
	place, err := pki.Place(cert)
	if err != nil {
		return broker.Permit{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.revoked[place.Gateway] {
		return broker.Permit{}, errRevoked
	}
	return broker.Permit{Name: place.String(), Publish: wire.MayPublish(place), Subscribe: wire.MaySubscribe(place)}, nil
}

// revoke takes the list of all revoked gateways and turns those out that are connected.
func (d *doorman) revoke(ids []string, kick func(func(string) bool) int) {
	d.mu.Lock()
	d.revoked = map[string]bool{}
	for _, id := range ids {
		d.revoked[id] = true
	}
	d.mu.Unlock()
	n := kick(func(name string) bool {
		_, gateway, _ := cutLast(name)
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.revoked[gateway]
	})
	if n > 0 {
		d.log.Info("revoked gateways were disconnected", "count", n)
	}
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// watch keeps the broker's list up to date until ctx ends.
func (d *doorman) watch(ctx context.Context, conn *bus.Conn, server *broker.Server) error {
	take := func(b []byte) { d.revoke(strings.Fields(string(b)), server.Kick) }
	stop, err := conn.Subscribe(subjectRevoked, "", func(m bus.Msg) { take(m.Data) })
	if err != nil {
		return fmt.Errorf("revocations: %w", err)
	}
	defer stop()
	for ctx.Err() == nil {
		one, cancel := context.WithTimeout(ctx, 5*time.Second)
		b, err := conn.Request(one, subjectRevocations, nil)
		cancel()
		if err == nil {
			take(b)
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second): // no worker is there yet
		}
	}
	<-ctx.Done()
	return nil
}

// tellRevoked answers brokers that ask who is revoked, and tells all of them each minute and when something changed.
func (s *Server) tellRevoked(ctx context.Context) error {
	list := func() []byte {
		one, cancel := context.WithTimeout(ctx, answerTime)
		defer cancel()
		places, err := s.rooms.Accounts.Revoked(one)
		if err != nil {
			s.log.Warn("revoked gateways", "err", err)
			return nil
		}
		var b bytes.Buffer
		for _, p := range places {
			b.WriteString(p.Gateway + "\n")
		}
		return b.Bytes()
	}
	stop, err := s.conn.Subscribe(subjectRevocations, "cloud", func(m bus.Msg) {
		if b := list(); b != nil {
			if err := m.Respond(b); err != nil {
				s.log.Warn("revoked gateways", "err", err)
			}
		}
	})
	if err != nil {
		return fmt.Errorf("revocations: %w", err)
	}
	defer stop()
	t := time.NewTicker(revokedEvery)
	defer t.Stop()
	for {
		if b := list(); b != nil {
			if err := s.conn.Publish(subjectRevoked, b); err != nil && ctx.Err() == nil {
				s.log.Warn("revoked gateways", "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		case <-s.revoked:
		}
	}
}

// placeBytes and placeFrom carry a place between the parts of the cloud.
func placeBytes(p home.Place) []byte { return []byte(p.Tenant + " " + p.Home) }

func placeFrom(b []byte) (home.Place, bool) {
	tenant, id, ok := strings.Cut(string(b), " ")
	return home.Place{Tenant: tenant, Home: id}, ok && home.IsUUID(tenant) && home.IsUUID(id)
}
