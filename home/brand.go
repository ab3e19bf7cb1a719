package home

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Brand is how the company that serves a home shows itself. All of it is text; the zero one shows nothing of its own.
type Brand struct {
	Name    string `json:"name,omitempty"`
	Accent  string `json:"accent,omitempty"` // #rrggbb in small letters
	Phone   string `json:"phone,omitempty"`
	Support string `json:"support,omitempty"` // https address of a page
	HintEN  string `json:"hint_en,omitempty"` // one sentence of its own
	HintDE  string `json:"hint_de,omitempty"`
}

// Bounds of a brand. It stands on every screen: it has to fit there.
const (
	maxBrandName  = 60  // characters
	maxBrandHint  = 200 // characters
	maxBrandPhone = 30
	maxBrandURL   = 200 // bytes
)

// Fault is something in a brand that cannot be shown.
type Fault struct{ Field, Why string }

// Clean is the brand in the form in which it is kept, and what is wrong with it. What is wrong is left out, the rest stays: who gets a
// brand from elsewhere shows what it can of it, and who is to save one refuses it.
func (b Brand) Clean() (out Brand, faults []Fault) {
	for _, f := range []struct {
		field string
		in    string
		to    *string
		check func(string) (string, string)
	}{
		{"name", b.Name, &out.Name, lineOf(maxBrandName)}, {"accent", b.Accent, &out.Accent, colourOf}, {"phone", b.Phone, &out.Phone, phoneOf},
		{"support", b.Support, &out.Support, pageOf}, {"hint_en", b.HintEN, &out.HintEN, lineOf(maxBrandHint)}, {"hint_de", b.HintDE, &out.HintDE, lineOf(maxBrandHint)},
	} {
		s, why := f.check(strings.TrimSpace(f.in))
		if why != "" {
			faults = append(faults, Fault{f.field, why})
			continue
		}
		*f.to = s
	}
	return out, faults
}

// Hint is its sentence in a language, else in English.
func (b Brand) Hint(lang string) string {
	if lang == "de" && b.HintDE != "" {
		return b.HintDE
	}
	return b.HintEN
}

// lineOf checks one line of at most n characters that people read. Markup is refused though it is shown as text: nobody's name has it.
func lineOf(n int) func(string) (string, string) {
	return func(s string) (string, string) {
		marks := 0
		for _, r := range s {
			switch {
			case r == '<' || r == '>':
				return "", "want text without markup: < and > are not taken"
			case r == utf8.RuneError || !unicode.IsGraphic(r) || unicode.Is(unicode.Co, r):
				return "", "want one line of characters that can be seen"
			case unicode.Is(unicode.M, r):
				if marks++; marks > maxMarks {
					return "", "want one line of characters that can be seen"
				}
			default:
				marks = 0
			}
		}
		if utf8.RuneCountInString(s) > n {
			return "", fmt.Sprintf("want at most %d characters", n)
		}
		return s, ""
	}
}

// maxMarks are accents upon one letter: more would grow over the lines above.
const maxMarks = 3

func colourOf(s string) (string, string) {
	s = strings.ToLower(s)
	if _, ok := rgbOf(s); !ok && s != "" {
		return "", "want a colour as #0b57d0"
	}
	return s, ""
}

func phoneOf(s string) (string, string) {
	if len(s) > maxBrandPhone || strings.Trim(s, "+0123456789 ()/-") != "" {
		return "", fmt.Sprintf("want at most %d of digits, +, spaces, brackets, / and -", maxBrandPhone)
	}
	return s, ""
}

func pageOf(s string) (string, string) {
	if s == "" {
		return "", ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(s) > maxBrandURL || strings.ContainsFunc(s, notInURL) {
		return "", fmt.Sprintf("want an https address of at most %d bytes", maxBrandURL)
	}
	return s, ""
}

// notInURL finds what would have to be escaped in an address (RFC 3986 section 2).
func notInURL(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"<>\\^`{|}", r) }
