package bundle

import (
	"context"
	"strings"
	"testing"
)

// Whatever the cloud's files are, nothing of them is believed without its signature.
func FuzzMetadata(f *testing.F) {
	c := newCloud(f)
	c.publish(f, map[string]string{"a.txt": "a.example\n"})
	cfg := c.config(f)
	for _, path := range []string{"metadata/1.root.json", "metadata/timestamp.json", "metadata/1.snapshot.json", "metadata/1.targets.json"} {
		b, _, err := c.File(f.Context(), path, 0, 1<<20)
		if err != nil || len(b) == 0 {
			f.Fatal(path, err)
		}
		f.Add(path, b)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, path string, data []byte) {
		good, _, err := c.File(t.Context(), path, 0, 1<<20)
		if err != nil || len(good) == 0 || strings.HasPrefix(path, "targets/") {
			return
		}
		fetch := Fetch(func(ctx context.Context, p string, offset int64) ([]byte, int64, error) {
			if p == path || strings.TrimPrefix(p, "metadata/2") == strings.TrimPrefix(path, "metadata/1") {
				return data[min(offset, int64(len(data))):], int64(len(data)), nil
			}
			return c.File(ctx, p, offset, 1<<20)
		})
		tr := trust{dir: dir, fetch: fetch.bytes}
		targets, err := tr.targets(t.Context(), cfg.Root, start)
		if err == nil {
			if s, err := newest(targets, nil, state{}); err != nil || s.Version != 1 {
				t.Fatalf("believed: %+v, %v", s, err)
			}
		}
	})
}

func FuzzState(f *testing.F) {
	f.Add([]byte(`{"version":3,"base":"whole-1.gz","deltas":["delta-2.gz","delta-3.gz"],"text_size":5}`))
	f.Add([]byte(`{"version":3,"base":"../whole-1.gz","text_size":5}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var s state
		if parseState(text, &s) != nil {
			return
		}
		for _, name := range append(s.Deltas, s.Base) {
			if strings.ContainsAny(name, "/") || name == "" || name == ".." {
				t.Fatalf("%q was taken", name)
			}
		}
	})
}
