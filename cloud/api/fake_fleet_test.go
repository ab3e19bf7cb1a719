package api

import (
	"context"
	"time"

	"cardea/cloud/api/view"
	"cardea/home"
)

// fakeConsole answers with the tenant's mark.
type fakeConsole struct{}

func (fakeConsole) Homes(_ context.Context, tenant string, _ HomesQuery, _ Page) (Slice[view.ConsoleHome], error) {
	return Slice[view.ConsoleHome]{Items: []view.ConsoleHome{{Name: "marked:" + tenant}}}, nil
}

func (fakeConsole) Cases(_ context.Context, tenant string, _ CasesQuery, _ Page) (Slice[view.ConsoleCase], error) {
	return Slice[view.ConsoleCase]{Items: []view.ConsoleCase{{Home: view.Ref{Name: "marked:" + tenant}}}}, nil
}

func (fakeConsole) Groups(_ context.Context, tenant string, _ GroupsQuery, _ Page) (Slice[view.DetectionGroup], error) {
	return Slice[view.DetectionGroup]{Items: []view.DetectionGroup{{Model: "marked:" + tenant}}}, nil
}

func (fakeConsole) Reach(context.Context, string, CasesQuery) (view.Reach, error) {
	return view.Reach{}, nil
}

func (fakeConsole) Trends(_ context.Context, tenant string, _ int) (view.Trends, error) {
	return view.Trends{ByModel: []view.Rate{{Name: "marked:" + tenant}}}, nil
}

func (fakeConsole) Find(_ context.Context, tenant, _ string, _ time.Time, _ bool) (view.Searched, error) {
	return view.Searched{Items: []view.FoundHome{{Account: "marked:" + tenant}}}, nil
}

func (fakeConsole) Care(_ context.Context, p home.Place) (view.Care, error) {
	return view.Care{Notes: []view.Note{{Text: "marked:" + p.Home}}}, nil
}
