package upstream

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"cardea/gateway/resolve/message"
)

const (
	maxAddrs  = 8
	shortest  = time.Minute // an upstream's address is used for at least this long
	longest   = time.Hour
	retryBoot = 5 * time.Second // between look-ups that fail, while the old addresses are used
)

// bootstrap looks up the names of upstreams, and nothing else.
type bootstrap struct {
	servers []*plain
}

// addrs gives a function that knows a server's addresses: the fixed ones, or those looked up last. When a look-up
// fails, the old ones stay in use.
func (b *bootstrap) addrs(s Server) func(context.Context) ([]netip.Addr, error) {
	if len(s.Addrs) > 0 {
		return func(context.Context) ([]netip.Addr, error) { return s.Addrs, nil }
	}
	var mu sync.Mutex
	var list []netip.Addr
	var until time.Time
	return func(ctx context.Context) ([]netip.Addr, error) {
		mu.Lock()
		known, fresh := list, time.Now().Before(until)
		mu.Unlock()
		if fresh {
			return known, nil
		}
		found, ttl, err := b.lookup(ctx, s.Host)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			until = time.Now().Add(retryBoot)
			if len(list) == 0 {
				until = time.Time{}
				return nil, err
			}
			return list, nil
		}
		list, until = found, time.Now().Add(min(max(ttl, shortest), longest))
		return list, nil
	}
}

// lookup asks each bootstrap server in turn for A and AAAA.
func (b *bootstrap) lookup(ctx context.Context, host string) ([]netip.Addr, time.Duration, error) {
	err := fmt.Errorf("looking up upstream %s: no bootstrap server", host)
	for _, server := range b.servers {
		var out []netip.Addr
		ttl := longest
		for _, typ := range [2]uint16{message.TypeA, message.TypeAAAA} {
			list, t, e := ask(ctx, server, host, typ)
			if e != nil {
				err = fmt.Errorf("looking up upstream %s: %w", host, e)
				continue
			}
			out, ttl = append(out, list...), min(ttl, t)
		}
		if len(out) > 0 {
			return out[:min(len(out), maxAddrs)], ttl, nil
		}
	}
	return nil, 0, err
}

func ask(ctx context.Context, server *plain, host string, typ uint16) ([]netip.Addr, time.Duration, error) {
	msg := append(make([]byte, 0, message.MaxQuestion), 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0)
	msg, ok := message.AppendWire(msg, host)
	if !ok {
		return nil, 0, message.ErrFormat
	}
	var q message.Question
	if err := q.Parse(append(msg, byte(typ>>8), byte(typ), 0, byte(message.ClassIN))); err != nil {
		return nil, 0, err
	}
	query := message.AppendQuery(nil, &q)
	answer, err := server.exchange(ctx, query, make([]byte, 4096), firstTimeout)
	if err != nil {
		return nil, 0, err
	}
	var a message.Answer
	if err := a.Scan(answer, len(q.Head())); err != nil {
		return nil, 0, err
	}
	return slices.Clone(a.Addrs), time.Duration(a.TTL) * time.Second, nil
}
