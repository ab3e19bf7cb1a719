package cloud

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"cardea/cloud/account/pki"
	"cardea/home"
	"cardea/internal/platform/bus"
	"cardea/internal/platform/bus/broker"
	"cardea/wire"

	"github.com/google/renameio/v2"
)

// doorman says who may come in to the broker and what for. Revoked gateways are kept in memory and in a file: a broker has no
// database, and after a start nobody may be there to tell it. A gateway that is revoked stays so, therefore ids only come.
type doorman struct {
	log     *slog.Logger
	file    string // "" keeps nothing
	mu      sync.Mutex
	revoked map[string]bool // ids of gateways
}

// Subjects between the parts of a cloud.
const (
	subjectRevoked     = "cloud.revoked"     // ids of gateways, a line each
	subjectRevocations = "cloud.revocations" // asks for them
	subjectNews        = "cloud.news"        // a place whose feed has something new
	revokedEvery       = 10 * time.Second
	revokedAtOnce      = 8000 // ids in one message, about 300 kB
)

// newDoorman reads who was revoked when the broker ran last.
func newDoorman(file string, log *slog.Logger) (*doorman, error) {
	d := &doorman{log: log, file: file, revoked: map[string]bool{}}
	b, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("revoked gateways: %w", err)
	}
	for _, id := range strings.Fields(string(b)) {
		d.revoked[id] = true
	}
	return d, nil
}

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

// take adds ids of gateways that were revoked, and turns those out that are connected. Anything else than ids is left alone:
// what a gateway names as its reply subject may be ours, and the stream's acknowledgement then comes here.
func (d *doorman) take(ids []string, kick func(func(string) bool) int) {
	more := false
	d.mu.Lock()
	for _, id := range ids {
		if home.IsUUID(id) && !d.revoked[id] {
			d.revoked[id], more = true, true
		}
	}
	var err error
	if more {
		err = d.save()
	}
	d.mu.Unlock()
	if err != nil {
		d.log.Error("revoked gateways are known until the next start only", "err", err)
	}
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

// save writes the file; mu is held, so that an older list never comes after a newer one.
func (d *doorman) save() error {
	if d.file == "" {
		return nil
	}
	return renameio.WriteFile(d.file, []byte(strings.Join(slices.Sorted(maps.Keys(d.revoked)), "\n")+"\n"), 0o600)
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// watch keeps the broker's list up to date until ctx ends. A worker in the same process tells it itself: the bus does not
// bring a process its own messages.
func (d *doorman) watch(ctx context.Context, conn *bus.Conn, server *broker.Server, ask bool) error {
	stop, err := conn.Subscribe(subjectRevoked, "", func(m bus.Msg) { d.take(strings.Fields(string(m.Data)), server.Kick) })
	if err != nil {
		return fmt.Errorf("revocations: %w", err)
	}
	defer stop()
	for ask && ctx.Err() == nil {
		one, cancel := context.WithTimeout(ctx, 5*time.Second)
		_, err := conn.Request(one, subjectRevocations, nil)
		cancel()
		if err == nil {
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

// tellRevoked tells all brokers who is revoked: each minute, when something changed, and when one asks.
func (s *Server) tellRevoked(ctx context.Context) error {
	stop, err := s.conn.Subscribe(subjectRevocations, "cloud", func(m bus.Msg) {
		if m.Reply == "" {
			return
		}
		s.gatewayChanged()
		if err := m.Respond(nil); err != nil {
			s.log.Warn("revoked gateways", "err", err)
		}
	})
	if err != nil {
		return fmt.Errorf("revocations: %w", err)
	}
	defer stop()
	t := time.NewTicker(revokedEvery)
	defer t.Stop()
	for {
		if err := s.tellRevokedOnce(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("revoked gateways", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		case <-s.revoked:
		}
	}
}

func (s *Server) tellRevokedOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	places, err := s.rooms.Accounts.Revoked(ctx)
	if err != nil {
		return err
	}
	ids := make([]string, len(places))
	for i, p := range places {
		ids[i] = p.Gateway
	}
	if s.broker != nil {
		s.doorman.take(ids, s.broker.Kick)
	}
	for some := range slices.Chunk(ids, revokedAtOnce) {
		if err := s.conn.Publish(subjectRevoked, []byte(strings.Join(some, "\n"))); err != nil {
			return err
		}
	}
	return nil
}

// placeBytes and placeFrom carry a place between the parts of the cloud.
func placeBytes(p home.Place) []byte { return []byte(p.Tenant + " " + p.Home) }

func placeFrom(b []byte) (home.Place, bool) {
	tenant, id, ok := strings.Cut(string(b), " ")
	return home.Place{Tenant: tenant, Home: id}, ok && home.IsUUID(tenant) && home.IsUUID(id)
}
