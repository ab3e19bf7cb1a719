package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A bundle file is compared with what was signed, here and from a copy of the repository, and a copy that was changed is refused.
func TestVerifyTakesAFileAndACopy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, lists, file, copied := filepath.Join(dir, "data"), filepath.Join(dir, "lists"), filepath.Join(dir, "lists.bundle"), filepath.Join(dir, "copy")
	provide(t, data)
	run := func(want int, says string, args ...string) {
		t.Helper()
		out, errs, status := cardea(t, me, args...)
		if status != want || !strings.Contains(out+errs, says) {
			t.Errorf("%v: exit status %d, want %d and %q: %s%s", args, status, want, says, out, errs)
		}
	}
	write(t, filepath.Join(lists, "malware.txt"), "bad.example\n")
	run(0, "", "bundle", "build", "lists", lists, "--out", file)
	run(1, `there is no bundle "lists"`, "bundle", "verify", file, "--data", data)
	run(0, "version 1", "bundle", "sign", file, "--data", data)
	run(0, "lists is what was signed as version 1", "bundle", "verify", file, "--data", data)
	run(0, `"same":true`, "bundle", "verify", file, "--data", data, "--json")
	run(0, "files are in "+copied, "bundle", "copy", copied, "--data", data)
	root := filepath.Join(copied, "metadata", "1.root.json")
	run(0, "lists version 1 is what was signed", "bundle", "verify", "lists", "--folder", copied, "--root", root)
	run(0, "lists is what was signed as version 1", "bundle", "verify", file, "--folder", copied, "--root", root)
	write(t, filepath.Join(lists, "malware.txt"), "other.example\n")
	run(0, "", "bundle", "build", "lists", lists, "--out", file)
	run(1, "lists is not what was signed last", "bundle", "verify", file, "--data", data)
	run(1, "no such file", "bundle", "verify", filepath.Join(dir, "none.bundle"), "--data", data)
	run(0, "version 2", "bundle", "sign", file, "--data", data)
	run(0, "", "bundle", "copy", copied, "--data", data)
	run(0, "lists version 2 is what was signed", "bundle", "verify", "lists", "--folder", copied, "--root", root)
	wholes, err := filepath.Glob(filepath.Join(copied, "targets", "lists", "*.whole-2"))
	if err != nil || len(wholes) != 1 {
		t.Fatal(wholes, err)
	}
	b, err := os.ReadFile(wholes[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	write(t, wholes[0], string(b))
	run(1, "bundle: ", "bundle", "verify", "lists", "--folder", copied, "--root", root)
}
