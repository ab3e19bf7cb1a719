package home

import (
	"strings"
	"unicode/utf8"
)

// Words are a sentence as its English pattern and what fills it in, so that it can be told in another language later. The room say
// makes and reads them. The zero Words mean that there is only the English sentence.
type Words struct {
	Pattern string   `json:"p"`           // with {0}, {1}, … for what is filled in
	Args    []string `json:"a,omitempty"` // what kind of thing each is stands before it
}

// Bounds of words that are taken from outside.
const (
	MaxPattern = 500 // bytes
	MaxArg     = 300 // bytes
	MaxArgs    = 24  // with those of sentences in the sentence
)

// Fits says whether words are within their bounds, and text.
func (w Words) Fits() bool {
	if len(w.Pattern) > MaxPattern || len(w.Args) > MaxArgs || !text(w.Pattern) {
		return false
	}
	for _, a := range w.Args {
		if len(a) > MaxArg || !text(a) {
			return false
		}
	}
	return true
}

func text(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }
