package db_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var migrations = fstest.MapFS{
	"migrations/00001_thing.sql":        {Data: []byte("-- +goose Up\nCREATE TABLE thing (id BIGINT PRIMARY KEY, n BIGINT NOT NULL, b BYTEA);\n")},
	"migrations/00002_own.sqlite.sql":   {Data: []byte("-- +goose Up\nCREATE VIEW own AS SELECT 'sqlite' AS name;\n")},
	"migrations/00002_own.postgres.sql": {Data: []byte("-- +goose Up\nCREATE VIEW own AS SELECT 'postgres' AS name;\n")},
}

// each runs f on every kind of database, with a table.
func each(t *testing.T, f func(t *testing.T, d *db.DB)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.Migrate(t.Context(), "test", migrations); err != nil {
			t.Fatal(err)
		}
		f(t, d)
	})
}

func execute(d *db.DB, ctx context.Context, q string, args ...any) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(q, args...)
		return err
	})
}

func number(t testing.TB, d *db.DB, q string, args ...any) (n int64) {
	t.Helper()
	if err := d.View(t.Context(), func(tx *db.Tx) error { return tx.Row(q, args...).Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCommitAndRollback(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		after := 0
		insert := func(id int, err error) error {
			return d.Tx(t.Context(), func(tx *db.Tx) error {
				tx.After(func() { after++ })
				n, xerr := tx.Exec("INSERT INTO thing (id, n, b) VALUES (?, ?, ?)", id, 1, []byte{0, 1})
				if xerr == nil && n != 1 {
					xerr = fmt.Errorf("%d rows", n)
				}
				return errors.Join(xerr, err)
			})
		}
		no := errors.New("no")
		if err := insert(1, no); !errors.Is(err, no) {
			t.Fatal(err)
		}
		if after != 0 || number(t, d, "SELECT COUNT(*) FROM thing") != 0 {
			t.Fatal("a transaction that failed left something")
		}
		if err := insert(1, nil); err != nil {
			t.Fatal(err)
		}
		if after != 1 || number(t, d, "SELECT COUNT(*) FROM thing WHERE id = ? AND b = ?", 1, []byte{0, 1}) != 1 {
			t.Fatal("a transaction that was committed is not there")
		}
		if err := insert(1, nil); !db.Duplicate(err) || db.NoRows(err) || after != 1 {
			t.Fatalf("the same key again: %v", err)
		}
		err := d.View(t.Context(), func(tx *db.Tx) error { return tx.Row("SELECT n FROM thing WHERE id = ?", 2).Scan(new(int)) })
		if !db.NoRows(err) || db.Duplicate(err) {
			t.Fatalf("no such row: %v", err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = d.Tx(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec("DELETE FROM thing")
				if err != nil {
					return err
				}
				panic("in the middle")
			})
		}()
		if number(t, d, "SELECT COUNT(*) FROM thing") != 1 {
			t.Fatal("a transaction that panicked was committed")
		}
	})
}

func TestViewOnlyReads(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		err := d.View(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec("INSERT INTO thing (id, n) VALUES (1, 1)")
			return err
		})
		if err == nil || number(t, d, "SELECT COUNT(*) FROM thing") != 0 {
			t.Fatalf("a view wrote: %v", err)
		}
	})
}

