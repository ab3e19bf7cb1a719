package bundle

import (
	"bytes"
	"compress/gzip"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// noise is a file of so many bytes that cannot be compressed.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(b) // it never fails
	return b
}

func (c *cloud) program(t testing.TB, dir string) *Program {
	t.Helper()
	cfg := c.config(t)
	return NewProgram(FileConfig{Name: "agent-linux-amd64", Dir: dir, Root: cfg.Root, Fetch: c.fetch, Most: 1 << 20, Now: func() time.Time { return c.now }},
		slog.New(slog.DiscardHandler))
}

// A file travels as a difference, also over several versions, and back again. Where a difference is missing, damaged, or begins elsewhere, the
// whole comes in its place, and nothing but what was signed is ever taken.
func TestAFileTravelsAsADelta(t *testing.T) {
	one := noise(200_000)
	version := func(n int) []byte { return append(append(bytes.Clone(one[:100_000]), byte(n)), one[100_000:]...) }
	cut := func(what string) func(string, int64, []byte, int64) ([]byte, int64, error) {
		return func(path string, offset int64, data []byte, size int64) ([]byte, int64, error) {
			if strings.Contains(path, what) {
				size /= 2
				data = data[:max(0, min(int64(len(data)), size-offset))]
			}
			return data, size, nil
		}
	}
	for name, s := range map[string]struct {
		versions int
		before   func(t *testing.T, c *cloud, dir string)
		most     int64 // bytes that may be fetched of targets
	}{
		"one version":       {1, nil, 2_000},
		"three versions":    {3, nil, 4_000},
		"a truncated delta": {1, func(_ *testing.T, c *cloud, _ string) { c.spoil = cut(".delta-") }, 250_000},
		"a forged delta": {1, func(_ *testing.T, c *cloud, _ string) {
			c.spoil = func(path string, _ int64, data []byte, size int64) ([]byte, int64, error) {
				if strings.Contains(path, ".delta-") {
					data = bytes.Repeat([]byte{1}, len(data))
				}
				return data, size, nil
			}
		}, 250_000},
		"a forged base": {1, func(t *testing.T, _ *cloud, dir string) {
			var out bytes.Buffer
			z := gzip.NewWriter(&out)
			if _, err := z.Write(version(9)); err != nil || z.Close() != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "whole-1.gz"), out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}, 250_000},
		"a truncated base": {1, func(t *testing.T, _ *cloud, dir string) {
			if err := os.Truncate(filepath.Join(dir, "whole-1.gz"), 1000); err != nil {
				t.Fatal(err)
			}
		}, 250_000},
	} {
		t.Run(name, func(t *testing.T) {
			c, dir := newCloud(t), t.TempDir()
			c.data(t, string(one))
			if _, _, _, err := c.file(t, dir).Update(t.Context()); err != nil {
				t.Fatal(err)
			}
			for n := range s.versions {
				c.data(t, string(version(n)))
			}
			if s.before != nil {
				s.before(t, c, dir)
			}
			clear(c.bytes)
			want := version(s.versions - 1)
			data, v, changed, err := c.file(t, dir).Update(t.Context())
			if err != nil || !bytes.Equal(data, want) || v != uint64(1+s.versions) || !changed {
				t.Fatalf("%d bytes, version %d, %v, %v", len(data), v, changed, err)
			}
			if got := c.bytes["targets/models"]; got > s.most || got == 0 {
				t.Errorf("%d bytes were fetched, at most %d are wanted", got, s.most)
			}
			holds(t, c, dir, string(want), v)
		})
	}
	t.Run("neither the delta nor the whole", func(t *testing.T) {
		c, dir := newCloud(t), t.TempDir()
		c.data(t, string(one))
		if _, _, _, err := c.file(t, dir).Update(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.data(t, string(version(1)))
		c.spoil = cut("targets/")
		if data, v, changed, err := c.file(t, dir).Update(t.Context()); err == nil || data != nil || v != 1 || changed {
			t.Errorf("%d bytes, version %d, %v, %v", len(data), v, changed, err)
		}
		holds(t, c, dir, string(one), 1)
	})
}

// A program does so as well, from whichever file is at hand that the difference begins at.
func TestAProgramTravelsAsADelta(t *testing.T) {
	one := noise(300_000)
	two := append(append(bytes.Clone(one[:150_000]), "new"...), one[150_000:]...)
	c := newCloud(t)
	for _, p := range [][]byte{one, two} {
		if _, _, err := c.PublishAgent(t.Context(), map[string][]byte{"linux-amd64": p}); err != nil {
			t.Fatal(err)
		}
	}
	lying := bytes.Clone(one)
	lying[7] ^= 1
	for name, s := range map[string]struct {
		base []Base
		cut  bool
		most int64
	}{
		"from the one before":      {[]Base{{hashOf(one), bytes.NewReader(one), int64(len(one))}}, false, 2_000},
		"from another":             {[]Base{{hashOf([]byte("x")), strings.NewReader("x"), 1}}, false, 400_000},
		"from none":                {nil, false, 400_000},
		"a forged base":            {[]Base{{hashOf(one), bytes.NewReader(lying), int64(len(lying))}}, false, 400_000},
		"a truncated base":         {[]Base{{hashOf(one), bytes.NewReader(one[:1000]), 1000}}, false, 400_000},
		"the delta cut on the way": {[]Base{{hashOf(one), bytes.NewReader(one), int64(len(one))}}, true, 400_000},
	} {
		p := c.program(t, t.TempDir())
		f, err := p.Find(t.Context())
		if err != nil || f.Version != 2 {
			t.Fatalf("%+v, %v", f, err)
		}
		c.spoil = nil
		if s.cut {
			c.spoil = func(path string, _ int64, data []byte, size int64) ([]byte, int64, error) {
				if strings.Contains(path, ".delta-") {
					return data[:len(data)/2], size / 2, nil
				}
				return data, size, nil
			}
		}
		clear(c.bytes)
		var out bytes.Buffer
		if err := p.Unpack(t.Context(), f, &out, s.base...); err != nil || !bytes.Equal(out.Bytes(), two) {
			t.Errorf("%s: %d bytes, %v", name, out.Len(), err)
		}
		if got := c.bytes["targets/agent-linux-amd64"]; got > s.most || got == 0 {
			t.Errorf("%s: %d bytes were fetched, at most %d are wanted", name, got, s.most)
		}
		c.spoil = nil
	}
}
