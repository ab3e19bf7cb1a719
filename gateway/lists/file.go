package lists

import (
	"errors"
	"fmt"
	"io"
	"os"

	"cardea/intel"
)

// open opens a list and finds out what it is about. The list is set as far as it is known, also with an error.
func open(name, path string) (intel.List, *os.File, error) {
	list, err := intel.About(name, nil, "")
	if err != nil {
		return list, nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return list, nil, err
	}
	if list, err = about(name, f, path+".meta"); err != nil {
		f.Close()
		return list, nil, err
	}
	return list, f, nil
}

// about takes what the path, the comments and the .meta file say.
func about(name string, f *os.File, meta string) (intel.List, error) {
	list, err := intel.About(name, nil, "")
	if err != nil {
		return list, err
	}
	info, err := f.Stat()
	if err != nil {
		return list, err
	}
	if info.Size() > MaxFileSize {
		return list, fmt.Errorf("larger than %d MiB", MaxFileSize>>20)
	}
	head := make([]byte, maxMeta)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return list, err
	}
	text, err := readMeta(meta)
	if err != nil {
		return list, err
	}
	return intel.About(name, head[:n], text)
}

// readMeta reads a .meta file; none is an empty one.
func readMeta(path string) (string, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxMeta))
	return string(text), err
}

// judge says whether a file was a list at all. One of which nothing can be read, or that is mostly rubbish, is broken: an
// error page saved as a list, a download that was cut short to nothing.
func judge(r *intel.Report) error {
	found := r.Entries + r.Skipped
	for _, n := range r.Refused {
		found += n
	}
	switch {
	case r.Bad > 0 && (found == 0 || r.Bad > 20 && r.Bad > found):
		return fmt.Errorf("not a list: %d of %d lines cannot be read, the first is line %d: %s",
			r.Bad, r.Lines, r.Named[0].Line, r.Named[0].Why)
	case r.Lines == 0:
		return errors.New("the file is empty")
	}
	return nil
}
