package profile

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"cardea/behavior/endpoint"
	"cardea/home"
)

// anyUse draws what one home's device did in one week.
func anyUse(t *rapid.T, homeID uint64, week uint32) *Use {
	u := &Use{
		Level: Level{
			Class:  rapid.SampledFrom([]home.DeviceClass{"", "camera", "light"}).Draw(t, "class"),
			Vendor: rapid.SampledFrom([]string{"", "Acme", "Lumen"}).Draw(t, "vendor"),
			Model:  rapid.SampledFrom([]string{"", "A", "B"}).Draw(t, "model"),
		},
		Week: week, Home: homeID,
		Network: rapid.Uint32Range(0, 6).Draw(t, "network"),
		Active:  rapid.Uint8Range(0, 9).Draw(t, "active"),
		First:   rapid.Bool().Draw(t, "first"),
		Finding: rapid.Bool().Draw(t, "finding"),
		Fresh:   rapid.Uint16Range(0, 50).Draw(t, "fresh"),
	}
	for range rapid.IntRange(0, 6).Draw(t, "ends") {
		key := rapid.Uint64Range(1, 12).Draw(t, "host")
		u.Ends = append(u.Ends, End{
			Chain: endpoint.Chain{
				Keys:  [endpoint.Grains]uint64{key, key / 2, key / 4, 1 + key/8},
				Flags: endpoint.Flags(rapid.Uint8().Draw(t, "flags")),
			},
			Days:  rapid.Uint8Range(0, 9).Draw(t, "days"),
			Flows: rapid.Uint32().Draw(t, "flows"),
		})
	}
	for range rapid.IntRange(0, 9).Draw(t, "days") {
		u.Up = append(u.Up, rapid.Uint64().Draw(t, "up"))
	}
	for h := range u.Hours {
		u.Hours[h] = rapid.Uint16().Draw(t, "hour")
	}
	return u
}

func marshal(t interface{ Fatal(...any) }, m interface{ MarshalBinary() ([]byte, error) }) []byte {
	b, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Homes that are counted in 1, 8 or 64 parts, in any order, come to the same bytes, and so does what is pushed.
func TestAnyShardingComesToTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var homes [][]*Use
		for h := range rapid.IntRange(1, 30).Draw(t, "homes") {
			var uses []*Use
			week := rapid.Uint32Range(100, 103).Draw(t, "week")
			for range rapid.IntRange(1, 3).Draw(t, "uses") {
				uses = append(uses, anyUse(t, uint64(h+1), week))
			}
			homes = append(homes, uses)
		}
		seed := rapid.Uint64().Draw(t, "seed")
		var want, pushed []byte
		for _, n := range []int{1, 8, 64} {
			rnd := rand.New(rand.NewPCG(seed, uint64(n)))
			shards := make([]*Counts, n)
			for i := range shards {
				shards[i] = NewCounts()
			}
			for _, i := range rnd.Perm(len(homes)) {
				shards[rnd.IntN(n)].Add(homes[i]...)
			}
			for len(shards) > 1 { // in any order and grouping
				i, j := rnd.IntN(len(shards)), rnd.IntN(len(shards)-1)
				if j >= i {
					j++
				}
				shards[i].Merge(shards[j])
				shards[j] = shards[len(shards)-1]
				shards = shards[:len(shards)-1]
			}
			got, set := marshal(t, shards[0]), marshal(t, shards[0].Build(Options{Now: 104, Version: 1}))
			if want == nil {
				want, pushed = got, set
			}
			if !bytes.Equal(got, want) || !bytes.Equal(set, pushed) {
				t.Fatalf("%d shards come to other bytes", n)
			}
			back, err := ParseCounts(got)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(marshal(t, back), got) {
				t.Fatal("reading and writing changes it")
			}
		}
	})
}

func TestAHomeVotesOnceAtEachLevel(t *testing.T) {
	other := Level{Class: bulb.Class, Vendor: bulb.Vendor, Model: "Lumen B22"}
	c := NewCounts()
	c.Add(
		&Use{Level: bulb, Week: 9, Home: 1, Active: 7, Ends: []End{{Chain: cloud, Days: 2}}},
		&Use{Level: bulb, Week: 9, Home: 1, Active: 7, Ends: []End{{Chain: cloud, Days: 3}}},
		&Use{Level: other, Week: 9, Home: 1, Active: 7, Ends: []End{{Chain: cloud, Days: 6}}},
		&Use{Level: other, Week: 9, Home: 2, Active: 7}, // another home: refused
	)
	if c.Shed() != 1 {
		t.Errorf("%d left out", c.Shed())
	}
	for l, want := range map[Level]uint32{bulb: 3 * Vote / 7, other: 6 * Vote / 7, {Class: bulb.Class}: 6 * Vote / 7, {}: 6 * Vote / 7} {
		tl := c.levels[l]
		var homes, votes uint32
		for f := range Folds {
			homes += tl.weeks[0].homes[f]
			votes += tl.rows[endpoint.Host][cloud.Keys[endpoint.Host]].cells[0].votes[f]
		}
		if homes != 1 || votes != want {
			t.Errorf("%v: %d homes, %d votes, want 1 and %d", l, homes, votes, want)
		}
	}
}

func TestSharesAreWholeNumbers(t *testing.T) {
	for active := uint8(1); active <= 7; active++ {
		for days := uint8(1); days <= active; days++ {
			u := &Use{Active: active}
			if got := u.share(&End{Days: days}); got*uint32(active) != uint32(days)*Vote {
				t.Errorf("%d of %d days is %d", days, active, got)
			}
		}
	}
	if got := (&Use{Active: 7}).share(&End{}); got != Vote/2 {
		t.Errorf("a first time counts %d", got)
	}
	if got := (&Use{Active: 3}).share(&End{Days: 200}); got != Vote {
		t.Errorf("more days than there are count %d", got)
	}
}

func TestBoundsAreKeptAndTold(t *testing.T) {
	c := NewCounts()
	u := &Use{Week: 1, Home: 1, Active: 1}
	for k := range uint64(MaxEnds + 5) {
		u.Ends = append(u.Ends, End{Chain: endpoint.Chain{Keys: [endpoint.Grains]uint64{k + 1}}, Days: 1})
	}
	c.Add(u)
	if c.Shed() != 5 {
		t.Errorf("%d left out, want 5", c.Shed())
	}
	long := make([]byte, MaxText+1)
	c.Add(&Use{Level: Level{Vendor: string(long)}, Week: 1, Home: 1})
	if c.Shed() != 6 || len(c.Levels()) != 1 {
		t.Errorf("%d left out, %d levels", c.Shed(), len(c.Levels()))
	}
	for w := range uint32(MaxWeeks + 3) {
		c.Add(&Use{Week: w, Home: 2})
	}
	if c.Shed() != 9 {
		t.Errorf("%d left out, want 9", c.Shed())
	}
}

func FuzzParseCounts(f *testing.F) {
	c := NewCounts()
	c.Add(&Use{Level: bulb, Week: 9, Home: 1, Active: 7, Ends: []End{{Chain: cloud, Days: 2}}, Up: []uint64{5}})
	f.Add(marshal(f, c))
	f.Add(marshal(f, NewCounts()))
	f.Add([]byte(countsMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCounts(b)
		if err != nil {
			return
		}
		if !bytes.Equal(marshal(t, c), b) {
			t.Fatal("another form of the same counts was accepted")
		}
		s := c.Build(Options{Now: 60})
		if _, err := Parse(marshal(t, s)); err != nil {
			t.Fatal(err)
		}
	})
}
