package bundle

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cardea/cloud/rollout"
	"cardea/gateway/lists"
	"cardea/intel"
	"cardea/internal/platform/db/dbtest"
)

var start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// cloud is a real repository, with a way to spoil what it says.
type cloud struct {
	*rollout.Rollout
	keys  rollout.Keys
	first rollout.Keys // that it began with
	now   time.Time
	spoil func(path string, offset int64, data []byte, size int64) ([]byte, int64, error) // nil: nothing is spoilt
	bytes map[string]int64                                                                // given out, by kind of file
	// replay is a spoil that gives what was written down before.
	replay func(path string, offset int64, data []byte, size int64) ([]byte, int64, error)
}

func newCloud(t testing.TB) *cloud {
	t.Helper()
	d := dbtest.SQLite(t)
	if err := d.Migrate(t.Context(), "rollout", rollout.Migrations); err != nil {
		t.Fatal(err)
	}
	keys, err := rollout.LoadKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := &cloud{keys: keys, first: keys, now: start, bytes: map[string]int64{}}
	c.Rollout = rollout.New(d, keys, func() time.Time { return c.now }, slog.New(slog.DiscardHandler))
	return c
}

const testChunk = 4 << 10

func (c *cloud) fetch(ctx context.Context, path string, offset int64) ([]byte, int64, error) {
	data, size, err := c.File(ctx, path, offset, testChunk)
	if err == nil && c.spoil != nil {
		data, size, err = c.spoil(path, offset, data, size)
	}
	c.bytes[filepath.Dir(path)] += int64(len(data))
	return data, size, err
}

