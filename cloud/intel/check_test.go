package intel

import (
	"context"
	"testing"
	"testing/fstest"

	"cardea/cloud/rollout"
	"cardea/intel/pack"
	"strings"
)

// An exception is in force with the next lists also where somebody publishes them by hand and there are no sources; and what is taken back
// does not bring their version into the lists of sources.
func TestAnExceptionOfListsByHand(t *testing.T) {
	inWorlds(t, func(w *world) {
		ctx := context.Background()
		amended := 0
		w.again(Options{Amend: func(ctx context.Context, by *Check) (Published, error) {
			amended++
			r, err := w.rollout.Amend(ctx, by)
			return Published{r.Version, r.Changed, r.Entries}, err
		}})
		by, err := w.n.Check(ctx)
		if err != nil {
			t.Fatal(err)
		}
		r, err := w.rollout.PublishLists(ctx, fstest.MapFS{"malware.txt": {Data: []byte("bad.example\nshop.example\nnetflix.com\n")}}, rollout.Hand{Guard: by})
		if err != nil || r.Entries != 2 || r.Refused["a well-known service"] != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
		w.turn()
		if amended != 0 {
			t.Error("nothing changed, and lists were published again")
		}
		if _, err := w.n.Allow(ctx, "shop.example", "customers called", "admin", nil); err != nil {
			t.Fatal(err)
		}
		if got := w.turn(); !got.Built || !got.Changed || got.Version != 2 || amended != 1 {
			t.Errorf("%+v, %d", got, amended)
		}
		text, err := w.rollout.Data(ctx, "lists", 2)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := pack.Blocking(strings.NewReader(string(text))); err != nil || n != 1 || !strings.Contains(string(text), `"source":"exceptions"`) {
			t.Errorf("%d, %v: %s", n, err, text)
		}
		if err := w.n.Disallow(ctx, "shop.example", nil); err != nil {
			t.Fatal(err)
		}
		if got := w.turn(); got.Version != 3 {
			t.Errorf("%+v", got)
		}
		if l, err := w.n.Lists(ctx); err != nil || l.Version != 0 {
			t.Errorf("%+v, %v: lists by hand are said to be of sources", l, err)
		}
	})
}
