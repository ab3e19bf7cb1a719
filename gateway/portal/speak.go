package portal

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"cardea/home"
	"cardea/say"
)

// Languages of the page. The words are in words.go and words_de.go.
const (
	english = "en"
	german  = "de"
)

var languages = []struct{ Lang, Name string }{{english, "English"}, {german, "Deutsch"}}

var words = map[string]map[string]string{english: wordsEN, german: wordsDE}

// speaker tells things in one language.
type speaker struct {
	Lang  string
	clock func(time.Time) time.Time
}

// Say fills a text in.
func (s speaker) Say(key string, args ...any) string {
	text, ok := words[s.Lang][key]
	if !ok {
		return key // a test looks that none is missing
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

func known(key string) bool {
	_, ok := wordsEN[key]
	return ok
}

// language is the one that a person chose, else the best that the browser asks for, else English.
func language(r *http.Request, chosen string) string {
	if _, ok := words[chosen]; ok {
		return chosen
	}
	header := r.Header.Get("Accept-Language")
	if len(header) > 1000 {
		return english
	}
	type want struct {
		lang string
		q    float64
	}
	var list []want
	for part := range strings.SplitSeq(header, ",") {
		tag, param, _ := strings.Cut(strings.TrimSpace(part), ";")
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if _, ok := words[base]; !ok {
			continue
		}
		w := want{base, 1}
		if v, is := strings.CutPrefix(strings.TrimSpace(param), "q="); is {
			q, err := strconv.ParseFloat(v, 64)
			if err != nil || !(q > 0 && q <= 1) { // RFC 9110 section 12.4.2: 0 is not acceptable
				continue
			}
			w.q = q
		}
		list = append(list, w)
	}
	slices.SortStableFunc(list, func(a, b want) int { return cmp.Compare(b.q, a.q) })
	if len(list) > 0 {
		return list[0].lang
	}
	return english
}

var monthsDE = [...]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"}

// when is a time as people say it, in the home's own time.
func (s speaker) when(t time.Time) string {
	t = s.clock(t)
	if s.Lang == german {
		return fmt.Sprintf("%d. %s, %s Uhr", t.Day(), monthsDE[t.Month()-1], t.Format("15:04"))
	}
	return t.Format("2 January, 15:04")
}

// span is a duration as people say it, in the dative where a language has one ("seit 2 Tagen").
func (s speaker) span(d time.Duration) string {
	n, unit := int(d/time.Second), "second"
	switch {
	case d < time.Second:
		return s.Say("span.none")
	case d < 2*time.Minute:
	case d < 2*time.Hour:
		n, unit = int(d/time.Minute), "minute"
	case d < 48*time.Hour:
		n, unit = int(d/time.Hour), "hour"
	default:
		n, unit = int(d/(24*time.Hour)), "day"
	}
	if n == 1 {
		return s.Say("span.one." + unit)
	}
	return s.Say("span."+unit, n)
}

// number has its thousands apart.
func (s speaker) number(n uint32) string {
	text := strconv.FormatUint(uint64(n), 10)
	comma := ","
	if s.Lang == german {
		comma = "."
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + comma + text[i:]
	}
	return text
}

// check is what a check found, as the gateway says it itself where that can be told in the language.
func (s speaker) check(k home.Check, now time.Time) string {
	saw, in := say.Tell(s.Lang, k.Said, k.Sentence)
	switch {
	case in == s.Lang && saw != "":
		return saw
	case k.Clean:
		return s.Say("check.clean", s.span(k.Quiet))
	case k.Seen > 0 && now.Sub(k.Last) < max(k.Need, time.Minute):
		return s.Say("check.again", s.span(now.Sub(k.Last)), k.Seen)
	}
	return s.Say("check.wait", s.span(k.Quiet), s.span(k.Need))
}

// why is what happened: the latest finding's reason in plain words.
func (s speaker) why(i *home.Incident) string {
	for n := len(i.Findings) - 1; n >= 0; n-- {
		f := &i.Findings[n]
		if key := "why." + string(f.Detector); known(key) {
			return s.Say(key)
		}
		if sentence, in := say.Tell(s.Lang, f.Said, f.Sentence); sentence != "" && in == s.Lang {
			return sentence
		}
	}
	if len(i.Findings) > 0 {
		return s.Say("why.other")
	}
	if len(i.History) > 0 {
		if key := "why.by." + i.History[0].By; known(key) {
			return s.Say(key)
		}
	}
	return s.Say("why.other")
}

// sure says how sure we are, and how usual it is for the model.
func (s speaker) sure(i *home.Incident) (out []string) {
	for n := len(i.Findings) - 1; n >= 0; n-- {
		f := &i.Findings[n]
		if len(out) == 0 {
			out = append(out, s.Say("sure."+f.Strength.String()))
		}
		c := f.Card
		if c == nil || c.Homes == nil || c.Of < 20 || c.Model == "" {
			continue
		}
		switch {
		case *c.Homes == 0:
			return append(out, s.Say("usual.none", s.number(c.Of), c.Model))
		case *c.Homes <= 19:
			return append(out, s.Say("usual.few", s.number(c.Of), c.Model))
		}
		return append(out, s.Say("usual.some", s.number(c.Of), c.Model, s.number(*c.Homes)))
	}
	return out
}

// deed is what the gateway did, in one sentence.
func (s speaker) deed(d *home.Deed) string {
	switch d.Kind {
	case home.DeedCut:
		return s.Say("deed.cut", d.Endpoint)
	case home.DeedMapping:
		return s.Say("deed.mapping", d.Port.Port)
	case home.DeedShut:
		return s.Say("deed.shut", d.Port.Port)
	case home.DeedDNS:
		return s.Say("deed.dns")
	case home.DeedHold:
		return s.Say("deed.hold")
	}
	what, _ := say.Tell(s.Lang, d.Said, d.What)
	return what
}
