package intel

import (
	"context"
	"errors"
	"strings"
	"testing"

	"cardea/home"
)

// A source of class adult becomes a list of names beside all others. It lists no address, hosts of updates are kept out of it, and nobody
// tries it: a dry run would tell who reads what.
func TestASourceOfClassAdult(t *testing.T) {
	inWorlds(t, func(w *world) {
		w.source(Source{Name: "levels", Kind: KindFolder, Place: w.file("lists/levels.txt", "red.example\ndeb.debian.org\n198.51.100.7\n"), Trust: 80, Class: home.ClassAdult})
		w.turn()
		if i, ok := w.set.Adult("www.red.example"); !ok || i.Source != "levels" {
			t.Errorf("%+v %v", i, ok)
		}
		if _, ok := w.set.Name("www.red.example"); ok {
			t.Error("it is evidence")
		}
		if _, ok := w.set.Adult("deb.debian.org"); ok {
			t.Error("updates are refused")
		}
		if p := w.state("levels").Placed; p.Entries != 1 {
			t.Errorf("%+v", p)
		}
		if _, err := w.n.DryRun(context.Background(), "", "list.txt", strings.NewReader("red.example\n"), home.ClassAdult); !errors.Is(err, ErrWrong) {
			t.Errorf("tried: %v", err)
		}
		if _, err := w.n.DryRun(context.Background(), "", "list.txt", strings.NewReader("# cardea: class=adult\nred.example\n"), ""); !errors.Is(err, ErrWrong) {
			t.Errorf("tried by its own word: %v", err)
		}
		if _, err := w.n.DryRunOf(context.Background(), "", "levels"); !errors.Is(err, ErrWrong) {
			t.Errorf("the source is tried: %v", err)
		}
	})
}
