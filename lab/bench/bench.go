// Package bench measures Cardea beside its peers: replay, indicators, DNS and the gateway's data plane. Peers run in the same
// run, in rounds that take turns, so that what is told is a ratio; cost is processor time, never time on the wall, since the
// machine may be shared. It imports the lab for namespaces, and of the agent what it measures; it owns its temporary folders
// and the processes that it starts, and ends them. cmd/cardea is what calls it.
package bench

import (
	"cmp"
	"slices"
	"time"
)

// Options hold for every benchmark.
type Options struct {
	Seconds int                      // time to spend, roughly; 0 means the benchmark's own default
	Size    float64                  // share of the full size, for tests; 0 means 1
	Cardea  []string                 // argv prefix of this program, for what is measured as a process of its own
	Agent   string                   // the agent's program; "" leaves the measurements of the whole agent out
	Homes   int                      // of the cloud's store; 0 means the benchmark's own default
	Data    string                   // folder of the cloud's store, which is kept and used again; "": one that is deleted
	DB      string                   // of the console's store, where it is not SQLite in the folder
	Say     func(f string, a ...any) // progress for people; nil: none
}

func (o *Options) defaults(seconds int) {
	if o.Seconds <= 0 {
		o.Seconds = seconds
	}
	if o.Size <= 0 {
		o.Size = 1
	}
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
}

// scaled is n at the size that was asked for.
func (o *Options) scaled(n int) int { return max(1, int(float64(n)*o.Size)) }

// Report is the outcome of one benchmark.
type Report struct {
	Bench    string    `json:"bench"`
	Time     time.Time `json:"time"`
	Seconds  float64   `json:"seconds"` // that it took
	Size     float64   `json:"size"`    // share of the full size
	Machine  Machine   `json:"machine"`
	Input    any       `json:"input,omitempty"` // what was worked on
	Measures []Measure `json:"measures"`
	Notes    []string  `json:"notes,omitempty"` // what to know when reading the numbers
}

func newReport(name string, o Options) *Report {
	return &Report{Bench: name, Time: time.Now().UTC().Truncate(time.Second), Size: o.Size, Machine: ThisMachine()}
}

func (r *Report) done() *Report {
	r.Seconds = time.Since(r.Time).Round(100 * time.Millisecond).Seconds()
	return r
}

func (r *Report) add(m Measure) { r.Measures = append(r.Measures, m) }

func (r *Report) note(s string) { r.Notes = append(r.Notes, s) }

// Measure is one number of ours beside those of others.
type Measure struct {
	What   string  `json:"what"`
	Unit   string  `json:"unit"`
	Value  float64 `json:"value"` // the median of the rounds
	Low    float64 `json:"low"`   // of the rounds: a tenth are lower
	High   float64 `json:"high"`  // a tenth are higher
	Rounds int     `json:"rounds"`
	Tail   *Tail   `json:"tail,omitempty"`
	// Slowest is what took longest of several questions that are measured together; nil where there are none.
	Slowest *Slowest `json:"slowest,omitempty"`
	Goal    *Goal    `json:"goal,omitempty"`
	Peers   []Peer   `json:"peers,omitempty"`
}

// Tail tells of those that waited longest.
type Tail struct {
	P95 float64 `json:"p95,omitempty"` // one of twenty is higher
	P99 float64 `json:"p99"`           // one of a hundred is higher
	Max float64 `json:"max"`
}

// Slowest is the question whose 95 of 100 took longest.
type Slowest struct {
	What string  `json:"what"`
	P95  float64 `json:"p95"`
	Of   int     `json:"of"` // so many questions
}

// Goal is what the number is to be; where there is a tail, what 99 of 100 are to be.
type Goal struct {
	AtLeast float64 `json:"at_least,omitempty"`
	AtMost  float64 `json:"at_most,omitempty"`
	Met     bool    `json:"met"`
}

// Peer is another program, or the same without what is measured, in the same run.
type Peer struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Ratio float64 `json:"ratio"` // ours ÷ theirs
}

// measure sums rounds up.
func measure(what, unit string, rounds []float64) Measure {
	v, low, high := spread(rounds)
	return Measure{What: what, Unit: unit, Value: v, Low: low, High: high, Rounds: len(rounds)}
}

func (m Measure) atLeast(v float64) Measure {
	m.Goal = &Goal{AtLeast: v, Met: m.Value >= v}
	return m
}

func (m Measure) atMost(v float64) Measure {
	m.Goal = &Goal{AtMost: v, Met: m.Value <= v}
	return m
}

// withTail adds the tail; with goal 0 there is none.
func (m Measure) withTail(rounds []float64, goal float64) Measure {
	s := slices.SortedFunc(slices.Values(rounds), cmp.Compare[float64])
	if len(s) == 0 {
		return m
	}
	m.Tail = &Tail{P99: s[(len(s)*99+99)/100-1], Max: s[len(s)-1]}
	if goal > 0 {
		m.Goal = &Goal{AtMost: goal, Met: m.Tail.P99 <= goal}
	}
	return m
}

// beside adds a peer; one that has no rounds was not there.
func (m Measure) beside(name string, rounds []float64) Measure {
	if len(rounds) == 0 {
		return m
	}
	p := Peer{Name: name}
	p.Value, p.Low, p.High = spread(rounds)
	if p.Value != 0 {
		p.Ratio = m.Value / p.Value
	}
	m.Peers = append(m.Peers, p)
	return m
}

// spread gives the median, and what a tenth of the rounds are below and above; of fewer than ten, the lowest and highest.
func spread(v []float64) (mid, low, high float64) {
	if len(v) == 0 {
		return 0, 0, 0
	}
	s := slices.SortedFunc(slices.Values(v), cmp.Compare[float64])
	mid = s[len(s)/2]
	if len(s)%2 == 0 {
		mid = (mid + s[len(s)/2-1]) / 2
	}
	out := len(s) / 10
	return mid, s[out], s[len(s)-1-out]
}
