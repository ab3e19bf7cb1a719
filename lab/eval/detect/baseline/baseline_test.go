package baseline

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"cardea/home"
)

var start = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

func device(n int) *home.Device {
	return &home.Device{ID: home.DeviceIDOf(fmt.Sprint(n)), MAC: home.MAC{2, byte(n)}}
}

// flow is a new flow of a device to a far end.
func flow(d *home.Device, at time.Time, name, ip string, port uint16) *home.Observation {
	a := netip.MustParseAddr(ip)
	f := &home.Flow{ID: uint64(at.UnixNano()), State: home.FlowNew, Proto: home.ProtoTCP, Dst: netip.AddrPortFrom(a, port)}
	o := &home.Observation{Event: &home.Event{Kind: home.EventFlow, Time: at, Flow: f}, Device: d, Direction: home.Outbound}
	o.Far = home.Endpoint{Name: name, Domain: name, IP: a, Port: port, Proto: "tcp"}
	return o
}

func one(*home.Device) string { return "plug" }

// live is a day of a plug: a flow to its cloud each ten minutes.
func live(w Watcher, d *home.Device, day int) {
	for i := range 144 {
		w.Observe(flow(d, start.AddDate(0, 0, day).Add(time.Duration(i)*10*time.Minute), "cloud.example", "192.0.2.1", 443))
	}
}

// burst is a scan: a hundred hosts within a minute.
func burst(w Watcher, d *home.Device, at time.Time) {
	for i := range 100 {
		w.Observe(flow(d, at.Add(time.Duration(i)*100*time.Millisecond), "", fmt.Sprintf("198.51.100.%d", i), 23))
	}
}

// Each method gives a scan a score that an ordinary day never has.
func TestEachTellsABurstFromAnOrdinaryDay(t *testing.T) {
	for _, m := range []Method{&Quantile{}, &AllowList{}, &Forest{Seed: 1}} {
		t.Run(m.Name(), func(t *testing.T) {
			for i := range 3 {
				w := m.Learn(one)
				live(w, device(i), i)
				w.Close()
			}
			if err := m.Ready(); err != nil {
				t.Fatal(err)
			}
			var ordinary, during float64
			d, at := device(9), start.AddDate(0, 0, 5).Add(30*time.Second)
			w := m.Judge(one, func(s Score) {
				switch {
				case s.Device != d.ID:
					t.Error("somebody else's score")
				case s.Time.Before(at.Add(-12 * time.Hour)): // its first windows are unlike all others: nothing is behind it yet
				case s.Time.Before(at):
					ordinary = max(ordinary, s.Value)
				default:
					during = max(during, s.Value)
				}
			})
			live(w, d, 4)
			burst(w, d, at)
			w.Close()
			if during <= ordinary {
				t.Errorf("the burst scored %v, an ordinary day %v", during, ordinary)
			}
		})
	}
}

type listed map[string]bool

func (l listed) Name(n string) (home.Indicator, bool)     { return home.Indicator{}, l[n] }
func (l listed) Addr(a netip.Addr) (home.Indicator, bool) { return home.Indicator{}, l[a.String()] }

func TestBlocklistTellsOnlyWhatIsListed(t *testing.T) {
	n := 0
	w := Blocklist{listed{"192.0.2.9": true, "bad.example": true, "": true}}.Judge(one, func(Score) { n++ })
	d := device(1)
	w.Observe(flow(d, start, "", "192.0.2.1", 443))
	w.Observe(flow(d, start, "good.example", "192.0.2.1", 443))
	if n != 0 {
		t.Error("told what is not listed")
	}
	w.Observe(flow(d, start, "", "192.0.2.9", 443))
	w.Observe(flow(d, start, "bad.example", "192.0.2.1", 443))
	w.Observe(&home.Observation{Event: &home.Event{Kind: home.EventLookup, Time: start, Lookup: &home.Lookup{Question: "bad.example"}}, Device: d})
	if n != 3 {
		t.Errorf("told %d of 3", n)
	}
	Blocklist{}.Judge(one, nil).Observe(flow(d, start, "", "192.0.2.9", 443)) // without a list there is nothing to tell
}

// Counts come from cumulative counters, and idle time lets damped counts fade.
func TestWindows(t *testing.T) {
	var got []window
	w := newWindows(func(x *window) { got = append(got, *x) })
	d := device(1)
	o := flow(d, start, "", "192.0.2.1", 443)
	w.Observe(o)
	o.Flow.State, o.Flow.UpBytes, o.Flow.UpPackets = home.FlowCount, 1000, 3
	w.Observe(o)
	o.Flow.UpBytes, o.Flow.UpPackets, o.Flow.DownBytes = 1500, 4, 70
	w.Observe(o)
	o.Flow.State = home.FlowEnd
	o.Time = start.Add(2 * time.Minute)
	w.Observe(o)
	w.Close()
	if len(got) != 2 {
		t.Fatalf("%d windows", len(got))
	}
	a, b := got[0], got[1]
	if a.now[countUp] != 1500 || a.now[countDown] != 70 || a.now[countPackets] != 4 || a.now[countHosts] != 1 || a.now[countNew] != 1 || a.now[countFlows] != 1 {
		t.Errorf("first window %v", a.now)
	}
	if b.now[countUp] != 0 || b.now[countFailed] != 1 || b.now[countFlows] != 0 {
		t.Errorf("second window %v", b.now)
	}
	want := 1500 * (1 - dampings[0])
	if diff := a.damped[0][countUp] - want; diff*diff > 1e-9 {
		t.Errorf("damped %v, want %v", a.damped[0][countUp], want)
	}
	want *= dampings[0] * dampings[0] // two windows on, with nothing sent
	if diff := b.damped[0][countUp] - want; diff*diff > 1e-9 {
		t.Errorf("damped %v, want %v", b.damped[0][countUp], want)
	}
}

// A device's own quantile holds once it has an hour of windows: what is much for others is usual for it.
func TestOwnQuantile(t *testing.T) {
	q := &Quantile{}
	live(q.Learn(one), device(1), 0)
	var last Score
	w := q.Judge(one, func(s Score) { last = s })
	busy := device(2)
	for i := range 100 {
		burst(w, busy, start.Add(time.Duration(i)*time.Minute))
	}
	w.Close()
	if last.Value > 0.3 {
		t.Errorf("a busy device's hundredth minute scores %v", last.Value)
	}
}
