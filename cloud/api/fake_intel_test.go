package api

import (
	"context"

	"cardea/cloud/api/view"
)

// fakeIntel has one of each; what is a tenant's is marked.
type fakeIntel struct{}

func (fakeIntel) Sources(context.Context) ([]view.IntelSource, error) {
	return []view.IntelSource{{Name: "list", Kind: "http", State: "good", Failure: hostile}}, nil
}
func (fakeIntel) SetSource(context.Context, Session, view.NewIntelSource) error { return nil }
func (fakeIntel) ActOnSource(context.Context, Session, view.IntelAct) error     { return nil }
func (fakeIntel) Lists(context.Context) (view.IntelLists, error) {
	return view.IntelLists{Version: 1}, nil
}
func (fakeIntel) Exceptions(context.Context) ([]view.IntelException, error) {
	return []view.IntelException{{Value: "good.example"}}, nil
}
func (fakeIntel) SetException(context.Context, Session, view.NewIntelException) error { return nil }
func (fakeIntel) DryRun(_ context.Context, by Session, _ view.NewDryRun) (view.DryRun, error) {
	return view.DryRun{Names: []string{"marked:" + by.Tenant}}, nil
}
func (fakeIntel) Shadows(_ context.Context, tenant string) ([]view.Shadowed, error) {
	return []view.Shadowed{{Bundle: "marked:" + tenant}}, nil
}
func (fakeIntel) PastHunts(_ context.Context, tenant string) ([]view.PastHunt, error) {
	return []view.PastHunt{{Why: "marked:" + tenant, Of: []view.PastHuntOf{{Kind: "domain", Value: hostile}}}}, nil
}
func (fakeIntel) EndHunt(context.Context, Session, view.EndHunt) error { return nil }