func (c *cloud) publish(t testing.TB, files map[string]string) rollout.Report {
	t.Helper()
	content := fstest.MapFS{}
	for name, text := range files {
		content[name] = &fstest.MapFile{Data: []byte(text)}
	}
	rep, err := c.Publish(t.Context(), "lists", content)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func (c *cloud) config(t testing.TB) Config {
	t.Helper()
	root, err := c.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	into := filepath.Join(dir, "lists")
	if err := os.Mkdir(into, 0o755); err != nil {
		t.Fatal(err)
	}
	return Config{Dir: filepath.Join(dir, "bundle"), Root: root, Into: into, Fetch: c.fetch, Now: func() time.Time { return c.now },
		Own: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/28")}, Protected: []string{"provider.example"}}
}

func open(cfg Config) *Bundle { return New(cfg, slog.New(slog.DiscardHandler)) }

func update(t testing.TB, cfg Config, version uint64, changed bool) *Bundle {
	t.Helper()
	b := open(cfg)
	if v, c, err := b.Update(t.Context()); err != nil || v != version || c != changed {
		t.Fatalf("update: version %d, changed %t, %v; want %d, %t", v, c, err, version, changed)
	}
	return b
}

func load(t testing.TB, cfg Config) *intel.Set {
	t.Helper()
	set, sum, err := lists.Load(cfg.Into)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range sum.Files {
		if f.Error != "" || f.Report.Bad > 0 || len(f.Report.Refused) > 0 {
			t.Errorf("a list of ours is not read well: %+v", f)
		}
	}
	return set
}

// tree is all files of a folder.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		out[strings.TrimPrefix(path, dir)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestListsReachTheGateway(t *testing.T) {
	c := newCloud(t)
	files := map[string]string{
		"malware/elf_mirai.txt": "b.example\na.example\na.example\n198.51.100.9:23\n198.51.100.0/28\n2001:db8::1\n",
		"ipsum.txt":             "198.51.100.77 3\n198.51.100.78 9\n",
		"tracking/ads.txt":      "||ads.example^\n|exact.example^\n@@||good.ads.example^\n",
		"allow/mine.txt":        "free.b.example\n",
		"said.hosts":            "# cardea: class=phishing family=bank confidence=42 source=Said\n0.0.0.0 d.example\n",
	}
	if rep := c.publish(t, files); rep.Version != 1 || rep.Files != 5 || rep.Delta != 0 || rep.Whole == 0 {
		t.Errorf("%+v", rep)
	}
	cfg := c.config(t)
	update(t, cfg, 1, true)
	update(t, cfg, 1, false)
	set := load(t, cfg)
	for name, want := range map[string]string{"b.example": "elf_mirai mirai malware 80", "x.ads.example": "ads  tracking 80",
		"good.ads.example": "", "x.exact.example": "", "exact.example": "ads  tracking 80", "free.b.example": "", "d.example": "Said bank phishing 42"} {
		got := ""
		if i, ok := set.Name(name); ok {
			got = fmt.Sprintf("%s %s %s %d", i.Source, i.Family, i.Class, i.Confidence)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for ap, want := range map[string]uint8{"198.51.100.9:23": 80, "198.51.100.3:1": 80, "[2001:db8::1]:9": 80, "198.51.100.77:1": 60, "198.51.100.78:1": 95} {
		if got, _ := set.Endpoint(netip.MustParseAddrPort(ap)); got.Confidence != want {
			t.Errorf("%s: %+v, want confidence %d", ap, got, want)
		}
	}

	files["malware/elf_mirai.txt"] = "b.example\nc.example\n"
	delete(files, "ipsum.txt")
	if rep := c.publish(t, files); rep.Version != 2 || rep.Delta == 0 || rep.Changes != 5 {
		t.Errorf("%+v", rep)
	}
	if rep := c.publish(t, files); rep.Version != 2 || rep.Changed {
		t.Errorf("the same lists again: %+v", rep)
	}
	update(t, cfg, 2, true)
	fresh := c.config(t)
	update(t, fresh, 2, true)
	a, b := tree(t, filepath.Join(cfg.Into, inForce)), tree(t, filepath.Join(fresh.Into, inForce))
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("by delta %v, whole %v", a, b)
	}
	if entries, _ := os.ReadDir(cfg.Into); len(entries) != 1 {
		t.Errorf("left over: %v", entries)
	}
}

// The cloud's own guard is not relied on: here the entries are signed.
func TestTheGatewayRefusesWhatIsSigned(t *testing.T) {
	c := newCloud(t)
	rep := c.publish(t, map[string]string{"a.txt": "bad.example\nco.uk\ndeb.debian.org\n192.168.1.1\nacs.provider.example\n203.0.113.4\nprovider.example\n"})
	if rep.Entries != 4 || rep.Refused[intel.ReasonSuffix] != 1 || rep.Refused[intel.ReasonProtected] != 1 || rep.Refused[intel.ReasonPrivate] != 1 {
		t.Errorf("%+v", rep)
	}
	cfg := c.config(t)
	s := update(t, cfg, 1, true).Status()
	if s.Entries != 1 || s.Refused[intel.ReasonProtected] != 2 || s.Refused[intel.ReasonOwn] != 1 {
		t.Errorf("%+v", s)
	}
	set := load(t, cfg)
	if _, ok := set.Name("bad.example"); !ok {
		t.Error("bad.example is missing")
	}
	if i, ok := set.Name("acs.provider.example"); ok {
		t.Errorf("%+v", i)
	}
	// Another guard: the lists are written again, without the cloud.
	cfg.Protected, cfg.Fetch = []string{"bad.example"}, nil
	if err := open(cfg).Restore(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok := load(t, cfg).Name("bad.example"); ok {
		t.Error("the guard of now does not hold")
	}
}

func TestRollbackFreezeAndTamperingAreRefused(t *testing.T) {
	c := newCloud(t)
	old := map[string]string{}
	c.publish(t, map[string]string{"a.txt": "one.example\n"})
	cfg := c.config(t)
	update(t, cfg, 1, true)
	stamp, _, err := c.File(t.Context(), "metadata/timestamp.json", 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	old["metadata/timestamp.json"] = string(stamp)
	c.publish(t, map[string]string{"a.txt": "two.example\n"})

	other := newCloud(t)
	other.publish(t, map[string]string{"a.txt": "three.example\n"})
	spoils := map[string]func(path string, offset int64, data []byte, size int64) ([]byte, int64, error){
		"one bit of a target": func(path string, offset int64, data []byte, size int64) ([]byte, int64, error) {
			if strings.HasPrefix(path, "targets/") {
				data = bytes.Clone(data)
				data[len(data)/2] ^= 1
			}
			return data, size, nil
		},
		"another's metadata": func(path string, offset int64, _ []byte, _ int64) ([]byte, int64, error) {
			return other.File(context.Background(), path, offset, testChunk)
		},
		"endless": func(_ string, _ int64, _ []byte, _ int64) ([]byte, int64, error) {
			return make([]byte, 4096), 1 << 40, nil
		},
		"empty parts": func(_ string, _ int64, _ []byte, size int64) ([]byte, int64, error) { return nil, size, nil },
		"more than asked": func(_ string, _ int64, data []byte, size int64) ([]byte, int64, error) {
			return append(bytes.Clone(data), make([]byte, 1<<20)...), size, nil
		},
		"no cloud": func(string, int64, []byte, int64) ([]byte, int64, error) { return nil, 0, errors.New("no way") },
		"gone":     func(string, int64, []byte, int64) ([]byte, int64, error) { return nil, 0, nil },
	}
	for name, spoil := range spoils {
		c.spoil = spoil
		if v, changed, err := open(cfg).Update(t.Context()); err == nil || v != 1 || changed {
			t.Errorf("%s: version %d, changed %t, %v", name, v, changed, err)
		}
		if _, ok := load(t, cfg).Name("one.example"); !ok {
			t.Errorf("%s: the last good version is gone", name)
		}
	}
	c.spoil = nil
	update(t, cfg, 2, true)
	c.spoil = func(path string, _ int64, data []byte, size int64) ([]byte, int64, error) {
		if was, ok := old[path]; ok {
			return []byte(was), int64(len(was)), nil
		}
		return data, size, nil
	}
	if v, _, err := open(cfg).Update(t.Context()); err == nil || v != 2 {
		t.Errorf("rollback: version %d, %v", v, err)
	}
	c.spoil = nil
	c.now = c.now.Add(49 * time.Hour) // nobody signs: somebody holds what is new back
	if v, _, err := open(cfg).Update(t.Context()); err == nil || v != 2 {
		t.Errorf("freeze: version %d, %v", v, err)
	}
	if _, ok := load(t, cfg).Name("two.example"); !ok {
		t.Error("what was good is gone")
	}
	if err := c.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	update(t, cfg, 2, false)
}

func TestKeysChange(t *testing.T) {
	c := newCloud(t)
	c.publish(t, map[string]string{"a.txt": "one.example\n"})
	cfg := c.config(t)
	update(t, cfg, 1, true)
	fresh := func() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(len(c.bytes))}, 32)) }
	c.keys.Timestamp = fresh()
	c.rekey(t)
	update(t, cfg, 1, false)
	c.keys.Snapshot, c.keys.Targets = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)), ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, 32))
	c.rekey(t)
	c.keys.OldRoot, c.keys.Root = c.keys.Root, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32))
	c.rekey(t)
	c.publish(t, map[string]string{"a.txt": "two.example\n"})
	update(t, cfg, 2, true)
	// A root key that gateways do not know is not used at all.
	c.keys.OldRoot, c.keys.Root = nil, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{10}, 32))
	c.Rollout = c.With(c.keys)
	if err := c.Renew(t.Context()); err == nil {
		t.Error("a root that nobody would believe was signed")
	}
	// Without the root key the others go on.
	c.keys.Root = nil
	c.Rollout = c.With(c.keys)
	c.publish(t, map[string]string{"a.txt": "three.example\n"})
	update(t, cfg, 3, true)
}

func (c *cloud) rekey(t *testing.T) {
	t.Helper()
	c.Rollout = c.With(c.keys)
	if err := c.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Another enrolment: nothing of the cloud before is believed or kept.
func TestAnotherCloud(t *testing.T) {
	one, two := newCloud(t), newCloud(t)
	for i := range 3 {
		one.publish(t, map[string]string{"a.txt": fmt.Sprintf("one%d.example\n", i)})
	}
	two.publish(t, map[string]string{"a.txt": "two.example\n"})
	cfg := one.config(t)
	update(t, cfg, 3, true)
	cfg.Fetch, cfg.Root = two.fetch, two.config(t).Root
	update(t, cfg, 1, true)
	if _, ok := load(t, cfg).Name("two.example"); !ok {
		t.Error("two.example is missing")
	}
}
