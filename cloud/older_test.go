package cloud_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cardea/wire"
	"cardea/wire/wiretest"

	"github.com/nats-io/nats.go"
)

// elder is a gateway that speaks an older protocol.
type elder struct {
	t        testing.TB
	protocol uint32
	speech   *wiretest.Older
	nc       *nats.Conn
	house    *house
	epoch    int64
	sequence int
}

func (e *elder) bytes(name, text string) []byte {
	e.t.Helper()
	return must(e.speech.Bytes(name, text))(e.t)
}

func (e *elder) read(name string, data []byte, into any) {
	e.t.Helper()
	if err := json.Unmarshal(must(e.speech.JSON(name, data))(e.t), into); err != nil {
		e.t.Fatal(err)
	}
}

// report tells items, and waits until the broker has them.
func (e *elder) report(items ...string) {
	e.t.Helper()
	for i, item := range items {
		e.sequence++
		items[i] = fmt.Sprintf(`{"sequence":%d,"time":%d,%s}`, e.sequence, time.Now().UnixMilli(), item)
	}
	data := e.bytes("Report", fmt.Sprintf(`{"protocol":%d,"epoch":"%d","sent":%d,"items":[%s]}`, e.protocol, e.epoch, time.Now().UnixMilli(), strings.Join(items, ",")))
	ack := must(e.nc.Request(wire.Up(e.house.place), data, patience))(e.t)
	var said struct {
		Seq   uint64
		Error *struct{ Description string }
	}
	if err := json.Unmarshal(ack.Data, &said); err != nil || said.Error != nil || said.Seq == 0 {
		e.t.Fatalf("the broker's answer: %s %v", ack.Data, err)
	}
}

type elderDesired struct {
	Version string
	Orders  []struct{ ID, Verb, Endpoint, Why string }
}

func (e *elder) desired(have string) (d elderDesired) {
	e.t.Helper()
	req := e.bytes("DesiredRequest", fmt.Sprintf(`{"protocol":%d,"have":%q}`, e.protocol, have))
	e.read("Desired", must(e.nc.Request(wire.Request(e.house.place, "desired"), req, patience))(e.t).Data, &d)
	return d
}

// A gateway of each protocol that this code still takes has its home seen, and does what is asked of it, with the cloud of today.
func TestOlderGatewaysGoOnWorking(t *testing.T) {
	w := startWhole(t, "")
	p := w.addProvider()
	for _, c := range wire.History {
		if c.Protocol < wire.Oldest {
			continue
		}
		t.Run(fmt.Sprint(c.Protocol), func(t *testing.T) {
			h := w.addHouse(p)
			h.stop() // the agent of today
			e := &elder{t: t, protocol: c.Protocol, house: h, epoch: time.Now().UnixNano(),
				speech: must(wiretest.Open(fmt.Sprintf("../wire/testdata/cardea-%d.binpb", c.Protocol)))(t),
				nc:     must(w.raw(h, func(err error) { t.Errorf("refused: %v", err) }))(t)}
			defer e.nc.Close()
			w.elderIsSeen(e)
			w.elderObeys(e)
		})
	}
}

// elderIsSeen tells of a device and a case.
func (w *whole) elderIsSeen(e *elder) {
	t, h, now := e.t, e.house, time.Now().UnixMilli()
	t.Helper()
	if err := e.nc.Publish(wire.Beat(h.place), e.bytes("Heartbeat", fmt.Sprintf(`{"protocol":%d,"sent":%d,"version":"older","armed":true,"devices":1}`, e.protocol, now))); err != nil {
		t.Fatal(err)
	}
	e.report(
		fmt.Sprintf(`"devices":{"whole":true,"devices":[{"id":%q,"name":"Old camera","macs":["02:00:5e:00:53:01"],"first":%d,"last":%d,"mode":"quarantine","grade":"full"}]}`, h.device, now, now),
		fmt.Sprintf(`"finding":{"id":%q,"device":%q,"incident":%q,"detector":"scan","strength":"hard","sentence":"tried many hosts"}`, h.finding, h.device, h.incident),
		fmt.Sprintf(`"incident":{"id":%q,"code":"AB12","device":%q,"state":"contained","mode":"quarantine","grade":"full","opened":%d,"changed":%d,"symptom":{"detector":"scan"},"findings":1,`+
			`"history":[{"time":%d,"from":"","to":"contained","mode":"quarantine","by":"gateway","why":"tried many hosts"}]}`, h.incident, h.device, now, now, now))
	w.eventually("the home is seen", func() bool {
		devices := w.ask("GET", "/v1/homes/"+h.place.Home+"/devices", "", as(h.resident))
		one := w.ask("GET", "/v1/homes/"+h.place.Home+"/incidents/"+h.incident, "", as(h.resident))
		return strings.Contains(devices.body, "Old camera") && one.code == http.StatusOK && strings.Contains(one.body, h.finding)
	})
}

// elderObeys is asked for something, does it and says so.
func (w *whole) elderObeys(e *elder) {
	t, h := e.t, e.house
	t.Helper()
	nudges := must(e.nc.SubscribeSync(wire.Down(h.place)))(t)
	if err := e.nc.FlushTimeout(patience); err != nil {
		t.Fatal(err)
	}
	before := e.desired("0")
	asked := w.ask("POST", "/v1/homes/"+h.place.Home+"/orders", `{"verb":"block","endpoint":"bad.example","why":"it is bad"}`, as(h.resident))
	var order struct{ ID string }
	if err := json.Unmarshal([]byte(asked.body), &order); err != nil || asked.code != http.StatusAccepted {
		t.Fatalf("order: %d %s", asked.code, asked.body)
	}
	var nudge struct{ Nudge *struct{ Version string } }
	for nudge.Nudge == nil {
		e.read("Command", must(nudges.NextMsg(patience))(t).Data, &nudge)
	}
	d := e.desired(before.Version)
	if len(d.Orders) != 1 || d.Orders[0].ID != order.ID || d.Orders[0].Verb != "block" || d.Orders[0].Endpoint != "bad.example" || d.Orders[0].Why != "it is bad" {
		t.Fatalf("desired: %+v, want order %s", d, order.ID)
	}
	e.report(fmt.Sprintf(`"orderResult":{"id":%q,"inForce":true,"done":%d}`, order.ID, time.Now().UnixMilli()), `"devices":{"blocked":["bad.example"]}`)
	w.eventually("the order is in force", func() bool {
		out := w.ask("GET", "/v1/homes/"+h.place.Home+"/orders/"+order.ID, "", as(h.resident))
		return out.code == http.StatusOK && strings.Contains(out.body, `"status":"in_force"`)
	})
}
