package cloud

import (
	"context"
	"time"
)

// countEvery is how often the day that it is is counted anew.
const countEvery = 10 * time.Minute

// countDays keeps the counts of days, for all tenants, until ctx ends.
func (s *Server) countDays(ctx context.Context) error {
	for wait := 30 * time.Second; ; wait = countEvery {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		tenants, err := s.rooms.Accounts.Tenants(ctx)
		for _, t := range tenants {
			if err == nil {
				err = s.rooms.History.CountDay(ctx, t.ID)
			}
			if err == nil {
				err = s.rooms.Incidents.CountDays(ctx, t.ID, 2)
			}
		}
		if err != nil && ctx.Err() == nil {
			s.log.Warn("counts of days", "err", err)
		}
	}
}
