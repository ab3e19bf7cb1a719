package cloud

import (
	"context"
	"time"
)

const intelEvery = 30 * time.Second

// fetchIntel asks sources of intelligence and has lists published, and has gateways told of new ones. Of several workers one does it.
func (s *Server) fetchIntel(ctx context.Context) error {
	for n := 0; sleep(ctx, intelEvery); n++ {
		t, err := s.rooms.Intel.Turn(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("intelligence", "err", err)
		}
		if err := s.rooms.TellIntel(ctx, t, n%huntsEach == 0); err != nil && ctx.Err() == nil {
			s.log.Warn("systems of providers hear of lists and searches later", "err", err)
		}
		if t.Changed {
			s.log.Info("lists", "version", t.Version, "entries", t.Entries)
			if err := s.nudgeAll(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn("gateways learn of new lists when they ask next", "err", err)
			}
		}
	}
	return nil
}

// huntsEach is how many turns of intelligence there are to one look at searches.
const huntsEach = 4
