package household

import (
	"slices"
	"testing"
	"time"

	"cardea/home"

	"pgregory.net/rapid"
)

// slow looks at each minute for itself, and knows nothing of instants at which something begins. It watches a clock on the wall that
// nobody sets back: while it would be, it stands still.
type slow struct {
	h     home.Household
	begin time.Time
	clock []int64 // local minutes since 1970, by minutes since begin
}

func newSlow(h home.Household, begin time.Time, minutes int) slow {
	s := slow{h: h, begin: begin}
	shown := int64(-1) << 62
	for m := range minutes {
		at := begin.Add(time.Duration(m) * time.Minute)
		shown = max(shown, at.Add(h.Zone.At(at)).Unix()/60)
		s.clock = append(s.clock, shown)
	}
	return s
}

// by names all that pauses a device in a minute.
func (s slow) by(device home.DeviceID, minute int) (out []string) {
	essential := s.h.Devices[device].Essential != ""
	means := func(w string) bool {
		if w == string(device) {
			return true
		}
		return !essential && (w == "" || slices.ContainsFunc(s.h.People, func(p home.Person) bool { return p.ID == w && slices.Contains(p.Devices, device) }))
	}
	local := s.clock[minute]
	for _, sch := range s.h.Schedules {
		if sch.Off || !slices.ContainsFunc(sch.Whose, means) {
			continue
		}
		for back := range int64(2) { // it began today or yesterday
			day := local/1440 - back
			on := sch.Days>>weekdays[time.Unix(day*86400, 0).UTC().Weekday()]&1 == 1
			to := int64(sch.To)
			if sch.To <= sch.From {
				to += 1440
			}
			if in := local - day*1440; on && int64(sch.From) <= in && in < to {
				out = append(out, sch.Name)
				break
			}
		}
	}
	for _, p := range s.h.Pauses {
		if means(p.Whose) && s.begin.Add(time.Duration(minute)*time.Minute).Before(p.Until) {
			out = append(out, ByPause)
		}
	}
	return out
}

var weekdays = map[time.Weekday]uint{time.Monday: 0, time.Tuesday: 1, time.Wednesday: 2, time.Thursday: 3, time.Friday: 4, time.Saturday: 5, time.Sunday: 6}

const slowDays = 12

func drawZone(t *rapid.T, begin time.Time) home.Zone {
	off := rapid.IntRange(-12*4, 14*4).Draw(t, "offset") * 900
	z := home.Zone{Offsets: []home.Offset{{From: begin, Seconds: int32(off)}}}
	at := 3 * 24 * 60 // the first days are for what began before
	for range rapid.IntRange(0, 3).Draw(t, "changes") {
		at += rapid.IntRange(1, 3*24*60).Draw(t, "minutes later")
		off = min(max(off+rapid.SampledFrom([]int{-3600, 3600, -1800, 1800, -86400, 86400, 7200}).Draw(t, "by"), -18*3600), 18*3600)
		z.Offsets = append(z.Offsets, home.Offset{From: begin.Add(time.Duration(at) * time.Minute), Seconds: int32(off)})
	}
	return z
}

func drawHousehold(t *rapid.T, begin time.Time) home.Household {
	h := home.Household{Zone: drawZone(t, begin), Devices: map[home.DeviceID]home.Policy{pump: {Essential: home.EssentialMedical}},
		People: []home.Person{{ID: "ann", Name: "Ann", Devices: []home.DeviceID{tablet, pump}}, {ID: "room", Name: "Room", Group: true, Devices: []home.DeviceID{lamp, tablet}}}}
	whose := rapid.SampledFrom([]string{"", "ann", "room", string(tablet), string(pump), string(lamp), "nobody"})
	minute := rapid.OneOf(rapid.IntRange(0, 1439), rapid.SampledFrom([]int{0, 1, 119, 120, 121, 150, 179, 180, 1380, 1439}))
	for i := range rapid.IntRange(0, 4).Draw(t, "schedules") {
		to := minute
		if rapid.IntRange(0, 9).Draw(t, "to midnight") == 0 {
			to = rapid.Just(1440)
		}
		h.Schedules = append(h.Schedules, home.Schedule{ID: string(rune('a' + i)), Name: "schedule " + string(rune('a'+i)), Whose: rapid.SliceOfN(whose, 1, 3).Draw(t, "whose"),
			Days: uint8(rapid.IntRange(0, 127).Draw(t, "days")), From: uint16(minute.Draw(t, "from")), To: uint16(to.Draw(t, "to")), Off: rapid.IntRange(0, 9).Draw(t, "off") == 0})
	}
	for range rapid.IntRange(0, 2).Draw(t, "pauses") {
		h.Pauses = append(h.Pauses, home.Pause{Whose: whose.Draw(t, "pauses whom"), Until: begin.Add(time.Duration(rapid.IntRange(0, 8*24*60).Draw(t, "until")) * time.Minute)})
	}
	return h
}

// TestPausedAsMinuteByMinute holds Paused and Next to the slow way, over nights, changes of the clocks, and clocks that jump by a day.
func TestPausedAsMinuteByMinute(t *testing.T) {
	begin := utc("2026-03-20 00:00")
	rapid.Check(t, func(t *rapid.T) {
		spec := drawHousehold(t, begin)
		s := newSlow(spec, begin, slowDays*24*60)
		h := New()
		h.Set(spec, begin)
		minute := rapid.IntRange(3*24*60, (slowDays-1)*24*60-1).Draw(t, "minute")
		now := begin.Add(time.Duration(minute)*time.Minute + time.Duration(rapid.IntRange(0, 59).Draw(t, "second"))*time.Second)
		next := h.Next(now)
		if !next.IsZero() && !next.After(now) {
			t.Fatalf("next of %v is %v", now, next)
		}
		for _, d := range []home.DeviceID{tablet, pump, lamp} {
			until, by := h.Paused(d, now)
			want := s.by(d, minute)
			if by == "" && len(want) > 0 || by != "" && !slices.Contains(want, by) {
				t.Fatalf("%s at %v is paused by %q, want one of %q", d, now, by, want)
			}
			over := minute
			for over < len(s.clock) && len(s.by(d, over)) > 0 {
				over++
			}
			if end := begin.Add(time.Duration(over) * time.Minute); by != "" && over < len(s.clock) && !until.Equal(end) {
				t.Fatalf("%s at %v is paused until %v, want %v", d, now, until, end)
			}
			for m := minute; m < len(s.clock); m++ {
				at := begin.Add(time.Duration(m) * time.Minute)
				if !slices.Equal(s.by(d, m), want) {
					if next.IsZero() || next.After(at) {
						t.Fatalf("%s changes at %v, but the next time at which anything does is %v", d, at, next)
					}
					break
				}
			}
		}
	})
}
