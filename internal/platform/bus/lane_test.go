package bus

import (
	"encoding/json"
	"testing"

	"cardea/home"
	"cardea/wire"

	"github.com/google/uuid"
)

// A gateway that sends without waiting for answers fills a part of its partition's lane, and no more.
func TestNobodyFillsALaneAlone(t *testing.T) {
	l := &lane{ready: make(chan struct{}, 1)}
	refused := map[string]int{}
	message := func(p home.Place, size int) Msg {
		return Msg{Subject: wire.Up(p), Reply: wire.Inbox(p) + ".1", Data: make([]byte, size), respond: func(reply string, data []byte) error {
			var a struct{ Error struct{ Code int } }
			if err := json.Unmarshal(data, &a); err != nil || a.Error.Code != 503 {
				t.Errorf("answer %s, %v", data, err)
			}
			refused[reply]++
			return nil
		}}
	}
	place := func() home.Place {
		return home.Place{Tenant: uuid.NewString(), Home: uuid.NewString(), Gateway: uuid.NewString()}
	}
	flood, other := place(), place()
	for range 1000 {
		l.add(message(flood, 64<<10))
	}
	l.add(message(other, wire.MaxReport))
	if n := refused[wire.Inbox(flood)+".1"]; n < 990 || l.bytes > laneHome+wire.MaxReport+1024 {
		t.Errorf("%d refused, %d bytes wait", n, l.bytes)
	}
	if refused[wire.Inbox(other)+".1"] != 0 {
		t.Error("another home's report was refused")
	}
	for _, msgs := l.take(); len(msgs) > 0; _, msgs = l.take() {
	}
	if l.bytes != 0 || len(l.of) != 0 {
		t.Errorf("%d bytes and %d homes after all was taken", l.bytes, len(l.of))
	}
	largest := message(flood, MaxPayload-len(wire.Up(flood))-frameHead)
	before := refused[wire.Inbox(flood)+".1"]
	if l.add(largest); refused[wire.Inbox(flood)+".1"] != before {
		t.Error("the largest report that there can be was refused")
	}
}
