package ingest

import (
	"sync/atomic"
	"time"
)

// Where the database has one writer, a person who presses a button waits for the transaction that is under way. How long one of
// so many messages takes depends on what else the machine does, so how many go into one follows what the last ones took.
const (
	holdMost   = 80 * time.Millisecond
	leastShare = 64 // messages: below that most of a transaction is its commit
)

// share says how many messages one transaction takes. It is safe for concurrent use.
type share struct {
	all int // messages of a transaction that nobody waits for
	one bool
	now atomic.Int64
}

func newShare(all int, oneWriter bool) *share {
	s := &share{all: all, one: oneWriter}
	s.now.Store(int64(all))
	if oneWriter {
		s.now.Store(int64(min(all, 2*leastShare))) // until it is known
	}
	return s
}

func (s *share) most() int { return int(s.now.Load()) }

// took notes how long the writer was held for n messages. It halves at once and grows slowly.
func (s *share) took(n int, d time.Duration) {
	if !s.one {
		return
	}
	now := s.most()
	switch {
	case d > holdMost:
		now = min(now, max(n/2, leastShare))
	case d < holdMost/2 && n >= now: // a full one
		now += now/4 + 1
	}
	s.now.Store(int64(min(max(now, min(leastShare, s.all)), s.all)))
}
