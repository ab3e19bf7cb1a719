package playbook

import (
	"embed"
	"io/fs"
	"sync"
)

//go:embed data/*.yaml
var data embed.FS

// Default is the shelf that comes with the program.
var Default = sync.OnceValue(func() *Shelf {
	dir, err := fs.Sub(data, "data")
	if err == nil {
		var s *Shelf
		if s, err = Parse(dir); err == nil {
			return s
		}
	}
	panic("playbook: " + err.Error()) // a test reads the same data
})
