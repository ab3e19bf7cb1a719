package stix

import "strings"

// Kinds of token beside the signs that are one byte: ( ) [ ] ,
const (
	tokEnd    byte = iota
	tokWord        // an operator or an object path
	tokText        // 'quoted', without its quotes
	tokNumber      // digits
	tokSign        // = == != <> < <= > >=
	tokBad
)

type token struct {
	kind byte
	text string
	at   int // in bytes, from 0
}

// lexer cuts a pattern into tokens. It never fails: what is no token is tokBad.
type lexer struct {
	text string
	at   int
}

func (l *lexer) next() token {
	for l.at < len(l.text) && strings.IndexByte(" \t\r\n", l.text[l.at]) >= 0 {
		l.at++
	}
	begun := l.at
	if begun == len(l.text) {
		return token{kind: tokEnd, at: begun}
	}
	switch c := l.text[begun]; {
	case strings.IndexByte("()[],", c) >= 0:
		l.at++
		return token{kind: c, at: begun}
	case c == '\'':
		return l.quoted()
	case strings.IndexByte("=!<>", c) >= 0:
		return l.while(tokSign, func(c byte) bool { return strings.IndexByte("=!<>", c) >= 0 })
	case c >= '0' && c <= '9':
		return l.while(tokNumber, func(c byte) bool { return c >= '0' && c <= '9' })
	case wordByte(c):
		return l.path()
	}
	l.at = len(l.text)
	return token{kind: tokBad, at: begun}
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-' || c == '.' || c == ':' || c >= '0' && c <= '9'
}

func (l *lexer) while(kind byte, is func(byte) bool) token {
	begun := l.at
	for l.at < len(l.text) && is(l.text[l.at]) {
		l.at++
	}
	return token{kind, l.text[begun:l.at], begun}
}

// path is a word. One that goes on with a list's index or a quoted key is none that is known, and is given whole.
func (l *lexer) path() token {
	t := l.while(tokWord, wordByte)
	if !strings.Contains(t.text, ":") || l.at == len(l.text) || l.text[l.at] != '[' && l.text[l.at] != '\'' {
		return t
	}
	for l.at < len(l.text) && strings.IndexByte(" \t\r\n=!<>", l.text[l.at]) < 0 {
		l.at++
	}
	return token{tokWord, l.text[t.at:l.at], t.at}
}

// quoted is a text; a backslash stands before a quote and before itself.
func (l *lexer) quoted() token {
	begun := l.at
	var b strings.Builder
	for l.at++; l.at < len(l.text); l.at++ {
		switch c := l.text[l.at]; {
		case c == '\'':
			l.at++
			return token{tokText, b.String(), begun}
		case c == '\\' && l.at+1 < len(l.text) && (l.text[l.at+1] == '\'' || l.text[l.at+1] == '\\'):
			l.at++
			b.WriteByte(l.text[l.at])
		case c == '\\':
			l.at = len(l.text)
			return token{kind: tokBad, at: begun}
		default:
			b.WriteByte(c)
		}
	}
	return token{kind: tokBad, at: begun}
}
