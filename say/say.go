// Package say makes sentences that can be told in more than one language. A sentence is built once, where something is found out,
// as home.Words: an English pattern and what fills it in, each with its kind, so that a number, a duration or a time is written the
// reader's way. English tells it at once; In tells it in another language by the catalog (one file a topic), or says that it cannot.
// Words also come back from gateways and stored cases: In takes them as hostile, bounds them and knows only the catalog's patterns.
// It is pure and may import home and the standard library only. It keeps no state.
package say

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cardea/home"
)

// Pattern is an English sentence with places: {0} is the first of what fills it in, {0:day} the same written as a day, and
// {0?address|addresses} chooses by whether it is one.
type Pattern string

// Arg is what fills in a place: its kind and its value, followed by what fills in its own places if it is a sentence itself.
type Arg []string

const (
	maxText  = 2000 // bytes of what In tells
	maxDepth = 6    // of sentences in sentences
)

// Kinds of what fills in a place: the first byte of an Arg.
const (
	kindText  = 's' // as it is: names, addresses, products
	kindCount = 'n' // a whole number
	kindReal  = 'f' // a number; how many digits stand behind the point comes first: "1 0.5"
	kindPort  = 'p'
	kindSpan  = 'd' // a duration in milliseconds
	kindTime  = 't' // Unix seconds
	kindBytes = 'b'
	kindWords = 'w' // the pattern of a sentence; what fills it in follows
)

// Text is told as it is: a name, an address, a product. Words with one that is longer than home.MaxArg are told in English only.
func Text(s string) Arg { return Arg{string(kindText) + strings.ReplaceAll(s, "\x00", "")} }

// Count is a whole number.
func Count[T int | int64 | uint | uint8 | uint16 | uint32 | uint64](n T) Arg {
	return Arg{string(kindCount) + strconv.FormatInt(int64(n), 10)}
}

// Real is a number with so many digits behind the point.
func Real(x float64, digits int) Arg {
	return Arg{string(kindReal) + strconv.Itoa(digits) + " " + strconv.FormatFloat(x, 'f', digits, 64)}
}

// Port is a port's number.
func Port(p uint16) Arg { return Arg{string(kindPort) + strconv.Itoa(int(p))} }

// Span is a duration, told in the unit that fits it.
func Span(d time.Duration) Arg {
	return Arg{string(kindSpan) + strconv.FormatInt(d.Milliseconds(), 10)}
}

// Time is a moment, in UTC.
func Time(t time.Time) Arg { return Arg{string(kindTime) + strconv.FormatInt(t.Unix(), 10)} }

// Bytes is an amount of data.
func Bytes(n uint64) Arg { return Arg{string(kindBytes) + strconv.FormatUint(n, 10)} }

// Said is a sentence, or a part of one, inside of another.
func Said(w home.Words) Arg { return append(Arg{string(kindWords) + w.Pattern}, w.Args...) }

// Word is a sentence, or a part of one, without places.
func Word(p Pattern) Arg { return Arg{string(kindWords) + string(p)} }

// New fills a pattern in.
func New(p Pattern, args ...Arg) home.Words {
	w := home.Words{Pattern: string(p)}
	n := 0
	for _, a := range args {
		n += len(a)
	}
	if n == 0 {
		return w
	}
	w.Args = make([]string, 0, n)
	for _, a := range args {
		for _, s := range a {
			w.Args = append(w.Args, strings.ToValidUTF8(s, ""))
		}
	}
	return w
}

// English tells words in English. What is wrong with them is left out: it is for words that were made here.
func English(w home.Words) string {
	r := reader{lang: english, any: true}
	return string(r.tell(nil, w.Pattern, r.fill(w), 0))
}

// In tells words in a language ("en", "de"); false: the language or the pattern is not known here, or the words are not well-formed.
func In(lang string, w home.Words) (string, bool) {
	l, ok := languages[lang]
	if !ok || w.Pattern == "" || !w.Fits() {
		return "", false
	}
	r := reader{lang: l}
	out := r.tell(nil, w.Pattern, r.fill(w), 0)
	if r.wrong || len(r.rest) > 0 || len(out) > maxText {
		return "", false
	}
	return string(out), true
}

// Tell is In, or else the sentence itself, which is English; the second is the language that it is in.
func Tell(lang string, w home.Words, sentence string) (text, told string) {
	if lang != "en" {
		if s, ok := In(lang, w); ok {
			return s, lang
		}
	}
	return sentence, "en"
}

// visible takes out of a text what nobody sees, and what turns the direction of what follows.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.Is(unicode.Cf, r) || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
}

// Class is what kind of device it is.
func Class(c home.DeviceClass) Arg { return Word(Pattern(c)) }

// lists are joins of so many things.
var lists = [...]Pattern{2: "{0} and {1}", 3: "{0}, {1} and {2}", 4: "{0}, {1}, {2} and {3}", 5: "{0}, {1}, {2}, {3} and {4}", 6: "{0}, {1}, {2}, {3}, {4} and {5}"}

// List is several things, one after the other; of more than six the first.
func List(things ...Arg) Arg {
	switch things = things[:min(len(things), len(lists)-1)]; len(things) {
	case 0:
		return Word("")
	case 1:
		return things[0]
	}
	return Said(New(lists[len(things)], things...))
}

// Known is a word that the catalog may have, as what a service is for; else it is told as it is.
func Known(s string) Arg {
	if _, ok := germanOf[s]; ok {
		return Word(Pattern(s))
	}
	return Text(s)
}

// Sentences are up to three sentences, one after the other; zero Words are left out.
func Sentences(list ...home.Words) home.Words {
	var told []Arg
	var last home.Words
	for _, w := range list {
		if w.Pattern != "" {
			told, last = append(told, Said(w)), w
		}
	}
	switch len(told) {
	case 0, 1:
		return last
	case 2:
		return New("{0} {1}", told...)
	}
	return New("{0} {1} {2}", told[:3]...)
}
