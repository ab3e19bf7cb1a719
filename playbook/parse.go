package playbook

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Bounds of what is read. A playbook is written by hand: whatever is larger is none.
const (
	maxFile  = 64 << 10
	maxFiles = 256
	maxLine  = 2000 // bytes; a line holds as much nesting as it is long
	maxDepth = 16   // of brackets within one another
	common   = "steps.yaml"
	advised  = "advice.yaml"
)

// file is a playbook as it is written.
type file struct {
	ID      string     `yaml:"id"`
	Version int        `yaml:"version"`
	Kind    string     `yaml:"kind"`
	Also    []string   `yaml:"also"`
	Classes []string   `yaml:"classes"`
	Models  []string   `yaml:"models"`
	Rate    rateFile   `yaml:"rate"`
	Title   Text       `yaml:"title"`
	Intro   Text       `yaml:"intro"`
	Expert  Text       `yaml:"expert"`
	Sources []string   `yaml:"sources"`
	Steps   []stepFile `yaml:"steps"`
}

type rateFile struct {
	PerDay float64 `yaml:"per_day"`
	Reboot bool    `yaml:"reboot"`
	Source string  `yaml:"source"`
	Reason string  `yaml:"reason"`
}

// stepFile is a step as it is written. With Use it is the common step of that id, with what is named here in its place.
type stepFile struct {
	Use      string `yaml:"use"`
	ID       string `yaml:"id"`
	By       string `yaml:"by"`
	Where    string `yaml:"where"`
	Text     Text   `yaml:"text"`
	Detail   Text   `yaml:"detail"`
	Check    string `yaml:"check"`
	Hold     string `yaml:"hold"`
	Optional *bool  `yaml:"optional"`
}

type adviceFile struct {
	ID    string `yaml:"id"`
	Title Text   `yaml:"title"`
	Text  Text   `yaml:"text"`
	Link  string `yaml:"link"`
}

// Parse reads a folder of playbooks: steps.yaml has the steps that several share, advice.yaml the general advice, and each other
// *.yaml one playbook. Every error names its file and, where it has one, its line.
func Parse(dir fs.FS) (*Shelf, error) {
	files, err := read(dir)
	if err != nil {
		return nil, err
	}
	return parse(files)
}

// read gives the files of a folder, each a byte longer than may be at most.
func read(dir fs.FS) (map[string][]byte, error) {
	names, err := fs.Glob(dir, "*.yaml")
	if err != nil {
		return nil, err
	}
	if len(names) > maxFiles {
		return nil, fmt.Errorf("%d files: at most %d", len(names), maxFiles)
	}
	out := make(map[string][]byte, len(names))
	for _, name := range names {
		f, err := dir.Open(name)
		if err != nil {
			return nil, err
		}
		out[name], err = io.ReadAll(io.LimitReader(f, maxFile+1))
		_ = f.Close() // it was only read
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return out, nil
}

// parse makes a shelf of files by name.
func parse(files map[string][]byte) (*Shelf, error) {
	var shared []stepFile
	s := &Shelf{}
	if b, ok := files[common]; ok {
		if err := each(common, b, &shared, func(d *document) { d.shared(shared) }); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		var err error
		switch name {
		case common:
		case advised:
			var list []adviceFile
			err = each(name, files[name], &list, func(d *document) { s.advice = d.advice(list) })
		default:
			var f file
			err = each(name, files[name], &f, func(d *document) { s.books = append(s.books, d.playbook(&f, shared)) })
		}
		if err != nil {
			return nil, err
		}
	}
	if err := s.complete(); err != nil {
		return nil, err
	}
	return s, nil
}

// each reads one file into v and has it checked.
func each(name string, b []byte, v any, check func(*document)) error {
	d, err := decode(b, v)
	if err == nil {
		if check(d); len(d.errs) > 0 {
			err = d.errs[0]
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// document is a file that is being checked.
type document struct {
	tree *ast.File
	errs []error
}

// decode reads YAML strictly: no key that is not ours, no anchors (which make a small file a large one), nothing deep.
func decode(b []byte, v any) (d *document, err error) {
	if err := bounded(b); err != nil {
		return nil, err
	}
	defer func() { // the reader is not ours, and is to bring nobody down
		if r := recover(); r != nil {
			d, err = nil, fmt.Errorf("cannot be read as YAML: %v", r)
		}
	}()
	tree, err := parser.ParseBytes(b, 0)
	if err != nil {
		return nil, errors.New(oneLine(err))
	}
	if len(tree.Docs) != 1 {
		return nil, fmt.Errorf("%d documents: one is wanted", len(tree.Docs))
	}
	var found anchors
	ast.Walk(&found, tree.Docs[0].Body)
	if found.line > 0 {
		return nil, fmt.Errorf("line %d: anchors and tags are not used here", found.line)
	}
	if err := yaml.NodeToValue(tree.Docs[0].Body, v, yaml.Strict()); err != nil {
		return nil, errors.New(oneLine(err))
	}
	return &document{tree: tree}, nil
}

func bounded(b []byte) error {
	if len(b) > maxFile {
		return fmt.Errorf("larger than %d bytes", maxFile)
	}
	depth, col, line := 0, 0, 1
	for _, c := range b {
		switch col++; c {
		case '\n':
			col = 0
			line++
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(depth-1, 0)
		}
		if col > maxLine || depth > maxDepth {
			return fmt.Errorf("line %d: too long or too deep", line)
		}
	}
	return nil
}

// anchors finds the first anchor, alias, merge key or tag.
type anchors struct{ line int }

// Visit looks at one node.
func (a *anchors) Visit(n ast.Node) ast.Visitor {
	switch n.Type() {
	case ast.AnchorType, ast.AliasType, ast.MergeKeyType, ast.TagType:
		if a.line == 0 {
			a.line = n.GetToken().Position.Line
		}
	}
	return a
}

// oneLine turns the reader's annotated error, "[line:column] message" and an excerpt, into "line N: message".
func oneLine(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	if at, msg, ok := strings.Cut(strings.TrimPrefix(s, "["), "] "); ok && strings.HasPrefix(s, "[") {
		line, _, _ := strings.Cut(at, ":")
		return "line " + line + ": " + msg
	}
	return s
}

// fail notes a mistake at a path of the file, as steps[2].text.
func (d *document) fail(at, format string, args ...any) {
	d.errs = append(d.errs, fmt.Errorf("%s%s: %s", d.line(at), at, fmt.Sprintf(format, args...)))
}

// line finds the line of a path, or of the nearest thing above it that is there.
func (d *document) line(at string) string {
	for p := at; p != ""; p = p[:max(0, strings.LastIndexAny(p, ".["))] {
		sep := "."
		if strings.HasPrefix(p, "[") {
			sep = ""
		}
		y, err := yaml.PathString("$" + sep + p)
		if err != nil {
			continue
		}
		if n, err := y.FilterFile(d.tree); err == nil && n != nil {
			return fmt.Sprintf("line %d: ", n.GetToken().Position.Line)
		}
	}
	return ""
}
