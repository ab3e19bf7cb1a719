package whole

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"cardea/cloud/rollout"
	"cardea/cloud/rollout/ring"
	"cardea/gateway/update"
)

// provenSoon is for agents that are to prove themselves without waiting; on a busy machine they take what they need.
const provenSoon = "update:\n  prove: 100s\n  steady: 200ms\n"

// another is a version of the agent that works: a small program of its own that becomes the agent.
func another(name string) []byte {
	return []byte("#!/bin/sh\n# " + name + "\nexec " + agentProgram() + " \"$@\"\n")
}

// crashing is one that proves itself as well, and crashes some seconds later: each time that it is started it lasts longer.
func crashing(name string) []byte {
	return []byte("#!/bin/sh\n# " + name + `
dir=$(dirname "$3")
is=CARDEA_AGENT_RUNS=$CARDEA_AGENT_RUNS
(
	while grep -q '"trial"' "$dir/state/versions/state.json"; do sleep 0.2; done
	echo >>"$dir/starts"
	sleep $((2 * $(wc -l <"$dir/starts")))
	grep -qa "$is" /proc/$$/environ && kill -ABRT $$
) </dev/null >/dev/null 2>&1 3>&- &
exec ` + agentProgram() + " \"$@\"\n")
}

func (s *street) publish(program []byte) uint64 {
	s.t.Helper()
	v, changed, err := s.rooms.Rollout.PublishAgent(s.ctx, map[string][]byte{runtime.GOOS + "-" + runtime.GOARCH: program})
	if err != nil || !changed {
		s.t.Fatalf("version %d, changed %v, %v", v, changed, err)
	}
	return v
}

// pin decides for some homes what they get of the agent.
func (s *street) pin(p ring.Pin, homes ...*house) {
	s.t.Helper()
	for _, h := range homes {
		s.must(s.rooms.Rollout.Pin(s.ctx, rollout.Pinned{Place: h.place, Name: rollout.Agent, Pin: p, By: "test"}))
	}
}

// versions is what the gateway has on its disk of its programs; none is the zero State.
func (h *house) versions() (s update.State, err error) {
	b, err := os.ReadFile(filepath.Join(h.dir, "state", "versions", "state.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	return s, err
}

// settled waits until a version is the good one, and an agent of it runs and answers.
func (h *house) settled(version uint64) error {
	if err := h.until(fmt.Sprintf("version %d is the good one", version), func() bool {
		s, err := h.versions()
		return err == nil && s.Trial == nil && s.Has() == version
	}); err != nil {
		return err
	}
	if err := h.until(fmt.Sprintf("version %d runs", version), func() bool { return h.runs(version) }); err != nil {
		return err
	}
	return h.works()
}

// works waits until the home's agent is ready and the camera reaches its cloud by a name that the agent answers.
func (h *house) works() error {
	if err := h.until("an agent is ready", func() bool { s, err := h.client.Status(h.street.ctx); return err == nil && s.Ready }); err != nil {
		return err
	}
	return h.until("the camera works", func() bool { return h.uses(hikCloud) == nil })
}

// gone waits until no process of the home's agent is left.
func (h *house) gone() error {
	return h.until("its agent is gone", func() bool { return !h.has("") })
}

func (h *house) runs(version uint64) bool {
	return h.has(fmt.Sprintf("CARDEA_AGENT_RUNS=%d\x00", version))
}

// has says whether a process with something in its environment is this home's agent.
func (h *house) has(part string) bool {
	list, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return false
	}
	for _, file := range list {
		line, err1 := os.ReadFile(file)
		env, err2 := os.ReadFile(filepath.Join(filepath.Dir(file), "environ"))
		if err1 == nil && err2 == nil && strings.Contains(string(line), "\x00"+h.config+"\x00") &&
			strings.Contains(string(env), part) {
			return true
		}
	}
	return false
}

// spawn starts a program in a namespace.
func (h *house) spawn(env []string, argv ...string) (*agent, error) {
	a := &agent{cmd: exec.Command(argv[0], argv[1:]...), done: make(chan struct{})}
	a.cmd.Stdout, a.cmd.Stderr, a.cmd.Env = a, a, append(os.Environ(), env...)
	if err := h.gate.Start(a.cmd); err != nil {
		return nil, err
	}
	go func() { a.err = a.cmd.Wait(); close(a.done) }() // ends with the process
	return a, nil
}

// stepFile is where a stepper says what the home's agent did.
func (h *house) stepFile() string { return filepath.Join(h.dir, "steps") }

// steps are the steps that an agent has taken since it was started.
func (h *house) steps() []string {
	b, _ := os.ReadFile(h.stepFile()) // not there before the stepper is
	return strings.Split(strings.TrimSpace(string(b)), "\n")
}

// run starts the agent; power is lost before a step, "": never.
func (h *house) run(at string) (*agent, error) {
	argv := []string{agentProgram(), "run", "--config", h.config}
	var env []string
	if err := os.RemoveAll(h.stepFile()); err != nil {
		return nil, err
	}
	if at != "" {
		env = []string{partVariable + "=" + partStep, stepFolder + "=" + filepath.Join(h.dir, "state"), stepFile + "=" + h.stepFile(), stepAt + "=" + at}
		argv = append([]string{"/proc/self/exe"}, argv...)
	}
	return h.spawn(env, argv...)
}

// supervise starts the agent again and again until ctx ends, as the system's supervisor does. at says for each time before which step power
// is lost.
func (h *house) supervise(ctx context.Context, at func() string) error {
	for {
		a, err := h.run(at())
		if err != nil {
			return err
		}
		select {
		case <-a.done:
		case <-ctx.Done():
			a.end(syscall.SIGKILL)
			return nil
		}
	}
}
