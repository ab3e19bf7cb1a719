package uplink

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"cardea/wire"
	"cardea/wire/pb"
)

func TestReportsArriveAcrossCuts(t *testing.T) {
	c := newCloud(t)
	s := openSpool(t, t.TempDir(), 8<<20)
	l := New(quick(), c.ca.identity(t, c.place, c.addr), s, agent{}, quiet())
	run(t, l)
	n := 0
	for range 4 {
		for range 300 {
			m := rollUp(n)
			if n%10 == 0 {
				m = finding(n)
			}
			put(t, s, m)
			n++
		}
		c.until("some of it", func() bool { return len(c.items) > n-300 })
		c.stop()
		for range 300 { // while it is away
			put(t, s, rollUp(n))
			n++
		}
		c.start()
	}
	c.until("all of it", func() bool { return len(c.items) >= n })
	for i, m := range c.items {
		if number(t, m) != i {
			t.Fatalf("item %d is %v", i, m)
		}
	}
	t.Logf("%d items in %d reports; %d came again", len(c.items), c.reports, c.skipped)
}

// What was kept before less might leave is sent as it may leave now, and what may not is not sent and does not hold up the rest.
func TestWhatWaitsIsSentAsItMayLeaveNow(t *testing.T) {
	c := newCloud(t)
	s := openSpool(t, t.TempDir(), 1<<20)
	for n := range 200 {
		put(t, s, rollUp(n))
	}
	put(t, s, finding(200))
	put(t, s, finding(201))
	cfg := quick()
	cfg.Fit = func(item *pb.Item) *pb.Item {
		if item.GetRollUp() != nil {
			return nil
		}
		out := proto.CloneOf(item)
		out.GetFinding().Sentence = "fit"
		return out
	}
	run(t, New(cfg, c.ca.identity(t, c.place, c.addr), s, agent{}, quiet()))
	c.until("what may leave", func() bool { return len(c.items) == 2 })
	for _, m := range c.items {
		if m.GetFinding().GetSentence() != "fit" || m.GetSequence() == 0 {
			t.Errorf("%v", m)
		}
	}
	c.until("nothing waits", func() bool { return s.Stats().Items == 0 })
}

func TestHeartbeat(t *testing.T) {
	c := newCloud(t)
	s := openSpool(t, t.TempDir(), 1<<20)
	cfg := quick()
	cfg.Heartbeat = time.Hour
	l := New(cfg, c.ca.identity(t, c.place, c.addr), s, agent{}, quiet())
	run(t, l)
	c.until("the first", func() bool { return len(c.beats) == 1 })
	b := c.beats[0]
	if b.GetProtocol() != wire.Protocol || b.GetVersion() != "test" || !b.GetArmed() || b.GetSent() == 0 {
		t.Errorf("%v", b)
	}
	l.Wake()
	c.until("the one that was asked for", func() bool { return len(c.beats) == 2 })
}

func TestDesiredIsApplied(t *testing.T) {
	c := newCloud(t)
	dir := t.TempDir()
	s := openSpool(t, dir, 1<<20)
	var mu sync.Mutex
	var applied []uint64
	fail := 2
	a := agent{apply: func(_ context.Context, d *pb.Desired) error {
		mu.Lock()
		defer mu.Unlock()
		if d.GetVersion() == 5 && fail > 0 {
			fail--
			return errors.New("the kernel is busy")
		}
		applied = append(applied, d.GetVersion())
		return nil
	}}
	l := New(quick(), c.ca.identity(t, c.place, c.addr), s, a, quiet())
	stop := run(t, l)
	c.until("a first heartbeat", func() bool { return len(c.beats) > 0 })
	runs := func(v uint64) func() bool {
		return func() bool { return c.beats[len(c.beats)-1].GetDesired() == v }
	}
	c.want(3, &pb.Order{Id: "a", Verb: "quarantine"})
	c.until("version 3", runs(3))
	c.want(5)
	c.until("version 5, tried again", runs(5))
	c.want(4) // older: not newest
	c.until("another fetch", func() bool { return c.fetches > 3 })
	put(t, s, finding(1))
	c.until("a report", func() bool { return len(c.items) == 1 })
	if st := l.Status(); st.Running != 5 || !st.Connected {
		t.Errorf("%+v", st)
	}
	stop()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	for i, v := range applied {
		if i > 0 && v < applied[i-1] {
			t.Errorf("applied %v", applied)
		}
	}
	mu.Unlock()
	// After a restart the version that runs is known before anything is fetched.
	s = openSpool(t, dir, 1<<20)
	if got := New(quick(), c.ca.identity(t, c.place, c.addr), s, a, quiet()).Status(); got.Running != 5 {
		t.Errorf("%+v", got)
	}
}

