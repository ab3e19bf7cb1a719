package console

import (
	"cmp"
	"context"
	"errors"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/audit"
	"cardea/cloud/rooms/faults"
	"cardea/cloud/webhook"
	"cardea/internal/platform/db"
)

// webhooksPart shows a provider's receivers. What changes them is in the audit.
type webhooksPart struct{ *base.Adapter }

func tellWebhook(err error) error {
	var in *webhook.InputError
	switch {
	case errors.As(err, &in):
		return problem.New(problem.Invalid, "%s", in.Error())
	case errors.Is(err, webhook.ErrUnknown):
		return problem.New(problem.NotFound, "")
	case errors.Is(err, webhook.ErrMany):
		return problem.New(problem.Conflict, "%s", webhook.ErrMany.Error())
	}
	return faults.Tell(err)
}

func endpointOf(id string, n view.NewWebhook) webhook.Endpoint {
	return webhook.Endpoint{ID: id, Name: n.Name, URL: n.URL, Kinds: n.Kinds, Paused: n.Paused}
}

func webhookView(e webhook.Endpoint, who func(string) string) view.Webhook {
	return view.Webhook{ID: e.ID, Name: e.Name, URL: e.URL, Kinds: e.Kinds, Created: e.Created, Who: who(e.Who), Paused: e.Paused, Failing: given(e.Failing)}
}

// given is nil for a time that there is none of.
func given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (a webhooksPart) Webhooks(ctx context.Context, tenant string) ([]view.Webhook, error) {
	list, err := a.Rooms.Webhooks.List(ctx, tenant)
	who := a.Callers(ctx, tenant)
	out := make([]view.Webhook, 0, len(list))
	for _, e := range list {
		out = append(out, webhookView(e, who))
	}
	return out, tellWebhook(err)
}

func (a webhooksPart) AddWebhook(ctx context.Context, by api.Session, n view.NewWebhook) (view.WebhookSecret, error) {
	e, secret, err := a.Rooms.Webhooks.Add(ctx, by.Tenant, by.Person.ID, endpointOf("", n), a.noted(by, "webhook-add"))
	if err != nil {
		return view.WebhookSecret{}, tellWebhook(err)
	}
	return view.WebhookSecret{Webhook: webhookView(e, a.Callers(ctx, by.Tenant)), Secret: secret}, nil
}

func (a webhooksPart) ChangeWebhook(ctx context.Context, by api.Session, id string, n view.NewWebhook) error {
	return tellWebhook(a.Rooms.Webhooks.Change(ctx, by.Tenant, endpointOf(id, n), a.noted(by, "webhook-change")))
}

func (a webhooksPart) RemoveWebhook(ctx context.Context, by api.Session, id string) error {
	return tellWebhook(a.Rooms.Webhooks.Remove(ctx, by.Tenant, id, a.noted(by, "webhook-remove")))
}

func (a webhooksPart) RotateWebhook(ctx context.Context, by api.Session, id string) (view.WebhookSecret, error) {
	secret, err := a.Rooms.Webhooks.Rotate(ctx, by.Tenant, id, a.noted(by, "webhook-secret"))
	if err != nil {
		return view.WebhookSecret{}, tellWebhook(err)
	}
	list, err := a.Rooms.Webhooks.List(ctx, by.Tenant)
	for _, e := range list {
		if e.ID == id {
			return view.WebhookSecret{Webhook: webhookView(e, a.Callers(ctx, by.Tenant)), Secret: secret}, nil
		}
	}
	return view.WebhookSecret{}, cmp.Or(tellWebhook(err), error(problem.New(problem.NotFound, "")))
}

func (a webhooksPart) TestWebhook(ctx context.Context, by api.Session, id string) error {
	return tellWebhook(a.Rooms.Webhooks.Test(ctx, by.Tenant, id, a.noted(by, "webhook-test")))
}

func (a webhooksPart) AgainWebhook(ctx context.Context, by api.Session, id, delivery string) error {
	return tellWebhook(a.Rooms.Webhooks.Again(ctx, by.Tenant, id, delivery, a.noted(by, "webhook-again")))
}

func (a webhooksPart) Deliveries(ctx context.Context, tenant, id string, page api.Page) (out api.Slice[view.WebhookDelivery], err error) {
	list, err := a.Rooms.Webhooks.Deliveries(ctx, tenant, id, page.After, page.Limit)
	for _, d := range list {
		out.Items = append(out.Items, view.WebhookDelivery{ID: d.ID, Kind: d.Kind, Home: d.Home, State: d.State, Made: d.Made, Sent: given(d.Sent), Next: given(d.Next),
			Tries: d.Tries, Code: d.Code, Why: d.Why, Event: d.Body})
	}
	if len(list) > 0 && len(list) == page.Limit {
		out.Next = list[len(list)-1].ID
	}
	return out, tellWebhook(err)
}

// noted writes an act into the audit, in its transaction.
func (a webhooksPart) noted(by api.Session, act string) webhook.Also {
	return func(tx *db.Tx, id string) error {
		return a.Audit.Add(tx, audit.Entry{Tenant: by.Tenant, Who: by.Person.ID, Role: string(api.Staff), Act: act, What: id})
	}
}

// Events are all kinds of events that webhooks are told of.
func (a webhooksPart) Events() (out []view.EventKind) {
	for _, k := range webhook.Catalog() {
		out = append(out, view.EventKind{Kind: k.Name, Type: webhook.Prefix + k.Name, When: k.When, Subject: k.Subject, Schema: k.Schema(), Example: k.Data})
	}
	return out
}
