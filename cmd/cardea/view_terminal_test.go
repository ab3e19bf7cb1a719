package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// terminal is a real one: tmux, with a shell that runs the demo and then says how it left the terminal.
type terminal struct {
	t      *testing.T
	socket string
	mark   string
}

func openTerminal(t *testing.T, width, height int, args string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Fatal("this test needs tmux: tools/install-deps installs it")
	}
	x := &terminal{t: t, socket: filepath.Join(t.TempDir(), "tmux"), mark: fmt.Sprintf("CARDEA_TEST_MARK=%d-%d", os.Getpid(), time.Now().UnixNano())}
	shell := fmt.Sprintf("env LC_ALL=C.UTF-8 %s %s/cardea demo %s; echo status $?; stty -a; exec cat", x.mark, bin, args)
	x.tmux("-u", "-f", "/dev/null", "new-session", "-d", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height), "/bin/sh", "-c", shell)
	t.Cleanup(func() { _ = exec.Command("tmux", "-S", x.socket, "kill-server").Run() }) // it may be gone already
	return x
}

func (x *terminal) tmux(args ...string) string {
	x.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", x.socket}, args...)...).CombinedOutput()
	if err != nil {
		x.t.Fatalf("tmux %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (x *terminal) keys(keys ...string) { x.tmux(append([]string{"send-keys"}, keys...)...) }

// waitFor waits until the screen shows a text.
func (x *terminal) waitFor(what string) (screen string) {
	x.t.Helper()
	for range 400 {
		if screen = x.tmux("capture-pane", "-p"); strings.Contains(screen, what) {
			return screen
		}
		time.Sleep(50 * time.Millisecond)
	}
	x.t.Fatalf("the screen does not show %q:\n%s", what, screen)
	return ""
}

// given checks that the terminal is as it was: no raw mode, no alternate screen, the cursor visible.
func (x *terminal) given(status string) {
	x.t.Helper()
	screen := x.waitFor("status " + status)
	for range 100 { // stty prints after echo
		if screen = x.tmux("capture-pane", "-p"); strings.Contains(screen, "icanon") {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	words := strings.Fields(strings.ReplaceAll(screen, ";", " "))
	for _, w := range []string{"icanon", "echo", "isig", "icrnl", "opost"} {
		if !slices.Contains(words, w) {
			x.t.Errorf("the terminal was left without %s:\n%s", w, screen)
		}
	}
	if s := strings.TrimSpace(x.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag}")); s != "0 1" {
		x.t.Errorf("alternate screen and cursor: %s, want 0 1", s)
	}
	gone(x.t, x.mark)
}

func TestViewInTerminal(t *testing.T) {
	t.Parallel()
	x := openTerminal(t, 80, 24, "--seed=4")
	x.waitFor("Press i to infect")
	screen := x.waitFor("● fine")
	for i, line := range strings.Split(strings.TrimRight(screen, "\n"), "\n") {
		if n := len([]rune(line)); n > 80 || i > 23 {
			t.Errorf("line %d has %d cells", i+1, n)
		}
	}
	for _, s := range []string{"Cardea demo", "shortened", "kitchen-camera", "q end", "agent armed"} {
		if !strings.Contains(screen, s) {
			t.Errorf("the view does not show %q:\n%s", s, screen)
		}
	}
	x.keys("i")
	x.waitFor("The agent is not told")
	x.waitFor("kitchen-camera is shut in: its port is cut off")
	line := ""
	for l := range strings.Lines(x.waitFor("■ shut in")) {
		if strings.Contains(l, "■ shut in") {
			line = l
		}
	}
	if !strings.HasPrefix(line, "› kitchen-camera") || !strings.Contains(line, "malware runs") {
		t.Errorf("the infected device's line: %q", line)
	}
	x.keys("c")
	x.waitFor("Not clean")
	x.keys("?")
	x.waitFor("Press ? to go back")
	x.keys("?")
	x.tmux("resize-window", "-x", "120", "-y", "40")
	x.waitFor("kitchen-camera talks to")
	x.keys("r")
	x.waitFor("You let kitchen-camera out")
	x.keys("Up")
	x.keys("b")
	x.waitFor("to be shut in.")
	x.keys("q")
	x.given("0")
}

// Ctrl-C is a byte in raw mode; SIGTERM and a home that dies of SIGKILL, as after a crash, come from outside.
func TestViewGivesTheTerminalBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, status string
		end          func(*terminal)
	}{
		{"Ctrl-C", "0", func(x *terminal) { x.keys("C-c") }},
		{"SIGTERM", "0", func(x *terminal) { x.signal(false, syscall.SIGTERM) }},
		{"SIGKILL", "137", func(x *terminal) { x.signal(true, syscall.SIGKILL) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := openTerminal(t, 80, 24, "--no-agent --devices=6")
			x.waitFor("○ unprotected")
			c.end(x)
			x.given(c.status)
		})
	}
}

// A window that is closed hangs the line up: SIGHUP, and nobody to draw for.
func TestViewInClosedWindow(t *testing.T) {
	t.Parallel()
	x := openTerminal(t, 80, 24, "")
	x.waitFor("● fine")
	if n := len(marked(t, x.mark)); n < 3 {
		t.Errorf("%d processes carry the mark, want the command, the home and the agent", n)
	}
	x.tmux("kill-server")
	gone(t, x.mark)
}

// signal ends the command (the parent), or the home in its own pid namespace (the child).
func (x *terminal) signal(home bool, sig syscall.Signal) {
	x.t.Helper()
	for _, pid := range marked(x.t, x.mark) {
		exe, err := os.Readlink("/proc/" + pid + "/exe")
		status, err2 := os.ReadFile("/proc/" + pid + "/status")
		if err != nil || err2 != nil || exe != filepath.Join(bin, "cardea") {
			continue
		}
		_, ns, _ := strings.Cut(string(status), "\nNSpid:")
		ns, _, _ = strings.Cut(ns, "\n")
		if f := strings.Fields(ns); len(f) == 0 || (f[len(f)-1] == "1") != home { // its pid in its own namespace
			continue
		}
		n, err := strconv.Atoi(pid)
		if err == nil {
			err = syscall.Kill(n, sig)
		}
		if err != nil {
			x.t.Fatal(err)
		}
		return
	}
	x.t.Fatal("the command is not running")
}
