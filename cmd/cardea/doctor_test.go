package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cardea/internal/built"
)

// doctor finds everything on a machine that can run the tests, and says so with its exit status.
func TestDoctor(t *testing.T) {
	dir := t.TempDir()
	if err := built.Into(dir, "cardea"); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(filepath.Join(dir, "cardea"), "doctor", "--json").Output()
	var d diagnosis
	if err := json.Unmarshal(out, &d); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	for _, k := range d.Checks {
		if !k.OK {
			t.Logf("%+v", k)
		}
		if !k.OK && k.Needed && k.Get == "" && k.Found == "" {
			t.Errorf("%s: %s is missing and nobody says how to get it", k.Area, k.Name)
		}
		if !k.OK && k.Needed && (k.Area == "agent" || k.Area == "lab") {
			t.Errorf("%s: %s: %s", k.Area, k.Name, k.Found)
		}
	}
	if (err == nil) != d.OK {
		t.Errorf("ok %v, but exit status: %v", d.OK, err)
	}
	list, err := exec.Command("sh", "../../tools/install-deps", "--list").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(list)) {
		if !slices.ContainsFunc(d.Checks, func(k check) bool { return k.Area == "tests" && k.Name == name }) {
			t.Errorf("%s is in tools/install-deps, doctor does not know it", name)
		}
	}
	text, _ := exec.Command(filepath.Join(dir, "cardea"), "doctor").Output() // its exit status was checked above
	if !strings.Contains(string(text), "nf_tables") {
		t.Errorf("the text for people is\n%s", text)
	}
}

func TestOlder(t *testing.T) {
	for _, c := range []struct {
		have, want string
		older      bool
	}{{"1.26.8", "1.26.8", false}, {"1.26.7", "1.26.8", true}, {"1.27", "1.26.8", false}, {"1.26", "1.26.8", true}, {"1.9.9", "1.26", true}, {"1.27rc1", "1.26", false}} {
		if older(c.have, c.want) != c.older {
			t.Errorf("older(%s, %s) = %v", c.have, c.want, !c.older)
		}
	}
}
