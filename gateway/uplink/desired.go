package uplink

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// follower carries out the newest desired state. It belongs to one goroutine.
type follower struct {
	link     *Link
	pending  *pb.Desired // to be applied; nil: nothing
	sum      []byte      // of pending, or of what was applied last
	failures int
}

// follow fetches the desired state when nudged, on each connect and now and then, and applies it until that works.
func (l *Link) follow(ctx context.Context) {
	f := &follower{link: l}
	tick := time.NewTicker(l.cfg.Fetch)
	defer tick.Stop()
	retry := time.NewTimer(0)
	defer retry.Stop()
	<-retry.C
	for {
		ask := true
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-l.fetch:
		case <-retry.C:
			ask = f.pending == nil // a fetch that failed
		}
		var err error
		if ask {
			err = f.ask(ctx)
		}
		if f.pending != nil {
			err = errors.Join(err, f.apply(ctx))
		}
		switch {
		case ctx.Err() != nil:
			return
		case err == nil || errors.Is(err, ErrOffline) && f.pending == nil:
			f.failures = 0
		default:
			level := slog.LevelDebug // a cloud that does not answer is no news
			if f.pending != nil {
				level = slog.LevelWarn
			}
			l.log.Log(ctx, level, "the desired state is not in force", "error", err)
			retry.Reset(l.backoff(f.failures))
			f.failures++
		}
	}
}

func (f *follower) ask(ctx context.Context) error {
	l := f.link
	req, err := proto.Marshal(&pb.DesiredRequest{Protocol: wire.Protocol, Have: l.running.Load()})
	if err != nil {
		return err
	}
	b, err := l.Request(ctx, "desired", req)
	if err != nil {
		return fmt.Errorf("ask for the desired state: %w", err)
	}
	d, err := parseDesired(b)
	if err != nil {
		return fmt.Errorf("desired state: %w", err)
	}
	sum, err := contentSum(d)
	if err != nil {
		return fmt.Errorf("desired state: %w", err)
	}
	have := l.running.Load()
	if f.pending != nil {
		have = max(have, f.pending.GetVersion())
	}
	if d.GetVersion() < have || d.GetVersion() == have && bytes.Equal(sum, f.sum) {
		return nil
	}
	l.hear(d.GetVersion())
	f.pending, f.sum = d, sum
	return nil
}

// parseDesired refuses what breaks the bounds.
func parseDesired(b []byte) (*pb.Desired, error) {
	if len(b) > wire.MaxDesired {
		return nil, fmt.Errorf("%d bytes: %w", len(b), errTooMuch)
	}
	d := new(pb.Desired)
	if err := proto.Unmarshal(b, d); err != nil {
		return nil, err
	}
	if len(d.GetOrders()) > wire.MaxOrders {
		return nil, fmt.Errorf("%d orders: %w", len(d.GetOrders()), errTooMuch)
	}
	if d.GetProtocol() == 0 {
		return nil, errors.New("that is no desired state")
	}
	return d, nil
}

var errTooMuch = errors.New("more than was agreed on")

// contentSum tells whether two desired states ask for the same.
func contentSum(d *pb.Desired) ([]byte, error) {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(d)
	sum := sha256.Sum256(b)
	return sum[:], err
}

func (f *follower) apply(ctx context.Context) error {
	l, version := f.link, f.pending.GetVersion()
	if err := l.agent.Apply(ctx, proto.CloneOf(f.pending)); err != nil {
		return fmt.Errorf("apply version %d: %w", version, err)
	}
	if version != l.running.Load() {
		if err := l.queue.SetDesired(version); err != nil {
			return err
		}
		l.running.Store(version)
	}
	f.pending = nil
	l.Wake()
	return nil
}

// hear notes a version that the cloud has.
func (l *Link) hear(version uint64) {
	for {
		v := l.wanted.Load()
		if version <= v || l.wanted.CompareAndSwap(v, version) {
			return
		}
	}
}
