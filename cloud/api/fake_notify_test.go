package api

import (
	"context"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/home"
)

// fakeNotify keeps settings as cloud has them.
type fakeNotify struct{ *cloud }

func (fakeNotify) PushKey() string                                             { return "key" }
func (fakeNotify) Subscribe(context.Context, Session, view.Subscription) error { return nil }
func (fakeNotify) Unsubscribe(context.Context, Session, string) error          { return nil }
func (c fakeNotify) Settings(context.Context, Session) (view.Notifications, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.settings, nil
}
func (c fakeNotify) Change(_ context.Context, _ Session, version int64, p view.NotificationsPatch) (view.Notifications, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if version >= 0 && version != c.settings.Version {
		return view.Notifications{}, problem.New(problem.Changed, "")
	}
	if p.Push != nil {
		c.settings.Push = *p.Push
	}
	c.settings.Version++
	return c.settings, nil
}
func (fakeNotify) SetPhone(context.Context, Session, view.NewPhone) error { return nil }
func (fakeNotify) VerifyPhone(context.Context, Session, string) error     { return nil }
func (fakeNotify) ForgetPhone(context.Context, Session) error             { return nil }
func (fakeNotify) Test(context.Context, Session, []string) error          { return nil }
func (fakeNotify) Deliveries(_ context.Context, by Session, _ Page) (Slice[view.Delivery], error) {
	return Slice[view.Delivery]{Items: []view.Delivery{{Home: "marked:" + by.Tenant + hostile}}}, nil
}
func (fakeNotify) Genuine(_ context.Context, code string) (view.Genuine, error) {
	return view.Genuine{Genuine: code == "AAAAA-AAAAA"}, nil
}
func (fakeNotify) Help(context.Context, string) (view.Help, error) {
	return view.Help{Languages: map[string]view.HelpText{"en": {Title: "Help"}}}, nil
}

func (c *cloud) Reports(_ context.Context, p home.Place) ([]view.Report, error) {
	return []view.Report{{Week: "2026-W47", New: []view.Ref{{Name: mark(p)}}}}, nil
}
func (c *cloud) Report(_ context.Context, p home.Place, week string) (view.Report, error) {
	return view.Report{Week: week, New: []view.Ref{{Name: mark(p)}}}, nil
}
