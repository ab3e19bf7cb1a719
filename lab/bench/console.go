package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"cardea/cloud"
	"cardea/cloud/account"
	"cardea/cloud/staff/rights"
	"cardea/internal/platform/db"

	"github.com/google/uuid"
)

const (
	consoleHomes  = 5000
	consoleRounds = 5   // times that each question is asked
	consoleGoal   = 300 // milliseconds, for 95 of 100
	askedAtOnce   = 300 // requests of one session: below where it is told to wait
)

// Console fills a store with a simulated fleet, as cardea simulate --fill does, and measures by the real HTTP server what the staff's
// console asks for: each table with each filter and each order, at its beginning and deep in it, and each screen. Nobody else asks
// meanwhile, and no gateway tells anything.
func Console(ctx context.Context, o Options) (_ *Report, err error) {
	o.defaults(20)
	r := newReport("console", o)
	homes := o.Homes
	if homes == 0 {
		homes = o.scaled(consoleHomes)
	}
	dir := o.Data
	if dir == "" {
		if dir, err = os.MkdirTemp("", "cardea-bench-"); err != nil {
			return nil, fmt.Errorf("folder for the store: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	cfg := cloud.Config{Roles: []string{"broker", "api"}, Data: dir, DB: o.DB, Listen: "127.0.0.1:0", Connections: 16, StreamBytes: 32 << 20, NoLearn: true}
	filled, err := fillConsole(ctx, dir, homes, o)
	if err != nil {
		return nil, err
	}
	staff, err := staffOf(ctx, cfg, filled.Tenant)
	if err != nil {
		return nil, err
	}
	m, err := measureConsole(ctx, cfg, staff, o)
	if err != nil {
		return nil, err
	}
	r.Input = map[string]any{"homes": homes, "made_up": true, "fill_seconds": filled.Seconds, "database": kindOf(o.DB), "store_bytes": storeBytes(dir), "rounds": m.rounds,
		"questions": len(m.questions)}
	m.report(r)
	return r.done(), nil
}

func kindOf(where string) string {
	if where == "" {
		return "SQLite"
	}
	if d, err := db.Open(context.Background(), where); err == nil {
		defer func() { _ = d.Close() }() // nothing was written
		if d.Postgres() {
			return "PostgreSQL"
		}
	}
	return "SQLite"
}

// storeBytes is the size of SQLite's file; 0 where there is none.
func storeBytes(dir string) int64 {
	info, err := os.Stat(filepath.Join(dir, "cardea.db"))
	if err != nil {
		return 0
	}
	return info.Size()
}

// filledFleet is what the program says of a fleet that it made up.
type filledFleet struct {
	Tenant  string  `json:"tenant"`
	Seconds float64 `json:"seconds"`
}

// fillConsole has the program fill the store, or go on with one that it filled before.
func fillConsole(ctx context.Context, dir string, homes int, o Options) (f filledFleet, err error) {
	if _, err := os.Stat(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	argv := append([]string{}, o.Cardea...)
	if len(argv) == 0 {
		return f, errors.New("fill the store: want the program")
	}
	argv = append(argv, "simulate", "--fill", "--json", "--homes", strconv.Itoa(homes), "--data", dir)
	if o.DB != "" {
		argv = append(argv, "--db", o.DB)
	}
	o.Say("filling %s with %d made-up homes", dir, homes)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return f, fmt.Errorf("fill the store: %w", err)
	}
	if err := json.Unmarshal(out, &f); err != nil {
		return f, fmt.Errorf("fill the store: %w", err)
	}
	o.Say("filled in %.0f s", f.Seconds)
	return f, nil
}

// staffOf makes somebody who sees each screen, and signs them in as often as is asked for: a session may ask only so often.
func staffOf(ctx context.Context, cfg cloud.Config, tenant string) (sessions func() (string, error), err error) {
	rooms, err := cloud.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rooms.Close()) }()
	who, err := rooms.Accounts.AddStaff(ctx, tenant, uuid.NewString()+"@bench.example", "Staff of the benchmark", uuid.NewString(),
		rights.Tier2, rights.SOC, rights.Engineer, rights.Admin)
	if err != nil {
		return nil, fmt.Errorf("staff: %w", err)
	}
	var all []string
	for range consoleSessions {
		link, err := rooms.Accounts.SignInLink(ctx, account.Staff, tenant, who.ID, time.Hour)
		if err != nil {
			return nil, fmt.Errorf("staff signs in: %w", err)
		}
		_, session, err := rooms.Accounts.SignInBy(ctx, account.Staff, link)
		if err != nil {
			return nil, fmt.Errorf("staff signs in: %w", err)
		}
		all = append(all, session)
	}
	n := 0
	return func() (string, error) {
		n++
		if i := n / askedAtOnce; i < len(all) {
			return all[i], nil
		}
		return "", errors.New("more questions than there are sessions for")
	}, nil
}

const consoleSessions = 40
