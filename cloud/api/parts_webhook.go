package api

import (
	"context"

	"cardea/cloud/api/view"
)

// Webhooks are the receivers of a provider's own systems. Changes are written down.
type Webhooks interface {
	Webhooks(ctx context.Context, tenant string) ([]view.Webhook, error)
	AddWebhook(ctx context.Context, by Session, n view.NewWebhook) (view.WebhookSecret, error)
	ChangeWebhook(ctx context.Context, by Session, id string, n view.NewWebhook) error
	RemoveWebhook(ctx context.Context, by Session, id string) error
	// RotateWebhook makes a new secret; the old one signs beside it for a day.
	RotateWebhook(ctx context.Context, by Session, id string) (view.WebhookSecret, error)
	TestWebhook(ctx context.Context, by Session, id string) error
	Deliveries(ctx context.Context, tenant, id string, page Page) (Slice[view.WebhookDelivery], error)
	// Events are all kinds of events there are.
	Events() []view.EventKind
	// AgainWebhook sends one delivery once more.
	AgainWebhook(ctx context.Context, by Session, id, delivery string) error
}
