package record_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"cardea/lab"
)

var (
	again  = flag.Bool("record", false, "make the recordings anew")
	update = flag.Bool("update", false, "write what the recordings tell as the golden files")
)

// asNobody tells the second run that it is the one as an ordinary user.
const asNobody = "CARDEA_TEST_AS_NOBODY"

// TestMain runs every test inside the lab's namespaces and, when it was started by root, the live clients once more as an
// ordinary user.
func TestMain(m *testing.M) {
	flag.Parse()
	inside, status, err := lab.Enter()
	if err != nil {
		fmt.Fprintln(os.Stderr, "enter the lab:", err)
		os.Exit(1)
	}
	if inside {
		os.Exit(m.Run())
	}
	if status == 0 && os.Geteuid() == 0 && !*again && !*update {
		status = ordinary()
	}
	os.Exit(status)
}

// ordinary copies the test binary to where an ordinary user may read it, and runs it as nobody.
func ordinary() int {
	dir, err := os.MkdirTemp("", "cardea-record")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	bin := filepath.Join(dir, "record.test")
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
	args, chosen := []string{}, false
	for _, a := range os.Args[1:] {
		chosen = chosen || strings.HasPrefix(a, "-test.run")
		if !strings.HasPrefix(a, "-test.testlog") { // the go tool's own file
			args = append(args, a)
		}
	}
	if !chosen {
		args = append(args, "-test.run=^TestLive")
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
