package evidence

import (
	"fmt"
	"time"
)

// Span is a duration as a person would say it.
func Span(d time.Duration) string {
	switch {
	case d < time.Second:
		return "less than a second"
	case d < 2*time.Minute:
		return Plural(int64((d+time.Second/2)/time.Second), "second")
	case d < 2*time.Hour:
		return Plural(int64((d+time.Minute/2)/time.Minute), "minute")
	}
	return Plural(int64((d+time.Hour/2)/time.Hour), "hour")
}

// Plural is a number with its word.
func Plural(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
