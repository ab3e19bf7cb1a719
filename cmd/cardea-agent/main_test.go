package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardea/lab"
	"cardea/lab/plan"
)

// asCommand makes this test binary the agent's program itself.
const asCommand = "CARDEA_TEST_AS_AGENT"

// TestMain runs the tests in namespaces of their own, where the agent that they start protects a lab home; started by root,
// it runs them once more as an ordinary user.
func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		os.Exit(run())
	}
	if dir := os.Getenv(asCloud); dir != "" {
		if err := serveCloud(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	inside, status, err := lab.Enter()
	if err != nil {
		fmt.Fprintln(os.Stderr, "enter the lab (cardea doctor tells what this machine lacks):", err)
		os.Exit(1)
	}
	switch {
	case inside:
		status = m.Run()
	case status == 0 && os.Geteuid() == 0:
		status = asNobody()
	}
	os.Exit(status)
}

// asNobody runs a copy of this test binary that an ordinary user may read.
func asNobody() int {
	dir, err := os.MkdirTemp("", "cardea-agent")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	b, err := os.ReadFile("/proc/self/exe")
	bin := filepath.Join(dir, "agent.test")
	if err := errors.Join(err, os.WriteFile(bin, b, 0o755), os.Chmod(dir, 0o755)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ours := func(arg string) bool { // files of the go tool are not for others to write
		return strings.HasPrefix(arg, "-test.testlogfile") || strings.HasPrefix(arg, "-test.coverprofile") || strings.HasPrefix(arg, "-test.gocoverdir")
	}
	cmd := exec.Command(bin, slices.DeleteFunc(slices.Clone(os.Args[1:]), ours)...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "HOME=/nonexistent", "TMPDIR=/tmp")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "as an ordinary user:", err)
		return 1
	}
	return 0
}

