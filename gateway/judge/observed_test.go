package judge_test

import (
	"net/netip"
	"testing"
	"time"

	"cardea/gateway/judge"
	"cardea/gateway/observe"
	"cardea/home"
)

// wire feeds events through the real observer, as capture would.
type wire struct {
	*pipeline
	obs *observe.Observer
	now time.Time
	n   uint64
}

func newWire() *wire {
	w := &wire{pipeline: &pipeline{}, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	w.j = judge.New(judge.Config{}, w.pipeline)
	w.obs = observe.New(observe.Config{}, w.pipeline)
	return w
}

func station(n byte) home.MAC        { return home.MAC{0, 1, 2, 3, 4, n} }
func address(n byte) netip.Addr      { return netip.AddrFrom4([4]byte{192, 168, 1, n}) }
func (w *wire) pass(d time.Duration) { w.now = w.now.Add(d) }

func (w *wire) send(e home.Event) {
	w.n++
	e.Time, e.Frame = w.now, w.n
	w.obs.Handle(&e)
}

func (w *wire) flow(from, via byte, dst string, state home.FlowState) {
	src, to := netip.AddrPortFrom(address(from), 40000+uint16(w.n%20000)), netip.MustParseAddrPort(dst)
	w.send(home.Event{Kind: home.EventFlow, Source: station(from), Dest: station(via), Flow: &home.Flow{
		ID: home.FlowID(6, src, to), State: state, Proto: 6, Src: src, Dst: to, Start: w.now, Answered: state == home.FlowAnswered}})
}

func (w *wire) arp(from byte, op home.NeighborOp, claims, asks byte) {
	w.send(home.Event{Kind: home.EventNeighbor, Source: station(from), Dest: home.Broadcast, Neighbor: &home.Neighbor{
		Op: op, SenderMAC: station(from), SenderAddr: address(claims), TargetAddr: address(asks)}})
}

func (w *wire) only(t *testing.T, det home.Detector, who byte) *home.Finding {
	t.Helper()
	if len(w.findings) != 1 || w.findings[0].Detector != det || w.findings[0].MAC != station(who) {
		for _, f := range w.findings {
			t.Log(f.MAC, f.Detector, f.Sentence)
		}
		t.Fatalf("want only %s by %s", det, station(who))
	}
	return w.findings[0]
}

// The first frame of a spoof is told also when no honest ARP was seen before: routed frames show the true gateway.
func TestFirstSpoofedFrame(t *testing.T) {
	w := newWire()
	w.flow(7, 1, "203.0.113.7:443", home.FlowNew) // a victim, by the gateway
	w.flow(5, 1, "203.0.113.8:443", home.FlowNew) // the spoofer's own life
	w.pass(time.Second)
	w.arp(5, home.NeighborReply, 1, 7)
	if f := w.only(t, home.DetectARPSpoof, 5); f.Frame != 3 {
		t.Errorf("at frame %d", f.Frame)
	}
}

// arp-scan's pace and a careful one.
func TestSweepByARP(t *testing.T) {
	for _, every := range []time.Duration{2 * time.Millisecond, 100 * time.Millisecond} {
		w := newWire()
		onset := w.now
		for i := byte(2); i < 250 && len(w.findings) == 0; i++ {
			if i == 5 {
				continue
			}
			w.arp(5, home.NeighborRequest, 5, i)
			if i%10 == 0 { // some exist
				w.arp(i, home.NeighborReply, i, 5)
			}
			w.pass(every)
		}
		for range 3 {
			w.pass(500 * time.Millisecond)
			w.send(home.Event{Kind: home.EventTick})
		}
		if f := w.only(t, home.DetectScanLAN, 5); f.Time.Sub(onset) > 2*time.Second || f.Strength != home.Hard {
			t.Errorf("%v after onset: %s", f.Time.Sub(onset), f.Sentence)
		} else {
			t.Logf("%v after onset: %s", f.Time.Sub(onset), f.Sentence)
		}
	}
}

// A bot on the LAN that knocks at the telnet of hosts that exist and refuse.
func TestBotOnTheLAN(t *testing.T) {
	w := newWire()
	for i := byte(6); i < 18 && len(w.findings) == 0; i++ {
		at := netip.AddrPortFrom(address(i), 23)
		src := netip.AddrPortFrom(address(5), 50000+uint16(i))
		fl := home.Flow{ID: home.FlowID(6, src, at), State: home.FlowNew, Proto: 6, Src: src, Dst: at, Start: w.now}
		w.send(home.Event{Kind: home.EventFlow, Source: station(5), Dest: station(i), Flow: &fl})
		w.pass(time.Millisecond)
		fl.State = home.FlowRefused
		w.send(home.Event{Kind: home.EventFlow, Source: station(i), Dest: station(5), Flow: &fl})
		w.pass(10 * time.Millisecond)
	}
	w.only(t, home.DetectScanLAN, 5)
}
