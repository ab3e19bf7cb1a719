package cloud

import (
	"context"
	"time"

	"cardea/cloud/api/view"
	"cardea/cloud/history"
	"cardea/cloud/incident"
	"cardea/home"
	"cardea/wire/pb"
)

// awake is how lately a device was seen for it to count as on. A gateway tells of a device when something changes and with
// its roll-ups, not at each packet.
const awake = 15 * time.Minute

func deviceView(d *pb.Device, online bool, now time.Time) view.Device {
	last := ms(d.GetLast())
	v := view.Device{ID: d.GetId(), Name: d.GetName(), Vendor: d.GetVendor(), MACs: d.GetMacs(), Addresses: d.GetAddresses(),
		First: ms(d.GetFirst()), Last: last, Online: online && now.Sub(last) < awake, Mode: d.GetMode(), Grade: d.GetGrade(),
		Protected: d.GetProtected(), Gateway: d.GetGateway(), Shared: d.GetShared(), Blocked: d.GetBlocked(), Allowed: d.GetAllowed()}
	showWho(&v, d)
	return v
}

// openCases are a home's cases that are not closed.
func (a *adapter) openCases(ctx context.Context, p home.Place) ([]incident.Case, error) {
	return a.Incidents.List(ctx, p.OfHome(), incident.Open, "", 200)
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

func (a homesPart) Devices(ctx context.Context, p home.Place) ([]view.Device, error) {
	list, err := a.History.DeviceList(ctx, p.OfHome())
	if err != nil {
		return nil, tell(err)
	}
	cases, err := a.openCases(ctx, p)
	if err != nil {
		return nil, tell(err)
	}
	state, err := a.History.State(ctx, p.OfHome())
	if err != nil {
		return nil, tell(err)
	}
	now := a.now()
	var out []view.Device
	for _, d := range list {
		v := deviceView(d.Device, state.Online(now), now)
		v.Incident = caseOf(cases, v.ID)
		out = append(out, v)
	}
	return out, nil
}

func (a homesPart) Device(ctx context.Context, p home.Place, id string) (view.DeviceDetail, error) {
	d, err := a.History.Device(ctx, p.OfHome(), id)
	if err != nil {
		return view.DeviceDetail{}, tell(err)
	}
	cases, err := a.openCases(ctx, p)
	if err != nil {
		return view.DeviceDetail{}, tell(err)
	}
	state, err := a.History.State(ctx, p.OfHome())
	if err != nil {
		return view.DeviceDetail{}, tell(err)
	}
	now := a.now()
	v := view.DeviceDetail{Device: deviceView(d.Device, state.Online(now), now)}
	v.Incident = caseOf(cases, id)
	week, err := a.History.Week(ctx, p.OfHome(), id, now)
	if err != nil {
		return v, tell(err)
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

// names of a home's devices by id.
func (a *adapter) names(ctx context.Context, p home.Place) (map[string]string, error) {
	list, err := a.History.DeviceList(ctx, p.OfHome())
	out := map[string]string{}
	for _, d := range list {
		out[d.GetId()] = d.GetName()
	}
	return out, err
}

func named(names map[string]string, id string) view.Ref {
	if n := names[id]; n != "" {
		return view.Ref{ID: id, Name: n}
	}
	return view.Ref{ID: id, Name: "A device"}
}
