package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
)

// TestTurns: people go first, each kind in the order in which it came, and what is patient has its turn in the end.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &turns{}
		if err := q.take(t.Context()); err != nil {
			t.Fatal(err)
		}
		var order []string // guarded by the turn
		wait := func(ctx context.Context, name string) {
			go func() {
				if err := q.take(ctx); err != nil {
					t.Error(err)
					return
				}
				order = append(order, name)
				q.give()
			}()
			synctest.Wait() // it stands in the queue
		}
		wait(Patient(t.Context()), "patient 1")
		wait(Patient(t.Context()), "patient 2")
		var want []string
		for i := range overtakes + 3 {
			wait(t.Context(), fmt.Sprint(i))
			want = append(want, fmt.Sprint(i))
		}
		want = append(slices.Insert(want, overtakes, "patient 1"), "patient 2")
		if !q.wanted() {
			t.Error("nobody seems to wait")
		}
		q.give()
		synctest.Wait()
		if !slices.Equal(order, want) {
			t.Errorf("order %v, want %v", order, want)
		}
		if q.wanted() || q.taken {
			t.Error("somebody seems to have it")
		}
	})
}

// TestTurnGivenUp: who no longer waits is passed over, also when the turn comes at the same moment.
func TestTurnGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for i := range 200 {
			q := &turns{}
			if err := q.take(t.Context()); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			if i%2 == 0 {
				ctx = Patient(ctx)
			}
			first, second := make(chan error, 1), make(chan error, 1)
			go func() {
				err := q.take(ctx)
				if err == nil {
					q.give()
				}
				first <- err
			}()
			synctest.Wait()
			go func() { second <- q.take(t.Context()) }()
			synctest.Wait()
			if i%4 < 2 {
				go cancel()
				q.give()
			} else {
				cancel()
				synctest.Wait()
				q.give()
			}
			if err := <-first; err != nil && !errors.Is(err, context.Canceled) || i%4 >= 2 && err == nil {
				t.Fatalf("round %d: %v", i, err)
			}
			if err := <-second; err != nil {
				t.Fatal(err)
			}
			q.give()
			cancel()
			if q.taken || q.wanted() {
				t.Fatal("the turn got lost")
			}
			if err := q.take(ctx); !errors.Is(err, context.Canceled) {
				t.Fatalf("taken by somebody who had given up: %v", err)
			}
		}
	})
}
