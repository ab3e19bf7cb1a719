package household

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // for zones that the machine may not have

	"cardea/home"
)

const (
	tablet home.DeviceID = "tablet"
	pump   home.DeviceID = "pump"
	lamp   home.DeviceID = "lamp"
)

// zoneIn are the offsets of a real zone from a time on, for 400 days.
func zoneIn(t testing.TB, name string, from time.Time) home.Zone {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	z, last := home.Zone{Name: name}, -1<<31
	for at := from.Truncate(time.Hour); at.Before(from.AddDate(0, 0, 400)); at = at.Add(30 * time.Minute) {
		if _, off := at.In(l).Zone(); off != last {
			z.Offsets = append(z.Offsets, home.Offset{From: at, Seconds: int32(off)})
			last = off
		}
	}
	return z
}

func utc(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		panic(err)
	}
	return t
}

const everyDay = 127

func TestBedtimeKeepsToTheClockOnTheWall(t *testing.T) {
	for _, c := range []struct {
		what, zone  string
		day         string // at noon UTC
		from, to    uint16
		begin, over string // UTC; "" never within the day
	}{
		{"an ordinary night", "Europe/Berlin", "2026-11-22 12:00", 21 * 60, 7 * 60, "2026-11-22 20:00", "2026-11-23 06:00"},
		{"clocks go back: the night is an hour longer", "Europe/Berlin", "2026-10-24 12:00", 21 * 60, 7 * 60, "2026-10-24 19:00", "2026-10-25 06:00"},
		{"clocks go forward: it is an hour shorter", "Europe/Berlin", "2027-03-27 12:00", 21 * 60, 7 * 60, "2027-03-27 20:00", "2027-03-28 05:00"},
		{"it ends when a time first comes that comes twice", "Europe/Berlin", "2026-10-24 12:00", 21 * 60, 2*60 + 30, "2026-10-24 19:00", "2026-10-25 00:30"},
		{"it ends when a skipped time would have come", "Europe/Berlin", "2027-03-27 12:00", 21 * 60, 2*60 + 30, "2027-03-27 20:00", "2027-03-28 01:00"},
		{"what is skipped whole does not happen", "Europe/Berlin", "2027-03-27 23:00", 2*60 + 10, 2*60 + 50, "2027-03-29 00:10", "2027-03-29 00:50"},
		{"half an hour of change", "Australia/Lord_Howe", "2026-04-04 02:00", 21 * 60, 7 * 60, "2026-04-04 10:00", "2026-04-04 20:30"},
		{"the whole day", "America/New_York", "2026-06-01 03:59", 0, 24 * 60, "2026-06-01 04:00", "2026-06-02 04:00"},
		{"west of Greenwich", "America/New_York", "2026-11-22 12:00", 22 * 60, 6 * 60, "2026-11-23 03:00", "2026-11-23 11:00"},
	} {
		t.Run(c.what, func(t *testing.T) {
			noon, days := utc(c.day), uint8(everyDay)
			if c.to == 24*60 {
				days = 1 // else it would never end
			}
			h := New()
			h.Set(home.Household{Zone: zoneIn(t, c.zone, noon.AddDate(0, -3, 0)), Schedules: []home.Schedule{{ID: "s", Whose: []string{string(tablet)}, Days: days,
				From: c.from, To: c.to, Name: "Bedtime"}}}, noon)
			if _, by := h.Paused(tablet, noon); by != "" {
				t.Fatalf("paused at %v by %q", noon, by)
			}
			if got := h.Next(noon); !got.Equal(utc(c.begin)) {
				t.Fatalf("next is %v, want %s", got, c.begin)
			}
			until, by := h.Paused(tablet, utc(c.begin))
			if by != "Bedtime" || !until.Equal(utc(c.over)) {
				t.Errorf("until %v by %q, want %s", until, by, c.over)
			}
			if _, by := h.Paused(tablet, utc(c.begin).Add(-time.Second)); by != "" {
				t.Error("paused a second too early")
			}
		})
	}
}

