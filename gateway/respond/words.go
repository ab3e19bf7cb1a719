package respond

import (
	"reflect"
	"slices"
	"time"

	"cardea/home"
	"cardea/say"
)

// sentences are one after the other; those that are none, or are said already, are left out.
func sentences(parts ...home.Words) home.Words {
	parts = slices.DeleteFunc(parts, func(w home.Words) bool { return w.Pattern == "" })
	parts = slices.CompactFunc(parts, func(a, b home.Words) bool { return reflect.DeepEqual(a, b) })
	if len(parts) > 3 {
		parts = append(parts[:2:2], sentences(parts[2:]...))
	}
	return say.Sentences(parts...)
}

// theirs is what somebody gave as a reason: a sentence of ours, or their own text, which is told as it is.
func theirs(why string) home.Words {
	if w := say.Read(why); w.Pattern != "" || why == "" {
		return w
	}
	return say.New("{0}", say.Text(why))
}

// of is what a finding says. One of an older version says it in English only.
func of(f *home.Finding) home.Words {
	if f.Said.Pattern != "" {
		return f.Said
	}
	return theirs(f.Sentence)
}

// said is a sentence, bounded, and its words; none where the sentence had to be cut, or they do not fit.
func said(w home.Words) (string, home.Words) {
	s := say.English(w)
	if cut := clip(s); cut != s || !w.Fits() {
		return cut, home.Words{}
	}
	return s, w
}

// span is a duration in whole units.
func span(d time.Duration) say.Arg {
	unit := 24 * time.Hour
	switch {
	case d < 2*time.Minute:
		unit = time.Second
	case d < 2*time.Hour:
		unit = time.Minute
	case d < 2*unit:
		unit = time.Hour
	}
	return say.Span(d.Truncate(unit))
}

// looked are what the gateway says of a step that it looked at.
var looked = []say.Pattern{
	"The internet can still reach it on port {0}.", "It still asks {0} for names. We answer in its place.", "It still answers on port {0}.",
	"It runs other software now: {0} (before: {1}).", "It still says that its software is {0}.",
}

// read is what the gateway saw of a step, in words where it is one of these.
func read(sentence string) home.Words {
	if w := say.Read(sentence, looked...); w.Pattern != "" {
		return w
	}
	return theirs(sentence)
}
