package space_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardea/lab/space"

	"golang.org/x/sys/unix"
)

// role makes this test binary a program that uses the lab; the tests themselves stay outside.
const role = "CARDEA_TEST_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(role) == "" {
		os.Exit(m.Run())
	}
	inside, status, err := space.Enter()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if inside {
		status = program()
	}
	os.Exit(status)
}

// program makes two places with a process in one of them, says what it is, and waits to be told how to end.
func program() int {
	a, err1 := space.New("a")
	b, err2 := space.New("b")
	if err := errors.Join(err1, err2); err != nil {
		fmt.Println(err)
		return 1
	}
	l, err := a.Listen("tcp", "127.0.0.1:80")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	if _, err := b.Dial(context.Background(), "tcp", l.Addr().String()); err == nil {
		fmt.Println("one place reaches another's loopback")
		return 1
	}
	c, err := a.Dial(context.Background(), "tcp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return 1
	}
	c.Close()
	sleeper := exec.Command("/bin/sh", "-c", "sleep 1000 & sleep 1000")
	if err := a.Start(sleeper); err != nil {
		fmt.Println(err)
		return 1
	}
	if err := os.WriteFile("/run/trace", nil, 0o644); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Printf("ready pid %d uid %d\n", os.Getpid(), os.Getuid())
	line, _ := bufio.NewReader(os.Stdin).ReadString('\n')
	n, _ := strconv.Atoi(strings.TrimSpace(line))
	return n
}

// run starts the program as a user and waits until it is ready.
func run(t *testing.T, uid int) (cmd *exec.Cmd, in io.WriteCloser, mark string) {
	t.Helper()
	mark = fmt.Sprintf("%s=%d-%d", role, os.Getpid(), time.Now().UnixNano())
	bin := filepath.Join(t.TempDir(), "program")
	b, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bin, b, 0o755); err != nil {
		t.Fatal(err)
	}
	for dir := filepath.Dir(bin); dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd = exec.Command(bin)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), mark)
	cmd.Stderr = os.Stderr
	if uid != os.Getuid() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	if in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "ready pid 1 uid 0\n" {
		t.Fatalf("the program said %q, %v", line, err)
	}
	return cmd, in, mark
}

// users are who the tests run programs as: ourselves and, if we are root, nobody.
func users() []int {
	if os.Getuid() == 0 {
		return []int{0, 65534}
	}
	return []int{os.Getuid()}
}

// marked counts the processes that carry the mark: parent, child and what they started.
func marked(t *testing.T, mark string) (n int) {
	t.Helper()
	list, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range list {
		if b, err := os.ReadFile(file); err == nil && bytes.Contains(b, []byte(mark)) {
			n++
		}
	}
	return n
}

func gone(t *testing.T, mark string) {
	t.Helper()
	for range 200 {
		if marked(t, mark) == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%d processes are left", marked(t, mark))
}

func TestProgramEndsWithItsStatus(t *testing.T) {
	for _, uid := range users() {
		cmd, in, mark := run(t, uid)
		if n := marked(t, mark); n < 3 {
			t.Errorf("uid %d: %d processes carry the mark, want parent, child and what it started at least", uid, n)
		}
		if _, err := os.Stat("/run/trace"); err == nil {
			t.Error("the lab's /run is the machine's")
		}
		io.WriteString(in, "7\n")
		var exit *exec.ExitError
		if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 7 {
			t.Errorf("uid %d: ended with %v, want status 7", uid, err)
		}
		gone(t, mark)
	}
}

func TestNothingOutlivesAKilledParent(t *testing.T) {
	for _, uid := range users() {
		cmd, _, mark := run(t, uid)
		if err := cmd.Process.Signal(unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		gone(t, mark)
	}
}

func TestATermEndsAll(t *testing.T) {
	for _, uid := range users() {
		cmd, _, mark := run(t, uid)
		if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Error("ended well after SIGTERM")
		}
		gone(t, mark)
	}
}
