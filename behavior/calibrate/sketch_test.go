package calibrate

import (
	"bytes"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func sharded(samples []Sample, n int, by func(i int) int) []byte {
	parts := make([]*Sketch, n)
	for i := range parts {
		parts[i] = NewSketch(5)
	}
	for i := range samples {
		parts[by(i)%n].Add(&samples[i])
	}
	for len(parts) > 1 { // as a tree, the last first
		last := parts[len(parts)-1]
		parts = parts[:len(parts)-1]
		to := parts[len(parts)/2]
		if err := to.Merge(last); err != nil {
			panic(err)
		}
	}
	b, _ := parts[0].MarshalBinary()
	return b
}

// Any sharding, also of one home's days, gives the same bytes; many more homes than are kept included.
func TestShardsAgree(t *testing.T) {
	r := random(71)
	var samples []Sample
	for i := range 20000 {
		s := Sample{Home: r.Uint64N(6000), Day: uint32(i)}
		for j := range s.Max {
			s.Max[j] = float32(math.Exp(3 * r.NormFloat64()))
		}
		samples = append(samples, s)
	}
	want := sharded(samples, 1, func(int) int { return 0 })
	for _, n := range []int{8, 64} {
		if !bytes.Equal(want, sharded(samples, n, func(i int) int { return i })) {
			t.Errorf("%d shards by day differ", n)
		}
		if !bytes.Equal(want, sharded(samples, n, func(i int) int { return int(samples[i].Home) })) {
			t.Errorf("%d shards by home differ", n)
		}
	}
	s, err := ParseSketch(want)
	if err != nil {
		t.Fatal(err)
	}
	if s.Homes() != MaxHomes || len(want) > MaxSketch {
		t.Errorf("%d homes, %d bytes", s.Homes(), len(want))
	}
	for i := range samples { // a sketch that was stored goes on as one that was not
		s.Add(&samples[i])
	}
	twice := NewSketch(5)
	for range 2 {
		for i := range samples {
			twice.Add(&samples[i])
		}
	}
	a, _ := s.MarshalBinary()
	if b, _ := twice.MarshalBinary(); !bytes.Equal(a, b) {
		t.Error("a sketch that was read back goes on differently")
	}
}

func drawSamples(t *rapid.T) []Sample {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Sample {
		s := Sample{Home: rapid.Uint64Range(0, 30).Draw(t, "home")}
		for i := range s.Max {
			s.Max[i] = rapid.Float32().Draw(t, "x")
		}
		return s
	}), 0, 120).Draw(t, "samples")
}

func TestShardsAgreeOnAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := drawSamples(t)
		cut := rapid.SliceOfN(rapid.IntRange(0, 7), len(samples), len(samples)).Draw(t, "shard")
		want := sharded(samples, 1, func(int) int { return 0 })
		if !bytes.Equal(want, sharded(samples, 8, func(i int) int { return cut[i] })) {
			t.Fatal("shards differ")
		}
		s, err := ParseSketch(want)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := s.MarshalBinary(); !bytes.Equal(want, again) {
			t.Fatal("not canonical")
		}
		tab := s.Build(Options{Hostile: rapid.SampledFrom([]float64{-1, 0, 0.1}).Draw(t, "hostile")})
		b, err := tab.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		read, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := read.MarshalBinary(); !bytes.Equal(b, again) {
			t.Fatal("tables are not canonical")
		}
		x := rapid.Float64().Draw(t, "score")
		for i := range Stats {
			if tab.P(i, x) != read.P(i, x) {
				t.Fatalf("%s(%g): %+v, read back %+v", i, x, tab.P(i, x), read.P(i, x))
			}
		}
	})
}

func TestSaltsDoNotMix(t *testing.T) {
	if err := NewSketch(1).Merge(NewSketch(2)); err == nil {
		t.Error("merged sketches of different salts")
	}
}

func FuzzParseSketch(f *testing.F) {
	f.Add(sharded(exponential(random(1), 5, 5, 3), 1, func(int) int { return 0 }))
	f.Add([]byte(sketchMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseSketch(b)
		if err != nil {
			return
		}
		if again, _ := s.MarshalBinary(); !bytes.Equal(b, again) {
			t.Fatal("not canonical")
		}
		s.Build(Options{}).P(Hours, 5)
	})
}

func FuzzParse(f *testing.F) {
	for _, o := range []Options{{}, {Hostile: -1}} {
		b, _ := Build(exponential(random(1), 60, 20, 3), o).MarshalBinary()
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		tab, err := Parse(b)
		if err != nil {
			return
		}
		if again, _ := tab.MarshalBinary(); !bytes.Equal(b, again) {
			t.Fatal("not canonical")
		}
		for s := range Stats {
			for _, x := range []float64{0, 1, 30, 1e30} {
				if p := tab.P(s, x); !(p.Value >= p.Floor*(1-1e-9) && p.Value <= 1) {
					t.Fatalf("%s(%g): %+v", s, x, p)
				}
			}
			tab.Threshold(s, 1e-4)
		}
		Pool(tab, tab)
	})
}

// What is pushed for a level is at most some 150 bytes.
func TestPushedSize(t *testing.T) {
	r := random(81)
	var samples []Sample
	for h := range 2000 {
		for d := range 60 {
			s := Sample{Home: uint64(h), Day: uint32(d)}
			for i := range s.Max {
				s.Max[i] = float32(math.Exp(2 * r.NormFloat64()))
			}
			samples = append(samples, s)
		}
	}
	b, _ := Build(samples, Options{}).MarshalBinary()
	t.Logf("%d bytes", len(b))
	if len(b) > 150 {
		t.Errorf("%d bytes", len(b))
	}
}

func TestLookingUpDoesNotAllocate(t *testing.T) {
	tab := Build(exponential(random(1), 200, 40, 5), Options{})
	x := 0.0
	if n := testing.AllocsPerRun(100, func() { x += 1; tab.P(Hours, x) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkP(b *testing.B) {
	tab := Build(exponential(random(1), 200, 40, 5), Options{})
	x := 0.0
	for b.Loop() {
		x += 0.01
		tab.P(Hours, x)
	}
}

func BenchmarkSketchAdd(b *testing.B) {
	samples := exponential(random(1), 3000, 30, 5)
	s, i := NewSketch(1), 0
	for b.Loop() {
		s.Add(&samples[i])
		i = (i + 1) % len(samples)
	}
}

func BenchmarkSketchMerge(b *testing.B) {
	x, y := NewSketch(1), NewSketch(1)
	for _, s := range exponential(random(1), 2000, 60, 5) {
		x.Add(&s)
		s.Home += 500
		y.Add(&s)
	}
	for b.Loop() {
		if err := x.Merge(y); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(2000*60, "days/op")
}

func BenchmarkBuild(b *testing.B) {
	s := NewSketch(1)
	for _, x := range exponential(random(1), 2000, 60, 5) {
		s.Add(&x)
	}
	for b.Loop() {
		s.Build(Options{})
	}
}