// agent runs the program with arguments to its end.
func agent(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestUsage(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "agent.sock")
	broken := filepath.Join(t.TempDir(), "agent.yaml")
	if err := os.WriteFile(broken, []byte("lan: br-lan\nwan: wan0\nnonsense: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   string
		status int
		says   []string
	}{
		{"--help", 0, []string{"run", "status", "quarantine", "release", "disarm", "arm", "--socket"}},
		{"status --help", 0, []string{"--json"}},
		{"disarm --help", 0, []string{"--for", "24h"}},
		{"--version", 0, []string{"dev"}},
		{"", 2, []string{"status"}},
		{"frobnicate", 2, []string{"frobnicate"}},
		{"quarantine", 2, []string{"device"}},
		{"run", 2, []string{"--config"}},
		{"contacts --since yesterday", 2, []string{"since"}},
		{"run --config /nonexistent/agent.yaml", 1, []string{"/nonexistent/agent.yaml"}},
		{"run --config " + broken, 1, []string{broken, "nonsense", "3"}},
		{"restore --config " + broken, 1, []string{broken}},
		{"status --socket " + missing, 1, []string{missing, "is it running", "root"}},
		{"devices --socket " + missing, 1, []string{missing, "is it running"}},
		{"quarantine camera --socket " + missing, 1, []string{missing, "is it running"}},
	} {
		stdout, stderr, status := agent(t, strings.Fields(c.args)...)
		if status != c.status {
			t.Errorf("cardea-agent %s: exit status %d, want %d\n%s%s", c.args, status, c.status, stdout, stderr)
		}
		if status == 1 && strings.Count(stderr, "\n") != 1 {
			t.Errorf("cardea-agent %s: want one line on standard error: %s", c.args, stderr)
		}
		for _, s := range c.says {
			if !strings.Contains(stdout+stderr, s) {
				t.Errorf("cardea-agent %s does not say %q:\n%s%s", c.args, s, stdout, stderr)
			}
		}
	}
}

// startHome brings a lab home up with the agent on its gateway, configured by a file.
func startHome(t *testing.T) (h *lab.Home, config string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var cmd *exec.Cmd
	log := new(bytes.Buffer)
	if err := os.RemoveAll(lab.State); err != nil { // of an earlier home in these namespaces
		t.Fatal(err)
	}
	h, err := lab.Up(ctx, lab.Options{Options: plan.Options{Seed: 7, Devices: 6, Scenario: "benign"}, First: func(h *lab.Home) error {
		f, err := h.Facts()
		if err != nil {
			return err
		}
		config = filepath.Join(t.TempDir(), "agent.yaml")
		text := fmt.Sprintf("lan: %s\nwan: %s\nstate: %s\nsocket: %s\nlists: %s\ndns:\n  upstreams: [\"udp://%s\"]\nportal:\n  provider: Example Net\n  phone: \"123\"\n  label_code_file: %s\ncloud:\n  reconnect: 100ms\n",
			f.Bridge, f.WAN, f.State, f.Socket, f.Lists, f.DNS[0], f.CodeFile)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			return err
		}
		cmd = exec.Command("/proc/self/exe", "run", "--config", config)
		cmd.Env = append(os.Environ(), asCommand+"=1")
		cmd.Stdout, cmd.Stderr = log, log
		if err := h.Start("gateway", cmd); err != nil {
			return err
		}
		return ready(t)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the agent ended with %v\n%s", err, log)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h, config
}

// ready waits until the agent protects the home: the devices that ask for leases then are known by their names.
func ready(t *testing.T) error {
	for range 300 {
		if out, _, status := agent(t, "status", "--json"); status == 0 && strings.Contains(out, `"ready": true`) {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.New("the agent does not become ready")
}

// ask runs a command that must do, and reads its JSON.
func ask[T any](t *testing.T, args ...string) (v T) {
	t.Helper()
	out, stderr, status := agent(t, append(args, "--json")...)
	if status != 0 || stderr != "" {
		t.Fatalf("%v: exit status %d: %s", args, status, stderr)
	}
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("%v: %v in %s", args, err, out)
	}
	return v
}

type object = map[string]any

// until asks again and again until what comes is right.
func until[T any](t *testing.T, what string, right func(T) bool, args ...string) (v T) {
	t.Helper()
	for range 200 {
		if v = ask[T](t, args...); right(v) {
			return v
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%v: not %s: %v", args, what, v)
	return v
}

func TestCommandsOnARunningAgent(t *testing.T) {
	h, _ := startHome(t)
	s := ask[object](t, "status")
	for _, key := range []string{"version", "started", "armed", "ready", "degraded", "devices", "contained", "incidents", "indicators", "counters"} {
		if _, ok := s[key]; !ok {
			t.Errorf("status without %s: %v", key, s)
		}
	}
	if s["armed"] != true {
		t.Errorf("status: %v", s)
	}
	name := h.Plan.Devices[0].Name
	of := func(list []object, name string) object {
		if i := slices.IndexFunc(list, func(d object) bool { return d["name"] == name }); i >= 0 {
			return list[i]
		}
		return object{}
	}
	device := of(until(t, "all there", func(l []object) bool { return of(l, name)["id"] != nil }, "devices"), name)
	for _, key := range []string{"id", "mac", "macs", "addresses", "names", "name", "vendor", "mode", "grade", "first", "last"} {
		if _, ok := device[key]; !ok {
			t.Errorf("device without %s: %v", key, device)
		}
	}
	for _, target := range []string{name, fmt.Sprint(device["id"]), fmt.Sprint(device["mac"])} {
		out, stderr, status := agent(t, "contacts", "--json", "--device", target)
		if status != 0 {
			t.Errorf("contacts of %s: %d %s", target, status, stderr)
		}
		for line := range strings.Lines(out) {
			var c object
			if err := json.Unmarshal([]byte(line), &c); err != nil || c["device"] != device["id"] || c["endpoint"] == nil {
				t.Errorf("contacts of %s: %v %s", target, err, line)
			}
		}
	}
	if list := ask[[]object](t, "incidents"); len(list) != 0 {
		t.Errorf("incidents: %v", list)
	}
	i := ask[object](t, "quarantine", name, "--why", "It blinks.")
	if i["code"] == "" || i["state"] != "contained" {
		t.Errorf("quarantine: %v", i)
	}
	until(t, "shut in by its port", func(l []object) bool { d := of(l, name); return d["mode"] == "quarantine" && d["grade"] == "port" }, "devices")
	if c := ask[object](t, "check", fmt.Sprint(i["code"])); c["clean"] == nil || c["sentence"] == "" {
		t.Errorf("check: %v", c)
	}
	d := ask[object](t, "disarm", "--for", "1m")
	if d["armed"] != false || d["disarmed_until"] == nil {
		t.Errorf("disarm: %v", d)
	}
	until(t, "disarmed", func(s object) bool { return s["armed"] == false }, "status")
	if a := ask[object](t, "arm"); a["armed"] != true {
		t.Errorf("arm: %v", a)
	}
	until(t, "shut in again", func(l []object) bool { return of(l, name)["grade"] == "port" }, "devices")
	ask[object](t, "release", name)
	until(t, "out", func(l []object) bool { return of(l, name)["mode"] != "quarantine" }, "devices")
	if list := ask[[]object](t, "incidents"); len(list) != 1 || len(list[0]["history"].([]any)) < 2 {
		t.Errorf("incidents: %v", list)
	}
	humans(t, name)
}

// humans checks what the same commands print for people, and what they say when they cannot.
func humans(t *testing.T, name string) {
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"status"}, 0, "armed"},
		{[]string{"devices"}, 0, name},
		{[]string{"contacts"}, 0, "ENDPOINT"},
		{[]string{"contacts", "--since", "1h", "--limit", "5"}, 0, "VERDICT"},
		{[]string{"incidents"}, 0, "CODE"},
		{[]string{"quarantine", name}, 0, "shut in"},
		{[]string{"check", name}, 0, "Not yet"},
		{[]string{"release", name}, 0, "probation"},
		{[]string{"disarm", "--for", "30s"}, 0, "nothing is enforced"},
		{[]string{"status"}, 0, "DISARMED"},
		{[]string{"arm"}, 0, "armed"},
		{[]string{"disarm", "--for", "25h"}, 1, "24h"},
		{[]string{"disarm", "--for=-1h"}, 1, "24h"},
		{[]string{"block", "c2.example"}, 0, "blocked"},
		{[]string{"unblock", "c2.example"}, 0, "not blocked"},
		{[]string{"block", "192.0.2.7", "--device", name}, 0, "blocked"},
		{[]string{"unblock", "192.0.2.7", "--device", name}, 0, "not blocked"},
		{[]string{"block", "c2.example", "--device", "toaster"}, 1, `"toaster"`},
		{[]string{"contacts", "--limit", "0"}, 0, ""},
		{[]string{"contacts", "--device", "toaster"}, 1, `"toaster"`},
		{[]string{"quarantine", "toaster"}, 1, `"toaster"`},
		{[]string{"release", "toaster"}, 1, `"toaster"`},
		{[]string{"check", "\x1b[2Jtoaster"}, 1, "not found"},
	} {
		stdout, stderr, status := agent(t, c.args...)
		if status != c.status || !strings.Contains(stdout+stderr, c.says) || strings.ContainsAny(stdout+stderr, "\x1b\x07") {
			t.Errorf("cardea-agent %q: exit status %d, want %d and %q\n%s%s", c.args, status, c.status, c.says, stdout, stderr)
		}
	}
}
