package broker

import (
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats-server/v2/server"
)

const localUser = "local"

// gate decides who comes in and with which rights, in process.
type gate struct {
	authenticate func(*x509.Certificate) (Permit, error)
	came         func(name string, from netip.Addr)
	secret       string
	server       *server.Server
	log          *slog.Logger
	refused      atomic.Uint64
	accepted     atomic.Uint64

	mu    sync.Mutex
	kicks uint64            // counts calls of kick
	who   map[uint64]string // connection → Permit.Name; those that went are swept out now and then
	swept int               // how many were left after the last sweep
	cloud map[uint64]bool   // connections of parts of the cloud; those that went are swept out when they are counted, or one more comes
}

var errNoCertificate = errors.New("no verified certificate")

// Check is called by the broker for each connection that says hello.
func (g *gate) Check(c server.ClientAuthentication) bool {
	state := c.GetTLSConnectionState()
	if state == nil { // only connections inside this program have no TLS: the listener begins with a handshake
		o := c.GetOpts()
		if o.Username == localUser && subtle.ConstantTimeCompare([]byte(o.Password), []byte(g.secret)) == 1 {
			c.RegisterUser(&server.User{Username: localUser})
			g.part(c.GetID())
			return true
		}
		g.refused.Add(1)
		return false
	}
	for {
		kicks := g.kicksSoFar()
		permit, err := g.permit(state.PeerCertificates, state.VerifiedChains)
		if err != nil {
			g.refused.Add(1)
			g.log.Debug("connection refused", "from", c.RemoteAddress().String(), "why", err)
			return false
		}
		if !g.note(c.GetID(), permit, kicks) {
			continue // somebody was kicked meanwhile: is this one still welcome?
		}
		c.RegisterUser(user(permit))
		g.accepted.Add(1)
		if from, err := netip.ParseAddrPort(c.RemoteAddress().String()); err == nil && g.came != nil && !permit.Cloud {
			g.came(permit.Name, from.Addr().Unmap())
		}
		return true
	}
}

func (g *gate) permit(certs []*x509.Certificate, verified [][]*x509.Certificate) (Permit, error) {
	if len(certs) == 0 || len(verified) == 0 || g.authenticate == nil {
		return Permit{}, errNoCertificate
	}
	p, err := g.authenticate(certs[0])
	if err == nil && !p.Cloud && (len(p.Publish) == 0 || len(p.Subscribe) == 0) {
		return p, errors.New("the permit names no subjects") // an empty list would mean everything
	}
	return p, err
}

func user(p Permit) *server.User {
	u := &server.User{Username: p.Name}
	if !p.Cloud {
		u.Permissions = &server.Permissions{
			Publish:   &server.SubjectPermission{Allow: p.Publish},
			Subscribe: &server.SubjectPermission{Allow: p.Subscribe},
		}
	}
	return u
}

func (g *gate) kicksSoFar() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.kicks
}

// note remembers who a connection is, unless somebody was kicked since.
func (g *gate) note(id uint64, p Permit, kicks uint64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.kicks != kicks {
		return false
	}
	g.who[id] = p.Name
	if p.Cloud {
		g.addPart(id)
	}
	if len(g.who) > 2*g.swept+1000 {
		for id := range g.who {
			if g.server.GetClient(id) == nil {
				delete(g.who, id)
			}
		}
		g.swept = len(g.who)
	}
	return true
}

// part notes a connection of this program.
func (g *gate) part(id uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.addPart(id)
}

// addPart notes a part of the cloud; mu is held.
func (g *gate) addPart(id uint64) {
	g.sweepParts()
	g.cloud[id] = true
}

// parts is how many parts of the cloud are connected, those of this program included.
func (g *gate) parts() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sweepParts()
	return len(g.cloud)
}

func (g *gate) sweepParts() {
	for id := range g.cloud {
		if g.server.GetClient(id) == nil {
			delete(g.cloud, id)
		}
	}
}

func (g *gate) kick(match func(string) bool) int {
	g.mu.Lock()
	g.kicks++
	var ids []uint64
	for id, name := range g.who {
		if match(name) {
			ids = append(ids, id)
			delete(g.who, id)
		}
	}
	g.mu.Unlock()
	n := 0
	for _, id := range ids {
		if g.server.DisconnectClientByID(id) == nil {
			n++
		}
	}
	return n
}

// routeGate lets only parts of the cloud into the cluster: a gateway's certificate is of the same CA.
type routeGate struct{ *gate }

func (g routeGate) Check(c server.ClientAuthentication) bool {
	state := c.GetTLSConnectionState()
	if state == nil {
		return false
	}
	p, err := g.permit(state.PeerCertificates, state.VerifiedChains)
	if err != nil || !p.Cloud {
		g.refused.Add(1)
		g.log.Warn("a route was refused", "from", c.RemoteAddress().String(), "name", p.Name)
		return false
	}
	return true
}
