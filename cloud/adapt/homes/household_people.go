package homes

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/household"
	"cardea/cloud/rooms/faults"
	"cardea/home"
)

// peoplePart shows and changes people, groups, schedules and pauses.
type peoplePart struct{ *base.Adapter }

func personView(p household.Person) view.HousePerson {
	return view.HousePerson{ID: p.ID, Name: p.Name, Group: p.Group, Devices: mapped(p.Devices, idText), Account: p.Account, Open: p.Open, Level: levelText(p.Level), ETag: household.Tag(p)}
}

// everything is the level of who may look up all names, as the API calls it.
const everything = "everything"

func levelText(l home.Level) string { return cmp.Or(string(l), everything) }

func levelIn(s string) home.Level {
	if s == everything {
		return ""
	}
	return home.Level(s)
}

func (a peoplePart) People(ctx context.Context, p home.Place) (out []view.HousePerson, err error) {
	k, err := a.Household.Get(ctx, p.OfHome())
	if err != nil {
		return nil, err
	}
	for _, one := range k.People {
		who, err := k.Person(one.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, personView(who))
	}
	return out, nil
}

func (a peoplePart) Person(ctx context.Context, p home.Place, id string) (view.HousePerson, error) {
	k, err := a.Household.Get(ctx, p.OfHome())
	if err != nil {
		return view.HousePerson{}, err
	}
	who, err := k.Person(id)
	return personView(who), tellHousehold(err)
}

// resident says whether an account is one of the home's; "" is none, and may be.
func (a peoplePart) resident(ctx context.Context, p home.Place, id string) error {
	if id == "" {
		return nil
	}
	list, err := a.Accounts.Residents(ctx, p.OfHome())
	if err != nil {
		return faults.Tell(err)
	}
	if !slices.ContainsFunc(list, func(r account.Person) bool { return r.ID == id }) {
		return tellHousehold(&household.InputError{Field: "account", Why: "nobody of this home signs in with it"})
	}
	return nil
}

func (a peoplePart) AddPerson(ctx context.Context, p home.Place, by api.Session, n view.NewHousePerson) (v view.HousePerson, err error) {
	if err := a.resident(ctx, p, n.Account); err != nil {
		return v, err
	}
	return a.putPerson(ctx, p, by, func(*household.Kept) (household.Person, error) {
		return household.Person{Person: home.Person{Name: n.Name, Group: n.Group, Devices: mapped(n.Devices, idOf), Level: levelIn(n.Level)}, Account: n.Account, Open: n.Open}, nil
	})
}

func (a peoplePart) ChangePerson(ctx context.Context, p home.Place, by api.Session, id, want string, c view.HousePersonPatch) (v view.HousePerson, err error) {
	if c.Account != nil {
		if err := a.resident(ctx, p, *c.Account); err != nil {
			return v, err
		}
	}
	return a.putPerson(ctx, p, by, func(k *household.Kept) (household.Person, error) {
		who, err := k.Person(id)
		if err == nil {
			err = household.Match(want, who)
		}
		set(&who.Name, c.Name)
		set(&who.Account, c.Account)
		set(&who.Open, c.Open)
		if c.Level != nil {
			who.Level = levelIn(*c.Level)
		}
		if c.Devices != nil {
			who.Devices = mapped(*c.Devices, idOf)
		}
		return who, err
	})
}

// set takes what a patch has.
func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func (a peoplePart) putPerson(ctx context.Context, p home.Place, by api.Session, made func(*household.Kept) (household.Person, error)) (view.HousePerson, error) {
	var id string
	k, err := edit(ctx, a.Adapter, p, by, func(k *household.Kept) error {
		who, err := made(k)
		if err != nil {
			return err
		}
		who, err = k.PutPerson(who)
		id = who.ID
		return err
	})
	if err != nil {
		return view.HousePerson{}, err
	}
	who, err := k.Person(id)
	return personView(who), tellHousehold(err)
}

func (a peoplePart) RemovePerson(ctx context.Context, p home.Place, by api.Session, id, want string) error {
	_, err := edit(ctx, a.Adapter, p, by, func(k *household.Kept) error {
		who, err := k.Person(id)
		if err == nil {
			err = household.Match(want, who)
		}
		if err != nil {
			return err
		}
		return k.RemovePerson(id)
	})
	return err
}

var days = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

func scheduleView(s home.Schedule) view.Schedule {
	v := view.Schedule{ID: s.ID, Name: s.Name, Whose: mapped(s.Whose, whoseView), From: clockText(s.From), To: clockText(s.To), Off: s.Off, ETag: household.Tag(s)}
	for i, d := range days {
		if s.Days&(1<<i) != 0 {
			v.Days = append(v.Days, d)
		}
	}
	return v
}

