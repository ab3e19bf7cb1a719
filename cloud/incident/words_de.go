package incident

import "strings"

// tongue are the sentences of a case in another language than English.
type tongue map[string]string

// tongues are the languages there are beside English.
var tongues = map[string]tongue{"de": german}

// say is a sentence in the language, or as it is where it has none.
func (l tongue) say(s string) string {
	if t, ok := l[s]; ok {
		return t
	}
	return s
}

func (l tongue) all(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = l.say(s)
	}
	return strings.Join(out, " ")
}

var german = tongue{
	"A device": "Ein Gerät",
	"called many computers on the internet that did not answer":         "hat viele Rechner im Internet angerufen, die nicht antworteten",
	"called many addresses in your home that did not answer":            "hat viele Adressen in Ihrem Heimnetz angerufen, die nicht antworteten",
	"tried many doors of one other device":                              "hat viele Türen eines anderen Geräts probiert",
	"sent far more than any use of it needs":                            "hat weit mehr gesendet, als irgendeine Nutzung braucht",
	"tried one password after another on other devices":                 "hat an anderen Geräten ein Passwort nach dem anderen probiert",
	"claimed to be another device of your home":                         "hat sich als ein anderes Gerät Ihres Heimnetzes ausgegeben",
	"told other devices to use it as their way to the internet":         "hat sich anderen Geräten als Weg ins Internet angeboten",
	"was reached from the internet":                                     "wurde aus dem Internet erreicht",
	"contacted an address that is known to be bad":                      "hat eine Adresse angerufen, die als schädlich bekannt ist",
	"showed up in two places at once":                                   "ist an zwei Stellen zugleich aufgetaucht",
	"used the hardware address of another device":                       "hat die Hardware-Adresse eines anderen Geräts benutzt",
	"answered names in another's place":                                 "hat an Stelle eines anderen auf Namensfragen geantwortet",
	"contacted something that it and devices like it do not use":        "hat etwas angerufen, das es und Geräte wie es nicht benutzen",
	"calls one address again and again, as if it waited for something":  "ruft immer wieder dieselbe Adresse an, als wartete es auf etwas",
	"asks for many names that do not exist":                             "fragt nach vielen Namen, die es nicht gibt",
	"sent far more than it ever does":                                   "hat weit mehr gesendet als je zuvor",
	"is busy at a time when it never is":                                "ist zu einer Zeit tätig, zu der es das nie ist",
	"had your gateway let the internet in":                              "hat Ihr Gateway das Internet hereinlassen",
	"did several unusual things at once":                                "hat mehreres Ungewöhnliche zugleich getan",
	"answers on a port where it never did":                              "antwortet an einem Port, an dem es das nie tat",
	"does not look like the device that it says it is":                  "sieht nicht nach dem Gerät aus, das es zu sein vorgibt",
	"did something that it should not do":                               "hat etwas getan, das es nicht tun sollte",
	"Infected devices do this to find others to infect.":                "Befallene Geräte tun das, um andere zu finden, die sie befallen können.",
	"Infected devices do this to find a way in.":                        "Befallene Geräte tun das, um hineinzukommen.",
	"Infected devices do this to put somebody else out of service.":     "Befallene Geräte tun das, um andere lahmzulegen.",
	"Infected devices do this to get in.":                               "Befallene Geräte tun das, um hineinzukommen.",
	"That lets it read what others send.":                               "So kann es mitlesen, was andere senden.",
	"Only your gateway does that, unless you set it up so.":             "Das tut nur Ihr Gateway, außer Sie haben es so eingerichtet.",
	"Somebody outside may be able to use it.":                           "Jemand von außen könnte es benutzen.",
	"Infected devices call there for orders.":                           "Befallene Geräte holen sich dort Befehle.",
	"One of the two may only pretend to be it.":                         "Eines von beiden gibt sich vielleicht nur dafür aus.",
	"Devices do this to be taken for it.":                               "Geräte tun das, um dafür gehalten zu werden.",
	"That leads others where they did not want to go.":                  "Das führt andere dorthin, wohin sie nicht wollten.",
	"It may be new and harmless, or the first sign of an infection.":    "Das kann neu und harmlos sein oder das erste Zeichen eines Befalls.",
	"Infected devices wait for orders like that.":                       "So warten befallene Geräte auf Befehle.",
	"Infected devices look for their master like that.":                 "So suchen befallene Geräte, wer sie steuert.",
	"It may be a backup, or somebody may take something.":               "Das kann eine Sicherung sein, oder jemand entwendet etwas.",
	"It may be in use, or do something of its own.":                     "Vielleicht wird es benutzt, oder es tut etwas von sich aus.",
	"Together they look like an infection.":                             "Zusammen sieht das nach einem Befall aus.",
	"It may have a new function, or somebody may have opened a way in.": "Vielleicht hat es eine neue Funktion, oder jemand hat einen Weg hinein geöffnet.",
	"It may have been replaced, have a new system, or only pretend.":    "Vielleicht wurde es ersetzt, hat ein neues System oder gibt sich nur dafür aus.",
	"It may have been taken over.":                                      "Vielleicht hat es jemand übernommen.",
	"We saw it %d times.":                                               "Wir haben es %d-mal gesehen.",
	"We tried to shut it in, but it is not in force yet.":               "Wir wollten es einsperren, aber das gilt noch nicht.",
	"We shut it in.":                                                                      "Wir haben es eingesperrt.",
	"We limited what it can reach.":                                                       "Wir haben begrenzt, was es erreicht.",
	"We shut it in and watch whether it is clean.":                                        "Wir haben es eingesperrt und beobachten, ob es sauber ist.",
	"It is back, and we watch it closely.":                                                "Es ist wieder da, und wir beobachten es genau.",
	"This is settled.":                                                                    "Das ist erledigt.",
	"We stopped what this is about; it is not shut in.":                                   "Wir haben gestoppt, worum es geht; eingesperrt ist es nicht.",
	"We watch it; it is not shut in.":                                                     "Wir beobachten es; eingesperrt ist es nicht.",
	"We stopped only what this is about.":                                                 "Wir haben nur das gestoppt, worum es geht.",
	"Everything else that it does goes on, and we watch it.":                              "Alles andere, was es tut, geht weiter, und wir beobachten es.",
	"We watch it.":                                                                        "Wir beobachten es.",
	"It is not shut in: what we saw is not enough to cut it off by ourselves.":            "Es ist nicht eingesperrt: Was wir gesehen haben, reicht nicht, um es von uns aus abzuschneiden.",
	"We closed the case.":                                                                 "Wir haben den Fall geschlossen.",
	"We closed the case because you said so.":                                             "Wir haben den Fall geschlossen, weil Sie es so wollten.",
	"We closed the case because your provider's support said so.":                         "Wir haben den Fall geschlossen, weil die Hilfe Ihres Anbieters es so wollte.",
	"We let it out.":                                                                      "Wir haben es freigelassen.",
	"It reaches the internet, but for now not your other devices.":                        "Es erreicht das Internet, aber vorerst nicht Ihre anderen Geräte.",
	"We let it out and watch it more closely than usual.":                                 "Wir haben es freigelassen und beobachten es genauer als sonst.",
	"We shut it in: it reaches neither the internet nor your other devices.":              "Wir haben es eingesperrt: Es erreicht weder das Internet noch Ihre anderen Geräte.",
	"We cut it off from your other devices.":                                              "Wir haben es von Ihren anderen Geräten getrennt.",
	"It shares its connection with other devices; what it sends to those we cannot stop.": "Es teilt sich den Anschluss mit anderen Geräten; was es an diese sendet, können wir nicht stoppen.",
	"Everything else in your home works as before.":                                       "Alles andere bei Ihnen funktioniert wie vorher.",
	"Clean it":         "Reinigen Sie es",
	"Check again":      "Noch einmal prüfen",
	"Shut it in":       "Einsperren",
	"Shut it in again": "Wieder einsperren",
	"This was me":      "Das war ich",
	"Let it out":       "Freilassen",
	"Unplug it for a minute, plug it in again, install its updates, and give it a new password.":                        "Ziehen Sie für eine Minute den Stecker, stecken Sie ihn wieder ein, installieren Sie Updates und geben Sie ihm ein neues Passwort.",
	"Your gateway tells whether it has stopped.":                                                                        "Ihr Gateway sagt, ob es aufgehört hat.",
	"It then reaches neither the internet nor your other devices, until you let it out.":                                "Es erreicht dann weder das Internet noch Ihre anderen Geräte, bis Sie es freilassen.",
	"You know why it did this. We let it out and close the case.":                                                       "Sie wissen, warum es das tat. Wir lassen es frei und schließen den Fall.",
	"It has stopped. It comes back step by step, and we keep watching it.":                                              "Es hat aufgehört. Es kommt Schritt für Schritt zurück, und wir beobachten es weiter.",
	"It has not been shown to be clean. If it does the same again, we shut it in again.":                                "Es ist nicht erwiesen, dass es sauber ist. Tut es dasselbe wieder, sperren wir es wieder ein.",
	"It was let out before it was clean more than once. Please call us and tell the code %s; you may still let it out.": "Es wurde mehr als einmal freigelassen, bevor es sauber war. Bitte rufen Sie uns an und nennen Sie den Code %s; freilassen können Sie es trotzdem.",
}
