package cloud

import (
	"context"
	"strconv"
	"time"

	"cardea/cloud/normal"
	"cardea/cloud/rooms"
	"cardea/home"
	"cardea/internal/platform/db"
)

// learnEvery is how often it is learned from all homes who devices are.
const learnEvery = time.Hour

// learn learns from all homes who devices are, and publishes it. Of several workers one does it.
func (s *Server) learn(ctx context.Context) error {
	for wait := 5 * time.Minute; ; wait = learnEvery {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		r, err := s.rooms.Fleet.Learn(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			s.log.Warn("models", "err", err)
		case r.Changed:
			s.log.Info("models", "version", r.Version, "homes", r.Homes, "labels", r.Teaching)
		}
	}
}

// learnNormal learns from all homes what is normal, and publishes it. Of several workers one does it.
func (s *Server) learnNormal(ctx context.Context) error {
	for wait := 7 * time.Minute; ; wait = learnEvery {
		if !sleep(ctx, wait) {
			return nil
		}
		r, err := s.rooms.Normal.Learn(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			s.log.Warn("what is normal", "err", err)
		case r.Changed:
			s.log.Info("what is normal", "version", r.Version, "homes", r.Teach, "levels", r.Levels, "moved", len(r.Moved))
			s.lookBack(ctx, r.Moved)
		}
	}
}

// guardEvery is how often it is looked at what was found in all homes together.
const guardEvery = time.Minute

// guard makes of what several homes found what protects all. Of several workers one does it.
func (s *Server) guard(ctx context.Context) error {
	for sleep(ctx, guardEvery) {
		g, err := s.rooms.Normal.Guard(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("what homes agree on", "err", err)
		}
		if g.Changed {
			s.log.Info("what homes agree on", "indicators", g.Indicators, "new", len(g.New), "trips", g.Trips)
			s.lookBack(ctx, g.New)
			if err := s.nudgeAll(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn("gateways learn of what homes agree on when they ask next", "err", err)
			}
		}
	}
	return nil
}

// lookBack looks for endpoints in what homes told in the past 30 days. Gateways look through their own ledgers when the bundle
// comes; what is told here is how many homes that will be.
func (s *Server) lookBack(ctx context.Context, endpoints []uint64) {
	if len(endpoints) == 0 {
		return
	}
	homes := map[home.Place]bool{}
	err := s.rooms.Normal.Hunt(ctx, endpoints, time.Now().Add(-rooms.HuntBack), func(h normal.Hit) error {
		homes[h.Place] = true
		return nil
	})
	if err != nil && ctx.Err() == nil {
		s.log.Warn("looking back", "err", err)
		return
	}
	many := "fewer than " + strconv.Itoa(normal.MinHomes) // how many of so few is nobody's business
	if len(homes) >= normal.MinHomes {
		many = strconv.Itoa(len(homes))
	}
	s.log.Info("looked back", "endpoints", len(endpoints), "homes", many)
}

// Telling all gateways that there is a new bundle: in so many steps, over so long, that their fetching is no flood.
const (
	nudgePage = 500
	nudgeRate = 5000 // a second: a million homes in less than four minutes
)

// nudgeAll has every gateway look for what is new.
func (s *Server) nudgeAll(ctx context.Context) error {
	ctx = db.Patient(ctx)
	var after home.Place
	for {
		page, err := s.rooms.Accounts.ActiveAfter(ctx, after, nudgePage)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, p := range page {
			if err := s.sendNudge(ctx, nudge{place: p}); err != nil {
				return err
			}
		}
		after = page[len(page)-1]
		if len(page) == nudgePage && !sleep(ctx, nudgePage*time.Second/nudgeRate) {
			return nil
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
