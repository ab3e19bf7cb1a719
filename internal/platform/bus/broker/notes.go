package broker

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
)

// notes passes on what the broker logs. What a client can provoke is counted and told at debug level only: nobody may fill a
// disk from outside.
type notes struct {
	log      *slog.Logger
	provoked atomic.Uint64
	last     atomic.Value // string: the newest error
	fatal    chan string  // capacity 1: why the broker cannot go on; a second reason is not kept
}

func (n *notes) lastError() string {
	s, _ := n.last.Load().(string)
	return s
}

func (n *notes) Noticef(format string, v ...any) {
	n.log.Debug("broker", "says", fmt.Sprintf(format, v...))
}
func (n *notes) Debugf(string, ...any) {}
func (n *notes) Tracef(string, ...any) {}

func (n *notes) Warnf(format string, v ...any) { n.tell(slog.LevelWarn, format, v) }
func (n *notes) Errorf(format string, v ...any) {
	n.tell(slog.LevelError, format, v)
}

func (n *notes) Fatalf(format string, v ...any) {
	select {
	case n.fatal <- fmt.Sprintf(format, v...):
	default:
	}
	n.tell(slog.LevelError, format, v)
}

func (n *notes) tell(level slog.Level, format string, v []any) {
	s := fmt.Sprintf(format, v...)
	if strings.Contains(s, " - cid:") || strings.Contains(s, "TLS handshake") { // about one connection
		n.provoked.Add(1)
		level = slog.LevelDebug
	} else if strings.Contains(s, `"TLS Handshake First"`) { // says at each start what was asked for
		level = slog.LevelDebug
	} else if level == slog.LevelError {
		n.last.Store(s)
	}
	n.log.Log(context.Background(), level, "broker", "says", s)
}
