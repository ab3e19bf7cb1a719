package db

import (
	"context"
	"slices"
	"sync"
)

// overtakes is how many transactions may go before a patient one that waits, so that it has its turn in the end.
const overtakes = 64

// turns is the queue before SQLite's one writer: people first, then what is patient, each in the order in which it came. The
// pool of connections alone would take any of those who wait.
type turns struct {
	mu        sync.Mutex
	taken     bool
	hurried   []chan struct{} // each of capacity 1, owned by who waits: the turn is put into it
	patient   []chan struct{}
	overtaken int // how many went before the first of patient
}

type patientKey struct{}

// Patient marks work that nobody waits for. On SQLite its transactions let all others go first, and should be short: they are
// waited for when they have begun.
func Patient(ctx context.Context) context.Context { return context.WithValue(ctx, patientKey{}, true) }

func isPatient(ctx context.Context) bool { return ctx.Value(patientKey{}) != nil }

// take waits for the writer. Who has taken it gives it back.
func (t *turns) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.mu.Lock()
	if !t.taken {
		t.taken = true
		t.mu.Unlock()
		return nil
	}
	queue := &t.hurried
	if isPatient(ctx) {
		queue = &t.patient
	}
	mine := make(chan struct{}, 1)
	*queue = append(*queue, mine)
	t.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	i := slices.Index(*queue, mine)
	if i >= 0 {
		*queue = slices.Delete(*queue, i, i+1)
	}
	t.mu.Unlock()
	if i < 0 { // it was given at the same moment
		t.give()
	}
	return ctx.Err()
}

// give hands the writer to the next one.
func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	queue := &t.hurried
	switch {
	case len(t.patient) == 0:
		t.overtaken = 0
	case len(t.hurried) == 0 || t.overtaken >= overtakes:
		queue, t.overtaken = &t.patient, 0
	default:
		t.overtaken++
	}
	if len(*queue) == 0 {
		t.taken = false
		return
	}
	(*queue)[0] <- struct{}{}
	*queue = slices.Delete(*queue, 0, 1)
}

// wanted says whether somebody in a hurry waits.
func (t *turns) wanted() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.hurried) > 0
}
