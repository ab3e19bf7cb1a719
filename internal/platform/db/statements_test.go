package db_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

// TestSameQueryInside: a query runs again while rows of the same text are being read, and more texts are used than are kept.
func TestSameQueryInside(t *testing.T) {
	d := dbtest.SQLite(t)
	if err := d.Migrate(t.Context(), "test", migrations); err != nil {
		t.Fatal(err)
	}
	if err := execute(d, t.Context(), "INSERT INTO thing (id, n) VALUES (1, 10), (2, 20), (3, 30)"); err != nil {
		t.Fatal(err)
	}
	const q = "SELECT n FROM thing WHERE id >= ? ORDER BY id"
	var read func(tx *db.Tx, from int) (sum int, err error)
	read = func(tx *db.Tx, from int) (sum int, err error) {
		rows, err := tx.Query(q, from)
		if err != nil {
			return 0, err
		}
		defer rows.Close()
		for rows.Next() {
			var n int
			if err := rows.Scan(&n); err != nil {
				return 0, err
			}
			sum += n
			if from++; from <= 3 {
				inner, err := read(tx, from)
				if err != nil {
					return 0, err
				}
				sum += 100 * inner
			}
		}
		return sum, rows.Err()
	}
	for _, with := range []func(context.Context, func(*db.Tx) error) error{d.View, d.Tx} {
		for round := range 2 {
			err := with(t.Context(), func(tx *db.Tx) error {
				// 10, 20 and 30; inside the first 20 and 30 with a 30 inside, inside the second 30.
				if got, err := read(tx, 1); err != nil || got != 60+100*(50+100*30)+100*30 {
					return fmt.Errorf("sum %d: %w", got, err)
				}
				for i := range 600 {
					var n int
					if err := tx.Row(fmt.Sprintf("SELECT %d + n FROM thing WHERE id = ?", i), 1).Scan(&n); err != nil || n != i+10 {
						return fmt.Errorf("text %d: %d: %w", i, n, err)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
	}
}

// TestPatientMovesTheLog: what is committed gets into the file itself by who is patient, and not while others wait for it.
func TestPatientMovesTheLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cardea.db")
	d := dbtest.Open(t, "sqlite:"+path)
	if err := d.Migrate(t.Context(), "test", migrations); err != nil {
		t.Fatal(err)
	}
	there := func(text string) bool {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Contains(b, []byte(text))
	}
	const q = "INSERT INTO thing (id, n, b) VALUES (?, 1, ?)"
	if err := execute(d, t.Context(), q, 1, []byte("in a hurry")); err != nil {
		t.Fatal(err)
	}
	if there("in a hurry") {
		t.Error("who was in a hurry moved the log")
	}
	if err := execute(d, db.Patient(t.Context()), q, 2, []byte("with patience")); err != nil {
		t.Fatal(err)
	}
	if !there("in a hurry") || !there("with patience") {
		t.Error("what was committed is not in the file")
	}
}
