package household

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // for zones that the machine may not have

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire"
)

var (
	t0    = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	homeA = home.Place{Tenant: "11111111-1111-1111-1111-111111111111", Home: "aaaaaaaa-1111-1111-1111-111111111111"}
	homeB = home.Place{Tenant: "11111111-1111-1111-1111-111111111111", Home: "bbbbbbbb-1111-1111-1111-111111111111"}
	homeC = home.Place{Tenant: "22222222-1111-1111-1111-111111111111", Home: "aaaaaaaa-1111-1111-1111-111111111111"}
	ann   = By{"r1", "Ann"}
)

// world is a store with a clock, and what it told others.
type world struct {
	*Households
	t       testing.TB
	db      *db.DB
	now     time.Time
	mu      sync.Mutex
	touched []home.Place
	feed    []string
}

func open(t testing.TB, d *db.DB) *world {
	t.Helper()
	if err := d.Migrate(context.Background(), "household", Migrations); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: d, now: t0}
	w.Households = New(d, Options{
		Known: func(_ *db.Tx, _ home.Place, id home.DeviceID) (bool, error) {
			return strings.HasPrefix(string(id), "d"), nil
		},
		Touch: func(tx *db.Tx, p home.Place) error {
			tx.After(func() {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.touched = append(w.touched, p)
			})
			return nil
		},
		Feed: func(tx *db.Tx, p home.Place, kind, _ string) error {
			tx.After(func() {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.feed = append(w.feed, kind+" "+p.Home)
			})
			return nil
		},
		Now: func() time.Time { return w.now },
	})
	return w
}

func (w *world) edit(p home.Place, f func(*Kept) error) Kept {
	w.t.Helper()
	k, err := w.Edit(context.Background(), p, ann, f)
	if err != nil {
		w.t.Fatal(err)
	}
	return k
}

func (w *world) get(p home.Place) Kept {
	w.t.Helper()
	k, err := w.Get(context.Background(), p)
	if err != nil {
		w.t.Fatal(err)
	}
	return k
}

// acts are what was changed of a home, the oldest first.
func (w *world) acts(p home.Place) (out []string) {
	w.t.Helper()
	list, err := w.Changes(context.Background(), p, "", MaxChanges)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range slices.Backward(list) {
		s := string(c.Act)
		for _, f := range c.Fields {
			s += " " + f.Name + ":" + f.From + ">" + f.To
		}
		out = append(out, s)
	}
	return out
}

