package gateway

import (
	"path/filepath"
	"testing"
	"time"

	"cardea/gateway/enforce"
	"cardea/gateway/respond"
	"cardea/home"
)

// An agent that was killed between writing what is enforced and what is remembered lets nobody out.
func TestWhoIsShutInStaysSo(t *testing.T) {
	now := time.Now()
	rule := func(id home.DeviceID, last byte) home.DeviceRule {
		return home.DeviceRule{Device: id, Mode: home.ModeQuarantine, MACs: []home.MAC{{0, 0, 0x5e, 0, 0x53, last}}, Port: "lan" + string('0'+rune(last))}
	}
	dir := t.TempDir()
	waits := rule("new", 4) // nobody has said yes to it yet: it is no case, and somebody's yes lets it in
	waits.New = true
	err := enforce.Save(filepath.Join(dir, enforcedFile), home.Desired{Devices: []home.DeviceRule{rule("unknown", 1), rule("on-probation", 2), rule("known", 3), rule("both", 5), waits}})
	if err != nil {
		t.Fatal(err)
	}
	r := respond.New(respond.Policy{}, unheard{})
	i := r.Quarantine("on-probation", respond.ByOwner, "x", now)
	if err := r.Release(respond.Release{Incident: i.ID, By: respond.ByOwner}, now); err != nil {
		t.Fatal(err)
	}
	r.Finding(home.Finding{Device: "known", Time: now, Strength: home.Soft, Sentence: "a soft one"}) // contained after this was written
	cases := r.Snapshot()
	for id, state := range map[string]home.State{"weak": home.StateOpen, "strong": home.StateContained} { // two of one device
		mode := map[home.State]home.Mode{home.StateOpen: home.ModeOff, home.StateContained: home.ModeQuarantine}[state]
		cases.Cases = append(cases.Cases, respond.Case{Incident: home.Incident{ID: id, Code: id, Device: "both", State: state, Mode: mode, Opened: now, Changed: now}})
	}
	if err := saveMemory(dir, memory{Cases: cases}); err != nil {
		t.Fatal(err)
	}
	m, err := loadMemory(dir)
	if err != nil {
		t.Fatal(err)
	}
	again := respond.New(respond.Policy{}, unheard{})
	again.Restore(m.Cases)
	got := again.Modes()
	if _, there := got["new"]; there {
		t.Error("a new device that waits has become a case")
	}
	if got["unknown"] != home.ModeQuarantine || got["known"] != home.ModeQuarantine || got["on-probation"] != home.ModeNoLAN {
		t.Errorf("after the restart: %v", got)
	}
	for _, c := range m.Cases.Cases {
		if i := c.Incident; i.ID == "weak" && i.State != home.StateOpen {
			t.Error("the weaker case was contained, too")
		}
	}
	if m.Ports["unknown"] != "lan1" || len(m.Devices) != 2 {
		t.Errorf("ports %v, devices %v", m.Ports, m.Devices)
	}
}

// Without home.json all that was enforced holds as before: each mode, and shut ports; who only waits for a yes becomes no case.
func TestWhatWasEnforcedHoldsWithoutTheMemory(t *testing.T) {
	dir, port := t.TempDir(), []home.PortRule{{Proto: home.ProtoTCP, Port: 23}}
	var rules []home.DeviceRule
	for i, m := range home.Modes {
		rules = append(rules, home.DeviceRule{Device: home.DeviceID("held " + m), Mode: m, MACs: []home.MAC{{2, 0, 0, 0, 1, byte(i)}}, Port: "lan1"})
	}
	rules = append(rules, home.DeviceRule{Device: "telnet", Mode: home.ModeOff, Shut: port, Closed: port, MACs: []home.MAC{{2, 0, 0, 0, 1, 20}}},
		home.DeviceRule{Device: "paused", Mode: home.ModeOff, Paused: true, MACs: []home.MAC{{2, 0, 0, 0, 1, 21}}},
		home.DeviceRule{Device: "waits", Mode: home.ModeQuarantine, New: true, MACs: []home.MAC{{2, 0, 0, 0, 1, 22}}})
	if err := enforce.Save(filepath.Join(dir, enforcedFile), home.Desired{Devices: rules}); err != nil {
		t.Fatal(err)
	}
	m, err := loadMemory(dir)
	if err != nil {
		t.Fatal(err)
	}
	r := respond.New(respond.Policy{}, unheard{})
	r.Restore(m.Cases)
	modes := r.Modes()
	for _, mode := range home.Modes {
		want := mode
		if mode.Rank() <= home.ModeEndpointBlock.Rank() {
			want = "" // which addresses, the gateway does not know any more
		}
		if got := modes[home.DeviceID("held "+mode)]; got != want {
			t.Errorf("%s has become %q", mode, got)
		}
	}
	if a := r.Deeds()["telnet"]; len(a.Shut) != 1 || len(a.Closed) != 1 {
		t.Errorf("ports are open again: %+v", a)
	}
	if len(modes) != 5 || len(m.Devices) != len(rules)-1 {
		t.Errorf("%v, %d devices", modes, len(m.Devices))
	}
}

// A case that people ended does not begin anew when the agent dies before the kernel has let the device out.
func TestADismissedCaseStaysSoOverADeath(t *testing.T) {
	dir := t.TempDir()
	g, _ := start(t, dir)
	g.Find(hard("camera"))
	g.Find(hard("tv"))
	kept := home.Desired{Devices: []home.DeviceRule{{Device: "camera", Mode: home.ModeQuarantine, MACs: []home.MAC{{2, 0, 0, 0, 0, 2}}}, {Device: "tv", Mode: home.ModeQuarantine, MACs: []home.MAC{{2, 0, 0, 0, 0, 5}}}}}
	if err := enforce.Save(filepath.Join(dir, enforcedFile), kept); err != nil {
		t.Fatal(err)
	}
	var err error
	if _, g.state.shut, err = shutIn(filepath.Join(dir, enforcedFile)); err != nil {
		t.Fatal(err)
	}
	inc, _ := g.responder.Of("camera")
	if err := g.responder.Close(inc.ID, respond.ByOwner, "", home.OutcomeFalseAlarm, g.now()); err != nil {
		t.Fatal(err)
	}
	if err := g.remember(); err != nil { // and here it dies
		t.Fatal(err)
	}
	m, err := loadMemory(dir)
	if err != nil {
		t.Fatal(err)
	}
	r := respond.New(respond.Policy{}, unheard{})
	r.Restore(m.Cases)
	if modes := r.Modes(); modes["camera"] != "" || modes["tv"] != home.ModeQuarantine {
		t.Errorf("after it: %v", modes)
	}
}
