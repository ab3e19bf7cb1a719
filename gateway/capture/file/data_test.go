package file

import (
	"context"
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"cardea/home"
	"cardea/internal/realdata"
)

func isCapture(path string) bool {
	return strings.Contains(filepath.Base(path), ".pcap") && !strings.HasSuffix(path, ".out") || filepath.Ext(path) == ".cap" || filepath.Ext(path) == ".trace"
}

// counts tallies events by kind, and checks every flow's life on the way.
type counts struct {
	ledger
	kinds [16]int
}

func (c *counts) Handle(e *home.Event) {
	c.kinds[e.Kind]++
	c.ledger.Handle(e)
}

// The packets of each file as its publisher's manifest counts them.
func manifest(t testing.TB, dir string) map[string]uint64 {
	f, err := os.Open(filepath.Join(dir, "MANIFEST.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]uint64{}
	for _, row := range rows[1:] {
		if n, err := strconv.ParseUint(row[2], 10, 64); err == nil {
			m[row[0]] = n
		}
	}
	return m
}

// Every real capture, sound or broken, ends with its statistics or with one error that names a byte; where its publisher
// says how many packets it has, they are all found.
func TestEveryRealCapture(t *testing.T) {
	dir := realdata.Dir(t)
	want := manifest(t, dir)
	files, matched := 0, 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isCapture(path) {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		files++
		rel, _ := filepath.Rel(dir, path)
		c := &counts{ledger: ledger{t: t, open: map[uint64]home.FlowState{}}}
		s, err := Replay(context.Background(), f, c, Options{})
		var broken *FormatError
		if err != nil && !errors.As(err, &broken) {
			t.Errorf("%s: %v", rel, err)
		}
		if n, ok := want[rel]; ok {
			if s.Packets != n {
				t.Errorf("%s: %d packets, want %d (%v)", rel, s.Packets, n, err)
			}
			matched++
		}
		if len(c.open) != 0 || c.packets > s.Packets || c.bytes > s.Bytes {
			t.Errorf("%s: %d flows open, %d of %d packets, %d of %d bytes in flows", rel, len(c.open), c.packets, s.Packets, c.bytes, s.Bytes)
		}
		t.Logf("%s: %+v %v err %v", rel, s, c.kinds, err)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 300 || matched < 200 {
		t.Errorf("only %d captures, %d with a known count: is CARDEA_DATA whole?", files, matched)
	}
}
