package say

import (
	"strings"
	"testing"
	"time"

	"cardea/home"

	"pgregory.net/rapid"
)

func TestTellsInBothLanguages(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 5, 0, 0, time.UTC)
	for _, x := range []struct {
		w      home.Words
		en, de string
	}{
		{New("tried {0} internet addresses{1} in {2}; {3}", Count(24_000), Said(New(" on port {0}", Port(23))), Span(90*time.Second), Word("none answered")),
			"tried 24000 internet addresses on port 23 in 90 seconds; none answered",
			"hat in 90 Sekunden 24.000 Adressen im Internet an Port 23 angesprochen; nichts hat geantwortet"},
		{New("sent {0} to the internet today; on a usual day it sends {1}", Bytes(2_500_000_000_000), Bytes(999)),
			"sent 2.5 TB to the internet today; on a usual day it sends 999 bytes",
			"hat heute 2,5 TB ins Internet geschickt; an einem gewöhnlichen Tag sind es 999 Byte"},
		{New("contacted {0} on {1:day} at {1:clock} UTC, which list {2} names as {3} since then", Text("bad.example"), Time(at), Text("feed"), Word("malware")),
			"contacted bad.example on 2 March at 09:05 UTC, which list feed names as malware since then",
			"hat bad.example am 2. März um 09:05 Uhr (UTC) kontaktiert; die Liste feed führt das seitdem als Schadsoftware"},
		{New("{0} answered", Count(1)), "1 answered", "1 hat geantwortet"},
		{New("{0} answered", Count(2)), "2 answered", "2 haben geantwortet"},
		{New("behaves unlike itself and its kind in several ways at once: {0}", List(Word("scan"), Word("flood"), Word("time of day"))),
			"behaves unlike itself and its kind in several ways at once: scan, flood and time of day",
			"verhält sich in mehrerlei Hinsicht zugleich anders als bisher und anders als Geräte seiner Art: Suche nach anderen Geräten, Überflutung und Tageszeit"},
		{New("It would no longer reach {0} ({1}).", Text("X"), Known("sets the clock")), "It would no longer reach X (sets the clock).", "Es würde X (stellt die Uhr) nicht mehr erreichen."},
		{New("It would no longer reach {0} ({1}).", Text("{0}"), Known("a thing of {1}")), "It would no longer reach {0} (a thing of {1}).", "Es würde {0} (a thing of {1}) nicht mehr erreichen."},
	} {
		if got := English(x.w); got != x.en {
			t.Errorf("English: %q, want %q", got, x.en)
		}
		if got, ok := In("en", x.w); !ok || got != x.en {
			t.Errorf("in English: %q, %v, want %q", got, ok, x.en)
		}
		if got, ok := In("de", x.w); !ok || got != x.de {
			t.Errorf("in German: %q, %v, want %q", got, ok, x.de)
		}
	}
}

func TestSpansAndAmounts(t *testing.T) {
	for _, x := range []struct {
		d            time.Duration
		en, dat, akk string
	}{
		{0, "less than a second", "weniger als einer Sekunde", "weniger als eine Sekunde"},
		{time.Second, "1 second", "1 Sekunde", "1 Sekunde"},
		{119 * time.Minute, "119 minutes", "119 Minuten", "119 Minuten"},
		{47 * time.Hour, "47 hours", "47 Stunden", "47 Stunden"},
		{72 * time.Hour, "3 days", "3 Tagen", "3 Tage"},
	} {
		if en, dat, akk := english.span(x.d, ""), german.span(x.d, ""), german.span(x.d, "akk"); en != x.en || dat != x.dat || akk != x.akk {
			t.Errorf("%v: %q, %q, %q", x.d, en, dat, akk)
		}
	}
	for n, want := range map[int64]string{0: "0", 9999: "9999", 10_000: "10.000", 1_234_567: "1.234.567", -10_000: "-10.000"} {
		if got := german.count(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestWhatIsNotKnownIsNotTold(t *testing.T) {
	deep := Word("none answered")
	for range maxDepth + 2 {
		deep = Said(New("{0}; the sender is known by its address only, which can be forged", deep))
	}
	for name, w := range map[string]home.Words{
		"nothing":            {},
		"a strange pattern":  {Pattern: "Call +1 900 at once"},
		"one inside":         New("{0}; the sender is known by its address only, which can be forged", Word("Call +1 900 at once")),
		"too few":            {Pattern: "{0} answered"},
		"too many":           {Pattern: "none answered", Args: []string{"sx"}},
		"no kind":            {Pattern: "{0} answered", Args: []string{""}},
		"a strange kind":     {Pattern: "{0} answered", Args: []string{"z1"}},
		"no number":          {Pattern: "{0} answered", Args: []string{"nmany"}},
		"a number too large": {Pattern: "{0} answered", Args: []string{"n99999999999999999999"}},
		"no text":            {Pattern: "{0} answered", Args: []string{"s\xff"}},
		"a long one":         {Pattern: "{0} answered", Args: []string{"s" + strings.Repeat("x", home.MaxArg)}},
		"many":               {Pattern: "{0} answered", Args: make([]string, home.MaxArgs+1)},
		"too deep":           New("{0}; the sender is known by its address only, which can be forged", deep),
		"not a number":       {Pattern: "{0} answered", Args: []string{"f1 NaN"}},
		"digits":             {Pattern: "{0} answered", Args: []string{"f99 1"}},
	} {
		for _, lang := range []string{"de", "en"} {
			if got, ok := In(lang, w); ok {
				t.Errorf("%s told in %s: %q", name, lang, got)
			}
		}
	}
	if _, ok := In("fr", New("none answered")); ok {
		t.Error("told in a language that is not here")
	}
	if got, lang := Tell("de", home.Words{Pattern: "?"}, "As it was."); got != "As it was." || lang != "en" {
		t.Errorf("%q in %s: the English sentence stands in for what is not known", got, lang)
	}
}

// A text is shown as it is, but for what nobody sees or what turns the words around.
func TestTextsAreShownAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringN(0, 40, 120).Draw(t, "text")
		w := New("It would no longer reach {0}.", Text(s))
		want := "Es würde " + visible(s) + " nicht mehr erreichen."
		if got, ok := In("de", w); !ok || got != want {
			t.Fatalf("%q: %q, %v", s, got, ok)
		}
	})
	if got := English(New("It would no longer reach {0}.", Text("a\u202eb\nc"))); got != "It would no longer reach abc." {
		t.Errorf("%q", got)
	}
}

// FuzzIn: whatever comes is told whole and bounded, or not at all.
func FuzzIn(f *testing.F) {
	f.Add("de", "{0} answered", "n1", "", "")
	f.Add("de", "{0}; the sender is known by its address only, which can be forged", "w{0} answered", "n2", "")
	f.Add("de", "It would no longer reach {0} ({1}).", "s{0}", "wsets the clock", "")
	f.Add("en", "{", "d-1", "t99999999999999999", "f3 1e300")
	f.Fuzz(func(t *testing.T, lang, pattern, a, b, c string) {
		w := home.Words{Pattern: pattern, Args: []string{a, b, c}}
		for len(w.Args) > 0 && w.Args[len(w.Args)-1] == "" {
			w.Args = w.Args[:len(w.Args)-1]
		}
		got, ok := In(lang, w)
		if ok != (got != "") || len(got) > maxText {
			t.Fatalf("%q, %v, %d bytes", got, ok, len(got))
		}
		if _, known := germanOf[pattern]; ok && !known {
			t.Fatalf("told a pattern that the catalog does not have: %q", pattern)
		}
		English(w)
	})
}
