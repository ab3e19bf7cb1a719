package uplink

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"cardea/wire"
	"cardea/wire/pb"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("UPLINK_TEST_WRITER"); dir != "" {
		putUntilKilled(dir)
	}
	if dir := os.Getenv("UPLINK_TEST_OVERFILL"); dir != "" {
		overfillUntilKilled(dir)
	}
	if dir := os.Getenv("UPLINK_TEST_LINK"); dir != "" {
		linkUntilKilled(dir)
	}
	if dir := os.Getenv("UPLINK_TEST_MANY"); dir != "" {
		manyLinks(dir)
	}
	goleak.VerifyTestMain(m)
}

func finding(i int) *pb.Item {
	return &pb.Item{Time: int64(i), Body: &pb.Item_Finding{Finding: &pb.Finding{
		Id: strconv.Itoa(i), Device: "camera", Detector: "rare", Strength: "hard", Sentence: "it tried 60 addresses in a minute",
	}}}
}

func rollUp(i int) *pb.Item {
	return &pb.Item{Time: int64(i), Body: &pb.Item_RollUp{RollUp: &pb.RollUp{Hours: []*pb.DeviceHour{
		{Device: strconv.Itoa(i), Hour: int64(i), Usage: []*pb.Usage{{Endpoint: uint64(i), Flows: 3}, {Endpoint: 1, Up: 99}}},
	}}}}
}

// number is which item of the test it is.
func number(t rapid.TB, m *pb.Item) int {
	t.Helper()
	text := m.GetFinding().GetId()
	if r := m.GetRollUp(); r != nil {
		text = r.GetHours()[0].GetDevice()
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("an item that nobody put: %v", m)
	}
	return n
}