func TestWhoIsPaused(t *testing.T) {
	now := utc("2026-11-22 12:00")
	h := New()
	set := func(p []home.Pause, s ...home.Schedule) {
		h.Set(home.Household{Devices: map[home.DeviceID]home.Policy{pump: {Essential: home.EssentialMedical}},
			People: []home.Person{{ID: "ann", Name: "Ann", Devices: []home.DeviceID{tablet, pump}}}, Pauses: p, Schedules: s}, now)
	}
	for _, c := range []struct {
		what   string
		pauses []home.Pause
		want   map[home.DeviceID]string
	}{
		{"nobody", nil, nil},
		{"everybody, but not what is essential", []home.Pause{{Until: now.Add(time.Hour)}}, map[home.DeviceID]string{tablet: ByPause, lamp: ByPause}},
		{"a person, but not what is essential", []home.Pause{{Whose: "ann", Until: now.Add(time.Hour)}}, map[home.DeviceID]string{tablet: ByPause}},
		{"an essential device itself", []home.Pause{{Whose: string(pump), Until: now.Add(time.Hour)}}, map[home.DeviceID]string{pump: ByPause}},
		{"it is over", []home.Pause{{Until: now}, {Whose: "ann", Until: now.Add(-time.Hour)}}, nil},
	} {
		set(c.pauses)
		for _, d := range []home.DeviceID{tablet, pump, lamp} {
			until, by := h.Paused(d, now)
			if by != c.want[d] || by != "" && !until.Equal(now.Add(time.Hour)) || by == "" && !until.IsZero() {
				t.Errorf("%s: %s is paused by %q until %v, want by %q", c.what, d, by, until, c.want[d])
			}
		}
	}
	night := home.Schedule{ID: "n", Whose: []string{"ann"}, Days: everyDay, From: 13 * 60, To: 15 * 60, Name: "Nap"}
	set([]home.Pause{{Whose: string(tablet), Until: now.Add(time.Hour)}}, night)
	if until, by := h.Paused(tablet, now); by != ByPause || !until.Equal(now.Add(3*time.Hour)) {
		t.Errorf("what follows without a gap is one pause: until %v by %q", until, by)
	}
	night.Off = true
	set(nil, night)
	if next := h.Next(now); !next.IsZero() {
		t.Errorf("a schedule that is off has a next time %v", next)
	}
}

func TestPolicyOfADevice(t *testing.T) {
	h := New()
	if p := h.Policy(tablet); p != (home.Policy{Block: home.PermitAuto, Contain: home.PermitAuto, Tidy: home.PermitAuto}) {
		t.Errorf("nobody decided: %+v", p)
	}
	h.Set(home.Household{Policy: home.Policy{Block: home.PermitAsk}, Devices: map[home.DeviceID]home.Policy{
		tablet: {Block: home.PermitNever, Contain: home.PermitAsk}, pump: {Essential: home.EssentialMedical}, lamp: {Essential: home.EssentialAlarm, Contain: home.PermitNever}}}, time.Now())
	for d, want := range map[home.DeviceID]home.Policy{
		tablet: {Block: home.PermitNever, Contain: home.PermitAsk, Tidy: home.PermitAuto},
		pump:   {Block: home.PermitAsk, Contain: home.PermitAsk, Tidy: home.PermitAuto, Essential: home.EssentialMedical},
		lamp:   {Block: home.PermitAsk, Contain: home.PermitNever, Tidy: home.PermitAuto, Essential: home.EssentialAlarm},
		"new":  {Block: home.PermitAsk, Contain: home.PermitAuto, Tidy: home.PermitAuto},
	} {
		if got := h.Policy(d); got != want {
			t.Errorf("%s: %+v, want %+v", d, got, want)
		}
	}
}

