// Package queue works off what waits in a table: it takes what is due for a while, does it, some at a time, and has it tried again with
// longer and longer pauses. Messages to residents and webhooks go by it. Whose the table is keeps it: a queue has functions of the owner
// only. It may import internal/platform/hook, for what an error means.
package queue

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"cardea/internal/platform/hook"
)

// Bounds that are the same for all.
const (
	Each    = 15 * time.Second // looks this often without being woken, also for what another process wrote
	Lease   = 2 * time.Minute  // who took something has this long for it; a crash makes it due again then
	Senders = 8
	// graceful is how long what is being done may take when the process is to end.
	graceful = 5 * time.Second
	tidyEach = time.Hour
)

// Queue is one table of work. Its functions are set before Run and belong to the table's owner.
type Queue[J any] struct {
	Name string // in the log
	// Take takes what is due and nobody else has, for Lease; it bounds how much. more says that there may be more at once.
	Take func(ctx context.Context) (jobs []J, more bool, err error)
	// Do does one and notes what came of it. Its error is the database's.
	Do func(ctx context.Context, j J) error
	// Tidy removes what is over; it is asked once an hour. nil: nothing.
	Tidy func(ctx context.Context) error
	Log  *slog.Logger
	Now  func() time.Time

	wake chan struct{} // capacity 1, one token for any number of reasons; owner: Run. Full: Run looks anyway
}

// New makes one; it starts nothing.
func New[J any](q Queue[J]) *Queue[J] {
	q.wake = make(chan struct{}, 1)
	return &q
}

// Wake has Run look at once; it never blocks.
func (q *Queue[J]) Wake() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends. Several processes may run it over one table.
func (q *Queue[J]) Run(ctx context.Context) error {
	tick := time.NewTicker(Each)
	defer tick.Stop()
	var tidied time.Time
	for {
		more, err := q.Round(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil { // the database heals, or somebody looks at the log
			q.Log.Error(q.Name, "err", err)
			more = false
		}
		if now := q.Now(); q.Tidy != nil && now.Sub(tidied) > tidyEach {
			if err := q.Tidy(ctx); err != nil && ctx.Err() == nil {
				q.Log.Error(q.Name+": remove what is over", "err", err)
			}
			tidied = now
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-q.wake:
		case <-tick.C:
		}
	}
}

// Round does what is due; more says that there may be more at once. What is being done when ctx ends comes to its end for a while: what
// is cut off may have arrived, and is sent again.
func (q *Queue[J]) Round(ctx context.Context) (more bool, err error) {
	jobs, more, err := q.Take(ctx)
	if err != nil {
		return false, err
	}
	work, cut := outlive(ctx)
	defer cut()
	room := make(chan struct{}, Senders) // owner: this function; full makes it wait
	errs := make(chan error, len(jobs))  // owner: this function; never full
	for _, j := range jobs {
		room <- struct{}{}
		go func() {
			defer func() { <-room }()
			errs <- q.Do(work, j)
		}()
	}
	for range jobs {
		err = errors.Join(err, <-errs)
	}
	return more, err
}

func outlive(ctx context.Context) (context.Context, context.CancelFunc) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(graceful)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-work.Done():
		}
	})
	return work, func() { stop(); cancel() }
}

// Outcome is what becomes of a try.
type Outcome int

// Outcomes.
const (
	Sent    Outcome = iota
	Waits           // to be tried again
	Refused         // trying again does not heal it
	GivenUp         // it was tried for long enough
)

// Judge says what becomes of something that was made at a time and tried so often, and when it is tried next. It is tried for giveUp.
func Judge(err error, made, now time.Time, tries int64, giveUp time.Duration) (o Outcome, next time.Time) {
	var p hook.Permanent
	var l hook.Later
	switch {
	case err == nil:
		return Sent, time.Time{}
	case errors.As(err, &p):
		return Refused, time.Time{}
	case now.Sub(made) > giveUp:
		return GivenUp, time.Time{}
	}
	wait := hook.Backoff(tries)
	if errors.As(err, &l) {
		wait = max(wait, l.After)
	}
	return Waits, now.Add(wait)
}
