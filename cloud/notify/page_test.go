package notify

import (
	"reflect"
	"regexp"
	"testing"

	"cardea/cloud/notify/words"
)

// What stands in every e-mail beside its text is there in each language, with the same places.
func TestEMailsHaveTheirWordsInEachLanguage(t *testing.T) {
	place := regexp.MustCompile(`\{\w+\}`)
	if len(mailWords) != len(words.Languages) {
		t.Errorf("%d of %v", len(mailWords), words.Languages)
	}
	en := reflect.ValueOf(mailWords["en"])
	for _, lang := range words.Languages {
		w := reflect.ValueOf(mailWords[lang])
		for i := range w.NumField() {
			said, english := w.Field(i).String(), en.Field(i).String()
			if said == "" || !reflect.DeepEqual(place.FindAllString(said, -1), place.FindAllString(english, -1)) || lang != "en" && said == english {
				t.Errorf("%s in %s: %q, in English %q", w.Type().Field(i).Name, lang, said, english)
			}
		}
	}
	if s := smsOf("Netz", "de", "123456"); s == smsOf("Netz", "en", "123456") {
		t.Errorf("the code for a number in German: %q", s)
	}
}
