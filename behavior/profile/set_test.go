package profile

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
	"cardea/home"
)

func TestABulbFindsNoveltyDearAndAComputerCheap(t *testing.T) {
	s := fleet{homes: 60, weeks: 4, seed: 1}.of(nil).Build(Options{Now: 104})
	b, pc := s.For(bulb), s.For(computer)
	own, kin, newDomain := host("lumen", 0), host("lumen", 0), chain("new.example.org", "example.org", 443)
	kin.Keys[endpoint.Host] = 12345
	address := endpoint.Chain{Keys: [endpoint.Grains]uint64{7, 8, 9, newDomain.Keys[endpoint.Service]}}
	strange := endpoint.Chain{Keys: [endpoint.Grains]uint64{7, 8, 9, 10}}
	last := -1.
	for i, c := range []*endpoint.Chain{&own, &kin, &newDomain, &address, &strange} {
		bits := b.Bits(c)
		if bits <= last {
			t.Errorf("the bulb finds %d no dearer than the one before: %.1f bits", i, bits)
		}
		last = bits
	}
	if last != MaxBits || b.Bits(&own) > 1 || b.Bits(&newDomain) < 10 {
		t.Errorf("bulb: %.1f for its own, %.1f for new, %.1f at most", b.Bits(&own), b.Bits(&newDomain), last)
	}
	if got := pc.Bits(&newDomain); got > 5 {
		t.Errorf("a computer finds a new domain worth %.1f bits", got)
	}
	if b.Fresh() > 0.05 || pc.Fresh() < 5 {
		t.Errorf("new endpoints a day: bulb %.3f, computer %.1f", b.Fresh(), pc.Fresh())
	}
	if b.Hour(8) < 0.6 || b.Hour(3) > 0.02 {
		t.Errorf("hours: %.2f at 8, %.2f at 3", b.Hour(8), b.Hour(3))
	}
	if q := b.Volume(0.5); q < 1e6 || q > 2.1e6 || b.Volume(0.999) < q || !math.IsInf(b.Volume(0.99999), 1) {
		t.Errorf("volume %v, %v, %v", q, b.Volume(0.999), b.Volume(0.99999))
	}
}

// Where the class uses a domain that devices of all kinds use, on a usual port, the model is not asked.
func TestDiscounts(t *testing.T) {
	wide := chain("connectivitycheck.gstatic.com", "gstatic.com", 443)
	oddPort := chain("connectivitycheck.gstatic.com", "gstatic.com", 6667)
	bare := endpoint.Of(&home.Endpoint{IP: home8888, Port: 443, Proto: "tcp"}, false, false)
	other := Level{Class: bulb.Class, Vendor: "Other", Model: "Other Lamp"}
	c := NewCounts()
	for h := range uint64(100) {
		c.Add(&Use{Level: bulb, Week: 9, Home: h, Active: 7, Ends: []End{{Chain: cloud, Days: 7}}})
		c.Add(&Use{Level: other, Week: 9, Home: h + 1000, Active: 7, Ends: []End{{Chain: wide, Days: 7}, {Chain: oddPort, Days: 7}, {Chain: bare, Days: 7}}})
	}
	p := c.Build(Options{Now: 9}).For(bulb)
	if got := p.Bits(&wide); got > 1.5 {
		t.Errorf("half of the class uses it: %.1f bits", got)
	}
	for _, c := range []*endpoint.Chain{&oddPort, &bare} {
		if got := p.Bits(c); got < 2 || got != min(-math.Log2(p.Pi(c)), MaxBits) {
			t.Errorf("%b is discounted: %.1f bits", c.Flags, got)
		}
	}
}

