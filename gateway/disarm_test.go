package gateway

import (
	"testing"
	"time"
)

// The kill switch ends by itself, also when the wall clock is set back meanwhile: it is not read.
func TestTheKillSwitchDoesNotReadTheWallClock(t *testing.T) {
	g := &Gateway{started: time.Now().Add(-time.Hour)}
	if g.disarmed() {
		t.Fatal("disarmed from the start")
	}
	g.disarm.Store(int64(time.Hour + time.Minute)) // after the start, an hour ago
	if left := g.disarmedFor(); left <= 0 || left > time.Minute {
		t.Errorf("disarmed for %s", left)
	}
	g.disarm.Store(int64(time.Hour - time.Minute))
	if g.disarmed() {
		t.Error("it does not end")
	}
}
