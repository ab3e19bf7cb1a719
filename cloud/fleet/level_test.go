package fleet

import (
	"context"
	"testing"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

func TestLabelsOfHomes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		one, two, other := place(tenantA, 1), place(tenantA, 2), place(tenantB, 1)
		own := unknown("lamp", of("lamp", 1))
		own.By, own.Model = "owner", "Grandma's lamp"
		w.tell(one, sighted(ruled("plug", "Example Plug", of("plug", 1)), own))
		w.tell(two, sighted(ruled("plug", "Example Plug", of("plug", 2))))
		w.tell(other, sighted(ruled("plug", "Other", of("plug", 3))))
		got, err := w.Labels(context.Background(), []home.Place{one.OfHome(), other.OfHome()})
		if err != nil || len(got) != 2 || got[one.OfHome()]["plug"] != (Label{"Example Plug", "Example", "plug"}) || got[other.OfHome()]["plug"].Model != "Other" {
			t.Errorf("%v %v", got, err)
		}
		if got[one.OfHome()]["lamp"].Model != "" {
			t.Error("its owner's words are a model")
		}
	})
}
