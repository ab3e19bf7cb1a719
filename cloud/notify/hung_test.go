package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"time"
)

// Where a try waited in vain nobody tries for a minute; other receivers, and those that fail at once, are tried.
func TestAReceiverThatHangsIsLeftAloneForAWhile(t *testing.T) {
	now, h := time.Unix(1e9, 0), hung{}
	tried := map[string]int{}
	try := func(receiver string, result error) error {
		return h.try(receiver, func() time.Time { return now }, func() error { tried[receiver]++; return result })
	}
	slow := fmt.Errorf("webhook: %w", &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded})
	for range 3 {
		_ = try("slow", slow)
		_ = try("slow by context", fmt.Errorf("e-mail: %w", context.DeadlineExceeded))
		_ = try("broken", errors.New("refused"))
		if err := try("well", nil); err != nil {
			t.Error(err)
		}
	}
	if err := try("slow", nil); !errors.Is(err, errHung) {
		t.Errorf("while it hangs: %v", err)
	}
	if want := map[string]int{"slow": 1, "slow by context": 1, "broken": 3, "well": 3}; fmt.Sprint(tried) != fmt.Sprint(want) {
		t.Errorf("tried %v, want %v", tried, want)
	}
	now = now.Add(hungFor)
	if err := try("slow", nil); err != nil {
		t.Errorf("a minute later: %v", err)
	}
	for n := range 2 * maxHung {
		_ = try(fmt.Sprint(n), slow)
	}
	if len(h.until) > maxHung {
		t.Errorf("%d receivers are remembered", len(h.until))
	}
}
