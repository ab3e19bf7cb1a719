package api

import (
	"context"
	"time"

	"cardea/cloud/api/view"
	"cardea/home"
)

// HomesQuery asks for homes as the staff's table sorts and filters them.
type HomesQuery struct {
	Text                     string // what homes are found by; "": all
	State, Version, Platform string // "": any
	Troubled                 bool   // with open incidents
	Sort                     string
	Down                     bool
}

// CasesQuery asks for incidents as the staff's table sorts and filters them.
type CasesQuery struct {
	State                      string
	Detector, Model, Indicator string
	Since, Before              time.Time // when it was opened
	Repeated                   bool
	Sort                       string
	Down                       bool
}

// GroupsQuery asks for cases that are alike: by all ("") or one of detector, model and indicator, with a text in it.
type GroupsQuery struct {
	By, Text string
	Days     int
}

// Console is what staff's tables show of all homes of their tenant. Names are those of residents: the caller hides them from whom
// they are none of the business of.
type Console interface {
	Homes(ctx context.Context, tenant string, q HomesQuery, page Page) (Slice[view.ConsoleHome], error)
	Cases(ctx context.Context, tenant string, q CasesQuery, page Page) (Slice[view.ConsoleCase], error)
	Groups(ctx context.Context, tenant string, q GroupsQuery, page Page) (Slice[view.DetectionGroup], error)
	Reach(ctx context.Context, tenant string, q CasesQuery) (view.Reach, error)
	Trends(ctx context.Context, tenant string, days int) (view.Trends, error)
	// Find looks for homes by what people have of them; named: also by account, address and names.
	Find(ctx context.Context, tenant, text string, at time.Time, named bool) (view.Searched, error)
}

// Caring is what support sees of a home beside the home.
type Caring interface {
	Care(ctx context.Context, p home.Place) (view.Care, error)
}
