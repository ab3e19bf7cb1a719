package whole

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"cardea/lab"
)

const (
	agentVariable = "CARDEA_WHOLE_AGENT"          // the agent's program, built once
	cloudVariable = "CARDEA_WHOLE_CLOUD"          // the cloud's
	asNobody      = "CARDEA_TEST_AS_NOBODY"       // the second run, as an ordinary user
	ordinary      = "^Test(Killed|Framing|Owner)" // what the second run repeats; all of it with CARDEA_SOAK=1
)

// TestMain builds the agent and the cloud, runs every test inside the lab's namespaces and, when it was started by root, some of them
// once more as an ordinary user.
func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if os.Getenv(agentVariable) == "" {
		dir, err := os.MkdirTemp("", "cardea-whole")
		if err == nil {
			defer os.RemoveAll(dir)
			err = build(dir)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "build:", err)
			return 1
		}
	}
	inside, status, err := lab.Enter()
	if err != nil {
		fmt.Fprintln(os.Stderr, "enter the lab:", err)
		return 1
	}
	if inside {
		return m.Run()
	}
	if status == 0 && os.Geteuid() == 0 {
		status = again()
	}
	return status
}

// build makes the programs as the Makefile does, readable by everybody.
func build(dir string) error {
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	for variable, name := range map[string]string{agentVariable: "cardea-agent", cloudVariable: "cardea"} {
		path := filepath.Join(dir, name)
		cmd := exec.Command("go", "build", "-trimpath", "-o", path, "cardea/cmd/"+name)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", name, err, out)
		}
		if err := errors.Join(os.Chmod(path, 0o755), os.Setenv(variable, path)); err != nil {
			return err
		}
	}
	return nil
}

// again copies the test binary to where an ordinary user may read it, and runs it as nobody.
func again() int {
	bin := filepath.Join(filepath.Dir(os.Getenv(agentVariable)), "whole.test")
	b, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = os.WriteFile(bin, b, 0o755)
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
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "as an ordinary user:", err)
		return 1
	}
	return 0
}
