package homes

import (
	"context"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/view"
	"cardea/cloud/history"
	"cardea/cloud/incident"
	"cardea/cloud/rooms"
	"cardea/cloud/rooms/faults"
	"cardea/home"
	"cardea/wire/pb"
)

// awake is how lately a device was seen for it to count as on. A gateway tells of a device when something changes and with
// its roll-ups, not at each packet.
const awake = 15 * time.Minute

func deviceView(d *pb.Device, online bool, now time.Time, lang string) view.Device {
	last := rooms.TimeOf(d.GetLast())
	v := view.Device{ID: d.GetId(), Name: d.GetName(), Vendor: d.GetVendor(), MACs: d.GetMacs(), Addresses: d.GetAddresses(),
		First: rooms.TimeOf(d.GetFirst()), Last: last, Online: online && now.Sub(last) < awake, Mode: d.GetMode(), Grade: d.GetGrade(),
		Protected: d.GetProtected(), Gateway: d.GetGateway(), Shared: d.GetShared(), Blocked: d.GetBlocked(), Allowed: d.GetAllowed()}
	v.Held, v.Paused, v.PausedBy, v.Essential, v.Firmware, v.Trial = d.GetHeld(), base.At(rooms.TimeOf(d.GetPaused())), d.GetPausedBy(), d.GetEssential(), d.GetFirmware(), trialView(d.GetTrial())
	v.Guest = d.GetGuest()
	showWho(&v, d, lang)
	return v
}

// trialView is what a mode would stop; nil when none is tried.
func trialView(t *pb.Trial) *view.Trial {
	if t == nil {
		return nil
	}
	return &view.Trial{Mode: t.GetMode(), Since: base.At(rooms.TimeOf(t.GetSince())), Kept: t.GetKept(), Stops: t.GetStops(), Stopped: t.GetStopped(), Share: t.GetShare()}
}

// caseOf says which case a device has; the one that changed last.
func caseOf(cases []incident.Case, device string) *view.IncidentRef {
	for _, c := range cases {
		if c.GetDevice() == device {
			return &view.IncidentRef{ID: c.GetId(), Code: c.GetCode(), State: c.GetState()}
		}
	}
	return nil
}

func (a Homes) Devices(ctx context.Context, p home.Place) ([]view.Device, error) {
	list, err := a.History.DeviceList(ctx, p.OfHome())
	if err != nil {
		return nil, faults.Tell(err)
	}
	cases, err := a.OpenCases(ctx, p)
	if err != nil {
		return nil, faults.Tell(err)
	}
	state, err := a.History.State(ctx, p.OfHome())
	if err != nil {
		return nil, faults.Tell(err)
	}
	now := a.Now()
	var out []view.Device
	for _, d := range list {
		v := deviceView(d.Device, state.Online(now), now, api.Language(ctx))
		v.Incident = caseOf(cases, v.ID)
		out = append(out, v)
	}
	return out, nil
}

func (a Homes) Device(ctx context.Context, p home.Place, id string) (view.DeviceDetail, error) {
	d, err := a.History.Device(ctx, p.OfHome(), id)
	if err != nil {
		return view.DeviceDetail{}, faults.Tell(err)
	}
	cases, err := a.OpenCases(ctx, p)
	if err != nil {
		return view.DeviceDetail{}, faults.Tell(err)
	}
	state, err := a.History.State(ctx, p.OfHome())
	if err != nil {
		return view.DeviceDetail{}, faults.Tell(err)
	}
	now := a.Now()
	v := view.DeviceDetail{Device: deviceView(d.Device, state.Online(now), now, api.Language(ctx))}
	v.Incident = caseOf(cases, id)
	week, err := a.History.Week(ctx, p.OfHome(), id, now)
	if err != nil {
		return v, faults.Tell(err)
	}
	v.Week, v.Coverage = weekView(week)
	return v, nil
}

func weekView(week [7]history.Strip) (days []view.Day, c *view.Coverage) {
	var all, unnamed uint64
	for _, s := range week {
		days = append(days, view.Day{Day: s.Day.UTC().Format(time.DateOnly), Up: s.Up, Down: s.Down, Hours: s.Hours[:]})
		all += s.Up + s.Down
		unnamed += s.Unnamed
	}
	if all > 0 {
		c = &view.Coverage{UnnamedShare: min(float64(unnamed)/float64(all), 1)}
	}
	return days, c
}
