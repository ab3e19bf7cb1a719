package enforce

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"cardea/gateway/enforce/nfnl"
	"cardea/gateway/enforce/rules"
	"cardea/home"
)

// Rules that concern nobody are not there: what every packet of a home where nothing happens passes.
func TestRulesAreThereOnlyWhileNeeded(t *testing.T) {
	l := newLab(t)
	l.servers()
	e := l.enforcer()
	quiet := func() {
		t.Helper()
		if have := l.nft("list table bridge cardea"); strings.Contains(have, "chain") {
			t.Errorf("nobody is contained, and frames pass:\n%s", have)
		}
		have := l.nft("list table inet cardea")
		for _, word := range []string{"meta mark", "goto dead", "hook input", "hook prerouting"} {
			if strings.Contains(strings.ReplaceAll(have, "{ meta mark", ""), word) {
				t.Errorf("nobody is contained and no flow killed, and there is %q:\n%s", word, have)
			}
		}
	}
	l.apply(e, home.Desired{})
	quiet()
	l.apply(e, home.Desired{Devices: []home.DeviceRule{rule(l.cam, home.ModeNoLAN)}})
	if !strings.Contains(l.nft("list chain bridge cardea forward"), "no_lan_ports") {
		t.Error("kept from the LAN by no rule")
	}
	l.apply(e, home.Desired{Devices: []home.DeviceRule{rule(l.cam, home.ModeOff)}})
	quiet()
}

// The rules for killed flows come with the first and go some time after the last, as a new process finds them too.
func TestRulesForKilledFlowsComeAndGo(t *testing.T) {
	l := newLab(t)
	l.servers()
	e := l.enforcer()
	l.apply(e, home.Desired{})
	looks := func() bool { return strings.Contains(l.nft("list chain inet cardea forward"), "@dead4") }
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go l.gw.do(func() { ended <- e.Watch(ctx) })
	killed := l.talk(l.cam.space, "killed", "tcp", far4, 7000)
	kill := func(e *Enforcer, c conversation) {
		src, dst := netip.MustParseAddrPort(c.conn.LocalAddr().String()), netip.MustParseAddrPort(c.conn.RemoteAddr().String())
		l.gw.do(func() { must(t, e.Kill(t.Context(), home.Flow{Proto: 6, Src: src, Dst: dst})) })
	}
	kill(e, killed)
	l.reset(killed)
	if !looks() {
		t.Error("nobody looks into the dead sets")
	}
	d := home.Desired{Version: 2, Devices: []home.DeviceRule{rule(l.lamp, home.ModeQuarantine)}}
	l.apply(e, d) // other changes leave them there
	rs, err := compile(l.cfg, d, true)
	must(t, err)
	if ours, theirs := len(ruleLines(rs.String())), len(ruleLines(l.listing())); ours != theirs || !looks() {
		t.Errorf("%d rules while flows are killed, nft lists %d", ours, theirs)
	}
	late := func(e *Enforcer) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.killing = time.Now().Add(-time.Second)
	}
	late(e)
	l.nft("add table inet other") // wakes the watcher
	l.eventually("the rules are gone", func() bool { return !looks() })
	if e.Healed() != 0 {
		t.Errorf("our own changes were taken for others': %d", e.Healed())
	}
	other := l.talk(l.tv.space, "other", "tcp", far6, 7000)
	kill(e, other)
	l.reset(other)
	stop()
	must(t, <-ended)
	must(t, e.Close())

	next := l.enforcer()
	l.apply(next, d)
	if !looks() {
		t.Error("the next process lets killed flows go")
	}
	late(next)
	l.apply(next, home.Desired{})
	if looks() {
		t.Error("still looked for with the next change")
	}
}

// A device that is contained cannot pass for a neighbour that spoke long before, to an agent that is gone.
func TestNeighboursAreKnownWhenContainmentBegins(t *testing.T) {
	l := newLab(t)
	l.servers()
	first := l.enforcer()
	l.apply(first, home.Desired{})
	must(t, l.gets(l.gw, "udp", l.tv.v4, 7000)) // the kernel has it as a neighbour
	must(t, first.Close())
	e := l.enforcer()
	l.apply(e, home.Desired{})
	must(t, l.gets(l.plug.space, "udp", gw4, 5301)) // learnt by the observing table
	l.apply(e, home.Desired{Devices: []home.DeviceRule{rule(l.cam, home.ModeQuarantine)}})
	have := l.nft("list set bridge cardea stations")
	for _, s := range []*station{l.tv, l.plug} {
		if !strings.Contains(have, s.mac.String()) {
			t.Errorf("%s is unknown:\n%s", s.mac, have)
		}
	}
}

// What the kernel could not do is found out at the start, and the attempt leaves nothing behind.
func TestRulesAreRehearsed(t *testing.T) {
	l := newLab(t)
	before := l.nft("list ruleset")
	l.gw.do(func() {
		inside, err := nfnl.Open()
		must(t, err)
		defer inside.Close()
		must(t, rehearse(l.cfg, inside))
		batch := &nfnl.Batch{} // control: a chain of a kind that no kernel has is refused
		rehearseTable(batch, &rules.Table{Family: rules.Bridge, Name: "cardea_try", Dormant: true,
			Chains: []*rules.Chain{{Name: "x", Type: "nat", Hook: "prerouting"}}})
		if inside.Commit(batch) == nil {
			t.Error("the kernel takes what it does not have")
		}
	})
	if after := l.nft("list ruleset"); after != before {
		t.Errorf("something is left:\n%s", after)
	}
}

// Nobody waits at the end for a dump of a million addresses.
func TestADumpIsAbandoned(t *testing.T) {
	sock, err := nfnl.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer sock.Close()
	sock.Abandon()
	set := inetSets()[0]
	err = sock.Elements(&rules.Table{Family: rules.Inet, Name: tableEnforce}, set, func([]byte, bool) {})
	if !errors.Is(err, nfnl.ErrAbandoned) {
		t.Errorf("after Abandon: %v", err)
	}
}
