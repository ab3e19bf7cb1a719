// Package show makes text fit for a terminal. A terminal obeys what it is sent, and devices choose their own names: what a
// command prints for people goes through Text. It imports the standard library only and holds no state.
package show

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text leaves what a person can see of text: no control characters (C0, C1, escape sequences' beginnings), nothing
// that turns the direction of writing or has no width, no broken UTF-8.
func Text(s string) string {
	if isPlain(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return '?'
		case r == '\n' || r == '\t':
			return ' '
		case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r):
			return -1
		case !unicode.IsPrint(r):
			return '?'
		}
		return r
	}, s)
}

// Lines is Text for a text of several lines.
func Lines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = Text(lines[i])
	}
	return strings.Join(lines, "\n")
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// wide are the blocks whose characters take two cells in a terminal (Unicode UAX #11, the W and F classes, roughly).
var wide = [][2]rune{
	{0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0xa4cf}, {0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f}, {0xff00, 0xff60},
	{0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1faff}, {0x20000, 0x3fffd},
}

func cells(r rune) int {
	if r >= wide[0][0] {
		for _, w := range wide {
			if r >= w[0] && r <= w[1] {
				return 2
			}
		}
	}
	return 1
}

func Width(s string) (n int) {
	for _, r := range s {
		n += cells(r)
	}
	return n
}

// Fit makes a text exactly n cells wide: it is cleaned, cut with an ellipsis, or filled with spaces.
func Fit(s string, n int) string {
	n = max(n, 0)
	s = Cut(s, n)
	return s + strings.Repeat(" ", n-Width(s))
}

// Cut cleans a text and shortens it to at most n cells.
func Cut(s string, n int) string {
	s = Text(s)
	if Width(s) <= n {
		return s
	}
	if n < 1 {
		return ""
	}
	var b strings.Builder
	used := 0
	for _, r := range s {
		if used += cells(r); used > n-1 {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimRight(b.String(), " ") + "…"
}

// Wrap breaks a text into lines of at most n cells at its spaces.
func Wrap(s string, n int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(Text(s)) {
		word = Cut(word, n)
		switch {
		case line == "":
			line = word
		case Width(line)+1+Width(word) <= n:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// ascii is what stands for our own signs on a terminal that is not UTF-8.
var ascii = strings.NewReplacer("●", "*", "■", "#", "▲", "!", "◐", "%", "○", "o", "─", "-", "·", "-", "…", "~", "›", ">", "↑", "^", "↓", "v")

// ASCII makes a line fit for such a terminal.
func ASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r > '~' {
			return '?'
		}
		return r
	}, ascii.Replace(s))
}
