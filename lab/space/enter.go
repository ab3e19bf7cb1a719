package space

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// marker tells the child that it is one; it is removed from the environment at once.
const marker = "CARDEA_LAB_INSIDE"

// Enter runs this program again, with the same arguments and terminal, in new namespaces, and waits for it. In the child it
// returns inside = true at once; in the parent it returns the child's exit status when the child is gone. The child is
// killed when the parent dies for whatever reason, and with it, since it is pid 1, everything that it started. keep is called
// in the parent, before the child is made: the open files that it returns are the child's file descriptors from 3 on. A
// listening socket among them stays one of the machine, which the child could not open itself.
func Enter(keep ...func() ([]*os.File, error)) (inside bool, status int, err error) {
	if os.Getenv(marker) != "" {
		if err := os.Unsetenv(marker); err != nil {
			return true, 1, err
		}
		return true, 0, furnish()
	}
	// the parent-death signal is tied to the thread that forks: it must live until the child has ended
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	signals := make(chan os.Signal, 4) // ours; when full the kernel's signal is one of several equal ones
	signal.Notify(signals, os.Interrupt, unix.SIGTERM, unix.SIGHUP)
	defer signal.Stop(signals)
	var files []*os.File
	for _, k := range keep {
		more, err := k()
		if err != nil {
			return false, 1, err
		}
		files = append(files, more...)
	}
	cmd, err := start(files)
	if err != nil {
		return false, 1, err
	}
	for _, f := range files { // the child has its own
		f.Close()
	}
	go func() {
		for s := range signals { // the terminal signals the whole group: SIGINT has reached the child already
			if s != os.Interrupt {
				_ = cmd.Process.Signal(s)
			}
		}
	}()
	err = cmd.Wait()
	signal.Stop(signals)
	close(signals)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if w, ok := exit.Sys().(syscall.WaitStatus); ok && w.Signaled() {
			return false, 128 + int(w.Signal()), nil
		}
		return false, exit.ExitCode(), nil
	}
	return false, 0, err
}

// start tries with all of our own ids mapped, which lets daemons drop their privileges and is allowed to root only, and else
// with our own id as root.
func start(files []*os.File) (*exec.Cmd, error) {
	uids, gids, all := identity("/proc/self/uid_map"), identity("/proc/self/gid_map"), true
	if os.Geteuid() != 0 {
		all = false
	}
	for {
		if !all {
			uids = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
			gids = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
		}
		cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
		cmd.Args[0] = os.Args[0]
		cmd.Env = append(os.Environ(), marker+"=1")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		cmd.ExtraFiles = files
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:                 unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS,
			UidMappings:                uids,
			GidMappings:                gids,
			GidMappingsEnableSetgroups: all,
			Pdeathsig:                  unix.SIGKILL,
		}
		err := cmd.Start()
		if err == nil {
			return cmd, nil
		}
		if !all {
			return nil, fmt.Errorf("make namespaces (does this machine allow unprivileged user namespaces?): %w", err)
		}
		all = false
	}
}

// identity maps every id that this process knows to itself.
func identity(file string) (list []syscall.SysProcIDMap) {
	b, err := os.ReadFile(file)
	if err != nil {
		return []syscall.SysProcIDMap{{Size: 1}}
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		first, err1 := strconv.ParseInt(f[0], 10, 64)
		size, err2 := strconv.ParseInt(f[2], 10, 64)
		if err1 != nil || err2 != nil || first > 65535 {
			continue
		}
		size = min(size, 65536-first)
		list = append(list, syscall.SysProcIDMap{ContainerID: int(first), HostID: int(first), Size: int(size)})
	}
	return list
}

// furnish gives the child's mount namespace what the lab's programs write to, so that nothing reaches the machine's own
// files: a /run of its own, a resolv.conf of its own, and /proc and /sys of the new namespaces where the machine allows it
// (inside a container it may not: then the old ones serve, /proc/sys/net follows the reading thread in any case).
func furnish() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755,size=256m"); err != nil {
		return fmt.Errorf("mount /run: %w", err)
	}
	const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	_ = unix.Mount("proc", "/proc", "proc", flags, "")
	_ = unix.Mount("sysfs", "/sys", "sysfs", flags|unix.MS_RDONLY, "")
	for _, dir := range []string{"/run/lock", "/run/cardea"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	return resolvConf()
}

// ResolvConf is the file behind /etc/resolv.conf inside the lab.
const ResolvConf = "/run/resolv.conf"

func resolvConf() error {
	if err := os.WriteFile(ResolvConf, nil, 0o644); err != nil {
		return err
	}
	target, err := filepath.EvalSymlinks("/etc/resolv.conf")
	if err != nil {
		replaceLink("/etc/resolv.conf")
		return nil //nolint:nilerr // a machine without the file, or with a link to nowhere, has nothing to protect
	}
	if err := unix.Mount(ResolvConf, target, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("give the lab its own resolv.conf: %w", err)
	}
	return nil
}

// replaceLink makes a link that points into the /run that is hidden now point to the lab's file. What cannot be done is left:
// the programs of the lab that matter ask the resolver that DHCP gave them.
func replaceLink(file string) {
	link, err := os.Readlink(file)
	if err != nil {
		return
	}
	if !filepath.IsAbs(link) {
		link = filepath.Join(filepath.Dir(file), link)
	}
	if strings.HasPrefix(link, "/run/") && os.MkdirAll(filepath.Dir(link), 0o755) == nil {
		_ = os.Symlink(ResolvConf, link)
	}
}
