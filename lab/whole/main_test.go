package whole

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"cardea/internal/built"
	"cardea/lab"
)

const (
	agentVariable = "CARDEA_WHOLE_AGENT"          // the agent's program, built once
	cloudVariable = "CARDEA_WHOLE_CLOUD"          // the cloud's
	partVariable  = "CARDEA_WHOLE_PART"           // what a process that the first one started is for
	asNobody      = "CARDEA_TEST_AS_NOBODY"       // it is one as an ordinary user
	ordinary      = "^Test(Killed|Framing|Owner)" // what an ordinary user repeats; all of it with CARDEA_SOAK=1
)

// Values of partVariable.
const (
	partList = "list" // says which tests there are
	partTest = "test" // runs one
	partStep = "step" // runs a program up to some step, see stepper
)

// TestMain builds the agent and the cloud and runs every test in a process and in namespaces of its own, several side by side; when it was
// started by root, some of them once more as an ordinary user.
func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	part := os.Getenv(partVariable)
	if part == partStep {
		return stepped(os.Args[1:])
	}
	flag.Parse()
	switch {
	case part == partList, flag.Lookup("test.list").Value.String() != "":
		return m.Run()
	case part == partTest:
		inside, status, err := lab.Enter()
		if err != nil {
			fmt.Fprintln(os.Stderr, "enter the lab:", err)
			return 1
		}
		if inside {
			return m.Run()
		}
		return status
	}
	dir, err := os.MkdirTemp("", "cardea-whole")
	if err == nil {
		defer os.RemoveAll(dir)
		err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		return 1
	}
	good, err := sideBySide(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || !good {
		fmt.Println("FAIL")
		return 1
	}
	fmt.Println("PASS")
	return 0
}

// build puts the programs where everybody may run them.
func build(dir string) error {
	if err := built.Into(dir, "cardea-agent", "cardea"); err != nil {
		return err
	}
	return errors.Join(os.Setenv(agentVariable, filepath.Join(dir, "cardea-agent")), os.Setenv(cloudVariable, filepath.Join(dir, "cardea")))
}
