package lists

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cardea/home"
	"cardea/intel"
	"cardea/internal/realdata"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWhatAListIsAbout(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "bots.txt", "a.example\n")
	write(t, dir, "tracking/tv.txt", "b.example\n")
	write(t, dir, "maltrail/elf_mirai.txt", "c.example\n198.51.100.1:23\n")
	write(t, dir, "said.hosts", "# a list\n# cardea: class=phishing family=bank confidence=42 source=Said\n0.0.0.0 d.example\n")
	write(t, dir, "beside.txt", "e.example\n")
	write(t, dir, "beside.txt.meta", "# who\nclass: tracking\nsource: The Beside List\nexact: true\n")
	write(t, dir, "allow/mine.txt", "free.c.example\n")
	write(t, dir, "README.md", "not a list\n")
	write(t, dir, ".hidden", "x.example\n")
	set, sum, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(sum.Files) != 6 || sum.Indicators != set.Len() {
		t.Errorf("%+v", sum)
	}
	for name, want := range map[string]home.Indicator{
		"a.example":        {Source: "bots", Class: home.ClassMalware, Confidence: 80, Kind: home.IndicatorDomain},
		"x.b.example":      {Source: "tv", Class: home.ClassTracking, Confidence: 80, Kind: home.IndicatorDomain},
		"c.example":        {Source: "elf_mirai", Class: home.ClassMalware, Confidence: 80, Family: "mirai", Kind: home.IndicatorDomain},
		"d.example":        {Source: "Said", Class: home.ClassPhishing, Confidence: 42, Family: "bank", Kind: home.IndicatorDomain},
		"e.example":        {Source: "The Beside List", Class: home.ClassTracking, Confidence: 80, Kind: home.IndicatorHost},
		"www.e.example":    {},
		"x.free.c.example": {},
		"x.example":        {},
		"dns.google":       {Source: "public resolvers", Class: home.ClassBypass, Confidence: 95, Family: "Google", Kind: home.IndicatorDomain},
	} {
		got, _ := set.Name(name)
		if got.Value = ""; got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	if got, _ := set.Endpoint(netip.MustParseAddrPort("198.51.100.1:23")); got.Family != "mirai" {
		t.Errorf("address: %+v", got)
	}
	one, _, err := Load(filepath.Join(dir, "bots.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := one.Name("a.example"); got.Source != "bots" {
		t.Errorf("a single file: %+v", got)
	}
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := Load(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "no list") {
		t.Errorf("a folder that is not there: %v", err)
	}
	for text, want := range map[string]string{
		"<html><body>404</body>\n":            "line 1",
		"# cardea: class=nice\na.example\n":   `line 1: class "nice": want malware`,
		"# cardea: colour=red\na.example\n":   `"colour" is not known`,
		"# cardea: confidence=0\na.example\n": "1 to 100",
		"":                                    "empty",
	} {
		write(t, dir, "l.txt", text)
		if _, sum, err := Load(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q (%+v)", text, err, want, sum)
		}
	}
}

// state is what a watcher said last.
type state struct {
	set *intel.Set
	sum Summary
}

// run starts a watcher and gives its answers; wait lets through the first that ok accepts.
func run(t *testing.T, dir string) (wait func(what string, ok func(state) bool) state) {
	t.Helper()
	answers := make(chan state, 100) // owner: Run; never full in a test
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1) // Run's end; one value
	l := New([]string{dir}, slog.New(slog.DiscardHandler), func(s *intel.Set, sum Summary) { answers <- state{s, sum} })
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return func(what string, ok func(state) bool) state {
		t.Helper()
		late := time.After(60 * time.Second)
		for {
			select {
			case s := <-answers:
				if ok(s) {
					return s
				}
			case <-late:
				t.Fatalf("never: %s", what)
			}
		}
	}
}

func lists(name string) func(state) bool {
	return func(s state) bool { _, ok := s.set.Name(name); return ok }
}