// inMemory is a folder that costs no disk, where there is one: for tests that write much and whose point is not the disk.
func inMemory(t testing.TB) string {
	t.Helper()
	const shm = "/dev/shm"
	if _, err := os.Stat(shm); err != nil {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(shm, "uplink-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func openSpool(t testing.TB, dir string, max int64) *Spool {
	t.Helper()
	s, err := OpenSpool(dir, max)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func put(t testing.TB, s *Spool, items ...*pb.Item) {
	t.Helper()
	for _, m := range items {
		if err := s.Put(m); err != nil {
			t.Fatal(err)
		}
	}
}

// drain takes everything, as a link and a receiver would, and checks that the sequence rises.
func drain(t testing.TB, s *Spool) (out []*pb.Item) {
	t.Helper()
	last := uint64(0)
	for {
		items, again, err := s.Next(64, wire.MaxReport)
		if err != nil {
			t.Fatal(err)
		}
		if again > 0 { // what is not on disk yet would come in a moment
			s.mu.Lock()
			err := s.sync()
			s.mu.Unlock()
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		if len(items) == 0 {
			return out
		}
		for _, m := range items {
			if m.GetSequence() <= last {
				t.Fatalf("sequence %d after %d", m.GetSequence(), last)
			}
			last = m.GetSequence()
		}
		out = append(out, items...)
		if err := s.Ack(last); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatWasPutComesOutInOrder(t *testing.T) {
	dir := t.TempDir()
	s := openSpool(t, dir, 1<<20)
	epoch := s.Epoch()
	var want []*pb.Item
	for i := range 500 {
		m := finding(i)
		if i%3 > 0 {
			m = rollUp(i)
		}
		put(t, s, m)
		want = append(want, m)
	}
	// Part is acknowledged, then the program begins again.
	items, _, err := s.Next(64, wire.MaxReport)
	if err != nil || len(items) != 64 {
		t.Fatalf("%d items, %v", len(items), err)
	}
	if again, _, _ := s.Next(10, wire.MaxReport); len(again) != 10 || !proto.Equal(again[0], items[0]) {
		t.Fatal("what was not acknowledged is not given again")
	}
	if err := s.Ack(items[63].GetSequence()); err != nil {
		t.Fatal(err)
	}
	if err := s.SetDesired(7); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(finding(0)); !errors.Is(err, ErrClosed) {
		t.Errorf("put after close: %v", err)
	}
	s = openSpool(t, dir, 1<<20)
	if s.Epoch() != epoch || s.Desired() != 7 || s.Stats().Items != 436 || s.Stats().Damaged != 0 {
		t.Fatalf("epoch %x then %x, desired %d, %+v", epoch, s.Epoch(), s.Desired(), s.Stats())
	}
	put(t, s, finding(500))
	got := drain(t, s)
	want = append(want[64:], finding(500))
	if len(got) != len(want) {
		t.Fatalf("%d items, want %d", len(got), len(want))
	}
	for i, m := range got {
		if number(t, m) != i+64 {
			t.Fatalf("item %d is %v", i+64, m)
		}
	}
	if st := s.Stats(); st.Items != 0 {
		t.Errorf("after all: %+v", st)
	}
}

func TestManyDaysOfItems(t *testing.T) {
	const n = 50_000
	dir := t.TempDir()
	s := openSpool(t, dir, 64<<20)
	for i := range n {
		m := rollUp(i)
		if i%100 == 0 {
			m = finding(i)
		}
		put(t, s, m)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openSpool(t, dir, 64<<20)
	for i, m := range drain(t, s) {
		if number(t, m) != i {
			t.Fatalf("item %d is %v", i, m)
		}
	}
	if s.acked != n {
		t.Fatalf("%d items came out, want %d", s.acked, n)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.spool"))
	if err != nil || len(files) > 2 {
		t.Errorf("%d segments are left, %v", len(files), err)
	}
}

func TestFullSpoolGivesUpTheLeastFirstAndTells(t *testing.T) {
	fast, lost := inMemory(t), 0
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(fast, "spool")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		const max = minSpool
		s, err := OpenSpool(dir, max)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { s.Close() }()
		firm, soft := 0, 0
		got := map[int]bool{}
		told, items := 0, 0
		take := func(all bool) {
			for {
				batch, again, err := s.Next(64, wire.MaxReport)
				if err != nil {
					t.Fatal(err)
				}
				if again > 0 {
					s.sync()
					continue
				}
				if len(batch) == 0 {
					return
				}
				for _, m := range batch {
					if d := m.GetDropped(); d != nil {
						told += int(d.GetItems())
						continue
					}
					items++
					if n := number(t, m); got[n] {
						t.Fatalf("item %d twice", n)
					} else {
						got[n] = true
					}
				}
				if err := s.Ack(batch[len(batch)-1].GetSequence()); err != nil {
					t.Fatal(err)
				}
				if !all {
					return
				}
			}
		}
		for i := range rapid.IntRange(100, 1500).Draw(t, "items") {
			m := rollUp(i)
			if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
				m = finding(i)
				m.GetFinding().Facts = make([]byte, 300)
				firm++
			} else {
				soft++
			}
			if err := s.Put(m); err != nil {
				t.Fatal(err)
			}
			switch rapid.IntRange(0, 99).Draw(t, "act") { // small numbers come often
			case 37:
				take(false)
			case 52:
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				if s, err = OpenSpool(dir, max); err != nil {
					t.Fatal(err)
				}
			case 41, 61, 83:
				if _, _, err := s.Next(64, wire.MaxReport); err != nil { // given out, not yet acknowledged
					t.Fatal(err)
				}
			}
			if st := s.Stats(); st.Bytes > max+16<<10 {
				t.Fatalf("%d bytes", st.Bytes)
			}
		}
		dropped := int(s.Stats().Dropped)
		lost += dropped
		take(true)
		if items+told != firm+soft || dropped != told {
			t.Fatalf("%d came, %d were told to be lost (%d counted), of %d", items, told, dropped, firm+soft)
		}
	})
	t.Logf("%d items were given up in all", lost)
	if lost == 0 {
		t.Error("the spool was never full")
	}
}

func TestFindingsOutliveRollUps(t *testing.T) {
	s := openSpool(t, t.TempDir(), minSpool)
	for i := range 4000 {
		if i%20 == 0 {
			put(t, s, finding(i))
		} else {
			put(t, s, rollUp(i))
		}
	}
	findings := 0
	for _, m := range drain(t, s) {
		if m.GetFinding() != nil {
			findings++
		}
	}
	if findings != 200 {
		t.Errorf("%d of 200 findings are left", findings)
	}
}

// TestDamageAtAnyByte cuts and damages each file at each byte: what is whole is found, nothing is invented, no sequence is used
// again.
func TestDamageAtAnyByte(t *testing.T) {
	dir, copies := inMemory(t), inMemory(t)
	s := openSpool(t, dir, 1<<20)
	for i := range 6 {
		put(t, s, finding(i), rollUp(i+100))
	}
	if items, _, err := s.Next(3, wire.MaxReport); err != nil || s.Ack(items[2].GetSequence()) != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 4 {
		t.Fatal(files, err)
	}
	content := map[string][]byte{}
	for _, f := range files {
		if content[f], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range files {
		for at := range len(content[f]) {
			for _, damage := range []string{"cut", "flip"} {
				b := append([]byte(nil), content[f][:at]...)
				if damage == "flip" {
					b = append([]byte(nil), content[f]...)
					b[at] ^= 0x55
				}
				for name, whole := range content {
					if name == f {
						whole = b
					}
					if err := os.WriteFile(name, whole, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				checkDamaged(t, dir, filepath.Join(copies, "copy"), s.Epoch(), fmt.Sprintf("%s %s at %d", filepath.Base(f), damage, at), strings.HasSuffix(f, ".spool"))
			}
		}
	}
}

func checkDamaged(t *testing.T, dir, d string, epoch uint64, what string, segment bool) {
	t.Helper()
	defer os.RemoveAll(d)
	if err := os.CopyFS(d, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	s, err := OpenSpool(d, 1<<20)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	defer s.Close()
	put(t, s, finding(1000))
	seen := 0
	items := drain(t, s)
	for _, m := range items {
		if n := number(t, m); n != 1000 {
			if want := uint64(2*n + 1); n < 100 && m.GetSequence() != want || n >= 100 && m.GetSequence() != uint64(2*(n-100)+2) {
				t.Fatalf("%s: item %d has the sequence %d", what, n, m.GetSequence())
			}
			seen++
		}
	}
	last := items[len(items)-1]
	if number(t, last) != 1000 || last.GetSequence() <= 12 {
		t.Fatalf("%s: the new item is %v", what, last)
	}
	if s.Epoch() != epoch {
		t.Fatalf("%s: another epoch", what)
	}
	if !segment && seen < 9 || seen < 3 {
		t.Fatalf("%s: %d items are left", what, seen)
	}
}

func TestLostSpoolIsANewEpoch(t *testing.T) {
	a, b := openSpool(t, t.TempDir(), 1<<20), openSpool(t, t.TempDir(), 1<<20)
	if a.Epoch() == b.Epoch() || a.Epoch() == 0 {
		t.Error("two spools have one epoch")
	}
}

// What was told and then erased is not on the disk once it is acknowledged, and the spool goes on, also when it is opened anew.
func TestSealedLeavesTheDisk(t *testing.T) {
	dir := t.TempDir()
	s := openSpool(t, dir, 1<<20)
	secret := &pb.Item{Body: &pb.Item_Finding{Finding: &pb.Finding{Sentence: "It calls secret.example."}}}
	put(t, s, secret, rollUp(1))
	lies := func() (n int) {
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			n += bytes.Count(b, []byte("secret.example"))
		}
		return n
	}
	if err := s.Ack(2); err != nil || lies() != 1 {
		t.Fatalf("%v, in %d places: this test cannot fail", err, lies())
	}
	put(t, s, secret)
	if err := s.Seal(); err != nil || lies() != 2 {
		t.Fatalf("%v, in %d places: what is not acknowledged is gone", err, lies())
	}
	if err := s.Ack(3); err != nil || lies() != 0 {
		t.Fatalf("%v, in %d places", err, lies())
	}
	epoch := s.Epoch()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openSpool(t, dir, 1<<20)
	put(t, s, finding(7))
	if got := drain(t, s); s.Epoch() != epoch || len(got) != 1 || got[0].GetSequence() <= 3 {
		t.Errorf("after that: %v", got)
	}
}

func TestSpoolRefuses(t *testing.T) {
	if _, err := OpenSpool(t.TempDir(), 1000); err == nil {
		t.Error("1000 bytes are taken")
	}
	s := openSpool(t, t.TempDir(), 1<<20)
	m := finding(1)
	m.GetFinding().Facts = make([]byte, 1<<20)
	if err := s.Put(m); !errors.Is(err, ErrTooBig) {
		t.Errorf("an item of 1 MiB: %v", err)
	}
	if st := s.Stats(); st.Items != 0 {
		t.Errorf("%+v", st)
	}
}

// putUntilKilled is the child of TestKilled: it says what is on disk, and what it has given out.
func putUntilKilled(dir string) {
	s, err := OpenSpool(dir, 1<<20)
	if err != nil {
		panic(err)
	}
	for i := 0; ; i++ {
		m := rollUp(i)
		if i%4 == 0 {
			m = finding(i)
		}
		if err := s.Put(m); err != nil {
			panic(err)
		}
		if m.GetFinding() != nil {
			fmt.Println("put", m.GetSequence())
		}
		if i%50 == 49 {
			items, _, err := s.Next(20, wire.MaxReport)
			if err != nil {
				panic(err)
			}
			if len(items) > 0 {
				last := items[len(items)-1].GetSequence()
				fmt.Println("ack", last)
				if err := s.Ack(last); err != nil {
					panic(err)
				}
			}
		}
	}
}

func TestKilled(t *testing.T) {
	dir := t.TempDir()
	highest := uint64(0) // of all that ever had a sequence, as far as is known
	epoch := uint64(0)
	for round := range 6 {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), "UPLINK_TEST_WRITER="+dir)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		var puts []uint64
		acked, lines := uint64(0), 0
		for in := bufio.NewScanner(out); in.Scan(); {
			var n uint64
			var what string
			if _, err := fmt.Sscan(in.Text(), &what, &n); err != nil {
				t.Fatal(in.Text())
			}
			if what == "ack" {
				acked = n
			} else {
				if n <= highest {
					t.Fatalf("round %d: sequence %d is used again", round, n)
				}
				puts = append(puts, n)
			}
			if lines++; lines == 30+round*37 {
				c.Process.Kill()
			}
		}
		c.Wait()
		s := openSpool(t, dir, 1<<20)
		if epoch != 0 && epoch != s.Epoch() {
			t.Fatal("another epoch")
		}
		epoch = s.Epoch()
		there := map[uint64]bool{}
		for _, m := range drain(t, s) {
			there[m.GetSequence()] = true
			highest = max(highest, m.GetSequence())
		}
		for _, n := range puts {
			if n > acked && !there[n] {
				t.Fatalf("round %d: the finding %d was on disk and is lost", round, n)
			}
			highest = max(highest, n)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzFrames(f *testing.F) {
	f.Add(putFrame(putFrame(nil, 1, []byte("one")), 2, nil))
	f.Add([]byte("Cds1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for at := 0; ; {
			f, _, ok := readFrame(b, at)
			if !ok {
				return
			}
			if f.end <= at || f.end > len(b) {
				t.Fatalf("from %d to %d", at, f.end)
			}
			at = f.end
		}
	})
}

func BenchmarkPutFinding(b *testing.B) {
	s := openSpool(b, b.TempDir(), 64<<20)
	for i := 0; b.Loop(); i++ {
		put(b, s, finding(i))
	}
}

// overfillUntilKilled is the child of TestKilledWhileFull.
func overfillUntilKilled(dir string) {
	s, err := OpenSpool(dir, minSpool)
	if err != nil {
		panic(err)
	}
	for i := 0; ; i++ {
		m := rollUp(i)
		if i%5 == 0 {
			m = finding(i)
		}
		if err := s.Put(m); err != nil {
			panic(err)
		}
		fmt.Println(i)
	}
}

// TestKilledWhileFull: whatever is given up is told, once, wherever a kill strikes.
func TestKilledWhileFull(t *testing.T) {
	const rounds = 8
	dir := inMemory(t)
	puts := 0
	for round := range rounds {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), "UPLINK_TEST_OVERFILL="+dir)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		n := 0
		for in := bufio.NewScanner(out); in.Scan(); n++ {
			if n == 1000+round*53 {
				c.Process.Kill()
			}
		}
		c.Wait()
		puts += n
	}
	s := openSpool(t, dir, minSpool)
	there, told, findings := 0, 0, 0
	for _, m := range drain(t, s) {
		if d := m.GetDropped(); d != nil {
			told += int(d.GetItems())
			continue
		}
		there++
		if m.GetFinding() != nil {
			findings++
		}
	}
	if sum := there + told; sum < puts || sum > puts+rounds || told == 0 || findings == 0 || int(s.Stats().Dropped) != told {
		t.Errorf("%d put, %d there (%d findings), %d told to be lost, %d counted", puts, there, findings, told, s.Stats().Dropped)
	}
}
