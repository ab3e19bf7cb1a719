package normal

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/cloud/normal/record"
	"cardea/home"
	"cardea/wire"

	"pgregory.net/rapid"
)

func quiet(home.Place) bool { return false }

// A fair sample is about as large as it may be, the same each time, and whole where there are few.
func TestASampleIsFairAndStays(t *testing.T) {
	few, many := profile.Level{Class: "plug", Model: "few"}, profile.Level{Class: "plug", Model: "many"}
	a := newTally(t0, map[profile.Level]int{few: MaxVotes, many: 10 * MaxVotes}, quiet)
	b := newTally(t0, map[profile.Level]int{few: MaxVotes, many: 10 * MaxVotes}, quiet)
	n := 0
	for i := range 10 * MaxVotes {
		id := number(place(tenantA, i))
		if !a.sampled(few, id, MaxVotes) {
			t.Fatal("a home of few does not vote")
		}
		if a.sampled(many, id, MaxVotes) != b.sampled(many, id, MaxVotes) {
			t.Fatal("another sample")
		}
		if a.sampled(many, id, MaxVotes) {
			n++
		}
	}
	if n < MaxVotes*9/10 || n > MaxVotes*11/10 {
		t.Errorf("%d homes vote", n)
	}
}

// However homes are split, the same is counted.
func TestTalliesMerge(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		whole := newTally(t0, nil, quiet)
		shards := make([]*tally, rapid.IntRange(1, 4).Draw(rt, "shards"))
		for i := range shards {
			shards[i] = newTally(t0, nil, quiet)
		}
		for n := range rapid.IntRange(1, 12).Draw(rt, "homes") {
			h := &aHome{place: place(tenantA, n), since: t0.Add(-60 * day), network: rapid.Uint64Range(0, 5).Draw(rt, "network"), levels: map[string]profile.Level{}}
			for _, id := range []string{"a", "b"} {
				var d record.Device
				for range rapid.IntRange(0, 6).Draw(rt, "uses") {
					c := endpoint.Chain{Keys: [endpoint.Grains]uint64{rapid.Uint64Range(1, 9).Draw(rt, "end"), 7, 0, 443}}
					d.Use(wire.Week(t0)-uint32(rapid.IntRange(0, 9).Draw(rt, "week")), c, uint8(rapid.IntRange(0, 7).Draw(rt, "days")), 7)
				}
				h.levels[id] = rapid.SampledFrom([]profile.Level{camera, {Class: "plug"}, {}}).Draw(rt, "level")
				h.devices = append(h.devices, aDevice{id: id, data: d.Append(nil)})
			}
			if rapid.Bool().Draw(rt, "found") {
				h.found = []aFinding{{device: "a", detector: "novelty", late: true, dismissed: rapid.Bool().Draw(rt, "dismissed")}}
			}
			for _, to := range []*tally{whole, shards[rapid.IntRange(0, len(shards)-1).Draw(rt, "shard")]} {
				if err := to.add(h); err != nil {
					rt.Fatal(err)
				}
			}
		}
		for _, s := range shards[1:] {
			if err := shards[0].merge(s); err != nil {
				rt.Fatal(err)
			}
		}
		a, _ := whole.counts.MarshalBinary()
		b, _ := shards[0].counts.MarshalBinary()
		if !bytes.Equal(a, b) || whole.homes != shards[0].homes || whole.teach != shards[0].teach {
			rt.Fatal("the counts differ")
		}
		for l, m := range whole.models {
			o := shards[0].models[l]
			if o == nil || o.votes != m.votes || !reflect.DeepEqual(o.homes, m.homes) || !reflect.DeepEqual(o.wrong, m.wrong) || len(o.ends) != len(m.ends) {
				rt.Fatalf("the facts of %v differ", l)
			}
			for k, e := range m.ends {
				if o.ends[k].homes != e.homes || o.ends[k].since != e.since {
					rt.Fatalf("an endpoint of %v differs", l)
				}
			}
		}
	})
}

// What single homes use gives way where there is no room.
func TestFactsOfAModelAreBounded(t *testing.T) {
	m := &model{ends: map[uint64]*end{}}
	for n := range uint64(3 * maxTold) {
		m.tell(&record.Used{Chain: endpoint.Chain{Keys: [endpoint.Grains]uint64{n + 10}}}, n)
		m.tell(&record.Used{Chain: endpoint.Chain{Keys: [endpoint.Grains]uint64{1}}}, n)
	}
	if len(m.ends) > maxTold || m.ends[1].homes != 3*maxTold {
		t.Errorf("%d endpoints", len(m.ends))
	}
}

func TestWeeksEndOnMondays(t *testing.T) {
	if endOf(wire.Week(t0)) != time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC) {
		t.Error(endOf(wire.Week(t0)))
	}
}

// Of a model that very many homes have a sample votes: as many of those in league are in it, and no more. Else nothing could ever
// become normal in a large fleet.
func TestTheLeagueIsSampledLikeOthers(t *testing.T) {
	many := profile.Level{Class: home.ClassPlug, Vendor: "Example", Model: "Example Plug"}
	a := newTally(t0, nil, quiet)
	a.homes = 1_000_000
	a.models[many] = &model{homes: map[string]int{"x": 100_000}, votes: MaxVotes}
	e := profile.Evidence{Homes: 1900, Of: MaxVotes, Weeks: 9, Held: 9, Networks: 9}
	if got := a.qualify()(many, e); got != profile.Normal {
		t.Errorf("what nearly all use is %v", got)
	}
	e.Homes = 390 // fewer than may be in league: 20,000 of 100,000 are 400 of 2,000
	if got := a.qualify()(many, e); got == profile.Normal {
		t.Error("what a league alone may have told is normal")
	}
}

// A device's first days, and days on which nothing was put together, calibrate nothing of what they do not tell.
func TestWhichDaysCalibrate(t *testing.T) {
	l := profile.Level{Class: home.ClassPlug, Vendor: "Example", Model: "Example Plug"}
	a := newTally(t0, nil, quiet)
	a.models[l] = &model{homes: map[string]int{}}
	var s record.Scores
	first := uint32(t0.Unix()/86400) - 80
	for i := range uint32(warmDays + 5) {
		max := make([]float32, calibrate.Stats)
		max[calibrate.Minutes] = 3
		s = s.Add(first+i, true, max)
	}
	h := &aHome{place: place(tenantA, 1), levels: map[string]profile.Level{"plug": l}, devices: []aDevice{{id: "plug", days: s.Append(nil)}}}
	if err := a.calibrate(h, 7); err != nil {
		t.Fatal(err)
	}
	tables := a.sketches[l].Build(calibrate.Options{Hostile: -1})
	if tables.Days() != 5 {
		t.Errorf("%v days", tables.Days())
	}
	if p := tables.P(calibrate.Combined, 1); p.How != calibrate.Silent {
		t.Errorf("together %+v", p)
	}
}
