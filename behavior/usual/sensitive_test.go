package usual

import (
	"testing"

	"cardea/behavior/calibrate"
	"cardea/home"
)

// A device that is watched more closely, as on probation, has a larger budget: up to ten times that of others, and no more.
func TestADeviceOnProbationIsWatchedMoreClosely(t *testing.T) {
	s := calibrated(t, home.Identity{Class: home.ClassTV, Vendor: "Example", Model: "Example Thing"})
	p := func(times float64) calibrate.P {
		v := calibrate.BudgetP(calibrate.PerHomeQuarter, s.d.cfg.Devices) * partNovelty * times
		return calibrate.P{Value: v, How: calibrate.Exact, N: 1 << 20, Homes: 1 << 10}
	}
	for sensitive, most := range map[float64]float64{0: 1, 1: 1, 10: 10, 1e9: 10} {
		s.d.cfg.Sensitive = func(id home.DeviceID) float64 {
			if id != s.dev.ID {
				t.Errorf("asked for %q", id)
			}
			return sensitive
		}
		if sensitive == 0 {
			s.d.cfg.Sensitive = nil
		}
		if !s.d.enough(s.dev, p(most*0.9), partNovelty) || s.d.enough(s.dev, p(most*1.1), partNovelty) {
			t.Errorf("at %g it is not told up to %g times the budget", sensitive, most)
		}
	}
}