// TestViewIsOneMoment: what is committed while a view reads does not show in it.
func TestViewIsOneMoment(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		err := d.View(t.Context(), func(tx *db.Tx) error {
			var before, after int
			if err := tx.Row("SELECT COUNT(*) FROM thing").Scan(&before); err != nil {
				return err
			}
			if err := execute(d, t.Context(), "INSERT INTO thing (id, n) VALUES (1, 1)"); err != nil {
				return err
			}
			if err := tx.Row("SELECT COUNT(*) FROM thing").Scan(&after); err != nil {
				return err
			}
			if before != 0 || after != 0 {
				t.Errorf("%d rows, then %d", before, after)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestConcurrentWriters: each reads a number and writes the next one. On a database that loses updates the sum is too small.
func TestConcurrentWriters(t *testing.T) {
	const writers, rounds = 8, 10
	each(t, func(t *testing.T, d *db.DB) {
		if err := execute(d, t.Context(), "INSERT INTO thing (id, n) VALUES (1, 0)"); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for range rounds {
					err := d.Tx(t.Context(), func(tx *db.Tx) error {
						var n int
						if err := tx.Row("SELECT n FROM thing WHERE id = ?", 1).Scan(&n); err != nil {
							return err
						}
						_, err := tx.Exec("UPDATE thing SET n = ? WHERE id = ?", n+1, 1)
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if n := number(t, d, "SELECT n FROM thing WHERE id = 1"); n != writers*rounds {
			t.Fatalf("%d, want %d", n, writers*rounds)
		}
	})
}

// TestDeadlock: two transactions change two rows in opposite order, so that one must be run again.
func TestDeadlock(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		if err := execute(d, t.Context(), "INSERT INTO thing (id, n) VALUES (1, 0), (2, 0)"); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for w := range 2 {
			wg.Go(func() {
				for range 5 {
					err := d.Tx(t.Context(), func(tx *db.Tx) error {
						for i := range 2 {
							if _, err := tx.Exec("UPDATE thing SET n = n + 1 WHERE id = ?", 1+(w+i)%2); err != nil {
								return err
							}
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if n := number(t, d, "SELECT SUM(n) FROM thing"); n != 20 {
			t.Fatalf("%d, want 20", n)
		}
	})
}

func TestCancelled(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		err := d.Tx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec("INSERT INTO thing (id, n) VALUES (1, 1)")
			cancel()
			return err
		})
		if err == nil || number(t, d, "SELECT COUNT(*) FROM thing") != 0 {
			t.Fatalf("committed after it was cancelled: %v", err)
		}
		if err := execute(d, t.Context(), "INSERT INTO thing (id, n) VALUES (1, 1)"); err != nil {
			t.Fatal(err)
		}
	})
}

// TestMigrate: twice is once, several at the same time wait for each other, and each kind of database has its own texts.
func TestMigrate(t *testing.T) {
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			where := "sqlite:" + filepath.Join(t.TempDir(), "cardea.db")
			if kind == "postgres" {
				where = dbtest.PostgresURL(t)
			}
			var wg sync.WaitGroup
			for range 5 {
				d := dbtest.Open(t, where)
				for _, name := range []string{"one", "two"} {
					wg.Go(func() {
						files := fstest.MapFS{}
						for path, f := range migrations {
							files[path] = &fstest.MapFile{Data: []byte(strings.NewReplacer("thing", "thing_"+name, "own", "own_"+name).Replace(string(f.Data)))}
						}
						for range 2 {
							if err := d.Migrate(t.Context(), name, files); err != nil {
								t.Error(err)
							}
						}
					})
				}
			}
			wg.Wait()
			var got string
			if err := dbtest.Open(t, where).View(t.Context(), func(tx *db.Tx) error { return tx.Row("SELECT name FROM own_two").Scan(&got) }); err != nil || got != kind {
				t.Fatalf("%q, %v", got, err)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	const secret = "hunter2secret"
	ctx := t.Context()
	for _, where := range []string{
		"", "mysql://root:" + secret + "@127.0.0.1/x", "sqlite:/nowhere/at/all/x.db", "sqlite:" + t.TempDir(),
		"postgres://u:" + secret + "@127.0.0.1:1/x?connect_timeout=1", "postgres://u:" + secret + "@127.0.0.1:port/x", "postgres://u:" + secret + "%zz@h/x",
		"postgres://u:" + secret + "@h/x?sslmode=never", "postgres://u:" + secret + "@h/x?pool_max_conns=0", "postgresql://u@127.0.0.1:1/x?password=" + secret,
	} {
		d, err := db.Open(ctx, where)
		if err == nil {
			d.Close()
			t.Errorf("%q was opened", where)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestSQLiteFileIsPrivate(t *testing.T) {
	dir := t.TempDir()
	d := dbtest.Open(t, "sqlite:"+filepath.Join(dir, "a ? b#c.db"))
	if err := d.Migrate(t.Context(), "test", migrations); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || info.Mode().Perm() != 0o600 || !strings.HasPrefix(f.Name(), "a ? b#c.db") {
			t.Errorf("%s has mode %v, %v", f.Name(), info.Mode(), err)
		}
	}
}

// TestSameStatementAgain: a statement that a transaction executes many times takes each time's arguments, errors in between
// and other statements between do it no harm.
func TestSameStatementAgain(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			for i := range 20 {
				for _, q := range []string{"INSERT INTO thing (id, n) VALUES (?, ?)", "UPDATE thing SET n = n + 100 WHERE id = ? AND n = ?"} {
					if n, err := tx.Exec(q, i, 2*i); err != nil || n != 1 {
						return fmt.Errorf("%s: %d rows: %w", q, n, err)
					}
				}
				var n int
				if err := tx.Row("SELECT n FROM thing WHERE id = ?", i).Scan(&n); err != nil || n != 2*i+100 {
					return fmt.Errorf("row %d is %d: %w", i, n, err)
				}
			}
			return nil
		})
		if err != nil || number(t, d, "SELECT SUM(n) FROM thing") != 2380 {
			t.Fatal(err)
		}
		err = d.Tx(t.Context(), func(tx *db.Tx) error {
			for range 3 {
				if _, err := tx.Exec("INSERT INTO thing (id, n) VALUES (?, ?)", 21, 0); err != nil {
					return err
				}
			}
			return nil
		})
		if !db.Duplicate(err) || number(t, d, "SELECT COUNT(*) FROM thing") != 20 {
			t.Fatalf("the same row three times: %v", err)
		}
	})
}
