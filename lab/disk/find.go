package disk

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Found are the places in which each name is, by name.
type Found map[string][]string

// In says whether a name is in a place.
func (f Found) In(name, place string) bool { return slices.Contains(f[name], place) }

func (f Found) look(place string, b []byte, needles []Needle) {
	parts := reveal(b, depth)
	for i := range needles {
		if n := &needles[i]; n.in(parts) && !slices.Contains(f[n.name], place) {
			f[n.name] = append(f[n.name], place)
		}
	}
}

// Bytes looks into something that is not in a file, as a log; place is what it is called.
func (f Found) Bytes(place string, b []byte, needles ...Needle) { f.look(place, b, needles) }

// Folder looks into each file below a folder: a place is the file's path below it. Files that go meanwhile are passed over. Another
// program reads them: SQLite in this process would lose its locks on a file that this process closes.
func (f Found) Folder(ctx context.Context, dir string, needles ...Needle) (err error) {
	to, err := os.MkdirTemp("", "cardea-disk")
	if err != nil {
		return fmt.Errorf("search %s: %w", dir, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(to)) }()
	if err := copied(ctx, dir, to); err != nil {
		return fmt.Errorf("search %s: %w", dir, err)
	}
	err = filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		place, err := filepath.Rel(to, path)
		f.look(place, b, needles)
		return err
	})
	if err != nil {
		return fmt.Errorf("search %s: %w", dir, err)
	}
	return nil
}

// gone is what cp says of a file that was removed while it copied.
const gone = "No such file or directory"

func copied(ctx context.Context, dir, to string) error {
	if _, err := os.Stat(dir); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "cp", "-R", dir+"/.", to)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, gone) {
			return fmt.Errorf("%w: %s", err, line)
		}
	}
	return nil
}

// Database looks into each cell of an SQLite database, which others may use meanwhile: a place is table.column. The caller has a driver
// called sqlite, as the cloud does.
func (f Found) Database(ctx context.Context, path string, needles ...Needle) error {
	d, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		return fmt.Errorf("search %s: %w", path, err)
	}
	defer func() { _ = d.Close() }() // it was read only
	all, err := tables(ctx, d)
	if err != nil {
		return fmt.Errorf("search %s: %w", path, err)
	}
	for _, t := range all {
		if err := f.table(ctx, d, t, needles); err != nil {
			return fmt.Errorf("search %s: table %s: %w", path, t, err)
		}
	}
	return nil
}

func tables(ctx context.Context, d *sql.DB) (list []string, err error) {
	rows, err := d.QueryContext(ctx, "SELECT name FROM sqlite_master WHERE type = 'table'")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		list = append(list, name)
	}
	return list, rows.Err()
}

func (f Found) table(ctx context.Context, d *sql.DB, table string, needles []Needle) error {
	rows, err := d.QueryContext(ctx, `SELECT * FROM "`+table+`"`)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	cells, to := make([]any, len(names)), make([]any, len(names))
	for i := range cells {
		to[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			return err
		}
		for i, c := range cells {
			f.cell(table+"."+names[i], c, needles)
		}
	}
	return rows.Err()
}

func (f Found) cell(place string, cell any, needles []Needle) {
	switch v := cell.(type) {
	case []byte:
		f.look(place, v, needles)
	case string:
		f.look(place, []byte(v), needles)
	case int64:
		for i := range needles {
			if n := &needles[i]; slices.Contains(n.numbers, uint64(v)) && !slices.Contains(f[n.name], place) {
				f[n.name] = append(f[n.name], place)
			}
		}
	}
}
