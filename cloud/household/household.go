// Package household keeps what the people of each home decided: who lives there and what is whose, times without internet, what the
// gateway may do by itself, which new devices are let in, what is private. Each change is kept with who made it and when. The gateway
// does it; this room only tells it. It may import home, wire and internal/platform/db, and owns the household_ tables.
package household

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
)

// Migrations are its tables.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Bounds and lives.
const (
	MaxPause   = 7 * 24 * time.Hour
	MaxChanges = 500 // kept of a home; the oldest give way
	Keep       = 400 * 24 * time.Hour
	horizon    = 400 * 24 * time.Hour // of the zone's offsets that a gateway is told
	renew      = 200 * 24 * time.Hour // it is told anew when fewer are left
)

// Errors that the caller turns into words.
var (
	ErrUnknown = errors.New("there is no such thing in the household")
	ErrChanged = errors.New("it was changed meanwhile")
)

// InputError says what of somebody's wish cannot be, and why.
type InputError struct{ Field, Why string }

func (e *InputError) Error() string { return e.Field + ": " + e.Why }

// Kept is what is kept of a home: what its gateway is told, without the zone's offsets, and what only the cloud needs.
type Kept struct {
	home.Household
	Accounts map[string]string `json:"accounts,omitempty"` // by a person's id: with which account they sign in
	Open     []string          `json:"open,omitempty"`     // ids of people whose destinations all members may see
	Refused  []home.DeviceID   `json:"refused,omitempty"`  // new devices that somebody said no to
	Help     Help              `json:"help,omitempty"`     // whether other homes learn from this one
	Changed  time.Time         `json:"-"`                  // zero: nobody decided anything yet
}

// By is who changes something.
type By struct{ ID, Name string }

// Options are what this room needs of others; nil ones are left out.
type Options struct {
	// Known says whether a home has a device.
	Known func(tx *db.Tx, p home.Place, device home.DeviceID) (bool, error)
	// Touch has the gateway told, in the transaction that changes something.
	Touch func(tx *db.Tx, p home.Place) error
	// Withdraw forgets what is learned from a home, in the transaction in which its people say that it does not help any more.
	Withdraw func(tx *db.Tx, p home.Place) error
	Feed     func(tx *db.Tx, p home.Place, kind, id string) error
	Now      func() time.Time // default time.Now
}

// Households is the store. Make it with New.
type Households struct {
	db *db.DB
	o  Options
}

// New makes a store on tables that have been migrated.
func New(d *db.DB, o Options) *Households {
	if o.Known == nil {
		o.Known = func(*db.Tx, home.Place, home.DeviceID) (bool, error) { return true, nil }
	}
	if o.Touch == nil {
		o.Touch = func(*db.Tx, home.Place) error { return nil }
	}
	if o.Withdraw == nil {
		o.Withdraw = func(*db.Tx, home.Place) error { return nil }
	}
	if o.Feed == nil {
		o.Feed = func(*db.Tx, home.Place, string, string) error { return nil }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Households{db: d, o: o}
}

// Tag is what a part of a household is compared by when two people change it: equal parts have equal tags.
func Tag(part any) string {
	b, err := json.Marshal(part)
	if err != nil {
		return "" // a part holds nothing that JSON has no form for
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:8])
}

// Match is ErrChanged when somebody changed a part since want was its tag; "" matches anything.
func Match(want string, part any) error {
	if want != "" && want != Tag(part) {
		return ErrChanged
	}
	return nil
}

// Get is what is kept of a home now.
func (h *Households) Get(ctx context.Context, p home.Place) (k Kept, err error) {
	err = h.db.View(ctx, func(tx *db.Tx) error {
		k, err = h.read(tx, p)
		return err
	})
	if err != nil {
		return Kept{}, fmt.Errorf("household: %w", err)
	}
	return k, nil
}

// Owners says whose each device is that is one person's: with which account they sign in, "" with none. Devices of groups, of people
// who are open, and of nobody are everybody's, and not in it.
func (h *Households) Owners(ctx context.Context, p home.Place) (map[string]string, error) {
	k, err := h.Get(ctx, p)
	out := map[string]string{}
	for _, person := range k.People {
		if person.Group || slices.Contains(k.Open, person.ID) {
			continue
		}
		for _, d := range person.Devices {
			out[string(d)] = k.Accounts[person.ID]
		}
	}
	return out, err
}

