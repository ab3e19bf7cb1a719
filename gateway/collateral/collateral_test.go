package collateral

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/home"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func contact(name string, at time.Time, failed uint64) *home.Contact {
	c := &home.Contact{Device: "camera", Endpoint: home.Endpoint{Name: name, Domain: name, IP: netip.MustParseAddr("198.51.100.7"), Port: 443, Proto: "tcp"},
		Flows: 2, Failed: failed, Up: 100, Down: 200, First: at, Last: at.Add(10 * time.Minute)}
	if failed >= 2 {
		c.Down = 0
	}
	return c
}

// week is a camera's: its cloud each hour, its storage each evening, a shop once.
func week() (list []*home.Contact) {
	for h := 7 * 24; h > 0; h-- {
		at := noon.Add(-time.Duration(h) * time.Hour)
		list = append(list, contact("cloud.example", at, 0))
		if at.Hour() >= 19 && at.Hour() <= 21 {
			list = append(list, contact("storage.example", at, 0))
		}
	}
	return append(list, contact("shop.example", noon.Add(-50*time.Hour), 0))
}

func base(except func(*home.Contact) bool) Baseline {
	return BaselineOf(slices.Values(week()), noon, 1, except)
}

func TestWhatIsUsual(t *testing.T) {
	b := base(nil)
	if len(b.Ends) != 2 || b.On != 7*24*time.Hour || !b.Enough() || b.Share != 1 || b.Failed != 0 || b.Reboots < 0.14 || b.Reboots > 0.15 {
		t.Fatalf("%+v", b)
	}
	cloud, storage := keyOf(contact("cloud.example", noon, 0)), keyOf(contact("storage.example", noon, 0))
	for _, e := range b.Ends {
		want := map[uint64]time.Duration{cloud: 0, storage: 21 * time.Hour}[e.Key]
		if e.Silent != want && !(e.Key == storage && e.Silent >= 20*time.Hour && e.Silent <= 22*time.Hour) {
			t.Errorf("%x was silent for %s", e.Key, e.Silent)
		}
	}
	if b := base(func(c *home.Contact) bool { return c.Endpoint.Name == "cloud.example" }); len(b.Ends) != 1 || b.Ends[0].Key != storage {
		t.Errorf("the case's own endpoint is usual: %+v", b)
	}
	blocked := week()
	for _, c := range blocked {
		if c.Endpoint.Name == "cloud.example" {
			c.Action = home.Block
		}
	}
	if b := BaselineOf(slices.Values(blocked), noon, 0, nil); len(b.Ends) != 1 {
		t.Errorf("what was blocked is usual: %+v", b)
	}
	if b := BaselineOf(slices.Values(week()), noon.Add(-Days*24*time.Hour), 0, nil); b.On != 0 || b.Enough() {
		t.Errorf("of later days: %+v", b)
	}
	if b := BaselineOf(slices.Values(week()), noon.Add(60*24*time.Hour), 0, nil); b.On != 0 || b.Enough() {
		t.Errorf("of days long ago: %+v", b)
	}
	if b := BaselineOf(slices.Values(week()[:5]), noon.Add(-6*24*time.Hour), 0, nil); b.Enough() {
		t.Errorf("five hours are enough: %+v", b)
	}
}

func TestWhatSaysNothingOfItsWork(t *testing.T) {
	dns, asked, in, mdns := contact("", noon, 0), contact("x.example", noon, 0), contact("x.example", noon, 0), contact("", noon, 0)
	dns.Endpoint.Port, asked.Lookup, in.Inbound = 53, true, true
	mdns.Endpoint.IP = netip.MustParseAddr("224.0.0.251")
	for i, c := range []*home.Contact{dns, asked, in, mdns} {
		if keyOf(c) != 0 {
			t.Errorf("%d counts", i)
		}
	}
	lan := contact("", noon, 0)
	lan.Local, lan.Endpoint.IP = true, netip.MustParseAddr("192.168.1.9")
	other := *lan
	other.Endpoint.IP = netip.MustParseAddr("192.168.1.10")
	if keyOf(lan) == 0 || keyOf(lan) != keyOf(&other) || keyOf(lan) == keyOf(contact("", noon, 0)) {
		t.Error("a service in the home is not one")
	}
}

