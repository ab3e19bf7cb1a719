// Package eval measures how well devices are identified on labelled captures: folders with one folder a type, as research
// labs publish them. It plays each capture through the gateway's own capture and observer into identity.Book, learns from
// one folder and judges another (Identify), or leaves parts of one folder out in turn (Cross).
//
// It may import the gateway's capture and observe, identity and its parts; it owns nothing and writes no file.
package eval

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cardea/home"
)

// macFile is the name of the file in a type's folder that tells the device's addresses.
const macFile = "_iotdevice-mac.txt"

// folder is one type's captures.
type folder struct {
	name     string
	macs     []home.MAC // of the device; none when nobody wrote them down
	captures []string   // paths, sorted
}

// readFolders lists the types below dir.
func readFolders(dir string) ([]folder, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read captures: %w", err)
	}
	var out []folder
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		path := filepath.Join(dir, e.Name())
		st, err := os.Stat(path) // a type's folder may be a link
		if err != nil {
			return nil, fmt.Errorf("read captures: %w", err)
		}
		if !st.IsDir() {
			continue
		}
		f, err := readFolder(e.Name(), path)
		if err != nil {
			return nil, err
		}
		if len(f.captures) > 0 {
			out = append(out, f)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no captures; want one folder for each type of device with its *.pcap or *.pcapng files and %s", dir, macFile)
	}
	return out, nil
}

func readFolder(name, dir string) (folder, error) {
	f := folder{name: name}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir():
			return nil
		case e.Name() == macFile:
			macs, err := readMACs(path)
			f.macs = append(f.macs, macs...)
			return err
		case strings.Contains(e.Name(), ".pcap") || strings.HasSuffix(e.Name(), ".cap"):
			f.captures = append(f.captures, path)
		}
		return nil
	})
	if err != nil {
		return f, fmt.Errorf("read captures: %w", err)
	}
	slices.Sort(f.captures)
	return f, nil
}

const maxMACFile = 64 << 10

// readMACs reads addresses apart by whatever stands between them; what begins with '#' is a remark.
func readMACs(path string) ([]home.MAC, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(b) > maxMACFile {
		return nil, fmt.Errorf("%s: too large for a list of addresses", path)
	}
	var out []home.MAC
	for line := range strings.Lines(string(b)) {
		line, _, _ = strings.Cut(line, "#")
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\r\n,;\ufeff\"'", r) }) {
			m, err := home.ParseMAC(word)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			if m.IsZero() || m.IsGroup() {
				return nil, fmt.Errorf("%s: %s is no device's address", path, m)
			}
			if !slices.Contains(out, m) {
				out = append(out, m)
			}
		}
	}
	return out, nil
}

var errNoDevice = errors.New("the device is not in it")
