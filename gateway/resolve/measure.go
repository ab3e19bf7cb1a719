package resolve

import (
	"context"

	"cardea/gateway/resolve/upstream"
)

// Time is how long an upstream took to answer.
type Time = upstream.Time

// Times gives how long upstreams took since it was called last; see upstream.Pool.Times.
func (r *Resolver) Times() []Time {
	if r.pool == nil {
		return nil
	}
	return r.pool.Times()
}

// Turn has the nth upstream asked first; see upstream.Pool.Turn.
func (r *Resolver) Turn(n int) bool { return r.pool != nil && r.pool.Turn(n) }

// Measure asks the first upstream one question, for its time alone.
func (r *Resolver) Measure(ctx context.Context) error {
	if r.pool == nil {
		return upstream.ErrNone
	}
	return r.pool.Measure(ctx)
}