const question = "0193a5a0-0000-7000-8000-000000000001"

func ask(id string) *pb.Command {
	return &pb.Command{Protocol: wire.Protocol, Body: &pb.Command_Question{Question: &pb.Question{
		Id: id, Until: time.Now().Add(time.Minute).UnixMilli(), Ask: &pb.Question_Follow{Follow: &pb.AskFollow{}},
	}}}
}

func TestQuestions(t *testing.T) {
	c := newCloud(t)
	s := openSpool(t, t.TempDir(), 1<<20)
	ended := make(chan error, 20)
	a := agent{answer: func(ctx context.Context, q *pb.Question, send func(*pb.Answer) error) error {
		if err := send(&pb.Answer{Error: strings.Repeat("x", wire.MaxAnswer)}); !errors.Is(err, ErrTooBig) {
			return fmt.Errorf("too much was taken: %w", err)
		}
		if err := send(&pb.Answer{Devices: []*pb.Device{{Id: q.GetId()}}}); err != nil { // the last before it waits: the test may end it from now on
			return err
		}
		if q.GetDevices() != nil {
			return errors.New("no such thing")
		}
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}}
	l := New(quick(), c.ca.identity(t, c.place, c.addr), s, a, quiet())
	run(t, l)
	c.until("connected", func() bool { return len(c.beats) > 0 })
	of := func(id string) (parts []*pb.Answer) {
		for _, m := range c.answers {
			if m.GetId() == id {
				parts = append(parts, m)
			}
		}
		return parts
	}
	id := func(i int) string { return question[:len(question)-2] + fmt.Sprintf("%02d", i) }
	for i := range maxQuestions {
		c.command(ask(id(i)))
	}
	c.until("eight that run", func() bool { return len(c.answers) == maxQuestions })
	c.command(ask(id(3))) // the same again: one answer is enough
	c.command(ask(id(50)))
	c.until("the ninth is refused", func() bool { return len(of(id(50))) == 1 })
	if m := of(id(50))[0]; !m.GetLast() || m.GetError() == "" {
		t.Errorf("%v", m)
	}
	c.command(&pb.Command{Body: &pb.Command_Cancel{Cancel: &pb.Cancel{Id: id(3)}}})
	c.until("one was ended", func() bool { return len(of(id(3))) == 2 })
	if m := of(id(3))[1]; !m.GetLast() || m.GetPart() != 1 || m.GetError() != "" {
		t.Errorf("%v", m)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	q := ask(id(60))
	q.GetQuestion().Ask = &pb.Question_Devices{Devices: &pb.AskDevices{}}
	c.command(q)
	c.until("an error is told", func() bool { return len(of(id(60))) == 2 })
	if m := of(id(60))[1]; m.GetError() != "no such thing" || !m.GetLast() {
		t.Errorf("%v", m)
	}
	before := l.Status().Ignored
	c.command(ask("bad.id.>"))
	c.command(&pb.Command{Protocol: wire.Protocol + 10_000}) // a body that is not known yet
	c.want(9)
	c.until("it goes on", func() bool { return c.beats[len(c.beats)-1].GetDesired() == 9 })
	if got := l.Status().Ignored; got != before+2 {
		t.Errorf("%d were ignored, want 2", got-before)
	}
}

func TestRequest(t *testing.T) {
	c := newCloud(t)
	l := New(quick(), c.ca.identity(t, c.place, c.addr), openSpool(t, t.TempDir(), 1<<20), agent{}, quiet())
	if _, err := l.Request(t.Context(), "bundle", nil); !errors.Is(err, ErrOffline) {
		t.Errorf("before it runs: %v", err)
	}
	run(t, l)
	c.until("connected", func() bool { return len(c.beats) > 0 })
	b, err := l.Request(t.Context(), "bundle", []byte("x"))
	if err != nil || string(b) != "echo x" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestRenewal(t *testing.T) {
	c := newCloud(t)
	dir := t.TempDir()
	first := c.ca.identityFor(t, c.place, c.addr, time.Now().AddDate(0, 0, -70), time.Now().AddDate(0, 0, 20))
	until := time.Now().AddDate(0, 0, 90)
	c.renewal = func(csr []byte) *pb.RenewReply {
		return &pb.RenewReply{Chain: c.ca.signRequest(t, csr, c.place, time.Now().Add(-time.Minute), until), Roots: c.ca.root}
	}
	cfg := quick()
	cfg.Dir = dir
	s := openSpool(t, t.TempDir(), 1<<20)
	l := New(cfg, first, s, agent{}, quiet())
	run(t, l)
	c.until("a heartbeat after it", func() bool { return len(c.beats) > 0 && l.Status().Until.After(first.Until) })
	id, err := LoadIdentity(dir)
	if err != nil || !id.Until.After(first.Until) || string(id.Key) == string(first.Key) {
		t.Fatalf("saved: until %v, %v", id.Until, err)
	}
	// The next connect is with the new one, and nothing is lost by it.
	put(t, s, finding(0))
	c.until("the report", func() bool { return len(c.items) == 1 })
	c.stop()
	put(t, s, finding(1))
	c.start()
	c.until("the next", func() bool { return len(c.items) == 2 })
	pair, _, err := id.pair()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(c.serials, pair.Leaf.SerialNumber.String()) {
		t.Errorf("the new certificate was not used: %v", c.serials)
	}
}

// TestClockNotSet connects with a clock of 1970: only what is certainly past counts.
func TestClockNotSet(t *testing.T) {
	c := newCloud(t)
	cfg := quick()
	start := time.Now()
	cfg.Now = func() time.Time { return time.Unix(0, 0).Add(time.Since(start)) }
	// The broker's certificate is newer than the gateway's own.
	id := c.ca.identityFor(t, c.place, c.addr, time.Now().AddDate(0, 0, -30), time.Now().AddDate(0, 0, 60))
	l := New(cfg, id, openSpool(t, t.TempDir(), 1<<20), agent{}, quiet())
	run(t, l)
	c.until("connected", func() bool { return len(c.beats) > 0 })
}

func TestOnlyTheCloudIsBelieved(t *testing.T) {
	c := newCloud(t)
	other := newAuthority(t)
	wrongRoot := c.ca.identity(t, c.place, c.addr)
	wrongRoot.Roots = other.root
	wrongName := c.ca.identity(t, c.place, c.addr)
	wrongName.Name = "elsewhere.test"
	for what, id := range map[string]Identity{"another root": wrongRoot, "another name": wrongName} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		l := New(quick(), id, openSpool(t, t.TempDir(), 1<<20), agent{}, quiet())
		done := make(chan error, 1)
		go func() { done <- l.Run(ctx) }()
		for l.Status().Problem == "" && ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-time.After(5 * time.Millisecond):
			}
		}
		if st := l.Status(); st.Connected || !strings.Contains(st.Problem, "the broker's certificate") {
			t.Errorf("%s: %+v", what, st)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if len(c.beats) > 0 {
		t.Error("something was told")
	}
}

// linkUntilKilled is the child of TestLinkKilled.
func linkUntilKilled(dir string) {
	id, err := LoadIdentity(dir)
	if err != nil {
		panic(err)
	}
	s, err := OpenSpool(dir+"/spool", 8<<20)
	if err != nil {
		panic(err)
	}
	var from int
	if _, err := fmt.Sscan(os.Getenv("UPLINK_TEST_FROM"), &from); err != nil {
		panic(err)
	}
	go New(quick(), id, s, agent{}, nil).Run(context.Background())
	for i := from; ; i++ {
		if err := s.Put(finding(i)); err != nil {
			panic(err)
		}
		fmt.Println(i)
	}
}

// TestLinkKilled kills a gateway again and again while it tells, and the cloud too: what Put has taken is stored once and in
// order, by the list that the gateway itself printed.
func TestLinkKilled(t *testing.T) {
	rounds := 5
	if os.Getenv("CARDEA_SOAK") == "1" {
		rounds = 50
	}
	c := newCloud(t)
	dir := t.TempDir()
	id := c.ca.identity(t, c.place, c.addr)
	if err := id.Save(dir); err != nil {
		t.Fatal(err)
	}
	var list []int
	for round := range rounds {
		p := exec.Command(os.Args[0])
		p.Env = append(os.Environ(), "UPLINK_TEST_LINK="+dir, fmt.Sprint("UPLINK_TEST_FROM=", round*1_000_000))
		p.Stderr = os.Stderr
		out, err := p.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		stopAt, killAt := rand.IntN(300), 300+rand.IntN(500)
		n := 0
		for in := bufio.NewScanner(out); in.Scan(); n++ {
			var i int
			if _, err := fmt.Sscan(in.Text(), &i); err != nil {
				t.Fatal(in.Text())
			}
			list = append(list, i)
			if n == stopAt && round%2 == 1 {
				c.stop()
				c.start()
			}
			if n == killAt {
				p.Process.Kill()
			}
		}
		p.Wait()
	}
	s := openSpool(t, dir+"/spool", 8<<20)
	run(t, New(quick(), id, s, agent{}, quiet()))
	put(t, s, finding(rounds*1_000_000))
	list = append(list, rounds*1_000_000)
	c.until("the last one", func() bool { return len(c.items) > 0 && number(t, c.items[len(c.items)-1]) == rounds*1_000_000 })
	// The child may have been killed between Put and the line: those are there too, after the last line of their round.
	var got []int
	last := -1
	for _, m := range c.items {
		i := number(t, m)
		if i <= last {
			t.Fatalf("%d after %d", i, last)
		}
		last = i
		got = append(got, i)
	}
	for _, i := range list {
		if _, ok := slices.BinarySearch(got, i); !ok {
			t.Fatalf("%d is lost", i)
		}
	}
	if extra := len(got) - len(list); extra > rounds {
		t.Fatalf("%d that nobody told of", extra)
	}
	t.Logf("%d findings, %d came again and were known", len(list), c.skipped)
}

func FuzzCommand(f *testing.F) {
	for _, m := range []*pb.Command{ask(question), {Body: &pb.Command_Nudge{Nudge: &pb.Nudge{Version: 1 << 63}}}, {}} {
		b, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	s := openSpool(f, f.TempDir(), 1<<20)
	f.Fuzz(func(t *testing.T, b []byte) {
		ctx, cancel := context.WithCancel(context.Background())
		l := New(quick(), Identity{Place: newPlace()}, s, agent{answer: func(ctx context.Context, _ *pb.Question, _ func(*pb.Answer) error) error {
			<-ctx.Done()
			return ctx.Err()
		}}, quiet())
		for range 10 {
			l.command(ctx, b)
		}
		if n := l.Status().Questions; n > maxQuestions {
			t.Errorf("%d questions at once", n)
		}
		cancel()
		l.questions.wait()
	})
}

func FuzzDesired(f *testing.F) {
	b, err := proto.Marshal(&pb.Desired{Protocol: wire.Protocol, Version: 3, Orders: []*pb.Order{{Id: "a"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(make([]byte, wire.MaxDesired+1))
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, err := parseDesired(b); err == nil && (len(b) > wire.MaxDesired || len(d.GetOrders()) > wire.MaxOrders) {
			t.Error("too much was taken")
		}
	})
}
