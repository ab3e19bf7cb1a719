package facts

import (
	"bytes"
	"strings"
)

// rules are the facts of one clue.
type rules struct {
	exact    map[string][]Fact // whole values, and for names what all names below them say too
	anchored [256][]rule       // patterns by their first byte
	floating [256][]rule       // patterns that begin with "*", by the first byte behind it
}

// rule is a pattern with wildcards. In it "*" stands for any text, "#" for one hexadecimal digit, "%" for one decimal
// digit, "?" for one letter or digit, "~" for any one byte.
type rule struct {
	pattern string
	fact    Fact
}

func (r *rules) add(pattern string, f Fact) {
	switch {
	case !hasWildcard(pattern):
		r.exact[pattern] = append(r.exact[pattern], f)
	case pattern[0] == '*':
		r.floating[pattern[1]] = append(r.floating[pattern[1]], rule{pattern[1:], f})
	default:
		r.anchored[pattern[0]] = append(r.anchored[pattern[0]], rule{pattern, f})
	}
}

func hasWildcard(s string) bool {
	return strings.ContainsAny(s, "*#%?~")
}

// match yields what the rules say of a value in lower case. A value that is in the table as a whole is not tried against
// patterns.
func (r *rules) match(low []byte, yield func(Fact)) {
	if facts, ok := r.exact[string(low)]; ok {
		for i := range facts {
			yield(facts[i])
		}
		return
	}
	if len(low) == 0 {
		return
	}
	rules := r.anchored[low[0]]
	for i := range rules {
		if glob(rules[i].pattern, low) {
			yield(rules[i].fact)
		}
	}
	for at, c := range low {
		rules := r.floating[c]
		for i := range rules {
			if p := rules[i].pattern; glob(p, low[at:]) && !again(p, low, at) {
				yield(rules[i].fact)
			}
		}
	}
}

// again says whether a floating pattern matched at an earlier place already: it counts once.
func again(pattern string, low []byte, at int) bool {
	for i := range at {
		if low[i] == pattern[0] && glob(pattern, low[i:]) {
			return true
		}
	}
	return false
}

// glob says whether s is what the pattern describes. A "*" inside takes as little as it can, once: patterns have at most
// one before the last character, which the reader of the tables sees to.
func glob(pattern string, s []byte) bool {
	for i := range len(pattern) {
		c := pattern[i]
		switch {
		case c == '*' && i == len(pattern)-1:
			return true
		case c == '*':
			rest := pattern[i+1:]
			for at := i; at < len(s); at++ {
				if glob(rest, s[at:]) {
					return true
				}
			}
			return false
		case i >= len(s):
			return false
		case !fits(c, s[i]):
			return false
		}
	}
	return len(pattern) == len(s)
}

// fits says whether one byte is what a pattern's byte stands for.
func fits(pattern, c byte) bool {
	switch pattern {
	case '#':
		return isHex(c)
	case '%':
		return isDigit(c)
	case '?':
		return isAlnum(c)
	case '~':
		return true
	}
	return pattern == c
}

// domain yields what is said of a name by itself or the nearest of its parents in the table.
func (r *rules) domain(low []byte, yield func(Fact)) {
	for rest := low; ; {
		if facts, ok := r.exact[string(rest)]; ok {
			for i := range facts {
				yield(facts[i])
			}
			return
		}
		dot := bytes.IndexByte(rest, '.')
		if dot < 0 {
			return
		}
		rest = rest[dot+1:]
	}
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isAlnum(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'z' }
