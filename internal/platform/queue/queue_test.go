package queue

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cardea/internal/platform/hook"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestJudge(t *testing.T) {
	made := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	bad := errors.New("no")
	for _, c := range []struct {
		name  string
		err   error
		age   time.Duration
		tries int64
		want  Outcome
		next  time.Duration
	}{
		{"sent", nil, time.Hour, 1, Sent, 0}, {"first failure", bad, 0, 1, Waits, 30 * time.Second}, {"third", bad, 0, 3, Waits, 2 * time.Minute},
		{"asked to wait", hook.Later{Err: bad, After: time.Hour}, 0, 1, Waits, time.Hour}, {"asked for less", hook.Later{Err: bad, After: time.Second}, 0, 3, Waits, 2 * time.Minute},
		{"refused", hook.Permanent{Err: bad}, 0, 1, Refused, 0}, {"too old", bad, 25 * time.Hour, 9, GivenUp, 0}, {"refused and old", hook.Permanent{Err: bad}, 25 * time.Hour, 1, Refused, 0},
	} {
		now := made.Add(c.age)
		got, next := Judge(c.err, made, now, c.tries, 24*time.Hour)
		if got != c.want || next.IsZero() != (c.next == 0) || c.next != 0 && !next.Equal(now.Add(c.next)) {
			t.Errorf("%s: %v, %v", c.name, got, next)
		}
	}
}

// Run looks at once when it is woken, else each 15 seconds; an error of the table ends nothing; several wakes are one.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var takes, tidied atomic.Int64
		var fail atomic.Bool
		q := New(Queue[int]{Name: "work", Log: slog.New(slog.DiscardHandler), Now: time.Now, Do: func(context.Context, int) error { return nil },
			Tidy: func(context.Context) error { tidied.Add(1); return nil },
			Take: func(context.Context) ([]int, bool, error) {
				takes.Add(1)
				if fail.Load() {
					return nil, true, errors.New("the database is away")
				}
				return []int{1}, takes.Load() == 1, nil
			}})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- q.Run(ctx) }()
		synctest.Wait()
		if takes.Load() != 2 { // more at once, then none
			t.Errorf("%d looks", takes.Load())
		}
		fail.Store(true)
		for range 3 {
			q.Wake()
		}
		synctest.Wait()
		if n := takes.Load(); n < 3 || n > 4 {
			t.Errorf("%d looks after it was woken", n)
		}
		before := takes.Load()
		time.Sleep(2*time.Hour + time.Second)
		synctest.Wait()
		if n := takes.Load() - before; n != int64(2*time.Hour/Each) || tidied.Load() < 2 {
			t.Errorf("%d looks in two hours, tidied %d times", n, tidied.Load())
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// What is being sent when the process is to end has a while for it, and no more are done at a time than there are senders.
func TestWhatIsUnderWayComesToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most, cut atomic.Int64
		q := New(Queue[int]{Take: func(context.Context) ([]int, bool, error) { return make([]int, 3*Senders), false, nil }, Do: func(ctx context.Context, _ int) error {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			select {
			case <-ctx.Done():
				cut.Add(1)
			case <-time.After(time.Second):
			}
			return nil
		}})
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, stop)
		if _, err := q.Round(ctx); err != nil {
			t.Error(err)
		}
		if cut.Load() != 0 || most.Load() != Senders {
			t.Errorf("%d were cut off, %d at a time", cut.Load(), most.Load())
		}
		q.Do = func(ctx context.Context, _ int) error { <-ctx.Done(); return nil } // one that hangs
		ctx, stop = context.WithCancel(t.Context())
		stop()
		began := time.Now()
		if _, err := q.Round(ctx); err != nil || time.Since(began) != graceful {
			t.Errorf("%v, %v", err, time.Since(began))
		}
	})
}
