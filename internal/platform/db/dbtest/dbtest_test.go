package dbtest

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardea/internal/platform/db"
)

// TestEach shows that both kinds are real and empty, and that two tests do not see each other's tables.
func TestEach(t *testing.T) {
	for range 2 {
		Each(t, func(t *testing.T, d *db.DB) {
			err := d.Tx(context.Background(), func(tx *db.Tx) error {
				if _, err := tx.Exec("CREATE TABLE thing (id BIGINT PRIMARY KEY)"); err != nil {
					return err
				}
				_, err := tx.Exec("INSERT INTO thing (id) VALUES (?)", 7)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestServerEndsWithUs kills a process that has a server: the server and its folder must go.
func TestServerEndsWithUs(t *testing.T) {
	if os.Getenv("DBTEST_CHILD") != "" {
		s, err := start(false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stdout.WriteString("DIR " + s.dir + "\n"); err != nil {
			t.Fatal(err)
		}
		select {}
	}
	c := exec.Command(os.Args[0], "-test.run=^TestServerEndsWithUs$")
	c.Env = append(os.Environ(), "DBTEST_CHILD=1")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var dir string
	for lines := bufio.NewScanner(out); dir == "" && lines.Scan(); {
		dir, _ = strings.CutPrefix(lines.Text(), "DIR ")
	}
	if dir == "" {
		t.Fatalf("no server: %v", c.Wait())
	}
	b, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.SplitN(string(b), "\n", 2)[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(syscall.Kill(pid, 0), c.Process.Kill()); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // killed: that is its error
	deadline := time.Now().Add(startTime)
	for {
		_, err := os.Stat(dir)
		if os.IsNotExist(err) && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server %d or its folder %s outlived its process", pid, dir)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
