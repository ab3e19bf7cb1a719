package population

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"cardea/behavior/calibrate"
	"cardea/behavior/profile"
)

// sim is a run. Homes are simulated a day at a time, in shards side by side; between days the cloud learns, alone.
type sim struct {
	o      Options
	w      *world
	shards []*shard
	cloud  *cloud
	book   *book
}

// shard is a part of the homes with what they told on the day.
type shard struct {
	houses  []*house
	counts  *profile.Counts
	samples []sample
	told    []told
	tally   tally
	acts    []act
}

// sample is a device's day for calibration, of one model.
type sample struct {
	model int
	calibrate.Sample
}

const maxHomes = 200_000

func (o *Options) fill() error {
	if o.Homes < 1 || o.Homes > maxHomes || o.Days < 7 || o.Days > 366 {
		return fmt.Errorf("population: want 1 to %d homes and 7 to 366 days", maxHomes)
	}
	if !(o.League >= 0 && o.League <= 1) { // nor what is no number
		return fmt.Errorf("population: want a share of homes in league from 0 to 1, not %g", o.League)
	}
	if o.Tail <= 0 {
		o.Tail = 1
	}
	if o.Shards <= 0 {
		o.Shards = 64
	}
	o.Shards = min(o.Shards, o.Homes)
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	return nil
}

func newSim(o Options) (*sim, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	s := &sim{o: o, w: newWorld(o.Seed, o.Days)}
	s.cloud = newCloud(s.w, &s.o)
	s.book = newBook()
	for i := range o.Shards {
		sh := &shard{}
		for id := i * o.Homes / o.Shards; id < (i+1)*o.Homes/o.Shards; id++ {
			h := s.w.settle(uint64(id)+1, &s.o)
			h.gateway = newGateway(h, s.cloud)
			sh.houses = append(sh.houses, h)
		}
		s.shards = append(s.shards, sh)
	}
	for _, sh := range s.shards {
		for _, h := range sh.houses {
			s.cloud.meet(h)
		}
	}
	return s, nil
}

// run plays all days.
func (s *sim) run(ctx context.Context) error {
	for day := range s.o.Days {
		if err := s.play(ctx, day); err != nil {
			return err
		}
		var all []told
		for _, sh := range s.shards {
			all = append(all, sh.told...)
			s.book.tally.add(&sh.tally)
			s.cloud.take(sh)
			sh.told, sh.samples, sh.tally = sh.told[:0], sh.samples[:0], tally{}
		}
		s.cloud.night(day, all, s.book)
		s.o.Say("day %d of %d: %d findings", day+1, s.o.Days, len(all))
	}
	return nil
}

// play simulates a day of all homes.
func (s *sim) play(ctx context.Context, day int) error {
	next := make(chan *shard, len(s.shards)) // filled and closed here, so that nobody waits
	for _, sh := range s.shards {
		next <- sh
	}
	close(next)
	var wait sync.WaitGroup
	for range s.o.Workers {
		wait.Go(func() {
			for sh := range next {
				if ctx.Err() != nil {
					return
				}
				for _, h := range sh.houses {
					s.live(sh, h, day)
				}
			}
		})
	}
	wait.Wait()
	return ctx.Err()
}

// live is a home's day.
func (s *sim) live(sh *shard, h *house, day int) {
	if day < h.joined {
		return
	}
	h.gateway.begin(sh, day)
	for i := range h.devices {
		d := &h.devices[i]
		h.gateway.lookBack(d, i)
		sh.acts = s.w.day(h, i, day, &s.o, sh.acts)
		for j := range sh.acts {
			h.gateway.contact(d, i, &sh.acts[j])
			d.week.count(&sh.acts[j], day)
		}
		h.gateway.end(d)
		d.week.close(len(sh.acts) > 0)
		sh.tally.days(len(sh.acts))
	}
	if s.w.guest(h, day) {
		h.gateway.guest(s.w, day)
	}
	sh.tally.home(h, day, s.cloud.speaks())
	if day%7 == 6 {
		h.vote(sh, day)
	}
}
