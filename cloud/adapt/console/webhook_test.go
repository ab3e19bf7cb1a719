package console

import (
	"log/slog"
	"testing"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/audit"
	"cardea/cloud/rooms"
	"cardea/cloud/staff/rights"
	"cardea/cloud/webhook"
)

// A test that was asked for stands in the audit.
func TestATestOfAWebhookIsInTheAudit(t *testing.T) {
	ctx := t.Context()
	r, err := rooms.Open(ctx, rooms.Config{Data: t.TempDir()}, rooms.Signals{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	good := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tenant, err := r.Accounts.CreateTenant(ctx, "desk-net", "Desk Net")
	good(err)
	who, err := r.Accounts.AddStaff(ctx, tenant.ID, "a@example.org", "Somebody", "a long enough password", rights.Admin)
	good(err)
	e, _, err := r.Webhooks.Add(ctx, tenant.ID, who.ID, webhook.Endpoint{Name: "Desk", URL: "https://desk.example.net/"})
	good(err)
	by := api.Session{Kind: api.Staff, Tenant: tenant.ID}
	by.Person.ID = who.ID
	p := webhooksPart{&base.Adapter{Rooms: r}}
	good(p.TestWebhook(ctx, by, e.ID))
	tests := func() []audit.Entry {
		t.Helper()
		list, err := r.Audit.Find(ctx, tenant.ID, audit.Filter{Act: "webhook-test"}, "", 10)
		good(err)
		return list
	}
	if list := tests(); len(list) != 1 || list[0].Who != who.ID || list[0].What != e.ID {
		t.Errorf("%+v", list)
	}
	if p.TestWebhook(ctx, by, tenant.ID) == nil {
		t.Error("a webhook that is not there was tested")
	}
	if list := tests(); len(list) != 1 {
		t.Errorf("%d lines", len(list))
	}
}
