package ledger

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"cardea/home"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("LEDGER_TEST_WRITER"); dir != "" {
		writeUntilKilled(dir)
	}
	goleak.VerifyTestMain(m)
}

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var equal = cmp.Options{cmp.Comparer(func(a, b netip.Addr) bool { return a == b })}

// contact makes the i-th contact of a plausible home: eight devices, some forty endpoints.
func contact(i int) *home.Contact {
	host := fmt.Sprintf("api%d.cloud-%d.example.com", i%40, i%7)
	yes := i%3 == 0
	c := &home.Contact{
		Device:   home.DeviceIDOf(strconv.Itoa(i % 8)),
		Endpoint: home.Endpoint{Name: host, Domain: "example.com", IP: netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), Port: 443, Proto: "tcp"},
		Named:    "sni", Flows: uint64(i%9 + 1), Failed: uint64(i % 2), Up: uint64(i * 137), Down: uint64(i * 1771), Packets: uint64(i * 3),
		First: t0.Add(time.Duration(i) * time.Second), Last: t0.Add(time.Duration(i)*time.Second + 317*time.Millisecond),
		Verdict: home.Verdict{Action: home.Allow, Reason: "not listed, and nothing else speaks against it"},
	}
	switch i % 5 {
	case 1:
		c.Service = &home.Service{Name: "Philips Hue", Company: "Signify", Purpose: "connects its devices to their maker"}
		c.Usual = &home.Usual{Device: &yes}
	case 2:
		c.Listed = &home.Indicator{Kind: home.IndicatorDomain, Value: "example.com", Class: home.ClassMalware, Source: "l", Confidence: 80, Expires: t0}
		c.Action, c.Reason = home.Block, "example.com is on the list l"
	}
	return c
}

