package detect

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"cardea/gateway/capture/zeek"
	"cardea/home"
	"cardea/lab/eval/units"
)

// labels say which of a capture's flows are malicious, by the frame (the line of a log) that began them: that holds also when the
// capture is played with other addresses at another time.
type labels struct {
	family  string
	flows   map[uint64]bool // frames that begin a malicious flow
	kinds   map[string]int  // malicious flows by what they are called
	devices []string        // MACs and addresses of who is infected; none: whoever takes part
	onset   time.Time       // nothing before it is malicious; zero: not told
	unknown units.Left      // rows whose label is no known word
	every   bool            // all that the devices do from the onset on is malicious
}

// maxLabels bounds the malicious flows that are remembered of one capture.
const maxLabels = 4 << 20

// readLabels reads what is malicious in a capture: from the file that was named, else from the capture itself. Nil: nobody says.
func readLabels(ctx context.Context, u *units.Unit, capture, file string) (*labels, error) {
	l := &labels{flows: map[uint64]bool{}, kinds: map[string]int{}}
	if file == "" {
		if given, err := l.own(ctx, capture); err != nil || !given {
			return nil, err
		}
		return l, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, zeek.Sniff)
	head, err := in.Peek(zeek.Sniff)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("labels: %w", err)
	}
	if zeek.Is(head) {
		return l, l.join(ctx, u, file, in)
	}
	rules, err := parseRules(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return l, l.apply(ctx, u, rules)
}

// own reads the labels that a log of flows carries. False: it has none.
func (l *labels) own(ctx context.Context, path string) (given bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, fmt.Errorf("labels: %w", err)
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, zeek.Sniff)
	if head, _ := in.Peek(zeek.Sniff); !zeek.Is(head) {
		return false, nil
	}
	_, err = zeek.Read(ctx, in, func(r *zeek.Row) error {
		given = given || r.Label.Given
		l.unsaid(r)
		if r.Label.Malicious && len(l.flows) < maxLabels {
			l.flows[uint64(r.Line)] = true
			l.kinds[r.Label.Kind]++
		}
		return nil
	})
	var broken *zeek.FormatError
	if errors.As(err, &broken) {
		err = nil // what is readable is played, and was told as a problem
	}
	return given, err
}

// unsaid counts a row whose label is no known word: it is not taken for the attack's, nor for benign.
func (l *labels) unsaid(r *zeek.Row) {
	if r.Label.Unknown != "" {
		l.unknown.Add(units.Left{Unknown: 1, Words: []string{r.Label.Unknown}})
	}
}

// span is when a labelled flow was.
type span struct {
	from, to time.Time
	kind     string
}

// Clocks of a capture and of the log made of it may differ by rounding; a flow's last packets may come after it was logged.
const (
	labelEarly = time.Second
	labelLate  = time.Minute
)

// join finds the malicious rows of a log in the packets that it was made from: by addresses, ports and time.
func (l *labels) join(ctx context.Context, u *units.Unit, path string, in io.Reader) error {
	bad := map[uint64][]span{}
	rows := 0
	_, err := zeek.Read(ctx, in, func(r *zeek.Row) error {
		l.unsaid(r)
		if r.Label.Malicious && rows < maxLabels {
			rows++
			bad[r.ID] = append(bad[r.ID], span{r.Start.Add(-labelEarly), r.Start.Add(r.Duration + labelLate), r.Label.Kind})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("labels: %s: %w", path, err)
	}
	err = u.Events(ctx, sinkFunc(func(e *home.Event) {
		if e.Kind != home.EventFlow || e.Flow.State != home.FlowNew {
			return
		}
		for _, s := range bad[e.Flow.ID] {
			if !e.Time.Before(s.from) && !e.Time.After(s.to) && !l.flows[e.Frame] {
				l.flows[e.Frame] = true
				l.kinds[s.kind]++
			}
		}
	}))
	if err == nil && rows > 0 && len(l.flows) == 0 {
		return fmt.Errorf("labels: none of the %d malicious rows of %s is in %s", rows, path, u.Name)
	}
	return err
}

type sinkFunc func(*home.Event)

// Handle calls f.
func (f sinkFunc) Handle(e *home.Event) { f(e) }

// apply finds the flows that the rules mean.
func (l *labels) apply(ctx context.Context, u *units.Unit, r *rules) error {
	l.family, l.devices, l.onset = r.family, r.devices, r.onset
	if l.onset.IsZero() {
		l.onset = u.First.Add(r.after)
	}
	if len(r.endpoints) == 0 {
		l.every = true
		return nil
	}
	kind := cmp.Or(r.family, "malicious")
	return u.Events(ctx, sinkFunc(func(e *home.Event) {
		if e.Kind != home.EventFlow || e.Flow.State != home.FlowNew || e.Time.Before(l.onset) || len(l.flows) >= maxLabels {
			return
		}
		for _, end := range r.endpoints {
			if end.is(e.Flow.Dst) || end.is(e.Flow.Src) {
				l.flows[e.Frame] = true
				l.kinds[kind]++
				return
			}
		}
	}))
}

// most is the name of the family: given, or what most malicious flows are called; "" when they have no names.
func (l *labels) most() string {
	if l.family != "" {
		return l.family
	}
	best := ""
	for _, k := range slices.Sorted(maps.Keys(l.kinds)) {
		if k != "" && (best == "" || l.kinds[k] > l.kinds[best]) {
			best = k
		}
	}
	return best
}

// infected says whether a device is one of those that the labels name; when they name none everybody may be.
func (l *labels) infected(d *home.Device) bool {
	if len(l.devices) == 0 {
		return true
	}
	for _, m := range d.MACs {
		if slices.Contains(l.devices, m.String()) {
			return true
		}
	}
	for _, a := range d.Addresses {
		if slices.Contains(l.devices, a.String()) {
			return true
		}
	}
	return slices.Contains(l.devices, d.MAC.String())
}
