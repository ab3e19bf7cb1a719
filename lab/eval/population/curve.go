package population

import (
	"context"
	"fmt"
)

// Curve simulates fleets of several sizes: the same houses' life, more or fewer of them to learn from. Detection is of infections by
// soft evidence only, planted late in things of all models.
func Curve(ctx context.Context, o Options) (out []Point, err error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	all := min(10_000, max(o.Homes, 100))
	for _, size := range []struct {
		homes, fleets int
		plant         float64
	}{{1, 24, 0.3}, {10, 12, 0.3}, {100, 4, 0.1}, {all, 1, 0.02}} {
		if size.homes == 100 && size.fleets == 1 {
			break
		}
		p := Point{Homes: size.homes, Fleets: size.fleets}
		var found, days, alerts, things, none float64
		for i := range size.fleets {
			c := o
			c.Homes, c.Plant, c.Attack, c.League, c.Tail, c.Seed = size.homes, size.plant, false, 0, 1, o.Seed<<16+uint64(size.homes)<<4+uint64(i)+1
			c.Say = func(string, ...any) {}
			if size.homes >= 1000 {
				c.Say = o.Say
			}
			r, err := Run(ctx, c)
			if err != nil {
				return nil, fmt.Errorf("%d homes: %w", size.homes, err)
			}
			for _, d := range r.Detection {
				if d.Scenario == late.String() && d.Kind != kindWorm.String() {
					found += float64(d.Found)
					p.Of += d.Devices
				}
			}
			alerts += float64(r.Alerts.Alerts + r.Own.Alerts + r.Early)
			days += float64(r.HomeDays)
			things += float64(r.Unknown.Things)
			none += r.Unknown.NoProfile * float64(r.Unknown.Things)
		}
		p.Detection, p.Alerts, p.Unknown = found/float64(max(p.Of, 1)), alerts/max(days, 1)*quarter, none/max(things, 1)
		out = append(out, p)
		o.Say("fleets of %d homes: done", size.homes)
	}
	return out, nil
}
