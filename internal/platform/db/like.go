package db

import "strings"

var literal = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_", "\x00", "")

// Containing is the pattern of LIKE ... ESCAPE '!' that finds a text anywhere in another: each of its characters stands for itself, but for
// NUL, which PostgreSQL cannot hold. SQLite's LIKE is blind to case and PostgreSQL's is not: both sides have to be in small letters.
func Containing(text string) string {
	return "%" + literal.Replace(strings.ToValidUTF8(text, "")) + "%"
}
