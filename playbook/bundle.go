package playbook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
)

// MaxBundle is how large playbooks may be as they travel, in bytes. Gateways keep them in memory, and take no more.
const MaxBundle = 1 << 20

const bundleFormat = 1

var fileRE = regexp.MustCompile(`^[a-z][a-z0-9-]{1,60}\.yaml$`)

// bundle is the form in which playbooks travel: the files themselves, so that whoever reads them checks all that Parse checks.
type bundle struct {
	Format int               `json:"format"`
	Files  map[string]string `json:"files"` // by name
}

// Pack makes the text of a folder's playbooks that ParseBundle reads. What Parse refuses makes none. The same files make the same bytes.
func Pack(dir fs.FS) ([]byte, error) {
	files, err := read(dir)
	if err != nil {
		return nil, err
	}
	b := bundle{Format: bundleFormat, Files: make(map[string]string, len(files))}
	for name, text := range files {
		b.Files[name] = string(text)
	}
	out, err := b.text()
	if err != nil {
		return nil, err
	}
	if _, err := ParseBundle(out); err != nil {
		return nil, err
	}
	return out, nil
}

func (b *bundle) text() ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(b); err != nil { // it sorts the names
		return nil, err
	}
	return out.Bytes(), nil
}

// ParseBundle reads playbooks as they travel. Whatever b holds: an error that names the file and what is wrong, or a whole shelf.
func ParseBundle(b []byte) (*Shelf, error) {
	if len(b) > MaxBundle {
		return nil, fmt.Errorf("playbooks: %d bytes: at most %d", len(b), MaxBundle)
	}
	var in bundle
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, fmt.Errorf("playbooks: %w", err)
	}
	if in.Format != bundleFormat {
		return nil, fmt.Errorf("playbooks: format %d is not known", in.Format)
	}
	if len(in.Files) > maxFiles {
		return nil, fmt.Errorf("playbooks: %d files: at most %d", len(in.Files), maxFiles)
	}
	// What is there twice, follows behind, or is written in another way is refused: what was looked at is what is used.
	if again, err := in.text(); err != nil || !bytes.Equal(again, b) {
		return nil, errors.New("playbooks: not in the form that is written")
	}
	files := make(map[string][]byte, len(in.Files))
	for name, text := range in.Files {
		if !fileRE.MatchString(name) {
			return nil, fmt.Errorf("playbooks: %.80q is no name of a file", name)
		}
		files[name] = []byte(text)
	}
	s, err := parse(files)
	if err != nil {
		return nil, fmt.Errorf("playbooks: %w", err)
	}
	return s, nil
}