// Edit changes what is kept of a home and returns what is kept then. edit may run again when somebody else was faster. A change that
// changes nothing is none.
func (h *Households) Edit(ctx context.Context, p home.Place, by By, edit func(*Kept) error) (k Kept, err error) {
	err = h.db.Tx(ctx, func(tx *db.Tx) error {
		k, err = h.edit(tx, p, by, edit)
		return err
	})
	if err != nil {
		return Kept{}, fmt.Errorf("change household: %w", err)
	}
	return k, nil
}

func (h *Households) edit(tx *db.Tx, p home.Place, by By, edit func(*Kept) error) (Kept, error) {
	if err := lock(tx, p); err != nil {
		return Kept{}, err
	}
	before, err := h.read(tx, p)
	if err != nil {
		return Kept{}, err
	}
	after := before.clone()
	if err := edit(&after); err != nil {
		return Kept{}, err
	}
	after.tidy()
	if err := h.check(tx, p, before, after); err != nil {
		return Kept{}, err
	}
	changes := diff(before, after)
	if len(changes) == 0 {
		return before, nil
	}
	now := h.o.Now().Truncate(time.Millisecond).UTC()
	after.Version, after.Changed = before.Version+1, now
	if err := h.write(tx, p, after); err != nil {
		return Kept{}, err
	}
	for _, c := range changes {
		c.Who, c.Name, c.Time = by.ID, by.Name, now
		if err := note(tx, p, c); err != nil {
			return Kept{}, err
		}
	}
	if err := bound(tx, p); err != nil {
		return Kept{}, err
	}
	if err := h.withdraw(tx, p, before, after); err != nil {
		return Kept{}, err
	}
	if err := h.o.Touch(tx, p.OfHome()); err != nil {
		return Kept{}, err
	}
	return after, h.o.Feed(tx, p.OfHome(), "household", "")
}

// check says what of a change cannot be.
func (h *Households) check(tx *db.Tx, p home.Place, before, after Kept) error {
	if err := wire.CheckHousehold(after.Household); err != nil {
		return &InputError{"household", err.Error()}
	}
	if after.Zone.Name != before.Zone.Name {
		if err := CheckZone(after.Zone.Name); err != nil {
			return err
		}
	}
	if after.Help != "" && after.Help != HelpOn && after.Help != HelpOff {
		return &InputError{"help", "want on or off"}
	}
	if len(after.Refused) > wire.MaxHouseholdDevices {
		return &InputError{"device", "too many devices were refused"}
	}
	was := before.mentions()
	for id := range after.mentions() {
		if was[id] {
			continue
		}
		if known, err := h.o.Known(tx, p, id); err != nil {
			return err
		} else if !known {
			return &InputError{"device", "this home has no such device"}
		}
	}
	return nil
}

// mentions are all devices that a household says something of.
func (k *Kept) mentions() map[home.DeviceID]bool {
	out := map[home.DeviceID]bool{}
	people := map[string]bool{"": true}
	for id := range k.Devices {
		out[id] = true
	}
	for _, p := range k.People {
		people[p.ID] = true
		for _, d := range p.Devices {
			out[d] = true
		}
	}
	for _, list := range [][]home.DeviceID{k.Admitted, k.Guests, k.Refused} {
		for _, d := range list {
			out[d] = true
		}
	}
	for _, s := range k.Schedules {
		for _, w := range s.Whose {
			if !people[w] {
				out[home.DeviceID(w)] = true
			}
		}
	}
	for _, p := range k.Pauses {
		if !people[p.Whose] {
			out[home.DeviceID(p.Whose)] = true
		}
	}
	return out
}

// tidy makes equal households equal: lists without order are sorted and have each once.
func (k *Kept) tidy() {
	sorted := func(ids []home.DeviceID) []home.DeviceID {
		ids = slices.Clone(ids)
		slices.Sort(ids)
		return slices.Compact(ids)
	}
	k.Admitted, k.Guests, k.Refused = sorted(k.Admitted), sorted(k.Guests), sorted(k.Refused)
	slices.Sort(k.Open)
	k.Open = slices.Compact(k.Open)
	for i := range k.People {
		k.People[i].Devices = sorted(k.People[i].Devices)
	}
	for i := range k.Schedules {
		slices.Sort(k.Schedules[i].Whose)
		k.Schedules[i].Whose = slices.Compact(k.Schedules[i].Whose)
	}
	for id, p := range k.Devices {
		if p == (home.Policy{}) {
			delete(k.Devices, id)
		}
	}
}
