package say

import (
	"strings"

	"cardea/home"
)

// Read finds the words of an English sentence that was written without them: it is in the catalog as it stands, or it is one of the
// patterns (with {0}, {1}, … in this order) filled in. Zero Words when it is neither.
func Read(s string, patterns ...Pattern) home.Words {
	if s == "" {
		return home.Words{}
	}
	if _, ok := germanOf[s]; ok {
		return home.Words{Pattern: s}
	}
	for _, p := range patterns {
		if args, ok := match(s, string(p)); ok {
			return New(p, args...)
		}
	}
	return home.Words{}
}

// match takes a sentence apart: each place takes as little as it can, and something.
func match(s, pattern string) (args []Arg, ok bool) {
	literal, rest, more := strings.Cut(pattern, "{")
	s, ok = strings.CutPrefix(s, literal)
	for ok && more {
		_, rest, _ = strings.Cut(rest, "}")
		literal, rest, more = strings.Cut(rest, "{")
		var value string
		switch {
		case more && literal == "":
			return nil, false // nothing tells where it ends
		case more:
			value, s, ok = strings.Cut(s, literal)
		default:
			value, ok = strings.CutSuffix(s, literal)
			s = ""
		}
		if value == "" {
			return nil, false
		}
		args = append(args, Known(value))
	}
	return args, ok && s == ""
}
