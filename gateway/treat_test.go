package gateway

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cardea/gateway/observe"
	"cardea/gateway/report"
	"cardea/gateway/respond"
	"cardea/home"
	"cardea/identity/same"
	"cardea/lab/disk"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// What the home's people decided is on the disk before the cloud hears of its version, and holds after a restart.
func TestWhatPeopleDecidedHoldsWithoutTheCloud(t *testing.T) {
	dir := t.TempDir()
	g, _ := start(t, dir)
	h := home.Household{Version: 3, Policy: home.Policy{Contain: home.PermitAsk}, Devices: map[home.DeviceID]home.Policy{"tv": {Essential: home.EssentialAlarm}},
		Pauses: []home.Pause{{Whose: "lamp", Until: g.now().Add(time.Hour)}}, Guests: []home.DeviceID{"phone"}, Private: true}
	if err := g.cloud.Apply(context.Background(), &pb.Desired{Protocol: wire.Protocol, Version: 1, Household: wire.HouseholdOf(h)}); err != nil {
		t.Fatal(err)
	}
	if v := g.household.Version(); v != 3 {
		t.Errorf("version %d is in force", v)
	}
	h.Private = false // the same version again is the same
	if err := g.cloud.Apply(context.Background(), &pb.Desired{Protocol: wire.Protocol, Version: 1, Household: wire.HouseholdOf(h)}); err != nil {
		t.Fatal(err)
	}
	g.ledger.Close()
	g, r := start(t, dir)
	if !g.household.Private() || !g.household.Guest("phone") || !g.spared("tv") || g.spared("lamp") {
		t.Error("something of it is forgotten")
	}
	if w := g.wishes(&home.Device{ID: "lamp"}, g.now()); w.paused.IsZero() || w.pausedBy == "" {
		t.Errorf("the lamp is not paused: %+v", w)
	}
	if w := g.wishes(&home.Device{ID: "lamp", Gateway: true}, g.now()); !w.paused.IsZero() {
		t.Error("the gateway pauses itself")
	}
	g.Find(hard("camera"))
	if inc, _ := g.responder.Of("camera"); !inc.Waits || inc.Mode == home.ModeQuarantine {
		t.Errorf("people are not asked first: %+v", inc)
	}
	flush(t, g)
	r.take()
	if err := os.WriteFile(filepath.Join(dir, householdFile), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := g.recallHousehold(); err != nil || g.household.Version() != 3 || !g.spared("tv") {
		t.Errorf("a damaged file: version %d, %v", g.household.Version(), err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, householdFile)); err != nil || bytes.Equal(b, []byte("damaged")) {
		t.Errorf("it is damaged still: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, householdFile)); err != nil {
		t.Fatal(err)
	}
	if err := g.recallHousehold(); err != nil || g.household.Version() != 3 {
		t.Errorf("a lost file: version %d, %v", g.household.Version(), err)
	}
	for _, name := range []string{householdFile, householdCopy} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("damaged"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.recallHousehold(); err == nil || g.household == nil || g.household.Version() != 0 {
		t.Errorf("two damaged files: %v", err)
	}
}

// A gateway that lost its memory does not lock the home out; one that remembers goes on asking.
func TestALostMemoryLocksNobodyOut(t *testing.T) {
	dir := t.TempDir()
	g, _ := start(t, dir)
	now := g.now()
	h := home.Household{Version: 3, Approve: home.ApproveHold}
	if err := g.cloud.Apply(context.Background(), &pb.Desired{Protocol: wire.Protocol, Version: 1, Household: wire.HouseholdOf(h)}); err != nil {
		t.Fatal(err)
	}
	again := func() *Gateway {
		next := empty(Config{State: dir}, "", slog.New(slog.DiscardHandler))
		if err := next.recallHousehold(); err != nil {
			t.Fatal(err)
		}
		return next
	}
	next := again()
	next.meet(memory{Devices: []home.Device{{ID: "old", First: now.Add(-time.Hour)}, {ID: "late", First: now.Add(time.Second)}}}, now.Add(time.Minute))
	if !next.household.Held("stranger", now.Add(time.Minute)) {
		t.Error("a stranger comes in by a restart")
	}
	next = again()
	next.meet(memory{Devices: []home.Device{{ID: "shut-in", First: now.Add(2 * time.Minute)}}}, now.Add(time.Minute))
	for range 2 { // and after another restart
		if next.household.Held("tv", now.Add(2*time.Minute)) {
			t.Error("who was at home is locked out")
		}
		if !next.household.Held("stranger", now.Add(2*time.Hour)) {
			t.Error("strangers come in for ever")
		}
		next = again()
	}
}

// Orders about a case's treatment are answered by the gateway.
func TestOrdersAboutTreatment(t *testing.T) {
	g, r := start(t, t.TempDir())
	g.Find(hard("camera"))
	inc, _ := g.responder.Of("camera")
	if inc.Playbook == "" || len(inc.Steps) == 0 {
		t.Fatalf("no playbook was begun: %+v", inc)
	}
	g.lookAtSteps(t.Context())
	inc, _ = g.responder.Of("camera")
	flush(t, g)
	r.take()
	var step string
	for _, s := range inc.Steps {
		if s.State == home.StepNow && step == "" {
			step = s.ID
		}
	}
	about := func(id, verb string, change func(*pb.Order)) *pb.Order {
		o := order(id, verb, "")
		o.Incident = inc.ID
		change(o)
		return o
	}
	apply(t, g,
		about("1", "step", func(o *pb.Order) { o.Step, o.Answer = step, "done" }),
		about("2", "step", func(o *pb.Order) { o.Step, o.Answer = "none-such", "done" }),
		about("3", "code", func(*pb.Order) {}),
		about("4", "mode", func(o *pb.Order) { o.Device, o.Mode = "camera", "profile-only" }),
		about("5", "mode", func(o *pb.Order) { o.Device, o.Mode = "camera", "no-lan" }),
		about("6", "try", func(o *pb.Order) { o.Device, o.Mode = "camera", "vendor-only" }),
		about("7", "mode", func(o *pb.Order) { o.Device, o.Mode = "router", "no-lan" }),
		about("8", "dismiss", func(o *pb.Order) { o.Answer = "it is fine" }),
	)
	g.enforcement()
	flush(t, g)
	results := map[string]*pb.OrderResult{}
	for _, i := range r.items {
		if o := i.GetOrderResult(); o != nil {
			results[o.GetId()] = o
		}
	}
	for id, want := range map[string]bool{"1": true, "2": false, "3": true, "4": false, "5": true, "6": false, "7": false, "8": false} {
		if o := results[id]; o == nil || o.GetInForce() != want {
			t.Errorf("order %s: %v", id, o)
		}
	}
	if c := results["3"].GetCode(); len(c) != 8 {
		t.Errorf("the code is %q", c)
	}
	if m := g.responder.Modes()["camera"]; m != home.ModeNoLAN {
		t.Errorf("the camera is held to %s", m)
	}
	apply(t, g, about("9", "dismiss", func(o *pb.Order) { o.Answer = "removed" }))
	for _, i := range g.responder.Incidents() {
		if i.ID == inc.ID && (i.State != home.StateClosed || i.Outcome != home.OutcomeRemoved) {
			t.Errorf("it ended as %s %s", i.State, i.Outcome)
		}
	}
}

// What is erased is nowhere in the gateway's folder any more; what is of others is.
func TestEraseReachesTheDisk(t *testing.T) {
	dir := t.TempDir()
	g, r := start(t, dir)
	const secret, other = "secret.example", "other.example"
	tell := func(id home.DeviceID, name string) {
		now := g.now()
		g.Contact(&home.Contact{Device: id, Flows: 2, First: now, Last: now, Endpoint: home.Endpoint{Name: name, Domain: name, Port: 443, Proto: "tcp"}})
		f := home.Finding{Device: id, Time: now, Detector: home.DetectNovelty, Strength: home.Soft, Sentence: "It called " + name + ".",
			Symptom: home.Symptom{Detector: home.DetectNovelty, Names: []string{name}}, Facts: map[string]any{"name": name}}
		g.Find(&f)
	}
	tell("camera", secret)
	tell("lamp", other)
	for _, id := range []home.DeviceID{"camera", "lamp"} {
		inc, _ := g.responder.Of(id)
		if err := g.responder.Close(inc.ID, "owner", "It was me.", home.OutcomeAccepted, g.now()); err != nil {
			t.Fatal(err)
		}
	}
	flush(t, g) // the cloud has taken it
	r.take()
	g.writeContacts()
	if err := g.ledger.Sync(); err != nil {
		t.Fatal(err)
	}
	if n := found(t, dir, secret); n == 0 {
		t.Fatal("it is not found before: this test cannot fail")
	}
	o := order("1", "erase", "camera")
	apply(t, g, o)
	if n := found(t, dir, secret); n != 0 {
		t.Errorf("the name is in %d places", n)
	}
	if found(t, dir, other) == 0 {
		t.Error("what is of another device is gone, too")
	}
	apply(t, g, order("2", "erase", ""))
	if n := found(t, dir, other); n != 0 {
		t.Errorf("after all was erased a name is in %d places", n)
	}
	support := order("3", "erase", "lamp")
	support.By = "support"
	apply(t, g, support)
	flush(t, g)
	for _, i := range r.items {
		if o := i.GetOrderResult(); o != nil && o.GetInForce() != (o.GetId() != "3") {
			t.Errorf("order %s: %v", o.GetId(), o)
		}
	}
}

// found counts the places of a name in the files of the folder, the ledger's among them.
func found(t *testing.T, dir, name string) int {
	t.Helper()
	f := disk.Found{}
	if err := f.Folder(t.Context(), dir, disk.Name(name)); err != nil {
		t.Fatal(err)
	}
	return len(f[name])
}

// In Privacy Mode nothing that is told of later names whom a device talked to, and of a guest the ledger itself has no names.
func TestPrivateHomesAndGuestsAreNotNamed(t *testing.T) {
	dir := t.TempDir()
	g, r := start(t, dir)
	const open, secret, guests = "open.example", "secret.example", "guest-secret.example"
	tell := func(id home.DeviceID, name string) {
		now := g.now()
		g.Contact(&home.Contact{Device: id, Flows: 2, First: now, Last: now, Endpoint: home.Endpoint{Name: name, Domain: name, Port: 443, Proto: "tcp"}})
		g.Find(&home.Finding{Device: id, Time: now, Detector: home.DetectNovelty, Strength: home.Soft, Sentence: "It called " + name + ".",
			Symptom: home.Symptom{Detector: home.DetectNovelty, Names: []string{name}}, Facts: map[string]any{"name": name}})
		flush(t, g)
	}
	told := func(name string) (n int) {
		for _, i := range r.items {
			b, err := proto.Marshal(i)
			if err != nil {
				t.Fatal(err)
			}
			n += bytes.Count(b, []byte(name))
		}
		return n
	}
	tell("camera", open)
	if told(open) == 0 {
		t.Fatal("it is not told before: this test cannot fail")
	}
	h := home.Household{Version: 1, Private: true, Guests: []home.DeviceID{"phone"}}
	if err := g.cloud.Apply(t.Context(), &pb.Desired{Protocol: wire.Protocol, Version: 1, Household: wire.HouseholdOf(h)}); err != nil {
		t.Fatal(err)
	}
	tell("lamp", secret)
	g.cloud.tellAll(g.now())
	flush(t, g)
	if n := told(secret); n != 0 || len(r.items) < 3 {
		t.Errorf("the cloud is told the name %d times, in %d items", n, len(r.items))
	}
	now := g.now()
	g.Contact(&home.Contact{Device: "phone", Flows: 2, First: now, Last: now, Endpoint: home.Endpoint{Name: guests, Domain: guests, Port: 443, Proto: "tcp"}})
	g.writeContacts()
	if err := g.ledger.Sync(); err != nil {
		t.Fatal(err)
	}
	if found(t, dir, secret) == 0 {
		t.Error("the home's own ledger does not have the name")
	}
	if n := found(t, dir, guests); n != 0 {
		t.Errorf("the guest's name is in %d places", n)
	}
}

// A device that nobody has said yes to is not taken for a known one by how it looks.
func TestWhoWaitsIsNobodyElse(t *testing.T) {
	g, _ := start(t, t.TempDir())
	since := g.now()
	g.household.Set(home.Household{Version: 1, Approve: home.ApproveHold}, since)
	mac := home.MAC{2, 0, 0, 0, 0, 9}
	g.observer.Remember(home.Device{ID: "new", MAC: mac, MACs: []home.MAC{mac}, First: since.Add(2 * time.Hour), Last: since.Add(2 * time.Hour)})
	if !g.waits("new") || g.waits("lamp") || g.waits("router") || g.waits("nobody") {
		t.Errorf("waits: new %v, lamp %v, router %v, nobody %v", g.waits("new"), g.waits("lamp"), g.waits("router"), g.waits("nobody"))
	}
	g.household.Set(home.Household{Version: 2, Approve: home.ApproveHold, Admitted: []home.DeviceID{"new"}}, since)
	if g.waits("new") {
		t.Error("it waits though somebody said yes")
	}
}

// Who lets a device out is told what still holds it: a protection, that it is new, a pause.
func TestOffSaysWhatStillHolds(t *testing.T) {
	for name, c := range map[string]struct {
		hold func(g *Gateway)
		want error
	}{
		"nothing": {func(*Gateway) {}, nil},
		"its maker": {func(g *Gateway) {
			if err := g.said.guard("camera", report.Protection{Kind: home.ProtectVendorOnly}, "Hikvision", true); err != nil {
				t.Error(err)
			}
		}, errKeptMaker},
		"alone": {func(g *Gateway) {
			if err := g.said.guard("camera", report.Protection{Kind: home.ProtectNoLAN}, "", true); err != nil {
				t.Error(err)
			}
		}, errKeptAlone},
		"a closed port": {func(g *Gateway) {
			if err := g.said.guard("camera", report.Protection{Kind: home.ProtectClose, PortRule: home.PortRule{Port: 80}}, "", true); err != nil {
				t.Error(err)
			}
		}, nil},
		"paused": {func(g *Gateway) {
			g.household.Set(home.Household{Pauses: []home.Pause{{Whose: "camera", Until: g.now().Add(time.Hour)}}}, g.now())
		}, errPaused},
		"new": {func(g *Gateway) {
			g.household.Set(home.Household{Approve: home.ApproveHold}, noon.Add(-time.Hour))
		}, errWaits},
		"shut in again": {func(g *Gateway) { g.responder.Quarantine("camera", respond.ByOwner, "", g.now()) }, errAgain},
	} {
		g, _ := start(t, t.TempDir())
		now := g.now()
		g.responder.Quarantine("camera", respond.ByOwner, "", now)
		if err := g.cloud.hold("camera", home.ModeOff, respond.ByOwner, "", now); err != nil {
			t.Fatal(err)
		}
		c.hold(g)
		if g.state.done = 1; name != "shut in again" {
			if err := g.cloud.hold("camera", home.ModeOff, respond.ByOwner, "", now); c.want != nil && !errors.Is(err, c.want) || c.want == nil && !errors.Is(err, respond.ErrOut) {
				t.Errorf("%s: asked once more: %v", name, err)
			}
		}
		if done, err := g.proven(ordered{Verb: "mode", Mode: home.ModeOff, Device: "camera"}); !done || !errors.Is(err, c.want) {
			t.Errorf("%s: done %v: %v", name, done, err)
		}
	}
}

// A gateway in the place of another knows none of the home's devices: whom it meets in its first day is no newcomer. One that people only told
// to hold new devices holds them at once.
func TestAReplacedGatewayLocksNobodyOut(t *testing.T) {
	for name, c := range map[string]struct {
		said home.Household
		age  time.Duration // of the gateway's oldest device
		held bool
	}{
		"replaced":                     {home.Household{Version: 7, Approve: home.ApproveHold, Admitted: []home.DeviceID{"former"}}, time.Hour, false},
		"people's devices tell it too": {home.Household{Version: 7, Approve: home.ApproveHold, People: []home.Person{{ID: "ann", Name: "Ann", Devices: []home.DeviceID{"gone"}}}}, time.Hour, false},
		"first word of a new home":     {home.Household{Version: 1, Approve: home.ApproveHold, Admitted: []home.DeviceID{"camera"}}, time.Hour, true},
		"an old gateway":               {home.Household{Version: 7, Approve: home.ApproveHold, Admitted: []home.DeviceID{"gone"}}, 48 * time.Hour, true},
	} {
		g, _ := start(t, t.TempDir())
		now := g.now()
		g.observer = observe.New(observe.Config{Gateway: []home.MAC{{2, 0, 0, 0, 0, 1}}}, g)
		mac := home.MAC{2, 0, 0, 0, 0, 2}
		g.observer.Remember(home.Device{ID: "camera", MAC: mac, MACs: []home.MAC{mac}, First: now.Add(-c.age), Last: now})
		if err := g.decided(wire.HouseholdOf(c.said)); err != nil {
			t.Fatal(err)
		}
		if got := g.household.Held("newcomer", now.Add(time.Hour)); got != c.held {
			t.Errorf("%s: held %v", name, got)
		}
		if !g.household.Held("stranger", now.Add(25*time.Hour)) {
			t.Errorf("%s: for ever", name)
		}
		if err := g.recallHousehold(); err != nil || g.household.Held("newcomer", now.Add(time.Hour)) != c.held {
			t.Errorf("%s: other after a restart: %v", name, err)
		}
	}
}

// What people decided of two devices that are one holds for that one, over a restart, and for each again when they are split.
func TestTheHouseholdFollowsAMerge(t *testing.T) {
	g, _ := start(t, t.TempDir())
	now := g.now()
	h := home.Household{Version: 2, Approve: home.ApproveHold, Guests: []home.DeviceID{"lamp"}, Pauses: []home.Pause{{Whose: "ann", Until: now.Add(time.Hour)}},
		People: []home.Person{{ID: "ann", Name: "Ann", Devices: []home.DeviceID{"lamp"}}}, Admitted: []home.DeviceID{"lamp"}, Devices: map[home.DeviceID]home.Policy{"lamp": {Block: home.PermitNever}}}
	if err := g.decided(wire.HouseholdOf(h)); err != nil {
		t.Fatal(err)
	}
	holds := func(id home.DeviceID) bool {
		until, _ := g.household.Paused(id, now)
		return g.household.Guest(id) && !until.IsZero() && g.decide(id).Block == home.PermitNever && !g.household.Held(id, now.Add(time.Hour))
	}
	if holds("camera") || !holds("lamp") {
		t.Fatal("before they are one")
	}
	g.mu.Lock()
	err := g.merge("camera", "lamp", same.Owner)
	g.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	if !holds("camera") {
		t.Error("what was said of the lamp does not hold for what it is")
	}
	if err := g.recallHousehold(); err != nil {
		t.Fatal(err)
	}
	if g.follow(); !holds("camera") {
		t.Error("after a restart")
	}
	h.Version++ // and when they decide anew
	if err := g.decided(wire.HouseholdOf(h)); err != nil || !holds("camera") {
		t.Errorf("after a change: %v", err)
	}
	g.mu.Lock()
	_, err = g.split("camera", home.MAC{2, 0, 0, 0, 0, 3})
	g.mu.Unlock()
	if err != nil || holds("camera") || !holds("lamp") {
		t.Errorf("they are two again: %v", err)
	}
}
