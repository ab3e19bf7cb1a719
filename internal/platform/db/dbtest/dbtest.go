// Package dbtest gives tests real databases: SQLite in a file, and a PostgreSQL server of the test binary's own, which ends
// with it. It is for tests only; it may import db.
package dbtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"cardea/internal/platform/db"
)

// Each runs f on every kind of database, each time on an empty one.
func Each(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, Postgres(t)) })
}

// SQLite makes an empty SQLite database for one test.
func SQLite(t testing.TB) *db.DB {
	t.Helper()
	return Open(t, "sqlite:"+filepath.Join(t.TempDir(), "cardea.db"))
}

// Postgres makes an empty schema for one test, on a PostgreSQL server that all tests of the binary share.
func Postgres(t testing.TB) *db.DB {
	t.Helper()
	return Open(t, PostgresURL(t))
}

// PostgresURL makes an empty schema as Postgres does and tells the URL that opens it, for tests that open it themselves.
func PostgresURL(t testing.TB) string {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	return s.Schema(t)
}

// Open opens a database and closes it when the test ends.
func Open(t testing.TB, where string) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), where)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// shared is the one server of the test binary. It is not stopped by anybody: it ends when the process does.
var shared = sync.OnceValues(func() (*Server, error) { return start(false) })

var schemas atomic.Int64

// Schema makes an empty schema on the server, which goes when the test ends, and tells the URL that opens it.
func (s *Server) Schema(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", schemas.Add(1))
	if err := s.exec("CREATE SCHEMA " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.exec("DROP SCHEMA IF EXISTS " + name + " CASCADE"); err != nil {
			t.Error(err)
		}
	})
	return s.URL() + "&" + url.Values{"search_path": {name}}.Encode()
}

func (s *Server) exec(q string) error {
	d, err := db.Open(context.Background(), s.URL())
	if err != nil {
		return err
	}
	err = d.Tx(context.Background(), func(tx *db.Tx) error {
		_, err := tx.Exec(q)
		return err
	})
	return errors.Join(err, d.Close())
}
