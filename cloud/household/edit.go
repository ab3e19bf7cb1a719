package household

import (
	"slices"
	"time"

	"cardea/home"
	"cardea/wire"

	"github.com/google/uuid"
)

// Person is somebody of the home, or a group of devices, as people change it.
type Person struct {
	home.Person
	Account string // with which they sign in; "" with none
	Open    bool   // whether all members may see where their devices went
}

// Person finds one.
func (k *Kept) Person(id string) (Person, error) {
	i := slices.IndexFunc(k.People, func(p home.Person) bool { return p.ID == id })
	if i < 0 {
		return Person{}, ErrUnknown
	}
	return Person{k.People[i], k.Accounts[id], slices.Contains(k.Open, id)}, nil
}

// PutPerson adds a person when the id is "", and changes the one that has it otherwise.
func (k *Kept) PutPerson(p Person) (Person, error) {
	if err := wire.CheckName(p.Name); err != nil {
		return p, &InputError{"name", err.Error()}
	}
	if p.Level != "" && p.Level != home.LevelFamily {
		return p, &InputError{"level", "want everything or family"}
	}
	if p.Group && p.Account != "" {
		return p, &InputError{"account", "a group of devices does not sign in"}
	}
	i := slices.IndexFunc(k.People, func(o home.Person) bool { return o.ID == p.ID })
	switch {
	case p.ID == "" && len(k.People) >= wire.MaxPeople:
		return p, &InputError{"name", "there are as many people and groups as there can be"}
	case p.ID == "":
		id, err := uuid.NewV7()
		if err != nil {
			return p, err
		}
		p.ID = id.String()
		k.People = append(k.People, p.Person)
	case i < 0:
		return p, ErrUnknown
	default:
		k.People[i] = p.Person
	}
	delete(k.Accounts, p.ID)
	if p.Account != "" {
		for id, account := range k.Accounts {
			if account == p.Account {
				delete(k.Accounts, id) // an account is of one person
			}
		}
		k.Accounts[p.ID] = p.Account
	}
	k.Open = slices.DeleteFunc(k.Open, func(id string) bool { return id == p.ID })
	if p.Open {
		k.Open = append(k.Open, p.ID)
	}
	k.moved(p.Person)
	return p, nil
}

// moved takes a person's devices from other people: a device is one person's. It may be in any number of groups beside.
func (k *Kept) moved(to home.Person) {
	if to.Group {
		return
	}
	for i := range k.People {
		if o := &k.People[i]; !o.Group && o.ID != to.ID {
			o.Devices = slices.DeleteFunc(o.Devices, func(d home.DeviceID) bool { return slices.Contains(to.Devices, d) })
		}
	}
}

// RemovePerson takes a person away, and what only they were meant by.
func (k *Kept) RemovePerson(id string) error {
	if _, err := k.Person(id); err != nil {
		return err
	}
	k.People = slices.DeleteFunc(k.People, func(p home.Person) bool { return p.ID == id })
	delete(k.Accounts, id)
	k.Open = slices.DeleteFunc(k.Open, func(o string) bool { return o == id })
	k.unname(id)
	return nil
}

// unname takes an id out of schedules and pauses; a schedule for nobody goes.
func (k *Kept) unname(id string) {
	for i := range k.Schedules {
		k.Schedules[i].Whose = slices.DeleteFunc(k.Schedules[i].Whose, func(w string) bool { return w == id })
	}
	k.Schedules = slices.DeleteFunc(k.Schedules, func(s home.Schedule) bool { return len(s.Whose) == 0 })
	k.Pauses = slices.DeleteFunc(k.Pauses, func(p home.Pause) bool { return p.Whose == id })
}

// Schedule finds one.
func (k *Kept) Schedule(id string) (home.Schedule, error) {
	i := slices.IndexFunc(k.Schedules, func(s home.Schedule) bool { return s.ID == id })
	if i < 0 {
		return home.Schedule{}, ErrUnknown
	}
	return k.Schedules[i], nil
}