func TestWhatIsDecidedIsKeptToldAndWrittenDown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		if m, err := w.Told(ctx, homeA); m != nil || err != nil {
			t.Fatalf("nobody decided anything, but %v %v is told", m, err)
		}
		w.edit(homeA, func(k *Kept) error {
			k.Policy.Contain, k.Zone.Name, k.Approve = home.PermitAsk, "Europe/Berlin", home.ApproveHold
			return nil
		})
		var id string
		w.edit(homeA, func(k *Kept) error {
			p, err := k.PutPerson(Person{Person: home.Person{Name: "Zoë", Devices: []home.DeviceID{"d2", "d1", "d2"}}, Account: "r7"})
			id = p.ID
			return err
		})
		w.now = t0.Add(time.Minute)
		w.edit(homeA, func(k *Kept) error {
			_, err := k.Pause(id, w.now.Add(time.Hour), w.now)
			return err
		})
		k := w.get(homeA)
		if k.Version != 3 || !k.Changed.Equal(w.now) || len(k.People) != 1 || !slices.Equal(k.People[0].Devices, []home.DeviceID{"d1", "d2"}) || k.Accounts[id] != "r7" {
			t.Fatalf("%+v", k)
		}
		m, err := w.Told(ctx, homeA)
		if err != nil {
			t.Fatal(err)
		}
		told, err := wire.ParseHousehold(m)
		if err != nil || told.Version != 3 || told.Approve != home.ApproveHold || told.Policy.Contain != home.PermitAsk || len(told.Pauses) != 1 || told.Pauses[0].Whose != id {
			t.Errorf("%v %+v", err, told)
		}
		if got := told.Zone.At(t0); got != time.Hour || told.Zone.At(t0.AddDate(0, 6, 0)) != 2*time.Hour {
			t.Errorf("zone %+v", told.Zone)
		}
		want := []string{"policy contain:>ask approve:tell>hold zone:UTC>Europe/Berlin", "person-added name:>Zoë group:>off devices:>d1 d2 account:>r7 open:>off level:>everything",
			"paused until:>2026-11-22T13:01:00Z"}
		if got := w.acts(homeA); !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
		list, err := w.Changes(ctx, homeA, "", 1)
		if err != nil || len(list) != 1 || list[0].Who != "r1" || list[0].Name != "Ann" || !list[0].Time.Equal(w.now) || list[0].Subject != id {
			t.Errorf("%+v %v", list, err)
		}
		if older, err := w.Changes(ctx, homeA, list[0].ID, 10); err != nil || len(older) != 2 {
			t.Errorf("%+v %v", older, err)
		}
		if len(w.touched) != 3 || len(w.feed) != 3 || w.touched[0] != homeA {
			t.Errorf("told %v, %v", w.touched, w.feed)
		}
		w.edit(homeA, func(k *Kept) error { k.Policy.Contain = home.PermitAsk; return nil })
		if k := w.get(homeA); k.Version != 3 || len(w.touched) != 3 {
			t.Errorf("a change that changes nothing is one: %d", k.Version)
		}
		w.now = w.now.Add(2 * time.Hour)
		if k := w.get(homeA); len(k.Pauses) != 0 {
			t.Errorf("a pause that is over is shown: %v", k.Pauses)
		}
		for _, p := range []home.Place{homeB, homeC} {
			if k := w.get(p); k.Version != 0 || len(k.People) != 0 || len(w.acts(p)) != 0 {
				t.Errorf("another home has something of it: %+v", k)
			}
		}
	})
}

