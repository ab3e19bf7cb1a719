package cloud

import (
	"context"

	"cardea/cloud/api"
	"cardea/cloud/api/view"
	"cardea/cloud/notify"
)

type notifyPart struct{ *adapter }

func (a notifyPart) PushKey() string { return a.Rooms.Notify.Key() }

func (a notifyPart) Subscribe(ctx context.Context, by api.Session, s view.Subscription) error {
	return tell(a.Rooms.Notify.Subscribe(ctx, by.Tenant, by.Person.ID, notify.Subscription{Endpoint: s.Endpoint, P256dh: s.Keys.P256dh, Auth: s.Keys.Auth}))
}

func (a notifyPart) Unsubscribe(ctx context.Context, by api.Session, endpoint string) error {
	return tell(a.Rooms.Notify.Unsubscribe(ctx, by.Tenant, by.Person.ID, endpoint))
}

func (a notifyPart) Settings(ctx context.Context, by api.Session) (view.Notifications, error) {
	s, err := a.Rooms.Notify.Settings(ctx, by.Tenant, by.Person.ID)
	return view.Notifications{Email: s.Email, Push: s.Push}, tell(err)
}

func (a notifyPart) Change(ctx context.Context, by api.Session, from, to view.Notifications) error {
	return tell(a.Rooms.Notify.Change(ctx, by.Tenant, by.Person.ID, notify.Settings{Email: from.Email, Push: from.Push}, notify.Settings{Email: to.Email, Push: to.Push}))
}
