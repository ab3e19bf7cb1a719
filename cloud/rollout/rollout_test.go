package rollout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
	"go.uber.org/goleak"

	"cardea/intel"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

var start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func repository(t *testing.T, d *db.DB, now *time.Time) *Rollout {
	t.Helper()
	if err := d.Migrate(t.Context(), "rollout", Migrations); err != nil {
		t.Fatal(err)
	}
	keys, err := LoadKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return New(d, keys, func() time.Time { return *now }, slog.New(slog.DiscardHandler))
}

func folder(text string) fs.FS { return fstest.MapFS{"a.txt": &fstest.MapFile{Data: []byte(text)}} }

// client is go-tuf's own, as others have written it.
type client struct{ r *Rollout }

func (c client) DownloadFile(path string, most int64, _ time.Duration) ([]byte, error) {
	u, err := url.Parse(path)
	if err != nil {
		return nil, err
	}
	var out []byte
	for {
		data, size, err := c.r.File(context.Background(), strings.TrimPrefix(u.Path, "/"), int64(len(out)), 1000)
		switch out = append(out, data...); {
		case err != nil:
			return nil, err
		case size == 0:
			return nil, &metadata.ErrDownloadHTTP{StatusCode: 404, URL: path}
		case size > most:
			return nil, &metadata.ErrDownloadLengthMismatch{Msg: "too long"}
		case int64(len(out)) == size:
			return out, nil
		}
	}
}

// refresh has go-tuf's client verify the repository and fetch a target.
func refresh(t *testing.T, r *Rollout, root []byte, dir, target string, now time.Time) ([]byte, error) {
	t.Helper()
	cfg, err := config.New("https://cloud.example/metadata", root)
	if err != nil {
		t.Fatal(err)
	}
	cfg.RemoteTargetsURL, cfg.Fetcher = "https://cloud.example/targets", client{r}
	cfg.LocalMetadataDir, cfg.LocalTargetsDir = dir, filepath.Join(dir, "targets")
	u, err := updater.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	u.UnsafeSetRefTime(now)
	if err := u.Refresh(); err != nil {
		return nil, err
	}
	info, err := u.GetTargetInfo(target)
	if err != nil {
		return nil, err
	}
	_, data, err := u.DownloadTarget(info, filepath.Join(dir, "target"), "")
	return data, err
}

func TestAnyTUFClientTakesIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := start
		r := repository(t, d, &now)
		root, err := r.Root(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		for i := 1; i <= 4; i++ {
			var text strings.Builder
			for n := range 20_000 {
				fmt.Fprintf(&text, "host-%d-%x.example\n", n, (n*i)%7)
			}
			rep, err := r.Publish(t.Context(), "lists", folder(text.String()))
			if err != nil || rep.Version != uint64(i) || !rep.Changed || rep.Entries != 20_000 {
				t.Fatalf("%+v, %v", rep, err)
			}
			data, err := refresh(t, r, root, dir, fmt.Sprintf("lists/whole-%d", i), now)
			if err != nil || int64(len(data)) != rep.Whole {
				t.Fatalf("version %d: %d bytes of %d, %v", i, len(data), rep.Whole, err)
			}
			if i > 1 {
				if data, err = refresh(t, r, root, dir, fmt.Sprintf("lists/delta-%d", i), now); err != nil || int64(len(data)) != rep.Delta {
					t.Fatalf("delta %d: %d bytes of %d, %v", i, len(data), rep.Delta, err)
				}
			}
			now = now.Add(time.Hour)
		}
		list, err := r.Newest(t.Context())
		if err != nil || len(list) != 1 || list[0].GetName() != "lists" || list[0].GetVersion() != 4 {
			t.Errorf("newest: %v, %v", list, err)
		}
		// The oldest key, kept by a gateway that was away, leads through all roots since.
		keys := r.keys
		again, err := LoadKeys(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		again.OldRoot = keys.Root
		r = r.With(again)
		now = now.Add(24 * time.Hour)
		if err := r.Renew(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := refresh(t, r, root, dir, "lists/whole-4", now); err != nil {
			t.Error("after all keys changed:", err)
		}
	})
}

func TestMetadataIsSignedAgainInTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := start
		r := repository(t, d, &now)
		if _, err := r.Publish(t.Context(), "lists", folder("a.example\n")); err != nil {
			t.Fatal(err)
		}
		root, err := r.Root(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		for range 40 { // 1,000 days
			now = now.Add(25 * 24 * time.Hour)
			if _, err := refresh(t, r, root, t.TempDir(), "lists/whole-1", now); err == nil {
				t.Fatal("what has expired was taken")
			}
			if err := r.Renew(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := refresh(t, r, root, dir, "lists/whole-1", now); err != nil {
				t.Fatal(now, err)
			}
		}
	})
}

