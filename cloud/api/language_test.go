package api

import "testing"

func TestAcceptedLanguage(t *testing.T) {
	for header, want := range map[string]string{
		"": "en", "de": "de", "de-AT, en;q=0.5": "de", "en;q=0.5, de-DE;q=0.9": "de", "fr, nl": "en", "de;q=0": "en", "de;q=x, en": "en", "DE": "de", "en, de": "en",
		"*": "en", "de;q=9": "en", ",,;": "en",
	} {
		if got := accepted(header); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

func FuzzAccepted(f *testing.F) {
	f.Add("de-AT, en;q=0.5")
	f.Add(";q=,")
	f.Fuzz(func(t *testing.T, header string) {
		if got := accepted(header); got != "en" && got != "de" {
			t.Errorf("%q: %q", header, got)
		}
	})
}