func TestWhatCannotBeDecided(t *testing.T) {
	w := open(t, dbtest.SQLite(t))
	var person, schedule string
	before := w.edit(homeA, func(k *Kept) error {
		p, err := k.PutPerson(Person{Person: home.Person{Name: "Ann"}})
		if err != nil {
			return err
		}
		s, err := k.PutSchedule(home.Schedule{Name: "Bed", Whose: []string{p.ID, "d1", ""}, Days: 127, From: 1260, To: 420})
		person, schedule = p.ID, s.ID
		return err
	})
	for what, f := range map[string]func(*Kept) error{
		"a device that is not here": func(k *Kept) error {
			_, err := k.PutPerson(Person{Person: home.Person{Name: "Bob", Devices: []home.DeviceID{"x1"}}})
			return err
		},
		"a policy of no device":     func(k *Kept) error { k.Devices["x1"] = home.Policy{Block: home.PermitAsk}; return nil },
		"a word that is none":       func(k *Kept) error { k.Policy.Block = "dice"; return nil },
		"admission of no device":    func(k *Kept) error { return k.Admit("x1", true) },
		"refusal of no device":      func(k *Kept) error { return k.Admit("x1", false) },
		"a guest that is no device": func(k *Kept) error { k.SetGuest("x1", true); return nil },
		"markup is text, line ends are not": func(k *Kept) error {
			_, err := k.PutPerson(Person{Person: home.Person{Name: "a\nb"}})
			return err
		},
		"a group that signs in": func(k *Kept) error {
			_, err := k.PutPerson(Person{Person: home.Person{Name: "Room", Group: true}, Account: "r1"})
			return err
		},
		"a pause of nobody": func(k *Kept) error { _, err := k.Pause("x1", t0.Add(time.Hour), t0); return err },
		"a pause that is over": func(k *Kept) error {
			_, err := k.Pause("", t0, t0)
			return err
		},
		"a pause without end": func(k *Kept) error { _, err := k.Pause("", t0.Add(MaxPause+time.Second), t0); return err },
		"a schedule for nobody": func(k *Kept) error {
			_, err := k.PutSchedule(home.Schedule{Name: "s", Days: 1, To: 60})
			return err
		},
		"a schedule for a stranger": func(k *Kept) error {
			_, err := k.PutSchedule(home.Schedule{Name: "s", Whose: []string{"x1"}, Days: 1, To: 60})
			return err
		},
		"a schedule on no day": func(k *Kept) error {
			_, err := k.PutSchedule(home.Schedule{Name: "s", Whose: []string{""}, To: 60})
			return err
		},
		"a schedule without length": func(k *Kept) error {
			_, err := k.PutSchedule(home.Schedule{Name: "s", Whose: []string{""}, Days: 1, From: 60, To: 60})
			return err
		},
		"too many people": func(k *Kept) error {
			for i := range wire.MaxPeople {
				if _, err := k.PutPerson(Person{Person: home.Person{Name: fmt.Sprint(i)}}); err != nil {
					return err
				}
			}
			return nil
		},
		"too many schedules": func(k *Kept) error {
			for range wire.MaxSchedules {
				if _, err := k.PutSchedule(home.Schedule{Name: "s", Whose: []string{""}, Days: 1, To: 60}); err != nil {
					return err
				}
			}
			return nil
		},
		"too many pauses": func(k *Kept) error {
			for i := range wire.MaxPauses + 1 {
				if _, err := k.Pause(fmt.Sprint("d", i), t0.Add(time.Hour), t0); err != nil {
					return err
				}
			}
			return nil
		},
		"too much": func(k *Kept) error {
			for i := range wire.MaxHouseholdDevices {
				id := home.DeviceID(fmt.Sprintf("d%063d", i))
				k.Admitted, k.Guests = append(k.Admitted, id), append(k.Guests, id)
			}
			return nil
		},
	} {
		_, err := w.Edit(context.Background(), homeA, ann, f)
		var in *InputError
		if !errors.As(err, &in) || in.Field == "" || in.Why == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, f := range map[string]func(*Kept) error{
		"a person": func(k *Kept) error { return k.RemovePerson("nobody") },
		"to change one": func(k *Kept) error {
			_, err := k.PutPerson(Person{Person: home.Person{ID: "nobody", Name: "n"}})
			return err
		},
		"a schedule":     func(k *Kept) error { return k.RemoveSchedule("none") },
		"a pause":        func(k *Kept) error { return k.Resume(person) },
		"a person found": func(k *Kept) error { _, err := k.Person(schedule); return err },
	} {
		if _, err := w.Edit(context.Background(), homeA, ann, f); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if after := w.get(homeA); !reflect.DeepEqual(after, before) || len(w.acts(homeA)) != 2 {
		t.Errorf("something was changed:\n%+v\n%+v %q", before, after, w.acts(homeA))
	}
}

func TestWhoGoesIsMeantByNothing(t *testing.T) {
	w := open(t, dbtest.SQLite(t))
	var bob, room string
	w.edit(homeA, func(k *Kept) error {
		p, err := k.PutPerson(Person{Person: home.Person{Name: "Bob", Devices: []home.DeviceID{"d1", "d2"}}, Account: "r2", Open: true})
		g, err2 := k.PutPerson(Person{Person: home.Person{Name: "Room", Group: true, Devices: []home.DeviceID{"d1"}}})
		bob, room = p.ID, g.ID
		_, err3 := k.PutSchedule(home.Schedule{Name: "Only Bob", Whose: []string{bob}, Days: 1, To: 60})
		_, err4 := k.PutSchedule(home.Schedule{Name: "Both", Whose: []string{bob, room, "d1"}, Days: 1, To: 60})
		_, err5 := k.Pause(bob, t0.Add(time.Hour), t0)
		k.Devices["d1"] = home.Policy{Essential: home.EssentialAlarm}
		return errors.Join(err, err2, err3, err4, err5, k.Admit("d1", true), k.Admit("d2", false))
	})
	k := w.edit(homeA, func(k *Kept) error { return k.RemovePerson(bob) })
	if len(k.People) != 1 || len(k.Schedules) != 1 || slices.Contains(k.Schedules[0].Whose, bob) || len(k.Pauses) != 0 || len(k.Accounts) != 0 || len(k.Open) != 0 {
		t.Errorf("%+v", k)
	}
	got := w.acts(homeA)
	for _, want := range []string{"person-removed", "schedule-removed", "schedule-changed", "resumed"} {
		if !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, want+" ") }) {
			t.Errorf("%s was not written down: %q", want, got)
		}
	}
	k = w.edit(homeA, func(k *Kept) error { k.Forget("d1"); return nil })
	if k.mentions()["d1"] || k.Admission("d2") != "refused" {
		t.Errorf("%+v", k)
	}
}

