package broker_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"cardea/internal/platform/bus"
	"cardea/wire"
)

func TestStreamsTellHowTheyDo(t *testing.T) {
	a := newAuthority(t)
	s := start(t, a, nil)
	c := local(t, s)
	if list, err := c.Streams(context30(t)); err != nil || len(list) != 0 {
		t.Fatalf("there is none yet: %+v, %v", list, err)
	}
	if err := c.EnsureStream(context30(t), bus.StreamConfig{MaxBytes: 1 << 20, MaxAge: time.Hour}); err != nil {
		t.Fatal(err)
	}
	p := newPlace()
	gateway := dial(t, config(t, a, &p, s.Addr().String()))
	began := time.Now()
	if err := publish(context30(t), gateway, p, 1, 4); err != nil {
		t.Fatal(err)
	}
	list, err := c.Streams(context30(t))
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	st := list[0]
	if st.Name != wire.Stream || st.Silent || st.Messages == 0 || st.Bytes == 0 || st.Limit != 1<<20 || st.Age != time.Hour || st.First.Before(began.Add(-time.Minute)) || st.First.After(time.Now()) ||
		st.Leader != "one" || len(st.Copies) != 0 || len(st.Readers) != 0 {
		t.Errorf("before somebody reads: %+v", st)
	}
	collect(t, c, func(have map[string]int) bool { return have[p.Gateway] >= 3 })
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) { // the last acknowledgement is on its way
		if list, err = c.Streams(context30(t)); err == nil && list[0].Messages == 0 || time.Now().After(until) {
			break
		}
	}
	if st = list[0]; err != nil || st.Messages != 0 || !st.First.IsZero() || len(st.Readers) == 0 {
		t.Fatalf("after it was read: %+v, %v", st, err)
	}
	given := 0
	for _, r := range st.Readers {
		var partition int
		if _, err := fmt.Sscanf(r.Filter, "p.%d.>", &partition); err != nil || r.Waiting != 0 || r.Open != 0 {
			t.Errorf("%+v, %v", r, err)
		}
		if !r.Last.IsZero() {
			given++
		}
	}
	if given != 1 {
		t.Errorf("%d readers were given something: %+v", given, st.Readers)
	}
}

// Of a cluster it is told which broker leads and how far the copies are; without most of its brokers it is silent, and nobody waits for it.
func TestAClusterTellsItsLeaderAndWhoIsAway(t *testing.T) {
	a := newAuthority(t)
	brokers, listen := newCluster(t, a)
	for _, b := range brokers {
		b.start(t)
	}
	cloud := dial(t, config(t, a, nil, listen...))
	if err := cloud.EnsureStream(context30(t), bus.StreamConfig{Replicas: 3}); err != nil {
		t.Fatal(err)
	}
	leader := leaderOf(t, cloud, brokers)
	told := func(want func(bus.Stream) bool) {
		t.Helper()
		var list []bus.Stream
		var err error
		for ctx := context30(t); ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
			_ = cloud.Wait(ctx)
			one, cancel := context.WithTimeout(ctx, 2*time.Second)
			list, err = cloud.Streams(one)
			cancel()
			if err == nil && len(list) == 1 && want(list[0]) {
				return
			}
		}
		t.Fatalf("%+v, %v", list, err)
	}
	told(func(s bus.Stream) bool {
		return s.Leader == leader.conf.Name && len(s.Copies) == 2 && s.Copies[0].Current && s.Copies[1].Current && s.Copies[0].Broker != leader.conf.Name
	})
	leader.kill()
	told(func(s bus.Stream) bool {
		away := 0
		for _, c := range s.Copies {
			if !c.Current && c.Broker == leader.conf.Name {
				away++
			}
		}
		return s.Leader != "" && s.Leader != leader.conf.Name && away == 1
	})
	leaderOf(t, cloud, brokers).kill()
	ctx := context30(t)
	for ctx.Err() == nil {
		_ = cloud.Wait(ctx)
		one, cancel := context.WithTimeout(ctx, time.Second)
		list, err := cloud.Streams(one)
		cancel()
		if err != nil || len(list) == 1 && (list[0].Silent || list[0].Leader == "") {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("one broker of three speaks for all")
}

// What waits for a reader shows, and what it was given and did not store yet.
func TestAReaderThatIsBehindShows(t *testing.T) {
	a := newAuthority(t)
	s := start(t, a, nil)
	c := local(t, s)
	if err := c.EnsureStream(context30(t), bus.StreamConfig{MaxBytes: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	p := newPlace()
	gateway := dial(t, config(t, a, &p, s.Addr().String()))
	if err := publish(context30(t), gateway, p, 1, 2); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended, got, hold := make(chan error, 1), make(chan bool, 1), make(chan bool)
	go func() {
		ended <- c.Consume(ctx, partitionOf(t, p), 1, func(ctx context.Context, _ []bus.Msg) error {
			select {
			case got <- true:
			default:
			}
			select {
			case <-hold:
			case <-ctx.Done():
			}
			return ctx.Err()
		})
	}()
	<-got
	if err := publish(context30(t), gateway, p, 2, 3); err != nil {
		t.Fatal(err)
	}
	list, err := c.Streams(context30(t))
	if err != nil || len(list) != 1 || len(list[0].Readers) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	if r := list[0].Readers[0]; r.Open == 0 || r.Waiting+uint64(r.Open) != list[0].Messages || list[0].Messages != 2 {
		t.Errorf("%+v of %d", r, list[0].Messages)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAllBrokersAreAskedInBoundedTime(t *testing.T) {
	a := newAuthority(t)
	s := start(t, a, nil)
	c := local(t, s)
	if got, err := c.RequestAll(context30(t), "cloud.nobody", nil, 10, time.Minute); err != nil || len(got) != 0 {
		t.Errorf("nobody: %q, %v", got, err)
	}
	for n := range 3 {
		peer := dial(t, config(t, a, nil, s.Addr().String()))
		if _, err := peer.Subscribe("cloud.how", "", func(m bus.Msg) {
			if n < 2 {
				_ = m.Respond([]byte{byte('a' + n)}) // the third is silent
			}
		}); err != nil {
			t.Fatal(err)
		}
		if err := peer.Flush(context30(t)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := c.RequestAll(context30(t), "cloud.how", nil, 10, 300*time.Millisecond); err != nil || len(got) != 2 {
		t.Errorf("two of three answer: %q, %v", got, err)
	}
	if got, err := c.RequestAll(context30(t), "cloud.how", nil, 1, time.Minute); err != nil || len(got) != 1 {
		t.Errorf("one is enough: %q, %v", got, err)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if got, err := c.RequestAll(short, "cloud.how", nil, 3, time.Hour); err != nil || len(got) > 2 {
		t.Errorf("the time is over: %q, %v", got, err)
	}
}

func TestABrokerTellsGatewaysFromTheCloud(t *testing.T) {
	a := newAuthority(t)
	s := start(t, a, nil)
	local(t, s)
	worker := dial(t, config(t, a, nil, s.Addr().String()))
	for range 2 {
		p := newPlace()
		dial(t, config(t, a, &p, s.Addr().String()))
	}
	if f, err := s.Figures(); err != nil || f.Name != "one" || f.Gateways != 2 || f.Cloud != 3 {
		t.Errorf("%+v, %v", f, err)
	}
	worker.Close()
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		f, err := s.Figures()
		if err == nil && f.Gateways == 2 && f.Cloud == 2 {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("after the worker went: %+v, %v", f, err)
		}
	}
}
