package console

import (
	"cmp"
	"context"
	"slices"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api/view"
	"cardea/cloud/history"
	"cardea/cloud/incident"
	"cardea/cloud/rooms/faults"
	"cardea/home"
)

// Trends are put together from counts of days: no home and no case is read.
func (a consolePart) Trends(ctx context.Context, tenant string, days int) (v view.Trends, err error) {
	now := a.Now()
	since := now.AddDate(0, 0, -days)
	v.AsOf = base.UTC(now)
	if err := a.nowOf(ctx, tenant, &v); err != nil {
		return v, faults.Tell(err)
	}
	homes, err := a.History.Days(ctx, tenant, since)
	if err != nil {
		return v, faults.Tell(err)
	}
	cases, err := a.Incidents.Days(ctx, tenant, "day", since)
	if err != nil {
		return v, faults.Tell(err)
	}
	v.Days = trendDays(homes, cases)
	week, month, clean := now.AddDate(0, 0, -7), now.AddDate(0, 0, -30), map[int]int{}
	detections := 0
	for _, c := range cases {
		if c.Kind == incident.DayOpened && c.Day.After(week) {
			detections += c.N
		}
		if c.Kind == incident.DayClean && c.Day.After(month) {
			clean[c.Bucket] += c.N
		}
	}
	if v.Homes > 0 {
		v.PerThousand = 1000 * float64(detections) / float64(v.Homes)
	}
	v.Clean = hoursOf(clean)
	for _, by := range []struct {
		what string
		to   *[]view.Rate
	}{{"detector", &v.ByDetector}, {"model", &v.ByModel}} {
		list, err := a.Incidents.Days(ctx, tenant, by.what, month)
		if err != nil {
			return v, faults.Tell(err)
		}
		*by.to = rates(list)
	}
	return v, nil
}

// nowOf is how it is at this moment: counted lately, not now.
func (a consolePart) nowOf(ctx context.Context, tenant string, v *view.Trends) error {
	n, err := a.History.Counts(ctx, tenant)
	if err != nil {
		return err
	}
	by, err := a.Incidents.Counts(ctx, tenant)
	if err != nil {
		return err
	}
	v.Homes, v.Online, v.AsOf = int(n.Homes), int(n.Online), base.UTC(n.At)
	for state, count := range by {
		switch state {
		case home.StateContained, home.StateCleaning:
			v.Quarantines += count
			v.Incidents += count
		case home.StateClosed:
		default:
			v.Incidents += count
		}
	}
	return nil
}

func trendDays(homes []history.DayCount, cases []incident.DayCount) (out []view.TrendDay) {
	days, clean := map[time.Time]*view.TrendDay{}, map[time.Time]map[int]int{}
	of := func(t time.Time) *view.TrendDay {
		if days[t] == nil {
			days[t] = &view.TrendDay{Day: t, Versions: map[string]int{}}
			clean[t] = map[int]int{}
		}
		return days[t]
	}
	for _, c := range homes {
		switch d := of(c.Day); c.Kind {
		case history.DayHomes:
			d.Homes = c.N
		case history.DayOnline:
			d.Online = c.N
		case history.DayContained:
			d.Contained = c.N
		case history.DayVersion:
			d.Versions[c.Name] = c.N
		}
	}
	for _, c := range cases {
		switch d := of(c.Day); c.Kind {
		case incident.DayOpened:
			d.Detections += c.N
		case incident.DayClosed:
			d.Closed += c.N
		case incident.DayWrong:
			d.Wrong += c.N
		case incident.DayReleased:
			d.Released += c.N
		case incident.DayClean:
			clean[c.Day][c.Bucket] += c.N
		}
	}
	for t, d := range days {
		d.Clean = hoursOf(clean[t])
		out = append(out, *d)
	}
	slices.SortFunc(out, func(x, y view.TrendDay) int { return x.Day.Compare(y.Day) })
	return out
}

func hoursOf(counts map[int]int) *float64 {
	if len(counts) == 0 {
		return nil
	}
	h := incident.Median(counts).Hours()
	return &h
}

// rates are those of a month, the most frequent first.
func rates(list []incident.DayCount) (out []view.Rate) {
	by := map[string]*view.Rate{}
	for _, c := range list {
		name := cmp.Or(c.Detector, c.Model)
		if by[name] == nil {
			by[name] = &view.Rate{Name: name}
		}
		switch r := by[name]; c.Kind {
		case incident.DayOpened:
			r.Opened += c.N
		case incident.DayClosed:
			r.Closed += c.N
		case incident.DayWrong:
			r.Wrong += c.N
		case incident.DayReleased:
			r.Released += c.N
		}
	}
	for _, r := range by {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(x, y view.Rate) int { return cmp.Or(cmp.Compare(y.Opened, x.Opened), cmp.Compare(x.Name, y.Name)) })
	return out
}
