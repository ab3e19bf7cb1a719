package lab_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"cardea/lab"
)

// asNobody tells the second run that it is the one as an ordinary user.
const asNobody = "CARDEA_TEST_AS_NOBODY"

// TestMain runs every test inside the lab's namespaces and, when it was started by root, the tests once more as an ordinary
// user.
func TestMain(m *testing.M) {
	inside, status, err := lab.Enter()
	if err != nil {
		fmt.Fprintln(os.Stderr, "enter the lab:", err)
		os.Exit(1)
	}
	if inside {
		os.Exit(m.Run())
	}
	if status == 0 && os.Geteuid() == 0 {
		status = again()
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
	args := []string{}
	for _, a := range os.Args[1:] {
		if len(a) < 13 || a[:13] != "-test.testlog" { // the go tool's own file
			args = append(args, a)
		}
	}
	cmd := exec.Command(bin, args...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), asNobody+"=1", "HOME=/nonexistent", "TMPDIR=/tmp")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "as an ordinary user:", err)
		return 1
	}
	return 0
}
