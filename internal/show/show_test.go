package show

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"kitchen-camera": "kitchen-camera", "Küche": "Küche", "居間": "居間", "": "",
		"\x1b[31mred": "?[31mred", "a\r\nb": "a? b", "a\tb": "a b", "\x9b31m": "?31m", "\u009b": "?", "a\u202eb": "ab", "a\u200bb": "ab",
		"e\u0301": "e", "\x00\x07\x7f": "???", "\xff": "?",
	} {
		if got := Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFitAndWrap(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"camera", 8, "camera  "}, {"camera", 6, "camera"}, {"camera", 4, "cam…"}, {"居間カメラ", 5, "居間…"}, {"居間カメラ", 4, "居… "}, {"x", 0, ""},
	} {
		if got := Fit(c.in, c.n); got != c.want {
			t.Errorf("Fit(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
	if got := strings.Join(Wrap("one  two\nthree extraordinarily", 9), "|"); got != "one two|three|extraord…" {
		t.Errorf("Wrap: %q", got)
	}
	if got := Lines("a\n\x1bb\n"); got != "a\n?b\n" {
		t.Errorf("Lines: %q", got)
	}
	if got := ASCII("● fine … ü"); got != "* fine ~ ?" {
		t.Errorf("ASCII: %q", got)
	}
}

func FuzzText(f *testing.F) {
	f.Add("\x1b]0;x\x07\u202e居", 5)
	f.Fuzz(func(t *testing.T, s string, n int) {
		n = min(max(n, 0), 300)
		if got := Fit(s, n); Width(got) != n {
			t.Fatalf("Fit(%q, %d) = %q: %d cells", s, n, got, Width(got))
		}
		for _, line := range append(Wrap(s, max(n, 1)), Text(s)) {
			if !utf8.ValidString(line) || strings.IndexFunc(line, unicode.IsControl) >= 0 {
				t.Fatalf("%q holds a control character", line)
			}
		}
	})
}
