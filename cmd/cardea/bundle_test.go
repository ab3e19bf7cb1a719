package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/cloud"
	"cardea/cloud/rollout"
)

// The same files make the same bundle file, whenever and wherever it is built; another one differs. What gateways would refuse is not built.
func TestBundlesAreBuiltReproducibly(t *testing.T) {
	here, there := t.TempDir(), t.TempDir()
	programs := []string{}
	for _, dir := range []string{here, there} {
		if err := os.CopyFS(filepath.Join(dir, "books"), os.DirFS(filepath.Join("..", "..", "playbook", "data"))); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"lists/malware/a.txt": "bad.example\n198.51.100.9:23\n", "lists/b.hosts": "0.0.0.0 ad.example\n", "program": program(machines["linux-amd64"]), "other": program(machines["linux-arm64"])} {
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
			if err := (bundleBuild{Name: name, From: slices.Clone(programs), Out: out}).Run(t.Context(), &cli{}); err != nil {
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
		if err := (bundleBuild{Name: name, From: []string{from}, Out: out}).Run(t.Context(), &cli{}); err == nil {
			t.Errorf("%s were built of what is none", name)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: a file was left", name)
		}
	}
}

// program is the least that says of itself what it runs on.
func program(m machine) string {
	var order binary.ByteOrder = binary.LittleEndian
	if m.data == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	ident := [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(m.class), byte(m.data), byte(elf.EV_CURRENT)}
	var head any = elf.Header32{Ident: ident, Type: uint16(elf.ET_EXEC), Machine: uint16(m.of), Version: uint32(elf.EV_CURRENT), Ehsize: 52}
	if m.class == elf.ELFCLASS64 {
		head = elf.Header64{Ident: ident, Type: uint16(elf.ET_EXEC), Machine: uint16(m.of), Version: uint32(elf.EV_CURRENT), Ehsize: 64}
	}
	var out bytes.Buffer
	if err := binary.Write(&out, order, head); err != nil {
		panic(err) // both have a fixed size
	}
	return out.String()
}

// What a gateway cannot start is neither built nor signed as the agent's program, and it is said which file it was.
func TestOnlyProgramsOfThePlatformAreBuilt(t *testing.T) {
	if built := slices.Sorted(maps.Keys(machines)); !slices.Equal(built, slices.Sorted(slices.Values(rollout.Platforms))) {
		t.Errorf("the agent is built for %v, and checked for %v", rollout.Platforms, built)
	}
	dir, me := t.TempDir(), ""
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path, err := exec.LookPath("sh") // a real one, which may lie anywhere in memory
	if err != nil {
		t.Fatal(err)
	}
	real, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for platform, m := range machines {
		list := []string{platform + "=" + file(platform, program(m))}
		if platform == runtime.GOOS+"-"+runtime.GOARCH {
			list, me = append(list, platform+"="+file("me", string(real))), platform
		}
		for _, from := range list {
			if err := (bundleBuild{Name: "agent", From: []string{from}, Out: filepath.Join(dir, "out")}).Run(t.Context(), &cli{}); err != nil {
				t.Error(from, err)
			}
		}
	}
	if me == "" {
		t.Error("no real program was tried: there is no agent for this machine")
	}
	big := machine{elf.EM_MIPS, elf.ELFCLASS32, elf.ELFDATA2MSB}
	for from, says := range map[string]string{
		"linux-amd64=" + file("script", "#!/bin/sh\nexit 0\n"):                                                                "no program for linux-amd64",
		"linux-arm64=" + file("empty", ""):                                                                                    "no program for linux-arm64",
		"linux-amd64=" + file("arm", program(machines["linux-arm64"])):                                                        "for linux-arm64, not for linux-amd64",
		"linux-mipsle=" + file("big", program(big)):                                                                           "another machine than linux-mipsle",
		"linux-arm64=" + file("short", program(machines["linux-arm64"])[:40]):                                                 "cut short",
		"linux-amd64=" + file("half", string(real[:len(real)/2])):                                                             "cut short",
		"linux-amd64=" + file("object", strings.Replace(program(machines["linux-amd64"]), "\x02\x00\x3e", "\x01\x00\x3e", 1)): "no program that can be started",
		"linux-riscv64=" + file("riscv", program(big)):                                                                        "there is no agent for",
	} {
		out := filepath.Join(dir, "bad")
		_, path, _ := strings.Cut(from, "=")
		err := (bundleBuild{Name: "agent", From: []string{from}, Out: out}).Run(t.Context(), &cli{})
		if err == nil || !strings.Contains(err.Error(), path+": ") || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", from, err, says)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: a file was left", from)
		}
	}
	twice := []string{"linux-arm64=" + filepath.Join(dir, "linux-arm64"), "linux-arm64=" + filepath.Join(dir, "linux-arm64")}
	if err := (bundleBuild{Name: "agent", From: twice, Out: filepath.Join(dir, "out")}).Run(t.Context(), &cli{}); err == nil || !strings.Contains(err.Error(), "already") {
		t.Error("two programs for one platform:", err)
	}
	// Somebody else may have built it.
	b, err := rollout.Build("agent", map[string][]byte{"agent-linux-amd64": []byte("a program")})
	if err != nil {
		t.Fatal(err)
	}
	top := &cli{}
	top.Bundle.Data, top.Admin.Data = filepath.Join(dir, "data"), filepath.Join(dir, "data")
	if err := (adminTenantCreate{Slug: "one", Name: "One"}).Run(t.Context(), top); err != nil {
		t.Fatal(err)
	}
	made := file("made", string(b))
	if err := (bundleSign{File: made}).Run(t.Context(), top); err == nil || !strings.Contains(err.Error(), made+": agent-linux-amd64: ") {
		t.Error("signed:", err)
	}
}

