package respond

import (
	"strings"
	"testing"

	"cardea/home"
	"cardea/say"
)

// inGerman says of each sentence of a case that it can be told in German, and is the same in English as it is written.
func inGerman(t *testing.T, i home.Incident) {
	t.Helper()
	told := func(what, sentence string, w home.Words) {
		if sentence == "" || len(sentence) >= maxText {
			return
		}
		if de, ok := say.In("de", w); !ok || say.English(w) != sentence {
			t.Errorf("%s %q: in German %q, from %+v", what, sentence, de, w)
		}
	}
	for _, x := range i.History {
		told("history", x.Why, x.Said)
	}
	for _, x := range i.Deeds {
		told("deed", x.What, x.Said)
	}
	for _, x := range i.Steps {
		told("step", x.Result, x.Said)
	}
	if i.Harm != nil {
		told("harm", i.Harm.Sentence, i.Harm.Said)
	}
}

func TestSentencesFollowOneAnother(t *testing.T) {
	a, b := say.New("Cleaning began."), say.New("Checked and clean.")
	for _, x := range []struct {
		parts []home.Words
		want  string
	}{
		{nil, ""},
		{[]home.Words{{}, a, {}}, "Cleaning began."},
		{[]home.Words{a, a, b}, "Cleaning began. Checked and clean."},
		{[]home.Words{a, b, a, theirs("It hummed."), b}, "Cleaning began. Checked and clean. Cleaning began. It hummed. Checked and clean."},
	} {
		if got := say.English(sentences(x.parts...)); got != x.want {
			t.Errorf("%q, want %q", got, x.want)
		}
	}
	if de, ok := say.In("de", sentences(a, theirs("It hummed."), b)); !ok || de != "Die Reinigung hat begonnen. It hummed. Geprüft und sauber." {
		t.Errorf("%q: what people wrote is told as they wrote it", de)
	}
	if s, w := said(theirs(strings.Repeat("x", 2*maxText))); len(s) > maxText || w.Pattern != "" {
		t.Errorf("%d bytes, words %q: what had to be cut has no words", len(s), w.Pattern)
	}
}
