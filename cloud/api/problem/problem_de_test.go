package problem

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// staffs are files of cloud/api whose problems only staff read, whose console is in English.
var staffs = []string{"rights.go", "routes_fleet.go", "routes_intel.go", "routes_desk.go", "routes_normal.go", "routes_code.go"}

// staffsFuncs are functions of other files for staff only.
var staffsFuncs = []string{"Staff", "Intel", "Rollout", "once"}

// said are the details that the cloud's code gives residents, by where they stand.
func said(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, dir := range []string{"..", "../../adapt/base", "../../adapt/homes", "../../adapt/people", "../../adapt/privacy", "../../rooms/faults"} {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			path := filepath.Join(dir, f.Name())
			if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || dir == ".." && slices.Contains(staffs, f.Name()) {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && slices.Contains(staffsFuncs, f.Name.Name) {
					continue
				}
				ast.Inspect(d, func(n ast.Node) bool {
					for _, s := range details(n) {
						out[s] = path
					}
					return true
				})
			}
		}
	}
	return out
}

// details are those of a call of New, of a line of a table of problems, and of a table by role.
func details(n ast.Node) (out []string) {
	var from []ast.Expr
	switch n := n.(type) {
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "New" && isProblem(f) && len(n.Args) > 1 {
			from = n.Args[1:2]
		}
	case *ast.CompositeLit:
		if m, ok := n.Type.(*ast.MapType); ok {
			if k, ok := m.Key.(*ast.Ident); ok && k.Name == "Role" {
				for _, e := range n.Elts {
					if kv, ok := e.(*ast.KeyValueExpr); ok {
						from = append(from, kv.Value)
					}
				}
			}
		}
		if len(n.Elts) == 4 && isProblem(n.Elts[1]) {
			from = n.Elts[2:3]
		}
	}
	for _, e := range from {
		if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if s, err := strconv.Unquote(l.Value); err == nil && s != "" && s != "%s" {
				out = append(out, s)
			}
		}
	}
	return out
}

func isProblem(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == "problem"
}

// What a resident is refused with stands in German, and nothing stands there that nobody says.
func TestResidentsProblemsAreInGerman(t *testing.T) {
	all := said(t)
	if len(all) < 50 {
		t.Fatalf("only %d were found: the search is blind", len(all))
	}
	for s, where := range all {
		if detailsDE[s] == "" {
			t.Errorf("%s: no German for %q", where, s)
		}
	}
	gateway, err := os.ReadFile("../../../gateway/cloud_ask.go")
	if err != nil {
		t.Fatal(err)
	}
	looks, err := os.ReadFile("../../../gateway/cloud_looks.go")
	if err != nil {
		t.Fatal(err)
	}
	for s := range detailsDE {
		if all[s] == "" && !strings.Contains(string(gateway)+string(looks), strconv.Quote(s)) && s != "validation failed" { // which is huma's
			t.Errorf("nobody says %q", s)
		}
	}
	for k := range kinds {
		if titlesDE[k] == "" {
			t.Errorf("no German for the title of %s", k)
		}
	}
}

func TestAProblemInGerman(t *testing.T) {
	p := New(Reused, "Order %s was asked for with this key.", "7")
	if got := p.In("de"); got.Detail != "Mit diesem Schlüssel wurde der Auftrag 7 erteilt." || got.Status != p.Status || got.Type != p.Type || p.Detail != "Order 7 was asked for with this key." {
		t.Errorf("%+v, from %+v", got, p)
	}
	if got := New(Forbidden, "The gateway refused: %s", "The gateway answers too many questions already.").In("de"); got.Detail != "Das Gateway hat abgelehnt: Das Gateway beantwortet schon zu viele Fragen." {
		t.Errorf("%q", got.Detail)
	}
	if got := New(Invalid, "%s", "It hums at 100 %!").In("de"); got.Detail != "It hums at 100 %!" || got.Title == New(Invalid, "").Title {
		t.Errorf("%+v", got)
	}
	if got := New(Conflict, "That is there already.").In("fr"); got.Detail != "That is there already." {
		t.Errorf("%+v", got)
	}
}
