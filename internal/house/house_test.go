package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "cardea"

// doors: the only rooms (path prefixes) that may import a library.
var doors = map[string][]string{
	"github.com/google/nftables":     {"gateway/enforce"},
	"github.com/mdlayher/netlink":    {"gateway/capture/kernel", "gateway/enforce"},
	"github.com/gopacket/gopacket":   {"gateway/capture", "lab"},
	"github.com/miekg/dns":           {"gateway/resolve", "lab"},
	"github.com/insomniacslk/dhcp":   {"gateway/capture", "lab"},
	"github.com/goccy/go-yaml":       {"gateway", "lab", "playbook"},
	"github.com/nats-io":             {"internal/platform/bus"},
	"modernc.org/sqlite":             {"internal/platform/db"},
	"github.com/jackc/pgx":           {"internal/platform/db"},
	"github.com/pressly/goose":       {"internal/platform/db"},
	"github.com/danielgtaylor/huma":  {"cloud/api"},
	"github.com/oapi-codegen":        {"client/api"},
	"github.com/theupdateframework":  {"cloud/rollout", "gateway/bundle"},
	"github.com/SherClockHolmes":     {"cloud/notify"},
	"github.com/standard-webhooks":   {"internal/platform/hook", "cloud/notify", "cloud/webhook"}, // tests only: we sign ourselves
	"github.com/go-webauthn":         {"cloud/account/passkey"},
	"github.com/coreos/go-oidc":      {"cloud/account/oidc"},
	"github.com/oschwald":            {"intel/network"},
	"github.com/chromedp":            {}, // tests only
	"github.com/vishvananda/netlink": {"gateway/enforce", "gateway/capture/kernel", "gateway/host", "gateway/line/echo", "lab"},
	"github.com/vishvananda/netns":   {"lab"},
}

// pure rooms: what they may import of ours; standard packages that do I/O are refused.
var pure = map[string][]string{
	"home":     {},
	"say":      {"home"},
	"behavior": {"home", "say"},
	"identity": {"home", "say"},
	"exposure": {"home", "say"},
	"intel":    {"home"},
	"playbook": {"home"},
	"wire":     {"home"},

	"gateway/permits":    {"home", "intel", "identity", "identity/facts", "behavior/endpoint"},
	"gateway/collateral": {"home", "say", "behavior/endpoint"},

	"cloud/staff/rights": {},
}

var impure = []string{"net/http", "os/exec", "database/sql", "log", "syscall"}

// each Go file with its room and imports
func eachFile(t *testing.T, f func(path, room string, test bool, imports []string)) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == "node_modules" || name == "testdata" || strings.HasPrefix(name, ".") && path != root) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		var imports []string
		for _, spec := range file.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			imports = append(imports, p)
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		n++
		f(rel, filepath.ToSlash(filepath.Dir(rel)), strings.HasSuffix(name, "_test.go"), imports)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n < 5 {
		t.Fatalf("looked at %d files only", n)
	}
}

func within(room, prefix string) bool { return room == prefix || strings.HasPrefix(room, prefix+"/") }

// shared is what behavior's parts have in common, and the words for what staff may do.
var shared = []string{"behavior/evidence", "behavior/endpoint", "behavior/profile", "behavior/calibrate", "cloud/staff/rights"}

// ties are the rooms that may import siblings: they tie the contexts of the cloud together, and let the API see them.
var ties = []string{"cloud/rooms", "cloud/adapt"}

// stage is the second part of a path under gateway/, cloud/ or behavior/: "gateway/judge/x" → "gateway/judge". What
// is shared is none.
func stage(room string) string {
	parts := strings.Split(room, "/")
	if len(parts) >= 2 && slices.Contains([]string{"gateway", "cloud", "behavior"}, parts[0]) && !slices.Contains(shared, room) {
		return parts[0] + "/" + parts[1]
	}
	return ""
}

func TestRoomsImportOnlyWhatTheyMay(t *testing.T) {
	eachFile(t, func(path, room string, test bool, imports []string) {
		for _, imp := range imports {
			own, isOwn := strings.CutPrefix(imp, module+"/")
			for p, may := range pure {
				if !within(room, p) {
					continue
				}
				if isOwn && !within(own, p) && !slices.Contains(may, own) {
					t.Errorf("%s: %s may import only itself and %v, not %s", path, p, may, imp)
				}
				if p == "home" && !test && strings.Contains(strings.Split(imp, "/")[0], ".") {
					t.Errorf("%s: home imports the standard library only, not %s", path, imp)
				}
				if !test && slices.Contains(impure, imp) {
					t.Errorf("%s: %s is pure and may not import %s", path, p, imp)
				}
			}
			if !isOwn {
				continue
			}
			if s, o := stage(room), stage(own); s != "" && o != "" && s != o && filepath.Dir(s) == filepath.Dir(o) && !slices.Contains(ties, s) && !test {
				t.Errorf("%s: a stage never imports a sibling (%s): declare an interface and let %s/ tie or adapt", path, imp, strings.Split(s, "/")[0])
			}
			if within(own, "lab") && !within(room, "lab") && !within(room, "cmd/cardea") && !test {
				t.Errorf("%s: only cmd/cardea and tests import lab", path)
			}
			if within(own, "cmd") {
				t.Errorf("%s: nobody imports a command", path)
			}
		}
	})
}

func TestLibrariesHaveOneDoor(t *testing.T) {
	eachFile(t, func(path, room string, test bool, imports []string) {
		for _, imp := range imports {
			for lib, rooms := range doors {
				if !within(imp, lib) || test {
					continue
				}
				if !slices.ContainsFunc(rooms, func(r string) bool { return within(room, r) }) {
					t.Errorf("%s imports %s: only %v may", path, lib, rooms)
				}
			}
		}
	})
}
