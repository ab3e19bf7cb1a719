package names

import (
	"testing"
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
)

type heard struct{ n int }

func (h *heard) Find(*home.Finding) { h.n++ }

// Names are outside input: any may come.
func FuzzLookup(f *testing.F) {
	f.Add("qzxkvwtrpl.com", uint8(3))
	f.Add("..", uint8(3))
	f.Add("1.2", uint8(3))
	f.Fuzz(func(t *testing.T, name string, rcode uint8) {
		var h heard
		d := New(evidence.NewTeller(&h, time.Hour, nil))
		dev := &Device{Device: &evidence.Device{}}
		for i := range 20 {
			at := time.Unix(int64(i), 0)
			l := &home.Lookup{Question: name, Answer: true, Rcode: rcode}
			d.Lookup(dev, &home.Observation{Event: &home.Event{Kind: home.EventLookup, Time: at, Lookup: l}}, at.UnixNano())
		}
		if h.n > 0 {
			t.Errorf("one name, asked for again and again, is told: %q", name)
		}
	})
}