func TestNewDevicesAreHeldUntilSomebodySaysYes(t *testing.T) {
	h, t0 := New(), utc("2026-11-22 12:00")
	held := func(d home.DeviceID, first time.Time, want bool) {
		t.Helper()
		if got := h.Held(d, first); got != want {
			t.Errorf("%s, seen first at %v: held %v", d, first, got)
		}
	}
	held(tablet, t0, false)
	h.Set(home.Household{Approve: home.ApproveTell}, t0)
	held(tablet, t0, false)
	h.Set(home.Household{Approve: home.ApproveHold}, t0.Add(time.Hour))
	held(lamp, t0, false) // was at home before
	held(tablet, t0.Add(2*time.Hour), true)
	h.Set(home.Household{Version: 2, Approve: home.ApproveHold, Admitted: []home.DeviceID{tablet}}, t0.Add(3*time.Hour))
	held(tablet, t0.Add(2*time.Hour), false)
	held(pump, t0.Add(2*time.Hour), true) // the time does not move when something else changes
	b, err := h.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if h, err = Parse(b); err != nil || h.Version() != 2 || h.Approve() != home.ApproveHold {
		t.Fatal(err)
	}
	held(pump, t0.Add(2*time.Hour), true) // nor by a restart
	held(lamp, t0, false)
	h.Set(home.Household{Approve: home.ApproveOff}, t0.Add(4*time.Hour))
	held(pump, t0.Add(2*time.Hour), false)
}

func TestWhoSetsItCannotChangeItLater(t *testing.T) {
	in := home.Household{Devices: map[home.DeviceID]home.Policy{}, Guests: []home.DeviceID{lamp}, Private: true,
		People: []home.Person{{ID: "ann", Name: "Ann", Devices: []home.DeviceID{tablet}}}, Schedules: []home.Schedule{{ID: "s", Whose: []string{"ann"}, Days: everyDay, To: 60, Name: "x"}}}
	h := New()
	h.Set(in, time.Now())
	before, err := h.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	in.Devices[pump], in.Guests[0], in.People[0].Devices[0], in.Schedules[0].Whose[0] = home.Policy{Block: home.PermitNever}, pump, pump, "bob"
	if after, err := h.Marshal(); err != nil || string(after) != string(before) {
		t.Errorf("%s\n%s %v", before, after, err)
	}
	if !h.Private() || !h.Guest(lamp) || h.Guest(pump) {
		t.Error("private and guests")
	}
}

