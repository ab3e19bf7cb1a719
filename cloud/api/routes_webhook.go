package api

import (
	"context"
	"net/http"

	"cardea/cloud/api/view"
)

const inWebhook = "/v1/staff/webhooks/{webhook}"

// WebhookIn is the webhook in a path.
type WebhookIn struct {
	Webhook string `path:"webhook" maxLength:"36"`
}

type webhookPageIn struct {
	WebhookIn
	PageIn
}

type newWebhookIn struct {
	Body view.NewWebhook
}

type changeWebhookIn struct {
	WebhookIn
	Body view.NewWebhook
}

type deliveryIn struct {
	WebhookIn
	Delivery string `path:"delivery" maxLength:"36"`
}

// webhooks are how a provider's own systems hear of what happens.
func (s *Server) webhooks() {
	p := s.parts.Webhooks
	show(s, "GET /v1/staff/webhooks", "Your own systems that hear of what happens", func(ctx context.Context, _ *none) (view.List[view.Webhook], error) {
		return whole(p.Webhooks(ctx, who(ctx).Tenant))
	})
	show(s, "GET /v1/staff/webhook-events", "What webhooks can hear of: each kind with the schema of what it says and an example", func(context.Context, *none) (view.List[view.EventKind], error) {
		return whole(p.Events(), nil)
	})
	show(s, "POST /v1/staff/webhooks", "Tell another system of yours: CloudEvents over Standard Webhooks", func(ctx context.Context, in *newWebhookIn) (view.WebhookSecret, error) {
		return p.AddWebhook(ctx, who(ctx), in.Body)
	})
	done := func(route, summary string, f func(context.Context, *WebhookIn) error) {
		do(s, route, summary, func(ctx context.Context, in *WebhookIn) (*none, error) { return &none{}, f(ctx, in) }, status(http.StatusNoContent))
	}
	do(s, "PUT "+inWebhook, "Change name, address, kinds, or pause it", func(ctx context.Context, in *changeWebhookIn) (*none, error) {
		return &none{}, p.ChangeWebhook(ctx, who(ctx), in.Webhook, in.Body)
	}, status(http.StatusNoContent))
	done("DELETE "+inWebhook, "Tell it nothing any more", func(ctx context.Context, in *WebhookIn) error { return p.RemoveWebhook(ctx, who(ctx), in.Webhook) })
	show(s, "POST "+inWebhook+"/secret", "Make a new secret; the old one signs beside it for a day", func(ctx context.Context, in *WebhookIn) (view.WebhookSecret, error) {
		return p.RotateWebhook(ctx, who(ctx), in.Webhook)
	})
	done("POST "+inWebhook+"/test", "Send it an event that says it is a test", func(ctx context.Context, in *WebhookIn) error { return p.TestWebhook(ctx, who(ctx), in.Webhook) })
	show(s, "GET "+inWebhook+"/deliveries", "What it was sent and what came of it, the newest first", func(ctx context.Context, in *webhookPageIn) (l view.List[view.WebhookDelivery], err error) {
		page, err := in.page()
		if err != nil {
			return l, err
		}
		return listOf(p.Deliveries(ctx, who(ctx).Tenant, in.Webhook, page))
	})
	do(s, "POST "+inWebhook+"/deliveries/{delivery}/again", "Send it once more", func(ctx context.Context, in *deliveryIn) (*none, error) {
		return &none{}, p.AgainWebhook(ctx, who(ctx), in.Webhook, in.Delivery)
	}, status(http.StatusNoContent))
}
