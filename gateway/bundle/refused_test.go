package bundle

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"cardea/cloud/rollout"
	"cardea/internal/platform/db/dbtest"
)

// fill publishes a version of each kind: lists, a file, a program.
func (c *cloud) fill(t testing.TB, n int) {
	t.Helper()
	c.publish(t, map[string]string{"a.txt": fmt.Sprintf("v%d.example\n", n)})
	c.data(t, fmt.Sprintf("model %d", n))
	if _, _, err := c.PublishAgent(t.Context(), map[string][]byte{"linux-amd64": fmt.Appendf(nil, "program %d", n)}); err != nil {
		t.Fatal(err)
	}
}

// takers take each kind as a gateway does, with a memory of their own each. The error is that of the take.
func (c *cloud) takers(t testing.TB) map[string]func() (uint64, error) {
	t.Helper()
	cfg := c.config(t)
	file, program, has := c.file(t, t.TempDir()), c.program(t, t.TempDir()), uint64(0)
	return map[string]func() (uint64, error){
		"lists":  func() (uint64, error) { v, _, err := open(cfg).Update(t.Context()); return v, err },
		"models": func() (uint64, error) { _, v, _, err := file.Update(t.Context()); return v, err },
		"agent": func() (uint64, error) {
			f, err := program.Find(t.Context())
			if err == nil && f.Version > has {
				if err = program.Unpack(t.Context(), f, io.Discard); err == nil {
					has = f.Version
				}
			}
			return has, err
		},
	}
}

