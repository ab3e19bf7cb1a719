package report

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cardea/say"
)

// What the tables of facts and the linker say of a device is told in German.
func TestEvidenceOfIdentityIsTold(t *testing.T) {
	var all []string
	files, err := filepath.Glob("../../identity/facts/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for row := range strings.Lines(string(b)) {
			if col := strings.Split(row, "|"); len(col) == 6 && !strings.HasPrefix(row, "#") {
				all = append(all, strings.TrimSpace(col[5]))
			}
		}
	}
	b, err := os.ReadFile("../../identity/same/clue.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`agrees: "([^"]*)"`).FindAllStringSubmatch(string(b), -1) {
		all = append(all, m[1])
	}
	if len(all) < 90 {
		t.Fatalf("only %d sayings found", len(all))
	}
	for _, s := range append(all, "HP address range", "asks for a.example", "describes itself with mdl") {
		w := say.Read(s, clues...)
		if de, ok := say.In("de", w); !ok || de == s || say.English(w) != s {
			t.Errorf("%q: %q, in English %q", s, de, say.English(w))
		}
	}
}

func TestReasonsOfStopsAreTold(t *testing.T) {
	for _, s := range []string{
		"bad.example is on list feed as malware.", "bad.example is on list feed as malware (Mirai).", "x.bad.example is on list feed as malware (Mirai). The entry is bad.example.",
		"x.bad.example is on list feed as tracking. The entry is bad.example.", "1.2.3.4 is on list feed as services that hide what a device does.",
		"The name bad.example is blocked by the home's own list (bad.example).", "The address 1.2.3.4 is blocked by this device's own list (1.2.3.0/24).",
		"Since you blocked bad.example, this device no longer does its normal work.", "What this name leads to is on a list.", "It is a guest's device: whom it was about is not kept.", "Too much was refused at once to tell it one by one.",
		"It is kept to what devices of its model are known to use.", "It is kept to the services of its maker.", "It is kept to what brings its updates.",
	} {
		w := say.Read(s, reasons...)
		if de, ok := say.In("de", w); !ok || de == s || say.English(w) != s {
			t.Errorf("%q: %q, in English %q", s, de, say.English(w))
		}
	}
}
