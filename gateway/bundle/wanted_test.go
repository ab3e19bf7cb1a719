package bundle

import (
	"log/slog"
	"testing"
	"time"
)

// A home that is to wait has the older of two signed versions, and none gives up a newer one.
func TestAHomeTakesTheVersionThatIsMeantForIt(t *testing.T) {
	c := newCloud(t)
	if _, _, err := c.PublishData(t.Context(), "models", []byte("one")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.PublishData(t.Context(), "models", []byte("two")); err != nil { // a rollout begins: both are signed
		t.Fatal(err)
	}
	root, err := c.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var wanted uint64
	f := NewFile(FileConfig{Name: "models", Dir: t.TempDir(), Root: root, Fetch: c.fetch, Most: 1 << 20, Now: func() time.Time { return c.now },
		Wanted: func() uint64 { return wanted }}, slog.New(slog.DiscardHandler))
	for _, step := range []struct {
		wanted, is uint64
		text       string
	}{{0, 0, ""}, {1, 1, "one"}, {1, 1, ""}, {2, 2, "two"}, {1, 2, ""}, {0, 2, ""}, {9, 2, ""}} {
		wanted = step.wanted
		data, is, _, err := f.Update(t.Context())
		if err != nil || is != step.is || string(data) != step.text {
			t.Errorf("wanted %d: version %d with %q, %v; want %d with %q", step.wanted, is, data, err, step.is, step.text)
		}
	}
}
