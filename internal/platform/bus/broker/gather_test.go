package broker_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"cardea/home"
	"cardea/internal/platform/bus"
	"cardea/wire"

	"github.com/google/uuid"
)

// burst sends reports of many homes of one partition at once and returns when all are acknowledged.
func burst(t *testing.T, s *bus.Conn, p home.Place, gateways, each int) {
	t.Helper()
	var wg sync.WaitGroup
	for range gateways {
		wg.Go(func() {
			one := p
			one.Gateway = uuid.NewString()
			if err := publish(context30(t), s, one, 1, each+1); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestABurstIsKeptInFewMessages(t *testing.T) {
	s := start(t, newAuthority(t), nil)
	cloud := local(t, s)
	if err := cloud.EnsureStream(context30(t), bus.StreamConfig{}); err != nil {
		t.Fatal(err)
	}
	const gateways, each = 200, 5
	burst(t, cloud, newPlace(), gateways, each)
	state, err := cloud.StreamState(context30(t))
	if err != nil || state.Messages < each || state.Messages > gateways*each/4 {
		t.Fatalf("%+v, %v", state, err)
	}
	collect(t, local(t, s), func(have map[string]int) bool {
		n := 0
		for _, highest := range have {
			n += highest
		}
		return n == gateways*each
	})
	if state, err = cloud.StreamState(context30(t)); err != nil || state.Messages != 0 {
		t.Fatalf("left in the stream: %+v, %v", state, err)
	}
}

// A pack of more reports than a batch is given in parts. When one fails all of the pack comes again, from its first.
func TestALargePackThatFailsComesAgainWhole(t *testing.T) {
	s := start(t, newAuthority(t), nil)
	cloud := local(t, s)
	if err := cloud.EnsureStream(context30(t), bus.StreamConfig{}); err != nil {
		t.Fatal(err)
	}
	p := newPlace()
	partition := partitionOf(t, p)
	const gateways = 300
	burst(t, cloud, p, gateways, 1)
	ctx, cancel := context.WithCancel(t.Context())
	stored, calls := map[string]bool{}, 0
	err := cloud.Consume(ctx, partition, 7, func(_ context.Context, msgs []bus.Msg) error {
		if calls++; calls == 5 {
			return errors.New("the store is away")
		}
		if len(msgs) > 7 {
			t.Errorf("a batch of %d", len(msgs))
		}
		for _, m := range msgs {
			stored[m.Subject] = true
		}
		if len(stored) == gateways {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || len(stored) != gateways {
		t.Fatal(len(stored), err)
	}
}

func TestAReportThatIsTooLargeIsRefused(t *testing.T) {
	a := newAuthority(t)
	s := start(t, a, nil)
	cloud := local(t, s)
	if err := cloud.EnsureStream(context30(t), bus.StreamConfig{}); err != nil {
		t.Fatal(err)
	}
	p := newPlace()
	c := dial(t, config(t, a, &p, s.Addr().String()))
	if err := c.PublishAck(context30(t), wire.Up(p), "large", make([]byte, bus.MaxPayload-8)); err == nil || errors.Is(err, bus.ErrNobody) {
		t.Fatal(err)
	}
	if err := c.PublishAck(context30(t), wire.Up(p), "the largest", make([]byte, wire.MaxReport)); err != nil {
		t.Fatal(err)
	}
}