func clockText(minutes uint16) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// minutesOf reads what the API's pattern lets through.
func minutesOf(s string) uint16 {
	var h, m uint16
	if _, err := fmt.Sscanf(s, "%02d:%02d", &h, &m); err != nil {
		return 24*60 + 1 // no time: the household refuses it
	}
	return h*60 + m
}

func daysOf(names []string) (out uint8) {
	for _, n := range names {
		if i := slices.Index(days, n); i >= 0 {
			out |= 1 << i
		}
	}
	return out
}

func (a peoplePart) Schedules(ctx context.Context, p home.Place) ([]view.Schedule, error) {
	k, err := a.Household.Get(ctx, p.OfHome())
	return mapped(k.Schedules, scheduleView), err
}

func (a peoplePart) Schedule(ctx context.Context, p home.Place, id string) (view.Schedule, error) {
	k, err := a.Household.Get(ctx, p.OfHome())
	if err != nil {
		return view.Schedule{}, err
	}
	s, err := k.Schedule(id)
	return scheduleView(s), tellHousehold(err)
}

func (a peoplePart) AddSchedule(ctx context.Context, p home.Place, by api.Session, n view.NewSchedule) (view.Schedule, error) {
	return a.putSchedule(ctx, p, by, func(*household.Kept) (home.Schedule, error) {
		return home.Schedule{Name: n.Name, Whose: mapped(n.Whose, whoseOf), Days: daysOf(n.Days), From: minutesOf(n.From), To: minutesOf(n.To), Off: n.Off}, nil
	})
}

func (a peoplePart) ChangeSchedule(ctx context.Context, p home.Place, by api.Session, id, want string, c view.SchedulePatch) (view.Schedule, error) {
	return a.putSchedule(ctx, p, by, func(k *household.Kept) (home.Schedule, error) {
		s, err := k.Schedule(id)
		if err == nil {
			err = household.Match(want, s)
		}
		set(&s.Name, c.Name)
		set(&s.Off, c.Off)
		if c.Whose != nil {
			s.Whose = mapped(*c.Whose, whoseOf)
		}
		if c.Days != nil {
			s.Days = daysOf(*c.Days)
		}
		if c.From != nil {
			s.From = minutesOf(*c.From)
		}
		if c.To != nil {
			s.To = minutesOf(*c.To)
		}
		return s, err
	})
}

func (a peoplePart) putSchedule(ctx context.Context, p home.Place, by api.Session, made func(*household.Kept) (home.Schedule, error)) (view.Schedule, error) {
	var id string
	k, err := edit(ctx, a.Adapter, p, by, func(k *household.Kept) error {
		s, err := made(k)
		if err != nil {
			return err
		}
		s, err = k.PutSchedule(s)
		id = s.ID
		return err
	})
	if err != nil {
		return view.Schedule{}, err
	}
	s, err := k.Schedule(id)
	return scheduleView(s), tellHousehold(err)
}

func (a peoplePart) RemoveSchedule(ctx context.Context, p home.Place, by api.Session, id, want string) error {
	_, err := edit(ctx, a.Adapter, p, by, func(k *household.Kept) error {
		s, err := k.Schedule(id)
		if err == nil {
			err = household.Match(want, s)
		}
		if err != nil {
			return err
		}
		return k.RemoveSchedule(id)
	})
	return err
}

func pauseView(p home.Pause) view.Pause {
	return view.Pause{Whose: whoseView(p.Whose), Until: base.UTC(p.Until)}
}

func (a peoplePart) Pauses(ctx context.Context, p home.Place) ([]view.Pause, error) {
	k, err := a.Household.Get(ctx, p.OfHome())
	return mapped(k.Pauses, pauseView), err
}

func (a peoplePart) Pause(ctx context.Context, p home.Place, by api.Session, n view.NewPause) (v view.Pause, err error) {
	if p.Gateway == "" {
		return v, problem.New(problem.Conflict, "The home has no gateway yet.")
	}
	now := a.Now()
	until := now.Add(time.Duration(n.Minutes) * time.Minute)
	set(&until, n.Until)
	_, err = edit(ctx, a.Adapter, p, by, func(k *household.Kept) error {
		one, err := k.Pause(whoseOf(n.Whose), until, now)
		v = pauseView(one)
		return err
	})
	return v, err
}

func (a peoplePart) Resume(ctx context.Context, p home.Place, by api.Session, whose string) error {
	_, err := edit(ctx, a.Adapter, p, by, func(k *household.Kept) error { return k.Resume(whoseOf(whose)) })
	return err
}

// Owners says whose the devices of a home are, for what members see of each other.
func (a peoplePart) Owners(ctx context.Context, p home.Place) (of map[string]string, shared bool, err error) {
	of, err = a.Household.Owners(ctx, p.OfHome())
	return of, false, err
}
