package update

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Variables of the environment by which a program knows that it was chosen. Nobody else sets them.
const (
	envRuns     = "CARDEA_AGENT_RUNS"     // the bundle that it is of
	envLauncher = "CARDEA_AGENT_LAUNCHER" // the installed program
	envTrial    = "CARDEA_AGENT_TRIAL"    // it is tried: descriptor 3 takes a byte when it has proven itself
	proofFD     = 3
)

// Again is the exit status of a tried program that wants what is chosen now to be run.
const Again = 75

// Running is what a program was started as.
type Running struct {
	Bundle   uint64 // 0: the installed program, by itself
	Launcher string // the installed program's path
	Trial    bool
}

// Current says what this process was started as. installed is its own path when nobody chose it.
func Current(installed string) Running {
	n, err := strconv.ParseUint(os.Getenv(envRuns), 10, 64)
	launcher := os.Getenv(envLauncher)
	if err != nil || n == 0 || launcher == "" {
		return Running{Launcher: installed}
	}
	return Running{Bundle: n, Launcher: launcher, Trial: os.Getenv(envTrial) == "1"}
}

// Prove tells the process that watches that this one has proven itself.
func (r Running) Prove() error {
	if !r.Trial {
		return nil
	}
	w := os.NewFile(proofFD, "proof")
	_, err := w.Write([]byte{1})
	return errors.Join(err, w.Close())
}

func environment(c Choice, launcher string) []string {
	env := bare()
	if c.Path != "" {
		env = append(env, envRuns+"="+strconv.FormatUint(c.Version.Bundle, 10), envLauncher+"="+launcher)
	}
	if c.Trial {
		env = append(env, envTrial+"=1")
	}
	return env
}

// bare is the environment without our variables.
func bare() (env []string) {
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); name != envRuns && name != envLauncher && name != envTrial {
			env = append(env, v)
		}
	}
	return env
}

// Relaunch becomes the installed program, which chooses anew. It returns only with an error.
func (r Running) Relaunch(args []string) error {
	return fmt.Errorf("start again: %w", syscall.Exec(r.Launcher, args, bare()))
}

// Launch runs what is chosen instead of this program, which is the installed one: a good program takes this process over; one that is
// tried runs below it, watched, and is ended when it has not proven itself in time. here: it is this program that is to run.
func Launch(ctx context.Context, f *Folder, prove time.Duration, args []string, log *slog.Logger) (here bool, status int, err error) {
	self, err := os.Executable()
	if err != nil {
		return true, 0, fmt.Errorf("which program this is: %w", err)
	}
	looks, err := Looks(self)
	if err != nil {
		return true, 0, err
	}
	c, err := f.Choose(looks)
	if err != nil {
		log.Error("versions of the agent; what works is run", "err", err, "version", c.Version.Bundle)
	}
	if c.Path == "" {
		return true, 0, nil
	}
	log.Info("another version of the agent is run", "version", c.Version.Bundle, "trial", c.Trial)
	if !c.Trial {
		if err := syscall.Exec(c.Path, args, environment(c, self)); err != nil {
			log.Error("it cannot be run, and this one is", "version", c.Version.Bundle, "err", err)
		}
		return true, 0, nil
	}
	again, status := watch(ctx, f, c, self, prove, args, log)
	if again {
		if err = (Running{Launcher: self}).Relaunch(args); err != nil {
			return true, 0, err
		}
	}
	return false, status, nil
}

// watch runs a program that is tried. again: what to run has to be chosen anew.
func watch(ctx context.Context, f *Folder, c Choice, self string, prove time.Duration, args []string, log *slog.Logger) (again bool, status int) {
	runtime.LockOSThread() // the program is to die with the thread that started it
	defer runtime.UnlockOSThread()
	proof, theirs, err := os.Pipe()
	if err != nil {
		return giveUp(f, "it could not be watched: "+err.Error(), log), 0
	}
	defer proof.Close()
	cmd := exec.Command(c.Path, args[1:]...)
	cmd.Args[0], cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = args[0], environment(c, self), os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	err = cmd.Start()
	_ = theirs.Close() // ours of it; the program has its own
	if err != nil {
		return giveUp(f, "it could not be started: "+err.Error(), log), 0
	}
	proven, ended := make(chan bool, 1), make(chan error, 1) // owner: this function; one value each
	go func() { b := make([]byte, 1); n, err := proof.Read(b); proven <- err == nil && n == 1 }()
	go func() { ended <- cmd.Wait() }()
	deadline := time.NewTimer(prove)
	defer deadline.Stop()
	stop, good := ctx.Done(), false
	for {
		select {
		case good = <-proven:
			if proven = nil; good {
				deadline.Stop()
				debug.FreeOSMemory()
				log.Info("the new version of the agent has proven itself", "version", c.Version.Bundle)
			}
		case <-deadline.C:
			if good {
				continue
			}
			log.Error("the new version of the agent has not proven itself and is ended", "version", c.Version.Bundle, "within", prove)
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended by itself
			log.Debug("the new version of the agent is gone", "err", <-ended)
			return giveUp(f, fmt.Sprintf("it did not prove itself within %s", prove), log), 0
		case <-stop:
			stop = nil
			_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
		case err := <-ended:
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it may have left behind
			return after(ctx, f, good, exitOf(cmd, err), log)
		}
	}
}

// after says what follows when a watched program has ended.
func after(ctx context.Context, f *Folder, good bool, code int, log *slog.Logger) (again bool, status int) {
	s, err := f.State()
	if err == nil && s.Trial == nil { // it has proven itself, as far as the disk says
		good = true
	}
	switch {
	case ctx.Err() != nil, good && code != Again, code == 0: // 0: it was told to end, as this program will be; its start is counted
		return false, code
	case good:
		return true, 0
	}
	return giveUp(f, fmt.Sprintf("it ended with status %d before it had proven itself", code), log), 0
}

func exitOf(cmd *exec.Cmd, err error) int {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 1
	}
	if code := cmd.ProcessState.ExitCode(); code >= 0 {
		return code
	}
	return 1 // by a signal
}

// giveUp ends a trial. When that cannot be written the starts are counted, and the trial ends when there are enough.
func giveUp(f *Folder, why string, log *slog.Logger) bool {
	log.Error("the new version of the agent is given up", "why", why)
	if _, err := f.Change(func(s State) (State, error) {
		if s.Trial == nil {
			return s, nil
		}
		return s.GiveUp(why), nil
	}); err != nil {
		log.Error("that is not on the disk", "err", err)
	}
	return true
}
