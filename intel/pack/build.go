package pack

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"cardea/home"
	"cardea/intel"
)

// Builder collects entries of lists and writes them as a text. It keeps them all in memory: it is for the cloud.
type Builder struct {
	sections map[string]*built
	from     map[string]string // section's stem → the list's path, so that two lists never share a section
}

type built struct {
	head  Header
	lines []string
}

// List is where the entries of one list go.
type List struct {
	b    *Builder
	list intel.List
	stem string
}

// Open begins a list. path is its own, below the folder of lists.
func (b *Builder) Open(path string, l intel.List) *List {
	if b.sections == nil {
		b.sections, b.from = map[string]*built{}, map[string]string{}
	}
	if l.Class == "" {
		l.Class = home.ClassMalware
	}
	if l.Confidence == 0 {
		l.Confidence = intel.DefaultConfidence
	}
	l.Source, l.Family = printable(l.Source), printable(l.Family)
	stem := stemOf(path, string(l.Class))
	for n, s := 2, stem; ; n++ {
		if was, ok := b.from[stem]; !ok || was == path {
			break
		}
		stem = fmt.Sprintf("%s-%d", s, n)
	}
	b.from[stem] = path
	return &List{b: b, list: l, stem: stem}
}

// stemOf makes "class/name" of a list's path: folders that only say the class are left out.
func stemOf(path, class string) string {
	path = strings.TrimSuffix(strings.TrimPrefix(path, class+"/"), ".txt")
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' {
			return r
		}
		return '-'
	}, path)
	name = strings.TrimLeft(name, ".")
	return class + "/" + strings.ToLower(name[:min(len(name), 60)])
}

func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	return strings.TrimSpace(s[:min(len(s), 100)])
}

// Add takes an entry that has been judged.
func (l *List) Add(e intel.Entry) error {
	h := Header{Class: l.list.Class, Family: l.list.Family, Source: l.list.Source, Confidence: l.list.Confidence,
		Exact: e.Exact, Allow: e.Allow && l.list.Class != intel.ClassAllow}
	h.Path = l.stem
	if e.Confidence != 0 && e.Confidence != h.Confidence {
		h.Confidence = min(e.Confidence, 100)
		h.Path += fmt.Sprintf(".c%d", h.Confidence)
	}
	if h.Exact {
		h.Path += ".exact"
	}
	if h.Allow {
		h.Path += ".except"
	}
	h.Path += ".txt"
	s := l.b.sections[h.Path]
	if s == nil {
		if err := h.check(); err != nil {
			return err
		}
		if len(l.b.sections) == MaxSections {
			return fmt.Errorf("more than %d sections", MaxSections)
		}
		s = &built{head: h}
		l.b.sections[h.Path] = s
	} else if s.head != h {
		return fmt.Errorf("section %s: two lists have this name", h.Path)
	}
	s.lines = append(s.lines, Line(e))
	return nil
}

// Write writes the text, and says how many entries it has.
func (b *Builder) Write(w io.Writer) (entries int, err error) {
	out := newWriter(w, textMagic)
	for _, path := range slices.Sorted(maps.Keys(b.sections)) {
		s := b.sections[path]
		slices.Sort(s.lines)
		s.lines = slices.Compact(s.lines)
		out.line(s.head.line(), nil)
		for _, line := range s.lines {
			out.line("", []byte(line))
		}
		entries += len(s.lines)
	}
	return entries, out.close()
}