// PutSchedule adds a schedule when the id is "", and changes the one that has it otherwise.
func (k *Kept) PutSchedule(s home.Schedule) (home.Schedule, error) {
	switch {
	case wire.CheckName(s.Name) != nil:
		return s, &InputError{"name", wire.CheckName(s.Name).Error()}
	case len(s.Whose) == 0 || len(s.Whose) > wire.MaxWhose:
		return s, &InputError{"whose", "want somebody, and not too many"}
	case s.Days == 0 || s.Days > 127:
		return s, &InputError{"days", "want at least one day of the week"}
	case s.From >= 24*60 || s.To > 24*60 || s.From == s.To:
		return s, &InputError{"to", "want two times of a day that differ"}
	}
	i := slices.IndexFunc(k.Schedules, func(o home.Schedule) bool { return o.ID == s.ID })
	switch {
	case s.ID == "" && len(k.Schedules) >= wire.MaxSchedules:
		return s, &InputError{"name", "there are as many schedules as there can be"}
	case s.ID == "":
		id, err := uuid.NewV7()
		if err != nil {
			return s, err
		}
		s.ID = id.String()
		k.Schedules = append(k.Schedules, s)
	case i < 0:
		return s, ErrUnknown
	default:
		k.Schedules[i] = s
	}
	return s, nil
}

// RemoveSchedule takes one away.
func (k *Kept) RemoveSchedule(id string) error {
	if _, err := k.Schedule(id); err != nil {
		return err
	}
	k.Schedules = slices.DeleteFunc(k.Schedules, func(s home.Schedule) bool { return s.ID == id })
	return nil
}

// Pause takes somebody's internet away for a while, or ends it sooner or later than before. whose is the id of a person or device;
// "" is everybody but essential devices.
func (k *Kept) Pause(whose string, until, now time.Time) (home.Pause, error) {
	until = until.Truncate(time.Second).UTC()
	if !until.After(now) || until.After(now.Add(MaxPause)) {
		return home.Pause{}, &InputError{"until", "want a time from now, by a week at most"}
	}
	p := home.Pause{Whose: whose, Until: until}
	k.Pauses = slices.DeleteFunc(k.Pauses, func(o home.Pause) bool { return o.Whose == whose })
	if len(k.Pauses) >= wire.MaxPauses {
		return p, &InputError{"whose", "as many are paused as there can be"}
	}
	k.Pauses = append(k.Pauses, p)
	return p, nil
}

// Resume ends a pause.
func (k *Kept) Resume(whose string) error {
	n := len(k.Pauses)
	k.Pauses = slices.DeleteFunc(k.Pauses, func(o home.Pause) bool { return o.Whose == whose })
	if len(k.Pauses) == n {
		return ErrUnknown
	}
	return nil
}

// Admission is what somebody said to a new device: admitted, refused, or "" nothing.
func (k *Kept) Admission(device home.DeviceID) string {
	switch {
	case slices.Contains(k.Admitted, device):
		return "admitted"
	case slices.Contains(k.Refused, device):
		return "refused"
	}
	return ""
}

// Admit says yes or no to a device.
func (k *Kept) Admit(device home.DeviceID, yes bool) error {
	not := func(d home.DeviceID) bool { return d == device }
	k.Admitted, k.Refused = slices.DeleteFunc(k.Admitted, not), slices.DeleteFunc(k.Refused, not)
	if yes {
		k.Admitted = append(k.Admitted, device)
	} else {
		k.Refused = append(k.Refused, device)
	}
	if len(k.Admitted) > wire.MaxHouseholdDevices || len(k.Refused) > wire.MaxHouseholdDevices {
		return &InputError{"device", "too many devices"}
	}
	return nil
}

// SetGuest says whether a device is a guest's.
func (k *Kept) SetGuest(device home.DeviceID, guest bool) {
	k.Guests = slices.DeleteFunc(k.Guests, func(d home.DeviceID) bool { return d == device })
	if guest {
		k.Guests = append(k.Guests, device)
	}
}

// Forget takes a device out of everything.
func (k *Kept) Forget(device home.DeviceID) {
	not := func(d home.DeviceID) bool { return d == device }
	delete(k.Devices, device)
	for i := range k.People {
		k.People[i].Devices = slices.DeleteFunc(k.People[i].Devices, not)
	}
	k.Admitted, k.Guests, k.Refused = slices.DeleteFunc(k.Admitted, not), slices.DeleteFunc(k.Guests, not), slices.DeleteFunc(k.Refused, not)
	k.unname(string(device))
}
