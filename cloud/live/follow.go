package live

import (
	"context"
	"errors"
	"sync"

	"cardea/home"
	"cardea/wire/pb"
)

// followKey is what several viewers of one home may share: the same view, asked for on behalf of the same kind of person
// with the same consent. The gateway's own log names the first of them and each who opens a view of their own.
type followKey struct {
	place               home.Place
	device, asker, who  string
	consent, with, note string
}

// following is one question that several viewers share. A viewer who comes later is first given what the others have seen:
// the newest of each contact and device.
type following struct {
	mu      sync.Mutex // guards what follows
	viewers map[*viewer]bool
	seen    seen
	cancel  context.CancelFunc
}

// viewer is one of them.
type viewer struct {
	parts chan *pb.Answer // owner: the question's goroutine; capacity waiting; a viewer that does not take is cut
	end   chan error      // capacity 1: how it ended
}

var errGone = errors.New("nobody follows any more")

// Follow asks to be told what goes on in a home; a question that is already open for the same person and view is shared.
func (l *Live) Follow(ctx context.Context, p home.Place, q *pb.Question, yield func(*pb.Answer) error) error {
	key := followKey{place: p, device: q.GetFollow().GetDevice(), asker: q.GetAsker(), who: q.GetWho(), consent: q.GetConsent().GetId(),
		with: string(q.GetConsent().GetSignature()), note: q.GetReason()}
	v := &viewer{parts: make(chan *pb.Answer, waiting), end: make(chan error, 1)}
	f := l.join(ctx, key, q, v)
	defer l.leave(key, f, v)
	for {
		select {
		case a := <-v.parts:
			if err := yield(a); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-v.end:
			for { // what came before the end
				select {
				case a := <-v.parts:
					if err := yield(a); err != nil {
						return err
					}
				default:
					return err
				}
			}
		}
	}
}

func (l *Live) join(ctx context.Context, key followKey, q *pb.Question, v *viewer) *following {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.followed[key]; f != nil {
		f.mu.Lock()
		f.viewers[v] = true
		if a := f.seen.whole(); a != nil {
			v.parts <- a // empty until now
		}
		f.mu.Unlock()
		return f
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &following{viewers: map[*viewer]bool{v: true}, cancel: cancel}
	l.followed[key] = f
	go func() { // ends when the last viewer leaves, or at the question's time
		err := l.Ask(ctx, key.place, q, f.spread)
		l.mu.Lock()
		if l.followed[key] == f {
			delete(l.followed, key)
		}
		l.mu.Unlock()
		f.mu.Lock()
		defer f.mu.Unlock()
		for v := range f.viewers {
			v.end <- err
		}
		clear(f.viewers)
		cancel()
	}()
	return f
}

func (l *Live) leave(key followKey, f *following, v *viewer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.viewers, v)
	if len(f.viewers) == 0 {
		if l.followed[key] == f {
			delete(l.followed, key) // who comes now asks anew
		}
		f.cancel()
	}
}

// spread gives a part to each viewer. It fails when none is left, which ends the question.
func (f *following) spread(a *pb.Answer) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen.add(a)
	for v := range f.viewers {
		select {
		case v.parts <- a:
		default:
			delete(f.viewers, v)
			v.end <- errSlow
		}
	}
	if len(f.viewers) == 0 {
		return errGone
	}
	return nil
}
