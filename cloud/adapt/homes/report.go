package homes

import (
	"context"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/view"
	"cardea/cloud/notify/words"
	"cardea/cloud/report"
	"cardea/cloud/rooms"
	"cardea/cloud/rooms/faults"
	"cardea/home"
)

type Reports struct{ *base.Adapter }

func (a Reports) Reports(ctx context.Context, p home.Place) ([]view.Report, error) {
	list, err := a.Rooms.Reports.List(ctx, p.OfHome())
	if err != nil {
		return nil, faults.Tell(err)
	}
	out := make([]view.Report, len(list))
	for i, r := range list {
		out[i] = reportView(r)
	}
	return out, nil
}

func (a Reports) Report(ctx context.Context, p home.Place, week string) (view.Report, error) {
	r, err := a.Rooms.Reports.Week(ctx, p.OfHome(), week)
	if err != nil {
		return view.Report{}, faults.Tell(err)
	}
	return reportView(r), nil
}

func reportView(r report.Report) view.Report {
	v := view.Report{Week: r.Week, From: base.UTC(r.From), Until: base.UTC(r.Until), Made: base.UTC(r.Made), Clear: r.Clear(), WeekFigures: figuresView(r.Figures), Sentences: map[string]string{}}
	week := rooms.WeekWords(r)
	for _, lang := range words.Languages {
		v.Sentences[lang] = words.Write(words.How{Language: lang}, words.Facts{Kind: words.Report, Week: &week}).Body
	}
	for _, d := range r.New {
		v.New = append(v.New, view.Ref{ID: d.ID, Name: d.Name})
	}
	for _, c := range r.Cases {
		v.Cases = append(v.Cases, view.ReportCase{ID: c.ID, Code: c.Code, Device: c.Device, State: c.State, Outcome: c.Outcome})
	}
	if r.Before != nil {
		before := figuresView(*r.Before)
		v.Before = &before
	}
	return v
}

func figuresView(f report.Figures) view.WeekFigures {
	return view.WeekFigures{Told: f.Told, Devices: f.Devices, NewDevices: f.NewCount, Stopped: f.Stopped, StoppedBy: f.Classes, Trackers: f.Trackers, CaseCount: f.CaseCount,
		Open: f.Open, Exposed: f.Exposed, Up: f.Up, Down: f.Down}
}

var _ api.Reports = Reports{}
