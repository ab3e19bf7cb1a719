package help

import (
	"slices"
	"strings"
	"testing"

	"cardea/cloud/notify/words"
)

// TestTheHelpPageHasWhatRFC6561AsksFor: points 7, 8, 10, 11, 12, 13 and 15, in each language.
func TestTheHelpPageHasWhatRFC6561AsksFor(t *testing.T) {
	pages := Page(Provider{Name: "Example Net", Phone: "+49 30 123456", Survey: "https://example.net/survey", Public: "https://home.example.net"})
	for lang, want := range map[string][]string{
		"en": {"Back up", "Install its updates", "automatic updates", "Find the device", "computer shop", "police", "Survey", "Telephony", "games", "label", "We sell no cleaning",
			"Nothing else is shared with others", "it begins with your yes", "+49 30 123456", "https://home.example.net/genuine", "kind of device", "Example Net"},
		"de": {"Sichern Sie", "Installieren Sie die Updates", "automatische Updates", "Finden Sie das Gerät", "Computerladen", "Polizei", "Umfrage", "Telefonie", "Spiele", "Etikett",
			"Wir verkaufen keine Reinigung", "Sonst wird nichts mit anderen geteilt", "beginnt es mit Ihrem Ja", "+49 30 123456", "https://home.example.net/genuine", "Art des Geräts", "Example Net"},
	} {
		all := whole(pages[lang])
		for _, w := range want {
			if !strings.Contains(all, w) {
				t.Errorf("%s: nothing of %q", lang, w)
			}
		}
		if strings.ContainsAny(all, "{}<>!—–") {
			t.Errorf("%s: there is a hole, markup or a shout in it", lang)
		}
	}
}

func whole(p Text) string {
	var b strings.Builder
	b.WriteString(p.Title)
	for _, s := range p.Sections {
		b.WriteString("\n" + s.Title + "\n" + strings.Join(s.Paragraphs, "\n") + "\n" + strings.Join(s.Steps, "\n"))
		for _, l := range s.Links {
			b.WriteString("\n" + l.Text + " " + l.URL)
		}
	}
	return b.String()
}

func TestBothLanguagesSayTheSame(t *testing.T) {
	if want := slices.Sorted(slices.Values(words.Languages)); !slices.Equal(Languages(), want) {
		t.Fatalf("languages %v, want %v", Languages(), want)
	}
	pages := Page(Provider{Support: "https://example.net/help"})
	en, de := pages["en"], pages["de"]
	if len(en.Sections) != len(de.Sections) {
		t.Fatalf("%d and %d sections", len(en.Sections), len(de.Sections))
	}
	for i, e := range en.Sections {
		d := de.Sections[i]
		if e.ID != d.ID || len(e.Paragraphs) != len(d.Paragraphs) || len(e.Steps) != len(d.Steps) || len(e.Links) != len(d.Links) {
			t.Errorf("section %s is not the same in German: %+v", e.ID, d)
		}
		for n, l := range e.Links {
			if l.URL != d.Links[n].URL || l.URL == "" {
				t.Errorf("section %s: links %v and %v", e.ID, l, d.Links[n])
			}
		}
	}
}

func TestAProvidersNameIsText(t *testing.T) {
	for lang, p := range Page(Provider{Name: "Bad\r\n\u202eName {phone}", Phone: "\x00+49"}) {
		if all := whole(p); strings.ContainsAny(strings.ReplaceAll(all, "\n", ""), "\r\x00\u202e") {
			t.Errorf("%s: control characters", lang)
		}
	}
}