// hour has the camera on for an hour, reaching some and trying others in vain.
func hour(w *Watcher, at time.Time, reached []string, vain []string, tries uint64) {
	w.Alive("camera", at)
	w.Alive("camera", at.Add(59*time.Minute))
	for _, n := range reached {
		w.Contact(contact(n, at, 0))
	}
	for _, n := range vain {
		c := contact(n, at, tries)
		c.Flows = tries
		w.Contact(c)
	}
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		what   string
		run    func(w *Watcher)
		broken bool
		say    string
		now    float64
	}{
		{"as ever", func(w *Watcher) {
			for h := range 48 {
				reached := []string{"cloud.example"}
				if h%24 == 8 {
					reached = append(reached, "storage.example")
				}
				hour(w, noon.Add(time.Duration(h)*time.Hour), reached, nil, 0)
			}
		}, false, "normal work", 1},
		{"the first minutes", func(w *Watcher) { w.Alive("camera", noon.Add(20*time.Minute)) }, false, "normal work", 1},
		{"its cloud is gone", func(w *Watcher) {
			for h := range 4 {
				hour(w, noon.Add(time.Duration(h)*time.Hour), nil, nil, 0)
			}
		}, true, "0 of the 1 services", 0},
		{"its storage is gone, and was not due yet", func(w *Watcher) {
			for h := range 24 {
				hour(w, noon.Add(time.Duration(h)*time.Hour), []string{"cloud.example"}, nil, 0)
			}
		}, false, "normal work", 1},
		{"its storage is gone for two days", func(w *Watcher) {
			for h := range 50 {
				hour(w, noon.Add(time.Duration(h)*time.Hour), []string{"cloud.example"}, nil, 0)
			}
		}, true, "1 of the 2 services", 0.5},
		{"switched off", func(w *Watcher) { w.Alive("camera", noon.Add(30*time.Hour)) }, false, "normal work", 1},
		{"it tries and tries", func(w *Watcher) {
			for h := range 3 {
				hour(w, noon.Add(time.Duration(h)*time.Hour), []string{"cloud.example"}, []string{"storage.example"}, 90)
			}
		}, true, "times an hour in vain", 1},
		{"malware tries what is no work of the device", func(w *Watcher) {
			for h := range 3 {
				hour(w, noon.Add(time.Duration(h)*time.Hour), []string{"cloud.example"}, []string{"c2.example"}, 5000)
			}
		}, false, "normal work", 1},
		{"it restarts again and again", func(w *Watcher) {
			for i := range 4 {
				w.Reboot("camera", noon.Add(time.Duration(i)*10*time.Minute))
				w.Reboot("camera", noon.Add(time.Duration(i)*10*time.Minute+3*time.Second)) // a burst is one
			}
		}, true, "restarted 4 times", 1},
		{"two restarts", func(w *Watcher) { w.Reboot("camera", noon); w.Reboot("camera", noon.Add(time.Hour)) }, false, "normal work", 1},
		{"what was before does not count", func(w *Watcher) {
			for h := range 5 {
				hour(w, noon.Add(-time.Duration(h+1)*time.Hour), nil, nil, 0)
			}
			w.Reboot("camera", noon.Add(-time.Hour))
			w.Failed("camera", 1e6, noon.Add(-time.Hour))
		}, false, "normal work", 1},
	} {
		w := New(Config{})
		if !w.Watch("camera", noon, base(nil)) {
			t.Fatal("not watched")
		}
		c.run(w)
		now := noon.Add(8 * time.Hour)
		if h, broken := w.Verdict("camera", now); broken != c.broken || !strings.Contains(h.Sentence, c.say) || h.Now != c.now || h.Since != noon || h.Before != 1 {
			t.Errorf("%s: %v %+v", c.what, broken, h)
		}
	}
}

