package calibrate

import (
	"math"
	"testing"
)

// What rests on fewer than 20 homes is told to nobody; what rests on more is told as it is.
func TestTold(t *testing.T) {
	days := func(homes, unscored int) *Tables {
		var all []Sample
		for h := range homes {
			for d := range 30 {
				s := Sample{Home: uint64(h + 1), Day: uint32(d)}
				for i := range s.Max {
					s.Max[i] = float32(1 + (h*31+d*7+i)%17)
				}
				if h >= unscored {
					s.Max[Combined] = Unscored
				}
				all = append(all, s)
			}
		}
		return Build(all, Options{})
	}
	if got := days(19, 19).Told(); got != nil {
		t.Errorf("tables of 19 homes are told: %d homes", got.Homes())
	}
	if (*Tables)(nil).Told() != nil {
		t.Error("no tables are some")
	}
	some := days(40, 7)
	got := some.Told()
	if got == nil || got.Homes() != 40 || got.P(Minutes, 9) != some.P(Minutes, 9) {
		t.Fatalf("%+v", got)
	}
	if p := got.P(Combined, 9); p.How != Silent || p.N != 0 || p.Homes != 0 {
		t.Errorf("a statistic of 7 homes is told: %+v", p)
	}
	if x, how := got.Threshold(Combined, 0.01); how != Silent || !math.IsInf(x, 1) {
		t.Errorf("threshold %v, %v", x, how)
	}
	b, err := got.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if back, err := Parse(b); err != nil || back.P(Combined, 9).How != Silent || back.P(Hours, 5) != got.P(Hours, 5) {
		t.Errorf("it does not come back: %v", err)
	}
}
