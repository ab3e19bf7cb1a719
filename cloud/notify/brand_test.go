package notify

import (
	"strings"
	"testing"
	"time"

	"cardea/cloud/notify/words"
)

// What a provider's customers know it by stands in each kind of message: the sender, the number to call, its own sentence.
func TestMessagesAreInAProvidersName(t *testing.T) {
	for lang, hint := range map[string]string{"en": "We are here day and night.", "de": "Wir sind Tag und Nacht da."} {
		p := words.Provider{Name: "North Net", Phone: "+49 30 123", HintEN: "We are here day and night.", HintDE: "Wir sind Tag und Nacht da."}
		s := &sheet{m: &message{}, how: words.How{Language: lang, Provider: p}, f: words.Facts{Kind: words.Infected, Code: "K7QM", Devices: []words.Device{{Name: "Cam"}}}}
		text := words.Write(s.how, s.f)
		if body := s.mail(text, "https://home.example.net"); !strings.Contains(body, "+49 30 123") || !strings.Contains(body, hint) {
			t.Errorf("%s: %s", lang, body)
		}
		if n := s.note(text); n.Provider != "North Net" || n.Phone != "+49 30 123" {
			t.Errorf("%+v", n)
		}
		if !strings.Contains(text.SMS, "North Net") || !strings.Contains(text.Subject+text.Title+text.Body, "North Net") {
			t.Errorf("%+v", text)
		}
	}
	for as, want := range map[string]string{"North Net": `"North Net" <c@example.net>`, "": `"Cardea" <c@example.net>`, "N\r\nBcc: x@example.org": `"N Bcc: x@example.org" <c@example.net>`} {
		_, _, data, err := compose("Cardea <c@example.net>", as, "anna@example.com", "s", "id@x", "", "b", time.Unix(0, 0))
		if err != nil || !strings.HasPrefix(string(data), "From: "+want+"\r\n") {
			t.Errorf("%q: %s %v", as, data, err)
		}
	}
}
