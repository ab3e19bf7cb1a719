package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"cardea/intel"

	"golang.org/x/sys/unix"
)

const (
	listNames   = 1_000_000
	deltaNames  = 50_000
	askedNames  = 1 << 16 // different questions: the processor's caches do not hold what they lead to
	askedRounds = 4       // times each question is asked in a round
)

// plainSet is the peer: the plainest thing that gives the same answers.
type plainSet map[string]struct{}

func (m plainSet) find(name string) bool {
	for {
		if _, ok := m[name]; ok {
			return true
		}
		i := strings.IndexByte(name, '.')
		if i < 0 {
			return false
		}
		name = name[i+1:]
	}
}

// Intel measures indicators: a list of a million names is compiled, asked and changed, beside a Go map that does the same.
func Intel(ctx context.Context, o Options) (*Report, error) {
	o.defaults(30)
	end := time.Now().Add(time.Duration(o.Seconds) * time.Second)
	r := newReport("intel", o)
	n := o.scaled(listNames)
	in := makeList(n)
	r.Input = map[string]int{"names": n, "text_bytes": len(in.text), "delta": in.delta()}
	m := intelRounds{}
	for round := 0; round < 15 && (round == 0 || time.Now().Before(end)); round++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := m.round(in); err != nil {
			return nil, err
		}
		o.Say("round %d: load %.2f CPU-s, hit %.0f ns, miss %.0f ns; map: %.2f CPU-s, %.0f ns, %.0f ns", round+1,
			last(m.load), last(m.hit), last(m.miss), last(m.mapLoad), last(m.mapHit), last(m.mapMiss))
	}
	const mapName = "Go map of strings"
	r.add(measure("list of names, from text to a set in force", "CPU-s", m.load).atMost(0.5).beside(mapName, m.mapLoad))
	r.add(measure("bytes per indicator", "B", m.bytes).atMost(10).beside(mapName, m.mapBytes))
	r.add(measure("look-up, hit, name of 4 levels", "ns", m.hit).atMost(170).beside(mapName, m.mapHit))
	r.add(measure("look-up, miss, name of 4 levels", "ns", m.miss).atMost(80).beside(mapName, m.mapMiss))
	r.add(measure(fmt.Sprintf("delta of %d names: half in, half out", in.delta()), "CPU-ms", m.delta))
	r.add(measure("look-up, miss, after the delta", "ns", m.missAfter))
	r.note("a delta makes a new set beside the old one: no look-up waits for it")
	r.note(fmt.Sprintf("%d different questions in no order, so that look-ups miss the processor's caches as they would on a gateway", askedNames))
	return r.done(), nil
}

// input is what a round works on.
type input struct {
	text       []byte
	names      []string // of the list; they share the text's memory
	hit, miss  []string
	fresh, old []string // delta
}

func (in *input) delta() int { return len(in.fresh) + len(in.old) }

func makeList(n int) *input {
	var b bytes.Buffer
	b.WriteString("# generated\n")
	for i := range n {
		b.WriteString(dnsListed(i))
		b.WriteByte('\n')
	}
	in := &input{text: b.Bytes()}
	in.names = strings.Split(strings.TrimSpace(b.String()), "\n")[1:]
	for i := range askedNames {
		name := in.names[uint64(i)*0x9e3779b97f4a7c15%uint64(n)]
		in.hit = append(in.hit, levels(name))
		in.miss = append(in.miss, fmt.Sprintf("w%d.cdn%d.site-%d.com", i%7, i%31, uint64(i)*0x9e3779b97f4a7c15%1_000_003))
	}
	half := min(deltaNames, n) / 2
	for i := range half {
		in.fresh = append(in.fresh, dnsListed(n+i))
		in.old = append(in.old, in.names[i*(n/half)])
	}
	return in
}

// levels puts labels before a name until it has four.
func levels(name string) string {
	for strings.Count(name, ".") < 3 {
		name = "w." + name
	}
	return name
}

// intelRounds are the numbers of each round.
type intelRounds struct {
	load, bytes, hit, miss, delta, missAfter []float64
	mapLoad, mapBytes, mapHit, mapMiss       []float64
}

var errAnswers = errors.New("the set's answers are wrong")

func (m *intelRounds) round(in *input) error {
	add := func(list *[]float64, v float64) { *list = append(*list, v) }
	runtime.GC()
	start := ownCPU()
	b := intel.NewBuilder()
	list := intel.List{Source: "list"}
	if _, err := intel.Read(bytes.NewReader(in.text), list, b.Add); err != nil {
		return fmt.Errorf("read the list: %w", err)
	}
	set := b.Build()
	add(&m.load, ownCPU()-start)
	if set.Names() != len(in.names) {
		return fmt.Errorf("%w: %d of %d names compiled", errAnswers, set.Names(), len(in.names))
	}
	add(&m.bytes, float64(set.Bytes())/float64(set.Len()))
	ask := func(s *intel.Set) func(string) bool { return func(n string) bool { _, ok := s.Find(n); return ok } }
	add(&m.hit, perLookup(ask(set), in.hit, true))
	add(&m.miss, perLookup(ask(set), in.miss, false))

	d := intel.Delta{}
	for _, n := range in.fresh {
		d.Add = append(d.Add, intel.Listed{List: list, Entry: intel.Entry{Name: n}})
	}
	for _, n := range in.old {
		d.Remove = append(d.Remove, intel.Entry{Name: n})
	}
	start = ownCPU()
	next, refused := set.Apply(d)
	add(&m.delta, (ownCPU()-start)*1e3)
	if refused != 0 || !ask(next)(in.fresh[0]) || ask(next)(in.old[0]) {
		return fmt.Errorf("%w after a delta (%d refused)", errAnswers, refused)
	}
	add(&m.missAfter, perLookup(ask(next), in.miss, false))
	m.peer(in, add)
	if wrong := last(m.hit) < 0 || last(m.miss) < 0 || last(m.missAfter) < 0; wrong {
		return errAnswers
	}
	return nil
}

func (m *intelRounds) peer(in *input, add func(*[]float64, float64)) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := ownCPU()
	plain := plainSet{}
	for line := range strings.Lines(string(in.text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			plain[line] = struct{}{}
		}
	}
	add(&m.mapLoad, ownCPU()-start)
	runtime.GC()
	runtime.ReadMemStats(&after)
	add(&m.mapBytes, float64(after.HeapAlloc-before.HeapAlloc)/float64(len(plain)))
	add(&m.mapHit, perLookup(plain.find, in.hit, true))
	add(&m.mapMiss, perLookup(plain.find, in.miss, false))
	runtime.KeepAlive(plain)
}

// perLookup is the thread's processor time of one question, in nanoseconds; negative when an answer is not what it must be.
func perLookup(find func(string) bool, names []string, want bool) float64 {
	runtime.GC()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	wrong := 0
	start := threadCPU()
	for range askedRounds {
		for _, n := range names {
			if find(n) != want {
				wrong++
			}
		}
	}
	ns := (threadCPU() - start) * 1e9 / float64(askedRounds*len(names))
	if wrong > 0 {
		return -1
	}
	return ns
}

// threadCPU is the processor time of the calling thread in seconds, which the scheduler counts in nanoseconds.
func threadCPU() float64 {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano()).Seconds()
}

func last(v []float64) float64 { return v[len(v)-1] }
