package ingest

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestShareFollowsWhatATransactionTakes(t *testing.T) {
	s := newShare(500, true)
	for range 10 { // a busy machine: a millisecond a message
		n := s.most()
		s.took(n, time.Duration(n)*time.Millisecond)
	}
	if s.most() != leastShare {
		t.Errorf("%d messages when each takes a millisecond", s.most())
	}
	s.took(3, time.Millisecond)
	if s.most() != leastShare {
		t.Errorf("%d messages after one of three: it tells nothing of large ones", s.most())
	}
	for range 20 {
		n := s.most()
		s.took(n, time.Duration(n)*50*time.Microsecond)
	}
	if s.most() != 500 {
		t.Errorf("%d messages when a full one takes 25 ms", s.most())
	}
	many := newShare(500, false)
	many.took(500, time.Minute)
	if many.most() != 500 {
		t.Error("with many writers nobody waits")
	}
}

func TestShareKeepsItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.IntRange(1, 2000).Draw(t, "all")
		s := newShare(all, true)
		for range 50 {
			s.took(rapid.IntRange(1, all).Draw(t, "n"), time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "took")))
			if n := s.most(); n < min(leastShare, all) || n > all {
				t.Fatalf("%d of %d", n, all)
			}
		}
	})
}
