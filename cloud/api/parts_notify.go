package api

import (
	"context"

	"cardea/cloud/api/view"
)

// Notify is how people are told.
type Notify interface {
	PushKey() string
	Subscribe(ctx context.Context, by Session, s view.Subscription) error
	Unsubscribe(ctx context.Context, by Session, endpoint string) error
	Settings(ctx context.Context, by Session) (view.Notifications, error)
	// Change changes them if they still have the version; below 0 the last one wins. Else problem.Changed.
	Change(ctx context.Context, by Session, version int64, p view.NotificationsPatch) (view.Notifications, error)
	// SetPhone sends a code to a number, VerifyPhone takes it.
	SetPhone(ctx context.Context, by Session, n view.NewPhone) error
	VerifyPhone(ctx context.Context, by Session, code string) error
	ForgetPhone(ctx context.Context, by Session) error
	Test(ctx context.Context, by Session, ways []string) error
	Deliveries(ctx context.Context, by Session, page Page) (Slice[view.Delivery], error)
	// Genuine and Help are for everybody. provider is a short name; "" is fine where there is one provider only.
	Genuine(ctx context.Context, code string) (view.Genuine, error)
	Help(ctx context.Context, provider string) (view.Help, error)
}