// everything is the whole of the repository by path, as somebody on the way may have written it down.
func (c *cloud) everything(t testing.TB) func(string, int64, []byte, int64) ([]byte, int64, error) {
	t.Helper()
	files := map[string][]byte{}
	stamp, _, err := c.File(t.Context(), "metadata/timestamp.json", 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	files["metadata/timestamp.json"] = stamp
	return func(path string, offset int64, data []byte, size int64) ([]byte, int64, error) {
		if b, ok := files[path]; ok {
			return b[min(offset, int64(len(b))):], int64(len(b)), nil
		}
		return data, size, nil // what has a version in its name is the same for ever
	}
}

// Every kind of bundle refuses each of these, and keeps what it has.
func TestAttacksAreRefused(t *testing.T) {
	for name, attack := range map[string]func(t *testing.T, c *cloud){
		"forged: signed by keys of others": func(t *testing.T, c *cloud) {
			other := newCloud(t)
			for n := range 4 {
				other.fill(t, 10+n)
			}
			c.spoil = func(path string, offset int64, _ []byte, _ int64) ([]byte, int64, error) {
				return other.File(context.Background(), path, offset, testChunk)
			}
		},
		"forged: the root is another's": func(t *testing.T, c *cloud) {
			other := newCloud(t)
			root, err := other.Root(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			c.spoil = func(path string, offset int64, data []byte, size int64) ([]byte, int64, error) {
				if path == "metadata/2.root.json" {
					b := bytes.Replace(root, []byte(`"version":1`), []byte(`"version":2`), 1)
					return b[offset:], int64(len(b)), nil
				}
				return data, size, nil
			}
		},
		"forged: one bit of what is new": func(t *testing.T, c *cloud) {
			c.fill(t, 3)
			c.spoil = func(path string, _ int64, data []byte, size int64) ([]byte, int64, error) {
				if strings.HasPrefix(path, "targets/") && len(data) > 0 {
					data = bytes.Clone(data)
					data[len(data)/2] ^= 1
				}
				return data, size, nil
			}
		},
		"replayed: the timestamp of before": func(t *testing.T, c *cloud) {
			c.spoil = c.replay
		},
		"rolled back: an older state signed by the same keys": func(t *testing.T, c *cloud) {
			d := dbtest.SQLite(t)
			if err := d.Migrate(t.Context(), "rollout", rollout.Migrations); err != nil {
				t.Fatal(err)
			}
			old := &cloud{keys: c.keys, now: c.now, bytes: map[string]int64{}}
			old.Rollout = rollout.New(d, c.keys, func() time.Time { return c.now }, slog.New(slog.DiscardHandler))
			old.publish(t, map[string]string{"a.txt": "older.example\n"})
			c.spoil = func(path string, offset int64, _ []byte, _ int64) ([]byte, int64, error) {
				return old.File(context.Background(), path, offset, testChunk)
			}
		},
		"frozen: what is new is held back": func(t *testing.T, c *cloud) {
			c.spoil = c.everything(t)
			c.fill(t, 3)
			c.now = c.now.Add(49 * time.Hour)
		},
		"truncated: metadata": func(t *testing.T, c *cloud) {
			c.fill(t, 3)
			c.spoil = func(path string, _ int64, data []byte, size int64) ([]byte, int64, error) {
				if strings.HasPrefix(path, "metadata/") && size > 10 {
					return data[:min(int64(len(data)), size-10)], size - 10, nil
				}
				return data, size, nil
			}
		},
		"truncated: what is new": func(t *testing.T, c *cloud) {
			c.fill(t, 3)
			c.spoil = func(path string, _ int64, data []byte, size int64) ([]byte, int64, error) {
				if strings.HasPrefix(path, "targets/") && size > 1 {
					return data[:min(int64(len(data)), size-1)], size - 1, nil
				}
				return data, size, nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			c.fill(t, 1)
			c.replay = c.everything(t)
			takers := c.takers(t)
			for kind, take := range takers { // so that they have seen what is replayed
				if v, err := take(); err != nil || v != 1 {
					t.Fatalf("%s: version %d, %v", kind, v, err)
				}
			}
			c.fill(t, 2)
			for kind, take := range takers {
				if v, err := take(); err != nil || v != 2 {
					t.Fatalf("%s: version %d, %v", kind, v, err)
				}
			}
			attack(t, c)
			for kind, take := range takers {
				if v, err := take(); err == nil || v != 2 {
					t.Errorf("%s: version %d, %v", kind, v, err)
				}
			}
			c.spoil = nil
			c.fill(t, 9)
			for kind, take := range takers {
				if v, err := take(); err != nil || v < 3 {
					t.Errorf("%s afterwards: version %d, %v", kind, v, err)
				}
			}
		})
	}
}

// A gateway that was off while every key was changed, several times, follows from root to root; and one that was off for longer than one step may
// lead follows in the next.
func TestAGatewayThatWasOffFollowsTheRoots(t *testing.T) {
	c := newCloud(t)
	c.fill(t, 1)
	takers := c.takers(t)
	for kind, take := range takers {
		if v, err := take(); err != nil || v != 1 {
			t.Fatalf("%s: version %d, %v", kind, v, err)
		}
	}
	key := func(n int, role byte) ed25519.PrivateKey {
		return ed25519.NewKeyFromSeed(append(bytes.Repeat([]byte{role}, 30), byte(n), byte(n>>8)))
	}
	const changes = maxRotations + 6
	for n := range changes {
		c.keys.OldRoot, c.keys.Root = c.keys.Root, key(n, 1)
		c.keys.Targets, c.keys.Snapshot, c.keys.Timestamp = key(n, 2), key(n, 3), key(n, 4)
		c.rekey(t)
	}
	c.keys.OldRoot = nil
	c.rekey(t)
	c.fill(t, 2)
	for kind, take := range takers {
		v, err := take()
		if err == nil || v != 1 {
			t.Errorf("%s: %d roots at once: version %d, %v", kind, changes, v, err)
		}
		if v, err = take(); err != nil || v != 2 {
			t.Errorf("%s: version %d, %v", kind, v, err)
		}
	}
	// Whoever stole the first keys signs nothing that is believed.
	d := dbtest.SQLite(t)
	if err := d.Migrate(t.Context(), "rollout", rollout.Migrations); err != nil {
		t.Fatal(err)
	}
	thief := &cloud{Rollout: rollout.New(d, c.first, func() time.Time { return c.now }, slog.New(slog.DiscardHandler)), bytes: map[string]int64{}}
	thief.fill(t, 5)
	c.spoil = func(path string, offset int64, data []byte, size int64) ([]byte, int64, error) {
		if strings.Contains(path, ".root.json") {
			return data, size, nil
		}
		return thief.File(context.Background(), path, offset, testChunk)
	}
	for kind, take := range takers {
		if v, err := take(); err == nil || v != 2 {
			t.Errorf("%s by stolen keys: version %d, %v", kind, v, err)
		}
	}
}