// Errors begin with the command that was typed.
func TestErrorsBeginWithTheCommand(t *testing.T) {
	dir := t.TempDir()
	data, list, out := filepath.Join(dir, "data"), filepath.Join(dir, "list.txt"), filepath.Join(dir, "out")
	if err := os.WriteFile(list, []byte("no bundle"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args string) error {
		t.Helper()
		parser, err := newParser(t.Context(), &cli{})
		if err != nil {
			t.Fatal(err)
		}
		k, err := parser.Parse(strings.Fields(args))
		if err != nil {
			t.Fatal(args, err)
		}
		return k.Run()
	}
	if err := run("admin --data " + data + " tenant create one One"); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{
		"rollout status ID", "rollout start lists", "rollout halt ID", "rollout pin --tenant none --home x --ring lab",
		"bundle verify none", "bundle sign " + list, "bundle inspect " + list, "bundle verify none --folder " + dir, "bundle verify none --folder " + dir + " --root " + list,
		"bundle build models " + dir + "/none --out " + out, "bundle build models " + list + " --out " + out, "bundle build lists " + list + " --out " + out,
		"bundle build lists a b --out " + out, "bundle build agent x --out " + out, "bundle build agent linux-amd64=" + list + " --out " + out,
		"intel dry-run " + dir + "/none", "intel dry-run source:none", "intel dry-run x --tenant none",
		"admin audit export --tenant none", "admin intel again models 7",
	} {
		command, _, _ := strings.Cut(args, " ")
		if err := run(args + " --data " + data); err == nil || !strings.HasPrefix(err.Error(), command+": ") || strings.Count(err.Error(), command+": ") > 1 {
			t.Errorf("%s: %v", args, err)
		}
	}
}

// Wrong usage is told as such, with exit status 2, before anything is opened.
func TestUsageOfBundleAndRollout(t *testing.T) {
	for args, good := range map[string]bool{
		"rollout start agent --pace 1h --json": true, "rollout --json start agent --pace 1h": true, "rollout start model": false,
		"rollout start agent --shadow 1h": false, "rollout start playbooks --shadow 1h": false, "rollout start exposures --shadow 1h": false, "rollout start models --shadow 1h": true,
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
		if err := (bundleBuild{Name: "lists", From: []string{lists}, Out: out}).Run(t.Context(), top); err != nil {
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
	if err := (bundleBuild{Name: "lists", From: []string{lists}, Out: two}).Run(t.Context(), top); err != nil {
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
