package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// As the line is typed, without a folder: who may write where a cloud has its data fills that, everybody else a folder of their own. Which it
// is, is told. The machine's own folder is covered by an empty one that ends with the command.
func TestFillFindsItsFolder(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("unshare"); err != nil {
		t.Fatal("unshare of util-linux is missing: see cardea doctor")
	}
	own, state := t.TempDir(), t.TempDir()
	for name, x := range map[string]struct {
		mount, env, want string
	}{
		"who may write there":       {"rw", "XDG_STATE_HOME=", "/var/lib/cardea-cloud"},
		"an ordinary user":          {"ro", "XDG_STATE_HOME=", filepath.Join(own, ".local/state/cardea-fleet")},
		"one with a state folder":   {"ro", "XDG_STATE_HOME=" + state, filepath.Join(state, "cardea-fleet")},
		"one who has no folder yet": {"ro", "HOME=", "cardea-fleet"},
	} {
		for _, as := range []string{"", "--json"} {
			cmd := exec.CommandContext(t.Context(), "unshare", "-Urm", "sh", "-c", "mount -t tmpfs -o "+x.mount+" tmpfs /var/lib && exec \"$@\"", "sh",
				filepath.Join(bin, "cardea"), "simulate", "--homes", "20", "--fill")
			if as != "" {
				cmd.Args = append(cmd.Args, as)
			}
			cmd.Dir = t.TempDir()
			cmd.Env = append(os.Environ(), "HOME="+own, "XDG_STATE_HOME=", x.env)
			var said strings.Builder
			cmd.Stderr = &said
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%s: %v: %s%s", name, err, out, said.String())
			}
			if as == "" {
				if !strings.Contains(said.String(), "goes into "+x.want+".") || !strings.Contains(string(out), "It is in "+x.want+":") {
					t.Errorf("%s: %s%s", name, out, said.String())
				}
				continue
			}
			var told struct{ Data string }
			if err := json.Unmarshal(out, &told); err != nil || told.Data != x.want {
				t.Errorf("%s: %v: %s", name, err, out)
			}
		}
	}
	for _, there := range []string{filepath.Join(own, ".local/state/cardea-fleet"), filepath.Join(state, "cardea-fleet")} {
		if _, err := os.Stat(filepath.Join(there, "cardea.db")); err != nil {
			t.Error(err)
		}
	}
}
