package bench

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"cardea/cloud"
	"cardea/cloud/account"
	"cardea/home"
	"cardea/lab/bench/cell"

	"golang.org/x/sys/unix"
)

const (
	cloudHomes  = 20_000
	cloudPages  = 1000 // homes whose page is read
	staffHomes  = 30   // homes that staff look at
	pageGoal    = 100  // milliseconds
	staffRounds = 10   // times each of the staff's lists is read
)

// Cloud fills a store with many made-up homes and measures, through the real HTTP server, what a resident's app and the staff
// page ask for. Nobody else asks meanwhile.
func Cloud(ctx context.Context, o Options) (_ *Report, err error) {
	o.defaults(20)
	r := newReport("cloud", o)
	homes := o.Homes
	if homes == 0 {
		homes = max(o.scaled(cloudHomes), cell.Patterns)
	}
	dir := o.Data
	if dir == "" {
		if dir, err = os.MkdirTemp("", "cardea-bench-"); err != nil {
			return nil, fmt.Errorf("folder for the store: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	c, filled, err := filledStore(ctx, dir, homes, o)
	if err != nil {
		return nil, err
	}
	m, err := measureCloud(ctx, c, o)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(c.Store())
	if err != nil {
		return nil, err
	}
	r.Input = map[string]any{"homes": c.Homes, "made_up": true, "store_bytes": info.Size(), "fill_seconds": filled.Round(100 * time.Millisecond).Seconds(),
		"devices": "4 to 9 a home, 3 days of roll-ups", "pages": len(m.pages)}
	m.report(r)
	return r.done(), nil
}

// filledStore fills a folder, or takes it as it is.
func filledStore(ctx context.Context, dir string, homes int, o Options) (*cell.Cell, time.Duration, error) {
	begun := time.Now()
	c, err := cell.Open(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		o.Say("filling %s with %d made-up homes", dir, homes)
		c, err = cell.Fill(ctx, dir, homes, o.Say)
		return c, time.Since(begun), err
	case err != nil:
		return nil, 0, err
	case o.Homes != 0 && c.Homes != o.Homes:
		return nil, 0, fmt.Errorf("%s has %d homes already: want a folder that is empty, or the same number", dir, c.Homes)
	}
	o.Say("%s has %d made-up homes; their gateways beat again", dir, c.Homes)
	return c, 0, c.Beat(ctx)
}

// visitor is somebody who is signed in.
type visitor struct {
	n       int // of the home
	place   home.Place
	session string
}

// signIn has residents of homes in no order sign in, and one of the staff, without the server: what it would have read for
// that is not to be in its memory.
func signIn(ctx context.Context, c *cell.Cell, n int) (residents []visitor, staff visitor, err error) {
	rooms, err := cloud.Open(ctx, c.Config())
	if err != nil {
		return nil, staff, err
	}
	defer func() { err = errors.Join(err, rooms.Close()) }()
	enter := func(k account.Kind, person string) (string, error) {
		link, err := rooms.Accounts.SignInLink(ctx, k, c.Tenant, person, time.Hour)
		if err != nil {
			return "", err
		}
		_, session, err := rooms.Accounts.SignInBy(ctx, k, link)
		return session, err
	}
	if staff.session, err = enter(account.Staff, c.Staff); err != nil {
		return nil, staff, fmt.Errorf("staff signs in: %w", err)
	}
	random := rand.New(rand.NewPCG(1, uint64(c.Homes)))
	for _, i := range random.Perm(c.Homes)[:min(n, c.Homes)] {
		v := visitor{n: i, place: c.Place(i)}
		if v.session, err = enter(account.Resident, c.Resident(i)); err != nil {
			return nil, staff, fmt.Errorf("resident of %s signs in: %w", v.place.Home, err)
		}
		residents = append(residents, v)
	}
	return residents, staff, nil
}

// dropCache has the kernel forget the store's pages, so that the first to ask for a home waits for the disk.
func dropCache(store string) error {
	names, err := filepath.Glob(store + "*")
	for _, name := range names {
		f, oerr := os.OpenFile(name, os.O_RDWR, 0)
		if oerr != nil {
			return oerr
		}
		err = errors.Join(err, f.Sync(), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED), f.Close())
	}
	if err != nil {
		return fmt.Errorf("drop the store's pages from memory: %w", err)
	}
	return nil
}
