package say

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/home"
)

// TestFindingsInGerman shows what detectors and their cards say, filled in, beside the English: for eyes that read German. It is written
// with CARDEA_GOLDEN=1.
func TestFindingsInGerman(t *testing.T) {
	var lines []string
	for _, c := range []map[Pattern]string{findings, cards, incidents} {
		for p := range c {
			w := home.Words{Pattern: string(p), Args: example(string(p))}
			de, ok := In("de", w)
			if !ok {
				t.Errorf("not told: %q", p)
			}
			lines = append(lines, English(w)+"\n\t"+de)
		}
	}
	slices.Sort(lines)
	got := strings.Join(lines, "\n") + "\n"
	file := filepath.Join("testdata", "findings.txt")
	if os.Getenv("CARDEA_GOLDEN") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what is told any more: look at it, and write it with CARDEA_GOLDEN=1", file)
	}
}

// example fills a pattern in: a moment, a duration or a number where the pattern or its German ask for one, else a word.
func example(pattern string) (args []string) {
	for n := range places(pattern) {
		both := pattern + germanOf[pattern]
		switch at := fmt.Sprintf("{%d", n); {
		case strings.Contains(both, at+":akk"):
			args = append(args, Span(49 * time.Hour)[0])
		case strings.Contains(both, at+":"):
			args = append(args, Time(time.Date(2026, 3, 2, 9, 5, 0, 0, time.UTC))[0])
		case strings.Contains(both, at+"?"):
			args = append(args, Count(2)[0])
		default:
			args = append(args, Text(string(rune('A' + n)))[0])
		}
	}
	return args
}
