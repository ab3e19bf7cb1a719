package gateway

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"cardea/gateway/enforce"
	homeline "cardea/gateway/line"
	"cardea/gateway/line/echo"
	"cardea/gateway/resolve"
	"cardea/home"
	"cardea/say"
	"cardea/wire/pb"
)

var (
	testHop = netip.MustParseAddr("100.64.0.1")
	testFar = netip.MustParseAddr("198.51.100.1")
)

// world is a line as a test says it is.
type world struct {
	mu        sync.Mutex
	t         *testing.T
	g         *Gateway
	told      *recorder
	at        time.Time
	far, dns  time.Duration // what an answer takes
	own       time.Duration // what the gateway takes to answer itself
	down      bool          // nothing comes back
	moves     uint64        // bytes a second that the television gets
	shared    []enforce.Share
	refuse    error
	turns     []int
	unshared  int
	restarted int
	asked     int
}

func newWorld(t *testing.T) *world {
	g, r := start(t, t.TempDir())
	w := &world{t: t, g: g, told: r, at: noon, far: 15 * time.Millisecond, dns: 20 * time.Millisecond}
	c := g.care
	c.hop = func() (netip.Addr, error) { return testHop, nil }
	c.far = []netip.Addr{testFar}
	c.ask = func(_ context.Context, to netip.Addr, _ time.Duration) (time.Duration, bool, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.asked++; w.down {
			return 0, false, errors.New("network is unreachable")
		}
		return map[bool]time.Duration{true: w.far * 2 / 3, false: w.far}[to == testHop], true, nil
	}
	c.own = func(context.Context) time.Duration { return w.own }
	c.times = func() []resolve.Time { return []resolve.Time{{Took: w.dns}} }
	c.measure = func(context.Context) error { t.Error("it asks although others do"); return nil }
	c.turn = func(n int) bool { w.turns = append(w.turns, n); return true }
	c.share = func(s enforce.Share) error {
		if w.refuse == nil {
			w.shared = append(w.shared, s)
		}
		return w.refuse
	}
	c.unshare = func() error { w.unshared++; return nil }
	return w
}

// pass lets minutes go by.
func (w *world) pass(minutes int) {
	for range minutes * 6 {
		w.g.care.mu.Lock()
		w.g.care.book.Moved(w.at, "tv", w.moves*10, w.moves)
		w.g.care.mu.Unlock()
		w.g.care.round(context.Background(), w.at)
		w.at = w.at.Add(careEvery)
	}
}

func (w *world) order(kind string) *pb.OrderResult {
	w.t.Helper()
	return w.orderAs(kind+w.at.Format(time.TimeOnly), kind)
}

func (w *world) orderAs(id, kind string) *pb.OrderResult {
	w.t.Helper()
	err := w.g.care.order(id, kind, w.at)
	w.g.cloud.result(id, err, answered{})
	flush(w.t, w.g)
	list := toldOf(w.told, func(i *pb.Item) *pb.OrderResult { return i.GetOrderResult() })
	if len(list) != 1 || list[0].GetId() != id {
		w.t.Fatalf("%s: %v", kind, list)
	}
	if why := list[0].GetWhy(); why != "" {
		if _, known := say.In("de", say.Read(why)); !known {
			w.t.Errorf("not in German: %s", why)
		}
	}
	return list[0]
}

func (w *world) result() *pb.RemedyResult {
	w.t.Helper()
	flush(w.t, w.g)
	list := toldOf(w.told, func(i *pb.Item) *pb.RemedyResult { return i.GetRemedyResult() })
	if len(list) != 1 {
		w.t.Fatalf("%d results of remedies", len(list))
	}
	if _, known := say.In("de", say.Read(list[0].GetWhy())); !known {
		w.t.Errorf("not in German: %s", list[0].GetWhy())
	}
	return list[0]
}

