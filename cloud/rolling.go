package cloud

import (
	"context"
)

// rolloutChanged has all gateways told that there may be another version for them; it never blocks.
func (s *Server) rolloutChanged() {
	select {
	case s.rolled <- struct{}{}:
	default:
	}
}

// tellRollouts nudges all gateways after each change of a rollout.
func (s *Server) tellRollouts(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.rolled:
		}
		if err := s.nudgeAll(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("gateways learn of a rollout when they ask next", "err", err)
		}
	}
}
