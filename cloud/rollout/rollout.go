// Package rollout publishes signed bundles for gateways: a repository of The Update Framework (TUF) whose files live in
// its own tables, so that any number of processes may serve it. The first bundle is "lists": indicator lists as one
// canonical text (package intel/pack), compressed whole, and as deltas from each version to the next. It imports intel and
// the database; nobody else writes its tables. Bundles belong to the installation, not to a tenant.
//
// Paths of files: metadata/timestamp.json, metadata/N.root.json, metadata/N.snapshot.json, metadata/N.targets.json and
// targets/NAME/HASH.whole-VERSION, targets/NAME/HASH.delta-VERSION (from the version before).
package rollout

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
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
}

// New makes the repository's door. Nothing is signed before it is needed.
func New(d *db.DB, keys Keys, now func() time.Time, log *slog.Logger) *Rollout {
	return &Rollout{d: d, keys: keys, now: now, log: log}
}

// Run signs metadata again before it expires, until ctx ends. Several processes may do it at once.
func (r *Rollout) Run(ctx context.Context) error {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		if err := r.Renew(ctx); err != nil && ctx.Err() == nil {
			r.log.Error("bundle metadata cannot be signed again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Renew makes the repository if there is none, takes keys that changed into the root and signs again what has passed half
// of its life.
func (r *Rollout) Renew(ctx context.Context) error {
	return r.write(ctx, func(tx *db.Tx) error { return r.sign(tx, false) })
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

// With gives the same repository with other keys.
func (r *Rollout) With(keys Keys) *Rollout { return New(r.d, keys, r.now, r.log) }
