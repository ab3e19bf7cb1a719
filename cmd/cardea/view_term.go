package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"cardea/internal/show"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// screen is a terminal in raw mode showing its alternate screen. It is given back by close, on every way out; where the
// program cannot do that any more (a panic beside the view, SIGKILL), the parent does: see keepTerminal.
type screen struct {
	in, out *os.File
	before  *term.State
	colour  bool
	utf8    bool
	last    string
}

const (
	enterScreen = "\x1b[?1049h\x1b[?25l"        // alternate screen, no cursor
	leaveScreen = "\x1b[0m\x1b[?25h\x1b[?1049l" // and back (xterm, ctlseqs)
)

func openScreen(in, out *os.File) (*screen, error) {
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, fmt.Errorf("demo: the terminal: %w", err)
	}
	s := &screen{in: in, out: out, before: before, colour: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb", utf8: isUTF8()}
	_, err = io.WriteString(out, enterScreen)
	return s, err
}

// isUTF8 follows the order in which the C library looks at the locale (locale(7)).
func isUTF8() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(os.Getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return os.Getenv("TMUX") != "" // tmux itself needs UTF-8 and shows what it cannot as _
}

func (s *screen) close() error {
	_, err := io.WriteString(s.out, leaveScreen)
	return errors.Join(err, term.Restore(int(s.in.Fd()), s.before))
}

// size is what the terminal says, or the smallest common one.
func (s *screen) size() (w, h int) {
	if w, h, err := term.GetSize(int(s.out.Fd())); err == nil && w > 0 && h > 0 {
		return w, h
	}
	return 80, 24
}

// show writes a frame in one go, and only if it differs from the last one.
func (s *screen) show(lines []line, w int) error {
	frame := paint(lines, w, s.colour, s.utf8)
	if frame == s.last {
		return nil
	}
	s.last = frame
	_, err := io.WriteString(s.out, frame)
	return err
}

// colours are the escape sequences (ECMA-48 SGR) of each mood: the terminal's own palette, so that they fit its background.
var colours = [...]string{plain: "", quiet: "\x1b[2m", good: "\x1b[32m", careful: "\x1b[33m", bad: "\x1b[1;31m"}

// paint makes what is sent to a terminal of lines. Texts are cleaned here once more: this is the door. A line that does not
// fill the width is erased to its end; one that does must not be, that would take its last character.
func paint(lines []line, w int, colour, utf8 bool) string {
	var b strings.Builder
	b.WriteString("\x1b[H")
	for i, l := range lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		for _, s := range l {
			text := show.Text(s.text)
			if !utf8 {
				text = show.ASCII(text)
			}
			how := ""
			if colour {
				how = colours[s.mood]
			}
			if s.mark {
				how += "\x1b[7m"
			}
			b.WriteString(how + text)
			if how != "" {
				b.WriteString("\x1b[0m")
			}
		}
		if show.Width(l.text()) < w {
			b.WriteString("\x1b[K")
		}
	}
	b.WriteString("\x1b[J")
	return b.String()
}

// readKeys hands on what is typed until ctx ends; keyEnd when the terminal is gone. Poll, so that it really ends.
func (s *screen) readKeys(ctx context.Context, out chan<- key) {
	buf := make([]byte, 256)
	for ctx.Err() == nil {
		fds := []unix.PollFd{{Fd: int32(s.in.Fd()), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, 100)
		if errors.Is(err, unix.EINTR) || err == nil && n == 0 {
			continue
		}
		keys := []key{keyEnd}
		if err == nil {
			if n, err = s.in.Read(buf); err == nil && n > 0 {
				keys = decode(buf[:n])
			}
		}
		for _, k := range keys {
			select {
			case out <- k:
			case <-ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// resized tells of each change of the terminal's size. Capacity 1: several changes are one.
func resized() (<-chan os.Signal, func()) {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, unix.SIGWINCH)
	return ch, func() { signal.Stop(ch) }
}

// keepTerminal remembers how the terminal is; the function that it returns makes it so again. ended is the status of the
// program that used it: one that ended badly may have left its screen behind.
func keepTerminal(f *os.File) (restore func(ended int)) {
	before, err := term.GetState(int(f.Fd()))
	if err != nil {
		return func(int) {} // not a terminal
	}
	return func(ended int) {
		if ended < 2 {
			return // it gave the terminal back itself
		}
		signal.Ignore(unix.SIGTTOU) // from the background, changing the terminal would stop us
		if term.IsTerminal(int(os.Stdout.Fd())) {
			fmt.Print(leaveScreen)
		}
		_ = term.Restore(int(f.Fd()), before) // the terminal may be gone
	}
}
