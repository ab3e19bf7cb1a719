package fleet

import (
	"context"
	"fmt"
	"testing"

	"cardea/internal/platform/db/dbtest"
)

type another struct{ names []string }

func (a *another) PublishData(_ context.Context, name string, data []byte) (uint64, bool, error) {
	a.names = append(a.names, fmt.Sprint(name, " ", len(data) > 0))
	return 41, true, nil
}

func TestWhatIsLearnedByCommandIsPublishedAsItsAct(t *testing.T) {
	w := open(t, dbtest.SQLite(t))
	for n := range MinHomes {
		w.tell(place(tenantA, n), sighted(ruled("d", "Model", of("model", n))))
	}
	w.later()
	by := &another{}
	r, err := w.LearnTo(t.Context(), by)
	if err != nil || r.Units == 0 || r.Version != 41 || !r.Changed || fmt.Sprint(by.names) != "[models true]" {
		t.Errorf("%+v, published %q, %v", r, by.names, err)
	}
}