func open(t testing.TB, dir string, o Options) *Ledger {
	t.Helper()
	l, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func ask(t testing.TB, l *Ledger, q Query) (out []*home.Contact) {
	t.Helper()
	if err := l.Query(context.Background(), q, func(c *home.Contact) bool { out = append(out, c); return true }); err != nil {
		t.Fatal(err)
	}
	return out
}

func fill(t testing.TB, l *Ledger, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := l.Append(contact(i)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatWasWrittenIsRead(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Options{})
	fill(t, l, 0, 3000)
	check := func(l *Ledger) {
		t.Helper()
		got := ask(t, l, Query{})
		if len(got) != 3000 {
			t.Fatalf("%d contacts, want 3000", len(got))
		}
		for i, c := range got {
			if d := cmp.Diff(contact(i), c, equal); d != "" {
				t.Fatalf("contact %d: %s", i, d)
			}
		}
	}
	check(l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Append(contact(0)); !errors.Is(err, ErrClosed) {
		t.Errorf("append after close: %v", err)
	}
	l = open(t, dir, Options{})
	check(l)
	s := l.Stats()
	t.Logf("%.1f bytes a contact on disk", float64(s.Bytes)/3000)

	d := home.DeviceIDOf("3")
	for _, c := range []struct {
		q    Query
		n    int
		last int
	}{
		{Query{Device: d}, 375, 2995},
		{Query{From: t0.Add(100 * time.Second), To: t0.Add(200 * time.Second)}, 100, 199},
		{Query{Device: d, Limit: 10}, 10, 2995},
		{Query{Limit: 5000}, 3000, 2999},
		{Query{Device: "nobody"}, 0, 0},
	} {
		got := ask(t, l, c.q)
		if len(got) != c.n {
			t.Errorf("%+v: %d contacts, want %d", c.q, len(got), c.n)
		} else if c.n > 0 && !got[c.n-1].First.Equal(contact(c.last).First) {
			t.Errorf("%+v: the last is %v", c.q, got[c.n-1])
		}
	}
	n := 0
	if err := l.Query(context.Background(), Query{}, func(*home.Contact) bool { n++; return n < 7 }); err != nil || n != 7 {
		t.Errorf("stopped after %d: %v", n, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.Query(ctx, Query{}, func(*home.Contact) bool { return true }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestAnyContactSurvives(t *testing.T) {
	l := &Ledger{}
	opened := open(t, t.TempDir(), Options{})
	l.packer = opened.packer
	text := rapid.StringN(0, 40, -1)
	when := rapid.Custom(func(t *rapid.T) time.Time { return time.Unix(0, rapid.Int64Range(-8e18, 9e18).Draw(t, "ns")).UTC() })
	tri := rapid.SampledFrom([]*bool{nil, new(bool), func() *bool { v := true; return &v }()})
	rapid.Check(t, func(t *rapid.T) {
		var b batch
		var want []*home.Contact
		for range rapid.IntRange(1, 5).Draw(t, "contacts") {
			c := &home.Contact{
				Device: home.DeviceID(text.Draw(t, "device")), Peer: home.DeviceID(text.Draw(t, "peer")), Named: text.Draw(t, "named"),
				Endpoint: home.Endpoint{Name: text.Draw(t, "name"), Domain: text.Draw(t, "domain"), Port: rapid.Uint16().Draw(t, "port"),
					Proto: text.Draw(t, "proto"), ASN: rapid.Uint32().Draw(t, "asn"),
					IP: rapid.SampledFrom([]netip.Addr{{}, netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("fe80::1%eth0")}).Draw(t, "ip")},
				Lookup: rapid.Bool().Draw(t, "lookup"), Inbound: rapid.Bool().Draw(t, "inbound"), Local: rapid.Bool().Draw(t, "local"),
				Flows: rapid.Uint64().Draw(t, "flows"), Down: rapid.Uint64().Draw(t, "down"), First: when.Draw(t, "first"), Last: when.Draw(t, "last"),
				Verdict: home.Verdict{Action: home.Action(rapid.Byte().Draw(t, "action")), Reason: text.Draw(t, "reason")},
			}
			if rapid.Bool().Draw(t, "usual") {
				c.Usual = &home.Usual{Device: tri.Draw(t, "d"), Model: tri.Draw(t, "m")}
			}
			if rapid.Bool().Draw(t, "listed") {
				c.Listed = &home.Indicator{Kind: 3, Value: text.Draw(t, "value"), Confidence: rapid.Byte().Draw(t, "confidence")}
			}
			b.add(c)
			want = append(want, c)
		}
		frame, err := l.pack(&b)
		if err != nil {
			t.Fatal(err)
		}
		var got []*home.Contact
		if err := unpack(frame[frameHead+blockHead:], func(c *home.Contact) bool { got = append(got, c); return true }); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got, equal); d != "" {
			t.Fatal(d)
		}
	})
}

func TestRingIsBounded(t *testing.T) {
	l := open(t, t.TempDir(), Options{MaxBytes: 64 << 10, SegmentBytes: 8 << 10})
	for i := range 20_000 {
		fill(t, l, i, i+1)
		if i%20 == 0 {
			if err := l.Sync(); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := ask(t, l, Query{})
	if last := got[len(got)-1]; !last.First.Equal(contact(19_999).First) {
		t.Error("the newest contact is gone")
	}
	files, _ := filepath.Glob(filepath.Join(l.dir, "*"))
	total := int64(0)
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if s := l.Stats(); total > 64<<10 || s.Bytes != total || s.Dropped == 0 || s.Corrupt != 0 {
		t.Errorf("%d bytes on disk, %+v", total, s)
	}
}

func TestOldSegmentsGo(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Options{MaxAge: time.Hour, SegmentBytes: 2 << 10, MaxBytes: 1 << 20})
	for i := range 100 { // a contact a minute: i·60 s
		fill(t, l, i*60, i*60+1)
		if err := l.Sync(); err != nil {
			t.Fatal(err)
		}
	}
	got := ask(t, l, Query{})
	oldest, newest := got[0].First, got[len(got)-1].Last
	if age := newest.Sub(oldest); age < time.Hour-time.Minute || age > 80*time.Minute {
		t.Errorf("kept %v, want about an hour", age)
	}
}

func TestEraseForgetsADevice(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Options{SegmentBytes: 16 << 10, MaxBytes: 1 << 20})
	gone := home.DeviceIDOf("5")
	for i := range 2000 {
		c := contact(i)
		if i%100 == 0 {
			c.Device, c.Peer = home.DeviceIDOf("1"), gone
		}
		if err := l.Append(c); err != nil {
			t.Fatal(err)
		}
		if i%50 == 0 {
			if err := l.Sync(); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := len(ask(t, l, Query{}))
	if err := l.Erase(gone); err != nil {
		t.Fatal(err)
	}
	fill(t, l, 2000, 2001)
	for range 2 {
		got := ask(t, l, Query{})
		if len(got) != before+1-250-20 {
			t.Errorf("%d contacts of %d left", len(got), before)
		}
		for _, c := range got {
			if c.Device == gone || c.Peer == gone {
				t.Fatal("still there")
			}
		}
		l.Close()
		l = open(t, dir, Options{SegmentBytes: 16 << 10, MaxBytes: 1 << 20})
	}
}

// small writes three blocks of two contacts and gives the file and the ends of its blocks.
func small(t *testing.T) (content []byte, ends []int) {
	dir := t.TempDir()
	l := open(t, dir, Options{})
	for i := range 3 {
		fill(t, l, 2*i, 2*i+2)
		if err := l.Sync(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, segmentName(1)))
		if err != nil {
			t.Fatal(err)
		}
		content, ends = b, append(ends, len(b))
	}
	return content, ends
}

func reopen(t *testing.T, content []byte) *Ledger {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, segmentName(1)), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return open(t, dir, Options{})
}

func TestCutAtEveryByte(t *testing.T) {
	content, ends := small(t)
	for cut := range len(content) + 1 {
		l := reopen(t, content[:cut])
		want := 0
		for _, e := range ends {
			if e <= cut {
				want += 2
			}
		}
		if got := ask(t, l, Query{}); len(got) != want {
			t.Fatalf("cut at %d: %d contacts, want %d", cut, len(got), want)
		}
		fill(t, l, 6, 8) // and it goes on behind the torn block
		if err := l.Sync(); err != nil {
			t.Fatal(err)
		}
		if got := ask(t, l, Query{}); len(got) != want+2 {
			t.Fatalf("cut at %d and gone on: %d contacts, want %d", cut, len(got), want+2)
		}
		l.Close()
	}
}

func TestDamageAtEveryByte(t *testing.T) {
	content, _ := small(t)
	for at := range content {
		broken := append([]byte(nil), content...)
		broken[at] ^= 0x41
		l := reopen(t, broken)
		if got := ask(t, l, Query{}); len(got) != 4 {
			t.Fatalf("damaged at %d: %d contacts, want 4", at, len(got))
		}
		if s := l.Stats(); s.Corrupt != 1 {
			t.Fatalf("damaged at %d: %d counted", at, s.Corrupt)
		}
		l.Close()
	}
}

// writeUntilKilled is the child of TestKilledWhileWriting: it says how many contacts are synced, on and on.
func writeUntilKilled(dir string) {
	l, err := Open(dir, Options{SegmentBytes: 64 << 10})
	if err != nil {
		panic(err)
	}
	for i := 0; ; i++ {
		if err := l.Append(contact(i)); err != nil {
			panic(err)
		}
		if i%37 == 36 {
			if err := l.Sync(); err != nil {
				panic(err)
			}
			fmt.Println(i + 1)
		}
	}
}

func TestKilledWhileWriting(t *testing.T) {
	for round := range 5 {
		dir := t.TempDir()
		cmd := exec.Command(os.Args[0], "-test.run=none")
		cmd.Env = append(os.Environ(), "LEDGER_TEST_WRITER="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		synced, lines := 0, bufio.NewScanner(out)
		for lines.Scan() {
			if synced, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatal(err)
			}
			if synced > 500+round*111 {
				cmd.Process.Kill()
			}
		}
		cmd.Wait()
		l := open(t, dir, Options{})
		got := ask(t, l, Query{})
		if len(got) < synced {
			t.Fatalf("%d contacts left of %d synced", len(got), synced)
		}
		for i, c := range got {
			if d := cmp.Diff(contact(i), c, equal); d != "" {
				t.Fatalf("contact %d: %s", i, d)
			}
		}
	}
}

func TestRunSyncs(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Options{SyncEvery: time.Millisecond})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1) // Run's end; one value
	go func() { done <- l.Run(ctx) }()
	fill(t, l, 0, 3)
	other := func() int {
		o, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		return len(ask(t, o, Query{}))
	}
	for other() != 3 {
		time.Sleep(time.Millisecond)
	}
	fill(t, l, 3, 5)
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := other(); n != 5 {
		t.Errorf("%d contacts after the end", n)
	}
}

func FuzzScan(f *testing.F) {
	l, err := Open(f.TempDir(), Options{})
	if err != nil {
		f.Fatal(err)
	}
	var b batch
	for i := range 5 {
		b.add(contact(i))
	}
	frame, err := l.pack(&b)
	if err != nil {
		f.Fatal(err)
	}
	l.Close()
	f.Add(frame)
	f.Add(append(frame[:len(frame)-3:len(frame)-3], frame...))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &reader{b: data}
		if _, err := scan(r, func(b block) bool {
			unpack(b.data, func(*home.Contact) bool { return true })
			return true
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzContacts(f *testing.F) {
	var b batch
	for i := range 5 {
		b.add(contact(i))
	}
	f.Add(b.data)
	f.Fuzz(func(t *testing.T, data []byte) {
		d := decoder{b: data}
		for len(d.b) > 0 && !d.bad {
			var c home.Contact
			d.contact(&c, 0)
		}
	})
}

// reader gives a few bytes at a time.
type reader struct{ b []byte }

func (r *reader) Read(p []byte) (int, error) {
	if len(r.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), 7)], r.b)
	r.b = r.b[n:]
	return n, nil
}

func BenchmarkAppend(b *testing.B) {
	l := open(b, b.TempDir(), Options{})
	c := contact(1)
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Append(c); err != nil {
			b.Fatal(err)
		}
	}
	s := l.Stats()
	b.ReportMetric(float64(s.Bytes)/float64(s.Appended), "B/contact")
}
