// Package web holds the two apps as files, put into the binary: the residents' app and the staff page. It imports the standard
// library only and owns nothing: `npm ci && npm run build` makes dist, and the server decides how it is served.
package web

import (
	"embed"
	"io/fs"
)

// dist has .gitkeep only until the apps are built: the program compiles without Node.
//
//go:embed all:dist
var dist embed.FS

// Resident is the app for the people of a home; its base is "/". Empty until it was built.
func Resident() fs.FS { return below("dist/resident") }

// Operator is the page for staff; its base is "/staff/". Empty until it was built.
func Operator() fs.FS { return below("dist/operator") }

// Built says whether both apps are in this binary.
func Built() bool {
	for _, app := range []fs.FS{Resident(), Operator()} {
		if _, err := fs.Stat(app, "index.html"); err != nil {
			return false
		}
	}
	return true
}

func below(dir string) fs.FS {
	sub, err := fs.Sub(dist, dir)
	if err != nil {
		panic(err) // the names above are valid ones
	}
	return sub
}
