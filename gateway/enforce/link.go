package enforce

import (
	"context"

	"cardea/home"
)

// Link is an access point that can keep a single station from others on the same radio, where bridge rules do not
// reach.
type Link interface {
	// Isolate says whether the station is now (on) or no longer (off) kept away. Nil only if the access point confirmed it.
	Isolate(ctx context.Context, mac home.MAC, on bool) error
	// Deauth makes the station associate anew.
	Deauth(ctx context.Context, mac home.MAC) error
}

// isolate tells the access point which stations changed. A refusal is no failure of containment, only of its grade.
func (e *Enforcer) isolate(ctx context.Context, d home.Desired) {
	if e.Link == nil {
		return
	}
	want := map[home.MAC]bool{}
	for _, dev := range d.Devices {
		if dev.Mode != home.ModeQuarantine || dev.Alone || d.Dormant {
			continue
		}
		for _, m := range dev.MACs {
			want[m] = true
		}
	}
	for m := range want {
		if !e.isolated[m] {
			if err := e.Link.Isolate(ctx, m, true); err != nil {
				e.log.Warn("station is not isolated at the access point", "mac", m, "err", err)
				continue
			}
			e.isolated[m] = true
		}
	}
	for m := range e.isolated {
		if !want[m] {
			if err := e.Link.Isolate(ctx, m, false); err != nil {
				e.log.Warn("station is still isolated at the access point", "mac", m, "err", err)
				continue
			}
			delete(e.isolated, m)
		}
	}
}
