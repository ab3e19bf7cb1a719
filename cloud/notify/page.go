package notify

import (
	"strings"

	"cardea/cloud/notify/words"
)

// pushMessage is the payload for the app's service worker. It is encrypted from here to the browser.
type pushMessage struct {
	Title    string `json:"title"`
	Body     string `json:"body"`
	Home     string `json:"home"`
	Incident string `json:"incident"` // "" when it is about none, or several
	URL      string `json:"url"`
	Tag      string `json:"tag"`    // what has the same replaces what is shown
	Silent   bool   `json:"silent"` // it only replaces what is shown
	Kind     string `json:"kind"`
	Level    string `json:"level"`
	Code     string `json:"code"`  // for the phone
	Check    string `json:"check"` // shows that it is genuine
}

func (s *sheet) pushed(t words.Text, public string) pushMessage {
	return pushMessage{Title: t.Title, Body: t.Body, Home: s.place.Home, Incident: s.m.body.incident(), URL: public + s.m.body.path(), Tag: s.message,
		Silent: s.silent, Kind: string(s.f.Kind), Level: s.level.String(), Code: s.f.Code, Check: grouped(s.code)}
}

// grouped is a check code as people read it out.
func grouped(code string) string {
	if len(code) != codeLength {
		return code
	}
	return code[:5] + "-" + code[5:]
}

func (s *sheet) sms(t words.Text) string {
	if s.how.Language == "de" {
		return t.SMS + " Prüfcode " + grouped(s.code) + "."
	}
	return t.SMS + " Check code " + grouped(s.code) + "."
}

func (s *sheet) note(t words.Text) noteData {
	return noteData{Provider: words.Line(s.how.Provider.Name, 60), Phone: words.Line(s.how.Provider.Phone, 41), Person: s.person, Home: s.place.Home, Kind: string(s.f.Kind), Level: s.level.String(), Language: s.how.Language, Title: t.Title, Text: t.Body,
		Case: s.f.Code, Check: grouped(s.code), Update: s.silent, Topic: s.message}
}

// mail is the text of an e-mail. It asks for nothing, and says how to get there without its link and how to see that it is genuine.
func (s *sheet) mail(t words.Text, public string) string {
	w := mailWords[s.how.Language]
	var b strings.Builder
	para := func(text string) { b.WriteString(text + "\n\n") }
	para(t.Body)
	para(w.more + "\n" + public + s.m.body.path() + "\n" + w.self)
	if s.f.Code != "" {
		if phone := words.Line(s.how.Provider.Phone, 41); phone != "" {
			para(strings.NewReplacer("{phone}", phone, "{code}", s.f.Code).Replace(w.call))
		} else {
			para(strings.NewReplacer("{code}", s.f.Code).Replace(w.bill))
		}
	}
	if hint := words.Line(s.how.Provider.Hint(s.how.Language), 200); hint != "" {
		para(hint)
	}
	para(strings.NewReplacer("{check}", grouped(s.code), "{page}", public+"/genuine").Replace(w.genuine))
	b.WriteString(w.choose + "\n" + public + "/notifications\n")
	return b.String()
}

var mailWords = map[string]struct{ more, self, call, bill, genuine, choose string }{
	"en": {
		more:    "What happened, what was done and what you can do:",
		self:    "You need not follow a link: open the app yourself, it shows the same.",
		call:    "On the phone ({phone}), give the code {code}.",
		bill:    "If you would rather call, take the number on your bill and give the code {code}.",
		genuine: "To see that this message is from us, enter {check} in the app under Help, or at {page}. We never ask for your password.",
		choose:  "How you are told, you choose in the app:",
	},
	"de": {
		more:    "Was geschehen ist, was wir getan haben und was Sie tun können:",
		self:    "Sie müssen keinem Link folgen: Öffnen Sie die App selbst, sie zeigt dasselbe.",
		call:    "Am Telefon ({phone}) nennen Sie den Code {code}.",
		bill:    "Wenn Sie lieber anrufen, nehmen Sie die Nummer auf Ihrer Rechnung und nennen Sie den Code {code}.",
		genuine: "Ob diese Nachricht von uns ist, sehen Sie mit dem Prüfcode {check} in der App unter Hilfe oder auf {page}. Wir fragen nie nach Ihrem Passwort.",
		choose:  "Wie wir Sie benachrichtigen, wählen Sie in der App:",
	},
}
