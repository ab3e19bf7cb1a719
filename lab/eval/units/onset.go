package units

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"cardea/gateway/capture/zeek"
	"cardea/home"
)

// Onset is when an attack begins: its first malicious packet.
type Onset struct {
	Time   time.Time     // in the capture's own time; zero: the labels call nothing malicious
	Frame  uint64        // of the capture file or the line of the log; of the file that it is in
	Device home.DeviceID // the infected device: who has part in the most malicious flows; "": none of the unit's
	Flow   uint64        // its id; 0: it is no flow
	Kinds  []string      // of the malicious flows as their labels tell, in order
	Rows   int           // malicious flows that the labels tell of; 0 without labels
}

// Onset finds the first malicious packet. labels is a conn.log with labels (as IoT-23's conn.log.labeled or its CSV) that tells
// which flows are malicious; "": the unit's own logs if they have labels, else what the infected device sends first is the attack.
// device is the infected device if that is known; "": the one with the most malicious flows, else the one that begins the most.
//
// Labels come from the clock of the capture that they were made of. Where the unit's own packets show the first malicious flow the
// onset is the first packet of that, else the time in the labels.
func (u *Unit) Onset(ctx context.Context, device home.DeviceID, labels string) (Onset, error) {
	files := []string{labels}
	if labels == "" {
		files = nil
		for _, s := range u.sources {
			if s.flows {
				files = append(files, s.path)
			}
		}
	}
	bad := &verdicts{unit: u, by: map[home.DeviceID]int{}, kinds: map[string]bool{}, flows: map[uint64][]time.Time{}}
	for _, f := range files {
		if err := bad.read(ctx, f); err != nil {
			return Onset{}, err
		}
	}
	switch {
	case bad.rows > 0:
		return bad.onset(ctx, device)
	case bad.labelled:
		return Onset{}, nil
	}
	if device == "" && len(u.Devices) > 0 {
		device = u.Devices[0].ID
	}
	return u.firstOf(ctx, device)
}

// verdicts is what labels say.
type verdicts struct {
	unit     *Unit
	labelled bool
	rows     int
	first    tick
	firstID  uint64
	by       map[home.DeviceID]int
	kinds    map[string]bool
	flows    map[uint64][]time.Time // malicious ones, by the id of either direction
}

// maxLabels bounds the malicious flows that are looked for among the packets: the first ones are enough.
const maxLabels = 100_000

func (v *verdicts) read(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open labels: %w", err)
	}
	defer f.Close()
	_, err = zeek.Read(ctx, f, func(r *zeek.Row) error {
		v.labelled = v.labelled || r.Label.Given
		if r.Label.Malicious {
			v.add(r)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("labels %s: %w", path, err)
	}
	return nil
}

func (v *verdicts) add(r *zeek.Row) {
	v.rows++
	if r.Label.Kind != "" {
		v.kinds[r.Label.Kind] = true
	}
	if v.first.IsZero() || r.Start.Before(v.first.Time) {
		v.first, v.firstID = tick{r.Start}, r.ID
	}
	for i := range v.unit.Devices {
		d := &v.unit.Devices[i]
		if slices.Contains(d.Addresses, r.Src.Addr()) || slices.Contains(d.Addresses, r.Dst.Addr()) {
			v.by[d.ID]++
		}
	}
	if len(v.flows) < maxLabels {
		v.flows[r.ID] = append(v.flows[r.ID], r.Start)
		if back := home.FlowID(r.Proto, r.Dst, r.Src); back != r.ID {
			v.flows[back] = append(v.flows[back], r.Start)
		}
	}
}

// near is how far apart a label's time and its flow's first packet may be: tools round, and some begin a flow at its first answer.
const near = 2 * time.Second

// onset finds the first packet of the first malicious flow.
func (v *verdicts) onset(ctx context.Context, device home.DeviceID) (Onset, error) {
	o := Onset{Time: v.first.Time, Flow: v.firstID, Device: device, Kinds: slices.Sorted(maps.Keys(v.kinds)), Rows: v.rows}
	if device == "" {
		most := 0
		for i := range v.unit.Devices {
			if n := v.by[v.unit.Devices[i].ID]; n > most {
				o.Device, most = v.unit.Devices[i].ID, n
			}
		}
	}
	found := false
	ctx2, stop := context.WithCancel(ctx)
	defer stop()
	err := v.unit.Events(ctx2, sinkFunc(func(e *home.Event) {
		if found || e.Kind != home.EventFlow || e.Flow.State != home.FlowNew {
			return
		}
		for _, at := range v.flows[e.Flow.ID] {
			if d := e.Time.Sub(at); d > -near && d < near {
				found = true
				o.Time, o.Frame, o.Flow = e.Time, e.Frame, e.Flow.ID
				stop()
				return
			}
		}
	}))
	if err != nil && !found {
		return Onset{}, err
	}
	return o, nil
}

// firstOf is the first packet that a device sends of its own accord.
func (u *Unit) firstOf(ctx context.Context, id home.DeviceID) (Onset, error) {
	d, ok := u.Device(id)
	if !ok {
		return Onset{}, fmt.Errorf("onset: %s has no device %s", u.Name, cmp.Or(string(id), "at all"))
	}
	var o Onset
	ctx2, stop := context.WithCancel(ctx)
	defer stop()
	err := u.Events(ctx2, sinkFunc(func(e *home.Event) {
		if !o.Time.IsZero() || !slices.Contains(d.MACs, e.Source) || e.Kind == home.EventTick {
			return
		}
		o = Onset{Time: e.Time, Frame: e.Frame, Device: id}
		if e.Flow != nil {
			o.Flow = e.Flow.ID
		}
		stop()
	}))
	if err != nil && o.Time.IsZero() {
		return Onset{}, err
	}
	return o, nil
}
