package cloud

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"time"

	"cardea/cloud/account"
	"cardea/home"
	"cardea/internal/platform/bus"
)

// comings gathers by which address gateways connect, so that the cloud knows over how many access networks homes are spread. A
// broker has no database: it tells a worker.
type comings struct {
	mu   sync.Mutex
	from map[home.Place]netip.Addr // at most maxComings; more are noted when they come again
}

const (
	subjectCame = "cloud.came" // places with addresses, a line each
	maxComings  = 1 << 16
	cameEvery   = 5 * time.Second
	cameAtOnce  = 2000 // lines of one message, about 300 kB
)

// note takes one; it is called by the broker for each connection.
func (c *comings) note(name string, from netip.Addr) {
	p, ok := cameFrom(name)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.from == nil {
		c.from = map[home.Place]netip.Addr{}
	}
	if len(c.from) < maxComings {
		c.from[p] = from
	}
}

func cameFrom(name string) (home.Place, bool) {
	parts := strings.Split(name, "/")
	if len(parts) != 3 || !home.IsUUID(parts[0]) || !home.IsUUID(parts[1]) || !home.IsUUID(parts[2]) {
		return home.Place{}, false
	}
	return home.Place{Tenant: parts[0], Home: parts[1], Gateway: parts[2]}, true
}

func (c *comings) take() (out []account.Connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for p, from := range c.from {
		out = append(out, account.Connection{Place: p, Remote: from})
	}
	c.from = nil
	return out
}

// tellCame hands over what the broker noted until ctx ends.
func (s *Server) tellCame(ctx context.Context) error {
	t := time.NewTicker(cameEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		list := s.came.take()
		if len(list) == 0 {
			continue
		}
		if s.cfg.Has(RoleWorker) { // the bus does not bring a process its own messages
			s.keepCame(ctx, list)
			continue
		}
		for len(list) > 0 {
			n := min(len(list), cameAtOnce)
			if err := s.conn.Publish(subjectCame, cameBytes(list[:n])); err != nil && ctx.Err() == nil {
				s.log.Warn("access networks", "err", err)
			}
			list = list[n:]
		}
	}
}

// takeCame keeps what brokers tell until ctx ends.
func (s *Server) takeCame(ctx context.Context) error {
	stop, err := s.conn.Subscribe(subjectCame, "cloud", func(m bus.Msg) { s.keepCame(ctx, cameList(m.Data)) })
	if err != nil {
		return err
	}
	<-ctx.Done()
	stop()
	return nil
}

func (s *Server) keepCame(ctx context.Context, list []account.Connection) {
	if err := s.rooms.Accounts.Seen(ctx, list...); err != nil && ctx.Err() == nil {
		s.log.Warn("access networks", "err", err)
	}
}

func cameBytes(list []account.Connection) []byte {
	var b strings.Builder
	for _, c := range list {
		b.WriteString(c.Place.String() + " " + c.Remote.String() + "\n")
	}
	return []byte(b.String())
}

// cameList reads a message; lines that are none are left out.
func cameList(b []byte) (out []account.Connection) {
	for line := range strings.Lines(string(b)) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		p, ok := cameFrom(name)
		if from, err := netip.ParseAddr(text); ok && err == nil && len(out) < cameAtOnce {
			out = append(out, account.Connection{Place: p, Remote: from})
		}
	}
	return out
}
