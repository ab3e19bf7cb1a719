package bundle

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestProgramIsWhatWasSigned(t *testing.T) {
	c := newCloud(t)
	good := []byte(strings.Repeat("a program of ours ", 4000))
	if _, _, err := c.PublishAgent(t.Context(), map[string][]byte{"linux-amd64": good, "linux-armv7": []byte("another")}); err != nil {
		t.Fatal(err)
	}
	root, err := c.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	make := func(name string) *Program {
		return NewProgram(FileConfig{Name: name, Dir: t.TempDir(), Root: root, Fetch: c.fetch, Most: 1 << 20, Now: func() time.Time { return c.now }},
			slog.New(slog.DiscardHandler))
	}
	p := make("agent-linux-amd64")
	f, err := p.Find(t.Context())
	if err != nil || f.Version != 1 || f.Size != int64(len(good)) {
		t.Fatalf("%+v, %v", f, err)
	}
	var out bytes.Buffer
	if err := p.Unpack(t.Context(), f, &out); err != nil || !bytes.Equal(out.Bytes(), good) {
		t.Fatalf("%d bytes, %v", out.Len(), err)
	}
	if f, err := make("agent-linux-mipsle").Find(t.Context()); err != nil || f.Version != 0 {
		t.Errorf("a platform that there is nothing for: %+v, %v", f, err)
	}
	for name, spoil := range map[string]func(path string, offset int64, data []byte, size int64) ([]byte, int64, error){
		"truncated": func(_ string, _ int64, data []byte, size int64) ([]byte, int64, error) { return data, size - 1, nil },
		"forged": func(path string, _ int64, data []byte, size int64) ([]byte, int64, error) {
			if strings.Contains(path, "targets/") {
				data = bytes.ToUpper(data)
			}
			return data, size, nil
		},
		"mixed up": func(path string, offset int64, data []byte, size int64) ([]byte, int64, error) {
			if strings.Contains(path, "targets/agent-linux-amd64") { // another platform's, as well signed
				return []byte("another")[:0], 0, nil
			}
			return data, size, nil
		},
	} {
		c.spoil = nil
		p := make("agent-linux-amd64")
		f, err := p.Find(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c.spoil = spoil
		if err := p.Unpack(t.Context(), f, &bytes.Buffer{}); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
}
