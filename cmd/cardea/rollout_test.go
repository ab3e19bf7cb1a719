package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A pin for one bundle stays when the one for all is taken back, and that is what is said.
func TestPinsAreTakenBackOneByOne(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p := provide(t, data)
	for _, c := range []struct{ flags, says string }{
		{"--ring lab", "The home is pinned."},
		{"--ring 1 --name agent", "The home is pinned."},
		{"", "The pin for all bundles is taken back; one for a single bundle stays."},
		{"--name agent", "The pin for agent is taken back."},
	} {
		out, errs, status := cardea(t, me, strings.Fields("rollout pin --data "+data+" --tenant example --home "+p.home+" "+c.flags)...)
		if status != 0 || strings.TrimSpace(out) != c.says {
			t.Errorf("pin %s: %d %q %s", c.flags, status, out, errs)
		}
	}
}

// What is no list was not tried, whatever it is: nobody is to take that for a list which touches no home.
func TestWhatIsNoListIsNotTried(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	provide(t, data)
	for text, status := range map[string]int{
		"\xd4\xc3\xb2\xa1\x02\x00\x04\x00\n\x00\x01\n\xff\xfe\x00\n": 1, "what is this\nno idea\n": 1,
		"bad.example\nwhat is this\n": 0, "# nothing today\n": 0, "": 0, "com\n": 0,
	} {
		list := filepath.Join(dir, "list.txt")
		if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, errs, got := cardea(t, me, "intel", "dry-run", list, "--json", "--data", data)
		if got != status || status == 1 && (out != "" || !strings.Contains(errs, "intel: "+list+" is no list") || !strings.Contains(errs, "line 1")) {
			t.Errorf("%q: exit status %d, want %d: %s%s", text, got, status, out, errs)
		}
	}
}

// A wrong folder does not take from all homes what is known of exposures.
func TestNoExposuresAreNotPublished(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	provide(t, data)
	if _, errs, status := tryAdmin(t, data, "", "intel", "exposures", "--eol", t.TempDir()); status != 1 || !strings.Contains(errs, "nothing was published") {
		t.Error(status, errs)
	}
	if out := admin(t, data, "", "intel", "status"); strings.Contains(out, "exposures") {
		t.Error(out)
	}
}
