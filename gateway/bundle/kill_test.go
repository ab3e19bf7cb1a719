package bundle

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

const helperEnv = "CARDEA_BUNDLE_HELPER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperEnv); dir != "" {
		helper(dir)
	}
	goleak.VerifyTestMain(m)
}

// diskConfig is of a gateway whose cloud is a folder.
func diskConfig(dir string) (Config, error) {
	root, err := os.ReadFile(filepath.Join(dir, "root.json"))
	return Config{Dir: filepath.Join(dir, "bundle"), Into: filepath.Join(dir, "lists"), Root: root,
		Now: func() time.Time { return start },
		Fetch: func(_ context.Context, path string, offset int64) ([]byte, int64, error) {
			b, err := os.ReadFile(filepath.Join(dir, "repository", path))
			if errors.Is(err, fs.ErrNotExist) {
				return nil, 0, nil
			}
			return b[min(offset, int64(len(b))):min(offset+testChunk, int64(len(b)))], int64(len(b)), err
		}}, err
}

// helper updates once, in a process of its own, and tells of each step.
func helper(dir string) {
	cfg, err := diskConfig(dir)
	if err == nil {
		fetch := cfg.Fetch
		cfg.Fetch = func(ctx context.Context, path string, offset int64) ([]byte, int64, error) {
			fmt.Println("fetch", path)
			return fetch(ctx, path, offset)
		}
		_, _, err = New(cfg, slog.New(slog.DiscardHandler)).Update(context.Background())
	}
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// dump writes what the cloud has now into a folder.
func (c *cloud) dump(t *testing.T, dir string, paths map[string]bool) {
	t.Helper()
	spy := c.config(t)
	spy.Fetch = func(ctx context.Context, path string, offset int64) ([]byte, int64, error) {
		paths[path] = true
		return c.fetch(ctx, path, offset)
	}
	if _, _, err := open(spy).Update(t.Context()); err != nil {
		t.Fatal(err)
	}
	for path := range paths {
		data, size, err := c.File(t.Context(), path, 0, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, "repository", path)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if size > 0 {
			if err := os.WriteFile(to, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Killed at any moment, the lists in force are those of one version, whole; and the next update goes on from there.
func TestKilledAtAnyMoment(t *testing.T) {
	rounds := 5
	if os.Getenv("CARDEA_SOAK") != "" {
		rounds = 200
	}
	c := newCloud(t)
	dir := t.TempDir()
	text := func(v int) string {
		var s strings.Builder
		for i := range 30_000 {
			fmt.Fprintf(&s, "host-%d-%d.example\n", i, (v*i)%5)
		}
		return s.String()
	}
	walker := c.config(t) // goes by deltas, and so knows their paths
	walker.Own, walker.Protected = nil, nil
	paths := map[string]bool{}
	fetch := walker.Fetch
	walker.Fetch = func(ctx context.Context, path string, offset int64) ([]byte, int64, error) {
		paths[path] = true
		return fetch(ctx, path, offset)
	}
	var before map[string]string
	for v := 1; v <= rounds; v++ {
		c.publish(t, map[string]string{"a.txt": text(v), "tracking/b.txt": fmt.Sprintf("v%d.example\n", v)})
		update(t, walker, uint64(v), true)
		c.dump(t, dir, paths)
		want := tree(t, filepath.Join(walker.Into, inForce))
		root := walker.Root
		if err := os.WriteFile(filepath.Join(dir, "root.json"), root, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(dir, "lists"), 0o755); err != nil {
			t.Fatal(err)
		}
		kill(t, dir)
		cfg, err := diskConfig(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(cfg.Into, inForce)); err == nil || before != nil {
			if now := fmt.Sprint(tree(t, filepath.Join(cfg.Into, inForce))); now != fmt.Sprint(want) && now != fmt.Sprint(before) {
				t.Fatalf("round %d: the lists in force are of no version", v)
			}
		}
		if got, _, err := open(cfg).Update(t.Context()); err != nil || got != uint64(v) {
			t.Fatalf("round %d: %d, %v", v, got, err)
		}
		if now := tree(t, filepath.Join(cfg.Into, inForce)); fmt.Sprint(now) != fmt.Sprint(want) {
			t.Fatalf("round %d: the lists are not those of version %d", v, v)
		}
		before = want
	}
}

// kill starts an update and kills it: after some step that it told of, and some time.
func kill(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	steps, in := rand.IntN(60), bufio.NewScanner(out)
	for steps > 0 && in.Scan() {
		if strings.HasPrefix(in.Text(), "error") {
			t.Fatal(in.Text())
		}
		steps--
	}
	time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond) // the moment is to be any
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // killed, or done before
}
