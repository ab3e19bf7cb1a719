package say

import (
	"strconv"
	"strings"
	"time"

	"cardea/home"
)

// filled is what fills in one place.
type filled struct {
	kind  byte
	text  string   // without its kind
	parts []filled // of a sentence: what fills in its places
}

// reader reads words once. The zero reader with a language is ready.
type reader struct {
	lang  *language
	any   bool // patterns need not be in the catalog
	wrong bool
	rest  []string // arguments that nothing has taken yet
}

// fill takes what fills in the places of w; each sentence in it takes as many as its pattern has places.
func (r *reader) fill(w home.Words) []filled {
	r.rest = w.Args
	return r.take(places(w.Pattern), 0)
}

func (r *reader) take(n, depth int) []filled {
	if depth > maxDepth || n > len(r.rest) {
		r.wrong = true
		return nil
	}
	out := make([]filled, 0, n)
	for range n {
		if len(r.rest) == 0 || r.rest[0] == "" {
			r.wrong = true
			return out
		}
		f := filled{kind: r.rest[0][0], text: r.rest[0][1:]}
		r.rest = r.rest[1:]
		if f.kind == kindWords {
			f.parts = r.take(places(f.text), depth+1)
		}
		out = append(out, f)
	}
	return out
}

// tell appends a pattern that is filled in.
func (r *reader) tell(out []byte, pattern string, args []filled, depth int) []byte {
	text, ok := r.lang.of(pattern)
	if !ok {
		if !r.any {
			r.wrong = true
			return out
		}
		text = pattern
	}
	for text != "" && !r.wrong && len(out) <= maxText {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			return append(out, text...)
		}
		end := strings.IndexByte(text[open:], '}')
		if end < 0 {
			r.wrong = true
			return out
		}
		out = append(out, text[:open]...)
		p, ok := placeOf(text[open+1 : open+end])
		if !ok || p.index >= len(args) {
			r.wrong = true
			return out
		}
		out, text = r.put(out, p, args[p.index], depth), text[open+end+1:]
	}
	return out
}

// put appends what fills in a place.
func (r *reader) put(out []byte, p place, f filled, depth int) []byte {
	if p.one != p.other {
		if f.text == "1" {
			return append(out, p.one...)
		}
		return append(out, p.other...)
	}
	switch f.kind {
	case kindText:
		return append(out, visible(f.text)...)
	case kindWords:
		if depth >= maxDepth {
			r.wrong = true
			return out
		}
		return r.tell(out, f.text, f.parts, depth+1)
	case kindReal:
		digits, number, _ := strings.Cut(f.text, " ")
		x, err := strconv.ParseFloat(number, 64)
		n, err2 := strconv.Atoi(digits)
		if err != nil || err2 != nil || n < 0 || n > 6 || x > 1e15 || x < -1e15 || x != x {
			r.wrong = true
			return out
		}
		return append(out, r.lang.real(x, n)...)
	}
	n, err := strconv.ParseInt(f.text, 10, 64)
	if err != nil {
		r.wrong = true
		return out
	}
	switch f.kind {
	case kindCount:
		return append(out, r.lang.count(n)...)
	case kindPort:
		return strconv.AppendInt(out, n, 10)
	case kindSpan:
		const most = 1 << 42 // milliseconds: over a hundred years
		return append(out, r.lang.span(time.Duration(max(0, min(n, most)))*time.Millisecond, p.format)...)
	case kindTime:
		return append(out, r.lang.time(time.Unix(max(0, min(n, 1<<37)), 0).UTC(), p.format)...)
	case kindBytes:
		return append(out, r.lang.bytes(float64(max(0, n)))...)
	}
	r.wrong = true
	return out
}

// place is one place of a pattern.
type place struct {
	index      int
	format     string
	one, other string // differ where it chooses a form
}

// placeOf reads what stands between the braces.
func placeOf(s string) (p place, ok bool) {
	digits := 0
	for digits < len(s) && digits < 2 && s[digits] >= '0' && s[digits] <= '9' {
		p.index = 10*p.index + int(s[digits]-'0')
		digits++
	}
	switch rest := s[digits:]; {
	case digits == 0:
		return p, false
	case rest == "":
		return p, true
	case rest[0] == ':':
		p.format = rest[1:]
		return p, true
	case rest[0] == '?':
		p.one, p.other, ok = strings.Cut(rest[1:], "|")
		return p, ok
	}
	return p, false
}

// places is how many things a pattern is filled in with.
func places(pattern string) (n int) {
	for {
		open := strings.IndexByte(pattern, '{')
		if open < 0 {
			return n
		}
		end := strings.IndexByte(pattern[open:], '}')
		if end < 0 {
			return n
		}
		if p, ok := placeOf(pattern[open+1 : open+end]); ok {
			n = max(n, p.index+1)
		}
		pattern = pattern[open+end+1:]
	}
}
