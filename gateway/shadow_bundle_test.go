package gateway

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"testing/fstest"
	"time"

	"cardea/cloud/rollout"
	"cardea/gateway/bundle"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"
)

// A version in shadow is fetched as it was signed, held beside while the cloud says so, and gone after that.
func TestListsInShadowAreFetchedBeside(t *testing.T) {
	d := dbtest.SQLite(t)
	if err := d.Migrate(t.Context(), "rollout", rollout.Migrations); err != nil {
		t.Fatal(err)
	}
	keys, err := rollout.LoadKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	repo := rollout.New(d, keys, time.Now, slog.New(slog.DiscardHandler))
	publish := func(text string) uint64 {
		t.Helper()
		r, err := repo.Publish(t.Context(), "lists", fstest.MapFS{"malware/a.txt": {Data: []byte(text)}})
		if err != nil {
			t.Fatal(err)
		}
		return r.Version
	}
	publish("c2.example\n")
	second := publish("c2.example\nc3.example\n")
	root, err := repo.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g, _ := start(t, t.TempDir())
	c := g.cloud
	g.intel.Store(listOf(t, "c2.example\n"))
	cfg := bundle.Config{Dir: c.path(besideDir), Root: root, Into: c.path(besideListsDir), Wanted: func() uint64 { return c.besideOf(listsBundle) },
		Fetch: func(ctx context.Context, path string, offset int64) ([]byte, int64, error) {
			return repo.File(ctx, path, offset, 64<<10)
		}}
	b := bundle.New(cfg, g.log)
	try := func(want uint64) {
		t.Helper()
		c.beTried([]*pb.BundleVersion{{Name: listsBundle, Version: want}, {Name: "other", Version: 3}})
		if err := c.tryOnce(t.Context(), b, cfg); err != nil {
			t.Fatal(err)
		}
		if got := c.shadow.held(); got != want {
			t.Errorf("version %d is held, want %d", got, want)
		}
	}
	try(second)
	if _, ok := c.shadow.set.Find("x.c3.example"); !ok || c.shadow.set.Len() != 1 {
		t.Errorf("%d entries beside", c.shadow.set.Len())
	}
	if _, err := os.Stat(cfg.Into); err != nil {
		t.Error(err)
	}
	c.beTried([]*pb.BundleVersion{{Name: listsBundle, Version: second + 5}}) // that is not to be had
	if err := c.tryOnce(t.Context(), b, cfg); err == nil || c.shadow.held() != second {
		t.Errorf("%v, %d is held", err, c.shadow.held())
	}
	c.beTried(nil)
	if err := c.tryOnce(t.Context(), b, cfg); err != nil || c.shadow.held() != 0 || c.shadow.set != nil {
		t.Errorf("%v, %d is held", err, c.shadow.held())
	}
	for _, dir := range []string{cfg.Dir, cfg.Into} {
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%s is there: %v", dir, err)
		}
	}
}
