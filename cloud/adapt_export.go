package cloud

import (
	"context"
	"errors"
	"time"

	"cardea/cloud/api/view"
	"cardea/cloud/incident"
	"cardea/home"
)

// Export is everything that the cloud stores of a home. Each part is bounded by what its context keeps.
func (a homesPart) Export(ctx context.Context, p home.Place) (e view.Export, err error) {
	e.Made = utc(a.now())
	e.Elsewhere = "Whom your devices talked to is kept on the gateway at home only, for some days. The cloud has hashes of endpoints for counting, no names."
	var errs [8]error
	e.Home, errs[0] = a.Home(ctx, p)
	e.Devices, errs[1] = a.Devices(ctx, p)
	var stopped view.Stopped
	stopped, errs[2] = a.Stopped(ctx, p, a.now().Add(-90*24*time.Hour))
	e.Stopped = stopped.Items
	e.Orders, errs[3] = ordersPart(a).Orders(ctx, p, "")
	e.Gateways, errs[4] = gatewaysPart(a).Gateways(ctx, p)
	e.Keys, errs[5] = consentsPart(a).Keys(ctx, p)
	e.Consents, errs[6] = consentsPart(a).Consents(ctx, p)
	e.Looks, errs[7] = consentsPart(a).Looks(ctx, p)
	if err := errors.Join(errs[:]...); err != nil {
		return e, err
	}
	for _, d := range e.Devices {
		week, err := a.History.Week(ctx, p.OfHome(), d.ID, a.now())
		if err != nil {
			return e, tell(err)
		}
		days, _ := weekView(week)
		e.Days = append(e.Days, view.DeviceDays{Device: d.ID, Week: days})
	}
	for after := ""; ; {
		cases, err := a.Incidents.List(ctx, p.OfHome(), incident.All, after, 200)
		if err != nil {
			return e, tell(err)
		}
		for _, c := range cases {
			full, err := incidentsPart(a).Incident(ctx, p, c.GetId())
			if err != nil {
				return e, err
			}
			e.Incidents = append(e.Incidents, full)
			after = c.Next()
		}
		if len(cases) < 200 {
			return e, nil
		}
	}
}
