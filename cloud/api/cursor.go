package api

import (
	"encoding/base64"
	"unicode/utf8"

	"cardea/cloud/api/problem"
)

// A cursor is what a context gave as next, wrapped so that nobody builds one by hand. It says nothing about whose list it
// is: whatever it holds, a list stays within its place.
const (
	cursorMark = "1" // of this form
	maxCursor  = 512 // bytes inside
)

func makeCursor(next string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorMark + next))
}

func readCursor(c string) (string, error) {
	if c == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(c)
	if err != nil || len(b) < 2 || len(b) > maxCursor || string(b[:1]) != cursorMark || !utf8.Valid(b) {
		return "", problem.New(problem.Invalid, "That is no cursor of this list. Begin at the first page.")
	}
	return string(b[1:]), nil
}