// A home whose line is filled by its television: it is told where it is slow, sharing helps, is kept and taken back.
func TestALineIsSharedWhileThatHelps(t *testing.T) {
	w := newWorld(t)
	w.pass(150)
	w.far, w.moves = 300*time.Millisecond, 2_000_000
	w.pass(5)
	b := w.g.care.wire()
	if b.GetSlow() != "home" || b.GetBeyond() != 300_000 || b.GetSince() == 0 || b.GetRemedy() != "" {
		t.Fatalf("%v", b)
	}
	hours := toldOf(w.told, func(i *pb.Item) *pb.LineHour { return i.GetLineHour() })
	if len(hours) != 2 || hours[0].GetHour() != noon.UnixMilli() || hours[0].GetProbes() != 720 || hours[0].GetBeyondP50() < 14_000 || hours[0].GetBeyondP50() > 16_000 {
		t.Fatalf("%v", hours)
	}
	if r := w.order("fair"); !r.GetInForce() {
		t.Fatal(r)
	}
	if len(w.shared) != 1 || w.shared[0].Down != 1_800_000 || w.shared[0].Up != 180_000 || len(w.shared[0].Devices) == 0 {
		t.Errorf("%+v", w.shared)
	}
	if r := w.order("upstream"); r.GetInForce() || r.GetWhy() != errTried.Error() {
		t.Errorf("while another is tried: %v", r)
	}
	w.far = 25 * time.Millisecond
	w.pass(4)
	r := w.result()
	if !r.GetKept() || r.GetKind() != "fair" || r.GetBefore().GetBeyond() != 300_000 || r.GetAfter().GetBeyond() != 25_000 || w.unshared != 0 {
		t.Errorf("%v, ended %d times", r, w.unshared)
	}
	if b := w.g.care.wire(); b.GetRemedy() != "fair" {
		t.Errorf("%v", b)
	}
	w.g.mu.Lock()
	w.g.observer.Remember(home.Device{ID: "new", MAC: home.MAC{2, 1}, MACs: []home.MAC{{2, 1}}, First: w.at, Last: w.at})
	w.g.mu.Unlock()
	w.pass(1)
	if len(w.shared) != 2 || len(w.shared[1].Devices) != len(w.shared[0].Devices)+1 || w.shared[1].Down != w.shared[0].Down {
		t.Errorf("a device that came has no share: %+v", w.shared)
	}
	if r := w.order(remedyOff); !r.GetInForce() || w.unshared != 1 || w.g.care.inForce() != "" {
		t.Errorf("%v, ended %d times", r, w.unshared)
	}
}

// What does not help is undone by itself.
func TestWhatDoesNotHelpIsUndone(t *testing.T) {
	for kind, check := range map[string]func(w *world) bool{
		"fair":     func(w *world) bool { return w.unshared == 1 },
		"upstream": func(w *world) bool { return slices.Equal(w.turns, []int{1, 0}) },
	} {
		w := newWorld(t)
		w.moves = 2_000_000
		w.pass(5)
		if r := w.order(kind); !r.GetInForce() {
			t.Fatal(r)
		}
		w.pass(4)
		r := w.result()
		if r.GetKept() || r.GetKind() != kind || !check(w) || w.g.care.inForce() != "" {
			t.Errorf("%s: %v", kind, r)
		}
	}
}

func TestAnotherUpstreamHelps(t *testing.T) {
	w := newWorld(t)
	w.dns = 400 * time.Millisecond
	w.pass(5)
	w.order("upstream")
	w.dns = 20 * time.Millisecond
	w.pass(4)
	if r := w.result(); !r.GetKept() || r.GetBefore().GetDns() != 400_000 || r.GetAfter().GetDns() != 20_000 || !slices.Equal(w.turns, []int{1}) {
		t.Errorf("%v, %v", r, w.turns)
	}
}

// Why a remedy is refused is said plainly, and nothing is in force then.
func TestRemediesAreRefusedPlainly(t *testing.T) {
	w := newWorld(t)
	if r := w.order("fair"); r.GetWhy() != errMeasured.Error() {
		t.Error(r)
	}
	w.pass(5)
	for kind, want := range map[string]refusal{"fair": errRate, "restart": errRestart, "dance": errRemedy, "": errRemedy} {
		if r := w.order(kind); r.GetInForce() || r.GetWhy() != want.Error() {
			t.Errorf("%q: %v", kind, r)
		}
	}
	w.moves = 2_000_000
	w.pass(3)
	for want, err := range map[refusal]error{errQueues: enforce.ErrQueues, errSharing: enforce.ErrNoSharing} {
		w.refuse = err
		if r := w.order("fair"); r.GetWhy() != want.Error() {
			t.Errorf("%v", r)
		}
	}
	w.g.care.turn = func(int) bool { return false }
	if r := w.order("upstream"); r.GetWhy() != errUpstream.Error() {
		t.Error(r)
	}
	if w.g.care.inForce() != "" || w.g.care.trial != nil {
		t.Error("something is in force")
	}
	w.g.cfg.Care.Off = true
	if r := w.order("off"); r.GetWhy() != errNoCare.Error() {
		t.Error(r)
	}
}

