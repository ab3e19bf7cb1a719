package gateway

import (
	"context"
	"testing"
)

// A job that found no room must not keep every later one away.
func TestAJobAsideThatFoundNoRoomIsAskedForAgain(t *testing.T) {
	g := &Gateway{jobs: make(chan func(context.Context) error, 1)}
	job := func(context.Context) error { return nil }
	g.later(job)
	if g.aside(job) {
		t.Error("a job without room began")
	}
	<-g.jobs
	if begun := g.aside(job); !begun || len(g.jobs) != 1 {
		t.Error("nothing runs aside any more")
	}
	if g.aside(job) {
		t.Error("two run at once")
	}
}
