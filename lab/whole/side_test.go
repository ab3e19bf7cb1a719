package whole

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// longest are tests that begin first, so that none of them is alone at the end.
var longest = []string{"TestRolloutOfTheAgent", "TestRolloutWithPowerLostAtEachStep", "TestNormalStreet", "TestModesHold", "TestRolloutGoesBadInItsFirstRing"}

// lonely are tests that measure what the agent uses when one device floods it: no other home is beside them, they come last.
var lonely = []string{"TestShortageIsShedAndShown"}

// hastened says whether a test's clock goes faster than the wall's, so that a machine that is late looks as if minutes had passed: fewer homes
// are beside them.
func hastened(test string) bool { return strings.HasPrefix(test, "TestDevice") }

// phase is 0 for tests that run first, with as many others as there may be, then 1 for hastened ones, and 2 for lonely ones.
func phase(test string) int {
	switch {
	case slices.Contains(lonely, test):
		return 2
	case hastened(test):
		return 1
	}
	return 0
}

// job is one test in a process of its own.
type job struct {
	test   string
	nobody bool
}

// sideBySide runs the chosen tests, twice as many at once as there are processors, since homes wait more than they work, and prints what each says when it has ended, as one piece: what go test makes of it stays right. dir is a folder
// that everybody may read.
func sideBySide(dir string) (good bool, err error) {
	chosen := flag.Lookup("test.run").Value.String()
	top, below, _ := strings.Cut(chosen, "/")
	tests, err := list(cmp.Or(top, "."))
	if err != nil {
		return false, err
	}
	var jobs []job
	for _, t := range tests {
		jobs = append(jobs, job{test: t})
	}
	if os.Geteuid() == 0 {
		if err := copySelf(program(dir)); err != nil {
			return false, err
		}
		all := chosen != "" || os.Getenv("CARDEA_SOAK") != ""
		for _, t := range tests {
			if all || regexp.MustCompile(ordinary).MatchString(t) {
				jobs = append(jobs, job{test: t, nobody: true})
			}
		}
	}
	slices.SortStableFunc(jobs, func(a, b job) int { return cmp.Compare(rank(a.test), rank(b.test)) })
	began := time.Now()
	good = true
	for n, most := range []int{2 * runtime.NumCPU(), runtime.NumCPU(), 1} {
		some := slices.DeleteFunc(slices.Clone(jobs), func(j job) bool { return phase(j.test) != n })
		good = runAll(some, most, dir, below, began) && good
	}
	return good, nil
}

// runAll runs jobs, some at once, and says whether all of them were good.
func runAll(jobs []job, atOnce int, dir, below string, began time.Time) (good bool) {
	queue := make(chan job, len(jobs)) // holds all of them
	for _, j := range jobs {
		queue <- j
	}
	close(queue)
	var mu sync.Mutex // of what is printed, and of good
	var workers sync.WaitGroup
	good = true
	for range atOnce {
		workers.Go(func() {
			runtime.LockOSThread() // the signal of our death is tied to the thread that forks
			defer runtime.UnlockOSThread()
			for j := range queue {
				out, err := j.run(dir, below, time.Since(began))
				mu.Lock()
				os.Stdout.Write(out)
				if err != nil {
					good = false
					fmt.Fprintln(os.Stderr, j, err)
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return good
}

// rank is low for what begins first.
func rank(test string) int {
	if i := slices.Index(longest, test); i >= 0 {
		return i
	}
	return len(longest)
}

// String says what it is in a report of a failure.
func (j job) String() string {
	if j.nobody {
		return j.test + " as an ordinary user:"
	}
	return j.test + ":"
}

// list says which tests there are.
func list(pattern string) (tests []string, err error) {
	cmd := exec.Command("/proc/self/exe", "-test.list="+pattern)
	cmd.Env = append(os.Environ(), partVariable+"="+partList)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list the tests: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		if name := strings.TrimSpace(line); strings.HasPrefix(name, "Test") {
			tests = append(tests, name)
		}
	}
	return tests, nil
}

func program(dir string) string { return filepath.Join(dir, "whole.test") }

// copySelf puts this program where an ordinary user may read it.
func copySelf(to string) error {
	b, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = os.WriteFile(to, b, 0o755)
	}
	return err
}

// run runs the test, or one below it, and returns what it says but for its last word. spent is what has passed of the time that all have.
func (j job) run(dir, below string, spent time.Duration) ([]byte, error) {
	pattern := "-test.run=^" + j.test + "$"
	if below != "" {
		pattern += "/" + below
	}
	args := []string{pattern}
	flag.Visit(func(f *flag.Flag) {
		switch v := f.Value.String(); f.Name {
		case "test.run", "test.testlogfile": // the second is the go tool's own
		case "test.timeout":
			if d, err := time.ParseDuration(v); err == nil && d > 0 {
				args = append(args, "-test.timeout="+max(d-spent, time.Second).String())
			}
		default:
			args = append(args, "-"+f.Name+"="+v)
		}
	})
	var out bytes.Buffer
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Env = append(os.Environ(), partVariable+"="+partTest)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if j.nobody {
		cmd.Path, cmd.Dir = program(dir), "/"
		cmd.Env = append(cmd.Env, asNobody+"=1", "HOME=/nonexistent", "TMPDIR=/tmp")
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
	}
	err := cmd.Run()
	text := out.Bytes()
	if err == nil {
		rest, there := bytes.CutSuffix(text, []byte("PASS\n"))
		if !there {
			err = errors.New("it ended before it was done")
		}
		text = rest
	}
	return text, err
}
