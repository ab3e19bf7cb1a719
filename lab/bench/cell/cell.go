// Package cell fills a store of the cloud with many made-up homes, to measure a large one. A hundred patterns are made by the
// cloud's own contexts; all other homes are copies of them, made by the database, table by table and day by day, so that a
// home's rows lie as scattered as those of real homes, who told one thing after the other. It imports the cloud with its
// contexts, wire and internal/platform/db, and owns the folder that it fills. cmd/cardea calls it through lab/bench.
package cell

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"cardea/cloud"
	"cardea/home"
	"cardea/internal/platform/db"
)

// Patterns is how many homes the contexts make themselves; the fewest that a cell can have.
const Patterns = 100

// year is how long ago the first home came.
const year = 365 * 24 * time.Hour

// Cell is a folder with a filled store.
type Cell struct {
	Tenant   string    `json:"tenant"`
	Homes    int       `json:"homes"`
	Filled   time.Time `json:"filled"`   // what homes told last was then
	Patterns []person  `json:"patterns"` // the first homes
	Staff    string    `json:"staff"`

	dir string
}

// person lives in a home.
type person struct {
	Home    string `json:"home"`
	Gateway string `json:"gateway"`
	Person  string `json:"person"`
}

const mark = "cell.json"

// Open takes a folder that was filled before; fs.ErrNotExist says that it was not.
func Open(dir string) (*Cell, error) {
	b, err := os.ReadFile(filepath.Join(dir, mark))
	if err != nil {
		return nil, fmt.Errorf("filled store: %w", err)
	}
	c := &Cell{dir: dir}
	if err := json.Unmarshal(b, c); err != nil || len(c.Patterns) != Patterns || c.Homes < Patterns {
		return nil, fmt.Errorf("filled store: %s is not one of ours", filepath.Join(dir, mark))
	}
	return c, nil
}

// Config is how the cloud runs on it.
func (c *Cell) Config() cloud.Config { return config(c.dir) }

func config(dir string) cloud.Config {
	return cloud.Config{Data: dir, Listen: "127.0.0.1:0", Connections: 16, StreamBytes: 32 << 20, Public: "http://localhost:8490"}
}

// Store is the database's file.
func (c *Cell) Store() string { return filepath.Join(c.dir, "cardea.db") }

// Place is the nth home.
func (c *Cell) Place(n int) home.Place { return home.Place{Tenant: c.Tenant, Home: c.who(n).Home} }

// Resident is who lives in the nth home.
func (c *Cell) Resident(n int) string { return c.who(n).Person }

func (c *Cell) who(n int) person {
	if n < Patterns {
		return c.Patterns[n]
	}
	return person{Home: c.id(n, 1), Gateway: c.id(n, 2), Person: c.id(n, 3)}
}

// created is when the nth home came: one after the other, over a year.
func (c *Cell) created(n int) time.Time {
	return c.Filled.Add(-year + time.Duration(float64(year)*float64(n)/float64(c.Homes+1))).Truncate(time.Millisecond)
}

// id is a UUIDv7 of that time, always the same for the same home.
func (c *Cell) id(n int, kind uint64) string {
	ms, r := uint64(c.created(n).UnixMilli()), mix(uint64(n)<<4|kind)
	return fmt.Sprintf("%08x-%04x-7%03x-%04x-%012x", ms>>16, ms&0xffff, r>>52, 0x8000|r>>38&0x3fff, r&0xffffffffffff)
}

// mix spreads a number over 64 bits, as SplitMix64 does at its end.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Fill makes a cell in an empty folder. say is told how far it is.
func Fill(ctx context.Context, dir string, homes int, say func(f string, a ...any)) (_ *Cell, err error) {
	if homes < Patterns {
		return nil, fmt.Errorf("fill: want at least %d homes", Patterns)
	}
	if _, err := os.Stat(filepath.Join(dir, "cardea.db")); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("fill: %s has a store already", dir)
	}
	rooms, err := cloud.Open(ctx, config(dir))
	if err != nil {
		return nil, fmt.Errorf("fill: %w", err)
	}
	defer func() { err = errors.Join(err, rooms.Close()) }()
	c := &Cell{Homes: homes, Filled: time.Now().UTC().Truncate(time.Millisecond), dir: dir}
	d, err := db.Open(ctx, "sqlite:"+c.Store())
	if err != nil {
		return nil, fmt.Errorf("fill: %w", err)
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	f := &filler{Cell: c, rooms: rooms, db: d, say: say}
	for _, step := range []func(context.Context) error{f.patterns, f.copies, f.incidents, f.heartbeats, f.finish} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("fill: %w", err)
		}
	}
	return c, nil
}

// finish says in the folder what is in it.
func (f *filler) finish(ctx context.Context) error {
	if err := f.exec(ctx, "DROP TABLE bench_home"); err != nil {
		return err
	}
	b, err := json.Marshal(f.Cell)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(f.dir, mark), b, 0o600)
}

func (f *filler) exec(ctx context.Context, q string) error {
	return f.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(q)
		return err
	})
}
