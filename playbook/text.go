package playbook

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

func (d *document) id(at, id string, seen map[string]bool) {
	if !idRE.MatchString(id) {
		d.fail(at, "%q is no id: small letters, digits and hyphens", id)
	}
	if seen[id] {
		d.fail(at, "%q is there twice", id)
	}
	seen[id] = true
}

// text: all languages or none, plain, and only the names that we fill in.
func (d *document) text(at string, t Text, most int, needed bool) {
	if len(t) == 0 {
		if needed {
			d.fail(at, "is missing")
		}
		return
	}
	for _, lang := range slices.Sorted(maps.Keys(t)) { // the same mistake is told each time
		s := t[lang]
		here := at + "." + lang
		if !slices.Contains(Languages, lang) {
			d.fail(at, "%q is not one of the languages %v", lang, Languages)
			continue
		}
		if strings.TrimSpace(s) != s || !plain(s) || utf8.RuneCountInString(s) > most {
			d.fail(here, "has spaces around it, more than %d characters, or no plain text", most)
		}
		for _, h := range holderRE.FindAllString(s, -1) {
			if !slices.Contains(holders, h) {
				d.fail(here, "%s is not one of %v", h, holders)
			}
		}
	}
	for _, lang := range Languages {
		if t[lang] == "" {
			d.fail(at, "the language %q is missing", lang)
		}
	}
}

// plain: text that cannot be taken for anything else, also where somebody forgets to escape it.
func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r == '<' || r == '>' || r != ' ' && !unicode.IsGraphic(r)
	})
}
