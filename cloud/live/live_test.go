package live

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

var place = home.Place{Tenant: "0197a000-0000-7000-8000-00000000000a", Home: "0197a000-0000-7000-8000-00000000000b", Gateway: "0197a000-0000-7000-8000-00000000000c"}

// loop is a bus in memory with a gateway at its end: answer runs for each question, in its own goroutine.
type loop struct {
	mu        sync.Mutex
	subs      map[string]chan []byte
	questions []*pb.Question
	cancels   []string
	answer    func(q *pb.Question, send func(*pb.Answer))
}

func newLoop(answer func(*pb.Question, func(*pb.Answer))) *loop {
	return &loop{subs: map[string]chan []byte{}, answer: answer}
}

func (l *loop) Subscribe(subject string, f func([]byte)) (func(), error) {
	c, done := make(chan []byte, 1000), make(chan struct{})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.subs[subject] = c
	go func() {
		for {
			select {
			case b := <-c:
				f(b)
			case <-done:
				return
			}
		}
	}()
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.subs, subject)
		close(done)
	}, nil
}

func (l *loop) Publish(subject string, data []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if subject != wire.Down(place) {
		if c := l.subs[subject]; c != nil {
			c <- data
		}
		return nil
	}
	var c pb.Command
	if err := proto.Unmarshal(data, &c); err != nil {
		return err
	}
	if x := c.GetCancel(); x != nil {
		l.cancels = append(l.cancels, x.GetId())
		return nil
	}
	q := c.GetQuestion()
	l.questions = append(l.questions, q)
	part := uint32(0)
	go l.answer(q, func(a *pb.Answer) {
		if a.Id = q.GetId(); a.Part == 0 {
			a.Part = part
		}
		part++
		b, err := proto.Marshal(a)
		if err != nil {
			panic(err)
		}
		_ = l.Publish(wire.Answer(place, q.GetId()), b)
	})
	return nil
}

func (l *loop) counts() (questions, cancels int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.questions), len(l.cancels)
}

func make2(l *loop) *Live { return New(l, slog.New(slog.DiscardHandler), nil) }

func contacts(names ...string) *pb.Answer {
	a := &pb.Answer{}
	for _, n := range names {
		a.Contacts = append(a.Contacts, &pb.Contact{Name: n})
	}
	return a
}

func TestAnAnswerComesWholeAndInOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(rt, "parts")
		skip := rapid.IntRange(0, 80).Draw(rt, "lost") // often none
		l := newLoop(func(_ *pb.Question, send func(*pb.Answer)) {
			for i := range n {
				a := contacts(strings.Repeat("x", i+1))
				a.Part, a.Last = uint32(i), i == n-1
				if i == skip && i > 0 {
					continue
				}
				send(a)
			}
		})
		got := 0
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		lost := skip > 0 && skip < n
		if lost && skip == n-1 {
			return // nothing tells that the last part is lost but time: see the next test
		}
		err := make2(l).Ask(ctx, place, &pb.Question{}, func(a *pb.Answer) error {
			if got++; len(a.GetContacts()[0].GetName()) != got {
				rt.Fatalf("part %d has %d", got, len(a.GetContacts()[0].GetName()))
			}
			return nil
		})
		if lost != errors.Is(err, ErrLost) || !lost && err != nil || !lost && got != n || lost && got > skip {
			rt.Fatalf("%d of %d parts, lost %d: %v", got, n, skip, err)
		}
	})
}

func TestAnOfflineGatewayIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoop(func(*pb.Question, func(*pb.Answer)) {})
		from := time.Now()
		err := make2(l).Ask(t.Context(), place, &pb.Question{}, nil)
		if !errors.Is(err, ErrOffline) || time.Since(from) != Begin {
			t.Errorf("%v after %v", err, time.Since(from))
		}
		if _, cancels := l.counts(); cancels != 1 {
			t.Errorf("%d cancels", cancels)
		}
		l = newLoop(func(_ *pb.Question, send func(*pb.Answer)) { send(contacts("a")) })
		from = time.Now()
		err = make2(l).Ask(t.Context(), place, &pb.Question{}, func(*pb.Answer) error { return nil })
		if !errors.Is(err, ErrOffline) || time.Since(from) != Silence {
			t.Errorf("half an answer: %v after %v", err, time.Since(from))
		}
		from = time.Now()
		follow := &pb.Question{Ask: &pb.Question_Follow{Follow: &pb.AskFollow{}}}
		err = make2(l).Follow(t.Context(), place, follow, func(*pb.Answer) error { return nil })
		if !errors.Is(err, ErrOffline) || time.Since(from) != Quiet {
			t.Errorf("followed, and silent from then on: %v after %v", err, time.Since(from))
		}
		if err := make2(l).Ask(t.Context(), place.OfHome(), &pb.Question{}, nil); !errors.Is(err, ErrOffline) {
			t.Errorf("a home without a gateway: %v", err)
		}
	})
}

