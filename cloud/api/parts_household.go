package api

import (
	"context"

	"cardea/cloud/api/view"
	"cardea/home"
)

// People are a home's people and groups of devices, and their times without internet. want is the tag that a change was made from, ""
// for any; problem.Changed when it is another by now.
type People interface {
	People(ctx context.Context, p home.Place) ([]view.HousePerson, error)
	Person(ctx context.Context, p home.Place, id string) (view.HousePerson, error)
	AddPerson(ctx context.Context, p home.Place, by Session, n view.NewHousePerson) (view.HousePerson, error)
	ChangePerson(ctx context.Context, p home.Place, by Session, id, want string, c view.HousePersonPatch) (view.HousePerson, error)
	RemovePerson(ctx context.Context, p home.Place, by Session, id, want string) error

	Schedules(ctx context.Context, p home.Place) ([]view.Schedule, error)
	Schedule(ctx context.Context, p home.Place, id string) (view.Schedule, error)
	AddSchedule(ctx context.Context, p home.Place, by Session, n view.NewSchedule) (view.Schedule, error)
	ChangeSchedule(ctx context.Context, p home.Place, by Session, id, want string, c view.SchedulePatch) (view.Schedule, error)
	RemoveSchedule(ctx context.Context, p home.Place, by Session, id, want string) error

	Pauses(ctx context.Context, p home.Place) ([]view.Pause, error)
	Pause(ctx context.Context, p home.Place, by Session, n view.NewPause) (view.Pause, error)
	Resume(ctx context.Context, p home.Place, by Session, whose string) error
}

// Rules are what a home's people want done without asking, whom they let in, and what they keep to themselves.
type Rules interface {
	Policy(ctx context.Context, p home.Place) (view.Policy, error)
	ChangePolicy(ctx context.Context, p home.Place, by Session, want string, c view.PolicyPatch) (view.Policy, error)
	DevicePolicy(ctx context.Context, p home.Place, device string) (view.DevicePolicy, error)
	SetDevicePolicy(ctx context.Context, p home.Place, by Session, device, want string, n view.NewDevicePolicy) (view.DevicePolicy, error)
	Admit(ctx context.Context, p home.Place, by Session, device string, a view.Answer) (view.Admission, error)
	Privacy(ctx context.Context, p home.Place) (view.PrivacyChoice, error)
	ChangePrivacy(ctx context.Context, p home.Place, by Session, want string, c view.PrivacyPatch) (view.PrivacyChoice, error)
	Changes(ctx context.Context, p home.Place, page Page) (Slice[view.HouseholdChange], error)
}
