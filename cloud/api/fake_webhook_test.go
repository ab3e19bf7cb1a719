package api

import (
	"context"

	"cardea/cloud/api/view"
	"cardea/home"
)

type fakeWebhooks struct{ *cloud }

func (f fakeWebhooks) Webhooks(_ context.Context, tenant string) ([]view.Webhook, error) {
	return []view.Webhook{{ID: "w", Name: mark(home.Place{Tenant: tenant})}}, f.fail
}

func (f fakeWebhooks) Events() []view.EventKind {
	return []view.EventKind{{Kind: "test", Type: "cardea.test", Schema: map[string]any{"type": "object"}, Example: map[string]any{"text": "x"}}}
}

func (f fakeWebhooks) AddWebhook(_ context.Context, by Session, n view.NewWebhook) (view.WebhookSecret, error) {
	return view.WebhookSecret{Webhook: view.Webhook{Name: n.Name, Who: mark(home.Place{Tenant: by.Tenant})}, Secret: "whsec_once"}, f.fail
}

func (f fakeWebhooks) ChangeWebhook(context.Context, Session, string, view.NewWebhook) error {
	return f.fail
}
func (f fakeWebhooks) RemoveWebhook(context.Context, Session, string) error        { return f.fail }
func (f fakeWebhooks) TestWebhook(context.Context, Session, string) error          { return f.fail }
func (f fakeWebhooks) AgainWebhook(context.Context, Session, string, string) error { return f.fail }

func (f fakeWebhooks) RotateWebhook(ctx context.Context, by Session, id string) (view.WebhookSecret, error) {
	return f.AddWebhook(ctx, by, view.NewWebhook{Name: id})
}

func (f fakeWebhooks) Deliveries(_ context.Context, tenant, _ string, page Page) (Slice[view.WebhookDelivery], error) {
	return Slice[view.WebhookDelivery]{Items: []view.WebhookDelivery{{ID: "d", Why: mark(home.Place{Tenant: tenant}), Event: []byte(`{"specversion":"1.0"}`)}}, Next: page.After + "n"}, f.fail
}
