package intel

import (
	"context"
	"crypto/x509"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/cloud/rollout"
	"cardea/home"
	"cardea/intel"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

// world is the room with a real repository of bundles behind it, and a clock.
type world struct {
	t       *testing.T
	n       *Intel
	d       *db.DB
	rollout *rollout.Rollout
	dir     string
	roots   *x509.CertPool

	mu   sync.Mutex
	at   time.Time
	last fs.FS // that was published last
	set  *intel.Set
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func inWorlds(t *testing.T, f func(w *world)) {
	keys, err := rollout.LoadKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for name, files := range map[string]fs.FS{"rollout": rollout.Migrations, "intel": Migrations} {
			if err := d.Migrate(context.Background(), name, files); err != nil {
				t.Fatal(err)
			}
		}
		w := &world{t: t, d: d, dir: t.TempDir(), roots: x509.NewCertPool(), at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
		w.rollout = rollout.New(d, keys, w.now, nil)
		w.again(Options{})
		f(w)
	})
}

// again makes the room anew, as after a restart.
func (w *world) again(o Options) {
	o.Dir, o.Roots, o.Now = w.dir, w.roots, w.now
	o.Publish = func(ctx context.Context, lists fs.FS) (Published, error) {
		w.last, w.set = lists, compiled(w.t, lists)
		r, err := w.rollout.Publish(ctx, "lists", lists)
		return Published{r.Version, r.Changed, r.Entries}, err
	}
	w.n = New(w.d, o)
}

// compiled reads lists as a gateway does.
func compiled(t *testing.T, lists fs.FS) *intel.Set {
	t.Helper()
	b := intel.NewBuilder()
	err := fs.WalkDir(lists, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, ".meta") {
			return err
		}
		text, err := fs.ReadFile(lists, name)
		if err != nil {
			return err
		}
		meta, err := fs.ReadFile(lists, name+".meta")
		if err != nil {
			return err
		}
		about, err := intel.About(name, text[:min(len(text), intel.HeadBytes)], string(meta))
		if err != nil {
			return err
		}
		r, err := intel.Read(strings.NewReader(string(text)), about, b.Add)
		if r.Bad > 0 || r.Skipped > 0 || len(r.Refused) > 0 {
			t.Errorf("%s: %+v", name, r)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Build()
}

// turn lets a while pass and takes a turn.
func (w *world) turn() Turned {
	w.t.Helper()
	w.pass(6 * time.Minute)
	got, err := w.n.Turn(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *world) source(s Source) {
	w.t.Helper()
	s.Why = "a test"
	if err := w.n.SetSource(context.Background(), s, nil); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) state(name string) State {
	w.t.Helper()
	s, err := w.n.Source(context.Background(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// listed says what is known of a name or an address: class, source, family and confidence, or nothing.
func (w *world) listed(what string) (home.Indicator, bool) {
	if strings.ContainsAny(what, ":/") {
		w.t.Fatalf("ask for a name, not %s", what)
	}
	return w.set.Name(what)
}

// served serves by https, believed by the room.
func (w *world) served(h http.Handler) string {
	s := httptest.NewTLSServer(h)
	w.t.Cleanup(s.Close)
	w.roots.AddCert(s.Certificate())
	w.again(Options{})
	return s.URL
}

func (w *world) file(name, text string) string {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}
