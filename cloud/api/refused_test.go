package api

import (
	"strings"
	"testing"

	"cardea/cloud/api/view"
)

func TestWhatIsHiddenIsSaidInTheLanguageAskedFor(t *testing.T) {
	if len(hiddenSentences) != len(languages) {
		t.Errorf("%v", hiddenSentences)
	}
	for _, lang := range languages {
		i, s := view.Incident{WhatHappened: "secret"}, view.Stop{Reason: "secret", Language: "xx"}
		hideIncident(&i, lang)
		hideStop(&s, lang)
		if i.WhatHappened != hiddenSentences[lang] || s.Reason != hiddenSentences[lang] || s.Language != lang || s.Reason == "" {
			t.Errorf("%s: %+v, %+v", lang, i, s)
		}
	}
}

// Whoever is refused reads why in their language, whether the gate, a route or the form of the request is the reason.
func TestWhyIsToldInTheLanguageAskedFor(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	for _, one := range []struct{ method, path, who, body, en, de string }{
		{"GET", "/v1/homes/" + homeA, "", "", "Please sign in", "Bitte melden Sie sich an"},
		{"GET", "/v1/homes/" + homeB, "resident-a", "", "There is no such home.", "So ein Zuhause gibt es nicht."},
		{"DELETE", "/v1/homes/" + homeA + "/data", "resident-a", `{"confirm":"no"}`, "Type the home's name", "Geben Sie den Namen des Zuhauses ein"},
		{"POST", "/v1/notifications/phone/verify", "resident-a", `{"code":"x"}`, "validation failed", "Etwas in der Anfrage"},
	} {
		if w := request(s, one.method, one.path, one.who, one.body); !strings.Contains(w.Body.String(), one.en) {
			t.Errorf("%s %s: %d %s", one.method, one.path, w.Code, w.Body)
		}
		w := request(s, one.method, one.path, one.who, one.body, "Accept-Language: de-AT, en;q=0.5")
		if !strings.Contains(w.Body.String(), one.de) || strings.Contains(w.Body.String(), one.en) || w.Code < 400 {
			t.Errorf("%s %s: %d %s", one.method, one.path, w.Code, w.Body)
		}
	}
}
