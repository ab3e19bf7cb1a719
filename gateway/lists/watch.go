package lists

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// pollEvery is how often the folder is looked at without inotify, and anyway: bind mounts, overlays and network file
	// systems do not tell of every change.
	pollEvery = 30 * time.Second
	// A change is acted on when nothing has happened for settle, or after settleMost: an administrator copies several
	// files, an editor writes twice.
	settle     = 300 * time.Millisecond
	settleMost = 5 * time.Second
)

const changes = unix.IN_CLOSE_WRITE | unix.IN_MOVED_TO | unix.IN_MOVED_FROM | unix.IN_DELETE | unix.IN_CREATE |
	unix.IN_DELETE_SELF | unix.IN_MOVE_SELF

// watcher waits for changes below a folder by inotify(7), or just for time to pass when there is none.
type watcher struct {
	file   *os.File      // the inotify descriptor; nil: poll only
	events chan struct{} // owner: the reading goroutine; capacity 1: full means that a change is already known
}

func newWatcher(log *slog.Logger) *watcher {
	w := &watcher{events: make(chan struct{}, 1)}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		log.Warn("no inotify: the lists' folder is looked at every so often", "every", pollEvery, "error", err)
		return w
	}
	w.file = os.NewFile(uintptr(fd), "inotify") // non-blocking: reads wait in the runtime's poller
	go w.read()
	return w
}

// read turns whatever the kernel tells into one pending event; it ends when the descriptor is closed.
func (w *watcher) read() {
	buf := make([]byte, 4096)
	for {
		if n, err := w.file.Read(buf); err != nil || n == 0 {
			return
		}
		select {
		case w.events <- struct{}{}:
		default:
		}
	}
}

// watch looks at the folder and all below it, or at the folder that it will be in. Adding a watch again changes nothing,
// and one on a folder that is gone was removed by the kernel.
func (w *watcher) watch(dir string) {
	if w.file == nil {
		return
	}
	raw, err := w.file.SyscallConn()
	if err != nil {
		return
	}
	// What cannot be watched (gone meanwhile, no watches left) is found by polling.
	_ = raw.Control(func(fd uintptr) {
		_, _ = unix.InotifyAddWatch(int(fd), filepath.Dir(filepath.Clean(dir)), changes)
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				_, _ = unix.InotifyAddWatch(int(fd), path, changes)
			}
			return nil
		})
	})
}

// wait returns after a change that has settled, or when it is time to look anyway. The error is ctx's.
func (w *watcher) wait(ctx context.Context) error {
	poll := time.NewTimer(pollEvery)
	defer poll.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-poll.C:
		return nil
	case <-w.events:
	}
	most := time.NewTimer(settleMost)
	defer most.Stop()
	for {
		quiet := time.NewTimer(settle)
		select {
		case <-ctx.Done():
			quiet.Stop()
			return ctx.Err()
		case <-quiet.C:
			return nil
		case <-most.C:
			quiet.Stop()
			return nil
		case <-w.events:
			quiet.Stop()
		}
	}
}

func (w *watcher) close() {
	if w.file != nil {
		w.file.Close()
	}
}
