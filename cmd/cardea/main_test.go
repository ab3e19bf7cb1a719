package main_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardea/internal/built"
)

// bin holds cardea and cardea-agent, built once, readable by everybody.
var bin string

// atOnce is how many parallel tests run: a story waits most of its time, and takes little of a processor.
const atOnce = 4

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "cardea-cmd")
		if err == nil {
			defer os.RemoveAll(dir)
			err = built.Into(dir, "cardea", "cardea-agent")
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "build the commands:", err)
			return 1
		}
		bin = dir
		if err := flag.Set("test.parallel", strconv.Itoa(max(atOnce, runtime.GOMAXPROCS(0)))); err != nil {
			panic(err) // the testing package has no such flag any more
		}
		return m.Run()
	}())
}

// who a command runs as.
type user int

const (
	me     user = -1
	nobody user = 65534
)

// command prepares cardea, in a process group of its own, as a terminal starts it. Every process that comes of it carries
// the mark in its environment.
func command(t *testing.T, as user, args ...string) (cmd *exec.Cmd, mark string) {
	t.Helper()
	mark = fmt.Sprintf("CARDEA_TEST_MARK=%d-%d", os.Getpid(), time.Now().UnixNano())
	cmd = exec.Command(filepath.Join(bin, "cardea"), args...)
	cmd.Env = append(os.Environ(), mark)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if as != me && os.Geteuid() == 0 {
		cmd.Dir = "/"
		// As runuser -u nobody does: no right of root is left, and no group of it.
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(as), Gid: uint32(as), Groups: []uint32{}}
	}
	return cmd, mark
}

// cardea runs a command to its end.
func cardea(t *testing.T, as user, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd, mark := command(t, as, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	gone(t, mark)
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// marked lists the processes that carry a mark.
func marked(t *testing.T, mark string) (pids []string) {
	t.Helper()
	list, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range list {
		if b, err := os.ReadFile(file); err == nil && bytes.Contains(b, []byte(mark)) {
			pids = append(pids, filepath.Base(filepath.Dir(file)))
		}
	}
	return pids
}

// gone checks that no process of a command is left; namespaces and all that is in them live as long as their processes.
func gone(t *testing.T, mark string) {
	t.Helper()
	var left []string
	for range 250 {
		if left = marked(t, mark); len(left) == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("processes are left: %v", left)
}

// noControls fails if a text for people would make a terminal do something.
func noControls(t *testing.T, what, s string) {
	t.Helper()
	for i, r := range s {
		if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 {
			t.Errorf("%s has the control character %#x: …%q…", what, r, s[max(0, i-40):min(len(s), i+20)])
			return
		}
	}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args   string
		status int
		says   []string
	}{
		{"--help", 0, []string{"demo", "serve", "admin", "simulate", "replay", "bench"}},
		{"--version", 0, []string{version()}},
		{"demo --help", 0, []string{"--headless", "--scenario", "camera, worm", "--json", "--seed", "--benign", "--no-agent", "--no-cloud", "--browser", "NO_COLOR", "shortened"}},
		{"replay --help", 0, []string{"--json", "--intel", "--home", "finding", "summary"}},
		{"bench --help", 0, nil},
		{"simulate --help", 0, []string{"--homes", "--rate", "--db", "--json", "simulator", "made up"}},
		{"", 2, []string{"demo"}},
		{"frobnicate", 2, []string{"frobnicate"}},
		{"demo --seed=x", 2, []string{"seed"}},
		{"replay", 2, []string{"file"}},
		{"simulate --homes=x", 2, []string{"homes"}},
		{"simulate --homes 0", 1, []string{"1 to 100,000"}},
		{"simulate --rate 0", 1, []string{"rate"}},
		{"replay --home 300.1.2.3/8 /dev/null", 1, []string{"192.168.1.0/24"}},
		{"demo --headless --scenario nonesuch", 1, []string{"nonesuch", "camera"}},
		{"demo --headless --devices 99", 1, []string{"20"}},
		{"replay --intel /nonexistent /dev/null", 1, []string{"--intel", "/nonexistent"}},
	} {
		stdout, stderr, status := cardea(t, me, strings.Fields(c.args)...)
		if status != c.status {
			t.Errorf("cardea %s: exit status %d, want %d\n%s%s", c.args, status, c.status, stdout, stderr)
		}
		if status == 0 && stderr != "" || status != 0 && strings.TrimSpace(stderr) == "" {
			t.Errorf("cardea %s: status %d and on standard error %q", c.args, status, stderr)
		}
		for _, s := range c.says {
			if !strings.Contains(stdout+stderr, s) {
				t.Errorf("cardea %s does not say %q:\n%s%s", c.args, s, stdout, stderr)
			}
		}
	}
}

// version is what programs say that were built for the tests; those that make built have a name of their own.
func version() string {
	if os.Getenv(built.Folder) != "" {
		return ""
	}
	return "dev"
}
