package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// run is what a process used.
type run struct {
	CPU  float64 // seconds, user and system
	Wall float64 // seconds
	RSS  float64 // bytes, at its highest
}

// watch runs a program to its end. Its output is counted, not kept. The peak of memory is VmHWM, read every few
// milliseconds: ru_maxrss would tell of this process when that is larger, since a child begins as its copy.
func watch(ctx context.Context, argv ...string) (run, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return run{}, err
	}
	defer null.Close()
	var complaint tail
	cmd.Stdout, cmd.Stderr = null, &complaint
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return run{}, fmt.Errorf("start %s: %w", argv[0], err)
	}
	stop, peak := make(chan struct{}), make(chan float64)
	go pollRSS(cmd.Process.Pid, stop, peak)
	err = cmd.Wait()
	close(stop)
	r := run{RSS: <-peak, Wall: time.Since(start).Seconds()}
	if s := cmd.ProcessState; s != nil {
		r.CPU = (s.UserTime() + s.SystemTime()).Seconds()
	}
	if err != nil {
		return r, fmt.Errorf("%s: %w: %s", argv[0], err, complaint)
	}
	return r, nil
}

// pollRSS gives the highest VmHWM that it saw once stop is closed.
func pollRSS(pid int, stop <-chan struct{}, peak chan<- float64) {
	t := time.NewTicker(3 * time.Millisecond)
	defer t.Stop()
	var high float64
	for {
		high = max(high, statusBytes(pid, "VmHWM"))
		select {
		case <-t.C:
		case <-stop:
			peak <- high
			return
		}
	}
}

// statusBytes reads a size of a process from /proc; 0 when it is gone.
func statusBytes(pid int, key string) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		k, v, _ := strings.Cut(line, ":")
		if k == key {
			n, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(v), "kB")), 64)
			return n * 1024
		}
	}
	return 0
}

// ownCPU is the processor time of this process in seconds.
func ownCPU() float64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// processCPU is the processor time of another process in seconds, by the clock of the scheduler: getrusage and
// /proc/PID/stat round to ticks of 10 ms where the kernel counts ticks.
func processCPU(pid int) (float64, error) {
	id := int32(^pid<<3 | 2) // MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED), linux/posix-timers_types.h
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		return 0, fmt.Errorf("processor time of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()).Seconds(), nil
}

// tail keeps the last words of a program.
type tail []byte

var _ io.Writer = (*tail)(nil)

func (t *tail) Write(b []byte) (int, error) {
	*t = append(*t, b...)
	if len(*t) > 2000 {
		*t = append((*t)[:0], (*t)[len(*t)-2000:]...)
	}
	return len(b), nil
}

func (t tail) String() string { return strings.TrimSpace(string(t)) }