func TestWatchedAndForgotten(t *testing.T) {
	w := New(Config{})
	if w.Watch("camera", noon, Baseline{}) {
		t.Error("watched without days of its own")
	}
	w.Watch("camera", noon, base(nil))
	w.Contact(contact("cloud.example", noon, 0))
	w.Watch("camera", noon, base(nil)) // once more the same: it goes on
	if s := w.Snapshot()["camera"]; s.Reached == 0 {
		t.Error("it began anew")
	}
	b, err := json.Marshal(w.Snapshot())
	var kept map[home.DeviceID]State
	if err != nil || json.Unmarshal(b, &kept) != nil {
		t.Fatal(err)
	}
	next := New(Config{})
	next.Restore(kept)
	if got, want := next.Snapshot()["camera"], w.Snapshot()["camera"]; got.Reached != want.Reached || got.On != want.On || len(got.Base.Ends) != len(want.Base.Ends) {
		t.Errorf("after a restart %+v, was %+v", got, want)
	}
	s := kept["camera"]
	s.Base.Ends = []End{{Key: 9}, {Key: 1}}
	next.Restore(map[home.DeviceID]State{"unordered": s, "no days": {}})
	if n := len(next.Snapshot()); n != 0 {
		t.Errorf("%d that make no sense are watched", n)
	}
	if since, ok := w.Watched("camera"); !ok || !since.Equal(noon) {
		t.Errorf("watched since %v %v", since, ok)
	}
	w.Forget("camera")
	if _, broken := w.Verdict("camera", noon); broken {
		t.Error("nobody is watched, and broken")
	}
	for i := range MaxWatched {
		w.Watch(home.DeviceID(fmt.Sprint(i)), noon, base(nil))
	}
	if w.Watch("one more", noon, base(nil)) {
		t.Error("one too many is watched")
	}
}

// However often the open window is told, it says what is reached and counts nothing.
func TestTheOpenWindowCountsNothing(t *testing.T) {
	w := New(Config{})
	w.Watch("camera", noon, base(nil))
	for range 1000 {
		w.Open(contact("cloud.example", noon, 1))
	}
	s := w.Snapshot()["camera"]
	if s.Failed != 0 || s.Reached == 0 || s.On != 10*time.Minute {
		t.Errorf("%+v", s)
	}
}

func TestAContactCostsNoMemory(t *testing.T) {
	w := New(Config{})
	w.Watch("camera", noon, base(nil))
	known, other, stranger := contact("cloud.example", noon, 1), contact("new.example", noon, 1), contact("cloud.example", noon, 1)
	stranger.Device = "lamp"
	for _, c := range []*home.Contact{known, other, stranger} {
		if n := testing.AllocsPerRun(100, func() { w.Contact(c) }); n > 0 {
			t.Errorf("%v allocations for %s of %s", n, c.Endpoint.Name, c.Device)
		}
	}
}

// A device that goes on as it did is never broken, whatever its days look like; one that reaches nothing any more is, in time.
func TestGoingOnIsNeverBroken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ends := rapid.SliceOfNDistinct(rapid.IntRange(0, 99), 1, 6, rapid.ID).Draw(t, "ends")
		hours := make([]int, len(ends)) // the hour of the day in which each is reached; 24: in each
		for i := range hours {
			hours[i] = rapid.IntRange(0, 24).Draw(t, "hour")
		}
		from, to := 0, 24
		if rapid.Bool().Draw(t, "only on by day") {
			from, to = rapid.IntRange(0, 8).Draw(t, "from"), rapid.IntRange(16, 24).Draw(t, "to")
		}
		day := func(start time.Time, f func(*home.Contact)) {
			for h := from; h < to; h++ {
				alive := contact("always.example", start.Add(time.Duration(h)*time.Hour), 0)
				f(alive)
				for i, e := range ends {
					if hours[i] == h || hours[i] == 24 {
						f(contact(fmt.Sprintf("e%d.example", e), start.Add(time.Duration(h)*time.Hour), 0))
					}
				}
			}
		}
		var before []*home.Contact
		for d := 6; d > 0; d-- {
			day(noon.AddDate(0, 0, -d), func(c *home.Contact) { before = append(before, c) })
		}
		b := BaselineOf(slices.Values(before), noon, 0, nil)
		w, dead := New(Config{}), New(Config{})
		w.Watch("camera", noon, b)
		dead.Watch("camera", noon, b)
		for d := range 4 {
			day(noon.AddDate(0, 0, d), func(c *home.Contact) {
				w.Contact(c)
				dead.Alive("camera", c.First)
				if h, broken := w.Verdict("camera", c.Last); broken {
					t.Fatalf("broken after %s: %+v", c.Last.Sub(noon), h)
				}
			})
		}
		if _, broken := dead.Verdict("camera", noon.AddDate(0, 0, 4)); !broken {
			t.Fatal("it reaches nothing for four days, and nobody says so")
		}
	})
}

func BenchmarkContact(b *testing.B) {
	w := New(Config{})
	w.Watch("camera", noon, base(nil))
	c := contact("cloud.example", noon, 0)
	b.ReportAllocs()
	for b.Loop() {
		w.Contact(c)
	}
}