func TestADamagedFileIsRefused(t *testing.T) {
	for what, b := range map[string]string{
		"nothing":    "",
		"half":       `{"household":{"version":1`,
		"a bad zone": `{"household":{"zone":{"name":"\u0000"}}}`,
		"a bad time": `{"household":{"schedules":[{"id":"s","name":"n","from":1440}]}}`,
		"a bad word": `{"household":{"policy":{"block":"perhaps"}}}`,
		"a bit that fell over": func() string {
			h := New()
			h.Set(home.Household{Version: 1, Private: true}, utc("2026-11-22 12:00"))
			b, _ := h.Marshal()
			return strings.Replace(string(b), `"private":true`, `"private":false`, 1)
		}(),
		"far too big": `"` + strings.Repeat("x", maxFile) + `"`,
	} {
		if _, err := Parse([]byte(b)); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
}

func FuzzParse(f *testing.F) {
	b, err := json.Marshal(kept{Since: utc("2026-11-22 12:00"), Household: home.Household{Version: 3, Zone: home.Zone{Name: "UTC", Offsets: []home.Offset{{From: utc("2026-03-29 01:00"), Seconds: 3600}}},
		People: []home.Person{{ID: "ann", Name: "Ann", Devices: []home.DeviceID{tablet}}}, Schedules: []home.Schedule{{ID: "s", Whose: []string{"ann", ""}, Days: 31, From: 1200, To: 420, Name: "Bed"}},
		Pauses: []home.Pause{{Until: utc("2026-11-22 13:00")}}, Approve: home.ApproveHold}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, int64(1795348800))
	f.Add([]byte(`{"household":{"zone":{"offsets":[{"from":"0001-01-01T00:00:00Z","seconds":-64800},{"from":"2399-01-01T00:00:00Z","seconds":64800}]},"schedules":[{"id":"a","name":"a","whose":[""],"days":127,"to":1440}]}}`), int64(-1)<<40)
	f.Fuzz(func(t *testing.T, b []byte, at int64) {
		h, err := Parse(b)
		if err != nil {
			return
		}
		now := time.Unix(at%(1<<36), 0)
		until, by := h.Paused(tablet, now)
		if (by == "") && !until.IsZero() || !until.IsZero() && !until.After(now) {
			t.Fatalf("paused at %v until %v by %q", now, until, by)
		}
		if next := h.Next(now); !next.IsZero() && !next.After(now) {
			t.Fatalf("next of %v is %v", now, next)
		}
		kept, err := h.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(kept)
		if err != nil {
			t.Fatalf("%v of %s", err, kept)
		}
		if twice, err := again.Marshal(); err != nil || !reflect.DeepEqual(twice, kept) {
			t.Fatalf("%s\n%s %v", kept, twice, err)
		}
	})
}

// What was said of any of several devices that became one holds for that one; what is kept stays as it was said.
func TestFollow(t *testing.T) {
	now := utc("2026-11-22 12:00")
	h := New()
	h.Set(home.Household{Version: 1, Policy: home.Policy{Contain: home.PermitNever}, Devices: map[home.DeviceID]home.Policy{tablet: {Essential: home.EssentialMedical, Block: home.PermitAsk}, lamp: {Block: home.PermitNever}},
		Schedules: []home.Schedule{{ID: "s", Whose: []string{string(tablet)}, Days: everyDay, To: 24*60 - 1, Name: "x"}}, Pauses: []home.Pause{{Until: now.Add(time.Hour)}}}, now)
	before, err := h.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	h.Follow(map[home.DeviceID]home.DeviceID{tablet: pump, pump: lamp})
	if p := h.Policy(lamp); p.Essential != home.EssentialMedical || p.Block != home.PermitNever {
		t.Errorf("%+v", p)
	}
	if until, by := h.Paused(lamp, now); until.IsZero() || by != "x" { // by what names it, and not with everybody: it is essential
		t.Errorf("%v by %q", until, by)
	}
	if after, err := h.Marshal(); err != nil || string(after) != string(before) {
		t.Errorf("%s\n%s %v", before, after, err)
	}
	if names := h.Names(); !reflect.DeepEqual(names, []home.DeviceID{lamp, tablet}) {
		t.Errorf("%v", names)
	}
	h.Follow(map[home.DeviceID]home.DeviceID{tablet: lamp, lamp: tablet}) // a file may say anything
	h.Policy(lamp)
	h.Follow(nil)
	if p := h.Policy(lamp); p.Essential != "" {
		t.Errorf("it is two again, and essential: %+v", p)
	}
}

// A level is of the devices of whoever has it, also after they were merged; without the extra it rests, and it goes on by itself.
func TestLevels(t *testing.T) {
	h := New()
	h.Set(home.Household{People: []home.Person{{ID: "kid", Name: "Kid", Devices: []home.DeviceID{tablet}, Level: home.LevelFamily},
		{ID: "ann", Name: "Ann", Devices: []home.DeviceID{pump, lamp}}, {ID: "room", Name: "Room", Group: true, Devices: []home.DeviceID{lamp}, Level: home.LevelFamily}}}, utc("2026-11-22 12:00"))
	want := func(when string, levels map[home.DeviceID]home.Level) {
		t.Helper()
		for d, l := range levels {
			if got := h.Level(d); got != l {
				t.Errorf("%s: %s is %q", when, d, got)
			}
		}
	}
	said := map[home.DeviceID]home.Level{tablet: home.LevelFamily, pump: "", lamp: home.LevelFamily, "tv": "", "": ""}
	want("as said", said)
	h.Rest(true)
	want("bedtimes rest", said)
	h.RestLevels(true)
	want("they rest", map[home.DeviceID]home.Level{tablet: "", lamp: ""})
	b, err := h.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if h, err = Parse(b); err != nil {
		t.Fatal(err)
	}
	want("read again, with the extra", said)
	h.Follow(map[home.DeviceID]home.DeviceID{tablet: "tv"})
	want("merged", map[home.DeviceID]home.Level{"tv": home.LevelFamily, pump: ""})
}
