package gateway

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"cardea/gateway/respond"
	"cardea/home"
)

// quiet is told and says nothing.
type quiet struct{}

func (quiet) Changed(home.Incident, home.Transition) {}

func TestWrongClockNeitherEndsNorProlongsAPhase(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name    string
		changed time.Time
		out     bool // at now
	}{
		{"an hour ago", now.Add(-time.Hour), false},
		{"a month ago", now.Add(-30 * 24 * time.Hour), true},
		{"1970", time.Unix(100, 0), false},
		{"2040", now.AddDate(14, 0, 0), false},
		{"never", time.Time{}, false},
	} {
		var m memory
		text := fmt.Sprintf(`{"cases":{"cases":[{"incident":{"device":"d","state":"probation","mode":"no-lan","changed":%q}}],"tries":[%[1]q]}}`,
			c.changed.Format(time.RFC3339))
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		m.date(now)
		r := respond.New(respond.Policy{}, quiet{})
		r.Restore(m.Cases)
		r.Tick(now)
		if mode, shut := r.Modes()["d"]; shut == c.out || shut && mode != home.ModeNoLAN {
			t.Errorf("%s: mode %q", c.name, mode)
		}
		r.Tick(now.Add(25 * time.Hour))
		if len(r.Modes()) != 0 {
			t.Errorf("%s: a day later it is still %v", c.name, r.Modes())
		}
		for _, at := range m.Cases.Tries {
			if at.After(now) {
				t.Errorf("%s: a wrong code is remembered from the future: %v", c.name, at)
			}
		}
	}
}
