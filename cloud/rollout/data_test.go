package rollout

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

func TestDataArePublishedBesideLists(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := start
		r := repository(t, d, &now)
		root, err := r.Root(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if _, err := r.Publish(t.Context(), "lists", folder("a.example\n")); err != nil {
			t.Fatal(err)
		}
		model := func(i int) []byte { return bytes.Repeat([]byte{byte(i), 0xff, 0}, 100_000) }
		for i := 1; i <= 5; i++ {
			v, changed, err := r.PublishData(t.Context(), "models", model(i))
			if err != nil || v != uint64(i) || !changed {
				t.Fatalf("%d %v %v", v, changed, err)
			}
			if v, changed, err = r.PublishData(t.Context(), "models", model(i)); err != nil || v != uint64(i) || changed {
				t.Fatalf("the same again: %d %v %v", v, changed, err)
			}
		}
		whole, err := refresh(t, r, root, dir, "models/whole-5", now)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := expand(whole, int64(len(model(5)))); err != nil || !bytes.Equal(got, model(5)) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if _, err := refresh(t, r, root, dir, "models/whole-4", now); err == nil {
			t.Error("an older version is a target still")
		}
		if _, err := refresh(t, r, root, dir, "lists/whole-1", now); err != nil {
			t.Errorf("the lists went: %v", err)
		}
		if kept, err := r.Kept(t.Context(), "models"); err != nil || !slices.Equal(kept, []uint64{5, 4, 3}) {
			t.Errorf("kept %d, %v", kept, err)
		}
		if _, err := r.Again(t.Context(), "models", 2); !errors.Is(err, ErrVersion) {
			t.Errorf("one that is not kept: %v", err)
		}
		if v, err := r.Again(t.Context(), "models", 3); err != nil || v != 6 {
			t.Errorf("%d, %v", v, err)
		}
		if got, err := r.Data(t.Context(), "models", 6); err != nil || !bytes.Equal(got, model(3)) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		for name, data := range map[string][]byte{"lists": {1}, "others": {1}, "models": nil, "herd": make([]byte, MaxHerd+1)} {
			if _, _, err := r.PublishData(t.Context(), name, data); err == nil {
				t.Errorf("%s with %d bytes is published", name, len(data))
			}
		}
		for _, name := range []string{"exposures", "profiles", "herd"} {
			if v, changed, err := r.PublishData(t.Context(), name, []byte("of "+name)); err != nil || v != 1 || !changed {
				t.Errorf("%s: %d %v %v", name, v, changed, err)
			}
		}
	})
}
