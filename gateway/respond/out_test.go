package respond

import (
	"errors"
	"testing"
	"time"

	"cardea/home"
)

type deaf struct{}

func (deaf) Changed(home.Incident, home.Transition) {}

// Letting out what is not shut in is no success: somebody waits for something to happen.
func TestNothingIsShutIn(t *testing.T) {
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	r := New(Policy{}, deaf{})
	r.Finding(home.Finding{Device: "camera", Time: now, Detector: home.DetectScanWAN, Strength: home.Soft})
	inc, _ := r.Of("camera")
	if err := r.Release(Release{Incident: inc.ID, By: ByOwner}, now); !errors.Is(err, ErrOut) {
		t.Errorf("%v", err)
	}
	r.Quarantine("camera", BySupport, "On the phone.", now)
	if err := r.Release(Release{Incident: inc.ID, By: BySupport, Why: "It was reset."}, now); err != nil {
		t.Error(err)
	}
	inc, _ = r.Of("camera")
	if last := inc.History[len(inc.History)-1]; last.By != BySupport || last.Why != "Support let it out. It was reset." || inc.Mode != home.ModeNoLAN {
		t.Errorf("%+v", last)
	}
}
