package usual

import (
	"context"
	"fmt"
	"math"
	"time"

	"cardea/behavior"
	"cardea/behavior/evidence"
	"cardea/behavior/profile"
	"cardea/behavior/usual"
	"cardea/gateway/judge"
	"cardea/home"
	"cardea/lab/eval/units"
)

// Back is what is told of a unit's past when its devices' models are learnt after all of it.
type Back struct {
	Found  []*home.Finding // each device and cause once, as a gateway tells them
	Judged []home.DeviceID // devices of whom something could be told: their very model was learnt, and their class has no browser
}

// LookBack plays a unit as if no profile had been there, and judges all its contacts again by profiles that come when it is over, as a
// gateway does that kept them in its ledger; no bound on findings. The profiles come so late that all look-ups were heard for long enough.
// As on a gateway, whose network an address is in is not known. watch is told each observation of the devices that are judged; nil: nobody is.
func LookBack(ctx context.Context, u *units.Unit, o Options, watch func(*home.Observation)) (*Back, error) {
	level, class := o.of(u)
	var set *profile.Set // none while the unit lives
	j := judge.New(judge.Config{Behavior: behavior.Config{Usual: usual.Config{
		Profiles: func() *profile.Set { return set },
		Level:    func(d *home.Device) profile.Level { return level[d.ID] },
		Class:    func(d *home.Device) home.DeviceClass { return class[d.ID] },
	}}}, nobody{})
	if err := u.Play(ctx, j.Observe, j.Closed); err != nil {
		return nil, fmt.Errorf("play %s: %w", u.Name, err)
	}
	set = o.Profiles
	back, judged := &Back{}, map[home.DeviceID]bool{}
	h := j.Hunt(math.MaxInt)
	var devices []home.Device
	for i := range u.Devices {
		devices = append(devices, u.Devices[i].Device)
	}
	h.Past = j.Past(devices, u.Last.Add(24*time.Hour), func(id home.DeviceID, _ profile.Level, _ uint32) bool {
		if evidence.Headless(class[id]) {
			back.Judged, judged[id] = append(back.Judged, id), true
		}
		return true
	})
	if len(judged) == 0 {
		return back, nil
	}
	when := o.When
	err := u.Play(ctx, func(o *home.Observation) {
		if watch != nil && o.Device != nil && judged[o.Device.ID] && o.Kind != home.EventTick && (when == nil || when(o.Time)) {
			watch(o)
		}
	}, func(c *home.Contact) {
		if when == nil || when(c.First) {
			h.Contact(c)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("play %s: %w", u.Name, err)
	}
	back.Found = h.Findings()
	return back, nil
}

// nobody hears what is found while the unit lives.
type nobody struct{}

// Find takes a finding.
func (nobody) Find(*home.Finding) {}
