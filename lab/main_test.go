package lab_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"cardea/lab"
)

// asNobody tells the second run that it is the one as an ordinary user.
const asNobody = "CARDEA_TEST_AS_NOBODY"

// ordinary is what the second run repeats: homes, neighbours and one story; all of it with CARDEA_SOAK=1. The other stories are the
// same programs in the same homes.
const ordinary = "^Test(EveryDevice|AnAgent|Programs|UPnP|Nothing|Camera|Shared|Close)"

// TestMain runs every test inside the lab's namespaces and, when it was started by root, some of them beside it as an ordinary user:
// both wait more than they work.
func TestMain(m *testing.M) {
	second := make(chan int, 1) // its status
	begun := false
	inside, status, err := lab.Enter(func() ([]*os.File, error) { // in the parent only
		if begun = os.Geteuid() == 0; begun {
			go func() { second <- again() }()
		}
		return nil, nil
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "enter the lab:", err)
		os.Exit(1)
	}
	if inside {
		os.Exit(m.Run())
	}
	if begun {
		status = max(status, <-second)
	}
	os.Exit(status)
}

// again copies the test binary to where an ordinary user may read it, and runs it as nobody.
func again() int {
	dir, err := os.MkdirTemp("", "cardea-lab")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	bin := filepath.Join(dir, "lab.test")
	b, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = os.WriteFile(bin, b, 0o755)
	}
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var args []string
	chosen := os.Getenv("CARDEA_SOAK") != ""
	for _, a := range os.Args[1:] {
		chosen = chosen || strings.HasPrefix(a, "-test.run")
		if !strings.HasPrefix(a, "-test.testlog") { // the go tool's own file
			args = append(args, a)
		}
	}
	if !chosen {
		args = append(args, "-test.run="+ordinary)
	}
	cmd := exec.Command(bin, args...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), asNobody+"=1", "HOME=/nonexistent", "TMPDIR=/tmp")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	runtime.LockOSThread() // the signal of our death is tied to the thread that forks
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "as an ordinary user:", err)
		return 1
	}
	return 0
}
