package plain

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		" plain ":         "plain",
		"a\x00b\x1b[31mc": "ab[31mc",
		"caf\xc3\xa9\xff": "café",
		"\u202eabc\u2028": "abc",
		"":                "",
		"0123456789abc":   "0123456789",
		"123456789ä":      "123456789",
	} {
		if got := Text([]byte(in), 10); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("a\x00\u202e\xffb"), 3)
	f.Fuzz(func(t *testing.T, b []byte, limit int) {
		limit = max(1, limit%300)
		s := Text(b, limit)
		if len(s) > limit || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			t.Fatalf("%q of %q", s, b)
		}
	})
}
