package whole

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What a stepper is told by its environment.
const (
	stepFolder = "CARDEA_WHOLE_STEP_FOLDER" // the agent's state
	stepFile   = "CARDEA_WHOLE_STEP_FILE"   // what it did goes there, a line a step; the last one was not done any more
	stepAt     = "CARDEA_WHOLE_STEP_AT"     // the step before which power is lost, as it is named; "": never

	alone = "alone, " // before the name of a step: only the process that is about to take it is killed
)

// stepper runs an agent as its debugger and looks at each of its system calls. It counts those by which an update goes on, and before
// one of them it ends the agent and all that it started, as a loss of power does.
type stepper struct {
	folder string
	at     string
	said   *os.File
	root   int          // the process that was started
	known  map[int]bool // threads that have stopped once
	begun  bool         // the update has
	chose  bool         // the process that was started is the installed program again, which chooses
	named  string       // the last file that got its name
}

// stepped is what a process with partVariable "step" does: its arguments are the program and the program's own.
func stepped(argv []string) int {
	s := &stepper{folder: os.Getenv(stepFolder), at: os.Getenv(stepAt), known: map[int]bool{}}
	var err error
	if s.said, err = os.Create(os.Getenv(stepFile)); err != nil {
		fmt.Fprintln(os.Stderr, "step:", err)
		return 1
	}
	runtime.LockOSThread() // a debugger is a thread
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}
	if err = cmd.Start(); err == nil {
		s.root = cmd.Process.Pid
		err = s.run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "step:", err)
		return 1
	}
	return 0
}

// run ends with the last of the processes.
func (s *stepper) run() error {
	var ws unix.WaitStatus
	if _, err := unix.Wait4(s.root, &ws, 0, nil); err != nil {
		return err
	}
	const options = unix.PTRACE_O_EXITKILL | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACEEXEC
	if err := unix.PtraceSetOptions(s.root, options); err != nil {
		return err
	}
	s.known[s.root] = true
	for pid, sig := s.root, 0; ; {
		if err := unix.PtraceSyscall(pid, sig); err != nil && !errors.Is(err, unix.ESRCH) { // it may have been killed meanwhile
			return err
		}
		for stopped := false; !stopped; {
			got, err := unix.Wait4(-1, &ws, unix.WALL, nil)
			if errors.Is(err, unix.ECHILD) {
				return nil
			}
			if err != nil && !errors.Is(err, unix.EINTR) {
				return err
			}
			if err == nil && got == s.root && !ws.Stopped() {
				s.end() // what it left behind
			}
			pid, stopped = got, err == nil && ws.Stopped()
		}
		sig = s.stop(pid, ws)
	}
}

// stop looks why a thread has stopped, and says which signal it is to go on with.
func (s *stepper) stop(pid int, ws unix.WaitStatus) int {
	fresh := !s.known[pid]
	s.known[pid] = true
	switch sig := ws.StopSignal(); {
	case sig == unix.SIGTRAP|0x80:
		s.call(pid)
		return 0
	case ws.TrapCause() > 0, sig == unix.SIGSTOP && fresh:
		return 0
	default:
		return int(sig)
	}
}

// call counts a system call that is about to be made.
func (s *stepper) call(pid int) {
	var info struct {
		Op   uint8
		_    [3]uint8
		_    uint32
		_    [2]uint64
		Nr   uint64
		Args [6]uint64
	}
	const request, entry = 0x420e, 1 // PTRACE_GET_SYSCALL_INFO
	if _, _, errno := unix.Syscall6(unix.SYS_PTRACE, request, uintptr(pid), unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0); errno != 0 || info.Op != entry {
		return
	}
	what := s.name(pid, info.Nr, info.Args)
	s.begun = s.begun || strings.HasPrefix(what, "download ") || what == "create the program" || what == "remove the program"
	if what == "" || !s.begun {
		return
	}
	who := "new"
	if s.group(pid) == s.root {
		if who = "old"; s.chose {
			who = "installed"
		}
		s.chose = s.chose || what == "start the installed one"
	}
	line := who + ": " + what
	fmt.Fprintln(s.said, line)
	switch s.at {
	case line:
		s.end()
	case alone + line:
		_ = unix.Kill(s.group(pid), unix.SIGKILL) // it is there: it waits for us
	}
}

// end ends all that live.
func (s *stepper) end() {
	for pid := range s.known {
		if group := s.group(pid); group > 0 {
			_ = unix.Kill(group, unix.SIGKILL) // it may have ended
		}
	}
}

// group is the process that a thread is of.
func (s *stepper) group(pid int) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(b, []byte("Tgid:"))
	f := bytes.Fields(rest)
	if len(f) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(string(f[0])) // the kernel's own number
	return n
}

// name says which step of an update a call is; "": none.
func (s *stepper) name(pid int, nr uint64, args [6]uint64) string {
	switch nr {
	case unix.SYS_OPENAT:
		if args[2]&unix.O_CREAT == 0 {
			return ""
		}
		return s.file("create", text(pid, args[1]))
	case unix.SYS_RENAMEAT:
		return s.file("rename to", text(pid, args[3]))
	case unix.SYS_UNLINKAT:
		return s.file("remove", text(pid, args[1]))
	case unix.SYS_FSYNC:
		return s.file("sync", link(pid, args[0]))
	case unix.SYS_WRITE:
		if args[0] == 3 && args[2] == 1 && strings.HasPrefix(link(pid, 3), "pipe:") && s.group(pid) != s.root {
			return "tell that it has proven itself"
		}
	case unix.SYS_EXECVE:
		switch path := text(pid, args[0]); {
		case path == agentProgram() && s.group(pid) == s.root:
			return "start the installed one"
		case filepath.Dir(path) == filepath.Join(s.folder, "versions"):
			return "start the program"
		}
	}
	return ""
}

// file names what is done to a file of the update, without what differs from one update to the next.
func (s *stepper) file(verb, path string) string {
	name := filepath.Base(path)
	switch filepath.Dir(path) {
	case filepath.Join(s.folder, "known", "agent"):
		if name == "program.gz" || strings.HasSuffix(name, ".part") {
			return "download " + verb + " " + strings.TrimLeft(name, "0123456789abcdef")
		}
	case filepath.Join(s.folder, "versions"):
		if _, ok := strings.CutPrefix(strings.TrimPrefix(name, "."), "agent-"); ok {
			name = "the program"
		}
		name = strings.TrimSuffix(strings.TrimPrefix(name, "."), ".new")
		if verb == "rename to" {
			s.named = name
		}
		return verb + " " + name
	case s.folder:
		if name == "versions" {
			return verb + " the folder after " + s.named
		}
	}
	return ""
}

// text reads what an address of the process points to.
func text(pid int, at uint64) string {
	f, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return ""
	}
	defer f.Close()
	b := make([]byte, 256)
	n, _ := f.ReadAt(b, int64(at)) // a page may end there
	s, _, _ := bytes.Cut(b[:n], []byte{0})
	return string(s)
}

// link says which file a descriptor is of.
func link(pid int, fd uint64) string {
	path, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd)) // none: no file
	return path
}