func TestARefusalIsToldAndLeavingCancels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoop(func(_ *pb.Question, send func(*pb.Answer)) {
			send(&pb.Answer{Error: "nobody at home has agreed to this", Last: true})
		})
		var no *Refused
		if err := make2(l).Ask(t.Context(), place, &pb.Question{}, nil); !errors.As(err, &no) || no.Why == "" {
			t.Errorf("%v", err)
		}
		l = newLoop(func(_ *pb.Question, send func(*pb.Answer)) { send(contacts("a")) })
		ctx, cancel := context.WithCancel(t.Context())
		err := make2(l).Ask(ctx, place, &pb.Question{Ask: &pb.Question_Follow{Follow: &pb.AskFollow{}}}, func(*pb.Answer) error { cancel(); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		if _, cancels := l.counts(); cancels != 1 {
			t.Errorf("%d cancels", cancels)
		}
	})
}

func TestTheQuestionHasItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoop(func(_ *pb.Question, send func(*pb.Answer)) {
			for range 200 {
				send(contacts("a"))
				time.Sleep(time.Second)
			}
		})
		from := time.Now()
		err := make2(l).Follow(t.Context(), place, &pb.Question{Ask: &pb.Question_Follow{Follow: &pb.AskFollow{}}}, func(*pb.Answer) error { return nil })
		if err != nil || time.Since(from) != wire.MaxQuestion {
			t.Errorf("%v after %v", err, time.Since(from))
		}
		time.Sleep(200 * time.Second) // the gateway of the test ends
	})
}

func TestViewersShareAQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		news := make(chan *pb.Answer, 10)
		l := newLoop(func(_ *pb.Question, send func(*pb.Answer)) {
			for a := range news {
				send(a)
			}
		})
		v := make2(l)
		q := &pb.Question{Asker: "resident", Who: "Anna", Ask: &pb.Question_Follow{Follow: &pb.AskFollow{}}}
		var mu sync.Mutex
		got := map[int]int{}
		view := func(i int, q *pb.Question) (stop func()) {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				_ = v.Follow(ctx, place, q, func(a *pb.Answer) error {
					mu.Lock()
					defer mu.Unlock()
					got[i] += len(a.GetContacts())
					return nil
				})
			}()
			synctest.Wait()
			return func() { cancel(); <-done }
		}
		stop1 := view(1, q)
		news <- contacts("a", "b")
		synctest.Wait()
		stop2 := view(2, q) // sees what was seen
		other := proto.CloneOf(q)
		other.Who = "Ben"
		if n, _ := l.counts(); n != 1 {
			t.Errorf("%d questions for two views of one person", n)
		}
		stop1()
		news <- contacts("a")
		synctest.Wait()
		mu.Lock()
		if got[1] != 2 || got[2] != 3 {
			t.Errorf("contacts %v", got)
		}
		mu.Unlock()
		stop3 := view(3, other)
		if n, cancels := l.counts(); n != 2 || cancels != 0 {
			t.Errorf("%d questions, %d cancels", n, cancels)
		}
		stop2()
		synctest.Wait()
		if _, cancels := l.counts(); cancels != 1 {
			t.Errorf("%d cancels when nobody looks any more", cancels)
		}
		stop3()
		close(news)
		synctest.Wait()
	})
}

func TestASlowViewerIsCutAndHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoop(func(_ *pb.Question, send func(*pb.Answer)) {
			for i := range 4 * waiting {
				a := contacts("a")
				a.Last = i == 4*waiting-1
				send(a)
				synctest.Wait()
			}
		})
		v := make2(l)
		q := &pb.Question{Ask: &pb.Question_Follow{Follow: &pb.AskFollow{}}}
		slow := make(chan error, 1)
		stuck := make(chan struct{})
		go func() {
			slow <- v.Follow(t.Context(), place, q, func(*pb.Answer) error { <-stuck; return nil })
		}()
		n := 0
		err := v.Follow(t.Context(), place, q, func(*pb.Answer) error { n++; return nil })
		if err != nil || n < 4*waiting {
			t.Errorf("the other viewer: %d parts, %v", n, err)
		}
		close(stuck)
		if err := <-slow; !errors.Is(err, errSlow) {
			t.Errorf("the slow viewer: %v", err)
		}
	})
}

func FuzzTake(f *testing.F) {
	b, err := proto.Marshal(&pb.Answer{Id: "q", Last: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, []byte{})
	f.Fuzz(func(t *testing.T, one, two []byte) {
		in := &inbox{parts: make(chan *pb.Answer, 1), over: make(chan struct{})}
		in.take("q", one)
		in.take("q", two)
		in.take("q", one)
	})
}