// A restart ends the program: the one that runs then measures whether it helped.
func TestARestartIsMeasuredByTheNextProgram(t *testing.T) {
	w := newWorld(t)
	w.g.care.restart = func(context.Context) error { w.restarted++; return nil }
	w.far = 400 * time.Millisecond
	w.pass(5)
	if r := w.order("restart"); !r.GetInForce() || w.restarted != 0 {
		t.Fatal(r, w.restarted)
	}
	w.pass(1)
	if w.restarted != 1 {
		t.Fatalf("restarted %d times", w.restarted)
	}
	next := newWorld(t)
	b, err := os.ReadFile(filepath.Join(w.g.cfg.State, trialFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(next.g.cfg.State, trialFile), b, 0o600); err != nil {
		t.Fatal(err)
	}
	next.at = w.at.Add(3 * time.Minute)
	next.g.care.resume(next.at)
	next.pass(4)
	if r := next.result(); !r.GetKept() || r.GetBefore().GetBeyond() != 400_000 || r.GetAfter().GetBeyond() != 15_000 {
		t.Errorf("%v", r)
	}
	if _, err := os.Stat(filepath.Join(next.g.cfg.State, trialFile)); !os.IsNotExist(err) {
		t.Error("it would be measured again")
	}
	for _, bad := range []string{"", "{", `{"kind":"fair"}`, string(b)} {
		if err := os.WriteFile(filepath.Join(next.g.cfg.State, trialFile), []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if next.g.care.resume(next.at.Add(5 * time.Hour)); next.g.care.trial != nil {
			t.Errorf("believed: %s", bad)
		}
	}
}

// A router that never answered has lost nothing; one that did has.
func TestWhoNeverAnswersLosesNothing(t *testing.T) {
	w := newWorld(t)
	w.down = true
	w.pass(3)
	if f := w.figures(); f.Lost != 0 {
		t.Errorf("%+v", f)
	}
	w.down = false
	w.pass(1)
	w.down = true
	w.pass(3)
	if f := w.figures(); f.Lost != 1000 {
		t.Errorf("%+v", f)
	}
}

func (w *world) figures() homeline.Figures {
	w.g.care.mu.Lock()
	defer w.g.care.mu.Unlock()
	return w.g.care.book.Figures(w.at.Add(-2*time.Minute), w.at)
}

// The home's own questions tell how long names take; only without any one is asked, once a minute.
func TestNamesAreAskedOnlyWhenNobodyAsks(t *testing.T) {
	w := newWorld(t)
	n, waiting := 0, 0
	w.g.care.times = func() []resolve.Time { k := waiting; waiting = 0; return make([]resolve.Time, k) }
	w.g.care.measure = func(context.Context) error { n++; waiting++; return nil }
	w.pass(5)
	if n != 5 {
		t.Errorf("%d questions in five minutes", n)
	}
}

func TestFarHosts(t *testing.T) {
	got := farHosts(DNSConfig{Bootstrap: []string{"9.9.9.9:53", "192.168.1.1:53"}, Upstreams: []string{"tls://dns.example", "udp://9.9.9.9", "tls://[2620:fe::fe]", "udp://10.0.0.1"}})
	if !slices.Equal(got, []netip.Addr{netip.MustParseAddr("9.9.9.9"), netip.MustParseAddr("2620:fe::fe")}) {
		t.Errorf("%v", got)
	}
}

// What the line carries, and what is usual, is known after a restart. A file that is broken is as none.
func TestTheLineIsRememberedAcrossARestart(t *testing.T) {
	w := newWorld(t)
	w.pass(150)
	w.moves = 2_000_000
	w.pass(40) // it is written down with the hour
	b, err := os.ReadFile(filepath.Join(w.g.cfg.State, lineFile))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text string
		want *pb.OrderResult
	}{
		"as it was": {string(b), &pb.OrderResult{InForce: true}},
		"broken":    {string(b[:len(b)/2]), &pb.OrderResult{Why: errRate.Error()}},
		"too large": {string(make([]byte, maxLine+1)), &pb.OrderResult{Why: errRate.Error()}},
	} {
		next := newWorld(t)
		if err := os.WriteFile(filepath.Join(next.g.cfg.State, lineFile), []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		next.g.care.load()
		next.at, next.moves = w.at.Add(time.Hour), 0
		next.pass(3)
		if r := next.order("fair"); r.GetInForce() != c.want.GetInForce() || r.GetWhy() != c.want.GetWhy() {
			t.Errorf("%s: %v", name, r)
		}
		if c.want.GetInForce() && (len(next.shared) != 1 || next.shared[0].Down != 1_800_000) {
			t.Errorf("%s: %+v", name, next.shared)
		}
	}
}

// A gateway that is slow itself says nothing of its line.
func TestABusyGatewaySaysNothingOfItsLine(t *testing.T) {
	w := newWorld(t)
	w.pass(150)
	w.far, w.own = 300*time.Millisecond, 80*time.Millisecond
	w.pass(6)
	if b := w.g.care.wire(); b.GetSlow() != "" {
		t.Errorf("%v", b)
	}
	w.own = time.Millisecond
	w.pass(6)
	if b := w.g.care.wire(); b.GetSlow() == "" {
		t.Errorf("%v", b)
	}
}

// What measuring costs: two probes each ten seconds, and at most one question for a name a minute. 121 KB an hour, both ways.
func TestTheLineIsNotBurdened(t *testing.T) {
	w := newWorld(t)
	asked, waiting := 0, 0
	w.g.care.times = func() []resolve.Time { k := waiting; waiting = 0; return make([]resolve.Time, k) }
	w.g.care.measure = func(context.Context) error { asked++; waiting++; return nil }
	w.pass(60)
	if bytes := w.asked * 2 * echo.Bytes; w.asked != 720 || bytes != 120_960 || asked > 60 {
		t.Errorf("%d probes, %d bytes, %d questions", w.asked, bytes, asked)
	}
}
