package say

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// language is how one language writes what fills in a place, and its catalog.
type language struct {
	of    func(pattern string) (text string, ok bool)
	point string // before the digits of a fraction
	group string // between thousands, from five digits on

	months  [12]string
	moment  string // day, month and time of day: %d %s %s
	date    string // day, month and year: %d %s %d
	day     string // day and month: %d %s
	byteOne string
	spans   func(n int64, unit int, format string) string
}

// Units of a span, from the smallest.
const (
	unitNone = iota // less than a second
	unitSecond
	unitMinute
	unitHour
	unitDay
)

var languages = map[string]*language{"en": english, "de": german}

// Languages are those that In tells.
func Languages() []string { return []string{"en", "de"} }

// catalogs are the German sentences by their English pattern; each topic adds its own.
var catalogs = []map[Pattern]string{general, findings, families, cards, cardWords, services, private, exposed, known, sayings, stopped, refusals, incidents, seen, orders, lines, homes, shortages}

var germanOf = func() map[string]string {
	m := map[string]string{}
	for _, c := range catalogs {
		for p, s := range c {
			m[string(p)] = s
		}
	}
	return m
}()

var english = &language{
	of: func(p string) (string, bool) {
		_, ok := germanOf[p] // what the catalog has is what is known here
		return p, ok
	},
	point:  ".",
	months: [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	moment: "%d %s %s", date: "%d %s %d", day: "%d %s", byteOne: "bytes",
	spans: func(n int64, unit int, _ string) string {
		if unit == unitNone {
			return "less than a second"
		}
		word := [...]string{"", "second", "minute", "hour", "day"}[unit]
		if n != 1 {
			word += "s"
		}
		return strconv.FormatInt(n, 10) + " " + word
	},
}

// german spans are in the dative ("seit 2 Tagen"); with the format "akk" in the accusative ("noch 2 Tage").
var german = &language{
	of:    func(p string) (string, bool) { s, ok := germanOf[p]; return s, ok },
	point: ",", group: ".",
	months: [12]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
	moment: "%d. %s, %s Uhr", date: "%d. %s %d", day: "%d. %s", byteOne: "Byte",
	spans: func(n int64, unit int, format string) string {
		one, many := [...]string{"", "Sekunde", "Minute", "Stunde", "Tag"}[unit], [...]string{"", "Sekunden", "Minuten", "Stunden", "Tagen"}[unit]
		switch {
		case unit == unitNone && format == "akk":
			return "weniger als eine Sekunde"
		case unit == unitNone:
			return "weniger als einer Sekunde"
		case unit == unitDay && format == "akk":
			many = "Tage"
		}
		if n == 1 {
			return "1 " + one
		}
		return strconv.FormatInt(n, 10) + " " + many
	},
}

// count writes a whole number.
func (l *language) count(n int64) string {
	s := strconv.FormatInt(n, 10)
	if l.group == "" || n > -10_000 && n < 10_000 {
		return s
	}
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + l.group + s[at:]
	}
	return sign + s
}

func (l *language) real(x float64, digits int) string {
	return strings.Replace(strconv.FormatFloat(x, 'f', digits, 64), ".", l.point, 1)
}

func (l *language) bytes(b float64) string {
	for _, u := range []string{l.byteOne, "kB", "MB", "GB"} {
		if b < 1000 {
			return fmt.Sprintf("%.0f %s", b, u)
		}
		b /= 1000
	}
	return l.real(b, 1) + " TB"
}

// span writes a duration in the unit of which it has at least two, rounded.
func (l *language) span(d time.Duration, format string) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Second:
		return l.spans(0, unitNone, format)
	case d < 2*time.Minute:
		return l.spans(rounded(d, time.Second), unitSecond, format)
	case d < 2*time.Hour:
		return l.spans(rounded(d, time.Minute), unitMinute, format)
	case d < 2*day:
		return l.spans(rounded(d, time.Hour), unitHour, format)
	}
	return l.spans(rounded(d, day), unitDay, format)
}

func rounded(d, unit time.Duration) int64 { return int64((d + unit/2) / unit) }

// time writes a moment: all of it, or as the format says its date, day, clock or month.
func (l *language) time(t time.Time, format string) string {
	month, clock := l.months[t.Month()-1], t.Format("15:04")
	switch format {
	case "date":
		return fmt.Sprintf(l.date, t.Day(), month, t.Year())
	case "day":
		return fmt.Sprintf(l.day, t.Day(), month)
	case "clock":
		return clock
	case "month":
		return month + " " + strconv.Itoa(t.Year())
	}
	return fmt.Sprintf(l.moment, t.Day(), month, clock)
}
