package ingest

import (
	"strings"

	"cardea/internal/platform/db"
)

// chunks are how many rows one statement has: few different texts, so that each is prepared once.
var chunks = [...]int{128, 16, 1}

// eachChunk runs f on as few statements as have room for all rows; width is the number of arguments of a row.
func eachChunk(tuple string, width int, args []any, f func(tuples string, args []any) error) error {
	for _, n := range chunks {
		for len(args) >= n*width {
			if err := f(strings.Repeat(tuple+",", n-1)+tuple, args[:n*width]); err != nil {
				return err
			}
			args = args[n*width:]
		}
	}
	return nil
}

// insert runs "head tuple, tuple … tail" for all rows.
func insert(tx *db.Tx, head, tuple, tail string, width int, args []any) error {
	return eachChunk(tuple, width, args, func(tuples string, args []any) error {
		_, err := tx.Exec(head+tuples+tail, args...)
		return err
	})
}
