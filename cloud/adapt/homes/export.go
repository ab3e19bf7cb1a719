package homes

import (
	"context"
	"errors"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/cloud/adapt/people"
	"cardea/cloud/api"
	"cardea/cloud/api/view"
	"cardea/cloud/incident"
	"cardea/cloud/rooms/faults"
	"cardea/home"
)

// elsewhere is what an export has not, by language. A finding and what was stopped are the exception: they name what they are about.
var elsewhere = map[string]string{
	"en": "Whom your devices talked to is kept on the gateway at home only, for some days. The cloud has hashes of endpoints for counting, and names only of what was stopped, of what a case is about, and of those that many homes use.",
	"de": elsewhereDE,
}

// Export is what the cloud stores of a home, as its people see it, in the language of whoever asks. Each part is bounded by what its
// context keeps.
func (a Homes) Export(ctx context.Context, p home.Place) (e view.Export, err error) {
	lang := api.Language(ctx)
	e.Made, e.Elsewhere = base.UTC(a.Now()), elsewhere[lang]
	var errs [10]error
	e.Home, errs[0] = a.Home(ctx, p, lang)
	e.Devices, errs[1] = a.Devices(ctx, p)
	var stopped view.Stopped
	stopped, errs[2] = a.Stopped(ctx, p, a.Now().Add(-90*24*time.Hour))
	e.Stopped = stopped.Items
	e.Orders, errs[3] = Orders(a).Orders(ctx, p, "")
	e.Gateways, errs[4] = people.Gateways(a).Gateways(ctx, p)
	e.Keys, errs[5] = people.Consents(a).Keys(ctx, p)
	e.Consents, errs[6] = people.Consents(a).Consents(ctx, p)
	e.Looks, errs[7] = people.Consents(a).Looks(ctx, p)
	e.Learned, errs[8] = a.learned(ctx, p)
	e.Household, errs[9] = a.household(ctx, p)
	if err := errors.Join(errs[:]...); err != nil {
		return e, err
	}
	for _, d := range e.Devices {
		week, err := a.History.Week(ctx, p.OfHome(), d.ID, a.Now())
		if err != nil {
			return e, faults.Tell(err)
		}
		days, _ := weekView(week)
		e.Days = append(e.Days, view.DeviceDays{Device: d.ID, Week: days})
	}
	for after := ""; ; {
		cases, err := a.Incidents.List(ctx, p.OfHome(), incident.All, after, 200)
		if err != nil {
			return e, faults.Tell(err)
		}
		for _, c := range cases {
			full, err := incidentsPart(a).Incident(ctx, p, c.GetId(), lang)
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

// learned is what is kept of the home's devices for learning from all homes.
func (a Homes) learned(ctx context.Context, p home.Place) (out []view.Learned, err error) {
	list, err := a.Normal.Export(ctx, p.OfHome())
	for _, d := range list {
		v := view.Learned{Device: d.Device, Weeks: []view.LearnedWeek{}, Days: []view.LearnedDay{}}
		for _, w := range d.Weeks {
			week := view.LearnedWeek{From: w.From.UTC(), Active: w.Active, Endpoints: []string{}}
			for _, e := range w.Endpoints {
				week.Endpoints = append(week.Endpoints, base.HashText(e))
			}
			v.Weeks = append(v.Weeks, week)
		}
		for _, day := range d.Days {
			v.Days = append(v.Days, view.LearnedDay{Day: day.Day.UTC(), Scores: day.Scores})
		}
		out = append(out, v)
	}
	return out, faults.Tell(err)
}
