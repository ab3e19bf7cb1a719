package uplink

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"cardea/wire"
	"cardea/wire/pb"
	"cardea/wire/wiretest"

	"google.golang.org/protobuf/proto"
)

// A cloud of each older protocol stores whatever the gateway of today tells, each item once, also of kinds that it does not know; and
// what it asks for is done.
func TestOlderCloudsAreServed(t *testing.T) {
	for _, older := range wire.History {
		t.Run(fmt.Sprint(older.Protocol), func(t *testing.T) {
			c := newCloud(t)
			speech, err := wiretest.Open(fmt.Sprintf("../../wire/testdata/cardea-%d.binpb", older.Protocol))
			if err != nil {
				t.Fatal(err)
			}
			c.change(func() { c.speech = speech })
			s := openSpool(t, t.TempDir(), 1<<20)
			items := everyItem(t)
			for _, item := range items {
				put(t, s, item)
			}
			put(t, s, finding(1))
			var mu sync.Mutex
			var done []string
			run(t, New(quick(), c.ca.identity(t, c.place, c.addr), s, agent{
				apply: func(_ context.Context, d *pb.Desired) error {
					mu.Lock()
					defer mu.Unlock()
					for _, o := range d.GetOrders() {
						done = append(done, o.GetId()+" "+o.GetVerb()+" "+o.GetDevice())
					}
					return nil
				},
				answer: func(_ context.Context, q *pb.Question, send func(*pb.Answer) error) error {
					if q.GetFollow() == nil {
						return errors.New("another question")
					}
					return send(&pb.Answer{Devices: []*pb.Device{{Id: "camera", Name: "Camera"}}})
				},
			}, quiet()))
			c.until("all that the gateway told", func() bool { return len(c.items) == len(items)+1 })
			if last := c.items[len(items)]; last.GetFinding() == nil || last.GetSequence() != uint64(len(items)+1) {
				t.Errorf("the last is %v", last)
			}
			c.until("a heartbeat", func() bool { return len(c.beats) > 0 && c.beats[len(c.beats)-1].GetVersion() == "test" })
			c.want(3, &pb.Order{Id: "a", Verb: "quarantine", Device: "camera"})
			c.until("what was asked for runs", func() bool { return c.beats[len(c.beats)-1].GetDesired() == 3 })
			mu.Lock()
			if len(done) != 1 || done[0] != "a quarantine camera" {
				t.Errorf("done: %q", done)
			}
			mu.Unlock()
			c.command(ask(question))
			c.until("an answer", func() bool {
				return len(c.answers) == 2 && c.answers[0].GetDevices()[0].GetName() == "Camera" && c.answers[1].GetLast()
			})
		})
	}
}

// everyItem has one of each kind that the protocol of today has, with something in each field.
func everyItem(t *testing.T) (out []*pb.Item) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("../../wire/testdata/%d/Report.*.bin", wire.Protocol))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d reports, %v", len(files), err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var r pb.Report
		if err := proto.Unmarshal(b, &r); err != nil {
			t.Fatal(err)
		}
		item := r.GetItems()[0]
		item.Sequence = 0 // the spool counts
		out = append(out, item)
	}
	return out
}
