package upstream

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"cardea/gateway/resolve/message"
)

const (
	firstTimeout = 800 * time.Millisecond // for an answer, before another server is asked
	lastTimeout  = 2 * time.Second        // the same on the last attempt
	attempts     = 3                      // at least, when there are fewer servers
	maxAttempts  = 5
	patience     = 5 * time.Second // no further attempt after this: clients have given up
	probeEvery   = time.Second     // servers that are down are probed, at first this often
	probeRarest  = time.Minute
)

// Config is what a Pool needs.
type Config struct {
	Servers   []Server         // in the order of preference
	Bootstrap []netip.AddrPort // plain DNS servers that only look up the names of Servers
	// Earliest is a time that has certainly passed (when the program was built): certificates are checked at this time
	// while the clock says less, as it does on a gateway without a clock until it has reached a time server, which needs DNS.
	Earliest time.Time
}

// Health is what is known of one server.
type Health struct {
	Server   string `json:"server"`
	Up       bool   `json:"up"`
	Asked    uint64 `json:"asked"`
	Answered uint64 `json:"answered"`
	Failed   uint64 `json:"failed"`
}

// ErrNone means that no server answered.
var ErrNone = errors.New("no upstream answered")

// Pool asks the first server that works. It is safe for use by many goroutines.
type Pool struct {
	members []*member
	boot    *bootstrap
	log     *slog.Logger
	wg      sync.WaitGroup // readers of connections
	Stray   atomic.Uint64  // answers that matched no question: late, or forged
	turn    atomic.Uint32  // which server is the first to be asked
	times   times
}

type exchanger interface {
	exchange(ctx context.Context, query, buf []byte, timeout time.Duration) ([]byte, error)
	close()
}

// member is a server with its health.
type member struct {
	name  string
	ask   exchanger
	down  atomic.Bool
	heard atomic.Int64 // when it last answered, Unix ns

	asked, answered, failed atomic.Uint64
}

// New prepares a pool; nothing is sent before Exchange or Run.
func New(cfg Config, log *slog.Logger) (*Pool, error) {
	if len(cfg.Servers) == 0 {
		return nil, errors.New("no upstream DNS server")
	}
	boot := &bootstrap{}
	p := &Pool{log: log, boot: boot}
	for _, a := range cfg.Bootstrap {
		boot.servers = append(boot.servers, p.newPlain(a))
	}
	for _, s := range cfg.Servers {
		if len(s.Addrs) == 0 && len(cfg.Bootstrap) == 0 {
			return nil, fmt.Errorf("upstream %s: no address, and no bootstrap server to look it up", s)
		}
		p.members = append(p.members, &member{name: s.String(), ask: p.newExchanger(s, boot, cfg.Earliest)})
	}
	return p, nil
}

// Exchange asks until a server answers. query comes from message.AppendQuery: its ID is overwritten. The answer is in buf
// when it fits (its ID is the one sent) and repeats the question; its records are not checked.
func (p *Pool) Exchange(ctx context.Context, query, buf []byte) ([]byte, error) {
	var last error
	began := time.Now()
	list, total := p.order()
	for i, m := range list[:total] {
		timeout := firstTimeout
		if i == total-1 {
			timeout = lastTimeout
		}
		started := time.Now()
		if started.Sub(began) > patience {
			break
		}
		m.asked.Add(1)
		answer, err := m.ask.exchange(ctx, query, buf, timeout)
		if ctx.Err() == nil {
			p.times.add(Time{time.Since(started), err != nil})
		}
		if err == nil && usable(answer) {
			m.answered.Add(1)
			m.heard.Store(time.Now().UnixNano())
			if m.down.CompareAndSwap(true, false) {
				p.log.Info("upstream DNS server answers again", "server", m.name)
			}
			return answer, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		m.failed.Add(1)
		if err == nil { // SERVFAIL or REFUSED: another may know; the last word is passed on
			if i >= len(p.members)-1 {
				return answer, nil
			}
			m.heard.Store(time.Now().UnixNano())
			last = fmt.Errorf("%s answered with code %d", m.name, answer[3]&15)
			continue
		}
		last = err
		// one name whose own servers are silent is no reason to give up on a server that answered others meanwhile
		if m.heard.Load() < started.UnixNano() && m.down.CompareAndSwap(false, true) {
			p.log.Warn("upstream DNS server does not answer", "server", m.name, "error", err)
		}
	}
	return nil, fmt.Errorf("%w: %w", ErrNone, last)
}

func usable(answer []byte) bool {
	rcode := answer[3] & 15
	return rcode != message.ServFail && rcode != message.Refused && rcode != message.NotImp && rcode != message.FormErr
}

// order lists the servers to try: those that are up in their order, then those that are down, then from the start again.
func (p *Pool) order() (list [maxAttempts]*member, n int) {
	total := min(max(attempts, len(p.members)), maxAttempts)
	first := int(p.turn.Load())
	for _, down := range [2]bool{false, true} {
		for i := range p.members {
			m := p.members[(first+i)%len(p.members)]
			if m.down.Load() == down && n < total {
				list[n] = m
				n++
			}
		}
	}
	if n == 0 { // one changed while we looked
		list[0], n = p.members[first%len(p.members)], 1
	}
	for i := n; i < total; i++ {
		list[i] = list[i%n]
	}
	return list, total
}

// Run probes servers that are down until ctx ends, then closes all connections.
func (p *Pool) Run(ctx context.Context) error {
	defer p.wg.Wait()
	defer func() {
		for _, m := range p.members {
			m.ask.close()
		}
		for _, s := range p.boot.servers {
			s.close()
		}
	}()
	var probes sync.WaitGroup
	defer probes.Wait()
	t := time.NewTicker(probeEvery)
	defer t.Stop()
	wait := make([]time.Duration, len(p.members))
	due := make([]time.Time, len(p.members))
	busy := make([]atomic.Bool, len(p.members))
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-t.C:
			for i, m := range p.members {
				if !m.down.Load() {
					wait[i], due[i] = 0, time.Time{}
					continue
				}
				if now.Before(due[i]) || !busy[i].CompareAndSwap(false, true) {
					continue
				}
				wait[i] = min(max(2*wait[i], probeEvery), probeRarest)
				due[i] = now.Add(wait[i])
				probes.Go(func() {
					p.probe(ctx, m)
					busy[i].Store(false)
				})
			}
		}
	}
}

// rootServers asks for the root's name servers, which any resolver knows.
func rootServers() []byte {
	return []byte{0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, byte(message.TypeNS), 0, byte(message.ClassIN),
		0, 0, byte(message.TypeOPT), message.UDPSize >> 8, message.UDPSize & 0xff, 0, 0, 0, 0, 0, 0}
}

// probe looks whether a server that is down answers again.
func (p *Pool) probe(ctx context.Context, m *member) {
	if _, err := m.ask.exchange(ctx, rootServers(), make([]byte, message.UDPSize), lastTimeout); err != nil {
		return
	}
	m.heard.Store(time.Now().UnixNano())
	if m.down.CompareAndSwap(true, false) {
		p.log.Info("upstream DNS server answers again", "server", m.name)
	}
}

// Health lists the servers in their order.
func (p *Pool) Health() []Health {
	out := make([]Health, 0, len(p.members))
	for _, m := range p.members {
		out = append(out, Health{m.name, !m.down.Load(), m.asked.Load(), m.answered.Load(), m.failed.Load()})
	}
	return out
}

func truncated(answer []byte) bool {
	return binary.BigEndian.Uint16(answer[2:])&message.FlagTC != 0
}
