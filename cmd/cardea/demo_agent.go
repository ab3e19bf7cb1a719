package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"cardea/lab"
)

// agentProcess is the real agent as a process of its own on the lab's gateway.
type agentProcess struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	err  error         // valid after done
	mu   sync.Mutex
	log  bytes.Buffer // the last of what it said; bounded
}

const maxAgentLog = 64 << 10

func startAgentProcess(h *lab.Home, program, config, logFile string) (*agentProcess, error) {
	return startProcess(h, "gateway", exec.Command(program, "run", "--config", config), logFile)
}

// startProcess starts a program in one of the lab's namespaces.
func startProcess(h *lab.Home, where string, cmd *exec.Cmd, logFile string) (*agentProcess, error) {
	a := &agentProcess{cmd: cmd, done: make(chan struct{})}
	var out io.Writer = a
	var file *os.File
	if logFile != "" {
		var err error
		if file, err = os.Create(logFile); err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
		out = io.MultiWriter(a, file)
	}
	a.cmd.Stdout, a.cmd.Stderr = out, out
	if err := h.Start(where, a.cmd); err != nil {
		return nil, fmt.Errorf("demo: start %s: %w", filepath.Base(cmd.Path), err)
	}
	go func() { // ends with the process
		a.err = a.cmd.Wait()
		if file != nil {
			file.Close()
		}
		close(a.done)
	}()
	return a, nil
}

// Write keeps the end of the log.
func (a *agentProcess) Write(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.log.Write(b)
	if n := a.log.Len() - maxAgentLog; n > 0 {
		a.log.Next(n)
	}
	return len(b), nil
}

func (a *agentProcess) tail() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.log.String()
}

// stop asks the agent to end, as an init system does, and insists after a while.
func (a *agentProcess) stop() error {
	if err := a.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-a.done:
		return nil
	case <-time.After(5 * time.Second):
		return a.cmd.Process.Kill()
	}
}
