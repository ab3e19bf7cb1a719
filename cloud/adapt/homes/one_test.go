package homes

import (
	"log/slog"
	"testing"

	"cardea/cloud/account"
	"cardea/cloud/rooms"
)

// oneHome gives rooms of their own, with one home in them.
func oneHome(t *testing.T) (*rooms.Rooms, account.Home) {
	t.Helper()
	ctx := t.Context()
	r, err := rooms.Open(ctx, rooms.Config{Data: t.TempDir()}, rooms.Signals{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() }) // the folder goes with it
	tenant, err := r.Accounts.CreateTenant(ctx, "example", "Example Net")
	if err != nil {
		t.Fatal(err)
	}
	h, err := r.Accounts.CreateHome(ctx, tenant.ID, "Home", "")
	if err != nil {
		t.Fatal(err)
	}
	return r, h
}
