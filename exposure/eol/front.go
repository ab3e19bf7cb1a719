package eol

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// front reads front matter. It knows the part of YAML that these files use, plain values in a map and in a list of maps
// called releases, and passes over all else: nothing of it is needed, and a whole YAML reader in the face of a feed is
// more than it deserves.
func front(name, s string) ([]Product, error) {
	f := frontReader{p: Product{Name: name, Security: true}}
	open, closed := false, false
	n := 0
	for line := range strings.Lines(s) {
		n++
		line = strings.TrimRight(line, " \t\r\n")
		switch {
		case len(line) > maxLine:
			return nil, fmt.Errorf("line %d: more than %d bytes", n, maxLine)
		case !open && line == "":
			continue
		case !open && line != "---":
			return nil, fmt.Errorf("line %d: no front matter", n)
		case !open:
			open = true
			continue
		case line == "---":
			closed = true
		default:
			if err := f.line(line); err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
		}
		if closed {
			break
		}
	}
	if !closed {
		return nil, errors.New("the front matter has no end")
	}
	if f.title != "" {
		f.p.Label = f.title
	}
	if f.link != "" {
		f.p.Name = f.link
	}
	for i := range f.p.Releases {
		f.p.Releases[i].label(f.labels)
	}
	if err := f.p.check(); err != nil {
		return nil, err
	}
	return []Product{f.p}, nil
}

// label gives a release the product's general label where it has none: "OpenWrt __RELEASE_CYCLE__".
func (r *Release) label(general string) {
	if r.Label != "" || general == "" {
		return
	}
	r.Label = clean(strings.NewReplacer("__RELEASE_CYCLE__", r.Cycle, "__CODENAME__", r.Codename).Replace(general))
}

type frontReader struct {
	p                   Product
	title, link, labels string
	releases            bool // inside the list of releases
	indent              int  // of the keys of the release that is being read
}

func (f *frontReader) line(line string) error {
	rest := strings.TrimLeft(line, " ")
	indent := len(line) - len(rest)
	if rest == "" || rest[0] == '#' {
		return nil
	}
	if indent == 0 && rest[0] != '-' {
		f.releases = false
		return f.top(rest)
	}
	if !f.releases {
		return nil
	}
	if item, ok := strings.CutPrefix(rest, "- "); ok {
		key := strings.TrimLeft(item, " ")
		if f.indent > 0 && indent+len(rest)-len(key) > f.indent {
			return nil // a list in a release
		}
		f.indent = indent + len(rest) - len(key)
		if len(f.p.Releases) >= MaxReleases {
			return fmt.Errorf("more than %d releases", MaxReleases)
		}
		f.p.Releases = append(f.p.Releases, Release{})
		return f.release(key)
	}
	if indent != f.indent || len(f.p.Releases) == 0 { // deeper: of a map in a release
		return nil
	}
	return f.release(rest)
}

func (f *frontReader) top(line string) error {
	key, v, err := value(line)
	if err != nil {
		return err
	}
	switch key {
	case "title":
		f.title = clean(v)
	case "category":
		f.p.Category = clean(v)
	case "permalink":
		f.link = strings.TrimPrefix(v, "/")
	case "releaseLabel":
		f.labels = v
	case "eolColumn":
		f.p.Security = security(v)
	case "releases":
		if len(f.p.Releases) > 0 {
			return errors.New("two lists of releases")
		}
		f.releases, f.indent = true, 0
	}
	return nil
}

func (f *frontReader) release(line string) error {
	key, v, err := value(line)
	if err != nil {
		return err
	}
	r := &f.p.Releases[len(f.p.Releases)-1]
	switch key {
	case "releaseCycle":
		r.Cycle = clean(v)
	case "releaseLabel":
		r.Label = clean(v)
	case "codename":
		r.Codename = clean(v)
	case "latest":
		r.Latest = clean(v)
	case "releaseDate":
		if v != "" && v != "null" {
			r.Released, err = date(v)
		}
	case "eol":
		err = r.end(v)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// value splits "key: value # comment" and takes the quotes off.
func value(line string) (key, v string, err error) {
	key, v, ok := strings.Cut(line, ":")
	if !ok || v != "" && v[0] != ' ' {
		return "", "", fmt.Errorf("%.40q is no key with a value", line)
	}
	v = strings.TrimLeft(v, " ")
	if v == "" {
		return key, "", nil
	}
	switch v[0] {
	case '"':
		quoted, err := strconv.QuotedPrefix(v)
		if err != nil {
			return "", "", fmt.Errorf("%s: an open quotation", key)
		}
		v, err = strconv.Unquote(quoted)
		if err != nil {
			return "", "", fmt.Errorf("%s: %w", key, err)
		}
	case '\'':
		end := strings.LastIndexByte(v, '\'')
		if at := strings.Index(v, "' #"); at > 0 {
			end = at
		}
		if end == 0 {
			return "", "", fmt.Errorf("%s: an open quotation", key)
		}
		v = strings.ReplaceAll(v[1:end], "''", "'")
	case '#':
		v = ""
	default:
		if at := strings.Index(v, " #"); at >= 0 {
			v = v[:at]
		}
		v = strings.TrimSpace(v)
	}
	return key, v, nil
}
