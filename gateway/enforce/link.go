package enforce

import (
	"context"
	"errors"
	"fmt"

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
func (e *Enforcer) isolate(ctx context.Context, d home.Desired) error {
	if e.Link == nil {
		return nil
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
	var errs []error
	for m := range want {
		if !e.isolated[m] {
			if err := e.Link.Isolate(ctx, m, true); err != nil {
				errs = append(errs, fmt.Errorf("isolate station %s: %w", m, err))
				continue
			}
			e.isolated[m] = true
		}
	}
	for m := range e.isolated {
		if !want[m] {
			if err := e.Link.Isolate(ctx, m, false); err != nil {
				errs = append(errs, fmt.Errorf("release station %s: %w", m, err))
				continue
			}
			delete(e.isolated, m)
		}
	}
	return errors.Join(errs...)
}
