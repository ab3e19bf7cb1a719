// Package help is the public page as data, in English and German: what a provider does, why, what only people themselves can do,
// how to see that a message is genuine, where to get help. It is pure and imports the words' Line only.
package help

import (
	"maps"
	"slices"
	"strings"

	"cardea/cloud/notify/words"
)

// Provider is who speaks. Links are https or "".
type Provider struct {
	Name, Phone             string
	Police, Survey, Support string // links
	Public                  string // of the app
}

// Text is the page in one language.
type Text struct {
	Title    string
	Sections []Section
}

// Section is one part. Its texts are plain.
type Section struct {
	ID, Title         string
	Paragraphs, Steps []string
	Links             []Link
}

// Link leads to somebody else.
type Link struct{ Text, URL string }

// police is where one finds one's own country's: the list of Europol.
const police = "https://www.europol.europa.eu/report-a-crime/report-cybercrime-online"

// Page is the page of a provider by language.
func Page(p Provider) map[string]Text {
	out := map[string]Text{}
	for lang, make := range map[string]func(Provider) Text{"en": english, "de": german} {
		text := make(p)
		name := words.Line(p.Name, 40)
		if name == "" {
			name = map[string]string{"en": "Your provider", "de": "Ihr Anbieter"}[lang]
		}
		phone := words.Line(p.Phone, 41)
		if phone == "" {
			phone = map[string]string{"en": "the number on your bill", "de": "die Nummer auf Ihrer Rechnung"}[lang]
		}
		fill := strings.NewReplacer("{CSP}", name, "{phone}", phone, "{genuine}", p.Public+"/genuine").Replace
		text.Title = fill(text.Title)
		for i := range text.Sections {
			s := &text.Sections[i]
			s.Title = fill(s.Title)
			for _, list := range [][]string{s.Paragraphs, s.Steps} {
				for n := range list {
					list[n] = fill(list[n])
				}
			}
			s.Links = slices.DeleteFunc(s.Links, func(l Link) bool { return l.URL == "" })
			for n := range s.Links {
				s.Links[n].Text = fill(s.Links[n].Text)
			}
		}
		out[lang] = text
	}
	return out
}

// Languages are those there are.
func Languages() []string { return slices.Sorted(maps.Keys(Page(Provider{}))) }

func or(link, other string) string {
	if link != "" {
		return link
	}
	return other
}
