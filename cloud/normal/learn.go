package normal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"time"

	"cardea/behavior/calibrate"
	"cardea/behavior/profile"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"

	"golang.org/x/sync/errgroup"
)

// Report says what Learn found and made.
type Report struct {
	Busy    bool // another process learns now: nothing was done
	Homes   int  // that told anything
	Teach   int  // of which voted
	Levels  int  // with a profile
	Shed    uint64
	Version uint64   // of the profiles in force; 0: none yet
	Changed bool     // this is a new one
	Moved   []uint64 // endpoints that became normal, or were and are not any more: worth to be judged again
}

// Rest is how long profiles stay as they are, unless an endpoint moves: what gateways fetch must be worth it.
const Rest = 20 * time.Hour

// Learn makes profiles of what homes told and has them published. It reads all of it anew each time.
func (n *Normal) Learn(ctx context.Context) (r Report, err error) {
	ctx = db.Patient(ctx)
	ok, err := n.turn(ctx, turnLearn, false)
	if err != nil || !ok {
		return Report{Busy: !ok}, err
	}
	defer func() { err = errors.Join(err, n.release(context.WithoutCancel(ctx), turnLearn)) }()
	if err := n.sweep(ctx); err != nil {
		return r, err
	}
	names, err := n.learnNames(ctx)
	if err != nil {
		return r, fmt.Errorf("names of endpoints: %w", err)
	}
	troubled, err := n.o.Troubled(ctx)
	if err != nil {
		return r, fmt.Errorf("homes with open incidents: %w", err)
	}
	before, err := n.counted(ctx)
	if err != nil {
		return r, err
	}
	now := n.o.Now()
	all, err := n.tallies(ctx, func() *tally { return newTally(now, before, troubled) })
	if err != nil {
		return r, err
	}
	r.Homes, r.Teach, r.Shed = all.homes, all.teach, all.counts.Shed()
	if err := n.build(ctx, all, names, &r); err != nil {
		return r, err
	}
	return r, n.adopted(ctx, all)
}

// tallies counts all homes: several goroutines, each its own homes.
func (n *Normal) tallies(ctx context.Context, empty func() *tally) (*tally, error) {
	grp, inner := errgroup.WithContext(ctx)
	chunks := make(chan []aHome, 2) // owner: the reader below, who closes it; full means that it waits
	parts := make([]*tally, min(runtime.GOMAXPROCS(0), 4))
	for i := range parts {
		parts[i] = empty()
		grp.Go(func() error {
			for homes := range chunks {
				for j := range homes {
					if err := parts[i].add(&homes[j]); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	grp.Go(func() error {
		defer close(chunks)
		return n.each(inner, scanOf{devices: true, days: true, found: true, levels: true, networks: true}, func(homes []aHome) error {
			select {
			case chunks <- homes:
				return nil
			case <-inner.Done():
				return inner.Err()
			}
		})
	})
	if err := grp.Wait(); err != nil {
		return nil, err
	}
	all := parts[0]
	for _, p := range parts[1:] {
		if err := all.merge(p); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// build makes the profiles and publishes them when they are worth it.
func (n *Normal) build(ctx context.Context, t *tally, names map[uint64]string, r *Report) error {
	last, err := n.publishedBy(ctx, turnLearn)
	if err != nil {
		return err
	}
	priors, err := n.priors(ctx)
	if err != nil {
		return err
	}
	tables, err := t.tables()
	if err != nil {
		return fmt.Errorf("calibration: %w", err)
	}
	options := profile.Options{Now: wire.Week(t.now) - 1, Version: last.version, Facts: n.o.Facts, Priors: priors, Qualify: t.qualify(), Fleet: uint32(t.homes),
		Calibration: func(l profile.Level) *calibrate.Tables { return tables[l] }}
	set := t.counts.Build(options)
	for p := range set.Profiles() {
		if p.Level() != (profile.Level{}) {
			r.Levels++
		}
	}
	r.Version = last.version
	if r.Moved, err = n.facts(ctx, t, set, tables, names); err != nil {
		return err
	}
	data, err := set.MarshalBinary()
	if err != nil {
		return fmt.Errorf("profiles: %w", err)
	}
	if last.sum == sumOf(data) || n.o.Publish == nil || r.Levels == 0 {
		return nil
	}
	if t.now.Sub(last.at) < Rest && len(r.Moved) == 0 {
		return nil
	}
	options.Version++
	if data, err = t.counts.Build(options).MarshalBinary(); err != nil {
		return fmt.Errorf("profiles: %w", err)
	}
	if _, r.Changed, err = n.o.Publish.PublishData(ctx, "profiles", data); err != nil {
		return fmt.Errorf("publish profiles: %w", err)
	}
	r.Version = options.Version
	return n.publish(ctx, turnLearn, publishing{options.Version, sumOf(data), t.now})
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// publishing is what was published last.
type publishing struct {
	version uint64
	sum     string
	at      time.Time
}

func (n *Normal) publishedBy(ctx context.Context, which int) (p publishing, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		var version, at int64
		err := tx.Row("SELECT version, sum, at FROM normal_turn WHERE id = ?", which).Scan(&version, &p.sum, &at)
		p.version, p.at = uint64(version), time.UnixMilli(at)
		return err
	})
	return p, err
}

func (n *Normal) publish(ctx context.Context, which int, p publishing) error {
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec("UPDATE normal_turn SET version = ?, sum = ?, at = ? WHERE id = ?", int64(p.version), p.sum, p.at.UnixMilli(), which)
		return err
	})
}

// counted is in how many homes each model was when it was counted last.
func (n *Normal) counted(ctx context.Context) (map[profile.Level]int, error) {
	out := map[profile.Level]int{}
	err := n.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query("SELECT class, vendor, model, homes FROM normal_model")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var class, vendor, model string
			var homes int
			if err := rows.Scan(&class, &vendor, &model, &homes); err != nil {
				return err
			}
			out[profile.Level{Class: home.DeviceClass(class), Vendor: vendor, Model: model}] = homes
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("models counted before: %w", err)
	}
	return out, nil
}