func TestADeviceIsOnePersons(t *testing.T) {
	w := open(t, dbtest.SQLite(t))
	put := func(p Person) (id string) {
		w.edit(homeA, func(k *Kept) error {
			p, err := k.PutPerson(p)
			id = p.ID
			return err
		})
		return id
	}
	put(Person{Person: home.Person{Name: "Ann", Devices: []home.DeviceID{"d1", "d2"}}, Account: "r1"})
	put(Person{Person: home.Person{Name: "Room", Group: true, Devices: []home.DeviceID{"d2", "d3"}}})
	bob := put(Person{Person: home.Person{Name: "Bob", Devices: []home.DeviceID{"d2", "d4"}}, Account: "r1"})
	put(Person{Person: home.Person{Name: "Open", Devices: []home.DeviceID{"d5"}}, Account: "r3", Open: true})
	of, err := w.Owners(context.Background(), homeA)
	if err != nil || !reflect.DeepEqual(of, map[string]string{"d1": "", "d2": "r1", "d4": "r1"}) {
		t.Errorf("%v %v", of, err)
	}
	if k := w.get(homeA); len(k.Accounts) != 2 || k.Accounts[bob] != "r1" {
		t.Errorf("an account is of two: %v", k.Accounts)
	}
}

func TestTwoWhoChangeTheSame(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		seen := w.get(homeA)
		change := func(want string, to home.Permission) error {
			_, err := w.Edit(context.Background(), homeA, ann, func(k *Kept) error {
				if err := Match(want, k.Policy); err != nil {
					return err
				}
				k.Policy.Block = to
				return nil
			})
			return err
		}
		if err := change(Tag(seen.Policy), home.PermitAsk); err != nil {
			t.Fatal(err)
		}
		if err := change(Tag(seen.Policy), home.PermitNever); !errors.Is(err, ErrChanged) {
			t.Fatalf("the second was not told that there was a first: %v", err)
		}
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = w.Edit(context.Background(), homeB, ann, func(k *Kept) error {
					_, err := k.PutPerson(Person{Person: home.Person{Name: fmt.Sprint(i)}})
					return err
				})
			})
		}
		wg.Wait()
		if k := w.get(homeB); errors.Join(errs...) != nil || len(k.People) != len(errs) || k.Version != uint64(len(errs)) || len(w.acts(homeB)) != len(errs) {
			t.Errorf("%v: %d people, version %d", errors.Join(errs...), len(k.People), k.Version)
		}
	})
}

func TestErasedAndRemoved(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		for _, p := range []home.Place{homeA, homeB, homeC} {
			w.edit(p, func(k *Kept) error { k.Private = true; return nil })
		}
		if n, err := w.Erase(ctx, homeA); n != 1 || err != nil || len(w.acts(homeA)) != 0 || !w.get(homeA).Private {
			t.Errorf("erased %d, %v", n, err)
		}
		if n, err := w.Remove(ctx, homeA); n != 1 || err != nil || w.get(homeA).Version != 0 {
			t.Errorf("removed %d, %v", n, err)
		}
		for _, p := range []home.Place{homeB, homeC} {
			if !w.get(p).Private || len(w.acts(p)) != 1 {
				t.Error("another home's went too")
			}
		}
		w.now = t0.Add(Keep + time.Hour)
		if err := w.Trim(ctx); err != nil || len(w.acts(homeB)) != 0 || !w.get(homeB).Private {
			t.Errorf("after 400 days: %v %q", err, w.acts(homeB))
		}
	})
}

func TestChangesAreBounded(t *testing.T) {
	w := open(t, dbtest.SQLite(t))
	for i := range MaxChanges/2 + 10 {
		w.edit(homeA, func(k *Kept) error {
			k.Private, k.Policy.Tidy = i%2 == 0, []home.Permission{home.PermitAsk, home.PermitNever}[i%2]
			return nil
		})
	}
	if n := len(w.acts(homeA)); n != MaxChanges {
		t.Errorf("%d are kept", n)
	}
}
