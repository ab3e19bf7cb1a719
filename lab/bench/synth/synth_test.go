package synth

import (
	"bytes"
	"context"
	"net/netip"
	"testing"

	"cardea/gateway/capture/file"
	"cardea/home"
)

// reader counts what another program's eyes find in a capture.
type reader struct {
	tuples map[[2]netip.AddrPort]int
	named  int
}

func (r *reader) Handle(e *home.Event) {
	switch {
	case e.Kind == home.EventFlow && e.Flow.State == home.FlowNew:
		r.tuples[[2]netip.AddrPort{e.Flow.Src, e.Flow.Dst}]++
	case e.Kind == home.EventName:
		r.named++
	}
}

// The same seed makes the same file, and the file holds what the statistics say.
func TestWrite(t *testing.T) {
	var one, two bytes.Buffer
	o := Options{Flows: 3000, Seed: 7}
	st, err := Write(&one, o)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Write(&two, o); err != nil || again != st || !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Errorf("the same seed made %+v, then %+v (%v)", st, again, err)
	}
	r := &reader{tuples: map[[2]netip.AddrPort]int{}}
	got, err := file.Replay(context.Background(), &one, r, file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Packets != st.Packets || got.Malformed != 0 || got.Truncated != 0 {
		t.Errorf("made %+v, read %+v", st, got)
	}
	if uint64(len(r.tuples)) < st.Flows || st.Flows != 3000 {
		t.Errorf("%d different tuples in %d flows", len(r.tuples), st.Flows)
	}
	if uint64(r.named) < st.Named*99/100 {
		t.Errorf("found %d names, %d flows begin with one", r.named, st.Named)
	}
	if per := float64(st.Packets) / float64(st.Flows); per < 12 || per > 25 {
		t.Errorf("%.1f packets a flow", per)
	}
}
