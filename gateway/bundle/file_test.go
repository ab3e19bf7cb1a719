package bundle

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func (c *cloud) file(t testing.TB, dir string) *File {
	t.Helper()
	cfg := c.config(t)
	return NewFile(FileConfig{Name: "models", Dir: dir, Root: cfg.Root, Fetch: c.fetch, Most: 1 << 20, Now: cfg.Now, Check: func(b []byte) error {
		if bytes.HasPrefix(b, []byte("bad")) {
			return errors.New("it cannot be read")
		}
		return nil
	}}, slog.New(slog.DiscardHandler))
}

func (c *cloud) data(t testing.TB, text string) {
	t.Helper()
	if _, _, err := c.PublishData(t.Context(), "models", []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// holds says what a folder's last good version is, for a program that was just started.
func holds(t testing.TB, c *cloud, dir, want string, version uint64) {
	t.Helper()
	if got, v, err := c.file(t, dir).Restore(); err != nil || string(got) != want || v != version {
		t.Errorf("kept %d bytes of version %d, %v; want %d of %d", len(got), v, err, len(want), version)
	}
}

func TestAFileReachesTheGateway(t *testing.T) {
	c, dir := newCloud(t), t.TempDir()
	f := c.file(t, dir)
	if data, v, changed, err := f.Update(t.Context()); err == nil && (data != nil || v != 0 || changed) {
		t.Fatalf("out of nothing: %d bytes, %d", len(data), v)
	}
	c.publish(t, map[string]string{"a.txt": "a.example\n"})
	if _, v, changed, err := f.Update(t.Context()); err != nil || v != 0 || changed {
		t.Fatalf("only lists are there: %d, %v", v, err)
	}
	one, two := strings.Repeat("one", 10_000), strings.Repeat("two", 20_000)
	c.data(t, one)
	if data, v, changed, err := f.Update(t.Context()); err != nil || string(data) != one || v != 1 || !changed {
		t.Fatalf("%d bytes, %d %v, %v", len(data), v, changed, err)
	}
	if data, v, changed, err := f.Update(t.Context()); err != nil || data != nil || v != 1 || changed {
		t.Fatalf("again: %d bytes, %d %v, %v", len(data), v, changed, err)
	}
	holds(t, c, dir, one, 1)
	c.data(t, two)
	if data, _, _, err := f.Update(t.Context()); err != nil || string(data) != two {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	holds(t, c, dir, two, 2)
	if files, _ := filepath.Glob(filepath.Join(dir, "whole-*")); len(files) != 1 {
		t.Errorf("kept: %q", files)
	}
}

func TestTheLastGoodFileStays(t *testing.T) {
	good := strings.Repeat("good", 5_000)
	for name, spoil := range map[string]func(*testing.T, *cloud){
		"it cannot be used": func(t *testing.T, c *cloud) { c.data(t, "bad"+good) },
		"it is too large":   func(t *testing.T, c *cloud) { c.data(t, strings.Repeat("x", 1<<20+1)) },
		"the way breaks": func(t *testing.T, c *cloud) {
			c.data(t, "next "+good)
			c.spoil = func(path string, _ int64, data []byte, size int64) ([]byte, int64, error) {
				if strings.HasPrefix(path, "targets/") {
					return nil, 0, context.DeadlineExceeded
				}
				return data, size, nil
			}
		},
		"it was changed on the way": func(t *testing.T, c *cloud) {
			c.data(t, "next "+good)
			c.spoil = func(path string, _ int64, data []byte, size int64) ([]byte, int64, error) {
				if strings.HasPrefix(path, "targets/") && len(data) > 0 {
					data[len(data)/2] ^= 1
				}
				return data, size, nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, dir := newCloud(t), t.TempDir()
			c.data(t, good)
			if _, _, _, err := c.file(t, dir).Update(t.Context()); err != nil {
				t.Fatal(err)
			}
			spoil(t, c)
			if data, v, changed, err := c.file(t, dir).Update(t.Context()); err == nil || data != nil || v != 1 || changed {
				t.Errorf("taken: %d bytes, %d %v, %v", len(data), v, changed, err)
			}
			holds(t, c, dir, good, 1)
			c.spoil = nil
			c.data(t, "after "+good)
			if data, _, _, err := c.file(t, dir).Update(t.Context()); err != nil || string(data) != "after "+good {
				t.Errorf("the next good one: %d bytes, %v", len(data), err)
			}
		})
	}
}

func TestADamagedFileIsFetchedAgain(t *testing.T) {
	good := strings.Repeat("good", 5_000)
	for _, name := range []string{stateFile, "whole-1.gz"} {
		c, dir := newCloud(t), t.TempDir()
		c.data(t, good)
		if _, _, _, err := c.file(t, dir).Update(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		holds(t, c, dir, "", 0)
		if data, v, changed, err := c.file(t, dir).Update(t.Context()); err != nil || string(data) != good || v != 1 || !changed {
			t.Errorf("%s: %d bytes, %d %v, %v", name, len(data), v, changed, err)
		}
	}
}

func FuzzFileState(f *testing.F) {
	f.Add([]byte(`{"version":1,"file":"whole-1.gz","text_sha256":"00","text_size":5}`))
	f.Add([]byte(`{"version":1,"file":"../../etc/passwd","text_size":5}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseFileState(text, 100)
		if err == nil && (strings.ContainsAny(s.File, "/") || s.TextSize > 100) {
			t.Fatalf("%+v", s)
		}
	})
}
