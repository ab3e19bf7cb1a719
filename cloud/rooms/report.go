package rooms

import (
	"context"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/incident"
	"cardea/cloud/notify/words"
	"cardea/cloud/report"
	"cardea/home"
	"cardea/internal/platform/db"
)

// figures counts what is stored of a home's week.
func (r *Rooms) figures(ctx context.Context, p home.Place, from, until time.Time) (f report.Figures, err error) {
	w, err := r.History.Sum(ctx, p, from, until)
	if err != nil {
		return f, err
	}
	f = report.Figures{Told: w.Told, Classes: w.Stopped, Trackers: w.Trackers, Up: w.Up, Down: w.Down}
	for _, n := range w.Stopped {
		f.Stopped += n
	}
	within := func(t time.Time) bool { return !t.Before(from) && t.Before(until) }
	devices, err := r.History.DeviceList(ctx, p)
	if err != nil {
		return f, err
	}
	names := map[string]string{}
	for _, d := range devices {
		names[d.GetId()] = d.GetName()
		if d.GetGateway() || !TimeOf(d.GetFirst()).Before(until) {
			continue
		}
		f.Devices++
		if within(TimeOf(d.GetFirst())) {
			if f.NewCount++; len(f.New) < report.MaxNamed {
				f.New = append(f.New, report.Device{ID: d.GetId(), Name: words.Line(d.GetName(), 120)})
			}
		}
		for _, e := range d.GetExposures() {
			if within(TimeOf(e.GetFirst())) {
				f.Exposed++
			}
		}
	}
	return f, r.weekCases(ctx, p, from, until, names, &f)
}

// weekCases counts the cases that were open at any time of the week.
func (r *Rooms) weekCases(ctx context.Context, p home.Place, from, until time.Time, names map[string]string, f *report.Figures) error {
	for after := ""; ; {
		list, err := r.Incidents.List(ctx, p, incident.All, after, 200)
		if err != nil {
			return err
		}
		for _, c := range list {
			closed := home.State(c.GetState()) == home.StateClosed
			if !TimeOf(c.GetOpened()).Before(until) || closed && TimeOf(c.GetChanged()).Before(from) {
				continue
			}
			open := !closed || !TimeOf(c.GetChanged()).Before(until)
			if open {
				f.Open++
			}
			if f.CaseCount++; len(f.Cases) < report.MaxNamed {
				f.Cases = append(f.Cases, report.Case{ID: c.GetId(), Code: c.GetCode(), Device: words.Line(names[c.GetDevice()], 120), State: c.GetState(), Outcome: c.GetOutcome()})
			}
		}
		if len(list) < 200 {
			return nil
		}
		after = list[len(list)-1].Next()
	}
}

// Zone is a home's, with its offsets; UTC while its people chose none.
func (r *Rooms) Zone(ctx context.Context, p home.Place) (home.Zone, error) {
	h, err := r.HouseholdOf(ctx, p)
	return h.Zone, err
}

// WeekWords is a report as sentences are made of it.
func WeekWords(r report.Report) words.Week {
	return words.Week{Clear: r.Clear(), Stopped: r.Stopped, Cases: r.CaseCount, Open: r.Open, New: r.NewCount, Told: r.Told}
}

// tellReport has people told of it whose plan has reports.
func (r *Rooms) tellReport(tx *db.Tx, p home.Place, one report.Report) error {
	plan, err := account.PlanIn(tx, p)
	if err != nil || !plan.Has(account.ExtraReports) {
		return err
	}
	return r.Notify.Report(tx, p, one.Week, WeekWords(one))
}
