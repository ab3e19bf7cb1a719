package webhook

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"cardea/internal/platform/db/dbtest"
	"cardea/internal/platform/hook"
)

// Why something did not arrive says nothing of the network that the cloud is in: not to which address a name leads there, nor who says so.
func TestAFailureTellsNothingOfTheCloudsOwnNetwork(t *testing.T) {
	for url, why := range map[string]string{
		"https://localhost:1/hook?key=abc":              "the server is not on the public internet",
		"https://127.0.0.1:1/hook?key=abc":              "the server is not on the public internet",
		"https://" + strings.Repeat("x", 64) + ".test/": "the server's name cannot be resolved",
	} {
		w := newWorld(t, dbtest.SQLite(t))
		w.Webhooks = New(w.db, Options{Source: "https://cardea.example", Reach: hook.Public, Now: func() time.Time { return w.now }}, slog.New(slog.DiscardHandler))
		e, _, err := w.Add(w.ctx, tenant, "somebody", Endpoint{Name: "our desk", URL: url})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Test(w.ctx, tenant, e.ID); err != nil {
			t.Fatal(err)
		}
		w.send()
		if d := w.log(e)[0]; d.Why != why || d.State == "sent" {
			t.Errorf("%s: %q, want %q", url, d.Why, why)
		}
	}
}
