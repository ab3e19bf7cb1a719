package notify

import (
	"context"
	"errors"
	"net"
	"net/url"
	"sync"
	"time"
)

const (
	hungFor = time.Minute // nobody tries for so long where a try waited in vain
	maxHung = 1024        // receivers; who is not remembered is tried
)

// errHung is of a delivery that was not tried. It is due again as after any try that failed.
var errHung = errors.New("the receiver let another one wait a moment ago, and was not tried")

// hung remembers receivers that let a try wait until its time was over. Few tries go at once, so one provider's receiver that hangs, with
// thousands of messages for it, would hold up those of everybody.
type hung struct {
	mu    sync.Mutex
	until map[string]time.Time
}

// try does a try for a receiver, unless it hangs.
func (h *hung) try(receiver string, now func() time.Time, do func() error) error {
	h.mu.Lock()
	until := h.until[receiver]
	h.mu.Unlock()
	if now().Before(until) {
		return errHung
	}
	err := do()
	if waited(err) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.until == nil || len(h.until) >= maxHung {
			h.until = map[string]time.Time{}
		}
		h.until[receiver] = now().Add(hungFor)
	}
	return err
}

// waited says whether a try ended because its time was over.
func waited(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

// hostIn is the host of an address: those of one maker's browsers hang together.
func hostIn(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return address
}
