package units

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cardea/gateway/capture/zeek"
)

// Left is what was left out of logs because of their own labels, so that no attack is learned as normal.
type Left struct {
	Malicious int      // rows that are labelled as part of an attack
	Unknown   int      // rows with a label that is no word that is known: nobody knows whether they are
	Words     []string // of these the first ones, in order

	labels bool // rows have labels
}

// maxWords bounds the words that are told.
const maxWords = 8

// take says whether a row is left out, and counts it.
func (l *Left) take(r *zeek.Row) bool {
	l.labels = l.labels || r.Label.Given
	switch {
	case r.Label.Malicious:
		l.Malicious++
		return true
	case r.Label.Unknown != "":
		l.Unknown++
		l.word(r.Label.Unknown)
		return true
	}
	return false
}

func (l *Left) word(w string) {
	if i, ok := slices.BinarySearch(l.Words, w); !ok && len(l.Words) < maxWords {
		l.Words = slices.Insert(l.Words, i, w)
	}
}

// Add adds what was left out of another.
func (l *Left) Add(o Left) {
	l.Malicious += o.Malicious
	l.Unknown += o.Unknown
	for _, w := range o.Words {
		l.word(w)
	}
}

// Any says whether anything was left out.
func (l *Left) Any() bool { return l.Malicious+l.Unknown > 0 }

// String says it in words; "" when nothing was left out.
func (l *Left) String() string {
	var list []string
	if l.Malicious > 0 {
		list = append(list, rows(l.Malicious)+" labelled as part of an attack")
	}
	if l.Unknown > 0 {
		var words []string
		for _, w := range l.Words {
			words = append(words, strconv.Quote(w))
		}
		list = append(list, fmt.Sprintf("%s with a label that is not known (%s)", rows(l.Unknown), strings.Join(words, ", ")))
	}
	return strings.Join(list, " and ")
}

func rows(n int) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}

// Beside says how many rows that a log's labels call part of an attack are left out of it, while another capture of the same home shows
// the same time without any label: packets, or a log as it was before it was labelled.
func (u *Unit) Beside() (rows int, logs []string) {
	for _, s := range u.sources {
		if s.left.Malicious == 0 {
			continue
		}
		for _, o := range u.sources {
			if !o.left.labels && !o.first.After(s.last) && !s.first.After(o.last) {
				rows, logs = rows+s.left.Malicious, append(logs, s.path)
				break
			}
		}
	}
	return rows, logs
}
