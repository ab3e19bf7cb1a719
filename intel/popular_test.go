package intel

import (
	"testing"

	"cardea/home"
)

// Without any file of a provider a list of malware cannot cut off what the world uses most, and each of the table is a name that can be
// refused at all.
func TestPopularNamesAreKnownWithoutAFile(t *testing.T) {
	a, seen := NewAvoid(), map[string]bool{}
	for _, name := range Popular() {
		if clean, ok := home.CleanName(name); !ok || clean != name || seen[name] || isSuffix(name) {
			t.Errorf("%s is no name, twice or a public suffix", name)
		}
		seen[name] = true
		for _, e := range []Entry{{Name: name}, {Name: name, Exact: true}, {Name: "www." + name}} {
			if why, _ := a.Refuse(e); why != ReasonPopular && why != ReasonService {
				t.Errorf("%s: %q", e.Name, why)
			}
		}
		if why, of := a.Refuse(Entry{Name: "u8-evil-page." + name}); why != "" {
			t.Errorf("what is below %s is refused as %s", name, of)
		}
	}
	if len(seen) < 150 {
		t.Errorf("%d names", len(seen))
	}
	for _, name := range []string{"pornhub.com", "sparkasse.de", "chase.com", "booking.com", "elpais.com"} {
		if why, _ := a.Refuse(Entry{Name: name}); why != ReasonPopular {
			t.Errorf("%s: %q", name, why)
		}
	}
}
