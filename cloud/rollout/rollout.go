// Package rollout publishes signed bundles for gateways: a repository of The Update Framework (TUF) whose files live in
// its own tables, so that any number of processes may serve it. The first bundle is "lists": indicator lists as one
// canonical text (package intel/pack), compressed whole, and as deltas from each version to the next. It imports intel and
// the database; nobody else writes its tables. Bundles belong to the installation, not to a tenant.
//
// Paths of files: metadata/timestamp.json, metadata/N.root.json, metadata/N.snapshot.json, metadata/N.targets.json and
// targets/NAME/HASH.whole-VERSION, targets/NAME/HASH.delta-VERSION (from the version before).
package rollout

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Migrations are the tables of this room.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// How long a role's metadata is valid. It is signed again when half of that has passed.
const (
	lifeRoot      = 2 * 365 * 24 * time.Hour
	lifeTargets   = 60 * 24 * time.Hour
	lifeSnapshot  = 30 * 24 * time.Hour
	lifeTimestamp = 48 * time.Hour
)

const (
	keepDeltas = 72 // versions back from which a gateway can catch up by deltas
	keepWholes = 3  // a download that has begun may end
	checkEvery = 10 * time.Minute
)

// Rollout is the repository. Its methods may be called at once by any number of goroutines and processes.
type Rollout struct {
	d    *db.DB
	keys Keys
	now  func() time.Time
	log  *slog.Logger

	shelves *shelves // of the same repository with other keys, too

	// Changed is called after a commit that may give homes another version; it must not block. Every is how often Run looks; 0: each 5
	// seconds. Both are set before use.
	Changed func()
	Every   time.Duration
	// Tell tells a provider's own systems of a step, in its transaction; nil: nobody. It is set before use.
	Tell func(tx *db.Tx, p Plan, what string) error

	by func(tx *db.Tx, what string) error // notes what somebody publishes by hand; nil: nothing is noted
}

func (r *Rollout) changed() {
	if r.Changed != nil {
		r.Changed()
	}
}

// New makes the repository's door. Nothing is signed before it is needed.
func New(d *db.DB, keys Keys, now func() time.Time, log *slog.Logger) *Rollout {
	return &Rollout{d: d, keys: keys, now: now, log: log, shelves: &shelves{}}
}

// Run signs metadata again before it expires and brings rollouts on, until ctx ends. Several processes may do it at once.
func (r *Rollout) Run(ctx context.Context) error {
	every := cmp.Or(r.Every, 5*time.Second)
	tick, look := time.NewTicker(checkEvery), time.NewTimer(every)
	defer tick.Stop()
	defer look.Stop()
	was := ""
	var rest time.Time // until then nobody looks, unless somebody changed something
	for renew := true; ; {
		now, err := r.mark(ctx)
		news := err == nil && now != was
		if news {
			if was != "" { // it may have been beside this process
				r.changed()
			}
			was = now
		}
		if began := time.Now(); news || began.After(rest) {
			most, err := r.look(ctx)
			if err != nil && ctx.Err() == nil {
				r.log.Error("rollouts cannot be brought on; it is tried again", "error", err)
			}
			rest = time.Now().Add(min(lookShare*time.Since(began), most)) // a look at a rollout reads how each home is
		}
		look.Reset(every)
		if !renew {
			select {
			case <-ctx.Done():
				return nil
			case <-look.C:
			case <-tick.C:
				renew = true
			}
			continue
		}
		renew = false
		if err := r.Renew(ctx); err != nil && ctx.Err() == nil {
			r.log.Error("bundle metadata cannot be signed again", "error", err)
		}
	}
}

// lookShare is how many times as long as a look takes nobody looks then: a million homes must not keep a processor busy for days. What
// somebody starts, halts or pins is seen at once all the same, and a ring is looked at lookTimes times at least while it lasts.
const (
	lookShare = 20
	lookTimes = 16
)

