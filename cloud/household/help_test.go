package household

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

func TestAHomeHelpsWhenItSaysSo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		withdrawn := 0
		w.o.Withdraw = func(tx *db.Tx, _ home.Place) error {
			tx.After(func() { withdrawn++ })
			return nil
		}
		said := func(p home.Place) (out Help) {
			t.Helper()
			err := d.View(t.Context(), func(tx *db.Tx) error {
				all, err := HelpIn(tx, []home.Place{homeA, homeB, homeC})
				out = all[p]
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		for i, step := range []struct {
			do   func(*Kept)
			want Help
			gone int // how often what was learned was forgotten
		}{
			{func(k *Kept) { k.Approve = home.ApproveHold }, "", 0}, // nobody said anything
			{func(k *Kept) { k.Help = HelpOn }, HelpOn, 0},
			{func(k *Kept) { k.Private = true }, HelpOff, 1},
			{func(k *Kept) { k.Help = HelpOff }, HelpOff, 1}, // it was already
			{func(k *Kept) { k.Private = false }, HelpOff, 1},
			{func(k *Kept) { k.Help = HelpOn }, HelpOn, 1},
			{func(k *Kept) { k.Help = HelpOff }, HelpOff, 2},
		} {
			w.edit(homeA, func(k *Kept) error { step.do(k); return nil })
			if got := said(homeA); got != step.want || withdrawn != step.gone || said(homeB) != "" || said(homeC) != "" {
				t.Fatalf("step %d: %q, forgotten %d times; want %q, %d", i, got, withdrawn, step.want, step.gone)
			}
		}
		if acts := w.acts(homeA); !slices.Contains(acts, "help help:>on") || !slices.Contains(acts, "help help:on>off") {
			t.Errorf("changes: %q", acts)
		}
		var in *InputError
		if _, err := w.Edit(context.Background(), homeA, ann, func(k *Kept) error { k.Help = "maybe"; return nil }); !errors.As(err, &in) || in.Field != "help" {
			t.Errorf("%v, want an error of help", err)
		}
	})
}

// Homes that chose Privacy Mode before there was a word on helping do not help.
func TestTheMigrationKeepsPrivateHomesFromHelping(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		w.edit(homeA, func(k *Kept) error { k.Private = true; return nil })
		w.edit(homeB, func(k *Kept) error { k.Approve = home.ApproveHold; return nil })
		kind := map[bool]string{true: "postgres", false: "sqlite"}[d.Postgres()]
		text, err := Migrations.ReadFile(fmt.Sprintf("migrations/00002_help.%s.sql", kind))
		if err != nil {
			t.Fatal(err)
		}
		_, update, _ := strings.Cut(string(text), "UPDATE ")
		update, _, _ = strings.Cut(update, ";")
		var all map[home.Place]Help
		err = d.Tx(t.Context(), func(tx *db.Tx) error {
			if _, err := tx.Exec("UPDATE household_home SET help = ''"); err != nil {
				return err
			}
			if _, err := tx.Exec("UPDATE " + update); err != nil {
				return err
			}
			all, err = HelpIn(tx, []home.Place{homeA, homeB})
			return err
		})
		if want := (map[home.Place]Help{homeA: HelpOff}); err != nil || !maps.Equal(all, want) {
			t.Fatalf("%v %v, want %v", all, err, want)
		}
	})
}