func TestFewHomesCannotBeCounted(t *testing.T) {
	of := func(users uint64, days uint8) *Counts {
		c := NewCounts()
		for h := range uint64(400) {
			u := &Use{Level: bulb, Week: 9, Home: h, Active: 7, Ends: []End{{Chain: cloud, Days: 7}}}
			if h < users {
				u.Ends = append(u.Ends, End{Chain: odd, Days: days})
			}
			c.Add(u)
		}
		return c
	}
	share := 0.
	for _, users := range []uint64{5, 6, 9, 12, 19} {
		c := of(users, uint8(1+users%7))
		st, ok := c.Build(Options{Now: 9}).For(bulb).Known(&odd)
		if !ok || st.Homes != 19 || st.Of != 400 || st.Standing != Rare {
			t.Errorf("%d homes: %+v", users, st)
		}
		if share == 0 {
			share = st.Share
		}
		if st.Share != share {
			t.Errorf("%d homes can be told by a share of %v", users, st.Share)
		}
		few := c.Build(Options{Now: 9, Few: 1})
		if st, _ := few.For(bulb).Known(&odd); st.Homes != uint32(users) {
			t.Errorf("of one's own captures: %+v", st)
		}
	}
	small := NewCounts()
	u := &Use{Level: bulb, Week: 9, Home: 1, Active: 7, Ends: []End{{Chain: cloud, Days: 7}}, Up: []uint64{5}}
	u.Hours[3] = 100
	small.Add(u)
	if p := small.Build(Options{Now: 9}).For(bulb); p.Homes() != 19 || p.Hour(3) != 1./24 || !math.IsInf(p.Volume(.5), 1) {
		t.Errorf("one home is told as %d, up at 3 o'clock: %.2f", p.Homes(), p.Hour(3))
	}
	if p := small.Build(Options{Now: 9, Few: 1}).For(bulb); p.Homes() != 1 || p.Hour(3) < .3 || p.Volume(.5) > 10 {
		t.Errorf("of one's own captures: %d homes, %.2f at 3 o'clock", p.Homes(), p.Hour(3))
	}
}

func TestWhatIsPushedIsSmall(t *testing.T) {
	samples := []calibrate.Sample{}
	for h := range uint64(40) {
		for d := range uint32(30) {
			samples = append(samples, calibrate.Sample{Home: h, Day: d, Max: [calibrate.Stats]float32{float32(h + uint64(d))}})
		}
	}
	tables := calibrate.Build(samples, calibrate.Options{})
	cal, err := tables.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for _, ends := range []int{10, 40, 60, 400} {
		c := NewCounts()
		for h := range uint64(300) {
			u := &Use{Level: camera, Week: 9, Home: h, Active: 7, Up: []uint64{1 << 20}}
			for i := range ends {
				u.Ends = append(u.Ends, End{Chain: host("optic", i), Days: 7})
			}
			c.Add(u)
		}
		for i := range 300 { // one of many models
			c.Add(&Use{Level: Level{Class: "plug", Vendor: "V", Model: fmt.Sprint(i)}, Week: 9, Home: 1})
		}
		o := Options{Now: 9, Calibration: func(Level) *calibrate.Tables { return tables }}
		o = c.filled(o)
		for _, r := range c.read(o) {
			if r.level == camera {
				size := len(r.page(o, capsOf(301)[3]).append(nil))
				t.Logf("%d endpoints: %d bytes, of these %d calibration", ends, size, len(cal))
				if size > 1100 || ends <= 60 && size > 1024 || size < 200 {
					t.Errorf("a model of %d endpoints takes %d bytes", ends, size)
				}
			}
		}
	}
}

func TestASetNeverGrowsTooLarge(t *testing.T) {
	c := NewCounts()
	for m := range 3500 {
		u := &Use{Level: Level{Class: "plug", Vendor: "V", Model: fmt.Sprintf("M%04d", m)}, Week: 9, Home: 1, Active: 7}
		for i := range 60 {
			u.Ends = append(u.Ends, End{Chain: host(fmt.Sprintf("m%d-", m%500), i), Days: 7})
		}
		c.Add(u)
		if m < 1000 { // these are in two homes
			u.Home = 2
			c.Add(u)
		}
	}
	s := c.Build(Options{Now: 9, Few: 1})
	if n := len(marshal(t, s)); n > MaxSet || n < MaxSet-2000 {
		t.Errorf("%d bytes", n)
	}
	if l := (Level{Class: "plug", Vendor: "V", Model: "M0999"}); s.For(l).Level() != l {
		t.Error("a level of more homes was left out before those of fewer")
	}
}