// Many processes publish at once: every one gets a version of its own, each with a delta from the one before.
func TestPublishersAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := start
		r := repository(t, d, &now)
		const n = 6
		var wg sync.WaitGroup
		versions := make([]uint64, n)
		for i := range n {
			wg.Go(func() {
				rep, err := r.Publish(t.Context(), "lists", folder(fmt.Sprintf("a%d.example\n", i)))
				if err != nil {
					t.Error(err)
				}
				versions[i] = rep.Version
			})
		}
		wg.Wait()
		seen := map[uint64]bool{}
		for _, v := range versions {
			seen[v] = true
		}
		if len(seen) != n || !seen[1] || !seen[n] {
			t.Errorf("versions %v", versions)
		}
		root, err := r.Root(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		for v := 2; v <= n; v++ {
			if _, err := refresh(t, r, root, dir, fmt.Sprintf("lists/delta-%d", v), now); err != nil {
				t.Errorf("delta %d: %v", v, err)
			}
		}
	})
}

func TestOldFilesGo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := start
		r := repository(t, d, &now)
		for i := range keepDeltas + 10 {
			if _, err := r.Publish(t.Context(), "lists", folder(fmt.Sprintf("a%d.example\n", i))); err != nil {
				t.Fatal(err)
			}
		}
		var files, chunks int
		err := d.View(t.Context(), func(tx *db.Tx) error {
			return errors.Join(tx.Row(`SELECT COUNT(*) FROM rollout_file`).Scan(&files),
				tx.Row(`SELECT COUNT(*) FROM rollout_chunk`).Scan(&chunks))
		})
		// deltas, wholes, older metadata, root and timestamp
		if most := keepDeltas + 1 + keepWholes + 2*keepMetadata + 2; err != nil || files > most || files < keepDeltas || chunks != files {
			t.Errorf("%d files, %d chunks, %v; want at most %d", files, chunks, err, most)
		}
	})
}

func TestReport(t *testing.T) {
	d := dbtest.SQLite(t)
	now := start
	r := repository(t, d, &now)
	if _, err := r.Publish(t.Context(), "lists", fstest.MapFS{}); !errors.Is(err, ErrNoLists) {
		t.Error(err)
	}
	if _, err := r.Publish(t.Context(), "agent", folder("a.example\n")); err == nil {
		t.Error("an unknown bundle was published")
	}
	if _, err := r.Publish(t.Context(), "lists", folder(strings.Repeat("<p>Error 404</p>\n", 30))); err == nil {
		t.Error("an error page was published")
	}
	if list, err := r.Newest(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	rep, err := r.Publish(t.Context(), "lists", fstest.MapFS{
		"malware/a.txt":      {Data: []byte("a.example\nb.example\na.example\nco.uk\ntime.windows.com\n10.0.0.1\n/path\n")},
		"malware/a.txt.meta": {Data: []byte("source: The A List\n")},
		"README.md":          {Data: []byte("none\n")},
		".git/x.txt":         {Data: []byte("c.example\n")},
	})
	if err != nil || rep.Files != 1 || rep.Entries != 2 || rep.Skipped != 1 || rep.Whole == 0 ||
		rep.Refused[intel.ReasonSuffix] != 1 || rep.Refused[intel.ReasonPrivate] != 1 || rep.Refused[intel.ReasonProtected] != 1 {
		t.Errorf("%+v, %v", rep, err)
	}
	for _, c := range []struct {
		path   string
		offset int64
		limit  int
	}{{"x", -1, 1}, {"x", 0, 0}, {strings.Repeat("x", 300), 0, 1}} {
		if _, _, err := r.File(t.Context(), c.path, c.offset, c.limit); err == nil {
			t.Errorf("%v was answered", c)
		}
	}
	if b, size, err := r.File(t.Context(), "../root.key", 0, 1); b != nil || size != 0 || err != nil {
		t.Error(b, size, err)
	}
}

func TestKeysOnDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	a, err := LoadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"root.key", "targets.key", "snapshot.key", "timestamp.key"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	b, err := LoadKeys(dir)
	if err != nil || !a.Root.Equal(b.Root) || !a.Timestamp.Equal(b.Timestamp) || a.Root.Equal(a.Targets) {
		t.Errorf("read back: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "root.key")); err != nil {
		t.Fatal(err)
	}
	if b, err = LoadKeys(dir); err != nil || b.Root != nil {
		t.Errorf("a root key that is kept elsewhere was made again: %v", err)
	}
	if err := os.Chmod(filepath.Join(dir, "targets.key"), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKeys(dir); err == nil {
		t.Error("a key that others may read was taken")
	}
}

func TestRunEnds(t *testing.T) {
	d := dbtest.SQLite(t)
	now := start
	r := repository(t, d, &now)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	for {
		if root, err := r.role(ctx, metadata.TIMESTAMP); err == nil && root != nil {
			break
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
