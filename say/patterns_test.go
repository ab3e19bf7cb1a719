package say

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cardea/home"
)

// used are the patterns of the program's code, by where they stand: what say.New and say.Word are given, and what is of the type
// say.Pattern: in tables, in assignments and as arguments.
func used(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && (name == "node_modules" || name == "testdata" || name == "web" || strings.HasPrefix(name, ".") && name != "..") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"cardea/say"` }) {
			return nil
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if is(n.Fun, "New", "Word", "Pattern") && len(n.Args) > 0 {
					for _, s := range texts(n.Args[0]) {
						out[s] = path
					}
				}
			case *ast.CompositeLit:
				if of(n.Type) {
					for _, s := range texts(n) {
						out[s] = path
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func is(e ast.Expr, names ...string) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && (x.Name == "say" || x.Name == "saying") && slices.Contains(names, s.Sel.Name)
}

// of says whether a table's values are patterns.
func of(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.MapType:
		return is(e.Value, "Pattern")
	case *ast.ArrayType:
		return is(e.Elt, "Pattern")
	}
	return false
}

// texts are the literals in an expression: of a table its values.
func texts(e ast.Expr) (out []string) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			out = append(out, s)
		}
	case *ast.CompositeLit:
		for _, x := range e.Elts {
			if kv, ok := x.(*ast.KeyValueExpr); ok {
				x = kv.Value
			}
			out = append(out, texts(x)...)
		}
	}
	return out
}

func TestEveryPatternHasGerman(t *testing.T) {
	all := used(t)
	all["What was here was erased."] = "wire" // which may not import this room
	if len(all) < 80 {
		t.Fatalf("only %d patterns found: the search is blind", len(all))
	}
	for p, where := range all {
		if _, ok := germanOf[p]; !ok {
			t.Errorf("%s: no German for %q", where, p)
		}
	}
}

func TestGermanSaysAllThatEnglishSays(t *testing.T) {
	for p, de := range germanOf {
		if p == "" {
			continue
		}
		if len(p) > home.MaxPattern || de == "" {
			t.Errorf("%q is too long or has no German", p)
		}
		want, got := shown(t, p), shown(t, de)
		if !slices.Equal(want, got) {
			t.Errorf("%q shows %v, German %v: %q", p, want, got, de)
		}
		if strings.ContainsAny(de, "—–!") {
			t.Errorf("dash or exclamation mark in %q", de)
		}
	}
}

// shown are the places of a pattern that show something, with their format, each once. A span's case is the language's own.
func shown(t *testing.T, s string) (out []string) {
	for rest := s; ; {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			break
		}
		end := strings.IndexByte(rest[open:], '}')
		if end < 0 {
			t.Fatalf("a place of %q has no end", s)
		}
		p, ok := placeOf(rest[open+1 : open+end])
		if !ok {
			t.Fatalf("%q has a place that is none", s)
		}
		if p.one == p.other {
			out = append(out, strconv.Itoa(p.index)+strings.TrimSuffix(p.format, "akk"))
		}
		rest = rest[open+end+1:]
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestNoPatternIsKeptThatNothingUses(t *testing.T) {
	all := used(t)
	all["What was here was erased."] = "wire" // which may not import this room
	byTable := map[string]bool{}
	for _, m := range []map[Pattern]string{general, services, cardWords, families, sayings, refusals, seen, orders} { // words that come out of tables elsewhere
		for p := range m {
			byTable[string(p)] = true
		}
	}
	for p := range germanOf {
		if _, ok := all[p]; !ok && !byTable[p] {
			t.Errorf("nothing says %q", p)
		}
	}
}

func TestEveryClassHasAWord(t *testing.T) {
	for _, c := range []home.DeviceClass{home.ClassCamera, home.ClassDoorbell, home.ClassPlug, home.ClassLight, home.ClassSensor, home.ClassThermostat, home.ClassHub,
		home.ClassLock, home.ClassAlarm, home.ClassMedical, home.ClassScale, home.ClassAppliance, home.ClassSpeaker, home.ClassTV, home.ClassConsole, home.ClassPrinter,
		home.ClassNAS, home.ClassRouter, home.ClassPhone, home.ClassTablet, home.ClassComputer, home.ClassWatch, home.ClassVehicle, home.ClassGadget} {
		if _, ok := In("de", New("{0} {1}", Text("x"), Class(c))); !ok {
			t.Errorf("no German for %s", c)
		}
	}
}

// One pattern says one thing: a word with two meanings needs two patterns.
func TestNoPatternIsInTwoCatalogs(t *testing.T) {
	seen := map[Pattern]string{}
	for _, c := range catalogs {
		for p, de := range c {
			if was, ok := seen[p]; ok && was != de {
				t.Errorf("%q is %q and %q", p, was, de)
			}
			seen[p] = de
		}
	}
}
