package rollout

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"
)

// Bounds of a bundle file.
const (
	fileFormat = 1
	aboutFile  = "bundle.json"
	maxAbout   = 64 << 10
	MaxFile    = 640 << 20 // bytes
)

// File is a bundle before it is signed: what it says and nothing else. The same contents make the same bytes, whoever builds it and when.
type File struct {
	Name  string            `json:"name"`
	Parts map[string]Part   `json:"parts"` // by bundle in the repository: one, or the agent's of each platform
	data  map[string][]byte // of the parts
}

// Part is what a bundle file says of a part.
type Part struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

type about struct {
	Format int `json:"format"`
	File
}

// Build makes a bundle file. parts are by bundle in the repository, as in File.
func Build(name string, parts map[string][]byte) ([]byte, error) {
	a := about{Format: fileFormat, File: File{Name: name, Parts: map[string]Part{}}}
	for of, data := range parts {
		a.Parts[of] = Part{int64(len(data)), hash(data)}
	}
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("build %.40q: %w", name, err)
	}
	text, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", name, err)
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	put := func(name string, data []byte) error {
		return errors.Join(w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}),
			second(w.Write(data)))
	}
	err = put(aboutFile, append(text, '\n'))
	for _, of := range slices.Sorted(maps.Keys(parts)) {
		err = errors.Join(err, put(of, parts[of]))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("build %s: %w", name, err)
	}
	return out.Bytes(), nil
}

func second(_ int, err error) error { return err }

// BuildLists makes the text of a folder of lists, without what a guard refuses where there is one, and tells what is in it.
func BuildLists(content fs.FS, g Guard) ([]byte, Report, error) {
	rep := Report{Name: "lists", Refused: map[intelReason]int{}}
	text, err := readLists(content, &rep)
	if err == nil {
		text, err = sift(text, g, &rep)
	}
	rep.TextBytes = int64(len(text))
	return text, rep, err
}

// check says whether the parts are of a bundle that there is.
func (f *File) check() error {
	if len(f.Parts) == 0 {
		return errors.New("it has no part")
	}
	most, one := int64(dataBundles[f.Name]), true
	switch f.Name {
	case "lists":
		most = 512 << 20
	case Agent:
		most, one = MaxAgent, false
	}
	for of, p := range f.Parts {
		if one && of != f.Name || !one && (family(of) != Agent || !slices.Contains(Platforms, strings.TrimPrefix(of, Agent+"-"))) {
			return fmt.Errorf("it has no part %.60q", of)
		}
		if p.Size < 1 || p.Size > most {
			return fmt.Errorf("%s has %d bytes, want 1 to %d", of, p.Size, most)
		}
	}
	return nil
}

// ParseFile reads a bundle file. What is cut short, damaged or mixed up is refused.
func ParseFile(b []byte) (File, error) {
	f, err := parseFile(b)
	if err != nil {
		return File{}, fmt.Errorf("bundle file: %w", err)
	}
	return f, nil
}

func parseFile(b []byte) (File, error) {
	r := tar.NewReader(bytes.NewReader(b))
	h, err := r.Next()
	if err != nil || h.Name != aboutFile || h.Size > maxAbout {
		return File{}, errors.New("it does not begin as one")
	}
	var a about
	d := json.NewDecoder(io.LimitReader(r, maxAbout))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return File{}, err
	}
	if a.Format != fileFormat {
		return File{}, fmt.Errorf("format %d is not known", a.Format)
	}
	if err := a.check(); err != nil {
		return File{}, err
	}
	a.data = map[string][]byte{}
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return File{}, err
		}
		p, ok := a.Parts[h.Name]
		if _, twice := a.data[h.Name]; !ok || twice || h.Size != p.Size || h.Size > int64(len(b)) {
			return File{}, fmt.Errorf("part %.60q is not as it is said", h.Name)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return File{}, err
		}
		if int64(len(data)) != p.Size || hash(data) != p.SHA256 {
			return File{}, fmt.Errorf("part %s is damaged", h.Name)
		}
		a.data[h.Name] = data
	}
	if len(a.data) != len(a.Parts) {
		return File{}, errors.New("a part is missing")
	}
	again, err := Build(a.Name, a.data)
	if err != nil || !bytes.Equal(again, b) {
		return File{}, errors.New("it holds more than it says")
	}
	return a.File, nil
}

// Data gives a part.
func (f *File) Data(of string) []byte { return f.data[of] }

// PublishFile signs a bundle file's contents as the next version, if gateways can use them.
func (r *Rollout) PublishFile(ctx context.Context, f File) (version uint64, changed bool, err error) {
	if err := f.Usable(); err != nil {
		return 0, false, fmt.Errorf("publish %w", err)
	}
	switch f.Name {
	case "lists":
		rep := Report{Name: f.Name, Refused: map[intelReason]int{}}
		err = r.publishText(ctx, f.data[f.Name], &rep)
		return rep.Version, rep.Changed, err
	case Agent:
		programs := map[string][]byte{}
		for of, data := range f.data {
			programs[strings.TrimPrefix(of, Agent+"-")] = data
		}
		return r.PublishAgent(ctx, programs)
	}
	return r.PublishData(ctx, f.Name, f.data[f.Name])
}