func TestNothingIsAllocatedForAContact(t *testing.T) {
	s := fleet{homes: 20, weeks: 1, seed: 1}.of(nil).Build(Options{Now: 100})
	known, unknown := host("optic", 3), chain("x.example.net", "example.net", 6667)
	if n := testing.AllocsPerRun(100, func() {
		p := s.For(camera)
		_, _ = p.Bits(&known), p.Bits(&unknown)
		_, _ = p.Known(&known)
		_ = s.For(Level{Class: "camera", Vendor: "Unheard", Model: "Of"}).Hour(3)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestReadingAndWritingIsTheSame(t *testing.T) {
	s := fleet{homes: 30, weeks: 2, seed: 2}.of(nil).Build(Options{Now: 102, Version: 77})
	b := marshal(t, s)
	back, err := Parse(b)
	if err != nil || !bytes.Equal(marshal(t, back), b) || back.Version() != 77 {
		t.Fatal(err)
	}
	for cut := range 200 {
		if _, err := Parse(b[:len(b)-1-cut]); err == nil {
			t.Fatalf("%d bytes short, and nobody minds", cut+1)
		}
	}
	if _, err := Parse(append(b, 0)); err == nil {
		t.Error("a byte too many")
	}
	n := 0
	for p := range s.Profiles() {
		if s.For(p.Level()) != p {
			t.Error(p.Level())
		}
		n++
	}
	if n != 10 {
		t.Errorf("%d levels", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(marshal(f, fleet{homes: 2, weeks: 1, seed: 2}.of(nil).Build(Options{Now: 100})))
	f.Add(marshal(f, NewCounts().Build(Options{Few: 1})))
	f.Add([]byte(setMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Parse(b)
		if err != nil {
			return
		}
		c := host("optic", 3)
		for p := range s.Profiles() {
			if bits := p.Bits(&c); !(bits >= 0 && bits <= MaxBits) {
				t.Fatalf("%v bits", bits)
			}
			st, _ := p.Known(&c)
			if math.IsNaN(p.Volume(.5)) || math.IsNaN(p.Hour(3)) || math.IsNaN(p.Fresh()) || math.IsNaN(st.Share) {
				t.Fatal("not a number")
			}
		}
		if !bytes.Equal(marshal(t, s), b) {
			t.Fatal("other bytes")
		}
	})
}

func benched() (*Set, Level) {
	return fleet{homes: 100, weeks: 4, seed: 3}.of(nil).Build(Options{Now: 104}), camera
}

func BenchmarkBitsKnown(b *testing.B) {
	s, l := benched()
	c := host("optic", 3)
	b.ReportAllocs()
	for b.Loop() {
		s.For(l).Bits(&c)
	}
}

func BenchmarkBitsNew(b *testing.B) {
	s, l := benched()
	p, c := s.For(l), chain("x.example.net", "example.net", 6667)
	b.ReportAllocs()
	for b.Loop() {
		p.Bits(&c)
	}
}

func BenchmarkKnown(b *testing.B) {
	s, l := benched()
	p, c := s.For(l), host("optic", 3)
	b.ReportAllocs()
	for b.Loop() {
		p.Known(&c)
	}
}

func BenchmarkAdd(b *testing.B) {
	c, u := NewCounts(), &Use{Level: camera, Week: 9, Active: 7}
	for i := range 20 {
		u.Ends = append(u.Ends, End{Chain: host("optic", i), Days: 7})
	}
	b.ReportAllocs()
	for b.Loop() {
		u.Home++
		c.Add(u)
	}
}

func BenchmarkMerge(b *testing.B) {
	o := fleet{homes: 100, weeks: 4, seed: 3}.of(nil)
	rows := 0
	for _, t := range o.levels {
		for g := range t.rows {
			rows += len(t.rows[g])
		}
	}
	c := NewCounts()
	for b.Loop() {
		c.Merge(o)
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "endpoints/s")
}

func BenchmarkBuild(b *testing.B) {
	c := fleet{homes: 100, weeks: 4, seed: 3}.of(nil)
	for b.Loop() {
		c.Build(Options{Now: 104})
	}
}
