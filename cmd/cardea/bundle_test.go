package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/cloud"
)

// The same files make the same bundle file, whenever and wherever it is built; another one differs. What gateways would refuse is not built.
func TestBundlesAreBuiltReproducibly(t *testing.T) {
	here, there := t.TempDir(), t.TempDir()
	programs := []string{}
	for _, dir := range []string{here, there} {
		if err := os.CopyFS(filepath.Join(dir, "books"), os.DirFS(filepath.Join("..", "..", "playbook", "data"))); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"lists/malware/a.txt": "bad.example\n198.51.100.9:23\n", "lists/b.hosts": "0.0.0.0 ad.example\n", "program": "a program", "other": "of another platform"} {
			path := filepath.Join(dir, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	when := time.Date(2001, 2, 3, 4, 5, 6, 7, time.UTC)
	if err := filepath.WalkDir(there, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chtimes(path, when, when))
	}); err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string][]string{"lists": {"lists"}, "playbooks": {"books"}, "agent": {"linux-amd64=program", "linux-arm64=other"}} {
		var built [][]byte
		for _, dir := range []string{here, there} {
			programs = programs[:0]
			for _, f := range from {
				platform, file, is := strings.Cut(f, "=")
				if !is {
					programs = append(programs, filepath.Join(dir, f))
					continue
				}
				programs = append(programs, platform+"="+filepath.Join(dir, file))
			}
			if dir == there { // in another order
				slices.Reverse(programs)
			}
			out := filepath.Join(dir, name+".bundle")
			if err := (bundleBuild{Name: name, From: slices.Clone(programs), Out: out}).Run(&cli{}); err != nil {
				t.Fatal(name, err)
			}
			b, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			built = append(built, b)
		}
		if !bytes.Equal(built[0], built[1]) {
			t.Errorf("%s: %d and %d bytes, and not the same", name, len(built[0]), len(built[1]))
		}
	}
	books := filepath.Join(here, "books", "steps.yaml")
	b, err := os.ReadFile(books)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(books, bytes.Replace(b, []byte("    de: "), []byte("    fr: "), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(here, "bad.bundle")
	for name, from := range map[string]string{"playbooks": filepath.Join(here, "books"), "models": filepath.Join(here, "program"), "lists": filepath.Join(here, "books")} {
		if err := (bundleBuild{Name: name, From: []string{from}, Out: out}).Run(&cli{}); err == nil {
			t.Errorf("%s were built of what is none", name)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: a file was left", name)
		}
	}
}

// Wrong usage is told as such, with exit status 2, before anything is opened.
func TestUsageOfBundleAndRollout(t *testing.T) {
	for args, good := range map[string]bool{
		"rollout start agent --pace 1h --json": true, "rollout --json start agent --pace 1h": true, "rollout start model": false,
		"rollout start agent --shadow 1h": false, "rollout start playbooks --shadow 1h": false, "rollout start exposures --shadow 1h": false, "rollout start models --shadow 1h": false,
		"rollout start profiles --shadow 1h": true, "rollout start lists --shadow 1h": true, "rollout start herd": false, "rollout start agent --bundle-version 99999999999999999999": false,
		"rollout start agent --bundle-version -1": false, "rollout start agent --pace 1e9": false, "rollout start": false,
		"rollout pin --tenant x --home y --ring 2": false, "rollout pin --tenant x --home y --ring lab": true, "rollout pin --home y --ring lab": false,
		"rollout hold list": false, "rollout hold lists --off": true, "rollout halt": false, "rollout undo ID --why bad": true,
		"bundle build book x --out y": false, "bundle build playbooks x --out y": true, "bundle build playbooks x": false, "bundle inspect /none/such": false, "bundle verify": false,
	} {
		parser, err := newParser(t.Context(), &cli{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(strings.Fields(args)); (err == nil) != good {
			t.Errorf("%s: %v", args, err)
		}
	}
}

// A bundle is built twice, signed, verified as a gateway does, and brought out.
func TestBundleAndRolloutCommands(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	lists := filepath.Join(dir, "lists")
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(lists, "malware", "a.txt"), "bad.example\n")
	top := &cli{}
	top.Bundle.Data, top.Rollout.Data, top.Bundle.JSON, top.Rollout.JSON = data, data, true, true
	top.Admin.Data, top.Admin.JSON = data, true
	if err := (adminTenantCreate{Slug: "one", Name: "One"}).Run(t.Context(), top); err != nil {
		t.Fatal(err)
	}
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	for _, out := range []string{one, two} {
		if err := (bundleBuild{Name: "lists", From: []string{lists}, Out: out}).Run(top); err != nil {
			t.Fatal(err)
		}
		later := time.Now().Add(time.Hour)
		if err := os.Chtimes(filepath.Join(lists, "malware", "a.txt"), later, later); err != nil {
			t.Fatal(err)
		}
	}
	a, err := os.ReadFile(one)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(two); err != nil || !bytes.Equal(a, b) {
		t.Fatalf("built twice: %d and %d bytes, %v", len(a), len(b), err)
	}
	if err := (bundleInspect{File: one}).Run(top); err != nil {
		t.Error(err)
	}
	if err := (bundleSign{File: one}).Run(t.Context(), top); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(dir, "state")
	if err := (bundleVerify{Name: "lists", State: state}).Run(t.Context(), top); err != nil {
		t.Fatal(err)
	}
	if err := (bundleVerify{Name: "other"}).Run(t.Context(), top); err == nil {
		t.Error("a bundle that is not there was verified")
	}
	write(two, string(a[:len(a)-600]))
	if err := (bundleInspect{File: two}).Run(top); err == nil {
		t.Error("a file that is cut short was read")
	}
	if err := (rolloutStart{Name: "lists"}).Run(t.Context(), top); err == nil {
		t.Error("there is nothing to bring out")
	}
	if err := (rolloutHold{Name: "lists"}).Run(t.Context(), top); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(lists, "malware", "a.txt"), "bad.example\nworse.example\n")
	if err := (bundleBuild{Name: "lists", From: []string{lists}, Out: two}).Run(top); err != nil {
		t.Fatal(err)
	}
	if err := (bundleSign{File: two}).Run(t.Context(), top); err != nil {
		t.Fatal(err)
	}
	if err := (rolloutStart{Name: "lists", Why: "a test"}).Run(t.Context(), top); err != nil {
		t.Fatal(err)
	}
	rooms, err := cloud.Open(t.Context(), cloud.Config{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	plans, err := rooms.Rollout.Plans(t.Context())
	if err := rooms.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil || len(plans) != 1 || plans[0].Version != 2 || plans[0].Before != 1 {
		t.Fatalf("%+v, %v", plans, err)
	}
	if err := (rolloutHalt{rolloutAct{ID: plans[0].ID, Why: "bad"}}).Run(t.Context(), top); err != nil {
		t.Error(err)
	}
	if err := (rolloutStatus{ID: plans[0].ID}).Run(t.Context(), top); err != nil {
		t.Error(err)
	}
	if err := (rolloutUndo{rolloutAct{ID: plans[0].ID, Why: "bad"}}).Run(t.Context(), top); err != nil {
		t.Error(err)
	}
	if err := (rolloutStatus{}).Run(t.Context(), top); err != nil {
		t.Error(err)
	}
	if err := (bundleVerify{Name: "lists", State: state}).Run(t.Context(), top); err != nil {
		t.Error("the way back is a newer version:", err)
	}
}
