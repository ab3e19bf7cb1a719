package db_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

// rounds is how often something is killed: a few each time, many in a long round.
func rounds(few, many int) int {
	if os.Getenv("CARDEA_SOAK") != "" {
		return many
	}
	return few
}

// told is what writers were told about their rows.
type told struct {
	mu      sync.Mutex
	next    int64
	kept    map[int64]bool // committed; else whether it was is not known
	lost    []error        // neither
	changed *sync.Cond
}

func (w *told) write(d *db.DB, t *testing.T) {
	w.mu.Lock()
	w.next++
	id := w.next
	w.mu.Unlock()
	err := insert(d, t, id)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err == nil:
		w.kept[id] = true
	case db.Unknown(err):
		w.kept[id] = false
	default:
		w.lost = append(w.lost, err)
	}
	w.changed.Broadcast()
}

func insert(d *db.DB, t *testing.T, id int64) error {
	return d.Tx(t.Context(), func(tx *db.Tx) error {
		if _, err := tx.Exec("INSERT INTO thing (id, n) VALUES (?, 0)", id); err != nil {
			return err
		}
		_, err := tx.Exec("UPDATE thing SET n = 1 WHERE id = ?", id)
		return err
	})
}

// more waits until n more rows are committed.
func (w *told) more(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for want := len(w.kept) + n; len(w.kept) < want && len(w.lost) == 0; {
		w.changed.Wait()
	}
}

// TestPostgresRestarts: a server that is shut down and one that crashes, under load. Writers wait for it, what was committed
// is there, whole, and nothing else but what nobody knew about.
func TestPostgresRestarts(t *testing.T) {
	s := dbtest.NewServer(t)
	d := dbtest.Open(t, s.Schema(t))
	if err := d.Migrate(t.Context(), "test", migrations); err != nil {
		t.Fatal(err)
	}
	w := &told{kept: map[int64]bool{}}
	w.changed = sync.NewCond(&w.mu)
	stop := make(chan struct{}) // closed by this test at the end
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					w.write(d, t)
				}
			}
		})
	}
	for i := range rounds(3, 20) {
		w.more(50)
		signal := []string{"INT", "QUIT"}[i%2]
		if err := s.Stop(signal); err != nil {
			t.Error(err)
		}
		if err := s.Start(); err != nil {
			t.Error(err)
		}
	}
	w.more(50)
	close(stop)
	wg.Wait()
	for _, err := range w.lost {
		t.Errorf("a writer was told: %v", err)
	}
	w.check(t, d)
}

func (w *told) check(t *testing.T, d *db.DB) {
	t.Helper()
	found := map[int64]bool{}
	err := d.View(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Query("SELECT id, n FROM thing")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, n int64
			if err := rows.Scan(&id, &n); err != nil {
				return err
			}
			if _, may := w.kept[id]; n != 1 || !may {
				t.Errorf("row %d with %d, of which nobody was told", id, n)
			}
			found[id] = true
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	known := 0
	for id, kept := range w.kept {
		if kept {
			known++
		}
		if kept && !found[id] {
			t.Errorf("row %d was committed and is gone", id)
		}
	}
	t.Logf("%d rows committed, %d not known", known, len(w.kept)-known)
}

// TestViewWaitsForPostgres: somebody who reads while the server starts gets an answer, not an error.
func TestViewWaitsForPostgres(t *testing.T) {
	s := dbtest.NewServer(t)
	d := dbtest.Open(t, s.Schema(t))
	if err := d.Migrate(t.Context(), "test", migrations); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop("QUIT"); err != nil {
		t.Fatal(err)
	}
	started := make(chan error, 1) // from the goroutine that starts it
	calls := 0
	go func() { started <- s.Start() }()
	if err := d.View(t.Context(), func(tx *db.Tx) error {
		calls++
		return tx.Row("SELECT COUNT(*) FROM thing").Scan(new(int))
	}); err != nil || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
	if err := <-started; err != nil {
		t.Fatal(err)
	}
}

// TestSQLiteKilled kills a process that writes, at any point, again and again. What it said was committed must be there.
func TestSQLiteKilled(t *testing.T) {
	if path := os.Getenv("DB_TEST_CHILD"); path != "" {
		writeUntilKilled(t, path)
	}
	path := filepath.Join(t.TempDir(), "cardea.db")
	last, total := int64(0), 0
	for i := range rounds(5, 50) {
		said := killed(t, path, last, 20+17*i)
		total += len(said)
		d, err := db.Open(t.Context(), "sqlite:"+path)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range said {
			if number(t, d, "SELECT COUNT(*) FROM thing WHERE id = ? AND n = 1", id) != 1 {
				t.Errorf("row %d was committed and is gone", id)
			}
		}
		if n := number(t, d, "SELECT COUNT(*) FROM thing WHERE n <> 1"); n != 0 {
			t.Errorf("%d rows are half written", n)
		}
		last = number(t, d, "SELECT MAX(id) FROM thing")
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d rows committed", total)
}

// killed runs a child, which writes from row last+1 on, kills it once it has said n rows, and tells all that it said.
func killed(t *testing.T, path string, last int64, n int) []int64 {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestSQLiteKilled$")
	c.Env = append(os.Environ(), "DB_TEST_CHILD="+path, fmt.Sprintf("DB_TEST_FROM=%d", last+1))
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var said []int64
	for lines := bufio.NewScanner(out); lines.Scan(); {
		s, ok := strings.CutPrefix(lines.Text(), "ROW ")
		if id, err := strconv.ParseInt(s, 10, 64); ok && err == nil {
			said = append(said, id)
		} else {
			t.Logf("child: %s", lines.Text())
		}
		if len(said) == n {
			if err := c.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = c.Wait() // killed: that is its error
	if len(said) < n {
		t.Fatalf("the child said %d rows only", len(said))
	}
	return said
}

func writeUntilKilled(t *testing.T, path string) {
	d := dbtest.Open(t, "sqlite:"+path)
	if err := d.Migrate(t.Context(), "test", migrations); err != nil {
		t.Fatal(err)
	}
	from, err := strconv.ParseInt(os.Getenv("DB_TEST_FROM"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	for id := from; ; id++ {
		if err := insert(d, t, id); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Printf("ROW %d\n", id); err != nil {
			os.Exit(1) // nobody listens any more
		}
	}
}
