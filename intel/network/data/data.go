// Package data holds the table of countries that ships inside the cloud's program: `make data` puts it into files from the
// pinned npm package (see ../SOURCE.md), packed. The program compiles without it and then knows large operators only. The
// agent never imports this package. It imports intel/network.
package data

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"cardea/intel/network"
)

// files has .gitkeep only until `make data`.
//
//go:embed all:files
var files embed.FS

const (
	name     = "files/country.mmdb.gz"
	maxTable = 32 << 20 // unpacked; it is some 5 MB

)

// ErrMissing says that the program was built without the table.
var ErrMissing = errors.New("the table of countries was not built in: run make data")

// Default is the table that ships; it is unpacked at the first question and takes some 5 MB from then on. With an error the
// table still answers, for large operators.
var Default = sync.OnceValues(func() (*network.Table, error) {
	t, err := open()
	if err != nil {
		bare, bareErr := network.Read()
		return bare, errors.Join(err, bareErr)
	}
	return t, nil
})

func open() (*network.Table, error) {
	packed, err := files.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrMissing
	}
	if err != nil {
		return nil, fmt.Errorf("the table of countries: %w", err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpacking the table of countries: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(z, maxTable+1))
	if err != nil || len(b) > maxTable {
		return nil, fmt.Errorf("unpacking the table of countries, %d bytes: %w", len(b), err)
	}
	return network.Read(b)
}