// mark differs when what homes get may differ.
func (r *Rollout) mark(ctx context.Context) (out string, err error) {
	err = r.d.View(ctx, func(tx *db.Tx) error {
		var plans, events, pins, made, goods, good int64
		err := errors.Join(
			tx.Row(`SELECT COUNT(*) FROM rollout_plan`).Scan(&plans),
			tx.Row(`SELECT COUNT(*) FROM rollout_event`).Scan(&events), // each step of a rollout is one, whatever the clock says
			tx.Row(`SELECT COUNT(*), COALESCE(MAX(made), 0) FROM rollout_pin`).Scan(&pins, &made),
			tx.Row(`SELECT COUNT(*), CAST(COALESCE(SUM(version), 0) AS BIGINT) FROM rollout_good`).Scan(&goods, &good))
		out = fmt.Sprint(plans, events, pins, made, goods, good)
		return err
	})
	return out, err
}

// at is the time as the tables keep it: what is read again is the same.
func (r *Rollout) at() time.Time { return r.now().UTC().Truncate(time.Millisecond) }

// Renew makes the repository if there is none, takes keys that changed into the root and signs again what has passed half
// of its life. also is done in the same transaction.
func (r *Rollout) Renew(ctx context.Context, also ...func(*db.Tx) error) error {
	return r.write(ctx, func(tx *db.Tx) error {
		for _, f := range also {
			if err := f(tx); err != nil {
				return err
			}
		}
		return r.sign(tx, false)
	})
}

// write runs f alone among all writers of the repository.
func (r *Rollout) write(ctx context.Context, f func(*db.Tx) error) error {
	return r.d.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE rollout_turn SET turn = turn + 1 WHERE id = 1`)
		if err == nil && n != 1 {
			err = errors.New("rollout_turn has lost its row")
		}
		if err != nil {
			return fmt.Errorf("repository: %w", err)
		}
		return f(tx)
	})
}

// Root is the newest root metadata: what an agent trusts from its enrolment on.
func (r *Rollout) Root(ctx context.Context) ([]byte, error) {
	root, err := r.role(ctx, metadata.ROOT)
	if err == nil && root == nil {
		if err = r.Renew(ctx); err == nil {
			root, err = r.role(ctx, metadata.ROOT)
		}
	}
	return root, err
}

func (r *Rollout) role(ctx context.Context, name string) (data []byte, err error) {
	err = r.d.View(ctx, func(tx *db.Tx) error {
		_, data, err = readRole(tx, name)
		return err
	})
	return data, err
}

// Newest gives each bundle's newest version.
func (r *Rollout) Newest(ctx context.Context) ([]*pb.BundleVersion, error) {
	var out []*pb.BundleVersion
	err := r.d.View(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query(`SELECT name, MAX(version) FROM rollout_bundle GROUP BY name ORDER BY name`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			v := &pb.BundleVersion{}
			if err := rows.Scan(&v.Name, &v.Version); err != nil {
				return err
			}
			out = append(out, v)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("newest bundles: %w", err)
	}
	return out, nil
}

// File reads at most limit bytes of a repository's file, from offset, and tells the file's size. No such file: no bytes, a size
// of 0 and no error.
func (r *Rollout) File(ctx context.Context, path string, offset int64, limit int) (data []byte, size int64, err error) {
	if offset < 0 || limit <= 0 || len(path) > 200 {
		return nil, 0, errors.New("repository file: bad request")
	}
	err = r.d.View(ctx, func(tx *db.Tx) error {
		data, size, err = readFile(tx, path, offset, limit)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("repository file %s: %w", path, err)
	}
	return data, size, nil
}

// Paths are those of all files of the repository: targets first, and last the timestamp, by which what is new begins to count.
func (r *Rollout) Paths(ctx context.Context) (out []string, err error) {
	err = r.d.View(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query(`SELECT path FROM rollout_file ORDER BY path DESC`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var path string
			if err := rows.Scan(&path); err != nil {
				return err
			}
			out = append(out, path)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("repository's files: %w", err)
	}
	const last = "metadata/timestamp.json"
	if i := slices.Index(out, last); i >= 0 {
		out = append(slices.Delete(out, i, i+1), last)
	}
	return out, nil
}

// With gives the same repository with other keys.
func (r *Rollout) With(keys Keys) *Rollout {
	next := *r
	next.keys = keys
	return &next
}