func TestChangesAreSeen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lists") // not there yet
	wait := run(t, dir)
	wait("an empty folder", func(s state) bool { return len(s.sum.Files) == 0 })
	write(t, dir, "a.txt", "one.example\n")
	wait("a new file in a new folder", lists("one.example"))
	write(t, dir, "deep/er/b.txt", "two.example\n")
	wait("a file in a new folder below", lists("two.example"))
	write(t, dir, "a.txt", "three.example\n")
	s := wait("a changed file", lists("three.example"))
	if lists("one.example")(s) {
		t.Error("what the file does not hold any more is still listed")
	}
	write(t, dir, "a.txt.meta", "class: tracking\n")
	wait("a changed meta", func(s state) bool { i, _ := s.set.Name("three.example"); return i.Class == home.ClassTracking })
	if err := os.Rename(filepath.Join(dir, "deep"), filepath.Join(t.TempDir(), "gone")); err != nil {
		t.Fatal(err)
	}
	wait("a folder moved away", func(s state) bool { return !lists("two.example")(s) })
}

func TestBrokenFileKeepsItsLastGoodVersion(t *testing.T) {
	dir := t.TempDir()
	var big strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&big, "name%d.example\n198.51.%d.%d\n", i, i>>8&0xff, i&0xff)
	}
	write(t, dir, "a.txt", "a.example\n")
	write(t, dir, "big.txt", big.String())
	wait := run(t, dir)
	wait("both lists", func(s state) bool { return lists("a.example")(s) && lists("name49999.example")(s) })
	for _, broken := range []string{"<html>sorry\n", "", strings.Repeat("\x00", 5000)} {
		write(t, dir, "big.txt", broken)
		write(t, dir, "a.txt", fmt.Sprintf("a.example\nb%d.example\n", len(broken)))
		s := wait("the other list's change", lists(fmt.Sprintf("b%d.example", len(broken))))
		if !lists("x.name123.example")(s) {
			t.Errorf("%.10q: the broken list's names are gone", broken)
		}
		if _, ok := s.set.Addr(netip.MustParseAddr("198.51.7.7")); !ok {
			t.Errorf("%.10q: the broken list's addresses are gone", broken)
		}
		i := slices.IndexFunc(s.sum.Files, func(f File) bool { return f.Path == "big.txt" })
		if f := s.sum.Files[i]; f.Error == "" || !f.Stale {
			t.Errorf("%+v", f)
		}
	}
	write(t, dir, "big.txt", "small.example\n")
	s := wait("the mended list", lists("small.example"))
	if lists("name1.example")(s) {
		t.Error("the last good version outlives a new good one")
	}
}

func TestRealFolder(t *testing.T) {
	set, sum, err := Load(filepath.Join(realdata.Dir(t), "intel"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range sum.Files {
		if f.Error != "" || f.Report.Bad > f.Report.Lines/100 {
			t.Errorf("%+v", f)
		}
	}
	t.Logf("%d lists, %d indicators, %d bytes, %v", len(sum.Files), sum.Indicators, sum.Bytes, sum.Took)
	for name, want := range map[string]home.Class{"bubo.ccwww.dushe.cc": home.ClassMalware, "zoogvpn.com": home.ClassBypass, "www.fullstory.com": home.ClassTracking,
		"01.creativecdn.com": home.ClassTracking} {
		if got, _ := set.Name(name); got.Class != want {
			t.Errorf("%s: %+v, want class %s", name, got, want)
		}
	}
}

func FuzzMeta(f *testing.F) {
	f.Add("class: malware\nconfidence: 3\n# c\n", "# cardea: class=tracking exact=1\n")
	f.Fuzz(func(t *testing.T, meta, head string) {
		l, _ := intel.About("malware/a.txt", []byte(head), meta)
		if l.Confidence > 100 || len(l.Source) > 100 || len(l.Family) > 100 {
			t.Errorf("%+v", l)
		}
	})
}
