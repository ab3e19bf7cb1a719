package units

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"cardea/gateway/capture"
	"cardea/home"
)

// stream is a source that is being read. The event is the source's own until next is called.
type stream struct {
	event *home.Event
	next  func() (*home.Event, bool)
	stop  func()
	at    int // its place among the sources: who comes first at the same time
}

// merge plays sources in the order of time. A source is opened when its time has come, so that captures that follow each other
// are open one at a time.
func merge(ctx context.Context, sources []*source, to capture.Sink) error {
	if len(sources) == 1 {
		return sources[0].play(ctx, to)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	order := slices.Clone(sources)
	slices.SortStableFunc(order, func(a, b *source) int { return cmp.Or(a.first.Compare(b.first), cmp.Compare(a.key, b.key)) })
	m := &merger{ctx: ctx, to: to, ticks: ticks{to: to}, twice: newTwice(order)}
	defer m.close()
	for i, s := range order {
		for len(m.open) > 0 && m.open[0].event.Time.Before(s.first) {
			if err := m.step(); err != nil {
				return err
			}
		}
		if err := m.start(s, i); err != nil {
			return err
		}
	}
	for len(m.open) > 0 {
		if err := m.step(); err != nil {
			return err
		}
	}
	return ctx.Err()
}

type merger struct {
	ctx   context.Context
	to    capture.Sink
	ticks ticks
	twice *twice
	open  []*stream // the earliest event first
	errs  []error   // of the sources, by their place
}

// start opens a source and files its first event.
func (m *merger) start(s *source, at int) error {
	m.errs = append(m.errs, nil)
	next, stop := iter.Pull(s.events(m.ctx, &m.errs[at]))
	return m.file(&stream{next: next, stop: stop, at: at})
}

// file takes a stream's next event and puts it in its place; a stream that has ended is dropped.
func (m *merger) file(s *stream) error {
	e, ok := s.next()
	if !ok {
		return m.errs[s.at]
	}
	s.event = e
	i, _ := slices.BinarySearchFunc(m.open, s, func(a, b *stream) int {
		return cmp.Or(a.event.Time.Compare(b.event.Time), cmp.Compare(a.at, b.at))
	})
	m.open = slices.Insert(m.open, i, s)
	return nil
}

// step plays the earliest event.
func (m *merger) step() error {
	s := m.open[0]
	if !m.twice.told(s.event, s.at) {
		m.ticks.Handle(s.event)
	}
	m.open = slices.Delete(m.open, 0, 1)
	return m.file(s)
}

func (m *merger) close() {
	for _, s := range m.open {
		s.stop()
	}
}

// ticks lets one tick a second pass, whatever number of sources tell the time.
type ticks struct {
	to   capture.Sink
	last time.Time
}

// setBack is how far back a tick means that a clock was set back.
const setBack = time.Minute

// Handle passes an event on.
func (t *ticks) Handle(e *home.Event) {
	if e.Kind == home.EventTick {
		if d := e.Time.Sub(t.last); d <= 0 && d > -setBack {
			return
		}
		t.last = e.Time
	}
	t.to.Handle(e)
}
