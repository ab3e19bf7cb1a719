package ledger

import (
	"os"
	"testing"
)

// What is erased altogether leaves no file, and the ledger goes on.
func TestEraseAllLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Options{SegmentBytes: 16 << 10, MaxBytes: 1 << 20})
	fill(t, l, 0, 2000)
	if err := l.Sync(); err != nil {
		t.Fatal(err)
	}
	fill(t, l, 2000, 2010) // in memory only
	if err := l.EraseAll(); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, l, Query{}); len(got) != 0 {
		t.Errorf("%d contacts are left", len(got))
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("files %v %v", files, err)
	}
	fill(t, l, 0, 5)
	for range 2 {
		if got := ask(t, l, Query{}); len(got) != 5 {
			t.Errorf("%d contacts after it", len(got))
		}
		l.Close()
		l = open(t, dir, Options{SegmentBytes: 16 << 10, MaxBytes: 1 << 20})
	}
}
